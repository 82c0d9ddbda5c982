//! The wait of SDKs that Stainless generates: openai 3.57, `_base_client.py`.

use rand::Rng;

use super::uniform;
use crate::engine::time::SimDuration;

/// A quarter of the wait is random, downwards.
const JITTER: f64 = 0.25;

pub(super) fn wait(grown: SimDuration, rng: &mut impl Rng) -> SimDuration {
    grown.mul_f64(1.0 - JITTER * uniform(rng))
}
