//! A comparison as tables: the points by each metric, and the differences.

use super::table::{Always, Table, with_ends};
use super::tables::{POINT, UNIT, levels, named};
use crate::experiment::compare::best::Standing;
use crate::experiment::compare::paired::Sign;
use crate::experiment::compare::report::{ByMetric, Comparison, Difference, RankedPoint};
use crate::experiment::figures::Estimate;
use crate::experiment::plan::Plan;

/// A row per metric and point, from best to worst: its levels, its mean, that as a multiple of the
/// best, how far it is ahead of the best of the others, and whether it is the best.
#[must_use]
pub fn ranking(plan: &Plan, comparison: &Comparison) -> Table {
    let rows: Vec<(&ByMetric, usize, &RankedPoint)> = comparison
        .metrics
        .iter()
        .flat_map(|by| (1..).zip(&by.ranked).map(move |(rank, ranked)| (by, rank, ranked)))
        .collect();
    let mut draft = Table::of(&rows);
    draft.column("metric", "name of the metric", |(by, ..)| by.metric.clone());
    draft.column("unit", UNIT, |(by, ..)| named(by.unit.clone()));
    draft.column("rank", "place by this metric, the best first, from 1", |(_, rank, _)| *rank);
    draft.column("point", POINT, |(.., ranked)| ranked.point);
    levels(&mut draft, plan, |(.., ranked)| ranked.point);
    draft.column("runs", "runs that gave a value", |(.., ranked)| ranked.runs);
    let about = "mean over the runs, in the metric's unit";
    draft.interval(with_ends("mean"), about, |(.., ranked)| ends(Some(&ranked.mean)));
    let about = "mean as a multiple of that of the first, paired by replication";
    draft.interval(with_ends("relative"), about, |(.., ranked)| ends(Some(&ranked.relative)));
    let about = "how far it is ahead of the best of the others, more being better, in the metric's \
                 unit";
    draft.interval(with_ends("advantage"), about, |(.., ranked)| ends(ranked.advantage.as_ref()));
    let about = "`best`, `may be best` or `beaten`; none where neither way is better";
    draft.column("standing", about, |(.., ranked)| ranked.standing.map(Standing::word));
    draft.table()
}

/// A row per metric and comparison: the two points, their paired difference, what its interval
/// says, and whether common random numbers paid.
#[must_use]
pub fn differences(comparison: &Comparison) -> Table {
    let rows: Vec<(&ByMetric, &Difference)> = comparison
        .metrics
        .iter()
        .flat_map(|by| by.differences.iter().map(move |difference| (by, difference)))
        .collect();
    let mut draft = Table::of(&rows);
    let label = |point: usize| comparison.label(point).to_owned();
    draft.column("metric", "name of the metric", |(by, _)| by.metric.clone());
    draft.column("unit", UNIT, |(by, _)| named(by.unit.clone()));
    draft.column("point", POINT, |(_, d)| d.point);
    draft.column("label", "what sets the setting apart from the others", |(_, d)| label(d.point));
    draft.column("against", "number of the setting it is held against", |(_, d)| d.against);
    let about = "what sets that one apart from the others";
    draft.column("against_label", about, |(_, d)| label(d.against));
    draft.column("pairs", "replications in which both gave a value", |(_, d)| d.pairs);
    let about = "the first less the second, paired by replication, in the metric's unit";
    draft.interval(with_ends("difference"), about, |(_, d)| ends(Some(&d.difference)));
    let about = ("share", "confidence of this interval, such that all differences hold together");
    draft.column("confidence", about, |(_, d)| Always(d.confidence));
    let about = "what the interval says of the difference: `more`, `less` or `open`";
    draft.column("sign", about, |(_, d)| Sign::word(d.sign));
    let about =
        "correlation of the two over the replications, −1 to 1; empty if either is constant";
    draft.interval(with_ends("correlation"), about, |(_, d)| ends(Some(&d.correlation)));
    let about = "variance of the difference against that of independent runs: below 1 common \
                 random numbers paid; empty where neither varies";
    draft.column("variance_ratio", about, |(_, d)| d.variance_ratio);
    draft.table()
}

fn ends(estimate: Option<&Estimate>) -> [Option<f64>; 3] {
    estimate.map_or([None; 3], |e| [e.estimate, e.low, e.high])
}
