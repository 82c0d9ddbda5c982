//! A study as written in TOML: the question, the model, the factors and what is drawn of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::engine::time::SimDuration;

/// A study: one model, varied over factors, each setting run so many times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// Name of the study, and of the folder its results go to: letters, digits, `-` and `_`.
    pub name: String,
    /// What it is to answer, in the user's words.
    pub question: String,
    /// The model file, relative to the study.
    pub model: String,
    /// Runs of each point; run `r` of every point has the random numbers of replication `r`
    /// (common random numbers).
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub replications: u32,
    /// Seed of every random draw; without it, the model's.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Confidence of every interval.
    #[serde(default = "ninety_five")]
    #[schemars(range(min = 0.5, max = 0.9999))]
    pub confidence: f64,
    /// Keys of the model that are different in this study, at every point. A table is merged into
    /// the model's, except one with a `kind` or a `preset`, which takes its place.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub set: Table,
    /// What is varied. The points are all combinations of their levels.
    #[schemars(length(min = 1))]
    pub factors: Vec<FactorSpec>,
    /// Combinations left out: a point that has all the levels named in one of these. Each names
    /// factors with a level or a list of levels.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, serde_json::Value>>")]
    pub exclude: Vec<Table>,
    /// What the points are ranked by.
    #[serde(default)]
    pub rank: RankSpec,
    /// What is drawn.
    #[serde(default)]
    pub plots: Vec<PlotSpec>,
}

const fn ten() -> u32 {
    10
}

const fn ninety_five() -> f64 {
    0.95
}

/// A factor: what is varied, and the levels it takes. It has either `key` and `values`, or
/// `levels`.
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
    /// Levels that each set several keys, such as whole policies.
    #[serde(default)]
    pub levels: Vec<LevelSpec>,
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
    /// So many of the best and of the worst are printed.
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
}

impl PlotSpec {
    /// The name of its files, its metrics, the two factors it spans, and the levels of the others.
    #[must_use]
    pub fn parts(&self) -> (&str, &[String], [&str; 2], &Table) {
        match self {
            Self::Curves { file, metrics, x, lines, at, .. } => (file, metrics, [x, lines], at),
            Self::HeatMap { file, metrics, x, y, at } => (file, metrics, [x, y], at),
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
