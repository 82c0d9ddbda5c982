//! The comparison of a study's points, as `compare.json` holds it: by each metric the points from
//! best to worst, each beside the best and beside the control, and whether common random numbers
//! paid.
//!
//! **Confidence.** Means and ratios have the study's confidence, each alone. Paired differences hold
//! all together, and so do comparisons with the best: the error is shared out over the metrics and
//! over the comparisons of each (Bonferroni). Dunnett's and Tukey's methods would be narrower, but
//! are for independent arms of one variance, which common random numbers make false. A control that
//! is only the best found was chosen by the same runs: its differences are shared out over all the
//! pairs it was chosen from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::estimate::simultaneous::bonferroni;
use super::super::figures::{Estimate, label};
use super::super::plan::Plan;
use super::super::record::Sample;
use super::best::{Standing, with_the_best};
use super::correlation::correlation_interval;
use super::goal::Goal;
use super::paired::{Sign, paired};
use super::ranking::ranking;
use super::sentences;
use crate::system::metrics::{Better, METRICS};

/// What is to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The metrics, in the catalogue's numbers; the first decides.
    pub metrics: Vec<usize>,
    /// With what each point is compared.
    pub with: With,
}

/// With what each point is compared.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// This point.
    Control(usize),
    /// The best by the first metric.
    BestFound,
    /// Every other point.
    Each,
}

/// `compare.json`. Values are in the metrics' units and not rounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `compare`.
    pub command: String,
    /// Name of the study.
    pub study: String,
    /// Its question.
    pub question: String,
    /// What answers it, a sentence each.
    pub answer: Vec<String>,
    /// What to beware of, each with its remedy.
    pub warnings: Vec<String>,
    /// Seed of the study.
    pub seed: u64,
    /// Runs of each point; where points differ, the most.
    pub replications: usize,
    /// Confidence: of each mean and ratio alone; of all differences together; of all comparisons
    /// with the best together.
    pub confidence: f64,
    /// Whether the points share their random numbers.
    pub common_random_numbers: bool,
    /// The point the others are held against; none where all pairs are compared.
    pub control: Option<usize>,
    /// Whether the control was named, not found to be the best.
    pub control_named: bool,
    /// The points, in the order of runs.csv.
    pub points: Vec<ComparedPoint>,
    /// The metrics; the first decides.
    pub metrics: Vec<ByMetric>,
}

/// A point that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedPoint {
    /// Its number, from 0.
    pub point: usize,
    /// What sets it apart from the others: `base = 50ms, jitter = full`.
    pub label: String,
    /// The level of each factor, by name.
    pub levels: BTreeMap<String, String>,
}

/// The points by one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByMetric {
    /// Name of the metric.
    pub metric: String,
    /// Its unit: `share` for parts of a whole, 0 to 1; empty for counts and ratios.
    pub unit: String,
    /// Which way it is better: `higher`, `lower` or `neither`.
    pub better: String,
    /// The points from best to worst; where neither way is better, from the highest.
    pub ranked: Vec<RankedPoint>,
    /// Each point but the control less the control, in the order of `ranked`; or all pairs, the one
    /// that ranks better less the other.
    pub differences: Vec<Difference>,
}

/// A point by one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedPoint {
    /// Its number.
    pub point: usize,
    /// Runs that gave a value.
    pub runs: u64,
    /// Its mean with its t interval.
    pub mean: Estimate,
    /// Its mean as a multiple of the first of `ranked`, paired by replication; `null` where that
    /// mean is 0.
    pub relative: Estimate,
    /// How far it is ahead of the best of the others, more being better; the interval is the
    /// constrained one, which holds 0. None where neither way is better.
    pub advantage: Option<Estimate>,
    /// Whether it is the best. None where neither way is better.
    pub standing: Option<Standing>,
}

/// One point less another by one metric, paired by replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The point.
    pub point: usize,
    /// The one it is held against.
    pub against: usize,
    /// Replications in which both gave a value.
    pub pairs: u64,
    /// The first less the second, with its paired-t interval.
    pub difference: Estimate,
    /// What the interval says of it.
    pub sign: Sign,
    /// The confidence of this interval, and of that of the correlation, such that all differences
    /// hold together.
    pub confidence: f64,
    /// Correlation of the two; `null` if either is constant.
    pub correlation: Estimate,
    /// Variance of the difference against that of independent runs: below 1 common random numbers
    /// paid, above 1 they did harm. `null` where neither varies.
    pub variance_ratio: Option<f64>,
}

