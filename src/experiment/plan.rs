//! From a study and its model to the points: combinations of levels, or what a design takes from
//! ranges. Each is resolved and checked here, and again on the thread that runs it: the plan
//! keeps levels only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use toml::{Table, Value};

use super::answers;
use super::design::lockstep;
use super::overrides::{assign_all, assign_together};
use super::presets::expand;
use super::sampling;
use super::sla::SlaSpec;
use super::study::{FactorSpec, PlotSpec, Scale, StudySpec, level_text};
use crate::engine::time::SimDuration;
use crate::system::metrics::{METRICS, no_such_metric};
use crate::system::spec::Model;
use crate::system::spelling::no_such;
use crate::system::{Config, Issue, Traces};

/// A study made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The study as written.
    pub study: StudySpec,
    /// Its factors.
    pub factors: Vec<Factor>,
    /// Its points, the last factor varying fastest.
    pub points: Vec<Point>,
    /// Seed of every random draw.
    pub seed: u64,
    /// The model of the first point.
    pub first: Model,
    source: Source,
    recent: Recent,
}

/// A factor with its levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// A column of the results.
    pub name: String,
    /// What plots call it.
    pub label: String,
    /// Unit of its numbers: `s` where the levels are lengths of time, else empty.
    pub unit: &'static str,
    /// Whether its axis is logarithmic.
    pub log: bool,
    /// The factor it goes in lockstep with.
    pub with: Option<usize>,
    /// Its levels, in the order written.
    pub levels: Vec<Level>,
}

impl Factor {
    /// What is wrong with the label of a level that it does not have.
    pub(super) fn no_such_level(&self, label: &str) -> String {
        let known = self.levels.iter().map(|l| l.label.as_str());
        no_such(&format!("level of `{}`", self.name), label, known)
    }
}

/// What is wrong with the name of a factor that is not among these.
pub(super) fn no_such_factor(name: &str, factors: &[Factor]) -> String {
    no_such("factor", name, factors.iter().map(|f| f.name.as_str()))
}

/// A level of a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What results call it.
    pub label: String,
    /// Its place on an axis, where every level of the factor is a number or a length of time (in
    /// seconds).
    pub number: Option<f64>,
    /// What it sets in the model.
    pub set: Table,
}

/// A setting of the factors.
#[derive(Clone, Debug)]
pub struct Point {
    /// The level of each factor.
    pub levels: Vec<usize>,
    /// How long a run is.
    pub horizon: SimDuration,
    /// How much of it is not measured.
    pub warmup: SimDuration,
    /// Of its model, resolved and written as JSON.
    pub model_hash: blake3::Hash,
}

/// The last configurations that were asked for: the runs of a point come one after another.
#[derive(Debug, Default)]
struct Recent(Mutex<VecDeque<(usize, Arc<Config>)>>);

/// Configurations that are kept: several times the threads of a machine.
const RECENT_MAX: usize = 64;

impl Clone for Recent {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What is wrong with a study.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// In the study itself.
    #[error("{0}")]
    Study(Issue),
    /// In the model as the study leaves it.
    #[error("at {point}: {issue}")]
    Point {
        /// The levels of the point: `base = 50ms, jitter = full`.
        point: String,
        /// The level of each factor.
        levels: Vec<usize>,
        /// What is wrong there.
        issue: Issue,
    },
}

/// Points past which a study is refused.
const POINTS_MAX: usize = 100_000;

