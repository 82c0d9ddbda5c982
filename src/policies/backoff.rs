//! How long to wait before the next try.
//!
//! The ceiling of the wait before retry n (from 1) is `min(cap, base·multiplierⁿ⁻¹)`; the jitter
//! draws the wait below it. Formulas of the jitters: M. Brooker, "Exponential Backoff And Jitter",
//! AWS Architecture Blog 2015, and its simulator aws-arch-backoff-simulator.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// How long to wait before the next try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BackoffSpec {
    /// Always as long.
    Fixed {
        /// The wait.
        delay: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
    /// Longer by the same amount each time.
    Linear {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is longer by.
        increment: SimDuration,
        /// The longest wait.
        cap: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
    /// Longer by the same factor each time.
    Exponential {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is multiplied by; 1 is a fixed wait.
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// The longest wait.
        cap: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
}

const fn two() -> f64 {
    2.0
}

/// How a wait spreads below its ceiling v.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// v.
    #[default]
    None,
    /// Uniform on [0, v].
    Full,
    /// v/2, and uniform on [0, v/2] on top.
    Equal,
    /// Uniform between the base and three times the last wait, at most the cap; before the first
    /// retry the base counts as the last wait. As at AWS the multiplier does not enter: the factor
    /// 3 takes its place.
    Decorrelated,
}

/// Uniform on [0, 1), 53 bits.
fn uniform(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

impl BackoffSpec {
    /// The wait before retry `retry` (from 1) after a wait of `previous` (zero before the first).
    pub fn delay(&self, retry: u32, previous: SimDuration, rng: &mut impl Rng) -> SimDuration {
        let ceiling = self.ceiling(retry);
        let (base, cap, jitter) = match *self {
            Self::Fixed { delay, jitter } => (delay, delay, jitter),
            Self::Linear { base, cap, jitter, .. }
            | Self::Exponential { base, cap, jitter, .. } => (base, cap, jitter),
        };
        match jitter {
            Jitter::None => ceiling,
            Jitter::Full => ceiling.mul_f64(uniform(rng)),
            Jitter::Equal => ceiling.mul_f64(0.5 + 0.5 * uniform(rng)),
            Jitter::Decorrelated => {
                let last = previous.max(base).as_secs_f64();
                let low = base.as_secs_f64();
                let wait = low + (3.0 * last - low) * uniform(rng);
                SimDuration::from_secs_f64(wait).min(cap.max(base))
            }
        }
    }

    /// The longest wait before retry `retry` without decorrelation.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> SimDuration {
        let earlier = retry.saturating_sub(1);
        match *self {
            Self::Fixed { delay, .. } => delay,
            Self::Linear { base, increment, cap, .. } => {
                let grown = increment.as_nanos().saturating_mul(u64::from(earlier));
                SimDuration::from_nanos(base.as_nanos().saturating_add(grown)).min(cap)
            }
            Self::Exponential { base, multiplier, cap, .. } => {
                let exponent = f64::from(earlier.min(10_000));
                // Kept finite: no wait at all, however often multiplied, is none.
                let factor = libm::pow(multiplier, exponent).min(f64::MAX);
                let grown = base.as_secs_f64() * factor;
                if grown >= cap.as_secs_f64() { cap } else { SimDuration::from_secs_f64(grown) }
            }
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::Fixed { .. } => {}
            Self::Linear { base, cap, .. } | Self::Exponential { base, cap, .. } if cap < base => {
                problems.refuse("cap", cap, &format!("must be at least the base ({base})"));
            }
            Self::Linear { .. } => {}
            Self::Exponential { multiplier, .. } => {
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
            }
        }
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::random::RandomSource;

    fn exponential(jitter: Jitter) -> BackoffSpec {
        BackoffSpec::Exponential {
            base: SimDuration::from_millis(100),
            multiplier: 2.0,
            cap: SimDuration::from_secs(2),
            jitter,
        }
    }

    #[test]
    fn ceilings_double_up_to_the_cap() {
        let spec = exponential(Jitter::None);
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        let waits: Vec<u64> = (1..=7)
            .map(|n| spec.delay(n, SimDuration::ZERO, &mut rng).as_nanos() / 1_000_000)
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(spec.ceiling(u32::MAX), SimDuration::from_secs(2));
    }

    #[test]
    fn a_linear_backoff_adds_its_increment() {
        let spec = BackoffSpec::Linear {
            base: SimDuration::from_secs(1),
            increment: SimDuration::from_secs(2),
            cap: SimDuration::from_secs(6),
            jitter: Jitter::None,
        };
        let waits = [1, 2, 3, 4].map(|n| spec.ceiling(n));
        assert_eq!(waits, [1, 3, 5, 6].map(SimDuration::from_secs));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn waits_stay_in_their_bounds(retry in 1u32..40, last_ms in 0u64..2000, index: u64) {
            let last = SimDuration::from_millis(last_ms);
            let mut rng = RandomSource::new(3, 0).at(0, 0, index);
            let top = exponential(Jitter::None).ceiling(retry);
            prop_assert!(exponential(Jitter::Full).delay(retry, last, &mut rng) <= top);
            let equal = exponential(Jitter::Equal).delay(retry, last, &mut rng);
            prop_assert!(equal <= top && equal >= top.mul_f64(0.5));
            let decorrelated = exponential(Jitter::Decorrelated).delay(retry, last, &mut rng);
            let base = SimDuration::from_millis(100);
            prop_assert!(decorrelated >= base);
            prop_assert!(decorrelated <= (last.max(base) * 3).min(SimDuration::from_secs(2)));
        }
    }
}
