//! Envoy: uniform below a window that grows, in whole milliseconds.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::uniform;
use crate::engine::time::SimDuration;

/// How the window of Envoy's backoff grows.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvoyWindow {
    /// (2ⁿ − 1)·base before retry n: 25, 75, 175 ms. What the router filter's page says.
    #[default]
    Documented,
    /// 2ⁿ⁻¹·base: 25, 50, 100 ms. What `backoff_strategy.cc` does since the interval is doubled
    /// there.
    Doubling,
}

/// Uniform on the whole milliseconds from 0 to one less than the window before retry `n`.
pub(super) fn wait(
    base: SimDuration,
    max: Option<SimDuration>,
    window: EnvoyWindow,
    n: u32,
    rng: &mut impl Rng,
) -> SimDuration {
    // Envoy counts in whole milliseconds, and rounds a shorter base up.
    let ms = |d: SimDuration| d.as_nanos().div_ceil(1_000_000).max(1);
    let base = ms(base);
    let max = max.map_or(base.saturating_mul(10), ms);
    let factor = match window {
        EnvoyWindow::Documented => (1u64 << n.min(40)) - 1,
        EnvoyWindow::Doubling => 1u64 << (n.saturating_sub(1)).min(40),
    };
    let window = base.saturating_mul(factor).min(max);
    SimDuration::from_millis(((window as f64 * uniform(rng)) as u64).min(window - 1))
}
