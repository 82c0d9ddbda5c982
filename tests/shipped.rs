//! Every shipped model and study runs, at a short horizon, and gives what it gave before
//! (`tests/golden/`). A change of a rule of the model shows here and has to be looked at:
//! `INSTA_UPDATE=always cargo test shipped` writes the files again.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use trunksim::experiment::answers::answers;
use trunksim::experiment::record::{InMemory, Sample};
use trunksim::experiment::runner;
use trunksim::experiment::summary::Summary;
use trunksim::input;
use trunksim::output::tables;
use trunksim::system::metrics::{METRICS, index_of};
use trunksim::system::simulate;

fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

fn golden(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_model_gives_what_it_gave_before() {
    let short = ["horizon=30m".to_owned(), "warmup=5m".to_owned()];
    for path in files("models") {
        let loaded = input::model(&path, &short).unwrap_or_else(|e| panic!("{e}"));
        let result = simulate(&loaded.config, loaded.model.seed, 0).unwrap();
        let mut text = String::new();
        for (metric, value) in METRICS.iter().zip(&result.metrics) {
            let _ = writeln!(text, "{},{value}", metric.name);
        }
        text.push_str(
            &String::from_utf8(tables::breakdown("trunk", &result.trunks).csv()).unwrap(),
        );
        golden(&format!("model-{}", stem(&path)), &text);
    }
}

/// A study as short as shows what it varies.
fn short(study: &str) -> (Vec<String>, u32) {
    let own: &[&str] = match study {
        "backoff" => return (vec!["horizon=8m".to_owned(), "warmup=1m".to_owned()], 2),
        "registration-storm" => {
            &["horizon=8m", "warmup=1m", "carriers.telstra.outages.time_to_failure=2m"]
        }
        _ => &["horizon=9m", "warmup=7m"],
    };
    (own.iter().map(|&text| text.to_owned()).collect(), 1)
}

#[test]
fn every_study_gives_what_it_gave_before() {
    for path in files("experiments") {
        let study = stem(&path);
        let (settings, replications) = short(&study);
        let loaded = input::study(&path, &settings, Some(replications), None);
        let loaded = loaded.unwrap_or_else(|e| panic!("{e}"));
        let plan = &loaded.plan;
        let units: Vec<_> = plan.all_units().collect();
        let record = InMemory::of(&units, |units| runner::outcomes(plan, units));
        let summary = Summary::new(plan, Sample::new(&units, &record));
        let mut metrics =
            vec!["service_level_end_to_end", "failovers", "api_429s", "update_latency_ms_p95"];
        let ranked = std::iter::once(&plan.study.rank.by).chain(&plan.study.rank.beside);
        for metric in ranked {
            if !metrics.contains(&metric.as_str()) {
                metrics.push(metric);
            }
        }
        let mut text = format!("point,{}\n", metrics.join(","));
        for point in 0..plan.points.len() {
            let _ = write!(text, "{}", plan.describe(point));
            for metric in &metrics {
                let mean = summary.get(point, index_of(metric).unwrap()).mean;
                let _ = write!(text, ",{mean}");
            }
            text.push('\n');
        }
        for answer in answers(plan, &summary) {
            let _ = writeln!(text, "{answer}");
        }
        golden(&format!("study-{study}"), &text);
    }
}
