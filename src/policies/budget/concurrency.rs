//! Envoy's bounds on retries at once (`resource_manager_impl.h`).

/// What a client has under way.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Attempts on the wire.
    pub active: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
}

/// Retries at once: at most a share of what is under way, and `min` in any case.
#[derive(Clone, Debug)]
pub struct RetryConcurrency {
    percent: f64,
    min: u32,
    retries: u32,
}

impl RetryConcurrency {
    /// Without a retry under way. A share of 0 makes it a plain bound.
    #[must_use]
    pub const fn new(percent: f64, min: u32) -> Self {
        Self { percent, min, retries: 0 }
    }

    /// Retries there may be at once; a fraction is cut.
    #[must_use]
    pub fn limit(&self, load: Load) -> u32 {
        let under_way = u64::from(load.active) + u64::from(load.pending);
        let share = (self.percent / 100.0 * under_way as f64) as u32;
        share.max(self.min)
    }

    /// Starts a retry, where there may be one more. It counts from here, its backoff included.
    pub fn start(&mut self, load: Load) -> bool {
        let granted = self.retries < self.limit(load);
        self.retries += u32::from(granted);
        granted
    }

    /// A retry is over.
    pub const fn end(&mut self) {
        self.retries = self.retries.saturating_sub(1);
    }

    /// Retries under way.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.retries
    }
}
