//! Files become checked models and studies. Every refusal shows the file, the line, the key, the
//! value found and what is allowed.

mod bounds;
mod document;
mod expansion;
mod finding;
mod loaded;
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

use std::path::Path;

use crate::experiment::study::StudySpec;
use crate::system::spec::Model;

pub use loaded::{Kind, LoadedModel, LoadedStudy, SourceFile};
pub use report::InputError;
pub(crate) use report::harmless;

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
