//! What a comparison says in words: the answer to the study's question, and what to beware of.

use super::super::figures::{Estimate, Reading, percent};
use super::best::Standing;
use super::paired::Sign;
use super::report::{ByMetric, Comparison, Difference, RankedPoint};
use crate::system::metrics::{METRICS, Metric, index_of};

/// Points named in one sentence at most.
const NAMED: usize = 3;

/// The answer, a sentence each: which point is the best by the first metric and how certain that
/// is, how far it is from the control by every metric, and how many of the others differ
/// significantly from the control.
pub(super) fn answer(comparison: &Comparison) -> Vec<String> {
    let first = &comparison.metrics[0];
    let mut sentences = vec![leading(comparison, first)];
    if let Some((point, against)) = foremost(comparison, first) {
        for by in &comparison.metrics {
            sentences.push(apart(comparison, by, point, against));
        }
    }
    sentences.extend(others(comparison, first));
    sentences
}

fn catalogued(by: &ByMetric) -> &'static Metric {
    &METRICS[index_of(&by.metric).expect("a comparison is by metrics of the catalogue")]
}

/// Which points may be the best.
fn leading(comparison: &Comparison, by: &ByMetric) -> String {
    let metric = catalogued(by);
    let (label, reading) = (metric.label(), Reading::of(metric));
    let with_mean = |row: &RankedPoint| {
        format!("{} ({})", comparison.label(row.point), reading.value(&row.mean))
    };
    let (of, percent) = (by.ranked.len(), percent(comparison.confidence));
    let method = format!("(multiple comparison with the best, {percent} %)");
    let contenders: Vec<&RankedPoint> =
        by.ranked.iter().filter(|row| row.standing != Some(Standing::Beaten)).collect();
    match by.ranked[0].standing {
        None => format!("the highest mean of {label} is that of {}", with_mean(&by.ranked[0])),
        Some(Standing::Best) => format!(
            "{} is the best of {of} by {label}: every other is beaten {method}",
            with_mean(&by.ranked[0])
        ),
        Some(_) => {
            let named: Vec<String> = contenders.iter().take(NAMED).map(|r| with_mean(r)).collect();
            let more = match contenders.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "{} of {of} may be the best by {label}: {}{more} {method}",
                contenders.len(),
                named.join(", ")
            )
        }
    }
}

/// The pair that answers: the best beside the control or, where it is the control, the next best;
/// of all pairs, the two best.
fn foremost(comparison: &Comparison, by: &ByMetric) -> Option<(usize, usize)> {
    let best = by.ranked[0].point;
    let next = by.ranked.get(1)?.point;
    Some(match comparison.control {
        Some(control) if control == best => (next, control),
        Some(control) => (best, control),
        None => (best, next),
    })
}

/// How far two points are apart.
fn apart(comparison: &Comparison, by: &ByMetric, point: usize, against: usize) -> String {
    let metric = catalogued(by);
    let (label, reading) = (metric.label(), Reading::of(metric));
    let is = |d: &&Difference| {
        (d.point, d.against) == (point, against) || (d.against, d.point) == (point, against)
    };
    let found = by.differences.iter().find(is).expect("the pair has been compared");
    let (first, second) = (comparison.label(found.point), comparison.label(found.against));
    let how = match comparison.common_random_numbers {
        true => format!("(paired, {} %)", percent(comparison.confidence)),
        false => format!("({} %)", percent(comparison.confidence)),
    };
    let size = reading.size(&found.difference);
    let Estimate { estimate: Some(difference), low: Some(low), high: Some(high) } =
        found.difference
    else {
        return format!(
            "{first} and {second} are not compared by {label}: it takes two replications in \
             which both have a value"
        );
    };
    let word = match (reading.counts, found.sign) {
        (true, Sign::More) => "more",
        (true, Sign::Less) => "fewer",
        (false, Sign::More) => "higher",
        (false, Sign::Less) => "lower",
        (_, Sign::Open) if high - low > 0.0 || difference.abs() > 0.0 => {
            return format!(
                "no significant difference in {label} between {first} and {second}: {size} {how}"
            );
        }
        (_, Sign::Open) => {
            return format!("{first} and {second} have the same {label} in every replication");
        }
    };
    format!("{first}: {label} {size} {word} than {second} {how}")
}

/// How many of the others are better than the control, and how many worse.
fn others(comparison: &Comparison, by: &ByMetric) -> Option<String> {
    let control = comparison.control.filter(|_| by.differences.len() > 1)?;
    let count = |sign: Sign| by.differences.iter().filter(|d| d.sign == sign).count();
    Some(format!(
        "by {}, of the {} others {} are higher than {}, {} lower, and {} not significantly \
         different",
        catalogued(by).label(),
        by.differences.len(),
        count(Sign::More),
        comparison.label(control),
        count(Sign::Less),
        count(Sign::Open),
    ))
}

/// What to beware of: common random numbers that did harm beyond chance.
pub(super) fn warnings(comparison: &Comparison) -> Vec<String> {
    let harmed = |by: &&ByMetric| by.differences.iter().any(harmed);
    if !comparison.common_random_numbers {
        return Vec::new();
    }
    comparison.metrics.iter().filter(harmed).map(|by| backfires(comparison, by)).collect()
}

/// Whether all of the correlation's interval is below 0.
fn harmed(difference: &Difference) -> bool {
    difference.correlation.high.is_some_and(|high| high < 0.0)
}

fn backfires(comparison: &Comparison, by: &ByMetric) -> String {
    let all: Vec<&Difference> = by.differences.iter().filter(|d| harmed(d)).collect();
    let tell = |d: &&Difference| {
        format!(
            "{} against {} (correlation {:.2}, at most {:.2}; the difference varies {:.2} times as \
             much as that of independent runs)",
            comparison.label(d.point),
            comparison.label(d.against),
            d.correlation.value(),
            d.correlation.high.unwrap_or(f64::NAN),
            d.variance_ratio.unwrap_or(f64::NAN),
        )
    };
    let named: Vec<String> = all.iter().take(NAMED).map(tell).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "common random numbers backfire for {}: {}{more}. The intervals hold, but are wider than \
         they need be: set `common_random_numbers = false` in the study, and every setting has its \
         own draws",
        by.metric,
        named.join("; "),
    )
}