impl Comparison {
    /// Compares the points of a plan. They may differ in their number of runs: a pair counts where
    /// both have one.
    ///
    /// # Panics
    /// Where no metric is asked for.
    #[must_use]
    pub fn new(plan: &Plan, sample: Sample<'_>, request: &Request) -> Self {
        assert!(!request.metrics.is_empty(), "a comparison is by a metric");
        let confidence = plan.study.confidence;
        let arms_by: Vec<Vec<Vec<f64>>> =
            request.metrics.iter().map(|m| arms(plan, sample, *m)).collect();
        let control = match request.with {
            With::Control(point) => Some(point),
            With::BestFound => {
                let goal = Goal::of(METRICS[request.metrics[0]].better);
                Some(ranking(&arms_by[0], goal, confidence)[0].arm)
            }
            With::Each => None,
        };
        let k = plan.points.len();
        let comparisons = match request.with {
            With::Control(_) => k - 1,
            With::BestFound | With::Each => k * (k - 1) / 2,
        };
        let shares = Shares {
            alone: confidence,
            metric: bonferroni(confidence, request.metrics.len()),
            difference: bonferroni(confidence, request.metrics.len() * comparisons),
        };
        let by = request.metrics.iter().zip(&arms_by);
        let metrics = by.map(|(m, arms)| by_metric(*m, arms, control, &shares)).collect();
        let point = |point: usize| {
            let levels = plan.factors.iter().zip(&plan.points[point].levels);
            let levels =
                levels.map(|(f, l)| (f.name.clone(), f.levels[*l].label.clone())).collect();
            ComparedPoint { point, label: label(plan, point), levels }
        };
        let mut comparison = Self {
            command: "compare".to_owned(),
            study: plan.study.name.clone(),
            question: plan.study.question.clone(),
            answer: Vec::new(),
            warnings: Vec::new(),
            seed: plan.seed,
            replications: arms_by[0].iter().map(Vec::len).max().unwrap_or(0),
            confidence,
            common_random_numbers: plan.study.common_random_numbers,
            control,
            control_named: matches!(request.with, With::Control(_)),
            points: (0..k).map(point).collect(),
            metrics,
        };
        comparison.answer = sentences::answer(&comparison);
        comparison.warnings = sentences::warnings(&comparison);
        comparison
    }

    /// The label of a point.
    #[must_use]
    pub fn label(&self, point: usize) -> &str {
        &self.points[point].label
    }
}

/// The confidence of one interval, by what it is of.
struct Shares {
    alone: f64,
    metric: f64,
    difference: f64,
}

/// The values of a metric by point and replication; not a number where a run stopped.
fn arms(plan: &Plan, sample: Sample<'_>, metric: usize) -> Vec<Vec<f64>> {
    let arm = |point: usize| {
        sample.values(point, metric).map(|value| value.unwrap_or(f64::NAN)).collect()
    };
    (0..plan.points.len()).map(arm).collect()
}

fn by_metric(
    metric: usize,
    arms: &[Vec<f64>],
    control: Option<usize>,
    shares: &Shares,
) -> ByMetric {
    let metric = &METRICS[metric];
    let goal = Goal::of(metric.better);
    let order = ranking(arms, goal, shares.alone);
    let judged = metric.better != Better::Neither;
    let beside = judged.then(|| with_the_best(arms, goal, shares.metric));
    let ranked: Vec<RankedPoint> = order
        .iter()
        .map(|row| RankedPoint {
            point: row.arm,
            runs: row.mean.n,
            mean: row.mean.into(),
            relative: row.relative.into(),
            advantage: beside.as_ref().map(|beside| beside[row.arm].advantage.into()),
            standing: beside.as_ref().map(|beside| beside[row.arm].standing),
        })
        .collect();
    let points: Vec<usize> = order.iter().map(|row| row.arm).collect();
    let pairs: Vec<(usize, usize)> = match control {
        Some(control) => points.iter().filter(|p| **p != control).map(|p| (*p, control)).collect(),
        None => {
            let rest = |i: usize| points[i + 1..].iter().map(move |other| (i, *other));
            (0..points.len()).flat_map(rest).map(|(i, other)| (points[i], other)).collect()
        }
    };
    let difference =
        |(point, against): (usize, usize)| difference(arms, point, against, shares.difference);
    ByMetric {
        metric: metric.name.to_owned(),
        unit: metric.unit.to_owned(),
        better: match metric.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
            Better::Neither => "neither",
        }
        .to_owned(),
        ranked,
        differences: pairs.into_iter().map(difference).collect(),
    }
}

fn difference(arms: &[Vec<f64>], point: usize, against: usize, confidence: f64) -> Difference {
    let got = paired(&arms[point], &arms[against], confidence);
    let pairs = got.difference.n;
    Difference {
        point,
        against,
        pairs,
        difference: got.difference.into(),
        sign: Sign::of(&got.difference),
        confidence,
        correlation: correlation_interval(got.correlation, pairs, confidence).into(),
        variance_ratio: got.variance_ratio.is_finite().then_some(got.variance_ratio),
    }
}

#[cfg(test)]
mod tests;
