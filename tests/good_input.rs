//! Loading models and studies that mean something.

use std::path::{Path, PathBuf};

use trunksim::input::{self, Kind};

fn load(path: &str, overrides: &[&str]) -> input::LoadedModel {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    input::model(Path::new(path), &overrides).unwrap_or_else(|e| panic!("{:?}", plain(&e)))
}

fn plain(error: &input::InputError) -> Vec<String> {
    error.lines().collect()
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Parts of models, which only mean something where they are included.
fn is_part(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "presets")
}

#[test]
fn every_shipped_model_and_study_loads() {
    let mut files = toml_files("models");
    assert!(files.len() >= 2, "{files:?}");
    files.extend(toml_files("experiments"));
    for path in files.iter().filter(|p| !is_part(p)) {
        let loaded = match input::kind(path).unwrap() {
            Kind::Model => input::model(path, &[]).map(|_| ()),
            Kind::Study => input::study(path, &[], Some(1), None).map(|_| ()),
        };
        loaded.unwrap_or_else(|e| panic!("{}: {:?}", path.display(), plain(&e)));
    }
}

#[test]
fn overrides_take_the_place_of_what_is_written() {
    let loaded = load(
        "models/minimal.toml",
        &[
            "client.retry.attempts=3",
            "client.retry.backoff.delay=50ms",
            "trunks.*.arrivals.rate_per_s = 0.2",
            "horizon=10m",
            "warmup=1m",
            "seed=7",
            "monitor={}",
            "trunks.TRK_01.city=\"Perth\"",
            "seed=8",
        ],
    );
    assert_eq!(loaded.model.client.retry.attempts, 3);
    assert_eq!(loaded.model.trunks[0].city, "Perth");
    assert!(loaded.model.monitor.is_some());
    assert_eq!(loaded.config.seed(), 8);
    assert_eq!(loaded.config.horizon().as_nanos(), 600_000_000_000);
    let backoff = loaded.table["client"]["retry"]["backoff"]["delay"].as_str();
    assert_eq!(backoff, Some("50ms"));
    assert_eq!(loaded.table["trunks"][0]["arrivals"]["rate_per_s"].as_float(), Some(0.2));
}

#[test]
fn what_a_model_includes_lies_below_what_it_says_itself() {
    let loaded = load("tests/good/includes.toml", &[]);
    let model = &loaded.model;
    assert_eq!(model.name, "includes");
    assert_eq!(model.client.retry.attempts, 9, "own keys win");
    assert_eq!(model.client.connections, 7, "the later include wins");
    assert!(
        (model.service_level.target - 0.9).abs() < 1e-12,
        "from a file included by an included file"
    );
    assert!(!loaded.table.contains_key("include"));
    let names: Vec<String> = loaded.files.iter().map(|f| f.path.display().to_string()).collect();
    assert_eq!(
        names,
        [
            "tests/good/includes.toml",
            "tests/good/parts/base.toml",
            "tests/good/parts/deeper/goal.toml",
            "tests/good/parts/client.toml",
            "tests/good/parts/calls.csv",
        ]
    );
}

#[test]
fn a_study_loads_with_its_model_and_its_traces() {
    let overrides = ["warmup=30s".to_owned(), "groups.agents.agents=12".to_owned()];
    let path = Path::new("tests/good/study.toml");
    assert_eq!(input::kind(path).unwrap(), Kind::Study);
    let loaded = input::study(path, &overrides, Some(2), Some(5)).unwrap();
    assert_eq!(loaded.model_path, Path::new("models/minimal.toml"));
    assert_eq!(loaded.plan.study.replications, 2);
    assert_eq!(loaded.plan.seed, 5);
    assert_eq!(loaded.plan.points.len(), 4);
    assert!(loaded.plan.study.set.contains_key("horizon"), "the study stays as written");
    for point in &loaded.plan.points {
        assert_eq!(point.model.groups[0].agents, 12, "the command line is above the study's set");
        assert_eq!(point.config.horizon().as_nanos(), 1_200_000_000_000);
    }
    let last = loaded.files.last().unwrap();
    assert_eq!(last.path, Path::new("tests/good/parts/calls.csv"));
    assert!(last.text.starts_with("# "));
}

/// Points of a sampled study are resolved models like any other's; the study's seed moves none.
#[test]
fn a_study_takes_its_points_from_ranges() {
    let path = Path::new("tests/good/sampled.toml");
    let points = |seed| {
        let plan = input::study(path, &[], None, Some(seed)).unwrap().plan;
        assert_eq!(plan.points.len(), 8);
        let settings = plan.points.iter().map(|point| {
            let (client, groups) = (&point.model.client, &point.model.groups);
            (client.retry.deadline, client.retry.attempts, client.connections, groups[0].agents)
        });
        settings.collect::<Vec<_>>()
    };
    let taken = points(1);
    assert_eq!(taken, points(2));
    for attempts in 1..=4 {
        assert_eq!(taken.iter().filter(|(_, a, ..)| *a == attempts).count(), 2, "{taken:?}");
    }
    assert_eq!(taken.iter().filter(|(.., agents)| *agents == 6).count(), 4, "{taken:?}");
    // In lockstep: of attempts 1 to 4 and connections 10 to 20, both low or both high.
    assert!(taken.iter().all(|(_, a, c, _)| (*a <= 2) == (*c <= 15)), "{taken:?}");
}

#[test]
fn the_schemas_name_every_key() {
    let keys = |kind: Kind| -> Vec<String> {
        let text = input::schema(kind);
        assert!(text.ends_with("}\n"));
        let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let model = load("models/apac.toml", &["options={}", "monitor={}"]).model;
    let written = toml::Table::try_from(&model).unwrap();
    let known = keys(Kind::Model);
    assert!(written.keys().all(|key| known.contains(key)), "{written:?}");
    assert!(known.contains(&"include".to_owned()));
    let study = input::study(Path::new("tests/good/sampled.toml"), &[], None, Some(1)).unwrap();
    let written = toml::Table::try_from(&study.plan.study).unwrap();
    let known = keys(Kind::Study);
    assert!(written.keys().all(|key| known.contains(key)), "{written:?}");
}

#[test]
fn a_resolved_model_loads_again_as_the_same() {
    for path in ["models/minimal.toml", "models/apac.toml"] {
        let loaded = load(path, &["seed=3"]);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("resolved.toml");
        std::fs::write(&copy, toml::to_string(&loaded.table).unwrap()).unwrap();
        assert_eq!(load(copy.to_str().unwrap(), &[]).model, loaded.model);
        // With every default written out, too.
        std::fs::write(&copy, toml::to_string(&loaded.model).unwrap()).unwrap();
        assert_eq!(load(copy.to_str().unwrap(), &[]).model, loaded.model);
    }
}
