//! Rate limiters as they are written: one variant per algorithm.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// Envoy refuses to start with a shorter one (`local_ratelimit_impl.cc`).
const FILL_INTERVAL_MIN: SimDuration = SimDuration::from_millis(50);
/// Requests a sliding log may hold; it keeps an instant for each.
const LOG_MAX: u32 = 1_000_000;

/// A rate limiter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-presets" = "limiter"))]
pub enum LimiterSpec {
    /// At most `limit` requests per window; the counter resets at each window boundary. Across a
    /// boundary twice as many may pass.
    FixedWindow {
        /// Requests per window.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit: u32,
        /// Length of a window.
        window: SimDuration,
        /// Where windows start.
        #[serde(default)]
        anchor: Anchor,
        /// Whether a refused request takes what room there is (several at once, where only some
        /// would have fitted).
        #[serde(default)]
        count_rejected: bool,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// At most `limit` requests in any window. The instant of each request is kept; those within
    /// the last window count.
    SlidingLog {
        /// Requests per window.
        #[schemars(range(min = 1, max = 1_000_000))]
        limit: u32,
        /// Length of the window.
        window: SimDuration,
        /// Whether a request exactly one window old still counts.
        #[serde(default)]
        edge: Edge,
        /// Whether a refused request is kept too.
        #[serde(default)]
        count_rejected: bool,
        /// What becomes of a request over the limit.
        #[serde(default)]
        on_limit: OnLimit,
    },
    /// Cloudflare's approximation of it: two counters, and the last window weighs as much as it
    /// still reaches into the sliding one: previous·(1 − elapsed/window) + current. Windows are at
    /// multiples of their length.
    SlidingCounter {
        /// Requests per window.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit: u32,
        /// Length of a window.
        window: SimDuration,
        /// Whether the request itself is in the estimate it is judged by: with it, it passes where
        /// that is at most the limit; without it, where what came before is below the limit.
        #[serde(default = "yes")]
        counts_itself: bool,
        /// Whether a refused request is counted too.
        #[serde(default)]
        count_rejected: bool,
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
    /// A bucket that is full at the start and filled at ticks, as Envoy's local limiter by timer.
    TickBucket {
        /// Tokens added at a tick.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        tokens_per_fill: u32,
        /// Time between ticks, the first one interval after the start; at least 50 ms.
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
    /// nginx's `limit_req`: a leaky bucket in whole milliseconds and thousandths of a request,
    /// which itself holds requests back. The first request finds it empty and passes.
    NginxLimitReq {
        /// Requests per second or minute; kept in thousandths per second, cut off.
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: u32,
        /// The time `rate` is per.
        #[serde(default)]
        per: RatePer,
        /// Requests above the rate that it takes on; more are refused.
        #[serde(default)]
        #[schemars(range(min = 0, max = 1_000_000_000))]
        burst: u32,
        /// Requests above the rate that pass at once; those beyond wait for their turn.
        #[serde(default)]
        #[schemars(range(min = 0, max = 1_000_000_000))]
        delay: u32,
        /// Whether none waits: what it takes on passes at once.
        #[serde(default)]
        nodelay: bool,
    },
    /// resilience4j's `AtomicRateLimiter`: time is cut into cycles from the start of the run, each
    /// with `limit` permits; a request may reserve permits of cycles to come.
    Cycles {
        /// Permits per cycle.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit: u32,
        /// Length of a cycle.
        period: SimDuration,
        /// The longest a request waits for its permits; one that would wait longer is refused.
        timeout: SimDuration,
        /// When: `acquirePermission` parks its caller for the whole of `timeout` first
        /// (`after_wait`), `reservePermission` of the reactive operators refuses at once
        /// (resilience4j 008426f, `AtomicRateLimiter.java`).
        #[serde(default = "after_wait")]
        refuses: Refuses,
    },
}

const fn after_wait() -> Refuses {
    Refuses::AfterWait
}

const fn yes() -> bool {
    true
}

/// Where the windows of a fixed-window limiter start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// At multiples of the window since the start of the run.
    #[default]
    Aligned,
    /// At the first request after the last window has ended (python `limits`; inferred for Genesys
    /// Cloud from a header sample: count 1, reset 61).
    FirstRequest,
}

/// Whether a request exactly one window old still counts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// It does not: those in (now − window, now] count.
    #[default]
    Strict,
    /// It does: those in [now − window, now] count (python `limits`).
    Inclusive,
}

/// The time a rate is per.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RatePer {
    /// `r/s`.
    #[default]
    Second,
    /// `r/m`.
    Minute,
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
        /// When one is refused that would have to be held back for longer.
        #[serde(default)]
        refuses: Refuses,
    },
}

