//! Client-side send throttles: a client that holds its own requests back, or refuses them, by what
//! the answers say. One file per algorithm; the state is one client replica's.

mod cubic;
mod sre;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
pub use cubic::{Cubic, CubicCosts, CubicRate, RateClock};
pub use sre::AdaptiveThrottle;

/// A client-side throttle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ThrottleSpec {
    /// Tries are sent when they are due.
    #[default]
    None,
    /// The AWS SDKs' adaptive mode: from the first 429 on tries take tokens from a bucket whose
    /// rate follows CUBIC (botocore `adaptive.py`, `throttling.py`, `bucket.py`). SDKs differ in
    /// what a try costs.
    AwsAdaptive {
        /// Scale constant C of CUBIC (0.4).
        #[serde(default = "scale")]
        #[schemars(range(min = 0.001, max = 1000.0))]
        scale: f64,
        /// What a 429 leaves of the rate (0.7).
        #[serde(default = "beta")]
        #[schemars(range(min = 0.01, max = 1.0))]
        beta: f64,
        /// Weight of the last half second in the measured rate (0.8).
        #[serde(default = "smoothing")]
        #[schemars(range(min = 0.0, max = 1.0))]
        smoothing: f64,
        /// The least rate, per second (0.5).
        #[serde(default = "half")]
        #[schemars(range(min = 0.001, max = 1_000_000.0))]
        rate_per_s_min: f64,
        /// Tokens a first try takes (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        first_cost: f64,
        /// Tokens a retry takes (botocore 1, smithy-rs 5).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        retry_cost: f64,
        /// Tokens a retry after a time-out takes (botocore 1, smithy-rs 10).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        timeout_cost: f64,
        /// Whether a try that has to wait takes its tokens at once (smithy-rs), or asks again when
        /// they should be there (botocore).
        #[serde(default)]
        reserve: bool,
    },
    /// Google's adaptive throttling (Site Reliability Engineering, ch. 21, eq. 21-1): a try is
    /// refused on the spot with probability max(0, (requests − K·accepts)/(requests + 1)) of the
    /// last window.
    GoogleSre {
        /// K (2).
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        k: f64,
        /// The window (2 min).
        #[serde(default = "two_minutes")]
        window: SimDuration,
        /// Parts in which the window slides. Assumption: one per second.
        #[serde(default = "parts")]
        #[schemars(range(min = 1, max = 10_000))]
        buckets: u32,
    },
}

const fn scale() -> f64 {
    0.4
}

const fn beta() -> f64 {
    0.7
}

const fn smoothing() -> f64 {
    0.8
}

const fn half() -> f64 {
    0.5
}

const fn one() -> f64 {
    1.0
}

const fn two() -> f64 {
    2.0
}

const fn two_minutes() -> SimDuration {
    SimDuration::from_secs(120)
}

const fn parts() -> u32 {
    120
}

/// What a try is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// A first try.
    First,
    /// A retry.
    Retry,
    /// A retry after a time-out.
    RetryAfterTimeout,
}

/// Whether a try may be sent.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Now.
    Open,
    /// Not before `until`; its place is taken, it need not ask again.
    Reserved {
        /// When it is sent.
        until: SimTime,
    },
    /// It is to ask again at `until`.
    Wait {
        /// When to ask.
        until: SimTime,
    },
    /// Not at all.
    Refused,
}

impl ThrottleSpec {
    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::None => {}
            Self::AwsAdaptive { scale, beta, smoothing, rate_per_s_min, .. } => {
                problems.within("scale", *scale, 0.001, 1000.0);
                problems.within("beta", *beta, 0.01, 1.0);
                problems.within("smoothing", *smoothing, 0.0, 1.0);
                problems.within("rate_per_s_min", *rate_per_s_min, 0.001, 1e6);
            }
            Self::GoogleSre { k, window, buckets } => {
                problems.within("k", *k, 1.0, 1000.0);
                problems.positive("window", *window);
                if !(1..=10_000).contains(buckets) {
                    problems.refuse("buckets", buckets, "must be from 1 to 10000");
                }
            }
        }
        problems.0
    }
}

/// The state of a client-side throttle.
#[derive(Clone, Debug)]
pub enum Throttle {
    /// None at all.
    None,
    /// Of [`ThrottleSpec::AwsAdaptive`].
    AwsAdaptive(Box<Cubic>),
    /// Of [`ThrottleSpec::GoogleSre`].
    GoogleSre(AdaptiveThrottle),
}

impl Throttle {
    /// A throttle that has seen nothing yet.
    #[must_use]
    pub fn new(spec: &ThrottleSpec) -> Self {
        match *spec {
            ThrottleSpec::None => Self::None,
            ThrottleSpec::AwsAdaptive {
                scale,
                beta,
                smoothing,
                rate_per_s_min,
                first_cost,
                retry_cost,
                timeout_cost,
                reserve,
            } => {
                let costs = CubicCosts { first_cost, retry_cost, timeout_cost, reserve };
                Self::AwsAdaptive(Box::new(Cubic::new(
                    CubicRate::new(scale, beta, 0.0, SimTime::ZERO),
                    RateClock::new(smoothing, SimTime::ZERO),
                    rate_per_s_min,
                    costs,
                )))
            }
            ThrottleSpec::GoogleSre { k, window, buckets } => {
                Self::GoogleSre(AdaptiveThrottle::new(k, window, buckets))
            }
        }
    }

    /// Whether a try may be sent at `now`.
    pub fn admit(&mut self, now: SimTime, sending: Sending, rng: &mut impl Rng) -> Gate {
        match self {
            Self::None => Gate::Open,
            Self::AwsAdaptive(cubic) => cubic.admit(now, sending),
            Self::GoogleSre(throttle) => throttle.admit(now, rng),
        }
    }

    /// A try that was sent has its outcome.
    pub fn on_response(&mut self, now: SimTime, outcome: Outcome) {
        match self {
            Self::None => {}
            Self::AwsAdaptive(cubic) => {
                cubic.on_response(now, outcome == Outcome::TooManyRequests);
            }
            Self::GoogleSre(throttle) if outcome == Outcome::Ok => throttle.on_accept(now),
            Self::GoogleSre(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
