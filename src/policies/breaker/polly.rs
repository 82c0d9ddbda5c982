//! Polly v8's circuit breaker.
//!
//! Only failures are evaluated, with >=, over ten windows of a tenth of the sampling duration; a
//! window starts at the first result after the last one has ended, so that the windows hang on the
//! traffic and not on the clock. A sampling duration below 200 ms is one window that is reset at
//! its end.
//!
//! Half-open, one probe is let through, by the first call at or after the end of the break, and
//! every other call is refused until its result is there. In v8 that is for ever: the end of the
//! next break, which its controller notes, is read in the open state only. Polly's older policies
//! (v4.3 to v7) let another probe through after each break; `half_open_reprobe` does that.
//!
//! Results that come late: a success closes a half-open breaker and a failure opens it, whichever
//! call it belongs to; in the open state they enter the sample, which closing empties. Whatever is
//! not a failure is a success, ignored results and calls given up included. Instants are cut to the
//! 100 ns ticks of .NET.
//!
//! Source: Polly, `CircuitStateController`, `AdvancedCircuitBehavior`, `RollingHealthMetrics`,
//! `SingleHealthMetrics` (13428cc, 008b952); v7: pull request 223. `BreakDurationGenerator`,
//! isolation and manual control are left out.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// Polly's breaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PollySpec {
    /// Share of failures that opens it (`FailureRatio`).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_ratio: f64,
    /// Results needed before it is evaluated (`MinimumThroughput`).
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub minimum_throughput: u32,
    /// How far back it looks (`SamplingDuration`).
    pub sampling_duration: SimDuration,
    /// How long it stays open (`BreakDuration`).
    pub break_duration: SimDuration,
    /// Whether another probe is let through each break while none has come back, as before v8.
    pub half_open_reprobe: bool,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "polly_v8",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "polly"
failure_ratio = 0.1
minimum_throughput = 100
sampling_duration = "30s"
break_duration = "5s"
half_open_reprobe = false
"#,
    summary: "10 % failures of at least 100 calls within 30 s open it for 5 s, one probe decides",
    source: "Polly, CircuitBreakerStrategyOptions and CircuitStateController (173d6d1, 13428cc)",
    follows: Follows::version("Polly", "173d6d1 (version 8)").since("8.0.0 [from memory]").changed(
        "a probe that never comes back blocks for ever; from 4.3 to 7 another was let \
             through after each break (half_open_reprobe = true)",
        None,
    ),
    cases: &["policies/polly_breaker_decision.csv", "policies/polly_rolling_health.csv"],
};

impl Default for PollySpec {
    fn default() -> Self {
        Self {
            failure_ratio: 0.1,
            minimum_throughput: 100,
            sampling_duration: SimDuration::from_secs(30),
            break_duration: SimDuration::from_secs(5),
            half_open_reprobe: false,
        }
    }
}

/// Windows a sampling duration is cut into.
const WINDOWS: u64 = 10;
/// The shortest window: a sampling duration of fewer than ten of these is not cut.
const WINDOW_MIN_TICKS: u64 = 200_000;
const NANOS_PER_TICK: u64 = 100;

impl PollySpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.within("failure_ratio", self.failure_ratio, 0.0, 1.0);
        problems.at_least_one("minimum_throughput", self.minimum_throughput);
        if self.sampling_duration < SimDuration::from_millis(1) {
            problems.refuse("sampling_duration", self.sampling_duration, "must be at least 1ms");
        }
        problems.positive("break_duration", self.break_duration);
        problems.0
    }
}

const fn ticks(now: SimTime) -> u64 {
    now.as_nanos() / NANOS_PER_TICK
}

#[derive(Clone, Debug)]
pub(super) struct Polly {
    spec: PollySpec,
    state: State,
    /// In ticks.
    blocked_until: u64,
    health: Health,
}

