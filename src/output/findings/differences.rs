//! A comparison as forest plots: by each metric how far every point is from the control, or, without
//! a control, from the best of the others.

use super::super::chart::{Better as Good, Chart, Difference, Forest};
use super::super::plots::capital;
use super::{Named, ROWS_MAX, axis_of_differences, good, name, scaled};
use crate::experiment::compare::best::Standing;
use crate::experiment::compare::paired::Sign;
use crate::experiment::compare::report::{ByMetric, Comparison};
use crate::experiment::figures::{Reading, percent};
use crate::system::metrics::{Better, METRICS, Metric, index_of};

/// A forest plot of each metric: `forest-service-level`.
#[must_use]
pub fn differences(compared: &Comparison) -> Vec<Named> {
    let forest = |by: &ByMetric| {
        let metric = &METRICS[index_of(&by.metric)?];
        let forest = match compared.control {
            Some(control) => from_control(compared, by, metric, control),
            None => from_best(compared, by, metric)?,
        };
        Some((name("forest", metric.name), Chart::Forest(forest)))
    };
    compared.metrics.iter().filter_map(forest).collect()
}

fn from_control(compared: &Comparison, by: &ByMetric, metric: &Metric, control: usize) -> Forest {
    let reading = Reading::of(metric);
    let control = compared.label(control);
    let best = |point: usize| standing(by, point) == Some(Standing::Best);
    Forest {
        title: title(compared, by, metric, control),
        subtitle: format!("Each setting less {control}. {}", compared.question),
        value: axis_of_differences(metric, format!("Difference in {}", metric.label())),
        better: good(metric),
        control: control.to_owned(),
        rows: by
            .differences
            .iter()
            .take(ROWS_MAX)
            .map(|row| Difference {
                label: compared.label(row.point).to_owned(),
                difference: scaled(&row.difference, reading.factor),
                highlight: best(row.point),
            })
            .collect(),
        note: note(compared, by.differences.len()),
    }
}

fn standing(by: &ByMetric, point: usize) -> Option<Standing> {
    by.ranked.iter().find(|row| row.point == point).and_then(|row| row.standing)
}

/// What the intervals say: the best that is surely better than the control, and how many are.
fn title(compared: &Comparison, by: &ByMetric, metric: &Metric, control: &str) -> String {
    let (label, all) = (metric.label(), by.differences.len());
    let count = |sign: Sign| by.differences.iter().filter(|row| row.sign == sign).count();
    let (up, down) = match metric.better {
        Better::Higher => (Sign::More, Sign::Less),
        Better::Lower => (Sign::Less, Sign::More),
        Better::Neither => {
            return format!(
                "{}: of {all} settings {} are higher than {control}, {} lower; the others are not \
                 significantly different",
                capital(&label),
                count(Sign::More),
                count(Sign::Less)
            );
        }
    };
    let (better, worse) = (count(up), count(down));
    let Some(best) = by.differences.iter().find(|row| row.sign == up) else {
        return match worse {
            0 => format!("No other setting differs significantly from {control} by {label}"),
            _ => {
                format!(
                    "No setting is better than {control} by {label}; {worse} of {all} are worse"
                )
            }
        };
    };
    let reading = Reading::of(metric);
    let word = match (reading.counts, best.sign == Sign::More) {
        (true, true) => "more",
        (true, false) => "fewer",
        (false, true) => "higher",
        (false, false) => "lower",
    };
    let size = reading.size(&best.difference);
    let tail = match (better, worse) {
        (1, 0) => String::new(),
        (_, 0) => format!("; {better} of {all} are better"),
        _ => format!("; {better} of {all} are better, {worse} worse"),
    };
    format!("{}: {label} {size} {word} than {control}{tail}", compared.label(best.point))
}

/// Of all pairs, each point beside the best of the others; none where neither way is better.
fn from_best(compared: &Comparison, by: &ByMetric, metric: &Metric) -> Option<Forest> {
    let reading = Reading::of(metric);
    let label = metric.label();
    let rows: Option<Vec<Difference>> = by
        .ranked
        .iter()
        .take(ROWS_MAX)
        .map(|row| {
            Some(Difference {
                label: compared.label(row.point).to_owned(),
                difference: scaled(&row.advantage?, reading.factor),
                highlight: row.standing == Some(Standing::Best),
            })
        })
        .collect();
    let (all, first) = (by.ranked.len(), by.ranked.first()?);
    let contenders = by.ranked.iter().filter(|row| row.standing != Some(Standing::Beaten)).count();
    let title = match first.standing? {
        Standing::Best => {
            format!("{} is the best of {all} by {label}", compared.label(first.point))
        }
        _ => format!("{contenders} of {all} settings may be the best by {label}"),
    };
    Some(Forest {
        title,
        subtitle: format!(
            "How far each setting is ahead of the best of the others. {}",
            compared.question
        ),
        value: axis_of_differences(metric, format!("Ahead of the best of the others, {label}")),
        // However the metric goes, what is ahead is better.
        better: Some(Good::Higher),
        control: "the best of the others".to_owned(),
        rows: rows?,
        note: note(compared, all),
    })
}

