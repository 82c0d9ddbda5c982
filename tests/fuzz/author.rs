//! Whole models, drawn over the JSON Schema: several parts of each kind, each naming the others.
//! What is refused is drawn again where the refusal points, so that nearly every model is valid in
//! the end and a new key of the schema needs nothing here.

use serde_json::{Map, Value as Json, json};
use trunksim::engine::random::Draw;
use trunksim::experiment::presets;
use trunksim::policies::families::FAMILIES;
use trunksim::system::spec::Model;
use trunksim::system::{Config, Traces};

use super::grammar::{below, once_in, pick, required};
use super::values::{self, HORIZON_S};

/// Refusals after which a model is given up.
const REPAIRS_MAX: usize = 150;
/// Events a run may handle.
const EVENTS_MAX: u64 = 60_000;
/// Keys of the model that are set as a whole.
const FIXED: [&str; 6] = ["name", "include", "horizon", "warmup", "series_bin", "budget"];
/// A policy inside a policy of its own kind, at most.
const DEPTH_MAX: u32 = 9;

/// A valid model.
pub(crate) struct Written {
    /// As written, presets by name.
    pub(crate) json: Json,
    pub(crate) model: Model,
    pub(crate) config: Config,
    /// How often something was refused and drawn again.
    pub(crate) repairs: usize,
}

/// Draws models.
pub(crate) struct Author<'a> {
    root: &'a Json,
    draw: &'a mut Draw,
    /// Whether policies go by the names of presets: they take most of the time that a check takes.
    presets: bool,
    /// One in that many values is the greatest or the least that its key allows; 0 for none.
    extreme: u64,
    /// Names of parts by the key that names one.
    names: Map<String, Json>,
    taken: Option<&'a mut Taken>,
}

/// How often each variant and preset was chosen, by its address.
pub(crate) type Taken = rustc_hash::FxHashMap<usize, u32>;

/// A part of a schema: what `$ref` leads to.
pub(crate) fn follow<'a>(root: &'a Json, schema: &'a Json) -> &'a Json {
    match schema.get("$ref").and_then(Json::as_str) {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap_or(&Json::Null),
        None => schema,
    }
}

/// The variants of a schema that are something; none where it is no choice.
pub(crate) fn variants(schema: &Json) -> Vec<&Json> {
    let list = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Json::as_array);
    list.into_iter().flatten().filter(|s| s["type"] != "null").collect()
}

/// The presets of a schema.
pub(crate) fn presets_of(schema: &Json) -> Vec<&'static str> {
    let family = schema.get("x-presets").and_then(Json::as_str);
    let family = FAMILIES.iter().find(|f| Some(f.name) == family);
    family.map_or_else(Vec::new, |f| f.presets.iter().map(|p| p.name).collect())
}

impl<'a> Author<'a> {
    pub(crate) fn new(root: &'a Json, draw: &'a mut Draw) -> Self {
        let presets = once_in(draw, 3);
        Self { root, draw, presets, extreme: 0, names: Map::new(), taken: None }
    }

    /// [`Author`] with what earlier models chose, so that rare choices come up soon.
    pub(crate) fn after(root: &'a Json, draw: &'a mut Draw, taken: &'a mut Taken) -> Self {
        Self { taken: Some(taken), ..Self::new(root, draw) }
    }

    /// The author, with policies by the names of presets for certain.
    pub(crate) fn of_presets(self) -> Self {
        Self { presets: true, ..self }
    }

    /// The author, with one in `of` values the greatest or the least that its key allows.
    pub(crate) fn hostile(self, of: u64) -> Self {
        Self { extreme: of, ..self }
    }

    pub(crate) fn draw(&mut self) -> &mut Draw {
        self.draw
    }

    /// A value for the part of a model that stands at these keys of the schema.
    pub(crate) fn part_of(&mut self, keys: &[&str]) -> Json {
        let part = keys.iter().fold(&self.root["properties"], |schema, key| &schema[*key]);
        self.value("", part, 1)
    }

    /// A valid model, or the last refusal.
    pub(crate) fn model(&mut self, traces: &Traces) -> Result<Written, String> {
        let json = self.first();
        self.repaired(json, traces)
    }

    /// The model made valid, or the last refusal.
    pub(crate) fn repaired(&mut self, mut json: Json, traces: &Traces) -> Result<Written, String> {
        let mut last = String::new();
        for repairs in 0..REPAIRS_MAX {
            match checked(&json, traces) {
                Ok((model, config)) => return Ok(Written { json, model, config, repairs }),
                Err(refusals) => {
                    for (path, message) in refusals {
                        self.repair(&mut json, &path);
                        last = format!("{path}: {message}");
                    }
                }
            }
        }
        Err(last)
    }

