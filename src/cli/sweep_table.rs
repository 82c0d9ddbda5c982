//! What `sweep` prints: the best and the worst points with their intervals, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table};

use super::format;
use super::run_table::{align_numbers, plain_table};
use crate::experiment::plan::Plan;
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
    let _ = writeln!(text, "FILES");
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
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
