//! What `sweep` prints: the best and the worst points with their intervals, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use super::layout::{Column, fits, prose, table};
use super::point_columns::{legend, levels, numbers};
use super::{precision, sla_table};
use crate::experiment::figures::{Estimate, Reading, percent};
use crate::experiment::plan::Plan;
use crate::experiment::precision::PointRuns;
use crate::experiment::summary::Summary;
use crate::system::metrics::{METRICS, index_of};

pub(super) fn render(
    plan: &Plan,
    summary: &Summary<'_>,
    runs: &PointRuns,
    written: &[PathBuf],
) -> String {
    let study = &plan.study;
    let by = index_of(&study.rank.by).expect("the plan has checked the metric");
    let ranking = summary.ranking(by);
    let show = study.rank.show.min(ranking.len());
    let mut text = prose(&format!("{}: {}", study.name, study.question), 2);
    let what = format!(
        "{} settings x {} replications of {}, seed {}; means with {} % t intervals",
        plan.points.len(),
        replications(summary.replications()),
        plan.first.horizon,
        plan.seed,
        percent(summary.confidence),
    );
    text.push_str(&prose(&what, 2));
    text.push('\n');
    text.push_str(&precision::render(plan, runs));
    let rows = |points: &[usize]| Rows::new(plan, summary, (by, ranking[0]), points.to_vec());
    let (best, worst) = (rows(&ranking[..show]), rows(&ranking[ranking.len() - show..]));
    let named = best.fit(plan) && worst.fit(plan);
    if !named {
        let points = [best.points.as_slice(), worst.points.as_slice()].concat();
        let _ = writeln!(text, "SETTINGS\n{}", legend(plan, &points));
    }
    let heading = format!("BEST {show} by {}: {}", METRICS[by].name, METRICS[by].meaning);
    text.push_str(&prose(&heading, 2));
    let _ = writeln!(text, "{}", best.render(plan, named));
    let _ = writeln!(text, "WORST {show}, the worst last");
    let _ = writeln!(text, "{}", worst.render(plan, named));
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
        text.push_str(&prose(&format!("{point}: {}", plan.describe(point)), 2));
    }
    let _ = writeln!(
        text,
        "{} settings x {} replications of {} = {}, seed {}",
        plan.points.len(),
        replications(plan.replications()),
        plan.first.horizon,
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

/// The points with what they are ranked by, how far they are behind the best, and the metrics beside
/// it.
struct Rows {
    points: Vec<usize>,
    values: Vec<Column>,
}

impl Rows {
    fn new(
        plan: &Plan,
        summary: &Summary<'_>,
        (by, leader): (usize, usize),
        points: Vec<usize>,
    ) -> Self {
        let of = |metric: usize| {
            let reading = Reading::of(&METRICS[metric]);
            let heading = with_unit(METRICS[metric].label(), reading.unit);
            let estimates: Vec<Estimate> =
                points.iter().map(|point| summary.get(*point, metric).into()).collect();
            Column::estimates(heading, &estimates, reading.factor)
        };
        let reading = Reading::of(&METRICS[by]);
        let behind: Vec<Estimate> =
            points.iter().map(|point| summary.difference(*point, leader, by).into()).collect();
        let heading = with_unit("less the best (paired)".into(), reading.unit_of_difference);
        let mut behind = Column::estimates(heading, &behind, reading.factor);
        if let Some(row) = points.iter().position(|point| *point == leader) {
            behind = behind.with(row, "the best");
        }
        let mut values = vec![of(by), behind];
        values.extend(plan.study.rank.beside.iter().filter_map(|name| index_of(name)).map(of));
        if plan.study.precision.is_some() {
            let runs = |point: &usize| summary.points[*point].runs.to_string();
            values.push(Column::numbers("runs", points.iter().map(runs).collect()));
        }
        Self { points, values }
    }

    /// Whether there is room for the levels of the points beside the first two columns.
    fn fit(&self, plan: &Plan) -> bool {
        fits(&levels(plan, &self.points), &self.values[..2])
    }

    fn render(&self, plan: &Plan, named: bool) -> String {
        let keys = match named {
            true => levels(plan, &self.points),
            false => vec![numbers(&self.points)],
        };
        table(&keys, &self.values)
    }
}

fn with_unit(heading: String, unit: &str) -> String {
    if unit.is_empty() { heading } else { format!("{heading}, {unit}") }
}
