//! Tells the program what it was built from, for the key of results that are taken over: the
//! contents of the simulator and of what it depends on, the compiler, and the machine it is for. Not
//! where it was built.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What decides on a run's metrics.
const PARTS: [&str; 6] =
    ["src/engine", "src/policies", "src/system", "src/experiment", "Cargo.lock", "Cargo.toml"];

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of the source can be read");
        entries.for_each(|entry| files(&entry.expect("an entry can be read").path(), found));
    } else if path.is_file() {
        found.push(path.to_owned());
    }
}

fn main() {
    let mut found = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={part}");
        files(Path::new(part), &mut found);
    }
    found.sort();
    let mut hasher = DefaultHasher::new();
    for file in found {
        // As the same on every system.
        file.iter().for_each(|part| part.to_string_lossy().hash(&mut hasher));
        fs::read(file).expect("a file of the source can be read").hash(&mut hasher);
    }
    let compiler = env::var_os("RUSTC")
        .and_then(|rustc| Some(Command::new(rustc).arg("-vV").output().ok()?.stdout));
    compiler.hash(&mut hasher);
    env::var_os("TARGET").hash(&mut hasher);
    println!("cargo::rustc-env=TRUNKSIM_BUILD={:016x}", hasher.finish());
}
