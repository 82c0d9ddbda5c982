//! A study as written in TOML: the question, the model, the factors and the plots.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::answers::AnswerSpec;
use super::compare::control::CompareSpec;
use super::precision::PrecisionSpec;
use super::sensitivity::spec::SensitivitySpec;
use super::sla::SlaSpec;
use super::tune::TuneSpec;
use crate::engine::time::SimDuration;

/// A study: one model, varied over factors, with a number of replications of each setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// Name of the study, and of the folder its results go to: letters, digits, `-` and `_`.
    pub name: String,
    /// What it is to answer, in the user's words.
    pub question: String,
    /// The model file, relative to the study.
    pub model: String,
    /// Runs of each point.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub replications: u32,
    /// Instead of a fixed number of runs: each point is run until its estimates are so precise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionSpec>,
    /// Seed of every random draw; without it, the model's.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Whether run `r` of every point has the same random numbers: callers, talk times, patience and
    /// faults then cancel out of differences. Otherwise each point has its own draws.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub common_random_numbers: bool,
    /// Confidence of every interval.
    #[serde(default = "ninety_five")]
    #[schemars(range(min = 0.5, max = 0.9999))]
    pub confidence: f64,
    /// Keys of the model that are different in this study, at every point. A table is merged into
    /// the model's, except one with a `kind` or a `preset`, which takes its place.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub set: Table,
    /// How points are taken from the factors; without it, all combinations of their levels.
    #[serde(default, skip_serializing_if = "DesignSpec::is_factorial")]
    pub design: DesignSpec,
    /// Which factors matter how much, as `trunksim sensitivity` finds out; it takes points of its
    /// own, in the place of a design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<SensitivitySpec>,
    /// What is varied.
    #[schemars(length(min = 1))]
    pub factors: Vec<FactorSpec>,
    /// Combinations left out: a point that has all the levels named in one of these. Each names
    /// factors with a level or a list of levels.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, serde_json::Value>>")]
    pub exclude: Vec<Table>,
    /// What a point must keep to. Each is held against the interval of its metric, not against the
    /// estimate: met, missed, or undecided. A table, or a line such as `service_level >= 0.8` or
    /// `failovers_unnecessary <= 2 per day`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sla: Vec<SlaSpec>,
    /// What `trunksim tune` looks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<TuneSpec>,
    /// What the points are ranked by.
    #[serde(default)]
    pub rank: RankSpec,
    /// How `trunksim compare` holds points against each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<CompareSpec>,
    /// What is drawn.
    #[serde(default)]
    pub plots: Vec<PlotSpec>,
    /// What it answers, in the user's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerSpec>,
}

const fn ten() -> u32 {
    10
}

const fn ninety_five() -> f64 {
    0.95
}

impl StudySpec {
    /// Whether the points are combinations of levels.
    #[must_use]
    pub fn is_factorial(&self) -> bool {
        self.design.is_factorial() && self.sensitivity.is_none()
    }
}

const fn yes() -> bool {
    true
}

// serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
const fn is_true(value: &bool) -> bool {
    *value
}

/// How points are taken from the factors.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DesignSpec {
    /// All combinations of levels.
    #[default]
    Factorial,
    /// Each factor's range is cut into as many strata as there are points, and each holds one.
    LatinHypercube {
        /// Points; fewer where two would have the same levels.
        #[schemars(range(min = 2, max = 100_000))]
        points: usize,
        /// Seed of the design; the study's own seed moves no point.
        #[serde(default)]
        seed: u64,
    },
    /// A scrambled Sobol sequence: even in every part of the space.
    Sobol {
        /// Points, a power of two; fewer where two would have the same levels.
        #[schemars(range(min = 2, max = 100_000))]
        points: usize,
        /// Seed of the scrambling; the study's own seed moves no point.
        #[serde(default)]
        seed: u64,
    },
}

impl DesignSpec {
    /// Whether the points are combinations.
    #[must_use]
    pub fn is_factorial(&self) -> bool {
        *self == Self::Factorial
    }
}

