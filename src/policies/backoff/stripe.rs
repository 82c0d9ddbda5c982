//! The wait of stripe-python 16, `_http_client.py`.

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// Half of `grown` and up to as much again, but at least `initial`.
pub(super) fn wait(grown: SimDuration, initial: SimDuration, rng: &mut impl Rng) -> SimDuration {
    grown.mul_f64(0.5 + 0.5 * uniform(rng)).max(initial)
}
