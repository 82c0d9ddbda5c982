//! The files of a tuning: `tune.json`, the policy to paste, the points and the front as
//! tables.

use super::json;
use super::table::{Parts, Table, mean_and_ends};
use super::tables::{POINT, levels, runs};
use crate::experiment::plan::Plan;
use crate::experiment::record::Sample;
use crate::experiment::tune::result::{Estimate, FrontPoint, TuneResult};
use crate::system::metrics::{METRICS, index_of};

/// Name and bytes of every file that is no table.
///
/// # Panics
/// Where the result cannot be written as JSON, which is a bug.
#[must_use]
pub fn files(result: &TuneResult) -> Vec<(String, Vec<u8>)> {
    let header = match result.outcome.as_str() {
        "recommended" => format!(
            "# The policy that `trunksim tune` recommends of the study `{}`.\n",
            result.study
        ),
        _ => format!(
            "# The setting of the study `{}` nearest to its SLA; `trunksim tune` recommends none.\n",
            result.study
        ),
    };
    let fragment = format!("{header}{}", result.recommended.fragment);
    vec![
        ("tune.json".to_owned(), json::indented(result)),
        ("recommended.toml".to_owned(), fragment.into_bytes()),
    ]
}

/// The tables, by name.
#[must_use]
pub fn tables<'a>(
    plan: &'a Plan,
    sample: Sample<'a>,
    result: &TuneResult,
) -> Vec<(&'static str, Parts<'a>)> {
    vec![
        ("tune", points(plan, result).whole()),
        ("front", front(plan, result).whole()),
        ("runs", runs(plan, sample)),
    ]
}

/// A row per point that was run: its levels, its status and where that was decided, its
/// replications, and its cost by those of the race and by fresh ones.
fn points(plan: &Plan, result: &TuneResult) -> Table {
    let mut draft = Table::of(&result.points);
    draft.column("point", POINT, |point| point.point);
    levels(&mut draft, plan, |point| point.point);
    let about = "`recommended`, `same`, `beaten`, `no_better`, `costlier`, `missed`, `undecided` or \
                 `failed`";
    draft.column("status", about, |point| point.status.to_owned());
    draft.column("decided", "where that was decided: `race` or `fresh`", |point| {
        point.decided.to_owned()
    });
    let about = "setting that it gave way to, where it is `same`, `no_better` or `costlier`";
    draft.column("than", about, |point| point.than);
    draft.column("race", "replications of it in the race", |point| point.race);
    draft.column("fresh", "fresh replications of it", |point| point.fresh);
    let about = "cost on its replications in the race, in the unit of the cost";
    draft.interval(mean_and_ends("cost_race"), about, |point| ends(Some(&point.cost_in_race)));
    let about = "cost on its fresh replications, in the unit of the cost";
    draft.interval(mean_and_ends("cost_fresh"), about, |point| ends(point.cost_on_fresh.as_ref()));
    draft.column("error", "why a run of it stopped", |point| point.error.clone());
    draft.table()
}

/// A row per point of the front: its levels, its status, and every objective.
fn front(plan: &Plan, result: &TuneResult) -> Table {
    let mut draft = Table::of(&result.front.points);
    draft.column("point", POINT, |point| point.point);
    levels(&mut draft, plan, |point| point.point);
    draft.column("status", "as in the table of settings", |point| point.status.to_owned());
    let replications =
        |point: &FrontPoint| point.estimates.first().map_or(0, |estimate| estimate.n);
    draft.column("replications", "replications that its estimates are of", replications);
    for (index, (name, _)) in result.front.objectives.iter().enumerate() {
        let metric = &METRICS[index_of(name).expect("an objective is a metric")];
        draft.interval(mean_and_ends(name), metric, |point| ends(point.estimates.get(index)));
    }
    draft.table()
}

fn ends(estimate: Option<&Estimate>) -> [Option<f64>; 3] {
    estimate.map_or([None; 3], |e| [e.mean, e.low, e.high].map(Some))
}
