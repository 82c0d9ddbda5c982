//! When a registration that failed is tried again.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backoff::{BackoffSpec, Jitter};
use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// When a registration that failed is tried again. A `Retry-After` is honoured where
/// `honour_retry_after` says so: nothing is sent to that registrar for so long
/// (RFC 3261 §21.5.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RegistrationRetrySpec {
    /// Always after as long (AudioCodes: 30 s, its exponential backoff being off by default).
    Fixed {
        /// The wait.
        interval: SimDuration,
        /// Spread of the wait.
        #[serde(default)]
        jitter: Jitter,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
    },
    /// Longer by the same factor each time.
    Exponential {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is multiplied by.
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// The longest wait.
        cap: SimDuration,
        /// Spread of the wait.
        #[serde(default)]
        jitter: Jitter,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
    },
    /// Flow recovery of RFC 5626 §4.5: uniform on [W/2, W], W = min(max, base·2^failures).
    Rfc5626 {
        /// Base while no other flow is up.
        #[serde(default = "half_minute")]
        base_all_down: SimDuration,
        /// Base while another is.
        #[serde(default = "ninety")]
        base_some_up: SimDuration,
        /// The longest W.
        #[serde(default = "half_hour")]
        max: SimDuration,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
    },
}

const fn yes() -> bool {
    true
}

const fn two() -> f64 {
    2.0
}

const fn half_minute() -> SimDuration {
    SimDuration::from_secs(30)
}

const fn ninety() -> SimDuration {
    SimDuration::from_secs(90)
}

const fn half_hour() -> SimDuration {
    SimDuration::from_secs(1800)
}

impl Default for RegistrationRetrySpec {
    fn default() -> Self {
        Self::Fixed { interval: half_minute(), jitter: Jitter::None, honour_retry_after: true }
    }
}

impl RegistrationRetrySpec {
    /// The wait after `failures` failures in a row.
    pub fn delay(
        &self,
        failures: u32,
        all_flows_down: bool,
        retry_after: Option<SimDuration>,
        rng: &mut impl Rng,
    ) -> SimDuration {
        let honours = match *self {
            Self::Fixed { honour_retry_after, .. }
            | Self::Exponential { honour_retry_after, .. }
            | Self::Rfc5626 { honour_retry_after, .. } => honour_retry_after,
        };
        if let Some(wait) = retry_after.filter(|_| honours) {
            return wait;
        }
        match *self {
            Self::Fixed { interval, jitter, .. } => {
                BackoffSpec::Fixed { delay: interval, jitter }.delay(1, SimDuration::ZERO, rng)
            }
            Self::Exponential { base, multiplier, cap, jitter, .. } => {
                BackoffSpec::Exponential { base, multiplier, cap, jitter }.delay(
                    failures.max(1),
                    SimDuration::ZERO,
                    rng,
                )
            }
            Self::Rfc5626 { base_all_down, base_some_up, max, .. } => {
                let base = if all_flows_down { base_all_down } else { base_some_up };
                // W doubles with each failure, the first included.
                BackoffSpec::Exponential {
                    base: base * 2,
                    multiplier: 2.0,
                    cap: max,
                    jitter: Jitter::Equal,
                }
                .delay(failures.max(1), SimDuration::ZERO, rng)
            }
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::Fixed { interval, .. } => problems.positive("interval", *interval),
            Self::Exponential { base, multiplier, cap, .. } => {
                problems.positive("base", *base);
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
                if cap < base {
                    problems.refuse("cap", cap, &format!("must be at least the base ({base})"));
                }
            }
            Self::Rfc5626 { base_all_down, base_some_up, max, .. } => {
                problems.positive("base_all_down", *base_all_down);
                problems.positive("base_some_up", *base_some_up);
                if max < base_all_down || max < base_some_up {
                    problems.refuse("max", max, "must be at least both bases");
                }
            }
        }
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::RandomSource;

    /// RFC 5626 §4.5: after 1, 2, … failures with all flows down W is 60, 120, 240, 480, 960 s.
    #[test]
    fn flow_recovery_waits_between_half_and_the_whole_of_w() {
        let spec = RegistrationRetrySpec::Rfc5626 {
            base_all_down: half_minute(),
            base_some_up: ninety(),
            max: half_hour(),
            honour_retry_after: true,
        };
        for (failures, w) in
            [(1_u32, 60.0_f64), (2, 120.0), (3, 240.0), (4, 480.0), (5, 960.0), (9, 1800.0)]
        {
            for index in 0..200 {
                let mut rng = RandomSource::new(1, 0).at(0, 0, index);
                let wait = spec.delay(failures, true, None, &mut rng).as_secs_f64();
                assert!((w / 2.0..=w).contains(&wait), "{wait} after {failures}");
            }
        }
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        let told = Some(SimDuration::from_secs(7));
        assert_eq!(spec.delay(3, true, told, &mut rng), SimDuration::from_secs(7));
    }
}