    fn first(&mut self) -> Json {
        self.name_parts();
        let root = self.root;
        let mut model = self.object(root, 0);
        let object = model.as_object_mut().expect("a table");
        object.retain(|key, _| !FIXED.contains(&key.as_str()));
        for key in ["carriers", "channel_groups", "sbcs", "groups", "trunks", "tenants"] {
            let parts = self.names[key].as_array().expect("a list").clone();
            let schema = &root["properties"][key]["items"];
            let list = parts.into_iter().map(|id| self.part(schema, id));
            object.insert(key.to_owned(), list.collect());
        }
        object.remove("faults");
        if !once_in(self.draw, 4) {
            let faults = 2 + below(self.draw, 6);
            let schema = &root["properties"]["faults"]["items"];
            let faults: Vec<Json> = (0..faults).map(|_| self.value("faults", schema, 1)).collect();
            object.insert("faults".to_owned(), faults.into());
        }
        let warmup = ["0s", "10s", "60s"][below(self.draw, 3) as usize];
        let fixed = json!({
            "name": "drawn", "horizon": format!("{HORIZON_S}s"), "warmup": warmup,
            "series_bin": "10s",
            "budget": { "events_max": EVENTS_MAX, "pending_max": EVENTS_MAX },
        });
        object.extend(fixed.as_object().expect("a table").clone());
        for key in ["horizon", "warmup", "series_bin"] {
            if self.extreme > 0 && once_in(self.draw, 6) {
                model[key] = self.value(key, &root["properties"][key], 1);
            }
        }
        model
    }

    fn name_parts(&mut self) {
        let mut list = |key: &str, least: u64, more: u64| {
            let count = least + below(self.draw, more);
            let names: Vec<Json> = (0..count).map(|i| json!(format!("{key}_{i}"))).collect();
            self.names.insert(key.to_owned(), names.into());
        };
        list("carriers", 1, 3);
        list("channel_groups", 0, 3);
        list("sbcs", 1, 3);
        list("groups", 1, 3);
        list("trunks", 1, 5);
        list("tenants", 0, 3);
    }

    /// A part of that name. Of several under one name each has its number in it.
    fn part(&mut self, schema: &Json, id: Json) -> Json {
        let mut part = self.value("", schema, 1);
        let several = part["count"].as_u64().is_some_and(|count| count > 1);
        if !several {
            part["id"] = id;
            return part;
        }
        let name = id.as_str().expect("a name");
        part["id"] = json!(format!("{name}_{{n}}"));
        // An SBC is named by a trunk with its final name.
        let sbcs = self.names["sbcs"].as_array_mut().expect("a list");
        let own = sbcs.iter_mut().filter(|sbc| **sbc == id);
        own.for_each(|sbc| *sbc = json!(format!("{name}_1")));
        part
    }

    /// A value for the key of that name.
    fn value(&mut self, key: &str, schema: &Json, depth: u32) -> Json {
        let schema = follow(self.root, schema);
        let presets = presets_of(schema);
        if self.presets && !presets.is_empty() && once_in(self.draw, 2) {
            let preset = self.choose(&presets, |preset| preset.as_ptr() as usize);
            return json!({ "preset": preset });
        }
        let choice = variants(schema);
        if !choice.is_empty() {
            let chosen = self.choose(&choice, |variant| std::ptr::from_ref(*variant) as usize);
            return self.value(key, chosen, depth);
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Json::as_array) {
            let some: Vec<&Json> = values.iter().filter(|v| !v.is_null()).collect();
            return (*pick(self.draw, &some)).clone();
        }
        let kind = match &schema["type"] {
            Json::Array(kinds) => kinds.iter().find(|k| *k != "null").and_then(Json::as_str),
            kind => kind.as_str(),
        };
        if self.extreme > 0
            && let Some(ends) = values::ends(kind, schema).filter(|_| key != "count")
            && once_in(self.draw, self.extreme)
        {
            return pick(self.draw, &ends).clone();
        }
        match kind {
            Some("object") => self.object(schema, depth),
            Some("array") => self.list(key, schema, depth),
            Some("integer") => values::whole(key, schema, self.draw),
            Some("number") => values::number(key, schema, self.draw),
            Some("boolean") => json!(once_in(self.draw, 2)),
            Some("string") if schema["format"] == "duration-text" => values::length(key, self.draw),
            Some("string") if schema["format"] == "outcome" => values::outcome(self.draw),
            _ => self.name(key),
        }
    }

