//! Envoy's bounds on retries at once (`resource_manager_impl.h`).
//!
//! With an interval (`budget_interval`, pull request 44147 of 2026) the share is of the attempts
//! *started* in it, counted in ten slots. A slot ends at each multiple of a tenth of the interval
//! from the start of the run, before whatever else happens at that instant; at the
//! tenth tick after it a start is forgotten, so that it counts for 0.9 to 1.0 of the interval.

use crate::engine::time::{SimDuration, SimTime};

/// What a client has under way.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Attempts on the wire.
    pub active: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
}

/// Retries at once: at most a share of what is under way or was started lately, and `min` in any
/// case.
#[derive(Clone, Debug)]
pub struct RetryConcurrency {
    percent: f64,
    min: u32,
    retries: u32,
    started: Option<Started>,
}

/// Slots of an interval.
const SLOTS: usize = 10;

/// Attempts started in the last ten slots, the present one included.
#[derive(Clone, Debug)]
struct Started {
    /// Length of a slot, in nanoseconds.
    slot: u64,
    /// The present slot's number since the start of the run.
    present: u64,
    counts: [u32; SLOTS],
}

impl Started {
    fn new(interval: SimDuration) -> Self {
        let slot = (interval.as_nanos() / SLOTS as u64).max(1);
        Self { slot, present: 0, counts: [0; SLOTS] }
    }

    fn advance(&mut self, now: SimTime) {
        let present = now.as_nanos() / self.slot;
        let ended = present.saturating_sub(self.present).min(SLOTS as u64);
        for slot in 1..=ended {
            self.counts[((self.present + slot) % SLOTS as u64) as usize] = 0;
        }
        // Where all ten ended, all are zero and the numbering is free.
        self.present = self.present.max(present);
    }

    fn count(&mut self, now: SimTime) {
        self.advance(now);
        let slot = &mut self.counts[(self.present % SLOTS as u64) as usize];
        *slot = slot.saturating_add(1);
    }

    fn total(&mut self, now: SimTime) -> u64 {
        self.advance(now);
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }
}

impl RetryConcurrency {
    /// Without a retry under way. A share of 0 makes it a plain bound. Without an interval the
    /// share is of what is under way.
    #[must_use]
    pub fn new(percent: f64, min: u32, interval: Option<SimDuration>) -> Self {
        Self { percent, min, retries: 0, started: interval.map(Started::new) }
    }

    /// An attempt starts: a first one, a retry or a hedge.
    pub fn on_attempt(&mut self, now: SimTime) {
        if let Some(started) = &mut self.started {
            started.count(now);
        }
    }

    /// Attempts that the share is of.
    pub fn base(&mut self, now: SimTime, load: Load) -> u64 {
        match &mut self.started {
            Some(started) => started.total(now),
            None => u64::from(load.active) + u64::from(load.pending),
        }
    }

    /// Retries there may be at once; a fraction is cut.
    pub fn limit(&mut self, now: SimTime, load: Load) -> u32 {
        let share = (self.percent / 100.0 * self.base(now, load) as f64) as u32;
        share.max(self.min)
    }

    /// Starts a retry, where there may be one more. It counts from here, its backoff included.
    pub fn start(&mut self, now: SimTime, load: Load) -> bool {
        let granted = self.retries < self.limit(now, load);
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
