//! resilience4j's `IntervalFunction`: milliseconds as whole numbers.

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// The interval before retry `n` (from 1).
pub(super) fn wait(
    initial: SimDuration,
    multiplier: f64,
    randomization: f64,
    max: Option<SimDuration>,
    n: u32,
    rng: &mut impl Rng,
) -> SimDuration {
    let ms = |d: SimDuration| d.as_nanos() / 1_000_000;
    let mut interval = ms(initial);
    for _ in 1..n {
        // Java's narrowing of a double: the fraction is cut, too large a value is the largest.
        let grown = ((interval as f64 * multiplier) as u64).min(i64::MAX as u64);
        if grown == interval {
            break;
        }
        interval = grown;
    }
    if randomization > 0.0 {
        let delta = randomization * interval as f64;
        let (low, high) = (interval as f64 - delta, interval as f64 + delta);
        interval = (low + uniform(rng) * (high - low + 1.0)).max(1.0) as u64;
    }
    let most = max.map_or(SimDuration::MAX.as_nanos() / 1_000_000, ms);
    SimDuration::from_millis(interval.min(most))
}
