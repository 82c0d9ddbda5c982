//! Rate limiters. A denial says when to come back; nothing depends on a timer having fired.
//!
//! Rates become whole nanoseconds per request: rounded to the nearest, but cut off under GCRA, as
//! governor does. Limits are per run: aligned windows, cycles and ticks are counted from its start.
//! Every algorithm decides on several requests at once too: all pass, or none.

mod bucket;
mod cycles;
mod gcra;
mod nginx;
mod presets;
mod sliding_counter;
mod sliding_log;
mod spec;
pub mod stack;
mod window;

use super::{Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
use bucket::{Bucket, Refill};
use cycles::Cycles;
use gcra::Gcra;
use nginx::NginxLimitReq;
pub use presets::PRESETS;
use sliding_counter::SlidingCounter;
use sliding_log::SlidingLog;
pub use spec::{Anchor, Edge, LimiterSpec, OnLimit, RatePer, Refuses};
use window::FixedWindow;

/// The answer of a limiter.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The request may pass, now.
    Granted,
    /// The request is refused. `retry_at` is the first instant at which the limiter would take it
    /// on, to pass or to wait, if no other request came before. A cost above [`Limiter::capacity`]
    /// is never taken on ([`SimTime::NEVER`]; governor's `InsufficientCapacity`).
    Denied {
        /// When to come back.
        retry_at: SimTime,
    },
    /// It may pass at `until`; its place is taken.
    Delayed {
        /// When it passes.
        until: SimTime,
    },
}

/// The state of a limiter. Requests are decided in the order they come.
#[derive(Clone, Debug)]
pub struct Limiter {
    kind: Kind,
    on_limit: OnLimit,
    count_rejected: bool,
    parks: SimDuration,
}

#[derive(Clone, Debug)]
enum Kind {
    Window(FixedWindow),
    Log(SlidingLog),
    Counter(SlidingCounter),
    Bucket(Bucket),
    Gcra(Gcra),
    Nginx(NginxLimitReq),
    Cycles(Cycles),
}

/// Nanoseconds per request.
fn period(rate_per_s: f64) -> u64 {
    (libm::round(1e9 / rate_per_s) as u64).max(1)
}

/// Nanoseconds per request, cut off as governor's `quota.rs` does by dividing integers. A rate that
/// is not exact as a float must not cost a nanosecond: hence the factor.
fn period_cut_off(rate_per_s: f64) -> u64 {
    (libm::floor(1e9 / rate_per_s * (1.0 + 1e-15)) as u64).max(1)
}

/// A limit times `factor`, at least one request.
fn scaled(limit: u32, factor: f64) -> u64 {
    (libm::round(f64::from(limit) * factor) as u64).max(1)
}

/// `amount`, counted in parts of size `from`, in parts of size `to`; the product itself may not fit.
const fn rescaled(amount: i128, from: i128, to: i128) -> i128 {
    amount / from * to + amount % from * to / from
}

impl Kind {
    fn new(spec: &LimiterSpec) -> Self {
        match *spec {
            LimiterSpec::FixedWindow { limit, window, anchor, .. } => {
                Self::Window(FixedWindow::new(limit, window, anchor))
            }
            LimiterSpec::SlidingLog { limit, window, edge, .. } => {
                Self::Log(SlidingLog::new(limit, window, edge))
            }
            LimiterSpec::SlidingCounter { limit, window, counts_itself, .. } => {
                Self::Counter(SlidingCounter::new(limit, window, counts_itself))
            }
            LimiterSpec::TokenBucket { rate_per_s, burst, .. } => {
                Self::Bucket(Bucket::new(Refill::Steady { period: period(rate_per_s) }, burst))
            }
            LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
                let refill = Refill::Ticks { interval: fill_interval, tokens: tokens_per_fill };
                Self::Bucket(Bucket::new(refill, burst))
            }
            LimiterSpec::Gcra { rate_per_s, burst, .. } => {
                Self::Gcra(Gcra::new(period_cut_off(rate_per_s), burst))
            }
            LimiterSpec::NginxLimitReq { rate, per, burst, delay, nodelay } => {
                Self::Nginx(NginxLimitReq::new(rate, per, burst, delay, nodelay))
            }
            LimiterSpec::Cycles { limit, period, timeout, .. } => {
                Self::Cycles(Cycles::new(limit, period, timeout))
            }
        }
    }
}

impl OnLimit {
    /// What becomes of a request that may pass at `earliest`.
    fn answer(self, now: SimTime, earliest: SimTime) -> Admission {
        match self {
            _ if earliest <= now => Admission::Granted,
            Self::Delay { max, .. } if earliest <= now.saturating_add(max) => {
                Admission::Delayed { until: earliest }
            }
            Self::Delay { max, .. } if earliest < SimTime::NEVER => {
                Admission::Denied { retry_at: earliest.saturating_sub(max) }
            }
            Self::Reject | Self::Delay { .. } => Admission::Denied { retry_at: earliest },
        }
    }
}

impl Limiter {
    /// An unused limiter.
    #[must_use]
    pub fn new(spec: &LimiterSpec) -> Self {
        let (on_limit, count_rejected) = match *spec {
            LimiterSpec::FixedWindow { on_limit, count_rejected, .. }
            | LimiterSpec::SlidingLog { on_limit, count_rejected, .. }
            | LimiterSpec::SlidingCounter { on_limit, count_rejected, .. }
            | LimiterSpec::TokenBucket { on_limit, count_rejected, .. }
            | LimiterSpec::Gcra { on_limit, count_rejected, .. } => (on_limit, count_rejected),
            LimiterSpec::TickBucket { on_limit, .. } => (on_limit, false),
            // These hold back by themselves.
            LimiterSpec::NginxLimitReq { .. } | LimiterSpec::Cycles { .. } => {
                (OnLimit::Reject, false)
            }
        };
        Self { kind: Kind::new(spec), on_limit, count_rejected, parks: spec.parks() }
    }

