//! The tables of one run, and those that several commands write.

use super::table::{About, Always, Draft, PART_ROWS, Parts, Table, mean_and_ends};
use crate::experiment::plan::Plan;
use crate::experiment::record::Sample;
use crate::experiment::runner::{Outcome, Unit};
use crate::experiment::select::threshold::together;
use crate::experiment::summary::Summary;
use crate::system::RunResult;
use crate::system::metrics::{Breakdown, Column, Limits, METRICS, Series};

/// What the column `point` holds, in every table.
pub(super) const POINT: &str = "number of the setting, from 0";

/// A row per run: its point and replication, the levels, what became of it (`ok`, or why it
/// stopped), and every metric. It comes in parts, since there may be more runs than memory takes.
pub fn runs<'a>(plan: &'a Plan, sample: Sample<'a>) -> Parts<'a> {
    let part = move |units: &[Unit]| part_of_runs(plan, sample, units);
    // A table without rows has its columns too.
    let first = sample.units().is_empty().then(|| part(&[]));
    Box::new(first.into_iter().chain(sample.units().chunks(PART_ROWS).map(part)))
}

fn part_of_runs(plan: &Plan, sample: Sample<'_>, units: &[Unit]) -> Table {
    let rows: Vec<(Unit, Outcome)> =
        units.iter().map(|unit| (*unit, sample.outcome(*unit))).collect();
    let mut draft = Table::of(&rows);
    draft.column("point", POINT, |(unit, _)| unit.point);
    let about = "number of the replication, from 0; fresh ones of a tuning from 1000000";
    draft.column("replication", about, |(unit, _)| unit.replication);
    levels(&mut draft, plan, |(unit, _)| unit.point);
    draft.column("status", "`ok`, or why the run stopped", |(_, outcome)| match outcome {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    });
    for (index, metric) in METRICS.iter().enumerate() {
        draft.column(metric.name, metric, |(_, outcome)| {
            outcome.as_ref().ok().map(|values| values[index])
        });
    }
    draft.table()
}

/// A row per point: its levels, how many runs gave a result and how many stopped, what that says
/// of the study's thresholds if it has any, and of every metric the mean and the ends of its
/// interval.
#[must_use]
pub fn summary(plan: &Plan, summary: &Summary<'_>) -> Table {
    let rows: Vec<_> = summary.points.iter().enumerate().collect();
    let mut draft = Table::of(&rows);
    draft.column("point", POINT, |(point, _)| *point);
    levels(&mut draft, plan, |(point, _)| *point);
    draft.column("runs", "runs that gave a result", |(_, estimates)| estimates.runs);
    let about = "runs that stopped; they count in no estimate";
    draft.column("failed", about, |(_, estimates)| estimates.failed);
    let about = ("share", "confidence of the intervals");
    draft.column("confidence", about, |_| Always(summary.confidence));
    if !plan.study.sla.is_empty() {
        let about = "what the runs say of all thresholds together: `met`, `missed` or `undecided`";
        let verdict = |point: usize| together(&summary.verdicts(plan, point)).word();
        draft.column("sla", about, |(point, _)| verdict(*point));
    }
    for (index, metric) in METRICS.iter().enumerate() {
        draft.interval(mean_and_ends(metric.name), metric, |(_, estimates)| {
            let of = &estimates.metrics[index];
            [of.mean, of.mean - of.half_width, of.mean + of.half_width]
        });
    }
    draft.table()
}

/// The tables that a run leaves, by name.
#[must_use]
pub fn of_run(result: &RunResult) -> Vec<(&'static str, Table)> {
    vec![
        ("metrics", metrics(result)),
        ("trunks", breakdown("trunk", &result.trunks)),
        ("carriers", breakdown("carrier", &result.carriers)),
        ("limits", limits(&result.limits)),
        ("faults", breakdown("fault", &result.faults)),
        ("series", series(&result.series)),
    ]
}

/// The metrics of one run, a row each, with units and meanings.
#[must_use]
pub fn metrics(result: &RunResult) -> Table {
    let rows: Vec<_> = METRICS.iter().zip(&result.metrics).enumerate().collect();
    let mut draft = Table::of(&rows);
    draft.column("metric", "name of the metric", |(_, (metric, _))| metric.name);
    draft.column("value", "its value, in its unit", |(_, (_, value))| **value);
    draft.column("unit", UNIT, |(_, (metric, _))| named(metric.unit.to_owned()));
    draft.column("meaning", "what it is", |(index, _)| result.meaning(*index).into_owned());
    draft.table()
}

/// A row per limiter of the API and client, after a row of all clients together.
#[must_use]
pub fn limits(limits: &Limits) -> Table {
    let mut draft = Table::of(&limits.rows);
    let about = "name of the limit and, after a slash, whose budget it is";
    draft.column("limit", about, |row| row.limit.clone());
    let about = "name of the client; empty for all clients together";
    draft.column("client", about, |row| row.client.clone());
    figures(&mut draft, limits.columns, |row, index| row.values[index]);
    draft.table()
}

/// A table per trunk, carrier or fault; `kind` is the name of its first column.
#[must_use]
pub fn breakdown(kind: &str, breakdown: &Breakdown) -> Table {
    let mut draft = Table::of(&breakdown.rows);
    draft.column(kind, format!("name of the {kind}").as_str(), |(name, _)| name.clone());
    figures(&mut draft, breakdown.columns, |(_, values), index| values[index]);
    draft.table()
}

/// The run over time, a row per bin.
#[must_use]
pub fn series(series: &Series) -> Table {
    let mut draft = Table::of(&series.rows);
    figures(&mut draft, series.columns, |row, index| row[index]);
    draft.table()
}

/// Adds the columns of a table of one run.
fn figures<R>(draft: &mut Draft<'_, R>, columns: &[Column], value: impl Fn(&R, usize) -> f64) {
    for (index, column) in columns.iter().enumerate() {
        let about = About::from((column.unit, column.meaning));
        match column.always {
            true => draft.column(column.name, about, |row| Always(value(row, index))),
            false => draft.column(column.name, about, |row| value(row, index)),
        }
    }
}

/// What a column of units holds.
pub(super) const UNIT: &str =
    "its unit; `share` for parts of a whole, 0 to 1; empty for counts and ratios";

/// A unit, if there is one.
pub(super) fn named(unit: String) -> Option<String> {
    Some(unit).filter(|unit| !unit.is_empty())
}

/// Adds a column per factor: the labels of the levels of a row's point.
pub(super) fn levels<R>(draft: &mut Draft<'_, R>, plan: &Plan, point: impl Fn(&R) -> usize) {
    for (index, factor) in plan.factors.iter().enumerate() {
        let about = format!("level of the factor `{}`, as the study calls it", factor.name);
        draft.column(&factor.name, about.as_str(), |row| {
            factor.levels[plan.points[point(row)].levels[index]].label.clone()
        });
    }
}
