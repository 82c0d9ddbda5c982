//! Client-side send throttles: a client that holds its own requests back, or refuses them, by what
//! the answers say. One file per algorithm; the state is one client replica's.

mod aatb;
mod atb;
mod connection_errors;
mod cubic;
mod hundredths;
mod pacing;
mod spec;
mod sre;
mod telemetry;

use rand::Rng;

use super::Outcome;
use crate::engine::time::{SimDuration, SimTime};
pub use aatb::{Aatb, AatbFigures, Tokens};
pub use atb::{Atb, AtbFigures};
pub use cubic::{Cubic, CubicCosts, CubicRate, RateClock};
pub use pacing::{Pacing, PacingRule};
pub use spec::ThrottleSpec;
pub use sre::AdaptiveThrottle;
pub use telemetry::{Report, Sums, Telemetry};

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

/// The state of a client-side throttle.
#[derive(Clone, Debug)]
pub enum Throttle {
    /// None at all.
    None,
    /// Of [`ThrottleSpec::AwsAdaptive`].
    AwsAdaptive(Box<Cubic>),
    /// Of [`ThrottleSpec::GoogleSre`].
    GoogleSre(AdaptiveThrottle),
    /// Of [`ThrottleSpec::Atb`].
    Atb(Box<Atb>),
    /// Of [`ThrottleSpec::Aatb`].
    Aatb(Box<Aatb>),
    /// Of the kinds that go by limit headers.
    Paced(Pacing),
}

/// The gate of a try that has taken its place and waits for `wait_s` seconds.
fn later(now: SimTime, wait_s: f64) -> Gate {
    let until = now.saturating_add(SimDuration::from_secs_f64(wait_s.max(0.0)));
    if until > now { Gate::Reserved { until } } else { Gate::Open }
}

/// A number of [0, 1), uniform.
fn uniform(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
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
            ThrottleSpec::Atb { .. } | ThrottleSpec::Aatb { .. } => Self::adaptive(spec),
            ThrottleSpec::Prawcore { window, wait_max } => {
                Self::Paced(Pacing::new(PacingRule::Prawcore { window, wait_max }))
            }
            ThrottleSpec::UntilReset { margin, plus, after_ok, retry_after } => {
                let rule = PacingRule::UntilReset { margin, plus, after_ok, retry_after };
                Self::Paced(Pacing::new(rule))
            }
            ThrottleSpec::Spread {} => Self::Paced(Pacing::new(PacingRule::Spread)),
        }
    }

    /// An adaptive token bucket.
    fn adaptive(spec: &ThrottleSpec) -> Self {
        match *spec {
            ThrottleSpec::Atb {
                bucket_size,
                initial_tokens,
                initial_rate_per_min,
                initial_congestion,
                first_step,
                second_step,
                connection_errors_max,
            } => Self::Atb(Box::new(Atb::new(AtbFigures {
                bucket_size,
                initial_tokens,
                initial_rate_per_min,
                initial_congestion,
                first_step,
                second_step,
                connection_errors_max,
            }))),
            ThrottleSpec::Aatb {
                bucket_size,
                initial_tokens,
                initial_rate_per_min,
                first_step,
                second_step,
                report_window,
                token_rate_per_min,
                connection_errors_max,
                ..
            } => Self::Aatb(Box::new(Aatb::new(AatbFigures {
                bucket_size,
                initial_tokens,
                initial_rate_per_min,
                first_step,
                second_step,
                report_window,
                token_rate_per_min,
                connection_errors_max,
            }))),
            _ => Self::None,
        }
    }

    /// Whether a try may be sent at `now`.
    pub fn admit(&mut self, now: SimTime, sending: Sending, rng: &mut impl Rng) -> Gate {
        match self {
            Self::None => Gate::Open,
            Self::AwsAdaptive(cubic) => cubic.admit(now, sending),
            Self::GoogleSre(throttle) => throttle.admit(now, rng),
            Self::Atb(bucket) => bucket.admit(now),
            Self::Aatb(bucket) => bucket.admit(now),
            Self::Paced(pacing) => pacing.admit(now),
        }
    }

    /// A try that was sent has its outcome. What its headers say is told to a pacing apart.
    pub fn on_response(&mut self, now: SimTime, outcome: Outcome) {
        match self {
            Self::None | Self::Paced(_) => {}
            Self::AwsAdaptive(cubic) => {
                cubic.on_response(now, outcome == Outcome::TooManyRequests);
            }
            Self::GoogleSre(throttle) if outcome == Outcome::Ok => throttle.on_accept(now),
            Self::GoogleSre(_) => {}
            Self::Atb(bucket) => bucket.on_response(now, outcome),
            Self::Aatb(bucket) => bucket.on_response(now, outcome),
        }
    }
}

#[cfg(test)]
mod adaptive_tests;
#[cfg(test)]
mod tests;
