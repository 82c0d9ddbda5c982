//! backon's `ExponentialBuilder` (1.6, `exponential.rs`), in its 32-bit arithmetic.

use rand::Rng;

use super::{BackoffState, uniform};
use crate::engine::time::SimDuration;

/// The wait before jitter.
pub(super) fn grow(
    state: &BackoffState,
    min_delay: SimDuration,
    factor: f64,
    max_delay: Option<SimDuration>,
) -> SimDuration {
    if state.growth == 0 {
        return min_delay;
    }
    match max_delay {
        Some(max) if state.current >= max => max,
        max => times(state.current, factor as f32).min(max.unwrap_or(SimDuration::MAX)),
    }
}

/// The wait with up to as much again added.
pub(super) fn wait(current: SimDuration, jitter: bool, rng: &mut impl Rng) -> SimDuration {
    if !jitter {
        return current;
    }
    let added = times(current, uniform(rng) as f32);
    SimDuration::from_nanos(current.as_nanos().saturating_add(added.as_nanos()))
}

/// As `Duration::try_from_secs_f32(factor * length.as_secs_f32())`, which `mul_f32` is too: of two
/// nanoseconds equally near the even one. The product of a 32-bit number and 10⁹ is exact in 64.
fn times(length: SimDuration, factor: f32) -> SimDuration {
    const BILLION: u64 = 1_000_000_000;
    let nanos = length.as_nanos();
    let seconds = (nanos / BILLION) as f32 + (nanos % BILLION) as f32 / BILLION as f32;
    SimDuration::from_nanos((f64::from(factor * seconds) * 1e9).round_ties_even() as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 69/1024 s and 67/1024 s lie half-way between two nanoseconds: 67382812.5 and 65429687.5.
    #[test]
    fn half_a_nanosecond_goes_to_the_even_one() {
        let start = SimDuration::from_nanos(62_500_000);
        assert_eq!(times(start, 69.0 / 64.0).as_nanos(), 67_382_812);
        assert_eq!(times(start, 67.0 / 64.0).as_nanos(), 65_429_688);
    }

    proptest::proptest! {
        /// To the nanosecond what the standard library makes of it.
        #[test]
        fn products_are_those_of_a_duration(
            nanos in 0u64..100_000_000_000_000,
            factor in 0f32..1000.0,
        ) {
            let expected = Duration::from_nanos(nanos).mul_f32(factor).as_nanos();
            let found = times(SimDuration::from_nanos(nanos), factor).as_nanos();
            proptest::prop_assert_eq!(u128::from(found), expected);
        }
    }
}
