//! nginx's `limit_req`, with the arithmetic of `ngx_http_limit_req_module.c`.

use super::{Admission, RatePer};
use crate::engine::time::SimTime;

const NANOS_PER_MS: u64 = 1_000_000;
/// A request in the unit the module counts in.
const REQUEST: i64 = 1000;

/// What one key has used: its excess over the rate in thousandths of a request. It leaks by
/// rate·ms/1000, cut off, where ms are whole milliseconds of nginx's clock since the last request
/// that passed; a refused one changes nothing. A key not seen before has an excess of 0 with its
/// first request, which is the same as one that has leaked to −1 request.
#[derive(Clone, Debug)]
pub(super) struct NginxLimitReq {
    specified: u64,
    /// Thousandths of a request per second.
    rate: u64,
    burst: i64,
    /// Excess up to which nothing waits.
    delay: i64,
    excess: i64,
    last_ms: u64,
}

impl NginxLimitReq {
    pub(super) fn new(rate: u32, per: RatePer, burst: u32, delay: u32, nodelay: bool) -> Self {
        let seconds = match per {
            RatePer::Second => 1,
            RatePer::Minute => 60,
        };
        let rate = u64::from(rate) * 1000 / seconds;
        Self {
            specified: rate,
            rate,
            burst: i64::from(burst) * REQUEST,
            delay: if nodelay { i64::MAX } else { i64::from(delay) * REQUEST },
            excess: -REQUEST,
            last_ms: 0,
        }
    }

    const fn clock(now: SimTime) -> u64 {
        now.as_nanos() / NANOS_PER_MS
    }

    /// The excess before a request at `now`.
    fn leaked(&self, now: SimTime) -> i64 {
        let leak = self.rate.saturating_mul(Self::clock(now) - self.last_ms) / 1000;
        let left = i64::try_from(leak).map_or(i64::MIN, |leak| self.excess.saturating_sub(leak));
        left.max(-REQUEST)
    }

    fn with(&self, now: SimTime, cost: u32) -> i64 {
        self.leaked(now) + i64::from(cost) * REQUEST
    }

    pub(super) fn check(&self, now: SimTime, cost: u32) -> Admission {
        let excess = self.with(now, cost);
        if excess > self.burst {
            return Admission::Denied { retry_at: self.retry_at(cost) };
        }
        let over = excess.saturating_sub(self.delay).max(0);
        let delay_ms = over as u64 * 1000 / self.rate;
        if delay_ms == 0 {
            return Admission::Granted;
        }
        let until = (Self::clock(now) + delay_ms).saturating_mul(NANOS_PER_MS);
        Admission::Delayed { until: SimTime::from_nanos(until) }
    }

    /// The first millisecond in which enough has leaked.
    fn retry_at(&self, cost: u32) -> SimTime {
        if cost > self.capacity() {
            return SimTime::NEVER;
        }
        let surplus = self.excess + i64::from(cost) * REQUEST - self.burst;
        let ms = (surplus.max(0) as u64 * 1000).div_ceil(self.rate);
        SimTime::from_nanos((self.last_ms + ms).saturating_mul(NANOS_PER_MS))
    }

    /// When the key is as one not seen before.
    pub(super) fn empty(&self, now: SimTime) -> SimTime {
        let ms = ((self.excess + REQUEST).max(0) as u64 * 1000).div_ceil(self.rate);
        now.max(SimTime::from_nanos((self.last_ms + ms).saturating_mul(NANOS_PER_MS)))
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        self.excess = self.with(now, cost);
        self.last_ms = Self::clock(now);
    }

    /// A delay below one millisecond counts as no delay.
    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        let at_once = self.delay.saturating_add((self.rate as i64 - 1) / 1000);
        let room = at_once.min(self.burst) - self.leaked(now);
        u32::try_from(room.max(0) / REQUEST).unwrap_or(u32::MAX)
    }

    pub(super) fn capacity(&self) -> u32 {
        u32::try_from(self.burst / REQUEST + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, now: SimTime, factor: f64) {
        self.excess = self.leaked(now);
        self.last_ms = Self::clock(now);
        self.rate = (libm::round(self.specified as f64 * factor) as u64).max(1);
    }
}