    /// For how long it parks the caller of a request that it is going to refuse.
    #[must_use]
    pub const fn parks(&self) -> SimDuration {
        self.parks
    }

    /// What [`Limiter::admit`] would answer, without using anything up (but that a refused request
    /// may itself count).
    #[must_use]
    pub fn check(&self, now: SimTime, cost: u32) -> Admission {
        let earliest = match &self.kind {
            Kind::Window(window) => window.earliest(now, cost),
            Kind::Log(log) => log.earliest(now, cost),
            Kind::Counter(counter) => counter.earliest(now, cost),
            Kind::Bucket(bucket) => bucket.earliest(now, cost),
            Kind::Gcra(gcra) => gcra.earliest(now, cost),
            Kind::Nginx(nginx) => return nginx.check(now, cost),
            Kind::Cycles(cycles) => return cycles.check(now, cost),
        };
        self.on_limit.answer(now, earliest)
    }

    /// Uses up what `cost` requests take, now or from what comes.
    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        match &mut self.kind {
            Kind::Window(window) => window.debit(now, cost),
            Kind::Log(log) => log.debit(now, cost),
            Kind::Counter(counter) => counter.debit(now, cost),
            Kind::Bucket(bucket) => bucket.debit(now, cost),
            Kind::Gcra(gcra) => gcra.debit(now, cost),
            Kind::Nginx(nginx) => nginx.debit(now, cost),
            Kind::Cycles(cycles) => cycles.debit(now, cost),
        }
    }

    /// Takes note of a request that was refused, here or at another level. Where it counts, the
    /// answer is when it would be taken on after that.
    pub(super) fn refuse(&mut self, now: SimTime, cost: u32) -> Option<SimTime> {
        let counts = self.count_rejected;
        match &mut self.kind {
            Kind::Window(window) if counts => window.fill(now, cost),
            // A window opens with its first request, refused or not.
            Kind::Window(window) => window.roll(now),
            Kind::Log(log) if counts => log.count(now, cost),
            Kind::Counter(counter) if counts => counter.count(now, cost),
            Kind::Bucket(bucket) if counts => bucket.drain(now, cost),
            Kind::Gcra(gcra) if counts => gcra.push_back(now, cost),
            Kind::Cycles(cycles) => cycles.roll(now),
            Kind::Log(_) | Kind::Counter(_) | Kind::Bucket(_) | Kind::Gcra(_) | Kind::Nginx(_) => {}
        }
        counts.then(|| match self.check(now, cost) {
            Admission::Denied { retry_at } => retry_at,
            Admission::Granted | Admission::Delayed { .. } => now,
        })
    }

    /// Decides on `cost` requests at `now`.
    pub fn admit(&mut self, now: SimTime, cost: u32) -> Admission {
        let admission = self.check(now, cost);
        let Admission::Denied { retry_at } = admission else {
            self.debit(now, cost);
            return admission;
        };
        Admission::Denied { retry_at: self.refuse(now, cost).unwrap_or(retry_at) }
    }

    /// When the whole of [`Limiter::capacity`] is there again without further requests: the reset
    /// that limit headers tell, for a window its end (redis-cell: the time until the limiter is back
    /// in its initial state, from memory).
    #[must_use]
    pub fn resets(&self, now: SimTime) -> SimTime {
        let all = self.capacity();
        match &self.kind {
            Kind::Window(window) => window.earliest(now, all),
            Kind::Log(log) => log.earliest(now, all),
            Kind::Counter(counter) => counter.earliest(now, all),
            Kind::Bucket(bucket) => bucket.earliest(now, all),
            Kind::Gcra(gcra) => gcra.earliest(now, all),
            Kind::Nginx(nginx) => nginx.empty(now),
            Kind::Cycles(cycles) => cycles.full(now),
        }
    }

    /// Requests that would pass at `now`.
    #[must_use]
    pub fn remaining(&self, now: SimTime) -> u32 {
        match &self.kind {
            Kind::Window(window) => window.remaining(now),
            Kind::Log(log) => log.remaining(now),
            Kind::Counter(counter) => counter.remaining(now),
            Kind::Bucket(bucket) => bucket.remaining(now),
            Kind::Gcra(gcra) => gcra.remaining(now),
            Kind::Nginx(nginx) => nginx.remaining(now),
            Kind::Cycles(cycles) => cycles.remaining(now),
        }
    }

    /// The most requests that can be taken on together; more never are.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        match &self.kind {
            Kind::Window(window) => window.capacity(),
            Kind::Log(log) => log.capacity(),
            Kind::Counter(counter) => counter.capacity(),
            Kind::Bucket(bucket) => bucket.capacity(),
            Kind::Gcra(gcra) => gcra.capacity(),
            Kind::Nginx(nginx) => nginx.capacity(),
            Kind::Cycles(cycles) => cycles.capacity(),
        }
    }

    /// From `now` on the limit is `factor` times the one specified (at least one request); of
    /// buckets, GCRA and nginx that is the rate.
    pub fn scale(&mut self, now: SimTime, factor: f64) {
        match &mut self.kind {
            Kind::Window(window) => window.scale(now, factor),
            Kind::Log(log) => log.scale(factor),
            Kind::Counter(counter) => counter.scale(factor),
            Kind::Bucket(bucket) => bucket.scale(now, factor),
            Kind::Gcra(gcra) => gcra.scale(now, factor),
            Kind::Nginx(nginx) => nginx.scale(now, factor),
            Kind::Cycles(cycles) => cycles.scale(factor),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
