//! The JSON Schema of models as editors get it: `preset` is offered wherever presets may stand.
//!
//! A policy is then either what its spec says, or a table that names a preset. In the latter every
//! key of the spec may stand, of any `kind`, and none must: it lies over the preset's. Tables inside
//! it are merged in the same way, so the same holds for them.

use serde_json::{Map, Value as Json, json};

use crate::experiment::places::PRESET;
use crate::policies::families::{FAMILIES, Family};

/// `schema` with `preset` in it.
pub(super) fn with_presets(schema: Json) -> Json {
    with_presets_of(FAMILIES, schema)
}

fn with_presets_of(families: &[Family], mut schema: Json) -> Json {
    let Some(specs) = schema.get("$defs").and_then(Json::as_object).cloned() else { return schema };
    let mut partial = Partial { families, specs: &specs, made: Map::new() };
    let mut changed = Map::new();
    for (name, spec) in &specs {
        if let Some(key) = preset_key(families, spec) {
            changed.insert(name.clone(), with_preset(spec, partial.table(spec), key));
        }
    }
    let defs = schema["$defs"].as_object_mut().expect("it was one");
    defs.extend(changed);
    defs.extend(partial.made);
    schema
}

/// The schema of the key that names a preset, where a spec has any.
fn preset_key(families: &[Family], spec: &Json) -> Option<Json> {
    let family = spec.get("x-presets")?.as_str()?;
    let presets = families.iter().find(|f| f.name == family)?.presets;
    let names: Vec<&str> = presets.iter().map(|p| p.name).collect();
    let what: Vec<String> =
        presets.iter().map(|p| format!("\n- {}: {}", p.name, p.summary)).collect();
    let description =
        format!("A library's settings; the other keys lie over them.{}", what.concat());
    (!names.is_empty())
        .then(|| json!({ "description": description, "type": "string", "enum": names }))
}

/// A spec, or else the table `named` over a preset.
fn with_preset(spec: &Json, mut named: Json, key: Json) -> Json {
    let mut spec = spec.as_object().cloned().unwrap_or_default();
    let mut choices = match spec.remove("oneOf") {
        Some(Json::Array(variants)) => variants,
        _ => {
            let parts = ["type", "properties", "required", "additionalProperties"];
            let moved = parts.iter().filter_map(|part| Some(((*part).into(), spec.remove(*part)?)));
            vec![Json::Object(moved.collect())]
        }
    };
    named["properties"][PRESET] = key;
    named["required"] = json!([PRESET]);
    choices.push(named);
    spec.insert("anyOf".into(), choices.into());
    Json::Object(spec)
}

/// Makes schemas of tables that lie over others: nothing in them is required.
struct Partial<'a> {
    families: &'a [Family],
    specs: &'a Map<String, Json>,
    /// The specs made so far, by their new names.
    made: Map<String, Json>,
}

impl<'a> Partial<'a> {
    /// Every table that `schema` allows, as one.
    fn table(&mut self, schema: &'a Json) -> Json {
        let mut tables = Vec::new();
        self.tables(schema, &mut tables);
        let mut keys: Map<String, Json> = Map::new();
        let mut kinds: Vec<&Json> = Vec::new();
        for (key, inner) in tables.into_iter().flatten() {
            if let (true, Some(kind)) = (key == "kind", inner.get("const")) {
                kinds.push(kind);
                continue;
            }
            let inner = self.value(inner);
            match keys.get_mut(key) {
                None => {
                    keys.insert(key.clone(), inner);
                }
                Some(known) => add_choice(known, inner),
            }
        }
        if !kinds.is_empty() {
            keys.insert("kind".into(), json!({ "enum": kinds }));
        }
        if let Some(key) = preset_key(self.families, schema) {
            keys.insert(PRESET.into(), key);
        }
        json!({ "type": "object", "properties": keys, "additionalProperties": false })
    }

    fn tables(&self, schema: &'a Json, found: &mut Vec<&'a Map<String, Json>>) {
        found.extend(schema.get("properties").and_then(Json::as_object));
        if let Some((_, spec)) = self.referred(schema) {
            self.tables(spec, found);
        }
        choices(schema).for_each(|choice| self.tables(choice, found));
    }

    fn referred(&self, schema: &Json) -> Option<(&'a str, &'a Json)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.specs.get_key_value(name).map(|(name, spec)| (name.as_str(), spec))
    }

    /// A value where tables lie over others; a list takes the place of another as a whole.
    fn value(&mut self, schema: &'a Json) -> Json {
        let mut changed = schema.clone();
        if let Some((name, spec)) = self.referred(schema) {
            let mut tables = Vec::new();
            self.tables(spec, &mut tables);
            if !tables.is_empty() {
                let partial = format!("{name}Partial");
                changed["$ref"] = format!("#/$defs/{partial}").into();
                if !self.made.contains_key(&partial) {
                    // A spec that holds itself finds its own name.
                    self.made.insert(partial.clone(), Json::Null);
                    let made = self.spec(spec);
                    self.made.insert(partial, made);
                }
            }
            return changed;
        }
        for list in ["oneOf", "anyOf"] {
            if let Some(old) = schema.get(list).and_then(Json::as_array) {
                changed[list] = old.iter().map(|choice| self.value(choice)).collect();
            }
        }
        changed
    }

    /// A spec: its tables as one, beside what else it may be.
    fn spec(&mut self, spec: &'a Json) -> Json {
        let mut all: Vec<Json> =
            choices(spec).filter(|c| c.get("properties").is_none()).cloned().collect();
        all.retain(|choice| self.referred(choice).is_none());
        let table = self.table(spec);
        if all.is_empty() {
            return table;
        }
        all.push(table);
        json!({ "anyOf": all })
    }
}

fn choices(schema: &Json) -> impl Iterator<Item = &Json> {
    ["oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}

/// Lets `known` be `other` as well.
fn add_choice(known: &mut Json, other: Json) {
    if *known == other {
        return;
    }
    match known.get_mut("anyOf").and_then(Json::as_array_mut) {
        Some(list) if list.contains(&other) => {}
        Some(list) => list.push(other),
        None => *known = json!({ "anyOf": [known.take(), other] }),
    }
}

#[cfg(test)]
mod tests;
