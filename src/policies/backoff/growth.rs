//! The plain jitters of the AWS Architecture Blog, below a ceiling that grows by amount or factor.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::uniform;
use crate::engine::time::SimDuration;

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

/// A wait below `ceiling`.
pub(super) fn spread(
    ceiling: SimDuration,
    base: SimDuration,
    cap: SimDuration,
    jitter: Jitter,
    previous: SimDuration,
    rng: &mut impl Rng,
) -> SimDuration {
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