impl Plan {
    /// Plans a study of the model in `base`, into which includes and command-line overrides have
    /// been resolved. `traces` holds the arrival traces any of its points names.
    ///
    /// # Errors
    /// Everything that is wrong with the study, or with the first point whose model is.
    pub fn new(
        mut study: StudySpec,
        base: &Table,
        traces: &Traces,
    ) -> Result<Self, Vec<PlanError>> {
        let study_errors =
            |issues: Vec<Issue>| issues.into_iter().map(PlanError::Study).collect::<Vec<_>>();
        let sampled = sampling::sample(&mut study).map_err(study_errors)?;
        let mut issues = Issues::default();
        let factors = factors(&study, &mut issues);
        check(&study, &factors, &mut issues);
        if !issues.0.is_empty() {
            return Err(study_errors(issues.0));
        }
        let mut base = base.clone();
        if let Err(error) = assign_all(&mut base, &study.set) {
            let issue = Issue {
                path: format!("set.{}", error.key),
                value: String::new(),
                message: error.reason,
            };
            return Err(vec![PlanError::Study(issue)]);
        }
        let mut all = sampled.unwrap_or_else(|| lockstep::factorial(&sampling::axes(&study)));
        all.retain(|levels| !study.exclude.iter().any(|rule| excluded(rule, &factors, levels)));
        let unanswerable = answers::check(&study.answers, &factors, &all);
        if !unanswerable.is_empty() && !all.is_empty() {
            return Err(study_errors(unanswerable));
        }
        let source = Source { base, traces: traces.clone() };
        let read: Vec<Result<Point, Vec<PlanError>>> =
            all.into_par_iter().map(|levels| source.point(&factors, levels)).collect();
        let points = read.into_iter().collect::<Result<Vec<Point>, _>>()?;
        if points.is_empty() {
            let message = "leaves no setting to run".to_owned();
            let issue = Issue { path: "exclude".into(), value: String::new(), message };
            return Err(vec![PlanError::Study(issue)]);
        }
        if let Some(compare) = &study.compare {
            compare.control(&factors, &points).map_err(|issue| study_errors(vec![issue]))?;
        }
        let (first, _) = source.resolve(&factors, &points[0].levels)?;
        let seed = study.seed.unwrap_or(first.seed);
        Ok(Self { study, factors, points, seed, first, source, recent: Recent::default() })
    }

    /// The model of a point, resolved and checked.
    ///
    /// # Panics
    /// Never: the plan has resolved it before.
    #[must_use]
    pub fn model(&self, point: usize) -> Model {
        self.resolved(point).0
    }

    /// The point, ready to run. It is resolved when it is asked for: a plan of many points holds
    /// what tells them apart, and no more.
    ///
    /// # Panics
    /// Where another thread panicked while it asked.
    #[must_use]
    pub fn config(&self, point: usize) -> Arc<Config> {
        let known = |recent: &VecDeque<(usize, Arc<Config>)>| {
            recent.iter().find(|(p, _)| *p == point).map(|(_, config)| Arc::clone(config))
        };
        if let Some(config) = known(&self.recent.0.lock().expect("no holder of the lock panics")) {
            return config;
        }
        let config = Arc::new(self.resolved(point).1);
        let mut recent = self.recent.0.lock().expect("no holder of the lock panics");
        recent.truncate(RECENT_MAX - 1);
        recent.push_front((point, Arc::clone(&config)));
        config
    }

    fn resolved(&self, point: usize) -> (Model, Config) {
        let resolved = self.source.resolve(&self.factors, &self.points[point].levels);
        resolved.expect("the plan has resolved it before")
    }

    /// The levels of a point as text: `base = 50ms, jitter = full`.
    #[must_use]
    pub fn describe(&self, point: usize) -> String {
        describe(&self.factors, &self.points[point].levels)
    }

    /// The factor of this name.
    #[must_use]
    pub fn factor(&self, name: &str) -> Option<usize> {
        self.factors.iter().position(|f| f.name == name)
    }

    /// The point with these levels, unless it is left out.
    #[must_use]
    pub fn point_at(&self, levels: &[usize]) -> Option<usize> {
        self.points.iter().position(|p| p.levels == levels)
    }
}

#[derive(Default)]
struct Issues(Vec<Issue>);

impl Issues {
    fn refuse(&mut self, path: String, value: impl std::fmt::Display, message: impl Into<String>) {
        self.0.push(Issue { path, value: value.to_string(), message: message.into() });
    }
}

fn factors(study: &StudySpec, issues: &mut Issues) -> Vec<Factor> {
    let axes = sampling::axes(study);
    let built: Vec<Factor> = study
        .factors
        .iter()
        .zip(&axes)
        .enumerate()
        .map(|(i, (spec, axis))| Factor { with: axis.with, ..factor(i, spec, issues) })
        .collect();
    if built.is_empty() {
        issues.refuse("factors".into(), "[]", "a study varies at least one factor");
    }
    for (i, factor) in built.iter().enumerate() {
        if built[..i].iter().any(|f| f.name == factor.name) {
            issues.refuse(format!("factors.{i}.name"), &factor.name, "two factors have this name");
        }
        for (n, level) in factor.levels.iter().enumerate() {
            // A factor that follows another may well keep its level from one level to the next.
            let leads = factor.with.is_none();
            if leads && factor.levels[..n].iter().any(|l| l.label == level.label) {
                let list = if study.factors[i].levels.is_empty() { "values" } else { "levels" };
                issues.refuse(format!("factors.{i}.{list}.{n}"), &level.label, "stands here twice");
            }
        }
    }
    let count = lockstep::count(&axes);
    if study.is_factorial() && count.is_none_or(|c| c > POINTS_MAX) {
        let message = format!("make more than {POINTS_MAX} settings together");
        issues.refuse("factors".into(), "the levels", message);
    }
    built
}

