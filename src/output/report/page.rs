//! The page: everything the template prints, in its order.

use askama::Template;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Policy, answers, policy, sentences};
use super::figures::Figure;
use super::results::{Results, command_line};
use super::table::{Cell, Column, Table};
use super::tables::{listed, percent, points};

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    style: &'static str,
    script: &'static str,
    /// The page's own style and script, and nothing else.
    content_policy: String,
    name: String,
    question: String,
    basis: String,
    answers: Vec<Answer>,
    policy: Option<Policy>,
    figures: &'a [Figure],
    left_out: &'a [String],
    tables: Vec<Table>,
    /// What the sensitivity analysis says, if there was one.
    examined: Option<Examined>,
    /// What the study sets differently from its model.
    set: String,
    model: String,
    study: String,
    command: String,
    facts: Vec<(&'static str, String)>,
    files: Table,
    point_hashes: Table,
}

/// What the sensitivity analysis says.
#[derive(Clone, Debug)]
struct Examined {
    sentences: Vec<String>,
    tables: Vec<Table>,
}

impl<'a> Page<'a> {
    /// The page of a study's results.
    pub(super) fn new(results: &'a Results) -> Self {
        let manifest = &results.manifest;
        let study = results.study();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // The sensitivity has a section of its own.
        let deciding = results.found.iter().filter(|(command, _)| *command != "sensitivity");
        let mut tables: Vec<Table> = deciding.flat_map(|(_, value)| listed(value)).collect();
        tables.extend(points(results));
        let examined = results.of("sensitivity").map(|value| Examined {
            sentences: sentences(&value["answer"]),
            tables: listed(value),
        });
        let mut answers = answers(results);
        if answers.len() > 1 {
            answers.retain(|answer| answer.command != "sensitivity");
        }
        Self {
            style: STYLE,
            script: SCRIPT,
            content_policy: format!(
                "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action \
                 'none'",
                source(STYLE),
                source(SCRIPT)
            ),
            name: text(&study["name"]),
            question: text(&study["question"]),
            basis: basis(manifest),
            answers,
            policy: policy(results),
            figures: &results.figures,
            left_out: &results.left_out,
            tables,
            examined,
            set: as_toml(&study["set"]),
            model: as_toml(&manifest["model"]),
            study: as_toml(study),
            command: command_line(manifest),
            facts: facts(results),
            files: files(manifest),
            point_hashes: point_hashes(manifest),
        }
    }
}

/// What the intervals rest on.
fn basis(manifest: &Value) -> String {
    let points = manifest["points"].as_array().map_or(0, Vec::len);
    format!(
        "{} intervals; {} replications of each of {points} points, with random numbers common to \
         all points; seed {}.",
        percent(&manifest["confidence"]),
        manifest["replications"],
        manifest["seed"]
    )
}

fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let manifest = &results.manifest;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut facts = vec![
        ("Program", format!("{} {}", text(&manifest["program"]), text(&manifest["version"]))),
        ("Seed", text(&manifest["seed"])),
        ("Replications", text(&manifest["replications"])),
        ("Random numbers", text(&manifest["random_numbers"])),
    ];
    if let Some(timing) = &results.timing
        && let (Some(wall), Some(runs)) = (timing["wall_s"].as_f64(), timing["runs"].as_u64())
    {
        let threads = &timing["threads"];
        facts.push(("Time taken", format!("{runs} runs in {wall:.1} s on {threads} threads")));
    }
    facts
}

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), ..Column::default() }
}

fn files(manifest: &Value) -> Table {
    let files = manifest["files"].as_array().map_or(&[][..], Vec::as_slice);
    let cell = |value: &Value| Cell {
        text: value.as_str().unwrap_or("–").to_owned(),
        ..Cell::default()
    };
    Table {
        caption: "Files that were read".to_owned(),
        columns: vec![column("file"), column("BLAKE3")],
        rows: files.iter().map(|f| vec![cell(&f["path"]), cell(&f["blake3"])]).collect(),
        note: String::new(),
    }
}

fn point_hashes(manifest: &Value) -> Table {
    let points = manifest["points"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |point: &Value| {
        let levels = point["levels"].as_object().into_iter().flatten();
        let levels: Vec<String> = levels
            .map(|(name, level)| format!("{name} {}", level.as_str().unwrap_or("–")))
            .collect();
        vec![
            Cell::text(&point["point"].to_string()),
            Cell { text: levels.join(", "), ..Cell::default() },
            Cell {
                text: point["model_blake3"].as_str().unwrap_or("–").to_owned(),
                ..Cell::default()
            },
        ]
    };
    Table {
        caption: "Models of the points, every default filled in".to_owned(),
        columns: vec![column("point"), column("levels"), column("BLAKE3 of its model as JSON")],
        rows: points.iter().map(row).collect(),
        note: String::new(),
    }
}

/// A JSON value as TOML, without what is null; empty where it is no table or an empty one.
fn as_toml(value: &Value) -> String {
    match plain(value) {
        Some(toml::Value::Table(table)) => toml::to_string_pretty(&table).unwrap_or_default(),
        _ => String::new(),
    }
}

fn plain(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => toml::Value::Boolean(*yes),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => toml::Value::Integer(whole),
            None => toml::Value::Float(number.as_f64()?),
        },
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(list) => toml::Value::Array(list.iter().filter_map(plain).collect()),
        Value::Object(object) => {
            let pairs = object.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?)));
            toml::Value::Table(pairs.collect())
        }
    })
}

/// A source as a content security policy names it (CSP Level 3, section 2.3.1).
fn source(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10; FIPS 180-4's digest of `abc`.
    #[test]
    fn sources_are_named_as_a_browser_does() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(source("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_model_reads_as_toml() {
        let model = serde_json::json!({
            "name": "m", "none": null, "api": { "rate": 1.5, "kinds": [{ "a": 1 }] }, "seed": 7,
        });
        let text = as_toml(&model);
        let back: toml::Table = text.parse().unwrap();
        assert_eq!(back["api"]["kinds"][0]["a"].as_integer(), Some(1));
        assert_eq!(back["seed"].as_integer(), Some(7));
        assert!(!text.contains("none"));
        assert_eq!(as_toml(&Value::Null), "");
    }
}
