//! urllib3's `Retry.get_backoff_time` (2.8).

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// The wait before retry `n` (from 1): none before the first.
pub(super) fn wait(
    factor: SimDuration,
    max: SimDuration,
    jitter: SimDuration,
    n: u32,
    rng: &mut impl Rng,
) -> SimDuration {
    if n <= 1 {
        return SimDuration::ZERO;
    }
    let grown = factor.as_secs_f64() * libm::pow(2.0, f64::from(n - 1)).min(f64::MAX);
    let added = if jitter.is_zero() { 0.0 } else { jitter.as_secs_f64() * uniform(rng) };
    let wait = grown + added;
    if wait >= max.as_secs_f64() { max } else { SimDuration::from_secs_f64(wait) }
}