fn factor(i: usize, spec: &FactorSpec, issues: &mut Issues) -> Factor {
    let path = format!("factors.{i}");
    let levels: Vec<Level> = match (&spec.key, spec.values.is_empty(), spec.levels.is_empty()) {
        (Some(key), false, true) => spec.values.iter().map(|v| value_level(key, v)).collect(),
        (None, true, false) => spec
            .levels
            .iter()
            .map(|l| Level { label: l.label.clone(), number: None, set: l.set.clone() })
            .collect(),
        (Some(_), true, true) => {
            issues.refuse(format!("{path}.values"), "[]", "needs at least one value");
            Vec::new()
        }
        _ => {
            let message = "needs either `key` and `values` or a `range`, or `levels`";
            issues.refuse(path.clone(), &spec.name, message);
            Vec::new()
        }
    };
    if spec.name.is_empty() {
        issues.refuse(format!("{path}.name"), "\"\"", "a name is needed");
    }
    let numeric = !levels.is_empty() && levels.iter().all(|l| l.number.is_some());
    let log = spec.scale == Scale::Log;
    if log && !(numeric && levels.iter().all(|l| l.number.is_some_and(|n| n > 0.0))) {
        issues.refuse(format!("{path}.scale"), "\"log\"", "needs levels that are numbers above 0");
    }
    let times = spec.values.iter().all(|v| v.as_str().is_some());
    Factor {
        name: spec.name.clone(),
        label: spec.label.clone().unwrap_or_else(|| spec.name.clone()),
        unit: if numeric && times { "s" } else { "" },
        log,
        with: None,
        levels: levels
            .into_iter()
            .map(|l| Level { number: l.number.filter(|_| numeric), ..l })
            .collect(),
    }
}

fn value_level(key: &str, value: &Value) -> Level {
    let number = match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        Value::String(text) => text.parse::<SimDuration>().ok().map(SimDuration::as_secs_f64),
        _ => None,
    };
    let mut set = Table::new();
    set.insert(key.to_owned(), value.clone());
    Level { label: level_text(value), number, set }
}

/// Checks what the study says of its factors and metrics.
fn check(study: &StudySpec, factors: &[Factor], issues: &mut Issues) {
    let named = study.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !named || study.name.is_empty() {
        let message = "must be made of letters, digits, `-` and `_`";
        issues.refuse("name".into(), format!("\"{}\"", study.name), message);
    } else if let Some(message) = no_file_name(&study.name) {
        issues.refuse("name".into(), format!("\"{}\"", study.name), message);
    }
    if !(1..=1_000_000).contains(&study.replications) {
        issues.refuse("replications".into(), study.replications, "must be from 1 to 1000000");
    }
    if !(0.5..=0.9999).contains(&study.confidence) {
        issues.refuse("confidence".into(), study.confidence, "must be from 0.5 to 0.9999");
    }
    metric("rank.by".into(), &study.rank.by, issues);
    for (i, name) in study.rank.beside.iter().enumerate() {
        metric(format!("rank.beside.{i}"), name, issues);
    }
    for (i, rule) in study.exclude.iter().enumerate() {
        for (name, value) in rule {
            let path = format!("exclude.{i}.{name}");
            if let Some(factor) = find(&path, name, factors, issues) {
                for text in texts(value) {
                    level(&path, factor, &text, issues);
                }
            }
        }
    }
    for (i, threshold) in study.sla.iter().enumerate() {
        check_sla(i, threshold, issues);
    }
    if let Some(precision) = &study.precision {
        issues.0.extend(precision.check());
        for (i, target) in precision.targets.iter().enumerate() {
            metric(format!("precision.targets.{i}.metric"), &target.metric, issues);
        }
    }
    if let Some(sensitivity) = &study.sensitivity {
        issues.0.extend(sensitivity.check_beside(study));
        for (i, name) in sensitivity.metrics.iter().enumerate() {
            metric(format!("sensitivity.metrics.{i}"), name, issues);
        }
    }
    if let Some(tune) = &study.tune {
        issues.0.extend(tune.check(study.design.is_factorial(), study.replications));
    }
    for (i, plot) in study.plots.iter().enumerate() {
        if !study.is_factorial() {
            let message = "curves and heat maps need a factorial design: this one leaves out most \
                           combinations of levels";
            issues.refuse(format!("plots.{i}"), format!("\"{}\"", plot.parts().0), message);
            continue;
        }
        check_plot(i, plot, factors, issues);
        let file = plot.parts().0;
        let same = |other: &PlotSpec| other.parts().0.eq_ignore_ascii_case(file);
        if study.plots[..i].iter().any(same) {
            let message = "two plots have this file name (capital letters do not tell them apart)";
            issues.refuse(format!("plots.{i}.file"), format!("\"{file}\""), message);
        }
    }
}

