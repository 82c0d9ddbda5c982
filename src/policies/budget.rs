//! Retry budgets: what bounds the retries of a client across its requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Outcome, Problem, Problems};
use crate::engine::time::SimTime;

/// A retry budget. State is per client replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BudgetSpec {
    /// No bound.
    #[default]
    None,
    /// The AWS SDKs' retry quota (botocore `quota.py`, classic): a retry takes its cost before it
    /// is made; a success gives 1 back, or what its last retry cost.
    TokenQuota {
        /// Tokens at most, and at the start.
        #[serde(default = "five_hundred")]
        #[schemars(range(min = 1, max = 1_000_000_000))]
        capacity: u32,
        /// Tokens a retry costs.
        #[serde(default = "five")]
        #[schemars(range(min = 1, max = 1_000_000))]
        retry_cost: u32,
        /// Tokens a retry after a time-out costs.
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 1_000_000))]
        timeout_cost: u32,
    },
    /// gRPC's retry throttling (proposal A6): a failure takes one token and a retry is made only
    /// while more than half remain; a success gives `ratio` back. Counted in thousandths.
    Throttle {
        /// Tokens at most, and at the start.
        #[schemars(range(min = 1, max = 1000))]
        max_tokens: u32,
        /// Tokens a success gives.
        #[schemars(range(min = 0.001, max = 1000.0))]
        ratio: f64,
    },
}

const fn five_hundred() -> u32 {
    500
}

const fn five() -> u32 {
    5
}

const fn ten() -> u32 {
    10
}

impl BudgetSpec {
    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::None => {}
            Self::TokenQuota { capacity, retry_cost, timeout_cost } => {
                problems.at_least_one("capacity", *capacity);
                problems.at_least_one("retry_cost", *retry_cost);
                problems.at_least_one("timeout_cost", *timeout_cost);
            }
            Self::Throttle { max_tokens, ratio } => {
                problems.within("max_tokens", f64::from(*max_tokens), 1.0, 1000.0);
                problems.within("ratio", *ratio, 0.001, 1000.0);
            }
        }
        problems.0
    }
}

/// The state of a retry budget.
#[derive(Clone, Debug)]
pub struct Budget {
    spec: BudgetSpec,
    /// Tokens; thousandths under `throttle`.
    tokens: u32,
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub fn new(spec: &BudgetSpec) -> Self {
        let tokens = match spec {
            BudgetSpec::None => 0,
            BudgetSpec::TokenQuota { capacity, .. } => *capacity,
            BudgetSpec::Throttle { max_tokens, .. } => max_tokens * 1000,
        };
        Self { spec: spec.clone(), tokens }
    }

    fn cost(&self, outcome: Outcome) -> u32 {
        match self.spec {
            BudgetSpec::TokenQuota { timeout_cost, .. } if outcome == Outcome::TimedOut => {
                timeout_cost
            }
            BudgetSpec::TokenQuota { retry_cost, .. } => retry_cost,
            BudgetSpec::None | BudgetSpec::Throttle { .. } => 0,
        }
    }

    /// An attempt failed with a retryable outcome; whether a retry may be paid for.
    pub fn withdraw(&mut self, _now: SimTime, outcome: Outcome) -> bool {
        match self.spec {
            BudgetSpec::None => true,
            BudgetSpec::TokenQuota { .. } => match self.tokens.checked_sub(self.cost(outcome)) {
                Some(left) => {
                    self.tokens = left;
                    true
                }
                None => false,
            },
            BudgetSpec::Throttle { max_tokens, .. } => {
                self.tokens = self.tokens.saturating_sub(1000);
                self.tokens > max_tokens * 500
            }
        }
    }

    /// A request succeeded; `last_retry` says after which outcome its last retry was made.
    pub fn on_success(&mut self, _now: SimTime, last_retry: Option<Outcome>) {
        match self.spec {
            BudgetSpec::None => {}
            BudgetSpec::TokenQuota { capacity, .. } => {
                let refund = last_retry.map_or(1, |outcome| self.cost(outcome));
                self.tokens = (self.tokens + refund).min(capacity);
            }
            BudgetSpec::Throttle { max_tokens, ratio } => {
                let refund = libm::trunc(ratio * 1000.0) as u32;
                self.tokens = (self.tokens + refund).min(max_tokens * 1000);
            }
        }
    }

    /// Tokens left; thousandths under `throttle`.
    #[must_use]
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_runs_out_in_a_total_outage_and_bounds_the_retries() {
        let spec = BudgetSpec::TokenQuota { capacity: 500, retry_cost: 5, timeout_cost: 10 };
        let mut budget = Budget::new(&spec);
        let retries =
            (0..1000).filter(|_| budget.withdraw(SimTime::ZERO, Outcome::Unavailable)).count();
        assert_eq!(retries, 100);
        budget.on_success(SimTime::ZERO, Some(Outcome::TimedOut));
        assert_eq!(budget.tokens(), 10);
        budget.on_success(SimTime::ZERO, None);
        assert_eq!(budget.tokens(), 11);
    }

    /// gRPC A6 with maxTokens 10 and tokenRatio 0.1: four failures may retry, the fifth may not.
    #[test]
    fn the_throttle_closes_at_half() {
        let mut budget = Budget::new(&BudgetSpec::Throttle { max_tokens: 10, ratio: 0.1 });
        let may: Vec<bool> =
            (0..7).map(|_| budget.withdraw(SimTime::ZERO, Outcome::Unavailable)).collect();
        assert_eq!(may, [true, true, true, true, false, false, false]);
        (0..21).for_each(|_| budget.on_success(SimTime::ZERO, None));
        assert_eq!(budget.tokens(), 5100);
    }
}
