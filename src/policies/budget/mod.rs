//! Retry budgets: what bounds the retries of a client across its requests. One file per algorithm.
//!
//! The state is one client replica's. A budget hears of every request that starts, of every attempt
//! that is sent, of every failure that may be retried, of every retry wanted, of its end, and of every success.

mod adaptive;
mod concurrency;
mod grpc;
mod quota;
mod ratio;
mod sliding;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
pub use adaptive::{AdaptiveBucket, Credit};
pub use concurrency::{Load, RetryConcurrency};
pub use grpc::GrpcThrottle;
pub use quota::TokenQuota;
pub use ratio::FailureRatio;
pub use sliding::{RetryBudget, TpsBudget};

/// A retry budget. State is per client replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BudgetSpec {
    /// No bound.
    #[default]
    None,
    /// The AWS SDKs' retry quota (botocore `quota.py`): a retry takes its cost before it is made;
    /// a success gives back what its last retry cost, or 1 without a retry. The defaults are
    /// the classic ones; version 2.1 takes 14, 14 and 5.
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
        /// Tokens a retry after a 429 costs.
        #[serde(default = "five")]
        #[schemars(range(min = 1, max = 1_000_000))]
        throttling_cost: u32,
        /// Whether a request that finds the quota empty waits as if it were to try again, and fails
        /// then: what version 2.1 does for long-polling operations.
        #[serde(default)]
        long_poll: bool,
    },
    /// gRPC's retry throttling (proposal A6): a failure takes one token, and a retry is made only
    /// while more than half remain; a success gives `ratio` back. Counted in thousandths.
    GrpcThrottle {
        /// Tokens at most, and at the start.
        #[schemars(range(min = 1, max = 1000))]
        max_tokens: u32,
        /// Tokens a success gives, to three decimals.
        #[schemars(range(min = 0.001, max = 1000.0))]
        ratio: f64,
    },
    /// Finagle's `RetryBudget`: a share of the requests of the last `ttl`, and a reserve of
    /// `min_per_s`·`ttl` that is there from the start.
    RetryBudget {
        /// How long a request counts (10 s; Finagle allows 1 to 60 s, in whole seconds).
        #[serde(default = "ten_seconds")]
        ttl: SimDuration,
        /// Retries per second there are in any case (10).
        #[serde(default = "ten")]
        #[schemars(range(min = 0, max = 1_000_000))]
        min_per_s: u32,
        /// Retries per request (0.2).
        #[serde(default = "fifth")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        percent: f64,
    },
    /// tower's `TpsBudget`, as in Linkerd: the same rule in whole numbers, so that a share of 0.3
    /// is a third. Successes are deposited, not requests.
    TpsBudget {
        /// How long a success counts (10 s).
        #[serde(default = "ten_seconds")]
        ttl: SimDuration,
        /// Retries per second there are in any case (10).
        #[serde(default = "ten")]
        #[schemars(range(min = 0, max = 1_000_000))]
        min_per_s: u32,
        /// Retries per success (0.2).
        #[serde(default = "fifth")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        percent: f64,
    },
    /// Envoy's retry budget: a bound on retries at once, as a share of the attempts under way and
    /// waiting, or of those started in an interval.
    RetryConcurrency {
        /// Retries at once, in percent of those attempts (20).
        #[serde(default = "twenty")]
        #[schemars(range(min = 0.0, max = 100.0))]
        percent: f64,
        /// Retries at once there may be in any case (3).
        #[serde(default = "three")]
        #[schemars(range(min = 0, max = 1_000_000))]
        min_concurrency: u32,
        /// Counts the attempts started in this time, retries included, instead of those under way
        /// and waiting (`budget_interval` of Envoy and Istio, 2026; 10 s by the Gateway API). A
        /// start counts for nine tenths of it at least. Without it, those under way.
        #[serde(default)]
        interval: Option<SimDuration>,
    },
    /// Envoy's `max_retries`: a limit on concurrent retries.
    MaxRetries {
        /// Retries at once (3).
        #[serde(default = "three")]
        #[schemars(range(min = 0, max = 1_000_000))]
        max: u32,
    },
    /// M. Brooker's adaptive retries (`simulator_example`, `retry_strategy.py`): a bucket that
    /// earns `fill` per request; a retry takes 1 and needs strictly more than 1.
    AdaptiveBucket {
        /// Tokens earned (0.1).
        #[serde(default = "tenth")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        fill: f64,
        /// Tokens at most, and at the start (5).
        #[serde(default = "size")]
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        size: f64,
        /// What earns them: his code says the start of a request, his text a success.
        #[serde(default)]
        credit: Credit,
    },
    /// M. Brooker's "circuit breaker" of retries (`retry_strategy.py`): no retry once failed tries
    /// exceed this share of the requests ever made.
    FailureRatio {
        /// The share (0.1).
        #[serde(default = "tenth")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        max: f64,
    },
}

