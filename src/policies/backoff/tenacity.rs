//! tenacity's exponential waits, `wait.py`.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::uniform;
use crate::engine::time::SimDuration;

/// Which of tenacity's waits.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenacityWait {
    /// `wait_exponential`: the grown wait within its bounds.
    #[default]
    Exponential,
    /// `wait_random_exponential`: uniform between the shortest wait and that.
    RandomExponential,
    /// `wait_exponential_jitter`: up to `jitter` longer, then bounded.
    ExponentialJitter,
}

/// The wait, from `grown` = multiplier·baseⁿ⁻¹ in seconds.
pub(super) fn wait(
    which: TenacityWait,
    grown: f64,
    (min, max): (f64, f64),
    jitter: f64,
    rng: &mut impl Rng,
) -> SimDuration {
    let bounded = |wait: f64| wait.min(max).max(min);
    SimDuration::from_secs_f64(match which {
        TenacityWait::Exponential => bounded(grown),
        TenacityWait::RandomExponential => min + (bounded(grown) - min) * uniform(rng),
        TenacityWait::ExponentialJitter => bounded(grown + jitter * uniform(rng)),
    })
}
