//! M. Brooker's "circuit breaker" of retries: it never forgets.

/// Requests and failed tries since the start.
#[derive(Clone, Debug)]
pub struct FailureRatio {
    max: f64,
    requests: u64,
    failures: u64,
}

impl FailureRatio {
    /// Without either.
    #[must_use]
    pub const fn new(max: f64) -> Self {
        Self { max, requests: 0, failures: 0 }
    }

    /// A request starts.
    pub const fn on_request(&mut self) {
        self.requests += 1;
    }

    /// A try failed; whether it may be retried.
    pub fn on_failure(&mut self) -> bool {
        self.failures += 1;
        self.failures as f64 / self.requests as f64 <= self.max
    }
}