const fn five_hundred() -> u32 {
    500
}

const fn three() -> u32 {
    3
}

const fn five() -> u32 {
    5
}

const fn ten() -> u32 {
    10
}

const fn ten_seconds() -> SimDuration {
    SimDuration::from_secs(10)
}

const fn fifth() -> f64 {
    0.2
}

const fn tenth() -> f64 {
    0.1
}

const fn size() -> f64 {
    5.0
}

const fn twenty() -> f64 {
    20.0
}

impl BudgetSpec {
    /// Whether a request that may not be retried waits before it fails.
    #[must_use]
    pub const fn long_poll(&self) -> bool {
        matches!(self, Self::TokenQuota { long_poll: true, .. })
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::None | Self::MaxRetries { .. } => {}
            Self::TokenQuota { capacity, retry_cost, timeout_cost, throttling_cost, .. } => {
                problems.at_least_one("capacity", *capacity);
                problems.at_least_one("retry_cost", *retry_cost);
                problems.at_least_one("timeout_cost", *timeout_cost);
                problems.at_least_one("throttling_cost", *throttling_cost);
            }
            Self::GrpcThrottle { max_tokens, ratio } => {
                problems.within("max_tokens", f64::from(*max_tokens), 1.0, 1000.0);
                problems.within("ratio", *ratio, 0.001, 1000.0);
            }
            Self::RetryBudget { ttl, percent, .. } | Self::TpsBudget { ttl, percent, .. } => {
                if *ttl < SimDuration::from_secs(1) || *ttl > SimDuration::from_secs(60) {
                    problems.refuse("ttl", ttl, "must be from 1s to 60s");
                }
                problems.within("percent", *percent, 0.0, 1000.0);
            }
            Self::RetryConcurrency { percent, interval, .. } => {
                problems.within("percent", *percent, 0.0, 100.0);
                if let Some(interval) = interval.filter(|i| *i < SimDuration::from_millis(10)) {
                    let allowed = "must be at least 10ms, or left out";
                    problems.refuse("interval", interval, allowed);
                }
            }
            Self::AdaptiveBucket { fill, size, .. } => {
                problems.within("fill", *fill, 0.0, 1000.0);
                problems.within("size", *size, 0.0, 1e6);
            }
            Self::FailureRatio { max } => problems.within("max", *max, 0.0, 1000.0),
        }
        problems.0
    }
}

/// The state of a retry budget.
#[derive(Clone, Debug)]
pub enum Budget {
    /// No bound.
    None,
    /// Of [`BudgetSpec::TokenQuota`].
    TokenQuota(TokenQuota),
    /// Of [`BudgetSpec::GrpcThrottle`].
    GrpcThrottle(GrpcThrottle),
    /// Of [`BudgetSpec::RetryBudget`].
    RetryBudget(Box<RetryBudget>),
    /// Of [`BudgetSpec::TpsBudget`].
    TpsBudget(Box<TpsBudget>),
    /// Of [`BudgetSpec::RetryConcurrency`] and [`BudgetSpec::MaxRetries`].
    Concurrency(RetryConcurrency),
    /// Of [`BudgetSpec::AdaptiveBucket`].
    AdaptiveBucket(AdaptiveBucket),
    /// Of [`BudgetSpec::FailureRatio`].
    FailureRatio(FailureRatio),
}

