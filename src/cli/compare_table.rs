//! What `compare` prints: for each metric the points from best to worst beside the control, or all
//! pairs; then the answer, what to beware of, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use super::layout::{Column, fits, prose, table};
use super::point_columns::{legend, levels, numbers};
use crate::experiment::compare::best::Standing;
use crate::experiment::compare::report::{ByMetric, Comparison, Difference};
use crate::experiment::figures::{Estimate, Reading, label, percent};
use crate::experiment::plan::Plan;
use crate::system::metrics::{METRICS, Metric, index_of};

/// Pairs printed of all.
const PAIRS: usize = 20;
/// Points up to which all are printed.
const POINTS: usize = 12;

pub(super) fn render(plan: &Plan, comparison: &Comparison, written: &[PathBuf]) -> String {
    let mut text = heading(plan, comparison);
    let tables: Vec<MetricTables> =
        comparison.metrics.iter().map(|by| MetricTables::new(plan, comparison, by)).collect();
    let named = tables.iter().all(|t| t.fit(plan));
    if !named {
        let points: Vec<usize> = tables.iter().flat_map(MetricTables::named).collect();
        let _ = writeln!(text, "SETTINGS\n{}", legend(plan, &points));
    }
    for tables in &tables {
        text.push_str(&tables.render(plan, named));
    }
    text.push_str(&reading(comparison));
    for (title, sentences) in [("ANSWER", &comparison.answer), ("BEWARE", &comparison.warnings)] {
        if !sentences.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for sentence in sentences {
            text.push_str(&prose(&format!("- {sentence}."), 2));
        }
    }
    let _ = writeln!(text, "\nFILES");
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}

fn heading(plan: &Plan, comparison: &Comparison) -> String {
    let mut text = prose(&format!("{}: {}", comparison.study, comparison.question), 2);
    let draws = match comparison.common_random_numbers {
        true => "common random numbers",
        false => "each setting with its own random numbers",
    };
    let what = format!(
        "{} settings x {} replications of {}, seed {}; {draws}",
        comparison.points.len(),
        comparison.replications,
        plan.first.horizon,
        comparison.seed,
    );
    text.push_str(&prose(&what, 2));
    let control = match (comparison.control, comparison.control_named) {
        (None, _) => "every setting with every other".to_owned(),
        (Some(control), true) => {
            format!("control: setting {control}, {}", plan.describe(control))
        }
        (Some(control), false) => {
            format!("control: the best found, setting {control}, {}", plan.describe(control))
        }
    };
    text.push_str(&prose(&control, 2));
    text.push('\n');
    text
}

/// How to read the tables.
fn reading(comparison: &Comparison) -> String {
    let percent = percent(comparison.confidence);
    let together = if comparison.metrics.len() > 1 { " and metrics" } else { "" };
    let sharing = match comparison.common_random_numbers {
        true => "below 1, sharing random numbers paid",
        false => "about 1, for every setting has its own",
    };
    prose(
        &format!(
            "Means and multiples: {percent} % t intervals, each alone. Differences: paired by \
             replication, {percent} % for all differences{together} together (Bonferroni), and so are \
             the standings (multiple comparison with the best). Correlation: of the two over the \
             replications. Variance ratio: that of the difference against independent runs; \
             {sharing}."
        ),
        0,
    )
}

/// The tables of one metric.
struct MetricTables<'a> {
    metric: &'static Metric,
    by: &'a ByMetric,
    /// The rows of the ranking that are shown, by their place in it.
    rows: Vec<usize>,
    values: Vec<Column>,
    /// The pairs that are shown, where all are compared.
    pairs: Option<Vec<&'a Difference>>,
}

impl<'a> MetricTables<'a> {
    fn new(plan: &Plan, comparison: &Comparison, by: &'a ByMetric) -> Self {
        let index = index_of(&by.metric).expect("a comparison is by metrics of the catalogue");
        let metric = &METRICS[index];
        let control = comparison.control;
        let rows = shown(by, plan.study.rank.show, control);
        let pairs = control.is_none().then(|| by.differences.iter().take(PAIRS).collect());
        let reading = Reading::of(metric);
        let of = |get: fn(&ByMetric, usize) -> Estimate| -> Vec<Estimate> {
            rows.iter().map(|row| get(by, *row)).collect()
        };
        let mean = with_unit("mean", reading.unit);
        let mut values = vec![
            Column::estimates(mean, &of(|by, row| by.ranked[row].mean), reading.factor),
            Column::estimates("times the first", &of(|by, row| by.ranked[row].relative), 1.0),
        ];
        if by.ranked[0].standing.is_some() {
            let word = |row: &usize| by.ranked[*row].standing.map_or("", Standing::word).to_owned();
            values.push(Column::text("standing", rows.iter().map(word).collect()));
        }
        if let Some(control) = control {
            let place = rows.iter().position(|row| by.ranked[*row].point == control);
            let held: Vec<Option<&Difference>> = rows
                .iter()
                .map(|row| by.differences.iter().find(|d| d.point == by.ranked[*row].point))
                .collect();
            let columns = difference_columns("less the control", &held, &reading);
            values.extend(columns.into_iter().enumerate().map(|(c, column)| match place {
                Some(row) => column.with(row, if c == 0 { "control" } else { "" }),
                None => column,
            }));
        }
        Self { metric, by, rows, values, pairs }
    }

