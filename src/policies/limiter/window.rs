//! The fixed-window counter.

use super::Anchor;
use crate::engine::time::{SimDuration, SimTime};

/// So many requests per window. Requests held back take places in windows to come.
#[derive(Clone, Debug)]
pub(super) struct FixedWindow {
    specified: u32,
    limit: u64,
    window: SimDuration,
    anchor: Anchor,
    start: SimTime,
    /// Places taken since `start`, in this window and those to come.
    used: u64,
    /// Whether a window is open; one that starts with a request is not, before it.
    open: bool,
}

impl FixedWindow {
    pub(super) const fn new(limit: u32, window: SimDuration, anchor: Anchor) -> Self {
        Self {
            specified: limit,
            limit: limit as u64,
            window,
            anchor,
            start: SimTime::ZERO,
            used: 0,
            open: matches!(anchor, Anchor::Aligned),
        }
    }

    /// Start of the window at `now` and the places taken from it on.
    fn at(&self, now: SimTime) -> (SimTime, u64) {
        if !self.open {
            return (now, 0);
        }
        let passed = (now - self.start).as_nanos() / self.window.as_nanos();
        let used = self.used.saturating_sub(passed.saturating_mul(self.limit));
        if passed > 0 && used == 0 && self.anchor == Anchor::FirstRequest {
            return (now, 0);
        }
        (self.start + self.window * passed, used)
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        let cost = u64::from(cost);
        if cost > self.limit {
            return SimTime::NEVER;
        }
        let (start, used) = self.at(now);
        // Whole requests go into one window: the one in which the last of them falls.
        let windows = (used + cost).div_ceil(self.limit) - 1;
        if windows == 0 { now } else { (start + self.window * windows).max(now) }
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        self.roll(now);
        self.used += u64::from(cost);
    }

    /// Opens the window of `now`.
    pub(super) fn roll(&mut self, now: SimTime) {
        (self.start, self.used) = self.at(now);
        self.open = true;
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        let left = self.limit.saturating_sub(self.at(now).1);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, now: SimTime, factor: f64) {
        if self.open {
            (self.start, self.used) = self.at(now);
        }
        let scaled = libm::round(f64::from(self.specified) * factor) as u64;
        self.limit = scaled.max(1);
    }
}
