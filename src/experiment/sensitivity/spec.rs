//! What a study says of its sensitivity analysis: the method, its size, and the metrics it is of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::design::directions::DIMENSIONS_MAX;
use super::super::sampling::neighbours;
use super::super::study::StudySpec;
use super::morris::Morris;
use super::variance::Saltelli;
use crate::system::Issue;

/// How a study finds out which of its factors matter. Coordinates are drawn evenly from each
/// factor's range on its scale, or from its list; what goes in lockstep moves together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivitySpec {
    /// The method.
    pub method: MethodName,
    /// Of `morris`: walks through the cube, each of which changes every factor once. Without it,
    /// 10: from 4 to 10 are usual (Campolongo, Cariboni and Saltelli 2007).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10_000))]
    pub trajectories: Option<usize>,
    /// Of `morris`: levels of each factor, an even number. Without it, 4, as in SALib 1.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 100))]
    pub levels: Option<usize>,
    /// Of `sobol`: rows, a power of two; k factors take k + 2 points a row. Without it, 64, which
    /// is an assumption: enough to tell a factor that matters from one that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 65_536))]
    pub points: Option<usize>,
    /// Of `sobol`: resamples of the rows that the intervals are made from. Without it, 1000: an
    /// assumption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 100_000))]
    pub bootstrap: Option<usize>,
    /// The metrics it is of; without any, those that the study ranks by and shows beside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Seed of its points and resamples; the study's own seed moves no point.
    #[serde(default)]
    pub seed: u64,
}

/// A method of sensitivity analysis.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodName {
    /// Screening by elementary effects: cheap, and says by how much a factor moves a metric.
    Morris,
    /// Sobol's indices: which share of a metric's variance a factor explains, alone and in all.
    Sobol,
}

/// A method with its size.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Elementary effects.
    Morris(Morris),
    /// Shares of variance; number of resamples.
    Sobol(Saltelli, usize),
}

impl Method {
    /// Its points in the unit cube.
    #[must_use]
    pub fn points(&self) -> Vec<Vec<f64>> {
        match self {
            Self::Morris(morris) => morris.design(),
            Self::Sobol(saltelli, _) => saltelli.design(),
        }
    }

    /// How many points it takes.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::Morris(morris) => morris.trajectories.saturating_mul(morris.factors + 1),
            Self::Sobol(saltelli, _) => saltelli.rows.saturating_mul(saltelli.points_per_row()),
        }
    }
}

/// Points past which a study is refused.
const POINTS_MAX: usize = 100_000;

impl SensitivitySpec {
    /// The method for this number of factors.
    #[must_use]
    pub fn method(&self, factors: usize) -> Method {
        let seed = self.seed;
        match self.method {
            MethodName::Morris => Method::Morris(Morris {
                factors,
                levels: self.levels.unwrap_or(4),
                trajectories: self.trajectories.unwrap_or(10),
                seed,
            }),
            MethodName::Sobol => {
                let rows = self.points.unwrap_or(64);
                let saltelli = Saltelli { factors, rows, pairs: false, seed };
                Method::Sobol(saltelli, self.bootstrap.unwrap_or(1000))
            }
        }
    }

