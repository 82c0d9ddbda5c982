//! The token bucket, filled steadily or at ticks.

use crate::engine::time::{SimDuration, SimTime};

/// How a bucket is filled.
#[derive(Copy, Clone, Debug)]
pub(super) enum Refill {
    /// A token every `period` nanoseconds, in fractions.
    Steady {
        /// Nanoseconds per token.
        period: u64,
    },
    /// A number of tokens at each tick.
    Ticks {
        /// Time between ticks.
        interval: SimDuration,
        /// Tokens per tick.
        tokens: u32,
    },
}

/// A bucket of tokens. Its level is counted in the smallest unit its refill knows: a nanosecond's
/// worth of a token, or a token. Below zero it owes to requests held back.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    specified: Refill,
    refill: Refill,
    burst: u32,
    level: i128,
    since: SimTime,
}

impl Bucket {
    pub(super) fn new(refill: Refill, burst: u32) -> Self {
        let mut bucket = Self { specified: refill, refill, burst, level: 0, since: SimTime::ZERO };
        bucket.level = bucket.full();
        bucket
    }

    const fn unit(&self) -> i128 {
        match self.refill {
            Refill::Steady { period } => period as i128,
            Refill::Ticks { .. } => 1,
        }
    }

    const fn full(&self) -> i128 {
        self.unit() * self.burst as i128
    }

    /// The level at `now`, or at `since` where that lies ahead.
    fn level_at(&self, now: SimTime) -> i128 {
        let now = now.max(self.since);
        let gained = match self.refill {
            Refill::Steady { .. } => i128::from((now - self.since).as_nanos()),
            Refill::Ticks { interval, tokens } => {
                let ticks = |t: SimTime| t.as_nanos() / interval.as_nanos();
                i128::from(ticks(now) - ticks(self.since)) * i128::from(tokens)
            }
        };
        (self.level + gained).min(self.full())
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        if cost > self.burst {
            return SimTime::NEVER;
        }
        let now = now.max(self.since);
        let short = self.unit() * i128::from(cost) - self.level_at(now);
        if short <= 0 {
            return now;
        }
        let wait = match self.refill {
            Refill::Steady { .. } => short,
            Refill::Ticks { interval, tokens } => {
                let ticks = (short + i128::from(tokens) - 1) / i128::from(tokens);
                let into = now.as_nanos() % interval.as_nanos();
                ticks * i128::from(interval.as_nanos()) - i128::from(into)
            }
        };
        now.saturating_add(SimDuration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX)))
    }

    /// A request held back owes to a bucket filled steadily. One filled at ticks is taken to the
    /// tick at which the request passes: what spills over until then is lost.
    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        let at = match self.refill {
            Refill::Steady { .. } => now,
            Refill::Ticks { .. } => self.earliest(now, cost),
        };
        self.level = self.level_at(at) - self.unit() * i128::from(cost);
        self.since = at;
    }

    /// Takes what there is, without owing.
    pub(super) fn drain(&mut self, now: SimTime, cost: u32) {
        let level = self.level_at(now);
        self.level = (level - self.unit() * i128::from(cost)).max(level.min(0));
        self.since = now;
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        if self.since > now {
            return 0;
        }
        u32::try_from(self.level_at(now).max(0) / self.unit()).unwrap_or(u32::MAX)
    }

    pub(super) const fn capacity(&self) -> u32 {
        self.burst
    }

    pub(super) fn scale(&mut self, now: SimTime, factor: f64) {
        let level = self.level_at(now);
        let before = self.unit();
        self.since = now.max(self.since);
        self.refill = match self.specified {
            Refill::Steady { period } => {
                Refill::Steady { period: (libm::round(period as f64 / factor) as u64).max(1) }
            }
            Refill::Ticks { interval, tokens } => Refill::Ticks {
                interval,
                tokens: (libm::round(f64::from(tokens) * factor) as u32).max(1),
            },
        };
        // The tokens in it stay; only what a token weighs has changed.
        self.level = super::rescaled(level, before, self.unit());
    }
}
