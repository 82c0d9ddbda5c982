//! Loading a study: its own file, its model, and what each level of its factors makes of it.

use std::path::Path;

use toml::{Table, Value};

use super::document::{Document, Resolved, beside, resolve};
use super::finding::{self, Finding, PLACED_MAX, at};
use super::model::{refuse, settings};
use super::origin::{Found, Layer, Origins, Place};
use super::report::{InputError, Problem};
use super::setting::Setting;
use super::trace::{TraceFiles, horizon};
use super::{Kind, LoadedStudy, expansion, shape};
use crate::experiment::overrides::{KeyError, assign_all, assign_together};
use crate::experiment::plan::{Plan, PlanError, read_model};
use crate::experiment::sampling;
use crate::experiment::study::{FactorSpec, StudySpec};
use crate::system::{Config, Issue};

/// Loads the study at `path`; see [`super::study()`].
pub(super) fn load(
    path: &Path,
    overrides: &[String],
    replications: Option<u32>,
    seed: Option<u64>,
) -> Result<LoadedStudy, InputError> {
    let document = Document::read(path, None)?;
    Kind::Study.wanted(path, &document.table)?;
    let own = Origins { root: document.source.clone(), layers: vec![document.places.clone()] };
    refuse(&shape::check::<StudySpec>(&document.table), &document.table, &own)?;
    let mut spec: StudySpec = serde_path_to_error::deserialize(Value::Table(
        document.table.clone(),
    ))
    .map_err(|error| {
        let message = error.inner().message().to_owned();
        let path = error.path().to_string();
        Finding::of(&Issue { path, value: String::new(), message }).problem(&document.table, &own)
    })?;
    if let Some(replications) = replications {
        spec.replications = replications;
        spec.precision = None;
    }
    spec.seed = seed.or(spec.seed);
    sampling::sample(&mut spec).map_err(|issues| {
        let problem = |issue: &Issue| Finding::of(issue).problem(&document.table, &own);
        InputError::new(issues.iter().map(problem).collect())
    })?;
    let model_path = beside(path, &spec.model);
    let named = document.places.get("model").map(super::origin::Place::value);
    let Resolved { table, origins, files } = resolve(&model_path, named.as_ref())?;
    let mut traces = TraceFiles::new(&model_path, horizon(&table));
    let file = document.file(path);
    let mut study = Study { table: document.table, own, spec, base: table, origins };
    study.prepare(&settings(overrides)?)?;
    study.check_levels(&mut traces)?;
    let mut all = vec![file];
    all.extend(files);
    all.extend(std::mem::take(&mut traces.files));
    let plan = study.plan(&traces)?;
    Ok(LoadedStudy { plan, model_path, files: all })
}

struct Study {
    /// The study as a table, and where its values stand.
    table: Table,
    own: Origins,
    spec: StudySpec,
    /// The model with the study's `set` and the command line in it, and where its values stand.
    base: Table,
    origins: Origins,
}

impl Study {
    /// Puts the study's `set` into the model, and then what the command line says.
    fn prepare(&mut self, settings: &[Setting]) -> Result<(), InputError> {
        assign_all(&mut self.base, &self.spec.set).map_err(|e| self.leads_nowhere("set", &e))?;
        let mut layer = Layer::default();
        if let Some(places) = self.own.layers.first() {
            layer = places.moved("set", "");
        }
        self.origins.layers.push(layer);
        for setting in settings {
            if let Some((factor, key)) = self.varied(setting) {
                let message = format!("the study's factor `{factor}` varies `{key}`");
                let help = "a key is either set by hand or varied; leave out one";
                return Err(setting.refuse(&message).help(help).into());
            }
            setting.apply(&mut self.base)?;
            self.origins.layers.push(setting.places.clone());
        }
        Ok(())
    }

    /// The factor that varies what `setting` sets, with the key.
    fn varied(&self, setting: &Setting) -> Option<(String, String)> {
        for (i, factor) in self.spec.factors.iter().enumerate() {
            for layer in (0..levels(factor)).map(|l| self.level_layer(i, l)) {
                let varies = |key: &&str| setting.sets_inside(key, &self.base);
                if let Some(key) = layer.wholes().find(varies) {
                    return Some((factor.name.clone(), key.to_owned()));
                }
            }
        }
        None
    }

    /// Where the values of level `l` of factor `i` stand, by the keys of the model they set.
    fn level_layer(&self, i: usize, l: usize) -> Layer {
        let places = &self.own.layers[0];
        match &self.spec.factors[i].key {
            Some(key) => {
                let value = match &self.spec.factors[i].range {
                    Some(_) => format!("factors.{i}.range"),
                    None => format!("factors.{i}.values.{l}"),
                };
                let mut layer = places.moved(&value, key);
                let written = places.get(&format!("factors.{i}.key"));
                if let (Some(value), Some(written)) = (layer.get(key).cloned(), written) {
                    layer.insert(key, Place { key: Some(written.value.clone()), ..value });
                }
                layer
            }
            None => places.moved(&format!("factors.{i}.levels.{l}.set"), ""),
        }
    }

