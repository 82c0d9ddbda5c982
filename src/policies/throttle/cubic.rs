//! The AWS SDKs' adaptive mode: a token bucket whose rate follows CUBIC (RFC 8312 §4.1 gives the
//! curve for TCP's window).

use super::{Gate, Sending};
use crate::engine::time::{SimDuration, SimTime};

/// The rate by CUBIC (botocore `throttling.py`).
#[derive(Clone, Debug)]
pub struct CubicRate {
    scale: f64,
    beta: f64,
    w_max: f64,
    k: f64,
    last_fail: SimTime,
}

impl CubicRate {
    /// As after a throttling at `start` with a rate of `w_max`.
    #[must_use]
    pub fn new(scale: f64, beta: f64, w_max: f64, start: SimTime) -> Self {
        let mut rate = Self { scale, beta, w_max, k: 0.0, last_fail: start };
        rate.k = rate.zero_point();
        rate
    }

    fn zero_point(&self) -> f64 {
        libm::pow(self.w_max * (1.0 - self.beta) / self.scale, 1.0 / 3.0)
    }

    /// The rate after an answer that was no throttling.
    #[must_use]
    pub fn success(&self, now: SimTime) -> f64 {
        let since = now.as_secs_f64() - self.last_fail.as_secs_f64();
        self.scale * libm::pow(since - self.k, 3.0) + self.w_max
    }

    /// The rate after a throttling while sending at `rate`.
    pub fn error(&mut self, rate: f64, now: SimTime) -> f64 {
        self.w_max = rate;
        self.k = self.zero_point();
        self.last_fail = now;
        rate * self.beta
    }

    /// Seconds after a throttling at which the rate is back at what it was.
    #[must_use]
    pub const fn k(&self) -> f64 {
        self.k
    }
}

/// The measured rate: smoothed counts of half seconds (botocore `adaptive.py`, `RateClocker`).
#[derive(Clone, Debug)]
pub struct RateClock {
    smoothing: f64,
    rate: f64,
    /// Start of the half second counted, in seconds.
    bucket: f64,
    count: f64,
}

impl RateClock {
    /// Nothing counted yet; the first bucket starts at the whole second.
    #[must_use]
    pub fn new(smoothing: f64, start: SimTime) -> Self {
        Self { smoothing, rate: 0.0, bucket: libm::floor(start.as_secs_f64()), count: 0.0 }
    }

    /// Counts an answer; the rate as of the last half second that ended.
    pub fn record(&mut self, now: SimTime) -> f64 {
        let bucket = libm::floor(now.as_secs_f64() * 2.0) / 2.0;
        self.count += 1.0;
        if bucket > self.bucket {
            let current = self.count / (bucket - self.bucket);
            self.rate = current * self.smoothing + self.rate * (1.0 - self.smoothing);
            self.count = 0.0;
            self.bucket = bucket;
        }
        self.rate
    }
}

/// What a try takes from the bucket.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct CubicCosts {
    /// A first try.
    pub first_cost: f64,
    /// A retry.
    pub retry_cost: f64,
    /// A retry after a time-out.
    pub timeout_cost: f64,
    /// Whether a try that has to wait takes its tokens at once.
    pub reserve: bool,
}

/// The throttle: nothing is held back before the first 429.
#[derive(Clone, Debug)]
pub struct Cubic {
    rate: CubicRate,
    clock: RateClock,
    costs: CubicCosts,
    enabled: bool,
    fill_min: f64,
    fill: f64,
    capacity: f64,
    tokens: f64,
    since: SimTime,
}

impl Cubic {
    /// As botocore starts it: an empty bucket filling by 1 per second.
    #[must_use]
    pub const fn new(rate: CubicRate, clock: RateClock, fill_min: f64, costs: CubicCosts) -> Self {
        Self {
            rate,
            clock,
            costs,
            enabled: false,
            fill_min,
            fill: 1.0,
            capacity: 1.0,
            tokens: 0.0,
            since: SimTime::ZERO,
        }
    }

    fn refill(&mut self, now: SimTime) {
        let passed = now.as_secs_f64() - self.since.as_secs_f64();
        self.tokens = (self.tokens + passed * self.fill).min(self.capacity);
        self.since = now;
    }

    fn set_rate(&mut self, now: SimTime, rate: f64) {
        // What accumulated so far did so at the old rate.
        self.refill(now);
        self.fill = rate.max(self.fill_min);
        self.capacity = rate.max(1.0);
        self.tokens = self.tokens.min(self.capacity);
    }

    /// Whether a try may be sent.
    pub fn admit(&mut self, now: SimTime, sending: Sending) -> Gate {
        if !self.enabled {
            return Gate::Open;
        }
        let cost = match sending {
            Sending::First => self.costs.first_cost,
            Sending::Retry => self.costs.retry_cost,
            Sending::RetryAfterTimeout => self.costs.timeout_cost,
        };
        self.refill(now);
        let short = cost - self.tokens;
        // Less than a nanosecond's worth is what rounding leaves.
        if short <= self.fill * 1e-9 {
            self.tokens -= cost;
            return Gate::Open;
        }
        let wait = SimDuration::from_secs_f64(short / self.fill) + SimDuration::from_nanos(1);
        let until = now.saturating_add(wait);
        if self.costs.reserve {
            self.tokens -= cost;
            return Gate::Reserved { until };
        }
        Gate::Wait { until }
    }

    /// An answer came. Anything but a throttling lets the rate grow, errors too.
    pub fn on_response(&mut self, now: SimTime, throttled: bool) {
        let measured = self.clock.record(now);
        let rate = if throttled {
            let rate = if self.enabled { measured.min(self.fill) } else { measured };
            self.enabled = true;
            self.rate.error(rate, now)
        } else {
            self.rate.success(now)
        };
        self.set_rate(now, rate.min(2.0 * measured));
    }

    /// Tokens per second the bucket fills by.
    #[must_use]
    pub const fn fill_per_s(&self) -> f64 {
        self.fill
    }

    /// Tokens the bucket holds at most.
    #[must_use]
    pub const fn capacity(&self) -> f64 {
        self.capacity
    }

    /// Tokens as of the last call.
    #[must_use]
    pub const fn tokens(&self) -> f64 {
        self.tokens
    }
}
