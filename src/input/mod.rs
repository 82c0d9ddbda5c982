//! Files become checked models and studies. Every refusal shows the file, the line, the key, the
//! value found and what is allowed.

mod bounds;
mod document;
mod expansion;
mod finding;
mod model;
mod origin;
mod outcomes;
mod report;
mod rows;
mod schema;
mod setting;
mod shape;
mod study;
mod trace;

use std::path::{Path, PathBuf};

use crate::experiment::plan::Plan;
use crate::experiment::study::StudySpec;
use crate::system::spec::Model;
use crate::system::{Config, Traces};

use report::Problem;

pub use report::InputError;
pub(crate) use report::harmless;

/// A model that was loaded and checked.
#[derive(Clone, Debug)]
pub struct LoadedModel {
    /// The model as one table: includes resolved, overrides put in, presets expanded.
    pub table: toml::Table,
    /// The model.
    pub model: Model,
    /// Ready to run.
    pub config: Config,
    /// Every file that was read: the model, what it includes, its traces.
    pub files: Vec<SourceFile>,
    /// The instants of its traces, by the file name as written.
    pub traces: Traces,
}

/// A study that was loaded and checked.
#[derive(Clone, Debug)]
pub struct LoadedStudy {
    /// Ready to run.
    pub plan: Plan,
    /// The file of its model.
    pub model_path: PathBuf,
    /// Every file that was read: the study, its model, what that includes, its traces.
    pub files: Vec<SourceFile>,
}

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, relative to where the program runs if it was given so.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// Whether it is data that the model names, a trace, and not part of the model.
    pub is_data: bool,
}

/// What a file describes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A system.
    Model,
    /// A question about a model.
    Study,
}

/// Loads the model at `path`. Each of `overrides` is `key=value`, the later one winning; a value is
/// written as in TOML, and a bare word such as `50ms` is a text.
///
/// # Errors
/// Everything that is wrong with the files or the overrides.
pub fn model(path: &Path, overrides: &[String]) -> Result<LoadedModel, InputError> {
    model::load(path, overrides)
}

/// Loads the study at `path` and its model. `overrides` are put into the model, over what the
/// study itself sets; one of a key that a factor varies is refused. `replications` take
/// the place of the study's own and of the precision it asks for, and `seed` that of its seed.
///
/// # Errors
/// Everything that is wrong with the files or the overrides.
pub fn study(
    path: &Path,
    overrides: &[String],
    replications: Option<u32>,
    seed: Option<u64>,
) -> Result<LoadedStudy, InputError> {
    study::load(path, overrides, replications, seed)
}

/// What the file at `path` describes: one with the key `factors` or `model` is a study.
///
/// # Errors
/// Where it cannot be read, or is not TOML.
pub fn kind(path: &Path) -> Result<Kind, InputError> {
    Ok(Kind::of(&document::Document::read(path, None)?.table))
}

impl Kind {
    /// What a file with these keys describes.
    fn of(table: &toml::Table) -> Self {
        let study = ["factors", "model"].iter().any(|key| table.contains_key(*key));
        if study { Self::Study } else { Self::Model }
    }

    /// Refuses a file at `path` that is of another kind, with the command for its own.
    fn wanted(self, path: &Path, table: &toml::Table) -> Result<(), Problem> {
        let path = path.display();
        let (what, command) = match (self, Self::of(table)) {
            (Self::Model, Self::Study) => ("a study, not a model", "sweep"),
            // A file without a part of a system is a study that lacks something.
            (Self::Study, Self::Model) if table.contains_key("trunks") => {
                ("a model, not a study", "run")
            }
            _ => return Ok(()),
        };
        let help = format!("`trunksim {command} {path}` runs it");
        Err(Problem::new(format!("{path} is {what}")).help(help))
    }
}

/// The JSON Schema of a kind of file, indented, with a newline at its end. That of a model offers
/// `preset` wherever presets may stand.
#[must_use]
pub fn schema(kind: Kind) -> String {
    let schema = match kind {
        Kind::Model => schema::with_presets(schemars::schema_for!(Model).to_value()),
        Kind::Study => schemars::schema_for!(StudySpec).to_value(),
    };
    format!("{schema:#}\n")
}
