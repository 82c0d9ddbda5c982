//! Presets made up for the tests, put into parts of models.

use super::*;
use crate::policies::preset::{Follows, Preset};

const fn preset(name: &'static str, settings: &'static str) -> Preset {
    Preset {
        name,
        settings,
        summary: "",
        source: "",
        follows: Follows::version("made up", "1"),
        cases: &[],
    }
}

const MADE_UP: &[Family] = &[
    Family {
        name: "retry",
        presets: &[
            preset(
                "patient",
                "attempts = 9\nretry_on = ['429']\nbackoff = { kind = 'fixed', delay = '1s' }",
            ),
            preset("more_patient", "preset = 'patient'\nattempts = 12"),
        ],
    },
    Family {
        name: "limiter",
        presets: &[preset("meter", "kind = 'gcra'\nrate_per_s = 5.0\nburst = 2")],
    },
];

fn table(text: &str) -> Table {
    toml::from_str(text).unwrap()
}

fn expanded(model: &str) -> Table {
    let mut model = table(model);
    let expansion = expand_with(MADE_UP, &mut model);
    assert_eq!(expansion.issues, []);
    model
}

#[test]
fn settings_lie_under_the_own_keys_of_a_table() {
    let model = "client.retry = { preset = 'patient', attempts = 3, backoff = { delay = '2s' } }";
    let expect = "client.retry = { attempts = 3, retry_on = ['429'], \
                  backoff = { kind = 'fixed', delay = '2s' } }";
    assert_eq!(expanded(model), table(expect));
}

#[test]
fn a_table_with_a_kind_takes_the_place_of_the_presets() {
    let model = "client.retry = { preset = 'patient', backoff = { kind = 'x' } }";
    let expect = "client.retry = { attempts = 9, retry_on = ['429'], backoff = { kind = 'x' } }";
    assert_eq!(expanded(model), table(expect));
}

#[test]
fn a_policy_with_a_kind_has_presets_too() {
    let model = "[[api.limits]]\nlimiter = { preset = 'meter', burst = 5 }";
    let expect = "[[api.limits]]\nlimiter = { kind = 'gcra', rate_per_s = 5.0, burst = 5 }";
    assert_eq!(expanded(model), table(expect));
    let same = "[[api.limits]]\nlimiter = { preset = 'meter', kind = 'gcra', burst = 5 }";
    assert_eq!(expanded(same), table(expect));
    let registrar = expanded("[[carriers]]\nregistrar = { limit = { preset = 'meter' } }");
    assert_eq!(registrar["carriers"][0]["registrar"]["limit"]["burst"].as_integer(), Some(2));
}

#[test]
fn a_preset_may_be_based_on_another() {
    let model = "[[tenants]]\nretry = { preset = 'more_patient', retry_on = [] }";
    let expect = "[[tenants]]\nretry = { attempts = 12, retry_on = [], \
                  backoff = { kind = 'fixed', delay = '1s' } }";
    let mut model = table(model);
    let expansion = expand_with(MADE_UP, &mut model);
    assert_eq!(model, table(expect));
    let preset = "tenants.0.retry.preset".to_owned();
    for derived in &expansion.derived {
        assert_eq!(derived.preset, preset);
        assert_ne!(derived.key, preset);
        assert!(!derived.key.contains("retry_on"), "{derived:?}");
    }
    assert!(expansion.derived.iter().any(|d| d.key == "tenants.0.retry.backoff.delay"));
}

#[test]
fn only_tables_that_have_presets_are_touched() {
    let model = "calls.preset = 'patient'\npreset = 'patient'\n[other]\npreset = 'patient'";
    assert_eq!(expanded(model), table(model));
    let twice = expanded("client.retry.preset = 'patient'");
    let mut again = twice.clone();
    assert_eq!(expand_with(MADE_UP, &mut again), Expansion::default());
    assert_eq!(again, twice);
}

#[test]
fn what_cannot_be_expanded_is_left_and_told() {
    let told = |text: &str, at: &str, message: &str| {
        let mut model = table(text);
        let expansion = expand_with(MADE_UP, &mut model);
        assert_eq!(model, table(text));
        assert_eq!(expansion.derived, []);
        let [unexpanded] = &expansion.issues[..] else { panic!("{expansion:?}") };
        assert_eq!((&*unexpanded.issue.path, &*unexpanded.issue.message), (at, message));
    };
    told(
        "client.retry = { preset = 'pateint', attempts = 3 }",
        "client.retry.preset",
        "no such preset; did you mean `patient`?",
    );
    told(
        "client.retry = { preset = 5 }",
        "client.retry.preset",
        "no such preset; there are: patient, more_patient",
    );
    told(
        "client.breaker = { preset = 'x' }",
        "client.breaker.preset",
        "no such preset; no name is defined",
    );
    told(
        "[[api.limits]]\nlimiter = { preset = 'meter', kind = 'token_bucket' }",
        "api.limits.0.limiter.kind",
        "must be \"gcra\", as the preset has it; leave out either `kind` or `preset`",
    );
}

#[test]
fn every_shipped_preset_ends_and_leaves_no_preset_behind() {
    for family in FAMILIES {
        for preset in family.presets {
            for place in super::super::places::places(family.name) {
                let key = place.replace("[]", ".0");
                let mut model = Table::new();
                let mut lists = &mut model;
                let parts: Vec<&str> = place.split('.').collect();
                let (last, around) = parts.split_last().unwrap();
                for part in around {
                    let inner = Value::Table(Table::new());
                    let (name, value) = match part.strip_suffix("[]") {
                        Some(name) => (name, Value::Array(vec![inner])),
                        None => (*part, inner),
                    };
                    let held = lists.entry(name).or_insert(value);
                    let held = if held.is_array() { &mut held[0] } else { held };
                    lists = held.as_table_mut().unwrap();
                }
                let named = table(&format!("preset = '{}'", preset.name));
                lists.insert((*last).to_owned(), Value::Table(named));
                let expansion = expand(&mut model);
                assert_eq!(expansion.issues, [], "{key} = {}", preset.name);
                assert!(!toml::to_string(&model).unwrap().contains("preset"), "{model}");
            }
        }
    }
}