/// A factor: what is varied, and the levels it takes. It has either `key` and `values`, or `key`
/// and `range`, or `levels`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorSpec {
    /// Its name: a column of the results.
    pub name: String,
    /// What plots call it; the name without it.
    #[serde(default)]
    pub label: Option<String>,
    /// The scale it has on an axis.
    #[serde(default)]
    pub scale: Scale,
    /// The model key that takes each of `values`: `client.retry.attempts`. An element of a list is
    /// named by its id or position, and `*` means every element: `trunks.*.arrivals.rate_per_s`.
    #[serde(default)]
    pub key: Option<String>,
    /// The values of `key`, one per level.
    #[serde(default)]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub values: Vec<Value>,
    /// The lowest and the highest value of `key`, numbers or lengths of time: a design that samples
    /// takes values in between, evenly on `scale`, to six significant digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub range: Option<Vec<Value>>,
    /// Whether the range has whole numbers only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub integer: bool,
    /// A factor before this one that it goes in lockstep with: first level with first level, second
    /// with second, and in ranges the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Levels that each set several keys, such as whole policies.
    #[serde(default)]
    pub levels: Vec<LevelSpec>,
}

// serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The scale a factor has on an axis.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart.
    Log,
}

/// A level that sets several keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSpec {
    /// What results call it.
    pub label: String,
    /// The keys it sets, as under the study's `set`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub set: Table,
}

/// What the points are ranked by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RankSpec {
    /// The metric.
    pub by: String,
    /// Number of settings printed, from the best and from the worst.
    #[schemars(range(min = 1, max = 1000))]
    pub show: usize,
    /// Metrics printed beside it.
    pub beside: Vec<String>,
}

impl Default for RankSpec {
    fn default() -> Self {
        Self { by: "service_level_end_to_end".to_owned(), show: 5, beside: Vec::new() }
    }
}

/// A plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlotSpec {
    /// Metrics against one factor, a line per level of another, with intervals.
    Curves {
        /// Name of the files.
        file: String,
        /// A panel per metric.
        metrics: Vec<String>,
        /// The factor along the axis.
        x: String,
        /// The factor with a line per level.
        lines: String,
        /// The levels of the other factors.
        #[serde(default, rename = "where")]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
        /// Whether the metrics have a logarithmic axis.
        #[serde(default)]
        log: bool,
    },
    /// Metrics over two factors.
    HeatMap {
        /// Name of the files.
        file: String,
        /// A panel per metric.
        metrics: Vec<String>,
        /// The factor with a column per level.
        x: String,
        /// The factor with a row per level.
        y: String,
        /// The levels of the other factors.
        #[serde(default, rename = "where")]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
    },
    /// The levels of a factor from best to worst, each a mean with its interval.
    Ranking {
        /// Name of the files.
        file: String,
        /// A panel per metric.
        metrics: Vec<String>,
        /// The factor.
        of: String,
        /// The levels of the other factors.
        #[serde(default, rename = "where")]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
    },
}

impl PlotSpec {
    /// The name of its files, its metrics, the two factors it spans (of a ranking, twice the one),
    /// and the levels of the others.
    #[must_use]
    pub fn parts(&self) -> (&str, &[String], [&str; 2], &Table) {
        match self {
            Self::Curves { file, metrics, x, lines, at, .. } => (file, metrics, [x, lines], at),
            Self::HeatMap { file, metrics, x, y, at } => (file, metrics, [x, y], at),
            Self::Ranking { file, metrics, of, at } => (file, metrics, [of, of], at),
        }
    }
}

/// A level as a text, the way results name it: strings as they are, numbers as written.
#[must_use]
pub fn level_text(value: &Value) -> String {
    match value {
        Value::String(text) => {
            text.parse::<SimDuration>().map_or_else(|_| text.clone(), |d| d.to_string())
        }
        Value::Float(number) => format!("{number}"),
        other => other.to_string(),
    }
}
