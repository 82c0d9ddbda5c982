//! What `sweep` prints: the best and the worst points with their intervals, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table};

use super::run_table::{align_numbers, plain_table};
use super::{format, precision, sla_table};
use crate::experiment::plan::Plan;
use crate::experiment::precision::PointRuns;
use crate::experiment::summary::Summary;
use crate::system::metrics::{METRICS, index_of};

pub(super) fn render(
    plan: &Plan,
    summary: &Summary,
    runs: &PointRuns,
    written: &[PathBuf],
) -> String {
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
        replications(summary.replications()),
        plan.points[0].model.horizon,
        plan.seed,
        summary.confidence * 100.0,
    );
    text.push_str(&precision::render(plan, runs));
    let _ = writeln!(text, "BEST {show} by {}: {}", METRICS[by].name, METRICS[by].meaning);
    let best = ranking.iter().take(show).copied();
    let _ = writeln!(text, "{}\n", table(plan, summary, (by, ranking[0]), best));
    let _ = writeln!(text, "WORST {show}, the worst last");
    let worst = ranking.iter().skip(ranking.len() - show).copied();
    let _ = writeln!(text, "{}\n", table(plan, summary, (by, ranking[0]), worst));
    text.push_str(&sla_table::render(plan, summary));
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
        "{} points x {} replications of {} = {}, seed {}",
        plan.points.len(),
        replications(plan.replications()),
        plan.points[0].model.horizon,
        runs_in_all(plan),
        plan.seed,
    );
    text
}

/// A number of replications, or from the least to the most.
pub(super) fn replications<N: std::fmt::Display + PartialOrd>((least, most): (N, N)) -> String {
    if least < most { format!("{least} to {most}") } else { least.to_string() }
}

/// How many runs a study makes: `60 runs`, `60 to 1200 runs`.
pub(super) fn runs_in_all(plan: &Plan) -> String {
    let (least, most) = plan.replications();
    let all = |of_a_point: u32| plan.points.len() as u64 * u64::from(of_a_point);
    format!("{} runs", replications((all(least), all(most))))
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
    let counted = plan.study.precision.is_some();
    if counted {
        header.push("runs".to_owned());
    }
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
        if counted {
            row.push(summary.points[point].runs.to_string());
        }
        table.add_row(row);
    }
    let numbers: Vec<usize> =
        (factors.len()..=factors.len() + metrics.len() + usize::from(counted)).collect();
    align_numbers(&mut table, &numbers);
    table
}
