//! pybreaker.
//!
//! `fail_max` failures in a row open it; the first call at or after `reset_timeout` makes it
//! half-open, in which every call is let through: a failure opens it again, `success_threshold`
//! successes close it. An excluded exception is a success, and so is an ignored result.
//!
//! A result is judged by the state its call was made in, as in the library's asynchronous calls
//! (a synchronous call holds the lock, so that nothing is late there): the late failure of a call
//! made while closed opens the breaker again once the run is long enough, and the late success of a
//! probe closes even an open one. Instants are whole microseconds, as Python's `datetime`.
//!
//! Source: pybreaker 1.4.1, `pybreaker/__init__.py`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// pybreaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PybreakerSpec {
    /// Failures in a row that open it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub fail_max: u32,
    /// How long it refuses everything.
    pub reset_timeout: SimDuration,
    /// Successes while half-open that close it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub success_threshold: u32,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "pybreaker",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "pybreaker"
fail_max = 5
reset_timeout = "60s"
success_threshold = 1
"#,
    summary: "5 failures in a row open it for 60 s, a success closes it",
    source: "pybreaker 1.4.1, pybreaker/__init__.py (3c436f2)",
    follows: Follows::version("pybreaker", "1.4.1"),
    cases: &[
        "traces/pybreaker_k5_30s.json",
        "traces/pybreaker_k3_10s_iid.json",
        "traces/pybreaker_late_results.json",
    ],
};

impl Default for PybreakerSpec {
    fn default() -> Self {
        Self { fail_max: 5, reset_timeout: SimDuration::from_secs(60), success_threshold: 1 }
    }
}

impl PybreakerSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.at_least_one("fail_max", self.fail_max);
        problems.positive("reset_timeout", self.reset_timeout);
        problems.at_least_one("success_threshold", self.success_threshold);
        problems.0
    }
}

const NANOS_PER_US: u64 = 1000;

#[derive(Clone, Debug)]
pub(super) struct Pybreaker {
    spec: PybreakerSpec,
    state: State,
    opened_us: u64,
    failures: u64,
    successes: u64,
}

impl Pybreaker {
    pub(super) fn new(spec: &PybreakerSpec) -> Self {
        let spec = spec.clone();
        Self { spec, state: State::Closed, opened_us: 0, failures: 0, successes: 0 }
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        if let Some(until) = self.next_deadline() {
            if now < until {
                return Verdict::Refused { until };
            }
            self.state = State::HalfOpen;
            self.successes = 0;
        }
        Verdict::Permit(Permit::new(now, self.state))
    }

    pub(super) fn record(&mut self, now: SimTime, permit: Permit, result: CallResult) {
        let probe = permit.state == State::HalfOpen;
        if result == CallResult::Failure {
            self.failures += 1;
            if probe || self.failures >= u64::from(self.spec.fail_max) {
                self.state = State::Open;
                self.opened_us = now.as_nanos() / NANOS_PER_US;
                self.successes = 0;
            }
            return;
        }
        self.failures = 0;
        if probe {
            self.successes += 1;
            if self.successes >= u64::from(self.spec.success_threshold) {
                self.state = State::Closed;
                self.successes = 0;
            }
        }
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        let reset_us = self.spec.reset_timeout.as_nanos() / NANOS_PER_US;
        let us = self.opened_us.saturating_add(reset_us);
        (self.state == State::Open).then(|| SimTime::from_nanos(us.saturating_mul(NANOS_PER_US)))
    }

    /// `fail_counter` and `success_counter`.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            consecutive_failures: self.failures,
            consecutive_successes: self.successes,
            ..Counts::default()
        }
    }
}