    /// One of several. Where models are drawn for what they set, two of three are those which came
    /// up least.
    fn choose<T: Copy>(&mut self, of: &[T], address: impl Fn(&T) -> usize) -> T {
        let mut chosen = *pick(self.draw, of);
        if let Some(taken) = &mut self.taken {
            let least = |option: &&T| taken.get(&address(option)).copied().unwrap_or(0);
            if !once_in(self.draw, 3) {
                chosen = *of.iter().min_by_key(least).expect("something to choose from");
            }
            *taken.entry(address(&chosen)).or_insert(0) += 1;
        }
        chosen
    }

    fn list(&mut self, key: &str, schema: &Json, depth: u32) -> Json {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let items = least + below(self.draw, 3);
        let list = (0..items).map(|_| self.value(key, &schema["items"], depth + 1));
        let mut list: Vec<Json> = list.collect();
        // Texts, such as outcomes and groups, stand once each.
        let mut seen = Vec::new();
        list.retain(|item| {
            let again = item.is_string() && seen.contains(item);
            seen.push(item.clone());
            !again
        });
        // What begins at an instant comes in their order.
        list.sort_by_key(|item| item["at"].as_str().map_or(0, micros));
        if key == "steps" {
            list[0]["at"] = json!("0s");
        }
        list.into()
    }

    fn object(&mut self, schema: &Json, depth: u32) -> Json {
        let mut object = Map::new();
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        // A table that is written at all is written for some of its keys, or for nearly all.
        let share = if depth < 2 { 80 } else { 30 + below(self.draw, 40) };
        for (key, inner) in properties {
            let wanted = depth < DEPTH_MAX && (below(self.draw, 100) < share || self.is_new(inner));
            if required(schema, key) || wanted {
                // A law's parameters are of the key that has the law.
                object.insert(key.clone(), self.value(key, inner, depth + 1));
            }
        }
        if object.contains_key("carrier") && properties.contains_key("channel_group") {
            // The channels of a leg are its own or a group's.
            let own = self.names["channel_groups"] == json!([]) || !once_in(self.draw, 3);
            object.remove(if own { "channel_group" } else { "channels" });
            let key = if own { "channels" } else { "channel_group" };
            let value = self.value(key, &properties[key], depth);
            object.insert(key.to_owned(), value);
        }
        Json::Object(object)
    }

    /// Whether a key was seldom set in earlier models, where models are drawn for what they set.
    fn is_new(&mut self, key: &Json) -> bool {
        let Some(taken) = &mut self.taken else { return false };
        let times = taken.entry(std::ptr::from_ref(key) as usize).or_insert(0);
        *times += 1;
        *times < 60
    }

    /// The name of a part, or another text.
    fn name(&mut self, key: &str) -> Json {
        let list = match key {
            "carrier" => "carriers",
            "sbc" => "sbcs",
            "group" | "groups" | "to" | "default_group" => "groups",
            "channel_group" => "channel_groups",
            "token" => return json!(["routing", "desktop"][below(self.draw, 2) as usize]),
            "tokens" => return json!(["routing", "desktop", "c"][below(self.draw, 3) as usize]),
            "endpoint" => return json!(["routing", "edges"][below(self.draw, 2) as usize]),
            "limit" | "name" => return json!(["l0", "l1", "l2"][below(self.draw, 3) as usize]),
            "crew" | "region" | "city" | "user" | "app" => {
                return json!(format!("{key}{}", below(self.draw, 2)));
            }
            "file" => return json!(TRACE),
            _ => return json!(format!("{key}_0")),
        };
        let names = self.names[list].as_array().expect("a list").clone();
        if names.is_empty() { json!("none") } else { pick(self.draw, &names).clone() }
    }

