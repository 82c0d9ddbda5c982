//! What a sensitivity analysis found, as `sensitivity.json` holds it. A number without a value is
//! `null` there.

use serde::{Deserialize, Serialize};

use super::super::figures::{self, or_nan};
use super::spec::MethodName;
use crate::engine::statistics::{Bounds, Interval};

/// The results of a study's sensitivity analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// `sensitivity`.
    pub command: String,
    /// Name of the study.
    pub study: String,
    /// What it is to answer.
    pub question: String,
    /// The answer in plain sentences, the first metric first.
    pub answer: Vec<String>,
    /// What to be careful about, each with its remedy.
    pub warnings: Vec<String>,
    /// `morris` or `sobol`.
    pub method: MethodName,
    /// Confidence of the intervals, 0 to 1.
    pub confidence: f64,
    /// Points the method took, those that are the same counted as often as it took them.
    pub points: usize,
    /// Runs of each point.
    pub replications: u32,
    /// Seed of every random draw of the runs.
    pub seed: u64,
    /// Whether the points share their random numbers.
    pub common_random_numbers: bool,
    /// What was found of each metric.
    pub metrics: Vec<MetricSensitivity>,
}

/// What moves a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSensitivity {
    /// Its name.
    pub metric: String,
    /// Its name in words.
    pub label: String,
    /// Its unit; `share` for parts of a whole, 0 to 1; empty for counts and ratios.
    pub unit: String,
    /// The replications that count: those in which every point gave a value.
    pub replications: usize,
    /// Its mean over the points, in its unit.
    #[serde(deserialize_with = "or_nan")]
    pub mean: f64,
    /// Its standard deviation between points, noise included, in its unit.
    #[serde(deserialize_with = "or_nan")]
    pub sd: f64,
    /// The share of its variance between points that is noise of these replications, 0 to 1.
    /// Noise looks like interaction: it adds to what factors explain in all, and to nothing else.
    #[serde(deserialize_with = "or_nan")]
    pub noise_share: f64,
    /// What each factor does to it, the one that matters most first.
    pub factors: Vec<FactorSensitivity>,
}

/// What a factor does to a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactorSensitivity {
    /// Its name.
    pub factor: String,
    /// What plots call it.
    pub label: String,
    /// The factors that go in lockstep with it.
    pub with: Vec<String>,
    /// Its lowest and highest level, or all levels of a list, as text.
    pub levels: Vec<String>,
    /// Of `sobol`: the share of the metric's variance that it explains alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<Estimate>,
    /// Of `sobol`: the share that it explains with all its interactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_all: Option<Estimate>,
    /// Of `morris`: the mean size of its effects, in the metric's unit per whole range (μ*).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Estimate>,
    /// Of `morris`: the mean of its effects with their signs, in the same unit (μ).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_mean: Option<f64>,
    /// Of `morris`: the standard deviation of its effects, in the same unit (σ): how much they
    /// depend on the other factors, or on where in its range they are measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_sd: Option<f64>,
    /// The metric's mean in the upper half of the range less that in the lower half, all else equal,
    /// in its unit; nothing where the levels have no order.
    pub upper_less_lower: Option<Estimate>,
}

/// An estimate with its interval.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    #[serde(deserialize_with = "or_nan")]
    pub estimate: f64,
    /// Lower end.
    #[serde(deserialize_with = "or_nan")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "or_nan")]
    pub high: f64,
}

impl From<Bounds> for Estimate {
    fn from(bounds: Bounds) -> Self {
        Self { estimate: bounds.estimate, low: bounds.low, high: bounds.high }
    }
}

impl From<Estimate> for figures::Estimate {
    fn from(Estimate { estimate, low, high }: Estimate) -> Self {
        Bounds { estimate, low, high }.into()
    }
}

impl From<Interval> for Estimate {
    fn from(interval: Interval) -> Self {
        interval.bounds().into()
    }
}

impl Estimate {
    /// Whether all of it lies to one side of 0.
    #[must_use]
    pub fn has_sign(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// Whether all of it lies above all of another.
    #[must_use]
    pub fn above(&self, other: &Self) -> bool {
        self.low > other.high
    }
}

impl FactorSensitivity {
    /// What it is ranked by: its share in all, or the size of its effects.
    #[must_use]
    pub fn rank(&self) -> Option<Estimate> {
        self.in_all.or(self.effect)
    }
}