impl Polly {
    pub(super) fn new(spec: &PollySpec) -> Self {
        let health = Health::new(spec.sampling_duration.as_nanos() / NANOS_PER_TICK);
        Self { spec: spec.clone(), state: State::Closed, blocked_until: 0, health }
    }

    fn break_ticks(&self) -> u64 {
        self.spec.break_duration.as_nanos() / NANOS_PER_TICK
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        let probes = match self.state {
            State::Closed => return Verdict::Permit(Permit::new(now, State::Closed)),
            State::Open => true,
            State::HalfOpen => self.spec.half_open_reprobe,
        };
        if probes && ticks(now) >= self.blocked_until {
            self.blocked_until = ticks(now).saturating_add(self.break_ticks());
            self.state = State::HalfOpen;
            return Verdict::Permit(Permit::new(now, State::HalfOpen));
        }
        let until = SimTime::from_nanos(self.blocked_until.saturating_mul(NANOS_PER_TICK));
        Verdict::Refused { until: if probes { until } else { now } }
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult) {
        let now = ticks(now);
        if result != CallResult::Failure {
            self.health.count(now, false);
            if self.state == State::HalfOpen {
                self.state = State::Closed;
                self.blocked_until = 0;
                self.health.reset(now);
            }
            return;
        }
        let opens = match self.state {
            State::HalfOpen => true,
            State::Open | State::Closed => {
                self.health.count(now, true);
                self.state == State::Closed && self.breaks(now)
            }
        };
        if opens {
            self.state = State::Open;
            self.blocked_until = now.saturating_add(self.break_ticks());
        }
    }

    fn breaks(&self, now: u64) -> bool {
        let (throughput, failures) = self.health.at(now);
        throughput >= u64::from(self.spec.minimum_throughput)
            && throughput > 0
            && failures as f64 / throughput as f64 >= self.spec.failure_ratio
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        (self.state == State::Open)
            .then(|| SimTime::from_nanos(self.blocked_until.saturating_mul(NANOS_PER_TICK)))
    }

    pub(super) fn counts(&self, now: SimTime) -> Counts {
        let (calls, failures) = self.health.at(ticks(now));
        let rate = if calls == 0 { 0.0 } else { failures as f64 / calls as f64 * 100.0 };
        Counts {
            calls,
            failures,
            successes: calls - failures,
            failure_rate: rate,
            ..Counts::default()
        }
    }
}

#[derive(Copy, Clone, Debug)]
struct Part {
    started: u64,
    calls: u64,
    failures: u64,
}

/// The results of the sampling duration; instants and lengths in ticks.
#[derive(Clone, Debug)]
struct Health {
    sampling: u64,
    /// Length of a window; none where the sampling duration is not cut.
    window: Option<u64>,
    parts: VecDeque<Part>,
}

impl Health {
    fn new(sampling: u64) -> Self {
        let window = (sampling >= WINDOW_MIN_TICKS * WINDOWS).then_some(sampling / WINDOWS);
        let mut health = Self { sampling, window, parts: VecDeque::new() };
        health.reset(0);
        health
    }

    fn reset(&mut self, now: u64) {
        self.parts.clear();
        if self.window.is_none() {
            self.parts.push_back(Part { started: now, calls: 0, failures: 0 });
        }
    }

    fn count(&mut self, now: u64, failure: bool) {
        let length = self.window.unwrap_or(self.sampling);
        if self.parts.back().is_none_or(|part| now - part.started >= length) {
            self.parts.push_back(Part { started: now, calls: 0, failures: 0 });
        }
        while self.parts.front().is_some_and(|part| now - part.started >= self.sampling) {
            self.parts.pop_front();
        }
        let part = self.parts.back_mut().expect("the present one stays");
        part.calls += 1;
        part.failures += u64::from(failure);
    }

    /// Results and failures that count at `now`.
    fn at(&self, now: u64) -> (u64, u64) {
        let live = self.parts.iter().filter(|part| now - part.started < self.sampling);
        live.fold((0, 0), |(calls, failures), p| (calls + p.calls, failures + p.failures))
    }
}