fn check_sla(i: usize, threshold: &SlaSpec, issues: &mut Issues) {
    let path = format!("sla.{i}");
    let at = |key: &str| if threshold.line { path.clone() } else { format!("{path}.{key}") };
    metric(at("metric"), &threshold.metric, issues);
    let adds_up = METRICS.iter().all(|m| m.name != threshold.metric || m.adds_up());
    if threshold.per.is_some() && !adds_up {
        let message = "needs a metric that adds up over the measured time, such as `failovers`; \
                       a share or a mean has no rate";
        issues.refuse(at("per"), &threshold.metric, message);
    }
    if threshold.written().is_none() {
        let message = "needs either `at_least` or `at_most`";
        issues.refuse(path.clone(), &threshold.metric, message);
    }
    for (name, limit) in [("at_least", threshold.at_least), ("at_most", threshold.at_most)] {
        if let Some(limit) = limit.filter(|l| !l.is_finite()) {
            issues.refuse(at(name), limit, "must be a finite number");
        }
    }
}

/// Why a file cannot be called so, with an ending after it, on one system or another.
fn no_file_name(name: &str) -> Option<&'static str> {
    const LENGTH_MAX: usize = 100;
    const SPECIAL: [char; 10] = ['/', '\\', '.', ':', '*', '?', '"', '<', '>', '|'];
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    let small = name.to_ascii_lowercase();
    let port = ["com", "lpt"].iter().find_map(|port| small.strip_prefix(port));
    let device = DEVICES.contains(&small.as_str())
        || port.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()));
    let plain = !name.is_empty() && name.trim() == name && !name.contains(SPECIAL);
    if !plain {
        Some("must be a plain file name without an ending")
    } else if name.starts_with('-') {
        Some("must not begin with `-`, as options of commands do")
    } else if name.len() > LENGTH_MAX {
        Some("must be at most 100 bytes long, as it becomes a file name")
    } else if device {
        Some("is the name of a device on Windows, and no file can be called so there")
    } else {
        None
    }
}

fn check_plot(i: usize, plot: &PlotSpec, factors: &[Factor], issues: &mut Issues) {
    let path = format!("plots.{i}");
    let (file, metrics, spanned, at) = plot.parts();
    if let Some(message) = no_file_name(file) {
        issues.refuse(format!("{path}.file"), format!("\"{file}\""), message);
    }
    if metrics.is_empty() {
        issues.refuse(format!("{path}.metrics"), "[]", "needs at least one metric");
    }
    for (m, name) in metrics.iter().enumerate() {
        metric(format!("{path}.metrics.{m}"), name, issues);
    }
    let keys: &[&str] = match plot {
        PlotSpec::Curves { .. } => &["x", "lines"],
        PlotSpec::HeatMap { .. } => &["x", "y"],
        PlotSpec::Ranking { .. } => &["of"],
    };
    let mut spans_factors = true;
    for (key, name) in keys.iter().zip(spanned) {
        spans_factors &= find(&format!("{path}.{key}"), name, factors, issues).is_some();
    }
    let along = factors.iter().find(|f| f.name == spanned[0]);
    if matches!(plot, PlotSpec::Curves { .. })
        && along.is_some_and(|f| f.levels.iter().any(|l| l.number.is_none()))
    {
        let message = "curves need a factor whose levels are numbers or lengths of time";
        issues.refuse(format!("{path}.x"), format!("\"{}\"", spanned[0]), message);
    }
    for (name, value) in at {
        let path = format!("{path}.where.{name}");
        if let Some(factor) = find(&path, name, factors, issues) {
            level(&path, factor, &level_text(value), issues);
        }
    }
    // The factors that are left are known only where those it spans are.
    let leader = |f: usize| factors[f].with.unwrap_or(f);
    for (f, factor) in factors.iter().enumerate().filter(|_| spans_factors) {
        let said = |name: &String| at.contains_key(name) || spanned.contains(&name.as_str());
        let mut group = (0..factors.len()).filter(|g| leader(*g) == leader(f));
        if factor.levels.len() > 1 && !group.any(|g| said(&factors[g].name)) {
            let message = format!("`where` must say which level of `{}` is drawn", factor.name);
            issues.refuse(path.clone(), format!("\"{file}\""), message);
        }
    }
}

