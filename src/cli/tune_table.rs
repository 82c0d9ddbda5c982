//! What `tune` prints: the answer, the policy as a fragment to paste, the race, and how many points
//! came to what.

use std::fmt::Write;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table};

use super::run_table::{align_numbers, plain_table};
use crate::experiment::plan::Plan;
use crate::experiment::tune::estimate;
use crate::experiment::tune::result::{FrontPoint, TuneResult};
use crate::system::metrics::{METRICS, index_of};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Points of the front that are printed; `front.csv` has them all.
const FRONT_SHOWN: usize = 10;

pub(super) fn render(plan: &Plan, result: &TuneResult, written: &[PathBuf]) -> String {
    let study = &plan.study;
    let mut text = wrapped(&format!("{}: {}", study.name, study.question));
    let _ = writeln!(
        text,
        "{} settings of {}, seed {}; {:.0} % t intervals\n\nANSWER",
        result.points_of,
        plan.first.horizon,
        plan.seed,
        study.confidence * 100.0,
    );
    result.answer.iter().for_each(|sentence| text.push_str(&wrapped(sentence)));
    let heading = match result.outcome.as_str() {
        "recommended" => "RECOMMENDED, ready to paste into a model",
        _ => "NEAREST to the SLA, as a model has it",
    };
    let _ = writeln!(text, "\n{heading}\n{}", result.recommended.fragment);
    let _ = writeln!(text, "RACE\n{}\n", race(result));
    let _ = writeln!(text, "SETTINGS\n{}", wrapped(&statuses(result)));
    let _ = writeln!(text, "{}", front(plan, result));
    let _ = writeln!(text, "FILES");
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}

/// A sentence broken at its words.
fn wrapped(sentence: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in sentence.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

fn race(result: &TuneResult) -> Table {
    let mut table = plain_table();
    let heads =
        ["replications", "settings", "miss the SLA", "cost more", "came back", "cut by setting"];
    table.set_header(heads);
    for rung in &result.rungs {
        table.add_row([
            rung.replications.to_string(),
            rung.entered.to_string(),
            rung.missed.to_string(),
            rung.cut.to_string(),
            rung.back.to_string(),
            rung.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
        ]);
    }
    align_numbers(&mut table, &[0, 1, 2, 3, 4, 5]);
    table
}

/// How many points came to what: `163 costlier, 30 missed`.
fn statuses(result: &TuneResult) -> String {
    let order =
        ["recommended", "same", "beaten", "no_better", "costlier", "undecided", "missed", "failed"];
    let counts = order.iter().filter_map(|status| {
        let count = result.points.iter().filter(|point| point.status == *status).count();
        (count > 0).then(|| format!("{count} {}", status.replace('_', " ")))
    });
    counts.collect::<Vec<String>>().join(", ")
}

fn front(plan: &Plan, result: &TuneResult) -> String {
    let front = &result.front;
    let total = front.points.len();
    let runs = if front.replications == "fresh" { "fresh runs" } else { "runs of the first rung" };
    let shown = total.min(FRONT_SHOWN);
    let mut text = wrapped(&format!(
        "PARETO FRONT: {total} settings, by the means of the {runs}: no other is as good in every \
         objective and better in one; {shown} shown, front.csv has all"
    ));
    let mut table = plain_table();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let mut header = vec!["setting".to_owned()];
    let label = |name: &String| index_of(name).map_or(name.clone(), |m| METRICS[m].label());
    header.extend(front.objectives.iter().map(|(name, _)| label(name)));
    table.set_header(header);
    // Evenly over the front, in the order of its first objective.
    let mut order: Vec<&FrontPoint> = front.points.iter().collect();
    let first = |point: &FrontPoint| point.estimates.first().map_or(f64::NAN, |e| e.mean);
    order.sort_by(|a, b| first(b).total_cmp(&first(a)));
    for n in 0..shown {
        let point = order[n * total / shown];
        let mut row = vec![point.point.to_string()];
        let values = point.estimates.iter().zip(&front.objectives);
        row.extend(values.map(|(e, (name, _))| estimate(Some(name), e)));
        table.add_row(row);
    }
    let columns: Vec<usize> = (0..=front.objectives.len()).collect();
    align_numbers(&mut table, &columns);
    let _ = writeln!(text, "{table}");
    for n in 0..shown {
        let point = order[n * total / shown].point;
        text.push_str(&wrapped(&format!("{point}: {}", plan.describe(point))));
    }
    text
}
