//! Tables as CSV: a column per metric, an empty field where nothing was observed, numbers as short
//! as they can be read back exactly.

use crate::experiment::plan::Plan;
use crate::experiment::runner::{Outcome, Unit};
use crate::experiment::select::threshold::together;
use crate::experiment::summary::Summary;
use crate::system::RunResult;
use crate::system::metrics::{Breakdown, METRICS, Series};

/// A row per unit, in their order; see [`units`].
#[must_use]
pub fn runs(plan: &Plan, of: &[Unit], outcomes: &[Outcome]) -> Vec<u8> {
    units(plan, of.iter().copied().zip(outcomes))
}

/// A row per unit: its point and replication, the levels, what became of the run (`ok`, or why it
/// stopped), and every metric.
#[must_use]
pub fn units<'a>(plan: &Plan, units: impl Iterator<Item = (Unit, &'a Outcome)>) -> Vec<u8> {
    let mut header = vec!["point".to_owned(), "replication".to_owned()];
    header.extend(plan.factors.iter().map(|f| f.name.clone()));
    header.push("status".to_owned());
    header.extend(METRICS.iter().map(|m| m.name.to_owned()));
    let rows = units.map(|(unit, outcome)| {
        let mut row = vec![unit.point.to_string(), unit.replication.to_string()];
        row.extend(levels(plan, unit.point));
        match outcome {
            Ok(values) => {
                row.push("ok".to_owned());
                row.extend(values.iter().map(|v| number(*v)));
            }
            Err(error) => {
                row.push(error.to_string());
                row.extend(METRICS.iter().map(|_| String::new()));
            }
        }
        row
    });
    table(header, rows)
}

/// A row per point: its levels, how many runs gave a result and how many stopped, what that says
/// of the study's thresholds if it has any, and of every metric the mean and the ends of its
/// interval.
#[must_use]
pub fn summary(plan: &Plan, summary: &Summary) -> Vec<u8> {
    let mut header = vec!["point".to_owned()];
    header.extend(plan.factors.iter().map(|f| f.name.clone()));
    header.extend(["runs", "failed", "confidence"].map(str::to_owned));
    let judged = !plan.study.sla.is_empty();
    header.extend(judged.then(|| "sla".to_owned()));
    for metric in METRICS {
        header.extend(["mean", "low", "high"].map(|of| format!("{}_{of}", metric.name)));
    }
    let rows = summary.points.iter().enumerate().map(|(point, estimates)| {
        let mut row = vec![point.to_string()];
        row.extend(levels(plan, point));
        row.extend([estimates.runs.to_string(), estimates.failed.to_string()]);
        row.push(number(summary.confidence));
        let verdict = || together(&summary.verdicts(plan, point)).word().to_owned();
        row.extend(judged.then(verdict));
        for estimate in &estimates.metrics {
            row.push(number(estimate.mean));
            row.push(number(estimate.mean - estimate.half_width));
            row.push(number(estimate.mean + estimate.half_width));
        }
        row
    });
    table(header, rows)
}

/// The metrics of one run, a row each, with units and meanings.
#[must_use]
pub fn metrics(result: &RunResult) -> Vec<u8> {
    let header = ["metric", "value", "unit", "meaning"].map(str::to_owned).to_vec();
    let rows = METRICS.iter().zip(&result.metrics).map(|(metric, value)| {
        vec![
            metric.name.to_owned(),
            number(*value),
            metric.unit.to_owned(),
            metric.meaning.to_owned(),
        ]
    });
    table(header, rows)
}

/// A table per trunk or carrier; `kind` is the name of its first column.
#[must_use]
pub fn breakdown(kind: &str, breakdown: &Breakdown) -> Vec<u8> {
    let mut header = vec![kind.to_owned()];
    header.extend(breakdown.columns.iter().map(|c| (*c).to_owned()));
    let rows = breakdown.rows.iter().map(|(name, values)| {
        let mut row = vec![name.clone()];
        row.extend(values.iter().map(|v| number(*v)));
        row
    });
    table(header, rows)
}

/// The run over time, a row per bin.
#[must_use]
pub fn series(series: &Series) -> Vec<u8> {
    let header = series.columns.iter().map(|c| (*c).to_owned()).collect();
    let rows = series.rows.iter().map(|row| row.iter().map(|v| number(*v)).collect());
    table(header, rows)
}

pub(super) fn levels(plan: &Plan, point: usize) -> impl Iterator<Item = String> {
    plan.factors
        .iter()
        .zip(&plan.points[point].levels)
        .map(|(factor, level)| factor.levels[*level].label.clone())
}

/// The shortest text that reads back as the same number; nothing for what is none.
pub(super) fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

pub(super) fn table(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: Vec<String>| writer.write_record(row).expect("rows are of equal length");
    write(header);
    rows.for_each(write);
    writer.into_inner().expect("memory takes every byte")
}
