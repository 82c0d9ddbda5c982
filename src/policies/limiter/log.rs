//! The sliding log: what was admitted within the last window, instant by instant.

use std::collections::VecDeque;

use crate::engine::time::{SimDuration, SimTime};

/// So many requests within any window, exactly: one passes if fewer were admitted in
/// (now − window, now].
#[derive(Clone, Debug)]
pub(super) struct SlidingLog {
    specified: u32,
    limit: usize,
    window: SimDuration,
    /// When requests passed, or will where they are held back; in ascending order.
    admitted: VecDeque<SimTime>,
}

impl SlidingLog {
    pub(super) const fn new(limit: u32, window: SimDuration) -> Self {
        Self { specified: limit, limit: limit as usize, window, admitted: VecDeque::new() }
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        let cost = cost as usize;
        if cost > self.limit {
            return SimTime::NEVER;
        }
        // The youngest of those that have to be forgotten first; nobody overtakes who is held back.
        let others = self.limit - cost;
        let forgotten = self
            .admitted
            .len()
            .checked_sub(others + 1)
            .map_or(now, |youngest| self.admitted[youngest].saturating_add(self.window));
        forgotten.max(now).max(self.admitted.back().copied().unwrap_or(now))
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        let at = self.earliest(now, cost);
        while self.admitted.front().is_some_and(|t| t.saturating_add(self.window) <= now) {
            self.admitted.pop_front();
        }
        self.admitted.extend(std::iter::repeat_n(at, cost as usize));
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        let counted = |t: &&SimTime| t.saturating_add(self.window) > now;
        let within = self.admitted.iter().filter(counted).count();
        u32::try_from(self.limit.saturating_sub(within)).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, factor: f64) {
        let scaled = libm::round(f64::from(self.specified) * factor) as usize;
        self.limit = scaled.max(1);
    }
}