impl Budget {
    /// An unused budget.
    #[must_use]
    pub fn new(spec: &BudgetSpec) -> Self {
        match *spec {
            BudgetSpec::None => Self::None,
            BudgetSpec::TokenQuota {
                capacity, retry_cost, timeout_cost, throttling_cost, ..
            } => Self::TokenQuota(TokenQuota::new(
                capacity,
                retry_cost,
                timeout_cost,
                throttling_cost,
            )),
            BudgetSpec::GrpcThrottle { max_tokens, ratio } => {
                Self::GrpcThrottle(GrpcThrottle::new(max_tokens, ratio))
            }
            BudgetSpec::RetryBudget { ttl, min_per_s, percent } => {
                Self::RetryBudget(Box::new(RetryBudget::new(ttl, min_per_s, percent)))
            }
            BudgetSpec::TpsBudget { ttl, min_per_s, percent } => {
                Self::TpsBudget(Box::new(TpsBudget::new(ttl, min_per_s, percent)))
            }
            BudgetSpec::RetryConcurrency { percent, min_concurrency, interval } => {
                Self::Concurrency(RetryConcurrency::new(percent, min_concurrency, interval))
            }
            BudgetSpec::MaxRetries { max } => {
                Self::Concurrency(RetryConcurrency::new(0.0, max, None))
            }
            BudgetSpec::AdaptiveBucket { fill, size, credit } => {
                Self::AdaptiveBucket(AdaptiveBucket::new(fill, size, credit))
            }
            BudgetSpec::FailureRatio { max } => Self::FailureRatio(FailureRatio::new(max)),
        }
    }

    /// A request starts.
    pub fn on_request(&mut self, now: SimTime) {
        match self {
            Self::RetryBudget(budget) => budget.deposit(now),
            Self::AdaptiveBucket(bucket) => bucket.on_request(),
            Self::FailureRatio(ratio) => ratio.on_request(),
            _ => {}
        }
    }

    /// An attempt leaves the client, whatever of: a first try, a retry or a hedge.
    pub fn on_attempt(&mut self, now: SimTime) {
        if let Self::Concurrency(retries) = self {
            retries.on_attempt(now);
        }
    }

    /// A try failed with an outcome to retry on, before anything else is asked; whether it may be
    /// retried so far.
    pub fn on_failure(&mut self) -> bool {
        match self {
            Self::GrpcThrottle(throttle) => throttle.on_failure(),
            Self::FailureRatio(ratio) => ratio.on_failure(),
            _ => true,
        }
    }

    /// A retry is wanted after `outcome`; whether it may be paid for. `load` is the client's at
    /// that instant, the failed attempt included.
    pub fn withdraw(&mut self, now: SimTime, outcome: Outcome, load: Load) -> bool {
        match self {
            Self::TokenQuota(quota) => quota.withdraw(outcome),
            Self::RetryBudget(budget) => budget.withdraw(now),
            Self::TpsBudget(budget) => budget.withdraw(now),
            Self::Concurrency(retries) => retries.start(now, load),
            Self::AdaptiveBucket(bucket) => bucket.withdraw(),
            Self::None | Self::GrpcThrottle(_) | Self::FailureRatio(_) => true,
        }
    }

    /// A retry that was paid for is over, or will not be made.
    pub const fn on_retry_end(&mut self) {
        if let Self::Concurrency(retries) = self {
            retries.end();
        }
    }

    /// A request succeeded; `last_retry` says after which outcome its last retry was made.
    pub fn on_success(&mut self, now: SimTime, last_retry: Option<Outcome>) {
        match self {
            Self::TokenQuota(quota) => quota.on_success(last_retry),
            Self::GrpcThrottle(throttle) => throttle.on_success(),
            Self::TpsBudget(budget) => budget.deposit(now),
            Self::AdaptiveBucket(bucket) => bucket.on_success(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