/// When a limiter that holds requests back refuses one that would have to wait for too long.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refuses {
    /// As soon as it comes.
    #[default]
    AtOnce,
    /// After the longest wait there may be: it parks the caller until then, as a blocking form
    /// does.
    AfterWait,
}

impl LimiterSpec {
    /// A limit in calls per second; one second's calls may pass at once.
    #[must_use]
    pub fn calls_per_second(rate_per_s: f64) -> Self {
        let burst = libm::ceil(rate_per_s.clamp(1.0, 1e9)) as u32;
        Self::TokenBucket { rate_per_s, burst, count_rejected: false, on_limit: OnLimit::Reject }
    }

    /// Whether it may hold a request back, rather than refuse it or let it pass.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        match self {
            Self::FixedWindow { on_limit, .. }
            | Self::SlidingLog { on_limit, .. }
            | Self::SlidingCounter { on_limit, .. }
            | Self::TokenBucket { on_limit, .. }
            | Self::TickBucket { on_limit, .. }
            | Self::Gcra { on_limit, .. } => matches!(on_limit, OnLimit::Delay { .. }),
            Self::NginxLimitReq { burst, delay, nodelay, .. } => !nodelay && delay < burst,
            Self::Cycles { timeout, .. } => !timeout.is_zero(),
        }
    }

    /// For how long it parks the caller of a request that it is going to refuse.
    pub(super) const fn parks(&self) -> SimDuration {
        let (max, refuses) = match self {
            Self::FixedWindow { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::SlidingLog { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::SlidingCounter { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::TokenBucket { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::TickBucket { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::Gcra { on_limit: OnLimit::Delay { max, refuses }, .. }
            | Self::Cycles { timeout: max, refuses, .. } => (*max, *refuses),
            _ => return SimDuration::ZERO,
        };
        match refuses {
            Refuses::AtOnce => SimDuration::ZERO,
            Refuses::AfterWait => max,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::FixedWindow { limit, window, .. }
            | Self::SlidingCounter { limit, window, .. } => {
                problems.at_least_one("limit", *limit);
                problems.positive("window", *window);
            }
            Self::SlidingLog { limit, window, .. } => {
                problems.within("limit", f64::from(*limit), 1.0, f64::from(LOG_MAX));
                problems.positive("window", *window);
            }
            Self::TokenBucket { rate_per_s, burst, .. } | Self::Gcra { rate_per_s, burst, .. } => {
                problems.within("rate_per_s", *rate_per_s, 1e-6, 1e6);
                problems.at_least_one("burst", *burst);
            }
            Self::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
                problems.at_least_one("tokens_per_fill", *tokens_per_fill);
                if *fill_interval < FILL_INTERVAL_MIN {
                    let allowed = format!("must be at least {FILL_INTERVAL_MIN}, as Envoy's");
                    problems.refuse("fill_interval", fill_interval, &allowed);
                }
                problems.at_least_one("burst", *burst);
            }
            Self::NginxLimitReq { rate, delay, nodelay, .. } => {
                problems.at_least_one("rate", *rate);
                if *nodelay && *delay > 0 {
                    problems.refuse("delay", delay, "must be left out with `nodelay = true`");
                }
            }
            Self::Cycles { limit, period, .. } => {
                problems.at_least_one("limit", *limit);
                problems.positive("period", *period);
            }
        }
        problems.0
    }
}
