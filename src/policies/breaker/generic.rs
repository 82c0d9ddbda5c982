//! The plain breaker: a rule opens it, a fixed time later a few probes decide.
//!
//! Closed, it counts results by its rule; when the rule trips it opens and refuses everything for
//! `open`; then it is half-open and lets a few probes through, whose results close it or open it
//! again. The move from open to half-open is made by the first request at or after the deadline,
//! so that no wake-up matters. Results of calls admitted in an earlier state are dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::{Rule, RuleSpec};
use super::{CallResult, Counts, Permit, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// The plain breaker. The default is the operators' figure from Genesys' own resilience sample:
/// 10 % failures within 30 s, open for 10 s, 3 probes; that sample leaves the minimum number of
/// calls unset, 10 is an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GenericSpec {
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
}

impl Default for GenericSpec {
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
        }
    }
}

impl GenericSpec {
    pub(super) fn entries(&self) -> u64 {
        match self.rule {
            RuleSpec::CountWindow { size, .. } | RuleSpec::FailuresInWindow { size, .. } => {
                u64::from(size)
            }
            RuleSpec::FailuresWithin { failures, .. } => u64::from(failures),
            RuleSpec::TimeWindow { buckets, .. } => u64::from(buckets),
            RuleSpec::Never | RuleSpec::Consecutive { .. } => 1,
        }
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.nested("rule", self.rule.check());
        problems.positive("open", self.open);
        problems.at_least_one("half_open_probes", self.half_open_probes);
        problems.at_least_one("half_open_successes", self.half_open_successes);
        if self.half_open_successes > self.half_open_probes {
            let allowed = format!("must be at most half_open_probes ({})", self.half_open_probes);
            problems.refuse("half_open_successes", self.half_open_successes, &allowed);
        }
        problems.0
    }
}

#[derive(Clone, Debug)]
enum Phase {
    Closed(Rule),
    Open { until: SimTime },
    HalfOpen { permitted: u32, succeeded: u32 },
}

#[derive(Clone, Debug)]
pub(super) struct Generic {
    spec: GenericSpec,
    phase: Phase,
    generation: u32,
}

impl Generic {
    pub(super) fn new(spec: &GenericSpec) -> Self {
        let phase = Phase::Closed(Rule::new(&spec.rule));
        Self { spec: spec.clone(), phase, generation: 0 }
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
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
        Verdict::Permit(Permit::new(now, self.state()).of_generation(self.generation))
    }

    pub(super) fn record(&mut self, now: SimTime, permit: Permit, result: CallResult) {
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

    pub(super) const fn state(&self) -> State {
        match self.phase {
            Phase::Closed(_) => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub(super) const fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed(_) | Phase::HalfOpen { .. } => None,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        match &self.phase {
            Phase::HalfOpen { permitted, succeeded } => Counts {
                calls: u64::from(*permitted),
                successes: u64::from(*succeeded),
                ..Counts::default()
            },
            Phase::Closed(_) | Phase::Open { .. } => Counts::default(),
        }
    }
}
