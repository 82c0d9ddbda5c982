//! The AWS SDKs' standard mode, version 2.1.

use rand::Rng;

use super::{Retry, grown, uniform};
use crate::engine::time::SimDuration;
use crate::policies::Outcome;

/// Uniform on [0, min(scale·2ⁿ⁻¹, cap)].
pub(super) fn wait(
    throttling: SimDuration,
    transient: SimDuration,
    cap: SimDuration,
    retry: Retry,
    rng: &mut impl Rng,
) -> SimDuration {
    let scale = if retry.outcome == Outcome::TooManyRequests { throttling } else { transient };
    grown(scale, 2.0, retry.number.saturating_sub(1), cap).mul_f64(uniform(rng))
}
