//! Linkerd's failure accrual by consecutive failures.
//!
//! `max_failures` failures in a row shut the gate for a penalty that doubles each time in a row,
//! with jitter on top; a timer then lets one request through. The first response after that
//! decides, whichever request it answers: success opens the gate, failure shuts it for the next
//! penalty.
//! Responses while it is shut are ignored. A probe given up without a response gives its place
//! back: an assumption.
//!
//! In the words of this folder the shut gate is an open breaker. A timer that is due at the instant
//! of a call goes first.
//!
//! Source: linkerd2-proxy, `linkerd/app/outbound/src/http/breaker/consecutive_failures.rs`
//! (12aa922) and, for the penalty, `linkerd/exp-backoff/src/lib.rs`; its test is replayed. The
//! unified policy's success rate and its Retry-After floor are left out.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict, uniform,
};
use crate::engine::time::{SimDuration, SimTime};

/// Linkerd's breaker. Omitted keys take the defaults of its annotations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkerdSpec {
    /// Failures in a row that open it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_failures: u32,
    /// The first penalty.
    pub min_penalty: SimDuration,
    /// The longest penalty, jitter included.
    pub max_penalty: SimDuration,
    /// Jitter: uniform up to this share of the penalty, on top of it. Its whole seconds and the
    /// rest are cut to whole seconds and nanoseconds each by itself.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub jitter_ratio: f64,
}

/// The defaults of its annotations.
pub(super) const PRESET: Preset = Preset {
    name: "linkerd_consecutive",
    settings: r#"
failures = ["5xx", "timeout"]
ignored = []

[machine]
kind = "linkerd"
max_failures = 7
min_penalty = "1s"
max_penalty = "60s"
jitter_ratio = 0.5
"#,
    summary: "7 failures in a row open it for 1 s, doubling to 60 s, with jitter; one probe decides",
    source: "linkerd2-proxy, consecutive_failures.rs (12aa922); defaults: Linkerd's reference page \
             on circuit breaking, from memory",
    follows: Follows::version("linkerd2-proxy", "12aa922"),
    cases: &[],
};

impl Default for LinkerdSpec {
    fn default() -> Self {
        Self {
            max_failures: 7,
            min_penalty: SimDuration::from_secs(1),
            max_penalty: SimDuration::from_secs(60),
            jitter_ratio: 0.5,
        }
    }
}

const NANOS_PER_SEC: u64 = 1_000_000_000;

impl LinkerdSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.at_least_one("max_failures", self.max_failures);
        problems.positive("min_penalty", self.min_penalty);
        if self.max_penalty < self.min_penalty {
            let allowed = format!("must be at least min_penalty ({})", self.min_penalty);
            problems.refuse("max_penalty", self.max_penalty, &allowed);
        }
        problems.within("jitter_ratio", self.jitter_ratio, 0.0, 100.0);
        problems.0
    }

    /// The penalty after `shut` earlier ones in a row.
    fn penalty(&self, shut: u32, rng: &mut impl Rng) -> SimDuration {
        let doubled = self.min_penalty.as_nanos().saturating_mul(2_u64.saturating_pow(shut));
        let base = doubled.min(self.max_penalty.as_nanos());
        if self.jitter_ratio <= 0.0 {
            return SimDuration::from_nanos(base);
        }
        let share = uniform(rng) * self.jitter_ratio;
        let secs = ((base / NANOS_PER_SEC) as f64 * share) as u64;
        let nanos = ((base % NANOS_PER_SEC) as f64 * share) as u64;
        let jitter = secs.saturating_mul(NANOS_PER_SEC).saturating_add(nanos);
        SimDuration::from_nanos(base + jitter.min(self.max_penalty.as_nanos() - base))
    }
}

#[derive(Copy, Clone, Debug)]
enum Phase {
    Closed { run: u32 },
    Open { until: SimTime, shut: u32 },
    HalfOpen { taken: bool, shut: u32 },
}

#[derive(Clone, Debug)]
pub(super) struct Linkerd {
    spec: LinkerdSpec,
    phase: Phase,
}

impl Linkerd {
    pub(super) fn new(spec: &LinkerdSpec) -> Self {
        Self { spec: spec.clone(), phase: Phase::Closed { run: 0 } }
    }

    fn advance(&mut self, now: SimTime) {
        if let Phase::Open { until, shut } = self.phase
            && now >= until
        {
            self.phase = Phase::HalfOpen { taken: false, shut };
        }
    }

    pub(super) const fn next_move(&self) -> Option<SimTime> {
        self.next_deadline()
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        self.advance(now);
        match &mut self.phase {
            Phase::Closed { .. } => Verdict::Permit(Permit::new(now, State::Closed)),
            Phase::Open { until, .. } => Verdict::Refused { until: *until },
            Phase::HalfOpen { taken: true, .. } => Verdict::Refused { until: now },
            Phase::HalfOpen { taken, .. } => {
                *taken = true;
                Verdict::Permit(Permit::new(now, State::HalfOpen))
            }
        }
    }

    pub(super) fn record(
        &mut self,
        now: SimTime,
        permit: Permit,
        result: CallResult,
        rng: &mut impl Rng,
    ) {
        self.advance(now);
        let shut = match (&mut self.phase, result) {
            (Phase::HalfOpen { taken, .. }, CallResult::Ignored) => {
                *taken &= permit.state != State::HalfOpen;
                return;
            }
            (Phase::Open { .. }, _) | (_, CallResult::Ignored) => return,
            (phase, CallResult::Success) => {
                *phase = Phase::Closed { run: 0 };
                return;
            }
            (Phase::HalfOpen { shut, .. }, CallResult::Failure) => *shut,
            (Phase::Closed { run }, CallResult::Failure) => {
                *run += 1;
                if *run < self.spec.max_failures {
                    return;
                }
                0
            }
        };
        let until = now.saturating_add(self.spec.penalty(shut, rng));
        self.phase = Phase::Open { until, shut: shut.saturating_add(1) };
    }

    pub(super) fn state(&mut self, now: SimTime) -> State {
        self.advance(now);
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub(super) const fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until, .. } => Some(until),
            Phase::Closed { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let Phase::Closed { run } = self.phase else { return Counts::default() };
        Counts { consecutive_failures: u64::from(run), ..Counts::default() }
    }
}
