//! The `[tune]` section of a study: what is minimised, which difference matters, how sure the
//! answer has to be, and how the runs are spent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::system::Issue;
use crate::system::metrics::{index_of, no_such_metric};

/// What `trunksim tune` looks for, and how. The thresholds to keep to are the study's `sla`, and the
/// first rung of its race has the study's `replications`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TuneSpec {
    /// The cost to minimise: the sum of weight times metric. Either this or `maximise`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimise: Vec<TermSpec>,
    /// The worth to maximise: the sum of weight times metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maximise: Vec<TermSpec>,
    /// The smallest difference of that sum that matters, in its unit, above 0: a point that is no
    /// more than this from the best is as good.
    pub indifference: f64,
    /// How sure the answer has to be, all its parts together; without it, the study's `confidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.5, max = 0.9999))]
    pub confidence: Option<f64>,
    /// The race that sorts out what is clearly worse.
    #[serde(default)]
    pub race: RaceSpec,
    /// The choice among those left, on fresh replications.
    #[serde(default)]
    pub confirm: ConfirmSpec,
    /// The metrics of the Pareto front. One that is better neither way is the better the lower.
    #[serde(default = "four_objectives")]
    #[schemars(length(min = 1))]
    pub objectives: Vec<String>,
    /// Number of settings up to which all are run; beyond it a genetic search picks those to run.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 100_000))]
    pub enumerate_max: usize,
    /// The genetic search; where it is given, it is used however few points there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSpec>,
}

/// A term of the cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermSpec {
    /// The metric.
    pub metric: String,
    /// What one unit of it costs. 1 without it.
    #[serde(default = "one")]
    pub weight: f64,
}

/// The race. Its defaults are assumptions; that a rung beyond `most` would cost a point more runs
/// than the first fresh ones of `confirm` is why it ends there.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RaceSpec {
    /// Replications of a point at the last rung; without it, `factor` times those of the first.
    #[schemars(range(min = 2, max = 1_000_000))]
    pub most: Option<u32>,
    /// Factor between the replications of a rung and of the rung before (Jamieson and
    /// Talwalkar 2016 and their successors: 3).
    #[schemars(range(min = 2, max = 100))]
    pub factor: u32,
    /// Number of settings left at which the race ends early.
    #[schemars(range(min = 1, max = 1000))]
    pub finalists: u32,
}

impl Default for RaceSpec {
    fn default() -> Self {
        Self { most: None, factor: 3, finalists: 3 }
    }
}

/// The choice on fresh replications. Kim and Nelson advise 10 first replications or more; 20 and
/// the other defaults are assumptions.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmSpec {
    /// Fresh replications of each finalist before anything is decided.
    #[schemars(range(min = 2, max = 100_000))]
    pub first: u32,
    /// Fresh replications of a finalist at most.
    #[schemars(range(min = 2, max = 1_000_000))]
    pub most: u32,
    /// Replications run at a time; fewer waste fewer, more keep more threads busy.
    #[schemars(range(min = 1, max = 1000))]
    pub step: u32,
}

impl Default for ConfirmSpec {
    fn default() -> Self {
        Self { first: 20, most: 500, step: 5 }
    }
}

/// The genetic search NSGA-II over the levels of the factors. Deb et al. (2002) had 100 individuals;
/// the defaults here are smaller, since every one is simulated: an assumption.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchSpec {
    /// Individuals of a generation; even.
    #[schemars(range(min = 4, max = 1000))]
    pub population: u32,
    /// Generations.
    #[schemars(range(min = 1, max = 1000))]
    pub generations: u32,
    /// Seed of the search; the study's own seed moves nothing in it but what the runs say.
    pub seed: u64,
}

impl Default for SearchSpec {
    fn default() -> Self {
        Self { population: 40, generations: 12, seed: 0 }
    }
}

const fn one() -> f64 {
    1.0
}

const fn thousand() -> usize {
    1000
}

fn four_objectives() -> Vec<String> {
    let names =
        ["service_level_end_to_end", "failovers_unnecessary", "api_attempts", "secondary_cost"];
    names.map(str::to_owned).to_vec()
}

impl TuneSpec {
    /// The terms, and whether their sum is to be least.
    #[must_use]
    pub fn terms(&self) -> (&[TermSpec], bool) {
        if self.maximise.is_empty() { (&self.minimise, true) } else { (&self.maximise, false) }
    }

    /// What is wrong with it, by the keys of the study. `factorial` says whether the study combines
    /// all levels, and `replications` how many runs a point has.
    #[must_use]
    pub fn check(&self, factorial: bool, replications: u32) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut refuse = |path: &str, value: String, message: &str| {
            let message = message.to_owned();
            issues.push(Issue { path: format!("tune{path}"), value, message });
        };
        if self.minimise.is_empty() == self.maximise.is_empty() {
            let found = if self.minimise.is_empty() { "neither" } else { "both" };
            refuse("", found.to_owned(), "needs either `minimise` or `maximise`");
        }
        for (list, terms) in [("minimise", &self.minimise), ("maximise", &self.maximise)] {
            for (i, term) in terms.iter().enumerate() {
                if let Some(message) = unknown(&term.metric) {
                    let path = format!(".{list}.{i}.metric");
                    refuse(&path, format!("\"{}\"", term.metric), &message);
                }
                if !term.weight.is_finite() || term.weight == 0.0 {
                    let message = "must be a finite number other than 0";
                    refuse(&format!(".{list}.{i}.weight"), term.weight.to_string(), message);
                }
            }
        }
        for (i, name) in self.objectives.iter().enumerate() {
            if let Some(message) = unknown(name) {
                refuse(&format!(".objectives.{i}"), format!("\"{name}\""), &message);
            }
        }
        if !(self.indifference.is_finite() && self.indifference > 0.0) {
            refuse(".indifference", self.indifference.to_string(), "must be above 0");
        }
        if self.confirm.most < self.confirm.first {
            let message = format!("must be at least `first`, {}", self.confirm.first);
            refuse(".confirm.most", self.confirm.most.to_string(), &message);
        }
        if let Some(most) = self.race.most.filter(|most| *most < replications) {
            let message = format!("must be at least the study's `replications`, {replications}");
            refuse(".race.most", most.to_string(), &message);
        }
        if let Some(search) = self.search {
            if !search.population.is_multiple_of(2) {
                refuse(".search.population", search.population.to_string(), "must be even");
            }
            if !factorial {
                let message = "needs a factorial design: another leaves out most combinations";
                refuse(".search", "{ }".to_owned(), message);
            }
        }
        issues
    }
}

/// The error message for a name that is not a metric's.
fn unknown(name: &str) -> Option<String> {
    index_of(name).is_none().then(|| no_such_metric(name))
}
