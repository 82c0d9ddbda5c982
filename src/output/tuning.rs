//! The files of a tuning: `tune.json` as it is, the points and the front as tables.

use super::tables::{levels, number, table, units};
use crate::experiment::plan::Plan;
use crate::experiment::tune::Tuned;
use crate::experiment::tune::result::{Estimate, TuneResult};

/// Name and bytes of every file.
///
/// # Panics
/// Where the result cannot be written as JSON, which is a bug.
#[must_use]
pub fn files(plan: &Plan, (runs, result): &Tuned) -> Vec<(String, Vec<u8>)> {
    let mut json = serde_json::to_vec_pretty(result).expect("a result is writable as JSON");
    json.push(b'\n');
    let header = match result.outcome.as_str() {
        "recommended" => format!(
            "# The policy that `trunksim tune` recommends of the study `{}`.\n",
            result.study
        ),
        _ => format!(
            "# The point of the study `{}` nearest to its SLA; `trunksim tune` recommends none.\n",
            result.study
        ),
    };
    let fragment = format!("{header}{}", result.recommended.fragment);
    vec![
        ("tune.json".to_owned(), json),
        ("recommended.toml".to_owned(), fragment.into_bytes()),
        ("tune.csv".to_owned(), points(plan, result)),
        ("front.csv".to_owned(), front(plan, result)),
        ("runs.csv".to_owned(), units(plan, runs.iter().map(|(unit, outcome)| (*unit, outcome)))),
    ]
}

/// A row per point that was run: its levels, its status and where that was decided, its
/// replications, and its cost by those of the race and by fresh ones.
fn points(plan: &Plan, result: &TuneResult) -> Vec<u8> {
    let mut header = vec!["point".to_owned()];
    header.extend(plan.factors.iter().map(|f| f.name.clone()));
    header.extend(["status", "decided", "than", "race", "fresh"].map(str::to_owned));
    for of in ["race", "fresh"] {
        header.extend(["mean", "low", "high"].map(|end| format!("cost_{of}_{end}")));
    }
    header.push("error".to_owned());
    let rows = result.points.iter().map(|point| {
        let mut row = vec![point.point.to_string()];
        row.extend(levels(plan, point.point));
        row.extend([point.status.clone(), point.decided.clone()]);
        row.push(point.than.map_or_else(String::new, |than| than.to_string()));
        row.extend([point.race.to_string(), point.fresh.to_string()]);
        row.extend(ends(Some(&point.cost_in_race)));
        row.extend(ends(point.cost_on_fresh.as_ref()));
        row.push(point.error.clone().unwrap_or_default());
        row
    });
    table(header, rows)
}

/// A row per point of the front: its levels, its status, and every objective.
fn front(plan: &Plan, result: &TuneResult) -> Vec<u8> {
    let mut header = vec!["point".to_owned()];
    header.extend(plan.factors.iter().map(|f| f.name.clone()));
    header.extend(["status", "replications"].map(str::to_owned));
    for (name, _) in &result.front.objectives {
        header.extend(["mean", "low", "high"].map(|end| format!("{name}_{end}")));
    }
    let rows = result.front.points.iter().map(|point| {
        let mut row = vec![point.point.to_string()];
        row.extend(levels(plan, point.point));
        row.push(point.status.clone());
        row.push(point.estimates.first().map_or(0, |estimate| estimate.n).to_string());
        point.estimates.iter().for_each(|estimate| row.extend(ends(Some(estimate))));
        row
    });
    table(header, rows)
}

fn ends(estimate: Option<&Estimate>) -> [String; 3] {
    let shown = |value: fn(&Estimate) -> f64| {
        estimate.map_or_else(String::new, |estimate| number(value(estimate)))
    };
    [shown(|e| e.mean), shown(|e| e.low), shown(|e| e.high)]
}
