//! What a tuning found, as `tune.json` has it. Values are not rounded; one that is not a number is
//! `null`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::figures::{self, or_nan};
use super::spec::TermSpec;
use crate::engine::statistics::{Bounds, Interval};

/// The result of a tuning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuneResult {
    /// `tune`.
    pub command: String,
    /// Name of the study.
    pub study: String,
    /// Its question.
    pub question: String,
    /// Plain sentences that answer it.
    pub answer: Vec<String>,
    /// Seed of the study.
    pub seed: u64,
    /// Confidence of each interval alone.
    pub interval_confidence: f64,
    /// Whether the points share their random numbers.
    pub common_random_numbers: bool,
    /// `recommended`, or why nothing is: `undecided` where no point is certain to meet the
    /// thresholds, `infeasible` where every one is certain to miss one or failed.
    pub outcome: String,
    /// `minimise` or `maximise`.
    pub goal: String,
    /// The cost, a sum of weight times metric.
    pub cost: Vec<TermSpec>,
    /// The difference in cost that matters.
    pub indifference: f64,
    /// How sure the answer is.
    pub certainty: Certainty,
    /// The point recommended, estimated on its fresh replications; where nothing is recommended, the
    /// point that comes nearest to the thresholds, estimated on the best runs it has.
    pub recommended: Candidate,
    /// The point it was chosen before that comes nearest, and what that costs more.
    pub runner_up: Option<RunnerUp>,
    /// The Pareto front.
    pub front: Front,
    /// The rungs of the race.
    pub rungs: Vec<RungResult>,
    /// Points run, of how many there are.
    pub points_run: usize,
    /// Points of the study.
    pub points_of: usize,
    /// Runs spent and saved.
    pub runs: Spent,
    /// Every point that was run.
    pub points: Vec<PointResult>,
}

/// How sure the answer is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certainty {
    /// The probability asked for that the point recommended meets the thresholds and no other that
    /// does costs less by more than the indifference zone.
    pub confidence: f64,
    /// Whether the replications allowed sufficed for it.
    pub reached: bool,
    /// Finalists that might meet the thresholds and might cost less, but could not be decided on.
    pub undecided: Vec<usize>,
}

/// An estimate: the mean over replications with its t interval at the study's confidence.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean, in the unit of the metric.
    #[serde(deserialize_with = "or_nan")]
    pub mean: f64,
    /// Lower end.
    #[serde(deserialize_with = "or_nan")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "or_nan")]
    pub high: f64,
    /// Replications.
    pub n: u64,
}

impl From<Estimate> for figures::Estimate {
    fn from(Estimate { mean, low, high, .. }: Estimate) -> Self {
        Bounds { estimate: mean, low, high }.into()
    }
}

impl Estimate {
    pub(super) fn of(interval: &Interval) -> Self {
        Self { mean: interval.mean, low: interval.low(), high: interval.high(), n: interval.n }
    }
}

/// A point with its estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The point.
    pub point: usize,
    /// The level of each factor.
    pub levels: BTreeMap<String, String>,
    /// What makes a model this point, as TOML.
    pub fragment: String,
    /// `fresh` or `race`: which replications the estimates are of.
    pub replications: String,
    /// Its cost.
    pub cost: Estimate,
    /// The metrics of the cost, of the thresholds and of the front, by name.
    pub metrics: BTreeMap<String, Estimate>,
    /// The verdict of its replications on each threshold, all together at the study's confidence.
    pub sla: Vec<Held>,
    /// Points that gave the very same in every run that both have.
    pub same: Vec<usize>,
}

/// A threshold held against a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The metric.
    pub metric: String,
    /// `at least 0.8`.
    pub threshold: String,
    /// `met`, `undecided` or `missed`.
    pub verdict: String,
}

/// The point that comes nearest to the one recommended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// The point.
    pub point: usize,
    /// The level of each factor.
    pub levels: BTreeMap<String, String>,
    /// Its cost less that of the one recommended (for a worth to maximise: the worth it lacks),
    /// paired by the fresh replications that both have.
    pub costs_more: Estimate,
}

/// The Pareto front: no point is better than one of these in every objective, by the means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// The metrics, and which way each is better: `lower` or `higher`.
    pub objectives: Vec<(String, String)>,
    /// `fresh` or `race`: which replications the estimates are of.
    pub replications: String,
    /// Its points.
    pub points: Vec<FrontPoint>,
    /// The others that may keep to the SLA, each dominated by another, by the same replications.
    pub dominated: Vec<FrontPoint>,
}

/// A point of the front, or behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// The point.
    pub point: usize,
    /// The level of each factor.
    pub levels: BTreeMap<String, String>,
    /// Estimates in the order of the objectives.
    pub estimates: Vec<Estimate>,
    /// Its status, as in the table of points.
    pub status: String,
}

/// A rung of the race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RungResult {
    /// Replications of each point in it.
    pub replications: usize,
    /// Points in it.
    pub entered: usize,
    /// Points found to miss a threshold, or whose runs failed.
    pub missed: usize,
    /// Points cut for their cost.
    pub cut: usize,
    /// Points that came back, since what had cut them misses a threshold.
    pub back: usize,
    /// The cheapest point that seemed to meet every threshold, by which others were cut.
    pub leader: Option<usize>,
}

/// Runs spent and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Of the race (and of the search before it).
    pub race: usize,
    /// On fresh replications.
    pub fresh: usize,
    /// Together.
    pub total: usize,
    /// Replications of the point recommended, of both kinds.
    pub replications_of_recommended: usize,
    /// Brute force: every point of the study as often as the one recommended.
    pub brute_force: usize,
    /// The share of those runs that was saved.
    #[serde(deserialize_with = "or_nan")]
    pub saved: f64,
}

/// A point that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// The point.
    pub point: usize,
    /// The level of each factor.
    pub levels: BTreeMap<String, String>,
    /// `recommended`; `same`: gave the very same; `beaten`: meets the thresholds, not chosen;
    /// `no_better`: not cheaper than the one recommended by more than the indifference zone,
    /// whether or not it meets the thresholds; `costlier`: cut for its cost; `missed`: misses a
    /// threshold; `undecided`; `failed`: a run stopped with an error.
    pub status: String,
    /// Where it was decided: `race` or `fresh`.
    pub decided: String,
    /// The point it gave way to, where its status is `same`, `no_better` or `costlier`.
    pub than: Option<usize>,
    /// Its replications in the race, and fresh ones.
    pub race: usize,
    /// Fresh replications.
    pub fresh: usize,
    /// Its cost on its replications in the race.
    pub cost_in_race: Estimate,
    /// Its cost on its fresh replications, if it has any.
    pub cost_on_fresh: Option<Estimate>,
    /// Why a run of it stopped.
    pub error: Option<String>,
}
