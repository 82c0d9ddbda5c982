//! Rate limiters. A denial says when to come back; nothing depends on a timer having fired.
//!
//! Rates become whole nanoseconds per request, rounded to the nearest, as in governor.

mod bucket;
mod gcra;
mod log;
pub mod stack;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::Preset;
use super::{Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
use bucket::{Bucket, Refill};
use gcra::Gcra;
use log::SlidingLog;
use window::FixedWindow;

/// A rate limiter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-presets" = "limiter"))]
pub enum LimiterSpec {
    /// So many requests per window; the count starts anew with each window.
    FixedWindow {
        /// Requests per window.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit: u32,
        /// Length of a window.
        window: SimDuration,
        /// Where windows start.
        #[serde(default)]
        anchor: Anchor,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// A bucket that holds `burst` tokens, is full at the start and fills steadily; a request
    /// takes one.
    TokenBucket {
        /// Tokens per second.
        #[schemars(range(min = 0.000_001, max = 1_000_000.0))]
        rate_per_s: f64,
        /// Tokens it holds.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        burst: u32,
        /// Whether a refused request takes what tokens there are.
        #[serde(default)]
        count_rejected: bool,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// A bucket that is filled at ticks, as Envoy's local limiter.
    TickBucket {
        /// Tokens added at a tick.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        tokens_per_fill: u32,
        /// Time between ticks, the first one interval after the start.
        fill_interval: SimDuration,
        /// Tokens it holds.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        burst: u32,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// The generic cell rate algorithm (ITU-T I.371), as governor has it.
    Gcra {
        /// Requests per second.
        #[schemars(range(min = 0.000_001, max = 1_000_000.0))]
        rate_per_s: f64,
        /// Requests that may come at once.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        burst: u32,
        /// Whether a refused request pushes the next admission back.
        #[serde(default)]
        count_rejected: bool,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// A log of what was admitted: so many requests within any window, exactly.
    SlidingLog {
        /// Requests within a window.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit: u32,
        /// Length of the window.
        window: SimDuration,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
}

/// The presets.
pub const PRESETS: &[Preset] = &[];

/// Where the windows of a fixed-window limiter start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// At multiples of the window since the start of the run.
    #[default]
    Aligned,
    /// At the first request after the last window has ended (inferred for Genesys Cloud from a
    /// header sample: count 1, reset 61).
    FirstRequest,
}

/// What becomes of a request over the limit.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OnLimit {
    /// It is refused.
    #[default]
    Reject,
    /// It is held back until its turn, unless that takes longer than `max`.
    Delay {
        /// The longest a request is held back.
        max: SimDuration,
    },
}

/// The answer of a limiter.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The request may pass, now.
    Granted,
    /// It may not. At `retry_at` it would, if nobody came before.
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
}

#[derive(Clone, Debug)]
enum Kind {
    Window(FixedWindow),
    Bucket(Bucket),
    Gcra(Gcra),
    Log(SlidingLog),
}

impl LimiterSpec {
    /// So many calls per second, with as many at once as fit in a second.
    #[must_use]
    pub fn calls_per_second(rate_per_s: f64) -> Self {
        let burst = libm::ceil(rate_per_s.clamp(1.0, 1e9)) as u32;
        Self::TokenBucket { rate_per_s, burst, count_rejected: false, on_limit: OnLimit::Reject }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::FixedWindow { limit, window, .. } | Self::SlidingLog { limit, window, .. } => {
                problems.at_least_one("limit", *limit);
                problems.positive("window", *window);
            }
            Self::TokenBucket { rate_per_s, burst, .. } | Self::Gcra { rate_per_s, burst, .. } => {
                problems.within("rate_per_s", *rate_per_s, 1e-6, 1e6);
                problems.at_least_one("burst", *burst);
            }
            Self::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
                problems.at_least_one("tokens_per_fill", *tokens_per_fill);
                problems.positive("fill_interval", *fill_interval);
                problems.at_least_one("burst", *burst);
            }
        }
        problems.0
    }
}

/// Nanoseconds per request.
fn period(rate_per_s: f64) -> u64 {
    (libm::round(1e9 / rate_per_s) as u64).max(1)
}

impl Limiter {
    /// A limiter nobody has used yet.
    #[must_use]
    pub fn new(spec: &LimiterSpec) -> Self {
        let (kind, on_limit, count_rejected) = match *spec {
            LimiterSpec::FixedWindow { limit, window, anchor, on_limit } => {
                (Kind::Window(FixedWindow::new(limit, window, anchor)), on_limit, false)
            }
            LimiterSpec::TokenBucket { rate_per_s, burst, count_rejected, on_limit } => {
                let refill = Refill::Steady { period: period(rate_per_s) };
                (Kind::Bucket(Bucket::new(refill, burst)), on_limit, count_rejected)
            }
            LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, on_limit } => {
                let refill = Refill::Ticks { interval: fill_interval, tokens: tokens_per_fill };
                (Kind::Bucket(Bucket::new(refill, burst)), on_limit, false)
            }
            LimiterSpec::Gcra { rate_per_s, burst, count_rejected, on_limit } => {
                (Kind::Gcra(Gcra::new(period(rate_per_s), burst)), on_limit, count_rejected)
            }
            LimiterSpec::SlidingLog { limit, window, on_limit } => {
                (Kind::Log(SlidingLog::new(limit, window)), on_limit, false)
            }
        };
        Self { kind, on_limit, count_rejected }
    }

    /// When `cost` requests at `now` may pass: at once, later, or never.
    fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        match &self.kind {
            Kind::Window(window) => window.earliest(now, cost),
            Kind::Bucket(bucket) => bucket.earliest(now, cost),
            Kind::Gcra(gcra) => gcra.earliest(now, cost),
            Kind::Log(log) => log.earliest(now, cost),
        }
    }

    /// What [`Limiter::admit`] would answer, without using anything up.
    #[must_use]
    pub fn check(&self, now: SimTime, cost: u32) -> Admission {
        let earliest = self.earliest(now, cost);
        match self.on_limit {
            _ if earliest <= now => Admission::Granted,
            OnLimit::Delay { max } if earliest <= now.saturating_add(max) => {
                Admission::Delayed { until: earliest }
            }
            OnLimit::Reject | OnLimit::Delay { .. } => Admission::Denied { retry_at: earliest },
        }
    }

    /// Uses up what `cost` requests take, now or from what comes.
    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        match &mut self.kind {
            Kind::Window(window) => window.debit(now, cost),
            Kind::Bucket(bucket) => bucket.debit(now, cost),
            Kind::Gcra(gcra) => gcra.debit(now, cost),
            Kind::Log(log) => log.debit(now, cost),
        }
    }

    /// Takes note of a request that was refused.
    pub(super) fn refuse(&mut self, now: SimTime, cost: u32) {
        match &mut self.kind {
            // A window opens with its first request, refused or not; its count is full anyway.
            Kind::Window(window) => window.roll(now),
            Kind::Bucket(bucket) if self.count_rejected => bucket.drain(now, cost),
            Kind::Gcra(gcra) if self.count_rejected => gcra.push_back(now, cost),
            Kind::Bucket(_) | Kind::Gcra(_) | Kind::Log(_) => {}
        }
    }

    /// Decides on `cost` requests at `now`.
    pub fn admit(&mut self, now: SimTime, cost: u32) -> Admission {
        let admission = self.check(now, cost);
        match admission {
            Admission::Granted | Admission::Delayed { .. } => self.debit(now, cost),
            Admission::Denied { .. } => self.refuse(now, cost),
        }
        admission
    }

    /// Whether a request at `now` would be refused or held back.
    #[must_use]
    pub fn refuses(&self, now: SimTime) -> bool {
        self.earliest(now, 1) > now
    }

    /// Requests that would pass at `now`.
    #[must_use]
    pub fn remaining(&self, now: SimTime) -> u32 {
        match &self.kind {
            Kind::Window(window) => window.remaining(now),
            Kind::Bucket(bucket) => bucket.remaining(now),
            Kind::Gcra(gcra) => gcra.remaining(now),
            Kind::Log(log) => log.remaining(now),
        }
    }

    /// From `now` on the limit is `factor` times the one specified (at least one request).
    pub fn scale(&mut self, now: SimTime, factor: f64) {
        match &mut self.kind {
            Kind::Window(window) => window.scale(now, factor),
            Kind::Bucket(bucket) => bucket.scale(now, factor),
            Kind::Gcra(gcra) => gcra.scale(now, factor),
            Kind::Log(log) => log.scale(factor),
        }
    }
}

#[cfg(test)]
mod tests;
