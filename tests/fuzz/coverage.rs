//! Which keys and variants of the schema models set.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::author::{follow, narrowed, presets_of, variants};

/// Keys, variants and presets, by the spec they are of.
pub(crate) type Reached = BTreeSet<String>;

/// Keys that no drawn model sets: files it would have to include.
const LEFT_OUT: [&str; 1] = ["include"];

fn name(schema: &Json, around: &str) -> String {
    let reference = schema.get("$ref").and_then(Json::as_str);
    reference.and_then(|text| text.rsplit('/').next()).unwrap_or(around).to_owned()
}

/// The name of a variant of a spec: its `kind`.
fn variant(of: &str, schema: &Json) -> String {
    match schema["properties"]["kind"]["const"].as_str() {
        Some(kind) => format!("{of} {kind}"),
        None => of.to_owned(),
    }
}

/// Everything that the schema offers.
pub(crate) fn everything(root: &Json) -> Reached {
    under(root, root, "Model")
}

/// Everything that a part of the schema offers.
pub(crate) fn under(root: &Json, schema: &Json, around: &str) -> Reached {
    let mut all = Reached::new();
    offers(root, schema, around, &mut all);
    all
}

fn offers(root: &Json, schema: &Json, around: &str, all: &mut Reached) {
    let own = name(schema, around);
    if schema.get("$ref").is_some() && !all.insert(own.clone()) {
        return;
    }
    let schema = follow(root, schema);
    all.extend(presets_of(schema).into_iter().map(|preset| format!("{own} preset {preset}")));
    for inner in variants(schema) {
        offers(root, inner, &variant(&own, inner), all);
    }
    let values = schema.get("enum").and_then(Json::as_array);
    let values = values.into_iter().flatten().chain(schema.get("const"));
    all.extend(values.filter(|v| !v.is_null()).map(|value| format!("{own} = {value}")));
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        if key != "kind" && !LEFT_OUT.contains(&key.as_str()) {
            all.insert(format!("{own}.{key}"));
            offers(root, inner, &format!("{own}.{key}"), all);
        }
    }
    if schema["items"].is_object() {
        offers(root, &schema["items"], &own, all);
    }
}

/// Takes note of what `value` sets.
pub(crate) fn reach(root: &Json, schema: &Json, value: &Json, around: &str, to: &mut Reached) {
    let mut own = name(schema, around);
    if schema.get("$ref").is_some() {
        to.insert(own.clone());
    }
    let mut inner = schema;
    loop {
        let followed = follow(root, inner);
        if let Some(preset) = value.get("preset").and_then(Json::as_str)
            && !presets_of(followed).is_empty()
        {
            to.insert(format!("{own} preset {preset}"));
            return;
        }
        let choice = variants(followed);
        let fitting = if choice.is_empty() { followed } else { narrowed(root, inner, value) };
        let through = choice.iter().find(|v| std::ptr::eq(narrowed(root, v, value), fitting));
        match through {
            Some(next) if !choice.is_empty() && !std::ptr::eq(*next, inner) => {
                let next_name = name(next, &own);
                if next.get("$ref").is_some() {
                    to.insert(next_name.clone());
                }
                own = variant(&next_name, next);
                inner = next;
            }
            _ => {
                inner = fitting;
                break;
            }
        }
    }
    let schema = follow(root, inner);
    match value {
        Json::Object(table) => {
            for (key, set) in table.iter().filter(|(key, _)| *key != "kind") {
                to.insert(format!("{own}.{key}"));
                reach(root, &schema["properties"][key], set, &format!("{own}.{key}"), to);
            }
        }
        Json::Array(list) => {
            list.iter().for_each(|item| reach(root, &schema["items"], item, &own, to));
        }
        Json::String(_) => {
            to.insert(format!("{own} = {value}"));
        }
        _ => {}
    }
}
