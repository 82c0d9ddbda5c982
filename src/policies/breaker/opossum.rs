//! opossum's circuit breaker.
//!
//! Only failures are evaluated, with >, as failures over fires within a rolling window. Every call
//! is a fire, refused ones too, so that a breaker asked often while open dilutes its own rate. The
//! window's buckets turn at multiples of `rolling_count_timeout / rolling_count_buckets`, cut to
//! whole milliseconds, since the breaker was made; opening and closing do not empty it. With
//! `volume_threshold` 0 the first failure of a quiet breaker opens it, and a failure whose call
//! has left the window divides by zero and opens it too, as in JavaScript.
//!
//! A timer makes it half-open `reset_timeout` after opening. The next call is the trial and every
//! other is refused; a success closes it and a failure opens it, late results included. An ignored
//! result is a success (`errorFilter`). A timer that is due at the instant of a call goes first.
//!
//! Source: opossum 9.0.0, `lib/circuit.js` and `lib/status.js`. Its `timeout` of 10 s is the
//! client's `attempt_timeout` here; `capacity`, caches and fallbacks are left out.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// opossum's breaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpossumSpec {
    /// Percentage of failures above which it opens (`errorThresholdPercentage`).
    #[schemars(range(min = 0.0, max = 100.0))]
    pub error_threshold_percentage: f64,
    /// How long it refuses everything (`resetTimeout`).
    pub reset_timeout: SimDuration,
    /// How far back it looks (`rollingCountTimeout`).
    pub rolling_count_timeout: SimDuration,
    /// Buckets the window is cut into (`rollingCountBuckets`).
    #[schemars(range(min = 1, max = 10_000))]
    pub rolling_count_buckets: u32,
    /// Fires within the window needed before it can open (`volumeThreshold`).
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub volume_threshold: u32,
    /// Whether it never opens during the first window (`allowWarmUp`).
    pub allow_warm_up: bool,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "opossum",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "opossum"
error_threshold_percentage = 50.0
reset_timeout = "30s"
rolling_count_timeout = "10s"
rolling_count_buckets = 10
volume_threshold = 0
allow_warm_up = false
"#,
    summary: "more than 50 % failures within 10 s, of however few calls, open it for 30 s",
    source: "opossum 9.0.0, lib/circuit.js and lib/status.js (59421c5)",
    follows: Follows::version("opossum", "9.0.0"),
    cases: &[
        "traces/opossum_default.json",
        "traces/opossum_50pct_10s_vol5.json",
        "traces/opossum_late_results.json",
    ],
};

