//! Loading models and studies that mean something.

use std::path::{Path, PathBuf};

use trunksim::input::{self, Kind};
use trunksim::policies::Outcomes;
use trunksim::policies::families;

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
    for point in 0..4 {
        let (model, config) = (loaded.plan.model(point), loaded.plan.config(point));
        assert_eq!(model.groups[0].agents, 12, "the command line is above the study's set");
        assert_eq!(config.horizon().as_nanos(), 1_200_000_000_000);
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
        let settings = (0..8).map(|point| {
            let model = plan.model(point);
            let (client, groups) = (&model.client, &model.groups);
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
fn presets_work_in_every_layer_of_files() {
    let loaded = load("tests/good/presets.toml", &[]);
    let expect = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
    let retry = loaded.table["client"]["retry"].as_table().unwrap();
    let preset = families::find("retry", "fixed_500ms").unwrap();
    let mut client = expect(preset.settings);
    client.extend(expect("attempts = 3\nretry_on = ['429']"));
    assert_eq!(*retry, client);
    let monitor = loaded.model.monitor.as_ref().unwrap();
    assert_eq!(monitor.retry.attempts, 6, "the preset's, not a monitor's default");
    let backoff = loaded.table["monitor"]["retry"]["backoff"].as_table().unwrap();
    assert_eq!(*backoff, expect("kind = 'fixed'\ndelay = '2s'\njitter = 'none'"));
    let tenant = loaded.table["tenants"][0]["retry"].as_table().unwrap();
    let exponential = expect("kind = 'exponential'\nbase = '1s'\ncap = '9s'");
    assert_eq!(tenant["backoff"].as_table(), Some(&exponential), "a kind is a whole");
    assert_eq!(tenant["attempts"].as_integer(), Some(6));
    assert!(!toml::to_string(&loaded.model).unwrap().contains("preset ="));
}

#[test]
fn presets_work_on_the_command_line() {
    let retry = |overrides: &[&str]| load("models/apac.toml", overrides).model.client.retry;
    let default = trunksim::policies::retry::RetrySpec::default();
    assert_ne!(retry(&[]), default);
    let named = "client.retry.preset=fixed_500ms";
    assert_eq!(retry(&[named]), default, "it takes the place of the whole table");
    assert_eq!(retry(&["client.retry.deadline=9s", named]), default, "and of what was set before");
    let after = retry(&[named, "client.retry.attempts=3"]);
    assert_eq!((after.attempts, &after.backoff), (3, &default.backoff));
    let table = retry(&["client.retry={preset=\"fixed_500ms\", attempts=3}"]);
    assert_eq!(table, after);
    let nested = retry(&["client={retry={preset=\"fixed_500ms\"}, connections=9}"]);
    assert_eq!(nested, default);
    let backoff = retry(&[named, "client.retry.backoff.delay=2s"]).backoff;
    let delayed = toml::to_string(&backoff).unwrap();
    assert!(delayed.contains("2s") && delayed.contains("fixed"), "{delayed}");
    for tenants in ["tenants.*.retry.preset=fixed_500ms", "tenants.1.retry.preset=fixed_500ms"] {
        let model = load("models/apac.toml", &[tenants]).model;
        assert_eq!(model.tenants[1].retry, default);
    }
}

#[test]
fn presets_work_in_every_part_of_a_study() {
    let path = Path::new("tests/good/study_of_presets.toml");
    let plan = input::study(path, &[], Some(1), None).unwrap_or_else(|e| panic!("{:?}", plain(&e)));
    let plan = plan.plan;
    assert_eq!(plan.points.len(), 8);
    let level = |point: usize, factor: usize| {
        plan.factors[factor].levels[plan.points[point].levels[factor]].label.clone()
    };
    for i in 0..plan.points.len() {
        let model = plan.model(i);
        let client = &model.client.retry;
        let written = toml::Table::try_from(client).unwrap();
        let own = level(i, 0);
        assert_eq!(written["retry_after"].as_str(), Some(&*own), "a key goes over the preset");
        assert_eq!(client.attempts, if level(i, 3).contains("attempts") { 4 } else { 6 });
        assert_eq!(client.retry_on, Outcomes::failures(), "the model's own keys are gone");
        let monitor = &model.monitor.as_ref().unwrap().retry;
        let jitter = toml::Table::try_from(monitor).unwrap()["backoff"]["jitter"].clone();
        match &*level(i, 2) {
            "fixed" => assert_eq!((monitor.attempts, jitter.as_str()), (4, Some("none"))),
            _ => assert_eq!((monitor.attempts, jitter.as_str()), (6, Some("full"))),
        }
        assert_eq!(model.tenants[0].retry.attempts, 2);
    }
    assert!(plan.study.set.contains_key("tenants.*.retry.preset"), "the study stays as written");
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
