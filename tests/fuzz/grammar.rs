//! Random values of a spec, from its JSON Schema.

use rand::Rng;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use trunksim::engine::random::Draw;

/// Uniform below `n`; the small bias of the remainder does no harm here.
pub(crate) fn below(draw: &mut Draw, n: u64) -> u64 {
    draw.next_u64() % n.max(1)
}

/// True once in `n` times.
pub(crate) fn once_in(draw: &mut Draw, n: u64) -> bool {
    below(draw, n) == 0
}

pub(crate) fn pick<'a, T>(draw: &mut Draw, of: &'a [T]) -> &'a T {
    &of[below(draw, of.len() as u64) as usize]
}

/// Lengths of time as files have them; the last few are the longest that they may name, and what
/// it refuses.
const LENGTHS: [&str; 18] = [
    "0s", "1ns", "3ns", "1ms", "5ms", "50ms", "200ms", "500ms", "1s", "2s", "5s", "10s", "30s",
    "1m", "5m", "1h", "100h", "876000h",
];
/// Parts of the minimal model that a text may name.
const NAMES: [&str; 6] = ["telstra", "sbc", "agents", "TRK_01", "token_per_minute", "unknown"];

/// What may be written for a spec.
pub(crate) struct Grammar {
    root: Json,
}

impl Grammar {
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self { root: schemars::schema_for!(T).to_value() }
    }

    /// A random value of the whole.
    pub(crate) fn value(&self, draw: &mut Draw) -> Json {
        self.draw(&self.root, draw, 0)
    }

    fn follow<'a>(&'a self, schema: &'a Json) -> &'a Json {
        match schema.get("$ref").and_then(Json::as_str) {
            Some(name) => self.root.pointer(name.trim_start_matches('#')).unwrap_or(&Json::Null),
            None => schema,
        }
    }

    /// One of the variants, or the schema itself; "nothing" is left out.
    fn variant<'a>(&'a self, schema: &'a Json, draw: &mut Draw) -> &'a Json {
        let schema = self.follow(schema);
        let Some(list) = schema.get("oneOf").or_else(|| schema.get("anyOf")) else {
            return schema;
        };
        let list = list.as_array().expect("a list of schemas");
        let some: Vec<&Json> = list.iter().filter(|s| s["type"] != "null").collect();
        let chosen = some[below(draw, some.len() as u64) as usize];
        self.variant(chosen, draw)
    }

    fn draw(&self, schema: &Json, draw: &mut Draw, depth: u32) -> Json {
        let schema = self.variant(schema, draw);
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Json::as_array) {
            let some: Vec<&Json> = values.iter().filter(|v| !v.is_null()).collect();
            return (*pick(draw, &some)).clone();
        }
        let kind = match &schema["type"] {
            Json::Array(kinds) => kinds.iter().find(|k| *k != "null").and_then(Json::as_str),
            kind => kind.as_str(),
        };
        match kind {
            Some("object") => self.object(schema, draw, depth),
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                let items = least + below(draw, 3);
                (0..items).map(|_| self.draw(&schema["items"], draw, depth + 1)).collect()
            }
            Some("integer") => whole(schema, draw),
            Some("number") => number(schema, draw),
            Some("boolean") => json!(once_in(draw, 2)),
            Some("string") if schema["format"] == "duration-text" => {
                let known = if once_in(draw, 20) { LENGTHS.len() } else { LENGTHS.len() - 2 };
                json!(LENGTHS[below(draw, known as u64) as usize])
            }
            _ => json!(pick(draw, &NAMES)),
        }
    }

    fn object(&self, schema: &Json, draw: &mut Draw, depth: u32) -> Json {
        let mut object = Map::new();
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        for (key, inner) in properties {
            let needed = required(schema, key);
            if needed || (depth < 5 && once_in(draw, 2)) {
                object.insert(key.clone(), self.draw(inner, draw, depth + 1));
            }
        }
        Json::Object(object)
    }

    /// Changes one value somewhere in `value`, which the whole describes.
    pub(crate) fn mutate(&self, value: &mut Json, draw: &mut Draw) {
        self.mutate_in(&self.root, value, draw);
    }

    fn mutate_in(&self, schema: &Json, value: &mut Json, draw: &mut Draw) {
        let followed = self.follow(schema);
        match value {
            Json::Array(list) if !list.is_empty() && !once_in(draw, 8) => {
                let at = below(draw, list.len() as u64) as usize;
                self.mutate_in(&followed["items"], &mut list[at], draw);
            }
            Json::Object(object) if followed["properties"].is_object() => {
                let properties = followed["properties"].as_object().expect("just seen");
                let keys: Vec<&String> = properties.keys().collect();
                let key = *pick(draw, &keys);
                match object.get_mut(key) {
                    Some(inner) if !once_in(draw, 4) => {
                        self.mutate_in(&properties[key], inner, draw);
                    }
                    Some(_) if once_in(draw, 2) && !required(followed, key) => {
                        object.remove(key);
                    }
                    _ => {
                        // Half of what is missing starts empty, and gets one key.
                        let mut fresh = json!({});
                        let table = self.follow(&properties[key])["properties"].is_object();
                        if table && once_in(draw, 2) {
                            self.mutate_in(&properties[key], &mut fresh, draw);
                        } else {
                            fresh = self.draw(&properties[key], draw, 2);
                        }
                        object.insert(key.clone(), fresh);
                    }
                }
            }
            value => *value = self.draw(schema, draw, 2),
        }
    }

    /// A random spec in which `sound` finds nothing wrong.
    pub(crate) fn spec<T: DeserializeOwned>(
        &self,
        draw: &mut Draw,
        sound: impl Fn(&T) -> bool,
    ) -> T {
        for _ in 0..10_000 {
            if let Ok(spec) = serde_json::from_value::<T>(self.value(draw))
                && sound(&spec)
            {
                return spec;
            }
        }
        panic!("no sound spec in 10 000 draws: the schema and check() have drifted apart");
    }
}

pub(crate) fn required(schema: &Json, key: &str) -> bool {
    schema["required"].as_array().is_some_and(|keys| keys.iter().any(|k| k == key))
}

/// Mostly small, now and then at a bound.
fn whole(schema: &Json, draw: &mut Draw) -> Json {
    let low = schema["minimum"].as_f64().unwrap_or(0.0) as i64;
    let high = schema["maximum"].as_f64().unwrap_or(1e6) as i64;
    let span = (high - low) as u64;
    let above = match below(draw, 16) {
        0 => 0,
        1 => span,
        2 => below(draw, span.saturating_add(1).min(1000)),
        _ => below(draw, span.saturating_add(1).min(12)),
    };
    json!(low + above as i64)
}

fn number(schema: &Json, draw: &mut Draw) -> Json {
    let low = schema["minimum"].as_f64().unwrap_or(0.0);
    let high = schema["maximum"].as_f64().unwrap_or(low + 1000.0);
    match below(draw, 16) {
        0 => json!(low),
        1 => json!(high),
        _ => json!(low + (high - low).min(20.0) * draw.uniform()),
    }
}