impl Default for OpossumSpec {
    fn default() -> Self {
        Self {
            error_threshold_percentage: 50.0,
            reset_timeout: SimDuration::from_secs(30),
            rolling_count_timeout: SimDuration::from_secs(10),
            rolling_count_buckets: 10,
            volume_threshold: 0,
            allow_warm_up: false,
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;

impl OpossumSpec {
    /// Length of a bucket in nanoseconds.
    fn bucket(&self) -> u64 {
        let ms = self.rolling_count_timeout.as_nanos() / NANOS_PER_MS;
        (ms / u64::from(self.rolling_count_buckets.max(1))).max(1) * NANOS_PER_MS
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let percentage = self.error_threshold_percentage;
        problems.within("error_threshold_percentage", percentage, 0.0, 100.0);
        if self.reset_timeout < SimDuration::from_millis(1) {
            problems.refuse("reset_timeout", self.reset_timeout, "must be at least 1ms");
        }
        problems.at_least_one("rolling_count_buckets", self.rolling_count_buckets);
        let least = SimDuration::from_millis(u64::from(self.rolling_count_buckets));
        if self.rolling_count_timeout < least {
            let allowed = "must be at least a millisecond per bucket";
            problems.refuse("rolling_count_timeout", self.rolling_count_timeout, allowed);
        }
        problems.0
    }
}

#[derive(Copy, Clone, Debug)]
enum Phase {
    Closed,
    Open {
        until: SimTime,
    },
    /// `pending` until the trial is let through.
    HalfOpen {
        pending: bool,
    },
}

#[derive(Copy, Clone, Debug, Default)]
struct Sums {
    fires: u64,
    failures: u64,
    successes: u64,
    rejects: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Opossum {
    spec: OpossumSpec,
    phase: Phase,
    buckets: VecDeque<(u64, Sums)>,
    total: Sums,
}

impl Opossum {
    pub(super) fn new(spec: &OpossumSpec) -> Self {
        let spec = spec.clone();
        Self { spec, phase: Phase::Closed, buckets: VecDeque::new(), total: Sums::default() }
    }

    /// Lets the timers fire that are due.
    fn advance(&mut self, now: SimTime) {
        if self.next_move().is_some_and(|at| at <= now) {
            self.phase = Phase::HalfOpen { pending: true };
        }
        let number = now.as_nanos() / self.spec.bucket();
        let kept = u64::from(self.spec.rolling_count_buckets);
        while let Some((_, sums)) = self.buckets.pop_front_if(|(n, _)| *n + kept <= number) {
            self.total.fires -= sums.fires;
            self.total.failures -= sums.failures;
            self.total.successes -= sums.successes;
            self.total.rejects -= sums.rejects;
        }
    }

    fn count(&mut self, now: SimTime, add: impl Fn(&mut Sums)) {
        let number = now.as_nanos() / self.spec.bucket();
        if self.buckets.back().is_none_or(|(n, _)| *n != number) {
            self.buckets.push_back((number, Sums::default()));
        }
        add(&mut self.buckets.back_mut().expect("just pushed").1);
        add(&mut self.total);
    }

    pub(super) const fn next_move(&self) -> Option<SimTime> {
        self.next_deadline()
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        self.advance(now);
        self.count(now, |s| s.fires += 1);
        let refused = match &mut self.phase {
            Phase::Closed => return Verdict::Permit(Permit::new(now, State::Closed)),
            Phase::HalfOpen { pending } if *pending => {
                *pending = false;
                return Verdict::Permit(Permit::new(now, State::HalfOpen));
            }
            Phase::HalfOpen { .. } => now,
            Phase::Open { until } => *until,
        };
        self.count(now, |s| s.rejects += 1);
        Verdict::Refused { until: refused }
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult) {
        self.advance(now);
        let half_open = matches!(self.phase, Phase::HalfOpen { .. });
        if result != CallResult::Failure {
            self.count(now, |s| s.successes += 1);
            if half_open {
                self.phase = Phase::Closed;
            }
            return;
        }
        self.count(now, |s| s.failures += 1);
        let warms_up = self.spec.allow_warm_up
            && now < SimTime::ZERO.saturating_add(self.spec.rolling_count_timeout);
        let too_few = self.total.fires < u64::from(self.spec.volume_threshold);
        if warms_up || (too_few && !half_open) || matches!(self.phase, Phase::Open { .. }) {
            return;
        }
        if half_open || self.error_rate() > self.spec.error_threshold_percentage {
            let ms = self.spec.reset_timeout.as_nanos() / NANOS_PER_MS;
            self.phase = Phase::Open { until: now.saturating_add(SimDuration::from_millis(ms)) };
        }
    }

    fn error_rate(&self) -> f64 {
        self.total.failures as f64 / self.total.fires as f64 * 100.0
    }

    pub(super) fn state(&mut self, now: SimTime) -> State {
        self.advance(now);
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub(super) const fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    /// The rolling window; `calls` are fires.
    pub(super) fn counts(&mut self, now: SimTime) -> Counts {
        self.advance(now);
        let rate = if self.total.fires == 0 { 0.0 } else { self.error_rate() };
        Counts {
            calls: self.total.fires,
            failures: self.total.failures,
            successes: self.total.successes,
            refused: self.total.rejects,
            failure_rate: rate,
            ..Counts::default()
        }
    }
}
