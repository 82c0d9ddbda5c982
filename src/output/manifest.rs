//! What a study was made from: enough to make it again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// `manifest.json` of a study: program and version, command line, seed, files with their hashes,
/// the study as read, its points, and the model of the first point with every default filled in.
///
/// # Panics
/// Where the study cannot be written as JSON, which is a bug.
#[must_use]
pub fn manifest(plan: &Plan, command_line: &[String], files: &[FileHash]) -> Vec<u8> {
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
