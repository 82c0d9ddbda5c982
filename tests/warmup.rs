//! `trunksim warmup`: how much of a model's start is to be left out, on any number of threads.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn warmup(more: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    let arguments = ["warmup", "models/minimal.toml", "--horizon", "2h", "--replications", "20"];
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(more);
    command
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_cut_is_that_of_the_curve_it_is_drawn_on() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let run = |out: &Path, jobs: &str| {
        let assert = warmup(&["--out", out.to_str().unwrap(), "--jobs", jobs]).assert().success();
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    };
    let text = run(&one, "1");
    run(&two, "2");
    assert!(bytes(&one) == bytes(&two), "one thread and two");
    let table = text.split("FILES").next().unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");

    let found: Value = serde_json::from_slice(&fs::read(one.join("warmup.json")).unwrap()).unwrap();
    let measures = found["measures"].as_array().unwrap();
    let connected = measures.iter().find(|m| m["name"] == "connected_calls").unwrap();
    let means: Vec<f64> =
        connected["means"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    // The first caller finds an empty system: it fills within a few talk times, and the mean of
    // what is left is that of the curve.
    let cut = connected["cut_s"].as_f64().unwrap();
    assert!(cut > 0.0 && cut < 3600.0, "{cut}");
    let from = (cut / found["bin_s"].as_f64().unwrap()).round() as usize;
    let rest = &means[from..];
    let mean = rest.iter().sum::<f64>() / rest.len() as f64;
    assert!((mean - connected["mean_after"].as_f64().unwrap()).abs() < 1e-9);
    assert!(means[0] < 0.5 * mean, "{} of {mean}", means[0]);

    let picture = fs::read_to_string(one.join("warmup-connected-calls.svg")).unwrap();
    assert!(picture.contains("Connected calls: steady state is reached after"));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results.md");
    let docs = fs::read_to_string(docs).unwrap();
    for name in ["warmup.csv", "warmup.json"] {
        assert!(one.join(name).exists() && docs.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_model_without_runs_or_with_an_unknown_key_is_refused() {
    warmup(&["--replications", "0"]).assert().code(2);
    let assert = warmup(&["--set", "horizont=1h"]).assert().code(2);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(text.contains("horizon"), "{text}");
}