    /// The points of the ranking that are shown.
    fn points(&self) -> Vec<usize> {
        self.rows.iter().map(|row| self.by.ranked[*row].point).collect()
    }

    /// The points that any of the tables names.
    fn named(&self) -> Vec<usize> {
        let mut points = self.points();
        for pair in self.pairs.iter().flatten() {
            points.extend([pair.point, pair.against]);
        }
        points
    }

    /// Whether there is room for the levels of the points.
    fn fit(&self, plan: &Plan) -> bool {
        let pairs = match self.pair_keys(plan, true) {
            Some(keys) => fits(&keys, &self.pair_values()),
            None => true,
        };
        pairs && fits(&levels(plan, &self.points()), &self.values)
    }

    fn render(&self, plan: &Plan, named: bool) -> String {
        let better = match self.by.better.as_str() {
            "neither" => "highest first".to_owned(),
            way => format!("best first, {way} is better"),
        };
        let mut text = prose(
            &format!("{}: {} ({better})", self.metric.label().to_uppercase(), self.metric.meaning),
            2,
        );
        let keys = match named {
            true => levels(plan, &self.points()),
            false => vec![numbers(&self.points())],
        };
        text.push_str(&table(&keys, &self.values));
        if self.rows.len() < self.by.ranked.len() {
            let more = format!(
                "{} of {} settings are shown; ranking.csv holds them all",
                self.rows.len(),
                self.by.ranked.len()
            );
            text.push_str(&prose(&more, 2));
        }
        text.push('\n');
        if let (Some(pairs), Some(keys)) = (&self.pairs, self.pair_keys(plan, named)) {
            text.push_str(&table(&keys, &self.pair_values()));
            if pairs.len() < self.by.differences.len() {
                let more = format!(
                    "{} of {} pairs are shown; comparison.csv holds them all",
                    pairs.len(),
                    self.by.differences.len()
                );
                text.push_str(&prose(&more, 2));
            }
            text.push('\n');
        }
        text
    }

    /// The two points of each pair, by their levels or their numbers.
    fn pair_keys(&self, plan: &Plan, named: bool) -> Option<Vec<Column>> {
        let pairs = self.pairs.as_ref()?;
        let name = |point: usize| match named {
            true => label(plan, point),
            false => point.to_string(),
        };
        let cells = |of: fn(&Difference) -> usize| -> Vec<String> {
            pairs.iter().map(|pair| name(of(pair))).collect()
        };
        let (first, second) = (cells(|d| d.point), cells(|d| d.against));
        Some(match named {
            true => vec![Column::text("setting", first), Column::text("less", second)],
            false => vec![Column::numbers("setting", first), Column::numbers("less", second)],
        })
    }

    fn pair_values(&self) -> Vec<Column> {
        let pairs: Vec<Option<&Difference>> =
            self.pairs.iter().flatten().map(|pair| Some(*pair)).collect();
        difference_columns("difference", &pairs, &Reading::of(self.metric))
    }
}

/// Differences with their intervals, and whether common random numbers paid.
fn difference_columns(
    heading: &str,
    held: &[Option<&Difference>],
    reading: &Reading,
) -> Vec<Column> {
    let none = Estimate { estimate: None, low: None, high: None };
    let differences: Vec<Estimate> =
        held.iter().map(|d| d.map_or(none, |d| d.difference)).collect();
    let two = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}"));
    let cells = |of: fn(&Difference) -> Option<f64>| -> Vec<String> {
        held.iter().map(|d| two(d.and_then(of))).collect()
    };
    vec![
        Column::estimates(
            with_unit(heading, reading.unit_of_difference),
            &differences,
            reading.factor,
        ),
        Column::numbers("corre- lation", cells(|d| d.correlation.estimate)),
        Column::numbers("variance ratio", cells(|d| d.variance_ratio)),
    ]
}

fn with_unit(heading: &str, unit: &str) -> String {
    if unit.is_empty() { heading.to_owned() } else { format!("{heading}, {unit}") }
}

/// The rows of a ranking that are shown: all of a few, else the best, the control and the worst.
fn shown(by: &ByMetric, show: usize, control: Option<usize>) -> Vec<usize> {
    let count = by.ranked.len();
    if count <= POINTS.max(2 * show) {
        return (0..count).collect();
    }
    let control = |row: &usize| control.is_some_and(|control| by.ranked[*row].point == control);
    (0..count).filter(|row| *row < show || *row >= count - show || control(row)).collect()
}

#[cfg(test)]
mod tests;