    /// What is wrong with it for a study of `factors` factors that follow no other.
    #[must_use]
    pub fn check(&self, factors: usize) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut refuse = |path: &str, value: usize, message: String| {
            issues.push(Issue { path: path.into(), value: value.to_string(), message });
        };
        let bounds = [
            ("trajectories", MethodName::Morris, self.trajectories, 2, 10_000),
            ("levels", MethodName::Morris, self.levels, 2, 100),
            ("points", MethodName::Sobol, self.points, 2, 65_536),
            ("bootstrap", MethodName::Sobol, self.bootstrap, 10, 100_000),
        ];
        for (key, method, value, least, most) in bounds {
            let Some(value) = value else { continue };
            let path = format!("sensitivity.{key}");
            if method != self.method {
                let (other, own) = match method {
                    MethodName::Morris => ("morris", "sobol"),
                    MethodName::Sobol => ("sobol", "morris"),
                };
                let message = format!("is of the method \"{other}\"; this one is \"{own}\"");
                refuse(&path, value, message);
            } else if !(least..=most).contains(&value) {
                refuse(&path, value, format!("must be from {least} to {most}"));
            } else if key == "levels" && value % 2 == 1 {
                let message = format!("must be even; take {} or {}", value - 1, value + 1);
                refuse(&path, value, message);
            } else if key == "points" && !value.is_power_of_two() {
                let message = format!("must be a power of two; {}", neighbours(value));
                refuse(&path, value, message);
            }
        }
        if self.method == MethodName::Sobol && 2 * factors > DIMENSIONS_MAX {
            let message = format!("Sobol's indices take {} factors at most", DIMENSIONS_MAX / 2);
            refuse("factors", factors, message);
        }
        if issues.is_empty() && self.method(factors).count() > POINTS_MAX {
            let message = format!("makes more than {POINTS_MAX} settings");
            let count = self.method(factors).count().to_string();
            issues.push(Issue { path: "sensitivity".into(), value: count, message });
        }
        issues
    }

    /// What it cannot stand beside in a study.
    #[must_use]
    pub fn check_beside(&self, study: &StudySpec) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut refuse = |path: &str, message: &str| {
            issues.push(Issue { path: path.into(), value: String::new(), message: message.into() });
        };
        if !study.design.is_factorial() {
            refuse("design", "has no place beside `sensitivity`; its method takes the settings");
        }
        if !study.exclude.is_empty() {
            let message =
                "has no place beside `sensitivity`; its method needs every setting it takes";
            refuse("exclude", message);
        }
        if study.precision.is_some() {
            let message =
                "has no place beside `sensitivity`; it needs as many runs of each setting";
            refuse("precision", message);
        }
        issues
    }

    /// The names of the metrics it is of.
    #[must_use]
    pub fn metrics(&self, study: &StudySpec) -> Vec<String> {
        if self.metrics.is_empty() {
            let ranked = std::iter::once(&study.rank.by).chain(&study.rank.beside);
            return ranked.cloned().collect();
        }
        self.metrics.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, factors: usize) -> Vec<(String, String)> {
        let spec: SensitivitySpec = toml::from_str(text).unwrap();
        spec.check(factors).into_iter().map(|issue| (issue.path, issue.message)).collect()
    }

    #[test]
    fn sizes_that_a_method_cannot_have_are_refused() {
        for (text, factors, key, message) in [
            ("method = \"sobol\"\npoints = 100", 3, "sensitivity.points", "take 64 or 128"),
            ("method = \"morris\"\nlevels = 5", 3, "sensitivity.levels", "take 4 or 6"),
            ("method = \"morris\"\npoints = 64", 3, "sensitivity.points", "method \"sobol\""),
            ("method = \"sobol\"\nlevels = 4", 3, "sensitivity.levels", "method \"morris\""),
            ("method = \"morris\"\ntrajectories = 1", 3, "sensitivity.trajectories", "from 2"),
            ("method = \"sobol\"\nbootstrap = 1", 3, "sensitivity.bootstrap", "from 10"),
            ("method = \"sobol\"", 40, "factors", "at most"),
            ("method = \"sobol\"\npoints = 65536", 3, "sensitivity", "more than 100000 settings"),
        ] {
            let got = check(text, factors);
            assert_eq!(got.len(), 1, "{text}: {got:?}");
            assert!(got[0].0 == key && got[0].1.contains(message), "{text}: {got:?}");
        }
        assert!(check("method = \"sobol\"", 32).is_empty());
        assert!(check("method = \"morris\"", 100).is_empty());
    }

    #[test]
    fn a_method_takes_as_many_points_as_it_says() {
        for text in ["method = \"sobol\"\npoints = 8", "method = \"morris\"\ntrajectories = 3"] {
            let spec: SensitivitySpec = toml::from_str(text).unwrap();
            let method = spec.method(5);
            assert_eq!(method.points().len(), method.count(), "{text}");
        }
    }
}