fn note(compared: &Comparison, rows: usize) -> String {
    let draws = match compared.common_random_numbers {
        true => "paired by replication",
        false => "each setting with its own random numbers",
    };
    let shown = match rows {
        few if few <= ROWS_MAX => String::new(),
        many => format!("The first {ROWS_MAX} of {many} settings; comparison.csv has all. "),
    };
    format!(
        "{shown}Means of {} replications, {draws}; intervals hold together at {}\u{a0}% \
         (Bonferroni); seed {}",
        compared.replications,
        percent(compared.confidence),
        compared.seed
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Points 1 and on against point 0, by one metric: estimate and half-width of each difference,
    /// best first.
    fn compared(metric: &str, differences: &[(f64, f64)]) -> Comparison {
        let names = ["today", "full", "equal", "same", "none"];
        let around = |value: f64, half: f64| json!({ "estimate": value, "low": value - half, "high": value + half });
        let sign = |value: f64, half: f64| match () {
            () if value - half > 0.0 => "more",
            () if value + half < 0.0 => "less",
            () => "open",
        };
        let ranked = |point: usize| {
            json!({
                "point": point, "runs": 4, "mean": around(0.5, 0.1), "relative": around(1.0, 0.1),
                "advantage": around(-0.1, 0.2), "standing": "may be best",
            })
        };
        let difference = |(i, (value, half)): (usize, &(f64, f64))| {
            json!({
                "point": i + 1, "against": 0, "pairs": 4, "difference": around(*value, *half),
                "sign": sign(*value, *half), "confidence": 0.99, "correlation": around(0.5, 0.3),
                "variance_ratio": 0.5,
            })
        };
        let point = |point: usize| json!({ "point": point, "label": names[point], "levels": {} });
        let points = 0..=differences.len();
        serde_json::from_value(json!({
            "command": "compare", "study": "s", "question": "Which?", "answer": [], "warnings": [],
            "seed": 7, "replications": 4, "confidence": 0.95, "common_random_numbers": true,
            "control": 0, "control_named": true,
            "points": points.clone().map(point).collect::<Vec<_>>(),
            "metrics": [{
                "metric": metric, "unit": "", "better": "higher",
                "ranked": points.map(ranked).collect::<Vec<_>>(),
                "differences": differences.iter().enumerate().map(difference).collect::<Vec<_>>(),
            }],
        }))
        .unwrap()
    }

    fn forest(compared: &Comparison) -> Forest {
        match differences(compared).remove(0) {
            (_, Chart::Forest(forest)) => forest,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_title_says_only_what_the_intervals_do() {
        let title = |metric: &str, found: &[(f64, f64)]| forest(&compared(metric, found)).title;
        let mixed = [(0.302, 0.014), (0.1, 0.02), (0.003, 0.01), (-0.2, 0.02)];
        assert_eq!(
            title("service_level", &mixed),
            "full: service level 30.2 ± 1.4 points higher than today; 2 of 4 are better, 1 worse"
        );
        assert_eq!(
            title("failovers", &[(-3.1, 0.4), (0.2, 0.5)]),
            "full: failovers 3.1 ± 0.4 lower than today"
        );
        assert_eq!(
            title("failovers", &[(0.2, 0.5), (3.1, 0.4)]),
            "No setting is better than today by failovers; 1 of 2 are worse"
        );
        assert_eq!(
            title("failovers", &[(0.2, 0.5)]),
            "No other setting differs significantly from today by failovers"
        );
    }

    #[test]
    fn shares_differ_by_points_and_the_file_is_named_after_the_metric() {
        let compared = compared("service_level", &[(0.302, 0.014)]);
        let forest = forest(&compared);
        assert_eq!(forest.value.unit, "points");
        assert!((forest.rows[0].difference.value - 30.2).abs() < 1e-9);
        assert_eq!(forest.better, Some(Good::Higher));
        assert_eq!(differences(&compared)[0].0, "forest-service-level");
    }

    #[test]
    fn of_all_pairs_each_point_is_held_against_the_best_of_the_others() {
        let mut compared = compared("failovers", &[(-3.1, 0.4)]);
        compared.control = None;
        let forest = forest(&compared);
        assert_eq!(forest.title, "2 of 2 settings may be the best by failovers");
        // Being ahead is better, though fewer failovers are.
        assert_eq!(forest.better, Some(Good::Higher));
        assert_eq!(forest.rows.len(), 2);
    }
}
