//! Answers as written in a study.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

/// An answer to the study's question: a sentence into which the results are put.
///
/// What stands in braces is replaced. `{factor}` is the level of a factor, `{setting}` all levels
/// that the sentence does not fix, and `{metric}` the estimate of a metric with its interval:
/// `86.4 ± 0.8 %`. After a metric that adds up over time may follow `per hour` or `per day`. Where
/// there is another point to compare with, `{metric against}` and `{factor against}` are of that
/// one; `{metric difference}` is the first less the other, paired by replication
/// (`+4.2 ± 0.8 points`), and `{metric compared}` says it in words: `3.1 ± 0.4 fewer`, or `no
/// significant difference (+0.2 ± 0.6)` where the interval holds 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerSpec {
    /// What is so at a point, and how another differs from it.
    Sentence {
        /// The sentence.
        say: String,
        /// Levels of the point. Without `best` or `worst` they leave one point.
        #[serde(default)]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
        /// Of the points with these levels, the one where this metric is best. How many others are
        /// not significantly different is said after the sentence. Its own estimate of this metric
        /// is a little flattering, because it was picked by it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        best: Option<String>,
        /// Of the points with these levels, the one where this metric is worst; see `best`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worst: Option<String>,
        /// The point to compare with: levels that differ from those of the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
        against: Option<Table>,
        /// The point to compare with is instead, of the points with the levels in `against` alone,
        /// the one where this metric is best.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        against_best: Option<String>,
    },
    /// Points from best to worst: `{ranking}` is `a (1.0 ± 0.2), b (1.2 ± 0.3) [neighbours not
    /// significantly different]; then c (3.4 ± 0.5)`. Neighbours are in one group where the paired
    /// interval of their difference holds 0, all these intervals holding together.
    Ranking {
        /// The sentence.
        say: String,
        /// The metric, `per hour` or `per day` after it if wanted.
        by: String,
        /// Levels that the points have in common.
        #[serde(default)]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
        /// Number of points in the ranking, from the best; without it, all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = 1000))]
        show: Option<usize>,
    },
    /// Along a factor, where one setting stops being better than another, or starts to:
    /// `{crossing}` is the first level at which the paired interval of their difference lies wholly
    /// on the other side of 0 than it did at first (`at load 1.5`, or `at no load from 0.5 to 2`,
    /// followed by `with certainty` where some levels are undecided), and `{stretches}` says it
    /// level by level. The intervals of all levels hold together.
    Crossing {
        /// The sentence.
        say: String,
        /// The metric.
        metric: String,
        /// The factor.
        along: String,
        /// Levels of the setting; with those of `along` they leave one point.
        #[serde(default)]
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        at: Table,
        /// Levels of the other setting that differ from those.
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        against: Table,
    },
}

impl AnswerSpec {
    /// The sentence.
    #[must_use]
    pub fn say(&self) -> &str {
        match self {
            Self::Sentence { say, .. } | Self::Ranking { say, .. } | Self::Crossing { say, .. } => {
                say
            }
        }
    }
}