fn metric(path: String, name: &str, issues: &mut Issues) {
    if METRICS.iter().all(|m| m.name != name) {
        issues.refuse(path, format!("\"{name}\""), no_such_metric(name));
    }
}

fn find<'a>(
    path: &str,
    name: &str,
    factors: &'a [Factor],
    issues: &mut Issues,
) -> Option<&'a Factor> {
    let found = factors.iter().find(|f| f.name == name);
    if found.is_none() {
        issues.refuse(path.to_owned(), format!("\"{name}\""), no_such_factor(name, factors));
    }
    found
}

fn level(path: &str, factor: &Factor, text: &str, issues: &mut Issues) {
    if factor.levels.iter().all(|l| l.label != text) {
        issues.refuse(path.to_owned(), text, factor.no_such_level(text));
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().map(level_text).collect(),
        single => vec![level_text(single)],
    }
}

fn excluded(rule: &Table, factors: &[Factor], levels: &[usize]) -> bool {
    rule.iter().all(|(name, value)| {
        factors
            .iter()
            .zip(levels)
            .any(|(f, l)| f.name == *name && texts(value).contains(&f.levels[*l].label))
    })
}

fn describe(factors: &[Factor], levels: &[usize]) -> String {
    let parts = factors.iter().zip(levels);
    let texts: Vec<String> =
        parts.map(|(f, l)| format!("{} = {}", f.name, f.levels[*l].label)).collect();
    texts.join(", ")
}

/// What all points are made from.
#[derive(Clone, Debug)]
struct Source {
    base: Table,
    traces: Traces,
}

impl Source {
    fn resolve(
        &self,
        factors: &[Factor],
        levels: &[usize],
    ) -> Result<(Model, Config), Vec<PlanError>> {
        let at = |issue| PlanError::Point {
            point: describe(factors, levels),
            levels: levels.to_vec(),
            issue,
        };
        let mut table = self.base.clone();
        let sets: Vec<&Table> =
            factors.iter().zip(levels).map(|(f, l)| &f.levels[*l].set).collect();
        if let Err((i, error)) = assign_together(&mut table, &sets) {
            let issue =
                Issue { path: format!("factors.{i}"), value: error.key, message: error.reason };
            return Err(vec![PlanError::Study(issue)]);
        }
        let model = read_model(table).map_err(|issue| vec![at(issue)])?;
        let config = Config::new(&model, &self.traces)
            .map_err(|issues| issues.into_iter().map(at).collect::<Vec<_>>())?;
        Ok((model, config))
    }

    fn point(&self, factors: &[Factor], levels: Vec<usize>) -> Result<Point, Vec<PlanError>> {
        let (model, _) = self.resolve(factors, &levels)?;
        let mut hasher = blake3::Hasher::new();
        serde_json::to_writer(&mut hasher, &model).expect("a model is writable as JSON");
        let (horizon, warmup) = (model.horizon, model.warmup);
        Ok(Point { levels, horizon, warmup, model_hash: hasher.finalize() })
    }
}

/// Reads a resolved table as a model, presets and all.
///
/// # Errors
/// The first unknown preset, or the first key that does not fit, with its path.
pub fn read_model(mut table: Table) -> Result<Model, Issue> {
    if let Some(unexpanded) = expand(&mut table).issues.into_iter().next() {
        return Err(unexpanded.issue);
    }
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| Issue {
        path: error.path().to_string(),
        value: String::new(),
        message: error.into_inner().message().to_owned(),
    })
}
