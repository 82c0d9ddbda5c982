//! A comparison as CSV: the points by each metric, and the differences.

use super::tables::table;
use crate::experiment::compare::best::Standing;
use crate::experiment::compare::paired::Sign;
use crate::experiment::compare::report::{ByMetric, Comparison, Difference, RankedPoint};
use crate::experiment::figures::Estimate;
use crate::experiment::plan::Plan;

/// A row per metric and point, from best to worst: its levels, its mean, that as a multiple of the
/// best, how far it is ahead of the best of the others, and whether it is the best.
#[must_use]
pub fn ranking(plan: &Plan, comparison: &Comparison) -> Vec<u8> {
    let mut header: Vec<String> = ["metric", "unit", "rank", "point"].map(str::to_owned).into();
    header.extend(plan.factors.iter().map(|f| f.name.clone()));
    header.push("runs".to_owned());
    for of in ["mean", "relative", "advantage"] {
        header.extend([of.to_owned(), format!("{of}_low"), format!("{of}_high")]);
    }
    header.push("standing".to_owned());
    let row = |by: &ByMetric, rank: usize, ranked: &RankedPoint| {
        let mut row = vec![by.metric.clone(), by.unit.clone(), (rank + 1).to_string()];
        row.push(ranked.point.to_string());
        let levels = &comparison.points[ranked.point].levels;
        row.extend(plan.factors.iter().map(|f| levels[&f.name].clone()));
        row.push(ranked.runs.to_string());
        row.extend(ends(Some(&ranked.mean)));
        row.extend(ends(Some(&ranked.relative)));
        row.extend(ends(ranked.advantage.as_ref()));
        row.push(ranked.standing.map_or("", Standing::word).to_owned());
        row
    };
    let rows = comparison.metrics.iter().flat_map(|by| {
        by.ranked.iter().enumerate().map(move |(rank, ranked)| row(by, rank, ranked))
    });
    table(header, rows)
}

/// A row per metric and comparison: the two points, their paired difference, what its interval
/// says, and whether common random numbers paid.
#[must_use]
pub fn differences(comparison: &Comparison) -> Vec<u8> {
    let header = [
        "metric",
        "unit",
        "point",
        "label",
        "against",
        "against_label",
        "pairs",
        "difference",
        "difference_low",
        "difference_high",
        "confidence",
        "sign",
        "correlation",
        "correlation_low",
        "correlation_high",
        "variance_ratio",
    ];
    let row = |by: &ByMetric, d: &Difference| {
        let mut row = vec![by.metric.clone(), by.unit.clone()];
        for point in [d.point, d.against] {
            row.extend([point.to_string(), comparison.label(point).to_owned()]);
        }
        row.push(d.pairs.to_string());
        row.extend(ends(Some(&d.difference)));
        row.push(d.confidence.to_string());
        row.push(Sign::word(d.sign).to_owned());
        row.extend(ends(Some(&d.correlation)));
        row.push(number(d.variance_ratio));
        row
    };
    let rows = comparison
        .metrics
        .iter()
        .flat_map(|by| by.differences.iter().map(move |difference| row(by, difference)));
    table(header.map(str::to_owned).into(), rows)
}

fn ends(estimate: Option<&Estimate>) -> [String; 3] {
    match estimate {
        Some(e) => [e.estimate, e.low, e.high].map(number),
        None => [const { String::new() }; 3],
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
