//! What `sweep` prints: the best and the worst points with their intervals, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table};

use super::format;
use super::run_table::{align_numbers, plain_table};
use crate::experiment::plan::Plan;
use crate::experiment::select::threshold::{Verdict, together};
use crate::experiment::summary::Summary;
use crate::system::metrics::{METRICS, index_of};

pub(super) fn render(plan: &Plan, summary: &Summary, written: &[PathBuf]) -> String {
    let study = &plan.study;
    let by = index_of(&study.rank.by).expect("the plan has checked the metric");
    let ranking = summary.ranking(by);
    let show = study.rank.show.min(ranking.len());
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", study.name, study.question);
    let _ = writeln!(
        text,
        "{} points x {} replications of {}, seed {}; means with {:.0} % t intervals\n",
        plan.points.len(),
        study.replications,
        plan.points[0].model.horizon,
        plan.seed,
        summary.confidence * 100.0,
    );
    let _ = writeln!(text, "BEST {show} by {}: {}", METRICS[by].name, METRICS[by].meaning);
    let best = ranking.iter().take(show).copied();
    let _ = writeln!(text, "{}\n", table(plan, summary, (by, ranking[0]), best));
    let _ = writeln!(text, "WORST {show}, the worst last");
    let worst = ranking.iter().skip(ranking.len() - show).copied();
    let _ = writeln!(text, "{}\n", table(plan, summary, (by, ranking[0]), worst));
    text.push_str(&thresholds(plan, summary));
    let _ = writeln!(text, "FILES");
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}

/// What `--dry-run` prints: the points, and how many runs they make.
pub(super) fn listing(plan: &Plan) -> String {
    let mut text = String::new();
    for point in 0..plan.points.len() {
        let _ = writeln!(text, "{point}: {}", plan.describe(point));
    }
    let _ = writeln!(
        text,
        "{} points x {} replications of {} = {} runs, seed {}",
        plan.points.len(),
        plan.study.replications,
        plan.points[0].model.horizon,
        plan.units(),
        plan.seed,
    );
    text
}

/// At how many points each threshold is met, undecided and missed.
fn thresholds(plan: &Plan, summary: &Summary) -> String {
    let study = &plan.study;
    if study.sla.is_empty() {
        return String::new();
    }
    let verdicts: Vec<Vec<Verdict>> =
        (0..plan.points.len()).map(|point| summary.verdicts(plan, point)).collect();
    let counts = |of: &dyn Fn(&Vec<Verdict>) -> Verdict| {
        let words = [Verdict::Met, Verdict::Undecided, Verdict::Missed].map(|verdict| {
            let count = verdicts.iter().filter(|point| of(point) == verdict).count();
            format!("{} at {count}", verdict.word())
        });
        words.join(", ")
    };
    let mut text = format!(
        "SLA of {} points, by the whole interval ({:.0} % for all thresholds of a point)\n",
        plan.points.len(),
        summary.confidence * 100.0
    );
    for (i, sla) in study.sla.iter().enumerate() {
        let threshold = sla.threshold().expect("the plan has checked the threshold");
        let _ = writeln!(text, "{} {threshold}: {}", sla.metric, counts(&|point| point[i]));
    }
    if study.sla.len() > 1 {
        let _ = writeln!(text, "all of them: {}", counts(&|point| together(point)));
    }
    text.push('\n');
    text
}

fn table(
    plan: &Plan,
    summary: &Summary,
    (by, leader): (usize, usize),
    points: impl Iterator<Item = usize>,
) -> Table {
    let mut metrics = vec![by];
    metrics.extend(plan.study.rank.beside.iter().filter_map(|name| index_of(name)));
    // A factor with a single level tells nothing.
    let factors: Vec<usize> =
        (0..plan.factors.len()).filter(|f| plan.factors[*f].levels.len() > 1).collect();
    let mut table = plain_table();
    let mut header: Vec<String> = factors.iter().map(|f| plan.factors[*f].name.clone()).collect();
    header.extend(metrics.iter().map(|m| METRICS[*m].label()));
    header.insert(factors.len() + 1, "less the best (paired)".to_owned());
    // Headings break at their words, cells never: narrow, and whole.
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|words| words.replace(['_', ' '], "\n")));
    for point in points {
        let levels = &plan.points[point].levels;
        let mut row: Vec<String> =
            factors.iter().map(|f| plan.factors[*f].levels[levels[*f]].label.clone()).collect();
        row.extend(metrics.iter().map(|m| format::estimate(&METRICS[*m], summary.get(point, *m))));
        let behind = summary.difference(point, leader, by);
        let behind = if point == leader {
            "the best".to_owned()
        } else {
            format::estimate(&METRICS[by], behind)
        };
        row.insert(factors.len() + 1, behind);
        table.add_row(row);
    }
    let numbers: Vec<usize> = (factors.len()..=factors.len() + metrics.len()).collect();
    align_numbers(&mut table, &numbers);
    table
}
