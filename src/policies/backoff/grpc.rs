//! gRPC: the jitter comes after the cap.

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// `grown` times a factor uniform on [1 − jitter, 1 + jitter).
pub(super) fn wait(grown: SimDuration, jitter: f64, rng: &mut impl Rng) -> SimDuration {
    grown.mul_f64(1.0 - jitter + 2.0 * jitter * uniform(rng))
}
