//! What the results were made from, as `manifest.json` has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::folder::COMMANDS;
use crate::experiment::precision::PrecisionSpec;
use crate::experiment::study::RankSpec;
use crate::output::manifest::FileHash;

/// `manifest.json`, as far as a report needs it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) program: String,
    pub(super) version: String,
    pub(super) command_line: Vec<String>,
    pub(super) seed: u64,
    pub(super) replications: u32,
    pub(super) random_numbers: String,
    pub(super) files: Vec<FileHash>,
    /// The files that commands of this study have written; none in folders of older versions.
    #[serde(default)]
    pub(super) outputs: Option<Vec<FileHash>>,
    pub(super) points: Vec<Point>,
    /// The study as it was read.
    pub(super) study: Value,
    /// The model of the first point, every default filled in.
    pub(super) model: Value,
    /// The study's factors; from `study`.
    #[serde(skip)]
    pub(super) factors: Vec<Factor>,
    /// What it draws; from `study`.
    #[serde(skip)]
    pub(super) plots: Vec<Plot>,
    /// The metrics it is about, what it ranks by first; from `study`.
    #[serde(skip)]
    pub(super) metrics: Vec<String>,
    /// How precise its estimates are to be; from `study`.
    #[serde(skip)]
    pub(super) precision: Option<PrecisionSpec>,
}

/// A point.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Point {
    pub(super) point: usize,
    pub(super) levels: BTreeMap<String, String>,
    pub(super) model_blake3: String,
}

/// What a report needs of a study.
#[derive(Debug, Deserialize)]
struct Study {
    name: String,
    question: String,
    factors: Vec<Factor>,
    #[serde(default)]
    plots: Vec<Plot>,
    #[serde(default)]
    precision: Option<PrecisionSpec>,
    #[serde(default)]
    rank: RankSpec,
    #[serde(default)]
    sensitivity: Option<Examined>,
}

/// What a report needs of its `sensitivity`.
#[derive(Debug, Deserialize)]
struct Examined {
    #[serde(default)]
    metrics: Vec<String>,
}

/// A factor of a study.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Factor {
    pub(super) name: String,
    label: Option<String>,
}

impl Factor {
    /// What plots call it.
    pub(super) fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }
}

/// A plot of a study.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Plot {
    /// Name of its files, without an ending.
    pub(super) file: String,
    #[serde(default)]
    pub(super) metrics: Vec<String>,
}

impl Manifest {
    /// Takes out of the study what is needed of it.
    pub(super) fn with_study(mut self) -> Result<Self, String> {
        let study: Study = serde_path_to_error::deserialize(&self.study)
            .map_err(|error| format!("`study.{}`: {}", error.path(), error.inner()))?;
        if study.name.is_empty() || study.question.is_empty() || !self.model.is_object() {
            return Err("the study or its model is not in it".to_owned());
        }
        (self.factors, self.plots, self.precision) = (study.factors, study.plots, study.precision);
        self.metrics = vec![study.rank.by];
        self.metrics.extend(study.rank.beside);
        self.metrics.extend(study.sensitivity.into_iter().flat_map(|examined| examined.metrics));
        Ok(self)
    }

    /// Whether a command of this study wrote a file of these contents.
    pub(super) fn wrote(&self, name: &str, contents: &[u8]) -> bool {
        let own = FileHash::new(name.to_owned(), contents);
        self.outputs.as_ref().is_none_or(|outputs| outputs.contains(&own))
    }

    fn text(&self, key: &str) -> &str {
        self.study[key].as_str().unwrap_or_default()
    }

    /// Name of the study.
    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    /// Its question.
    pub(super) fn question(&self) -> &str {
        self.text("question")
    }

    /// The command it is of, where it is one that leaves results.
    pub(super) fn command(&self) -> Option<&'static str> {
        let is = |word: &String| COMMANDS.into_iter().find(|command| command == word);
        self.command_line.iter().skip(1).find_map(is)
    }

    /// The command line as one would type it.
    pub(super) fn typed(&self) -> String {
        let mut words = self.command_line.iter().map(String::as_str);
        // The program's name is enough, wherever it lay.
        let program =
            words.next().and_then(|word| word.rsplit(['/', '\\']).next()).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
        let quoted = words.map(|word| {
            if !word.is_empty() && word.chars().all(plain) {
                word.to_owned()
            } else {
                format!("'{}'", word.replace('\'', "'\\''"))
            }
        });
        std::iter::once(program.to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
    }

    /// How often the study has its points run.
    pub(super) fn runs(&self) -> String {
        match (&self.precision, self.command()) {
            (Some(precision), Some("sweep" | "compare")) => format!(
                "{} to {} of each point, until its estimates are as precise as asked for",
                precision.first, precision.most
            ),
            (_, Some("tune")) => {
                format!("{} of each point at the first rung of the race", self.replications)
            }
            _ => format!("{} of each point", self.replications),
        }
    }
}

/// A JSON value as TOML, without what is null; empty where it is no table or an empty one.
pub(super) fn as_toml(value: &Value) -> String {
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

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn sample() -> Manifest {
        let manifest = json!({
            "program": "trunksim", "version": "1", "seed": 7, "replications": 3,
            "command_line": ["/x/trunksim", "compare", "my study.toml"],
            "random_numbers": "common", "files": [],
            "points": [{ "point": 0, "levels": { "base": "1s" }, "model_blake3": "00" }],
            "study": {
                "name": "s", "question": "Why?", "set": {},
                "rank": { "by": "service_level", "beside": ["failovers", "api_429s"] },
                "factors": [{ "name": "jitter" }, { "name": "base", "label": "base delay" }],
                "plots": [{ "kind": "curves", "file": "later", "metrics": ["failovers"] },
                          { "kind": "curves", "file": "a", "metrics": [] }],
            },
            "model": { "name": "m" },
        });
        serde_json::from_value::<Manifest>(manifest).unwrap().with_study().unwrap()
    }

    #[test]
    fn a_command_line_can_be_typed_again() {
        let manifest = sample();
        assert_eq!(manifest.typed(), "trunksim compare 'my study.toml'");
        assert_eq!(manifest.command(), Some("compare"));
        assert_eq!((manifest.name(), manifest.question()), ("s", "Why?"));
        assert_eq!(manifest.runs(), "3 of each point");
        let without = Manifest { model: Value::Null, ..manifest };
        assert_eq!(without.with_study().unwrap_err(), "the study or its model is not in it");
    }

    #[test]
    fn a_model_reads_as_toml() {
        let model = json!({
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
