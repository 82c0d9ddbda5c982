//! The fixed-window counter.

use super::Anchor;
use crate::engine::time::{SimDuration, SimTime};

/// At most `limit` requests per window. Delayed requests take places in windows to come.
#[derive(Clone, Debug)]
pub(super) struct FixedWindow {
    specified: u32,
    limit: u64,
    window: SimDuration,
    anchor: Anchor,
    count: Count,
    /// Whether a window is open; one that starts with a request is not, before it.
    open: bool,
}

/// What is counted in a window and those after it.
#[derive(Copy, Clone, Debug)]
struct Count {
    start: SimTime,
    /// In the window that starts there. After a cut it may be more than the limit.
    taken: u64,
    /// Places taken in the windows after it, filled one after the other.
    ahead: u64,
}

impl FixedWindow {
    pub(super) const fn new(limit: u32, window: SimDuration, anchor: Anchor) -> Self {
        Self {
            specified: limit,
            limit: limit as u64,
            window,
            anchor,
            count: Count { start: SimTime::ZERO, taken: 0, ahead: 0 },
            open: matches!(anchor, Anchor::Aligned),
        }
    }

    /// The count as of `now`.
    fn at(&self, now: SimTime) -> Count {
        if !self.open {
            return Count { start: now, taken: 0, ahead: 0 };
        }
        if now < self.count.start.saturating_add(self.window) {
            return self.count;
        }
        let passed = (now - self.count.start).as_nanos() / self.window.as_nanos();
        let left = self.count.ahead.saturating_sub((passed - 1).saturating_mul(self.limit));
        let taken = left.min(self.limit);
        if taken == 0 && self.anchor == Anchor::FirstRequest {
            return Count { start: now, taken: 0, ahead: 0 };
        }
        Count { start: self.count.start + self.window * passed, taken, ahead: left - taken }
    }

    /// Windows from the one of `count` to the one in which `cost` requests pass. They go into one
    /// window: the first that has a place for the last of these requests.
    const fn windows(&self, count: &Count, cost: u64) -> u64 {
        if count.ahead == 0 && count.taken + cost <= self.limit {
            0
        } else {
            (count.ahead + cost).div_ceil(self.limit)
        }
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        let cost = u64::from(cost);
        if cost > self.limit {
            return SimTime::NEVER;
        }
        let count = self.at(now);
        match self.windows(&count, cost) {
            0 => now,
            windows => {
                let wait = self.window.as_nanos().saturating_mul(windows);
                count.start.saturating_add(SimDuration::from_nanos(wait))
            }
        }
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        self.roll(now);
        let cost = u64::from(cost);
        match self.windows(&self.count, cost) {
            0 => self.count.taken += cost,
            windows => {
                self.count.ahead = self.count.ahead.max((windows - 1) * self.limit) + cost;
            }
        }
    }

    /// Opens the window of `now`.
    pub(super) fn roll(&mut self, now: SimTime) {
        self.count = self.at(now);
        self.open = true;
    }

    /// Takes what room there is in the window of `now`.
    pub(super) fn fill(&mut self, now: SimTime, cost: u32) {
        self.roll(now);
        let taken = self.count.taken;
        self.count.taken = (taken + u64::from(cost)).min(self.limit).max(taken);
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        let count = self.at(now);
        let left = if count.ahead > 0 { 0 } else { self.limit.saturating_sub(count.taken) };
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    pub(super) fn capacity(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, now: SimTime, factor: f64) {
        if self.open {
            self.count = self.at(now);
        }
        self.limit = super::scaled(self.specified, factor);
    }
}
