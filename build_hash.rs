// What a build is known by. Part of `build.rs`, and of the tests of it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// What decides on a run's metrics.
pub(crate) const PARTS: [&str; 6] =
    ["src/engine", "src/policies", "src/system", "src/experiment", "Cargo.lock", "Cargo.toml"];

/// The hash of the parts below `root`, names and contents, and of what else tells builds apart.
pub(crate) fn hash(root: &Path, beside: &[&[u8]]) -> u64 {
    let mut found = Vec::new();
    for part in PARTS {
        files(&root.join(part), &mut found);
    }
    found.sort();
    let mut hasher = DefaultHasher::new();
    for file in found {
        let below = file.strip_prefix(root).expect("it is below the root");
        // As the same on every system.
        below.iter().for_each(|part| part.to_string_lossy().hash(&mut hasher));
        fs::read(&file).expect("a file of the source can be read").hash(&mut hasher);
    }
    beside.hash(&mut hasher);
    hasher.finish()
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of the source can be read");
        entries.for_each(|entry| files(&entry.expect("an entry can be read").path(), found));
    } else if path.is_file() {
        found.push(path.to_owned());
    }
}
