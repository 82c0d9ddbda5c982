//! The sliding counter: two counts of fixed windows, weighed, as Cloudflare has it.

use crate::engine::time::{SimDuration, SimTime};

/// The rate is estimated as previous·(W − elapsed) + current·W, in requests·nanoseconds, so that
/// nothing is rounded. Within a window the estimate falls steadily, and it does not jump at an
/// edge. A delayed request is counted in the window in which it passes; no later request overtakes.
#[derive(Clone, Debug)]
pub(super) struct SlidingCounter {
    specified: u32,
    limit: i128,
    window: u64,
    counts_itself: bool,
    counts: Counts,
    /// When the last of those counted passes.
    last: SimTime,
}

#[derive(Copy, Clone, Debug)]
struct Counts {
    /// Which window, from the start of the run.
    number: u64,
    previous: u64,
    current: u64,
}

impl SlidingCounter {
    pub(super) fn new(limit: u32, window: SimDuration, counts_itself: bool) -> Self {
        Self {
            specified: limit,
            limit: i128::from(limit),
            window: window.as_nanos(),
            counts_itself,
            counts: Counts { number: 0, previous: 0, current: 0 },
            last: SimTime::ZERO,
        }
    }

    fn at(&self, now: SimTime) -> Counts {
        let number = now.as_nanos() / self.window;
        let counts = self.counts;
        match number - counts.number {
            0 => counts,
            1 => Counts { number, previous: counts.current, current: 0 },
            _ => Counts { number, previous: 0, current: 0 },
        }
    }

    /// The most that the previous window may weigh with `current` and `cost` in this one; less
    /// than nothing where they alone are too many.
    fn room(&self, current: u64, cost: u32) -> i128 {
        let room = self.limit - i128::from(current) - i128::from(cost);
        let window = i128::from(self.window);
        if self.counts_itself { room * window } else { (room + 1) * window - 1 }
    }

    /// How far into a window its predecessor, with `previous` requests, weighs no more than `room`.
    fn elapsed(&self, previous: u64, room: i128) -> u64 {
        if previous == 0 {
            return 0;
        }
        let reach = room / i128::from(previous);
        self.window - u64::try_from(reach).unwrap_or(u64::MAX).min(self.window)
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        if self.room(0, cost) < 0 {
            return SimTime::NEVER;
        }
        let now = now.max(self.last);
        let counts = self.at(now);
        let start = SimTime::from_nanos(counts.number * self.window);
        let after = |start: SimTime, elapsed| {
            start.saturating_add(SimDuration::from_nanos(elapsed)).max(now)
        };
        let room = self.room(counts.current, cost);
        if room >= 0 {
            return after(start, self.elapsed(counts.previous, room));
        }
        let next = start.saturating_add(SimDuration::from_nanos(self.window));
        after(next, self.elapsed(counts.current, self.room(0, cost)))
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        let at = self.earliest(now, cost);
        self.count(at, cost);
    }

    /// Counts requests that pass, or are refused, at `at`.
    pub(super) fn count(&mut self, at: SimTime, cost: u32) {
        let at = at.max(self.last);
        self.counts = self.at(at);
        self.counts.current += u64::from(cost);
        self.last = at;
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        if self.last > now {
            return 0;
        }
        let counts = self.at(now);
        let elapsed = now.as_nanos() - counts.number * self.window;
        let weight = i128::from(counts.previous) * i128::from(self.window - elapsed);
        let left = (self.room(counts.current, 0) - weight).div_euclid(i128::from(self.window));
        u32::try_from(left.max(0)).unwrap_or(u32::MAX)
    }

    pub(super) fn capacity(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, factor: f64) {
        self.limit = i128::from(super::scaled(self.specified, factor));
    }
}
