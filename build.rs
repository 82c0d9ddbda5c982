//! Tells the program what it was built from, for the key of results that are taken over: the
//! contents of the simulator and of what it depends on, the compiler, and the machine it is for. Not
//! where it was built.

use std::env;
use std::path::Path;
use std::process::Command;

mod build_hash;

fn main() {
    for part in build_hash::PARTS.into_iter().chain(["build.rs", "build_hash.rs"]) {
        println!("cargo::rerun-if-changed={part}");
    }
    let compiler = env::var_os("RUSTC")
        .and_then(|rustc| Some(Command::new(rustc).arg("-vV").output().ok()?.stdout));
    let target = env::var("TARGET").unwrap_or_default();
    let beside = [compiler.as_deref().unwrap_or_default(), target.as_bytes()];
    println!("cargo::rustc-env=TRUNKSIM_BUILD={:016x}", build_hash::hash(Path::new(""), &beside));
}
