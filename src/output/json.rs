//! Results as JSON, one file per command.

use serde::Serialize;

/// Indented, for people as well.
///
/// # Panics
/// Where the results cannot be written as JSON, which is a bug.
#[must_use]
pub fn indented(results: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(results).expect("results are writable as JSON");
    bytes.push(b'\n');
    bytes
}

/// On one line, for results of many points and all metrics.
///
/// # Panics
/// Where the results cannot be written as JSON, which is a bug.
#[must_use]
pub fn compact(results: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(results).expect("results are writable as JSON");
    bytes.push(b'\n');
    bytes
}
