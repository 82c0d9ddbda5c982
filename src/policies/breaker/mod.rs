//! The circuit breaker.
//!
//! Closed, it counts results by its rule; when the rule trips it opens and refuses everything for
//! `open`; then it is half-open and lets a few probes through, whose results close it or open it
//! again. The move from open to half-open is made by the first request at or after the deadline
//! (resilience4j without its automatic timer, pybreaker, Polly), so that no wake-up matters.

mod rule;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::Preset;
use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
use rule::Rule;
pub use rule::RuleSpec;

/// A circuit breaker around the API client. The default is the operators' figure from Genesys'
/// own resilience sample: 10 % failures within 30 s, open for 10 s, 3 probes; that sample leaves
/// the minimum number of calls unset, 10 is an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "breaker"))]
pub struct BreakerSpec {
    /// When it opens.
    pub rule: RuleSpec,
    /// How long it refuses everything.
    pub open: SimDuration,
    /// Probes it lets through while half-open.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub half_open_probes: u32,
    /// Successes among them that close it; a failure opens it again.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub half_open_successes: u32,
    /// Outcomes that count as failures.
    pub failures: Vec<Outcome>,
    /// Outcomes that count as nothing. Any other is a success.
    pub ignored: Vec<Outcome>,
    /// What has a breaker of its own.
    pub scope: Scope,
    /// What it is around.
    pub placement: Placement,
}

/// The presets.
pub const PRESETS: &[Preset] = &[];

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            rule: RuleSpec::TimeWindow {
                window: SimDuration::from_secs(30),
                buckets: 30,
                min_calls: 10,
                failure_rate: 0.1,
            },
            open: SimDuration::from_secs(10),
            half_open_probes: 3,
            half_open_successes: 3,
            failures: vec![Outcome::TooManyRequests, Outcome::Unavailable, Outcome::TimedOut],
            ignored: Vec::new(),
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
    /// Each attempt: the retry loop is outside, and a refusal ends the request.
    #[default]
    PerAttempt,
    /// The whole request: the retry loop is inside, and only its end counts.
    PerRequest,
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
    /// The state the breaker was in then: results of an earlier one are dropped, as gobreaker's.
    generation: u32,
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
    /// It lets probes through.
    HalfOpen,
}

#[derive(Clone, Debug)]
enum Phase {
    Closed(Rule),
    Open { until: SimTime },
    HalfOpen { permitted: u32, succeeded: u32 },
}

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    spec: BreakerSpec,
    phase: Phase,
    generation: u32,
}

impl BreakerSpec {
    /// No breaker.
    #[must_use]
    pub fn disabled() -> Self {
        Self { rule: RuleSpec::Never, ..Self::default() }
    }

    /// Entries that one breaker holds.
    #[must_use]
    pub fn entries(&self) -> u64 {
        match self.rule {
            RuleSpec::CountWindow { size, .. } | RuleSpec::FailuresInWindow { size, .. } => {
                u64::from(size)
            }
            RuleSpec::TimeWindow { buckets, .. } => u64::from(buckets),
            RuleSpec::Never | RuleSpec::Consecutive { .. } => 1,
        }
    }

    /// What an outcome counts as.
    #[must_use]
    pub fn classify(&self, outcome: Outcome) -> CallResult {
        if self.ignored.contains(&outcome) {
            CallResult::Ignored
        } else if self.failures.contains(&outcome) {
            CallResult::Failure
        } else {
            CallResult::Success
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.nested("rule", self.rule.check());
        problems.positive("open", self.open);
        problems.at_least_one("half_open_probes", self.half_open_probes);
        problems.at_least_one("half_open_successes", self.half_open_successes);
        if self.half_open_successes > self.half_open_probes {
            let allowed = format!("must be at most half_open_probes ({})", self.half_open_probes);
            problems.refuse("half_open_successes", self.half_open_successes, &allowed);
        }
        if self.failures.is_empty() && self.rule != RuleSpec::Never {
            let allowed = "must name an outcome; for no breaker write rule = { kind = \"never\" }";
            problems.refuse("failures", "[]", allowed);
        }
        if self.failures.contains(&Outcome::Ok) {
            problems.refuse("failures", "ok", "a success is no failure");
        }
        problems.0
    }
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(spec: &BreakerSpec) -> Self {
        let phase = Phase::Closed(Rule::new(&spec.rule));
        Self { spec: spec.clone(), phase, generation: 0 }
    }

    /// Whether a call may be made at `now`.
    pub fn admit(&mut self, now: SimTime) -> Verdict {
        if let Phase::Open { until } = self.phase {
            if now < until {
                return Verdict::Refused { until };
            }
            self.enter(Phase::HalfOpen { permitted: 0, succeeded: 0 });
        }
        if let Phase::HalfOpen { permitted, .. } = &mut self.phase {
            if *permitted >= self.spec.half_open_probes {
                return Verdict::Refused { until: now };
            }
            *permitted += 1;
        }
        Verdict::Permit(Permit { generation: self.generation })
    }

    /// Takes in the result of a call. One admitted in an earlier state is dropped.
    pub fn record(&mut self, now: SimTime, permit: Permit, result: CallResult) {
        if permit.generation != self.generation {
            return;
        }
        let trips = match (&mut self.phase, result) {
            (Phase::Open { .. }, _) => false,
            (Phase::HalfOpen { permitted, .. }, CallResult::Ignored) => {
                *permitted -= 1;
                false
            }
            (Phase::Closed(_), CallResult::Ignored) => false,
            (Phase::HalfOpen { succeeded, .. }, CallResult::Success) => {
                *succeeded += 1;
                if *succeeded >= self.spec.half_open_successes {
                    self.enter(Phase::Closed(Rule::new(&self.spec.rule)));
                }
                false
            }
            (Phase::HalfOpen { .. }, CallResult::Failure) => true,
            (Phase::Closed(rule), result) => rule.trips(now, result == CallResult::Failure),
        };
        if trips {
            self.enter(Phase::Open { until: now.saturating_add(self.spec.open) });
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation = self.generation.wrapping_add(1);
    }

    /// What it is, as of the last call or result.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Closed(_) => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// When an open breaker will let probes through.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed(_) | Phase::HalfOpen { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
