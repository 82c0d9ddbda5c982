//! What a study was made from: enough to make it again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files::WriteError;
use crate::experiment::plan::Plan;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// As it was named.
    pub path: String,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub blake3: String,
}

impl FileHash {
    /// The hash of a file's content.
    #[must_use]
    pub fn new(path: String, content: &[u8]) -> Self {
        Self { path, blake3: blake3::hash(content).to_hex().to_string() }
    }
}

/// Name of the manifest in a study's folder.
pub const MANIFEST: &str = "manifest.json";

/// What an earlier command left in a folder, as far as a later one asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Earlier {
    seed: u64,
    study: Named,
    points: Vec<Resolved>,
    #[serde(default)]
    outputs: Vec<FileHash>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Resolved {
    model_blake3: String,
}

impl Earlier {
    /// What stands in a folder; none where nothing does that can be read.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = std::fs::read(folder.join(MANIFEST)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Whether a plan takes the place of its results: the same study with another seed or other
    /// settings. The results of several studies may stand in one folder.
    #[must_use]
    pub fn is_replaced_by(&self, plan: &Plan) -> bool {
        self.study.name == plan.study.name && self.differs(plan).is_some()
    }

    /// What tells its results from those of a plan; none where they are of the same settings.
    #[must_use]
    pub fn differs(&self, plan: &Plan) -> Option<String> {
        let models = |point: usize| self.points[point].model_blake3 == model_hash(plan, point);
        if self.study.name != plan.study.name {
            Some(format!("of the study `{}`", self.study.name))
        } else if self.seed != plan.seed {
            Some(format!("of seed {}", self.seed))
        } else if self.points.len() != plan.points.len() || !(0..self.points.len()).all(models) {
            Some("of other settings".to_owned())
        } else {
            None
        }
    }
}

/// The files that a study's folder holds once `written` have been written to it, with their hashes:
/// these, and those of an earlier command that are still valid.
///
/// # Errors
/// Where a file cannot be read back.
pub fn outputs(
    folder: &Path,
    written: &[PathBuf],
    earlier: Option<Earlier>,
) -> Result<Vec<FileHash>, WriteError> {
    let mut all: BTreeMap<String, FileHash> =
        earlier.into_iter().flat_map(|e| e.outputs).map(|file| (file.path.clone(), file)).collect();
    for path in written {
        let mut hasher = blake3::Hasher::new();
        let read = File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
        read.map_err(|source| WriteError { path: path.clone(), source })?;
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let file = FileHash { path: name.clone(), blake3: hasher.finalize().to_hex().to_string() };
        all.insert(name, file);
    }
    Ok(all.into_values().collect())
}

/// `manifest.json` of a study: program and version, command line, seed, files read and written with
/// their hashes, the study as read, its points, and the model of the first point with every default
/// filled in.
///
/// # Panics
/// Where the study cannot be written as JSON, which is a bug.
#[must_use]
pub fn manifest(
    plan: &Plan,
    command_line: &[String],
    files: &[FileHash],
    outputs: &[FileHash],
) -> Vec<u8> {
    let points: Vec<Value> = plan
        .points
        .iter()
        .enumerate()
        .map(|(point, entry)| {
            let levels = plan.factors.iter().zip(&entry.levels);
            let levels: serde_json::Map<String, Value> =
                levels.map(|(f, l)| (f.name.clone(), f.levels[*l].label.clone().into())).collect();
            json!({ "point": point, "levels": levels, "model_blake3": model_hash(plan, point) })
        })
        .collect();
    let manifest = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "command_line": command_line,
        "seed": plan.seed,
        "replications": plan.study.replications,
        "confidence": plan.study.confidence,
        "common_random_numbers": plan.study.common_random_numbers,
        "random_numbers": random_numbers(plan),
        "files": files,
        "outputs": outputs,
        "study": plan.study,
        "points": points,
        "model": plan.first,
    });
    let mut bytes = serde_json::to_vec_pretty(&manifest).expect("a study is writable as JSON");
    bytes.push(b'\n');
    bytes
}

fn random_numbers(plan: &Plan) -> &'static str {
    match plan.study.common_random_numbers {
        true => "common to all settings (Philox4x32-10, keyed by seed and replication)",
        false => {
            "each setting's own (Philox4x32-10, keyed by replication and a seed drawn by BLAKE3 from \
             the study's and the names of the setting's levels)"
        }
    }
}

/// BLAKE3 of a point's resolved model, in hexadecimal.
#[must_use]
pub fn model_hash(plan: &Plan, point: usize) -> String {
    plan.points[point].model_hash.to_hex().to_string()
}
