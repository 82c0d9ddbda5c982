//! Loading a model.

use std::path::Path;

use toml::Table;

use super::document::{Resolved, resolve};
use super::finding::{Finding, problems};
use super::origin::Origins;
use super::report::InputError;
use super::setting::Setting;
use super::trace::{TraceFiles, horizon};
use super::{Kind, LoadedModel, expansion};
use crate::experiment::plan::read_model;
use crate::system::Config;

/// Loads the model at `path`; see [`super::model()`].
pub(super) fn load(path: &Path, overrides: &[String]) -> Result<LoadedModel, InputError> {
    let Resolved { mut table, mut origins, mut files } = resolve(path, None)?;
    Kind::Model.wanted(path, &table)?;
    let mut traces = TraceFiles::new(path, horizon(&table));
    for setting in settings(overrides)? {
        setting.apply(&mut table)?;
        origins.layers.push(setting.places);
    }
    let findings = expansion::check(&mut table, &mut origins);
    refuse(&findings, &table, &origins)?;
    let model =
        read_model(table.clone()).map_err(|issue| Finding::of(&issue).problem(&table, &origins))?;
    traces.collect(&table, &origins);
    let mut found = traces.problems;
    let config = Config::new(&model, &traces.traces).map_err(|issues| {
        let findings: Vec<Finding> = issues.iter().map(Finding::of).collect();
        found.extend(problems(&findings, &table, &origins));
    });
    files.extend(traces.files);
    match config {
        Ok(config) if found.is_empty() => {
            Ok(LoadedModel { table, model, config, files, traces: traces.traces })
        }
        _ => Err(InputError::new(found)),
    }
}

/// Reads the overrides, or says what is wrong with each that cannot be read.
pub(super) fn settings(overrides: &[String]) -> Result<Vec<Setting>, InputError> {
    let mut read = Vec::new();
    let mut problems = Vec::new();
    for text in overrides {
        match Setting::parse(text) {
            Ok(setting) => read.push(setting),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(InputError::new(problems)) }
}

/// Refuses a table in which something was found.
pub(super) fn refuse(
    findings: &[Finding],
    table: &Table,
    origins: &Origins,
) -> Result<(), InputError> {
    let problems = problems(findings, table, origins);
    if problems.is_empty() { Ok(()) } else { Err(InputError::new(problems)) }
}
