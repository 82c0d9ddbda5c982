//! Finagle's `Backoff.decorrelatedJittered`.

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// `start` before the first retry; then uniform on [start, min(3·previous, max)), whole
/// nanoseconds.
pub(super) fn wait(
    start: SimDuration,
    max: SimDuration,
    previous: SimDuration,
    n: u32,
    rng: &mut impl Rng,
) -> SimDuration {
    if n <= 1 {
        return start;
    }
    let last = previous.max(start).as_nanos();
    let top = last.saturating_mul(3).min(max.as_nanos());
    let width = top - start.as_nanos().min(top);
    SimDuration::from_nanos(start.as_nanos() + (width as f64 * uniform(rng)) as u64)
}
