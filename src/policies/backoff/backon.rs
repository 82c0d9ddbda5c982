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

fn times(length: SimDuration, factor: f32) -> SimDuration {
    const BILLION: u64 = 1_000_000_000;
    let nanos = length.as_nanos();
    let seconds = (nanos / BILLION) as f32 + (nanos % BILLION) as f32 / BILLION as f32;
    SimDuration::from_secs_f64(f64::from(factor * seconds))
}
