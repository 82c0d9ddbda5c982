//! The AWS SDKs' retry quota.

use crate::policies::Outcome;

/// Tokens of one client (botocore `quota.py`, `standard.py` `RetryQuotaChecker`).
#[derive(Clone, Debug)]
pub struct TokenQuota {
    capacity: u32,
    costs: Costs,
    tokens: u32,
}

#[derive(Copy, Clone, Debug)]
struct Costs {
    retry: u32,
    timeout: u32,
    throttling: u32,
}

impl TokenQuota {
    /// A full quota.
    #[must_use]
    pub const fn new(capacity: u32, retry: u32, timeout: u32, throttling: u32) -> Self {
        Self { capacity, costs: Costs { retry, timeout, throttling }, tokens: capacity }
    }

    const fn cost(&self, outcome: Outcome) -> u32 {
        match outcome {
            Outcome::TimedOut => self.costs.timeout,
            Outcome::TooManyRequests => self.costs.throttling,
            _ => self.costs.retry,
        }
    }

    /// Takes what a retry after `outcome` costs; takes nothing where that is not there.
    pub const fn withdraw(&mut self, outcome: Outcome) -> bool {
        match self.tokens.checked_sub(self.cost(outcome)) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// A success gives back what the request's last retry cost, or 1. A request that fails for good
    /// gives nothing back.
    pub fn on_success(&mut self, last_retry: Option<Outcome>) {
        let refund = last_retry.map_or(1, |outcome| self.cost(outcome));
        self.tokens = self.tokens.saturating_add(refund).min(self.capacity);
    }

    /// Tokens left.
    #[must_use]
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }
}