    /// Changes what stands at `path`, or something around it.
    fn repair(&mut self, model: &mut Json, path: &str) {
        let path = path.replace('[', ".").replace(']', "");
        let keys: Vec<&str> = path.split('.').collect();
        let mut written = keys.len();
        while written > 1 && find(model, &keys[..written]).is_none() {
            written -= 1;
        }
        // Mostly the value itself; if that does not help, more and more of what it is part of.
        while written > 1 && once_in(self.draw, 3) {
            written -= 1;
        }
        let keys = &keys[..written];
        let (last, around) = keys.split_last().expect("a key");
        let Some(schema) = self.schema_of(model, keys) else { return };
        if around.is_empty() && schema["type"] == "array" {
            // A list of parts that others name.
            return;
        }
        if *last == "id" {
            // Its name has no place for a number.
            let part = find_mut(model, around).and_then(Json::as_object_mut);
            part.expect("a part has an id").remove("count");
            return;
        }
        let at = find(model, keys).map(|part| part["id"].clone());
        let needed = self.schema_of(model, around).zip(find(model, around));
        let needed = needed
            .is_some_and(|(schema, value)| required(narrowed(self.root, &schema, value), last));
        let fresh = match !needed && once_in(self.draw, 4) {
            true => Json::Null,
            false => self.value(last, &schema, 3),
        };
        let Some(parent) = find_mut(model, around) else { return };
        match parent {
            Json::Object(_) if fresh.is_null() && FIXED.contains(last) => {}
            Json::Object(object) if fresh.is_null() => {
                object.remove(*last);
            }
            Json::Object(object) => {
                object.insert((*last).to_owned(), fresh);
            }
            Json::Array(list) => {
                let index: usize = last.parse().expect("an index");
                if fresh.is_null() && list.len() > 1 {
                    list.remove(index);
                } else if fresh.is_object() {
                    list[index] = fresh;
                    if let Some(id) = at.filter(Json::is_string) {
                        list[index]["id"] = id;
                    }
                }
            }
            _ => {}
        }
    }

    /// The schema of what stands at `keys`.
    fn schema_of(&self, model: &Json, keys: &[&str]) -> Option<Json> {
        let mut schema = self.root;
        let mut value = model;
        for key in keys {
            schema = narrowed(self.root, schema, value);
            let index = key.parse::<usize>().ok();
            (schema, value) = match index {
                Some(index) => (&schema["items"], value.get(index).unwrap_or(&Json::Null)),
                None => (schema.get("properties")?.get(*key)?, &value[*key]),
            };
        }
        Some(schema.clone())
    }
}

/// The trace that sources name.
pub(crate) const TRACE: &str = "calls.csv";

/// The variant of a schema that `value` is of.
pub(crate) fn narrowed<'a>(root: &'a Json, schema: &'a Json, value: &Json) -> &'a Json {
    let schema = follow(root, schema);
    let choice = variants(schema);
    let fits = |variant: &&&Json| {
        let variant = follow(root, variant);
        match value {
            Json::Object(table) => {
                let kind = &variant["properties"]["kind"]["const"];
                let tagged = variant["properties"].get("kind").is_some();
                let nested = !variants(variant).is_empty();
                nested
                    || (variant["type"] == "object" && (!tagged || table.get("kind") == Some(kind)))
            }
            _ => variant["type"] != "object" && variants(variant).is_empty(),
        }
    };
    match choice.iter().find(fits) {
        Some(variant) => narrowed(root, variant, value),
        None => schema,
    }
}

fn micros(text: &str) -> u64 {
    text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().unwrap_or(0)
}

fn find<'j>(value: &'j Json, keys: &[&str]) -> Option<&'j Json> {
    keys.iter().try_fold(value, |value, key| match key.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(*key),
    })
}

fn find_mut<'j>(value: &'j mut Json, keys: &[&str]) -> Option<&'j mut Json> {
    keys.iter().try_fold(value, |value, key| match key.parse::<usize>() {
        Ok(index) => value.get_mut(index),
        Err(_) => value.get_mut(*key),
    })
}

/// The checked model, or the keys that are refused and why.
pub(crate) fn checked(
    json: &Json,
    traces: &Traces,
) -> Result<(Model, Config), Vec<(String, String)>> {
    let mut table: toml::Table =
        serde_json::from_value(json.clone()).expect("a model can be written");
    let refusal = |issue: &trunksim::system::Issue| {
        (issue.path.clone(), format!("{} {}", issue.value, issue.message))
    };
    if json.to_string().contains("\"preset\"") {
        let issues = presets::expand(&mut table).issues;
        if !issues.is_empty() {
            return Err(issues.iter().map(|u| refusal(&u.issue)).collect());
        }
    }
    let model: Model = serde_path_to_error::deserialize(toml::Value::Table(table))
        .map_err(|error| vec![(error.path().to_string(), error.inner().message().to_owned())])?;
    match Config::new(&model, traces) {
        Ok(config) => Ok((model, config)),
        Err(issues) => Err(issues.iter().map(refusal).collect()),
    }
}
