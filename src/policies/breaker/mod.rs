//! Circuit breakers: the plain one and those of the libraries in use, each with its own algorithm.
//!
//! # How to ask one
//!
//! A [`Breaker`] is made at the start of the run. [`Breaker::admit`] gives a [`Permit`] or refuses,
//! by a draw where the library rejects a share of the calls;
//! the result of the call goes back with [`Breaker::record`], which also takes how long the call
//! took (slow calls) and a generator (jittered delays; drawn from only when one is due). What
//! becomes of a result that comes late, in another state than the call was made in, is each
//! library's own matter and stands at the top of its file.
//!
//! Everything is a function of the instants it is asked at: [`Breaker::state`] and
//! [`Breaker::counts`] work out what a library's timers would have done by `now`, so that no
//! wake-up is needed and an additional question changes nothing. Instants must not go back.
//! [`Breaker::next_move`] says when the state may change without being asked.
//!
//! [`Breakers`] are those of one client: one for each member of its scope, or one pool whose hosts
//! they are ([`MachineSpec::EnvoyOutlier`]).

mod breakers;
mod failsafe;
mod generic;
mod gobreaker;
mod hystrix;
mod linkerd;
mod machine;
mod opossum;
mod outlier;
mod polly;
mod pybreaker;
mod resilience4j;
mod rule;
mod semian;
mod threshold;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::{Follows, Preset};
use super::{Outcome, Outcomes, Problem, Problems};
use crate::engine::time::SimTime;

pub use breakers::Breakers;
pub use failsafe::{ConsecutiveSpec, DelaySpec, FailsafeSpec, SuccessRateSpec};
pub use generic::GenericSpec;
pub use gobreaker::{GobreakerSpec, ReadyToTrip};
pub use hystrix::HystrixSpec;
pub use linkerd::LinkerdSpec;
pub use machine::{Breaker, MachineSpec};
pub use opossum::OpossumSpec;
pub use outlier::{OutlierSpec, OutlierVersion};
pub use polly::PollySpec;
pub use pybreaker::PybreakerSpec;
pub use resilience4j::{AfterMaxWait, Resilience4jSpec, WaitSpec, WindowSpec};
pub use rule::RuleSpec;
pub use semian::{SemianController, SemianReading, SemianSpec};

/// A circuit breaker around the API client: a machine, and what it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "breaker"))]
pub struct BreakerSpec {
    /// When it opens and closes.
    pub machine: MachineSpec,
    /// Outcomes that count as failures. `"bulkhead"` is what a bulkhead inside the breaker refuses,
    /// and counts only where it is named.
    pub failures: Outcomes,
    /// Outcomes the machine is told to ignore; each library handles an ignored result by its own
    /// rule. Any other outcome is a success.
    pub ignored: Outcomes,
    /// What has a breaker of its own.
    pub scope: Scope,
    /// What it is around.
    pub placement: Placement,
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    resilience4j::PRESET,
    polly::PRESET,
    hystrix::PRESET,
    opossum::PRESET,
    gobreaker::PRESET,
    pybreaker::PRESET,
    failsafe::PRESET,
    failsafe::PRESET_CONSECUTIVE,
    failsafe::PRESET_SUCCESS_RATE,
    outlier::PRESET,
    outlier::PRESET_1_27,
    outlier::PRESET_1_26,
    linkerd::PRESET,
    semian::PRESET,
];

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            machine: MachineSpec::Generic(GenericSpec::default()),
            failures: Outcomes::failures(),
            ignored: Outcomes::default(),
            scope: Scope::Global,
            placement: Placement::PerAttempt,
        }
    }
}

/// What has a breaker of its own, within one client replica.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The client.
    #[default]
    Global,
    /// Each region of trunks.
    Region,
    /// Each trunk.
    Trunk,
}

/// What the breaker is around.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Each attempt: the retry loop is outside, and a refusal is a try that failed as `refused`.
    #[default]
    PerAttempt,
    /// The whole request: the retry loop is inside, and only its end counts.
    PerRequest,
    /// Each try of the outermost retry loop: the loops of a client library under it
    /// (`retry.over`) are inside, and only their end counts. Without nested loops the same as
    /// `per_attempt`.
    PerCall,
}

/// Whether a result counts, and as what.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// It worked.
    Success,
    /// It failed.
    Failure,
    /// It says nothing about the server.
    Ignored,
}

/// The right to make one call; its result goes back with it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    at: SimTime,
    state: State,
    generation: u32,
    age: u64,
}

impl Permit {
    const fn new(at: SimTime, state: State) -> Self {
        Self { at, state, generation: 0, age: 0 }
    }

    const fn of_generation(self, generation: u32) -> Self {
        Self { generation, ..self }
    }

    const fn of_age(self, age: u64) -> Self {
        Self { age, ..self }
    }

    /// When it was given: the call has taken since then.
    #[must_use]
    pub const fn given_at(&self) -> SimTime {
        self.at
    }

    /// The breaker's state it was given in: half-open for a probe.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }
}

/// The breaker's answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call may be made.
    Permit(Permit),
    /// It may not. Before `until` no other may either.
    Refused {
        /// When the breaker lets probes through, or now where they are under way.
        until: SimTime,
    },
}

/// What a breaker is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It lets everything through and counts.
    Closed,
    /// It refuses everything.
    Open,
    /// It lets probes through, or a share of the calls (Semian).
    HalfOpen,
}

/// What a breaker has counted, as its library reports it; zero where the library has no such
/// figure. The counts of a window are those of the window at the instant of asking.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Calls with a result. gobreaker: requests let through; opossum: fires, refused ones too.
    pub calls: u64,
    /// Failures among them.
    pub failures: u64,
    /// Successes among them.
    pub successes: u64,
    /// Slow calls among them (resilience4j).
    pub slow: u64,
    /// Results excluded (gobreaker).
    pub ignored: u64,
    /// Calls refused (resilience4j's not-permitted calls, opossum's rejects).
    pub refused: u64,
    /// Failures in a row.
    pub consecutive_failures: u64,
    /// Successes in a row; of pybreaker the successes while half-open.
    pub consecutive_successes: u64,
    /// Failures in percent; resilience4j: −1 below the minimum number of calls.
    pub failure_rate: f64,
    /// Slow calls in percent; resilience4j: −1 below the minimum number of calls.
    pub slow_rate: f64,
}

impl BreakerSpec {
    /// No breaker.
    #[must_use]
    pub fn disabled() -> Self {
        Self { machine: MachineSpec::never(), ..Self::default() }
    }

    /// Entries that one breaker holds.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.machine.entries()
    }

    /// What an outcome counts as. That the client refused a try itself does not count, unless it
    /// is named.
    #[must_use]
    pub fn classify(&self, outcome: Outcome) -> CallResult {
        if self.ignored.contains(outcome) {
            CallResult::Ignored
        } else if self.failures.contains(outcome) {
            CallResult::Failure
        } else if outcome.is_refusal() {
            CallResult::Ignored
        } else {
            CallResult::Success
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.nested("machine", self.machine.check());
        if self.failures.is_empty() && self.machine != MachineSpec::never() {
            let allowed = "must name an outcome; for no breaker write machine = { kind = \
                           \"generic\", rule = { kind = \"never\" } }";
            problems.refuse("failures", "[]", allowed);
        }
        if self.failures.contains(Outcome::Ok) {
            problems.refuse("failures", "ok", "a success is no failure");
        }
        problems.0
    }
}

/// Uniform on [0, 1), 53 bits.
fn uniform(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

#[cfg(test)]
mod tests;