    /// The model at these levels, presets not yet expanded, and where its values stand.
    fn at(&self, choice: &[(usize, usize)]) -> Result<(Table, Origins), InputError> {
        let mut table = self.base.clone();
        let mut origins = self.origins.clone();
        let mut sets = Vec::new();
        for &(i, l) in choice {
            let factor = &self.spec.factors[i];
            let set = match &factor.key {
                Some(key) => Table::from_iter([(key.clone(), factor.values[l].clone())]),
                None => factor.levels[l].set.clone(),
            };
            sets.push(set);
            origins.layers.push(self.level_layer(i, l));
        }
        let sets: Vec<&Table> = sets.iter().collect();
        assign_together(&mut table, &sets).map_err(|(which, error)| {
            let (i, l) = choice[which];
            let path = match &self.spec.factors[i].key {
                Some(_) => format!("factors.{i}.key"),
                None => format!("factors.{i}.levels.{l}.set"),
            };
            self.leads_nowhere(&path, &error)
        })?;
        Ok((table, origins))
    }

    /// Checks the shape of the model at each level, and reads the traces it names.
    fn check_levels(&self, traces: &mut TraceFiles<'_>) -> Result<(), InputError> {
        let factors = &self.spec.factors;
        let first: Vec<(usize, usize)> =
            (0..factors.len()).filter(|i| levels(&factors[*i]) > 0).map(|i| (i, 0)).collect();
        let mut problems = Vec::new();
        for (i, factor) in factors.iter().enumerate() {
            let count = levels(factor);
            // What fits at both ends of a range fits in between; every point is read in the end.
            let inside = |l: usize| factor.range.is_some() && l > 0 && l + 1 < count;
            for l in (0..count).filter(|l| !inside(*l)) {
                let mut choice = first.clone();
                choice.retain(|(other, _)| *other != i);
                choice.push((i, l));
                let (mut table, mut origins) = self.at(&choice)?;
                let findings = expansion::check(&mut table, &mut origins);
                problems.extend(finding::problems(&findings, &table, &origins));
                traces.collect(&table, &origins);
            }
        }
        problems.append(&mut traces.problems);
        if problems.is_empty() { Ok(()) } else { Err(InputError::new(problems)) }
    }

    /// Plans the study.
    fn plan(&self, traces: &TraceFiles<'_>) -> Result<Plan, InputError> {
        // What it sets is in `base` already, below what the command line sets.
        let mut spec = self.spec.clone();
        let set = std::mem::take(&mut spec.set);
        match Plan::new(spec, &self.base, &traces.traces) {
            Ok(mut plan) => {
                plan.study.set = set;
                Ok(plan)
            }
            Err(errors) => {
                let own = self.issues_of_the_model(traces);
                let problems = errors.iter().enumerate().map(|(n, error)| match n < PLACED_MAX {
                    true => self.explain(error, &own),
                    false => Ok(Problem::new(error.to_string())),
                });
                let problems: Result<Vec<_>, _> = problems.collect();
                Err(InputError::new(problems?))
            }
        }
    }

    /// What is wrong with the model at whatever levels.
    fn issues_of_the_model(&self, traces: &TraceFiles<'_>) -> Vec<Issue> {
        match read_model(self.base.clone()) {
            Ok(model) => Config::new(&model, &traces.traces).err().unwrap_or_default(),
            Err(issue) => vec![issue],
        }
    }

    fn explain(&self, error: &PlanError, own: &[Issue]) -> Result<Problem, InputError> {
        match error {
            PlanError::Study(issue) => Ok(Finding::of(issue).problem(&self.table, &self.own)),
            PlanError::Point { point, levels, issue } => {
                let choice: Vec<(usize, usize)> = levels.iter().copied().enumerate().collect();
                let (mut table, mut origins) = self.at(&choice)?;
                expansion::expand(&mut table, &mut origins);
                let problem = Finding::of(issue).problem(&table, &origins);
                if own.contains(issue) {
                    return Ok(problem);
                }
                let place = format!("found at the setting {point}");
                let help = match &problem.help {
                    Some(help) => format!("{help}\n{place}"),
                    None => place,
                };
                Ok(problem.help(help))
            }
        }
    }

    /// A key of the study that leads nowhere in the model; `path` is where the study has it.
    fn leads_nowhere(&self, path: &str, error: &KeyError) -> Problem {
        let named = at(&self.table, path).is_some_and(Value::is_str);
        let path = if named { path.to_owned() } else { format!("{path}.{}", error.key) };
        let (Found::Exactly(place) | Found::Around(place)) = self.own.find(&self.table, &path);
        let spot = if named { place.value() } else { place.key() };
        Problem::with_advice(&error.reason).at(&spot.source, spot.span)
    }
}

fn levels(factor: &FactorSpec) -> usize {
    if factor.key.is_some() { factor.values.len() } else { factor.levels.len() }
}
