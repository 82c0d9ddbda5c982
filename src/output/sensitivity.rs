//! What a sensitivity analysis found, as a table and as JSON.

use super::tables::{number, table as csv};
use crate::experiment::sensitivity::results::{Estimate, Sensitivity};

/// A row per metric and factor, the one that matters most first: the share of the metric's
/// variance that it explains alone and in all, or its effects over the whole range in the metric's
/// unit, with the ends of their intervals; fields of the other method are empty.
#[must_use]
pub fn table(found: &Sensitivity) -> Vec<u8> {
    let header = [
        "metric",
        "unit",
        "factor",
        "alone",
        "alone_low",
        "alone_high",
        "in_all",
        "in_all_low",
        "in_all_high",
        "effect",
        "effect_low",
        "effect_high",
        "effect_mean",
        "effect_sd",
        "upper_less_lower",
        "upper_less_lower_low",
        "upper_less_lower_high",
        "noise_share",
        "replications",
    ];
    let rows = found.metrics.iter().flat_map(|metric| {
        metric.factors.iter().map(move |factor| {
            let mut row = vec![metric.metric.clone(), metric.unit.clone(), factor.factor.clone()];
            row.extend([factor.alone, factor.in_all, factor.effect].into_iter().flat_map(fields));
            row.extend([factor.effect_mean, factor.effect_sd].map(field));
            row.extend(fields(factor.upper_less_lower));
            row.push(number(metric.noise_share));
            row.push(metric.replications.to_string());
            row
        })
    });
    csv(header.map(str::to_owned).to_vec(), rows)
}

fn field(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

fn fields(estimate: Option<Estimate>) -> [String; 3] {
    match estimate {
        Some(Estimate { estimate, low, high }) => [estimate, low, high].map(number),
        None => [const { String::new() }; 3],
    }
}

/// The results as JSON, indented.
///
/// # Panics
/// Where they cannot be written as JSON, which is a bug.
#[must_use]
pub fn json(found: &Sensitivity) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(found).expect("results are writable as JSON");
    bytes.push(b'\n');
    bytes
}
