//! The shape of a table against the JSON Schema of what it is to be: every unknown or missing key,
//! every value of the wrong kind or out of its range, all at once. Reading a table with serde
//! stops at the first of these, and inside a policy or law it cannot say where that is.
//!
//! It knows the part of JSON Schema that `schemars` writes for the specs.

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use super::bounds;
use super::finding::{Finding, FindingKind, PLACED_MAX};
use super::report::controlling;
use crate::engine::time::SimDuration;
use crate::policies::OutcomePattern;
use crate::system::spelling::{self, any_of, nearest, there_are};

/// The longest time a file may name: sums of a few such times are still simulated time.
const LENGTH_MAX: SimDuration = SimDuration::from_secs(100 * 365 * 86_400);

/// Everything about `table` that does not fit the schema of `T`.
pub(super) fn check<T: JsonSchema>(table: &Table) -> Vec<Finding> {
    let schema = schemars::schema_for!(T).to_value();
    let mut shape = Shape { root: &schema, findings: Vec::new() };
    shape.table("", table, &schema);
    shape.findings
}

struct Shape<'a> {
    root: &'a Json,
    findings: Vec<Finding>,
}

impl<'a> Shape<'a> {
    /// What a schema that only refers to another stands for.
    fn follow(&self, schema: &'a Json) -> &'a Json {
        match schema.get("$ref").and_then(Json::as_str) {
            Some(name) => self.root.pointer(name.trim_start_matches('#')).unwrap_or(&Json::Null),
            None => schema,
        }
    }

    /// The schemas of which one must fit: variants of an enum, without "nothing".
    fn choices(&self, schema: &'a Json) -> Option<Vec<&'a Json>> {
        let list = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
        let followed = list.iter().map(|choice| self.follow(choice));
        Some(followed.filter(|c| c.get("type").and_then(Json::as_str) != Some("null")).collect())
    }

    fn must(&mut self, path: &str, must: impl Into<String>, help: Option<String>) {
        self.findings.push(Finding::value(path, must).with_help(help));
    }

    fn value(&mut self, path: &str, value: &Value, schema: &'a Json) {
        let schema = self.follow(schema);
        if let Some(choices) = self.choices(schema) {
            return match choices[..] {
                [only] => self.value(path, value, only),
                _ => self.choice(path, value, &choices),
            };
        }
        let Some(kind) = kind_of(schema) else { return };
        match (kind, value) {
            ("object", Value::Table(table)) => self.table(path, table, schema),
            ("array", Value::Array(list)) => self.list(path, list, schema),
            ("string", Value::String(text)) => self.text(path, text, schema),
            ("integer" | "number", value) => {
                if let Err(must) = bounds::check(value, schema) {
                    self.must(path, must, None);
                }
            }
            ("boolean", Value::Boolean(_)) => {}
            _ => self.must(path, self.wanted(schema), unit_missing(value, schema)),
        }
    }

    fn list(&mut self, path: &str, list: &[Value], schema: &'a Json) {
        let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
        if (list.len() as u64) < least {
            self.must(path, "must not be empty", None);
        }
        if let Some(items) = schema.get("items") {
            for (i, value) in list.iter().enumerate() {
                self.value(&format!("{path}.{i}"), value, items);
            }
        }
    }

    fn text(&mut self, path: &str, text: &str, schema: &Json) {
        if let Some(c) = controlling(text) {
            let must = format!("must not have control characters in it (U+{:04X})", u32::from(c));
            self.must(path, must, None);
            return;
        }
        if has_format(schema, OutcomePattern::FORMAT) {
            if let Err(allowed) = text.parse::<OutcomePattern>() {
                let words: Vec<&str> = OutcomePattern::words().collect();
                self.must(path, allowed, did_you_mean(text, &words));
            }
            return;
        }
        if !is_duration(schema) {
            return;
        }
        match text.parse::<SimDuration>() {
            Err(_) => self.must(path, self.wanted(schema), unit_missing_in(text)),
            Ok(length) if length > LENGTH_MAX => {
                self.must(path, "must be at most 876000h (100 years)", None);
            }
            Ok(_) => {}
        }
    }

    fn table(&mut self, path: &str, table: &Table, schema: &'a Json) {
        let Some(known) = schema.get("properties").and_then(Json::as_object) else { return };
        let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
        // A key that must be there and was probably meant by one that is unknown.
        let mut meant = Vec::new();
        for (key, value) in table {
            match known.get(key) {
                Some(inner) => self.value(&at(key), value, inner),
                None if closed => {
                    // Of more than are shown nothing is told.
                    let shown = self.findings.len() < PLACED_MAX;
                    let near = if shown { near_key(key, table, known) } else { None };
                    meant.extend(near);
                    let help = if shown { unknown_key_help(near, table, known) } else { None };
                    let kind = FindingKind::Unknown;
                    self.findings.push(Finding { path: at(key), kind, help });
                }
                None => {}
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for key in required.filter_map(Json::as_str) {
            if !table.contains_key(key) && !meant.contains(&key) {
                let help = known.get(key).and_then(description);
                self.findings.push(Finding { path: at(key), kind: FindingKind::Missing, help });
            }
        }
    }

    /// A value that is one of several: a name, a policy or law by its `kind`, or a length of time
    /// that is constant or random.
    fn choice(&mut self, path: &str, value: &Value, choices: &[&'a Json]) {
        if let Some(list) = choices.iter().find(|choice| kind_of(choice) == Some("array")) {
            return self.one_or_many(path, value, choices, list);
        }
        let laws: Vec<&'a Json> = self.laws(choices);
        let names: Vec<&str> = choices.iter().filter_map(|c| c.get("const")?.as_str()).collect();
        let plain =
            choices.iter().find(|c| c.get("const").is_none() && kind_of(c) == Some("string"));
        match (value, plain) {
            (Value::String(text), _) if !names.is_empty() => {
                if !names.contains(&text.as_str()) {
                    self.must(path, one_of(&names), did_you_mean(text, &names));
                }
            }
            (Value::Table(table), _) if !laws.is_empty() => self.law(path, table, &laws),
            // A table without a `kind`, beside a text that says the same in short.
            (Value::Table(table), Some(_))
                if choices.iter().any(|choice| kind_of(choice) == Some("object")) =>
            {
                let spec = choices.iter().find(|choice| kind_of(choice) == Some("object"));
                self.table(path, table, spec.copied().unwrap_or(&Json::Null));
            }
            (value, Some(plain)) if laws.is_empty() => {
                let table = choices.iter().any(|choice| kind_of(choice) == Some("object"));
                match value {
                    Value::String(_) => self.value(path, value, plain),
                    _ if table => {
                        self.must(path, format!("{}, or a table", self.wanted(plain)), None)
                    }
                    _ => self.value(path, value, plain),
                }
            }
            (Value::String(text), Some(plain)) => self.text(path, text, plain),
            (value, Some(plain)) => {
                let must = format!("{}, or a table with a `kind`", self.wanted(plain));
                self.must(path, must, unit_missing(value, plain));
            }
            _ if !names.is_empty() => self.must(path, one_of(&names), None),
            _ => {
                let kinds: Vec<&str> = laws.iter().filter_map(|l| law_kind(l)).collect();
                let help = kinds.first().map(|k| format!("for example {{ kind = \"{k}\", … }}"));
                self.must(
                    path,
                    format!("must be a table whose `kind` is {}", any_of(&kinds)),
                    help,
                );
            }
        }
    }

    /// A value by itself or a list of such values.
    fn one_or_many(&mut self, path: &str, value: &Value, choices: &[&'a Json], list: &'a Json) {
        if let Value::Array(values) = value {
            return self.list(path, values, list);
        }
        let alone = choices.iter().filter(|choice| kind_of(choice) != Some("array"));
        match alone.copied().collect::<Vec<_>>()[..] {
            [one] => self.value(path, value, one),
            ref several => self.choice(path, value, several),
        }
    }

    /// The tables with a `kind` among the choices, and among the choices of these.
    fn laws(&self, choices: &[&'a Json]) -> Vec<&'a Json> {
        let nested = choices.iter().flat_map(|choice| match self.choices(choice) {
            Some(inner) => inner,
            None => vec![*choice],
        });
        nested.filter(|law| law_kind(law).is_some()).collect()
    }

    fn law(&mut self, path: &str, table: &Table, laws: &[&'a Json]) {
        let kinds: Vec<&str> = laws.iter().filter_map(|law| law_kind(law)).collect();
        let written = table.get("kind").and_then(Value::as_str);
        if let Some(law) = laws.iter().find(|law| law_kind(law) == written) {
            return self.table(path, table, law);
        }
        let at = format!("{path}.kind");
        match written {
            Some(text) => self.must(&at, one_of(&kinds), did_you_mean(text, &kinds)),
            None if table.contains_key("kind") => self.must(&at, one_of(&kinds), None),
            None => {
                let help = Some(format!("it is {}", any_of(&kinds)));
                self.findings.push(Finding { path: at, kind: FindingKind::Missing, help });
            }
        }
    }

    /// What a value of this schema is, in words.
    fn wanted(&self, schema: &Json) -> String {
        if has_format(schema, OutcomePattern::FORMAT) {
            return OutcomePattern::ALLOWED.to_owned();
        }
        if is_duration(schema) {
            return "must be a length of time with its unit, like \"500ms\", \"4s\", \"15m\", \
                    \"1h 30m\""
                .to_owned();
        }
        let wanted = match kind_of(schema) {
            Some("object") => "must be a table",
            Some("array") => "must be a list",
            Some("string") => "must be a text in quotes",
            Some("boolean") => "must be true or false",
            _ => "is of the wrong kind",
        };
        wanted.to_owned()
    }
}

fn kind_of(schema: &Json) -> Option<&str> {
    match schema.get("type")? {
        Json::String(kind) => Some(kind),
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

fn law_kind(schema: &Json) -> Option<&str> {
    schema.pointer("/properties/kind/const")?.as_str()
}

fn is_duration(schema: &Json) -> bool {
    has_format(schema, "duration-text")
}

fn has_format(schema: &Json, format: &str) -> bool {
    schema.get("format").and_then(Json::as_str) == Some(format)
}

fn description(schema: &Json) -> Option<String> {
    let text = schema.get("description")?.as_str()?;
    Some(text.split('\n').collect::<Vec<_>>().join(" "))
}

/// The known key that an unknown one was probably meant to be, one that is not there first.
fn near_key<'a>(key: &str, table: &Table, known: &'a Map<String, Json>) -> Option<&'a str> {
    let names = || known.keys().map(String::as_str);
    nearest(key, names().filter(|k| !table.contains_key(*k))).or_else(|| nearest(key, names()))
}

fn unknown_key_help(
    near: Option<&str>,
    table: &Table,
    known: &Map<String, Json>,
) -> Option<String> {
    if let Some(near) = near {
        return Some(spelling::did_you_mean(near));
    }
    let free: Vec<&str> =
        known.keys().map(String::as_str).filter(|k| !table.contains_key(*k)).collect();
    if free.is_empty() { None } else { Some(there_are(free)) }
}

fn did_you_mean(text: &str, known: &[&str]) -> Option<String> {
    nearest(text, known.iter().copied()).map(spelling::did_you_mean)
}

fn one_of(names: &[&str]) -> String {
    format!("must be {}", any_of(names))
}

/// What to write where a length of time is a bare number.
fn unit_missing(value: &Value, schema: &Json) -> Option<String> {
    match value {
        Value::Integer(number) if *number >= 0 && is_duration(schema) => Some(in_seconds(number)),
        Value::Float(number) if *number >= 0.0 && number.is_finite() && is_duration(schema) => {
            Some(in_seconds(number))
        }
        _ => None,
    }
}

fn unit_missing_in(text: &str) -> Option<String> {
    let number = text.trim();
    if number.starts_with('-') {
        return Some("it cannot be negative".to_owned());
    }
    let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    digits.then(|| in_seconds(number))
}

fn in_seconds(number: impl std::fmt::Display) -> String {
    format!("if seconds are meant, write \"{number}s\"")
}
