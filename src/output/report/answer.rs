//! What the results say to the study's question: the sentences of the commands that decide, or what
//! stands first in the table of a sweep.

use serde_json::Value;

use super::numbers::figures;
use super::results::Results;
use super::tables::{factors, interval_columns, percent};
use crate::system::metrics::{Better, METRICS, index_of};

/// What one command says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) command: String,
    pub(super) sentences: Vec<String>,
}

/// A recommended policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    /// What is to be pasted into a model; empty where there is no such text.
    pub(super) toml: String,
    /// What else is said of it, by name.
    pub(super) facts: Vec<(String, String)>,
}

/// The answers there are, the most decisive first. A sweep's is quoted from its table where its own
/// results are not there.
pub(super) fn answers(results: &Results) -> Vec<Answer> {
    let mut answers: Vec<Answer> = results
        .found
        .iter()
        .filter_map(|(command, value)| {
            let sentences = sentences(&value["answer"]);
            (!sentences.is_empty()).then(|| Answer { command: (*command).to_owned(), sentences })
        })
        .collect();
    if answers.is_empty() {
        let sentences = of_summary(results);
        answers.extend(
            (!sentences.is_empty()).then(|| Answer { command: "sweep".to_owned(), sentences }),
        );
    }
    answers
}

pub(super) fn sentences(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The first by the study's ranking, as the table has it, and how the points stand to the SLA.
fn of_summary(results: &Results) -> Vec<String> {
    let (Some(summary), study) = (&results.summary, results.study()) else { return Vec::new() };
    let mut said = Vec::new();
    let ranked = study["rank"]["by"].as_str().and_then(index_of).map(|metric| &METRICS[metric]);
    if let Some(metric) = ranked
        && let Some([mean, low, high]) = interval_columns(summary, metric)
    {
        let number = |row: &Vec<String>, column: usize| row[column].parse::<f64>().ok();
        let merit = |row: &Vec<String>| match (number(row, mean), metric.better) {
            (None, _) => f64::NEG_INFINITY,
            (Some(mean), Better::Lower) => -mean,
            (Some(mean), _) => mean,
        };
        let first = summary.rows.iter().reduce(|a, b| if merit(b) > merit(a) { b } else { a });
        if let Some(row) = first.filter(|row| number(row, mean).is_some()) {
            let levels = factors(results).into_iter().filter_map(|(name, label)| {
                Some(format!("{label} {}", row[summary.column(&name)?]))
            });
            let value = number(row, mean).unwrap_or(f64::NAN);
            let ends = number(row, low).zip(number(row, high));
            let figures = figures(value, ends, metric.unit);
            let interval = if figures.interval.is_empty() {
                String::new()
            } else {
                let confidence = percent(&results.manifest["confidence"]);
                format!(" ({confidence} interval {})", figures.interval)
            };
            said.push(format!(
                "Of {} points the first by {} is {}: {}{interval}.",
                summary.rows.len(),
                metric.label(),
                levels.collect::<Vec<_>>().join(", "),
                figures.value
            ));
            said.push(
                "A sweep ranks estimates: whether the next is really worse is told by trunksim \
                 compare, and which to take by trunksim tune."
                    .to_owned(),
            );
        }
    }
    if let Some(sla) = summary.column("sla") {
        let count = |word: &str| summary.rows.iter().filter(|row| row[sla] == word).count();
        said.push(format!(
            "The SLA is met at {} points, missed at {} and undecided at {}.",
            count("met"),
            count("missed"),
            count("undecided")
        ));
    }
    said
}

/// Keys under which a text to paste may stand, the surest first.
const FRAGMENTS: [&str; 5] = ["toml", "fragment", "policy", "recommended", "recommendation"];
/// Keys under which the recommendation may stand.
const RECOMMENDATIONS: [&str; 3] = ["recommended", "recommendation", "winner"];

/// What `tune` recommends, if it has run.
pub(super) fn policy(results: &Results) -> Option<Policy> {
    let tune = results.of("tune")?;
    let chosen = RECOMMENDATIONS.iter().map(|key| &tune[*key]).find(|value| !value.is_null());
    let toml = chosen.and_then(fragment).or_else(|| fragment(tune)).unwrap_or_default();
    let facts = chosen.and_then(Value::as_object).map_or_else(Vec::new, |object| {
        let plain = |value: &Value| match value {
            Value::String(text) if *text != toml => Some(text.clone()),
            Value::Number(number) => Some(figures(number.as_f64()?, None, "").value),
            Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
            _ => None,
        };
        let fact = |(key, value): (&String, &Value)| Some((key.replace('_', " "), plain(value)?));
        object.iter().filter_map(fact).collect()
    });
    (!toml.is_empty() || !facts.is_empty()).then_some(Policy { toml, facts })
}

/// The text of TOML in a value or right below it.
fn fragment(value: &Value) -> Option<String> {
    let is_toml = |text: &&str| text.contains('=') && text.parse::<toml::Table>().is_ok();
    let text = |value: &Value| value.as_str().filter(is_toml).map(str::to_owned);
    text(value).or_else(|| FRAGMENTS.iter().find_map(|key| text(value.get(key)?)))
}
