//! Whole models: the minimal one with random keys set to random values. It is refused with a place,
//! or it runs and keeps the conservation laws.

use std::path::Path;

use serde_json::{Value as Json, json};
use trunksim::input;
use trunksim::system::spec::Model;
use trunksim::system::{RunError, simulate};

use super::grammar::{Grammar, below};
use super::{fuzz, replaying};

const CASES: u64 = 300;
/// A run stops there at the latest.
const EVENTS_MAX: u64 = 30_000;

/// What bounds a run, whatever the rest says.
fn bounded(mut model: Json) -> Json {
    model["horizon"] = json!("3m");
    model["warmup"] = json!("10s");
    model["budget"] = json!({ "events_max": EVENTS_MAX, "pending_max": EVENTS_MAX });
    model
}

#[test]
fn models() {
    let grammar = Grammar::of::<Model>();
    let text = std::fs::read_to_string("models/minimal.toml").unwrap();
    let minimal = serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fuzzed.toml");
    let (mut ran, mut refused) = (0_u64, 0_u64);
    let cases = fuzz("models", CASES, |draw| {
        let mut model = minimal.clone();
        for _ in 0..=below(draw, 6) {
            grammar.mutate(&mut model, draw);
        }
        let text = toml::to_string(&bounded(model)).expect("a model can be written");
        std::fs::write(&path, &text).unwrap();
        match try_out(&path) {
            Ok(true) => ran += 1,
            Ok(false) => {}
            Err(line) => {
                assert!(line.contains("fuzzed.toml:"), "no place: {line}");
                refused += 1;
            }
        }
    });
    if !replaying() {
        assert!(ran * 5 >= cases, "of {cases} models only {ran} ran");
        assert!(refused * 20 >= cases, "of {cases} models only {refused} were refused");
    }
}

/// Whether the model ran to its end rather than out of its budget, or the first thing wrong
/// with it.
fn try_out(path: &Path) -> Result<bool, String> {
    let loaded = input::model(path, &[])
        .map_err(|error| error.lines().next().expect("a problem has a line"))?;
    match simulate(&loaded.config, loaded.model.seed, 0) {
        Ok(_) => Ok(true),
        Err(RunError::Events { .. } | RunError::Pending { .. }) => Ok(false),
        Err(
            broken @ (RunError::Conservation { .. }
            | RunError::Bounds { .. }
            | RunError::Stuck { .. }
            | RunError::Unfinished { .. }),
        ) => {
            panic!("{broken}")
        }
    }
}
