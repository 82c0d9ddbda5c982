//! The Genesys SDKs' waits after 5xx: 3, 9, 27 s by the time that has passed (.NET SDK
//! `ApiClient.cs`, class `Retry`).

use crate::engine::time::SimDuration;

/// base·3^k, k = min(steps, ⌊elapsed/every⌋ + 1); elapsed in whole milliseconds.
pub(super) fn wait(
    base: SimDuration,
    every: SimDuration,
    steps: u32,
    elapsed: SimDuration,
) -> SimDuration {
    let ms = |d: SimDuration| d.as_nanos() / 1_000_000;
    let bucket = ms(elapsed) / ms(every).max(1) + 1;
    let k = u32::try_from(bucket).unwrap_or(steps).min(steps);
    SimDuration::from_nanos(base.as_nanos().saturating_mul(3u64.saturating_pow(k)))
}
