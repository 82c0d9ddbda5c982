//! The schema an editor gets, against tables as people write them.

use super::*;
use crate::policies::preset::{Follows, Preset};
use crate::system::spec::Model;

const fn preset(name: &'static str) -> Preset {
    Preset {
        name,
        settings: "",
        summary: "made up",
        source: "",
        follows: Follows::version("made up", "1"),
        cases: &[],
    }
}

const MADE_UP: &[Family] = &[
    Family { name: "retry", presets: &[preset("patient"), preset("hasty")] },
    Family { name: "limiter", presets: &[preset("meter")] },
    Family { name: "breaker", presets: &[] },
];

/// What `schemars` writes of JSON Schema, as an editor reads it.
fn fits(root: &Json, schema: &Json, value: &Json) -> bool {
    let follow = |name: &str| root.pointer(name.trim_start_matches('#')).unwrap();
    let referred = schema.get("$ref").and_then(Json::as_str);
    let list = |key: &str| schema.get(key).and_then(Json::as_array);
    let fitting = |list: &Vec<Json>| list.iter().filter(|s| fits(root, s, value)).count();
    let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
    let keys = schema.get("properties").and_then(Json::as_object);
    let kind = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let kinds = match schema.get("type") {
        None => true,
        Some(Json::String(one)) => kind(one),
        Some(Json::Array(several)) => several.iter().any(|k| kind(k.as_str().unwrap())),
        other => panic!("{other:?}"),
    };
    let table = value.as_object().is_none_or(|table| {
        let inner = |(key, value): (&String, &Json)| match keys.and_then(|keys| keys.get(key)) {
            Some(inner) => fits(root, inner, value),
            None => !closed,
        };
        let there = |key: &Json| table.contains_key(key.as_str().unwrap());
        table.iter().all(inner) && list("required").is_none_or(|keys| keys.iter().all(there))
    });
    let items = match (schema.get("items"), value) {
        (Some(items), Json::Array(list)) => list.iter().all(|value| fits(root, items, value)),
        _ => true,
    };
    referred.is_none_or(|name| fits(root, follow(name), value))
        && list("oneOf").is_none_or(|list| fitting(list) == 1)
        && list("anyOf").is_none_or(|list| fitting(list) > 0)
        && list("enum").is_none_or(|list| list.contains(value))
        && schema.get("const").is_none_or(|only| only == value)
        && kinds
        && table
        && items
}

fn verdict(schema: &Json, model: &str) -> bool {
    let small = std::fs::read_to_string("tests/good/tiny.toml").unwrap();
    let mut table: toml::Table = toml::from_str(&small).unwrap();
    table.extend(toml::from_str::<toml::Table>(model).unwrap());
    fits(schema, schema, &serde_json::to_value(table).unwrap())
}

fn offered() -> Json {
    with_presets_of(MADE_UP, schemars::schema_for!(Model).to_value())
}

#[test]
fn a_policy_may_be_a_preset_with_keys_over_it() {
    let schema = offered();
    for model in [
        "",
        "client.retry = { attempts = 3 }",
        "client.retry = { preset = 'patient' }",
        "client.retry = { preset = 'hasty', attempts = 3 }",
        "client.retry = { preset = 'hasty', backoff = { base = '1s' } }",
        "client.retry = { preset = 'hasty', backoff = { jitter = 'full', cap = '9s' } }",
        "client.retry = { backoff = { kind = 'fixed', delay = '1s' } }",
        "monitor.retry = { preset = 'hasty' }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\nlimiter = { preset = 'meter' }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\nlimiter = { preset = 'meter', burst = 3 }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\n\
         limiter = { preset = 'meter', kind = 'gcra', on_limit = { max = '1s' } }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\n\
         limiter = { kind = 'gcra', rate_per_s = 1.0, burst = 3 }",
    ] {
        assert!(verdict(&schema, model), "{model}");
    }
}

#[test]
fn what_was_refused_before_is_refused_still() {
    let schema = offered();
    for model in [
        "client.retry = { preset = 'pateint' }",
        "client.retry = { preset = 'meter' }",
        "client.retry = { preset = 'hasty', atempts = 3 }",
        "client.retry = { backoff = { kind = 'fixed' } }",
        "client.retry = { preset = 'hasty', backoff = { bass = '1s' } }",
        "client.breaker = { preset = 'patient' }",
        "client = { preset = 'patient' }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\nlimiter = { burst = 3 }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\nlimiter = { kind = 'gcra', burst = 3 }",
        "[[api.limits]]\nname = 'a'\nper = 'org'\nlimiter = { preset = 'meter', brust = 3 }",
    ] {
        assert!(!verdict(&schema, model), "{model}");
    }
}

#[test]
fn without_presets_a_schema_stays_as_it_is() {
    let schema = schemars::schema_for!(Model).to_value();
    let none = MADE_UP.iter().map(|f| Family { presets: &[], ..*f }).collect::<Vec<_>>();
    assert_eq!(with_presets_of(&none, schema.clone()), schema);
}
