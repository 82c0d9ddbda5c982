//! Polly 8, `RetryHelper.cs`. Attempts are counted from 0 there.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::uniform;
use crate::engine::time::SimDuration;

/// How Polly's waits grow.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PollyGrowth {
    /// Not at all.
    #[default]
    Constant,
    /// By the base wait each time.
    Linear,
    /// Twofold each time.
    Exponential,
}

/// The wait before retry `n` (from 1). `uncapped` is the last value of the decorrelated formula.
pub(super) fn wait(
    growth: PollyGrowth,
    delay: SimDuration,
    jitter: bool,
    n: u32,
    uncapped: &mut f64,
    rng: &mut impl Rng,
) -> SimDuration {
    if delay.is_zero() {
        return delay;
    }
    let attempt = f64::from(n.saturating_sub(1));
    let factor = match (growth, jitter) {
        (PollyGrowth::Constant, _) => 1.0,
        (PollyGrowth::Linear, _) => attempt + 1.0,
        (PollyGrowth::Exponential, false) => libm::pow(2.0, attempt),
        (PollyGrowth::Exponential, true) => {
            return delay.mul_f64(decorrelated(attempt + uniform(rng), uncapped));
        }
    };
    // A quarter up and down.
    let spread = if jitter { 0.5 * uniform(rng) - 0.25 } else { 0.0 };
    delay.mul_f64(factor * (1.0 + spread))
}

/// Decorrelated jitter V2 (G. Polevoy, App-vNext/Polly#530): the growth of 2ᵗ·tanh(√(4t)) since
/// the last draw, over 1.4. It never falls below zero, since t grows.
fn decorrelated(t: f64, last: &mut f64) -> f64 {
    let next = libm::pow(2.0, t) * libm::tanh(libm::sqrt(4.0 * t));
    let step = next - std::mem::replace(last, next);
    (step / 1.4).max(0.0)
}
