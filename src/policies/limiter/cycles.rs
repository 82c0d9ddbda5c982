//! Permits per cycle, those of cycles to come included, as resilience4j's `AtomicRateLimiter`.

use super::Admission;
use crate::engine::time::{SimDuration, SimTime};

/// The permits of the cycle last looked at; below zero they are reserved of cycles to come. A new
/// cycle adds its permits up to `limit`, however long the limiter was idle. A request waits for the
/// cycle that has enough for it, and is refused where that takes longer than `timeout`.
#[derive(Clone, Debug)]
pub(super) struct Cycles {
    specified: u32,
    limit: i128,
    period: u64,
    timeout: u64,
    cycle: u64,
    permits: i128,
}

impl Cycles {
    pub(super) fn new(limit: u32, period: SimDuration, timeout: SimDuration) -> Self {
        Self {
            specified: limit,
            limit: i128::from(limit),
            period: period.as_nanos(),
            timeout: timeout.as_nanos(),
            cycle: 0,
            permits: i128::from(limit),
        }
    }

    /// The cycle at `now` and its permits.
    fn at(&self, now: SimTime) -> (u64, i128) {
        let cycle = now.as_nanos() / self.period;
        if cycle == self.cycle {
            return (cycle, self.permits);
        }
        let gained = i128::from(cycle - self.cycle) * self.limit;
        (cycle, (self.permits + gained).min(self.limit))
    }

    /// Cycles until `missing` permits are there, at `limit` each; at least one.
    fn cycles(&self, missing: i128) -> i128 {
        (missing + self.limit - 1) / self.limit
    }

    pub(super) fn check(&self, now: SimTime, cost: u32) -> Admission {
        let (cycle, permits) = self.at(now);
        let missing = i128::from(cost) - permits;
        if missing <= 0 {
            return Admission::Granted;
        }
        let until = (i128::from(cycle) + self.cycles(missing)) * i128::from(self.period);
        let wait = until - i128::from(now.as_nanos());
        if wait <= i128::from(self.timeout) {
            return Admission::Delayed { until: instant(until) };
        }
        Admission::Denied { retry_at: self.retry_at((cycle, permits), cost, until) }
    }

    /// When the wait until the permits are there is no longer than the time-out. What is asked for
    /// beyond one cycle's permits is never saved up: once the permits are at their limit, each
    /// cycle restarts that wait.
    fn retry_at(&self, (cycle, permits): (u64, i128), cost: u32, until: i128) -> SimTime {
        let (period, timeout) = (i128::from(self.period), i128::from(self.timeout));
        let at = until - timeout;
        if i128::from(cost) <= self.limit {
            return instant(at);
        }
        // The first cycle whose permits do not reach what was counted on.
        let short = (self.limit - permits).max(0);
        let lapses = i128::from(cycle) + short / self.limit + 1;
        if at < lapses * period {
            return instant(at);
        }
        let wait = self.cycles(i128::from(cost) - self.limit) * period;
        if timeout <= wait - period {
            return SimTime::NEVER;
        }
        instant((lapses * period).max(lapses * period + wait - timeout))
    }

    /// When a cycle begins, or has begun, with all its permits.
    pub(super) fn full(&self, now: SimTime) -> SimTime {
        let (cycle, permits) = self.at(now);
        let missing = self.limit - permits;
        if missing <= 0 {
            return now;
        }
        instant((i128::from(cycle) + self.cycles(missing)) * i128::from(self.period))
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        self.roll(now);
        self.permits -= i128::from(cost);
    }

    /// A refusal moves it to the cycle of `now` too.
    pub(super) fn roll(&mut self, now: SimTime) {
        (self.cycle, self.permits) = self.at(now);
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        u32::try_from(self.at(now).1.max(0)).unwrap_or(u32::MAX)
    }

    /// Just before a new cycle, the wait for that is nothing. Permits left from before a cut count
    /// as long as their cycle lasts.
    pub(super) fn capacity(&self) -> u32 {
        let cycles = self.timeout.saturating_sub(1) / self.period + u64::from(self.timeout > 0);
        let most = self.limit.max(self.permits) + self.limit * i128::from(cycles);
        u32::try_from(most).unwrap_or(u32::MAX)
    }

    /// `changeLimitForPeriod`: what is there stays until the next cycle.
    pub(super) fn scale(&mut self, factor: f64) {
        self.limit = i128::from(super::scaled(self.specified, factor));
    }
}

fn instant(nanos: i128) -> SimTime {
    SimTime::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}
