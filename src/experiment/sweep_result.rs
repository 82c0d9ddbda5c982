//! What a sweep found, as `sweep.json` holds it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answers::answers;
use super::compare::goal::{Goal, from_best};
use super::figures::{Estimate, Reading, label, percent};
use super::plan::Plan;
use super::select::threshold::together;
use super::summary::Summary;
use crate::system::metrics::{Better, METRICS, index_of};

/// `sweep.json`: every point of a study with its estimates, the order of the points, and what they
/// say of the study's thresholds. Values are in the metrics' units and not rounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepResult {
    /// `sweep`.
    pub command: String,
    /// Name of the study.
    pub study: String,
    /// Its question.
    pub question: String,
    /// What answers it, a sentence each.
    pub answer: Vec<String>,
    /// Seed of the study.
    pub seed: u64,
    /// Confidence of each interval.
    pub confidence: f64,
    /// Whether the points share their random numbers.
    pub common_random_numbers: bool,
    /// The study's thresholds, in its order: `service_level at least 0.8`.
    pub sla: Vec<String>,
    /// What points are ranked by, and the metrics printed beside it.
    pub metrics: Vec<String>,
    /// The points from best to worst by the first of `metrics`.
    pub ranking: Vec<usize>,
    /// The points, in the order of runs.csv.
    pub points: Vec<SweepPoint>,
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// Its number, from 0.
    pub point: usize,
    /// What sets it apart from the others: `base = 50ms, jitter = full`.
    pub label: String,
    /// The level of each factor, by name.
    pub levels: BTreeMap<String, String>,
    /// Runs that gave a result.
    pub runs: usize,
    /// Runs that stopped with an error and count in no estimate.
    pub failed: usize,
    /// What its runs say of each of `sla`: `met`, `undecided` or `missed`, at the study's
    /// confidence for all of a point together.
    pub verdicts: Vec<String>,
    /// The verdict on all thresholds together; `None` if the study has no threshold.
    pub sla: Option<String>,
    /// The mean of every metric with its t interval.
    pub estimates: BTreeMap<String, Estimate>,
}

impl SweepResult {
    /// From the estimates of a plan.
    ///
    /// # Panics
    /// Where the study names a metric that there is not; a plan has been checked for that.
    #[must_use]
    pub fn new(plan: &Plan, summary: &Summary<'_>) -> Self {
        let study = &plan.study;
        let by = index_of(&study.rank.by).expect("the plan has checked the metric");
        let means: Vec<f64> =
            (0..plan.points.len()).map(|point| summary.get(point, by).mean).collect();
        let ranking = from_best(&means, Goal::of(METRICS[by].better));
        Self {
            command: "sweep".to_owned(),
            study: study.name.clone(),
            question: study.question.clone(),
            answer: if study.answers.is_empty() {
                vec![answer(plan, summary, by, &ranking)]
            } else {
                answers(plan, summary)
            },
            seed: plan.seed,
            confidence: summary.confidence,
            common_random_numbers: study.common_random_numbers,
            sla: study.sla.iter().map(ToString::to_string).collect(),
            metrics: std::iter::once(&study.rank.by).chain(&study.rank.beside).cloned().collect(),
            ranking,
            points: (0..plan.points.len()).map(|point| sweep_point(plan, summary, point)).collect(),
        }
    }
}

fn sweep_point(plan: &Plan, summary: &Summary<'_>, point: usize) -> SweepPoint {
    let levels = plan.factors.iter().zip(&plan.points[point].levels);
    let estimates = &summary.points[point];
    let verdicts = summary.verdicts(plan, point);
    let named = METRICS.iter().zip(&estimates.metrics);
    SweepPoint {
        point,
        label: label(plan, point),
        levels: levels.map(|(f, l)| (f.name.clone(), f.levels[*l].label.clone())).collect(),
        runs: estimates.runs,
        failed: estimates.failed,
        sla: (!verdicts.is_empty()).then(|| together(&verdicts).word().to_owned()),
        verdicts: verdicts.iter().map(|v| v.word().to_owned()).collect(),
        estimates: named.map(|(m, e)| (m.name.to_owned(), Estimate::from(*e))).collect(),
    }
}

/// The best point by its mean; whether it is the best for certain is for `compare` to say.
fn answer(plan: &Plan, summary: &Summary<'_>, by: usize, ranking: &[usize]) -> String {
    let metric = &METRICS[by];
    let best = if metric.better == Better::Neither { "highest" } else { "best" };
    format!(
        "{best} mean of {} among {} settings: {} at {} ({} %)",
        metric.label(),
        plan.points.len(),
        Reading::of(metric).value(&summary.get(ranking[0], by).into()),
        label(plan, ranking[0]),
        percent(summary.confidence),
    )
}
