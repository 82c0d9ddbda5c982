//! What loading gives: checked models and studies, and the files that they came from.

use std::path::{Path, PathBuf};

use super::report::Problem;
use crate::experiment::plan::Plan;
use crate::system::spec::Model;
use crate::system::{Config, Traces};

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

impl Kind {
    /// What a file with these keys describes.
    pub(super) fn of(table: &toml::Table) -> Self {
        let study = ["factors", "model"].iter().any(|key| table.contains_key(*key));
        if study { Self::Study } else { Self::Model }
    }

    /// Refuses a file at `path` that is of another kind, with the command for its own.
    pub(super) fn wanted(self, path: &Path, table: &toml::Table) -> Result<(), Problem> {
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
