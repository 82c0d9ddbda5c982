//! Tables from results on disk: the points of a sweep, and whatever lists of rows a command's JSON
//! holds.

use serde_json::{Map, Value};

use super::results::{Csv, Results};
use super::table::{Cell, Column, Table};
use crate::system::metrics::{METRICS, Metric, index_of};

/// Rows of a table in the page; the file has the others.
const ROWS_MAX: usize = 1000;
/// Columns of a table made of a JSON's rows.
const COLUMNS_MAX: usize = 14;

/// Every point of a sweep: its levels, what it means for the SLA, and the metrics that the study
/// asks for.
pub(super) fn points(results: &Results) -> Option<Table> {
    let summary = results.summary.as_ref()?;
    let factors = factors(results);
    let level_columns = factors.iter().filter_map(|(name, label)| {
        Some((summary.column(name)?, Column { name: label.clone(), ..Column::default() }))
    });
    let stopped =
        summary.column("failed").filter(|c| summary.rows.iter().any(|row| row[*c] != "0"));
    let stopped = stopped.map(|c| {
        let meaning = "Runs that stopped with an error; they count in no estimate".to_owned();
        (c, Column { name: "stopped".to_owned(), meaning, numeric: true })
    });
    let sla = summary.column("sla").map(|c| {
        let meaning = "What the intervals say of the study's thresholds".to_owned();
        (c, Column { name: "SLA".to_owned(), meaning, numeric: false })
    });
    let texts: Vec<(usize, Column)> = level_columns.chain(stopped).chain(sla).collect();
    let metrics: Vec<(&Metric, [usize; 3])> = wanted_metrics(results.study())
        .into_iter()
        .filter_map(|metric| Some((metric, interval_columns(summary, metric)?)))
        .collect();
    let row = |row: &Vec<String>| -> Vec<Cell> {
        let number = |column: usize| row[column].parse::<f64>().unwrap_or(f64::NAN);
        let measured = metrics.iter().map(|(metric, [mean, low, high])| {
            Cell::number(number(*mean), Some((number(*low), number(*high))), metric.unit)
        });
        texts.iter().map(|(column, _)| Cell::text(&row[*column])).chain(measured).collect()
    };
    let measured = metrics.iter().map(|(metric, _)| Column {
        name: metric.label(),
        meaning: metric.meaning.to_owned(),
        numeric: true,
    });
    let rows = summary.rows.len();
    let mut note = format!(
        "Means with their {} intervals. summary.csv holds every metric.",
        percent(&results.manifest["confidence"])
    );
    if rows > ROWS_MAX {
        note.push_str(&format!(" The first {ROWS_MAX} of {rows} points."));
    }
    Some(
        Table {
            caption: format!("The {rows} points of the sweep"),
            columns: texts.iter().map(|(_, column)| column.clone()).chain(measured).collect(),
            rows: summary.rows.iter().take(ROWS_MAX).map(row).collect(),
            note,
        }
        .with_numeric_columns(),
    )
}

/// Factors by name and label.
pub(super) fn factors(results: &Results) -> Vec<(String, String)> {
    let factors = results.study()["factors"].as_array().map_or(&[][..], Vec::as_slice);
    let named = factors.iter().filter_map(|factor| {
        let name = factor["name"].as_str()?;
        Some((name.to_owned(), factor["label"].as_str().unwrap_or(name).to_owned()))
    });
    named.collect()
}

/// Where the mean of a metric and the ends of its interval stand.
pub(super) fn interval_columns(summary: &Csv, metric: &Metric) -> Option<[usize; 3]> {
    let column = |of: &str| summary.column(&format!("{}_{of}", metric.name));
    Some([column("mean")?, column("low")?, column("high")?])
}

/// The metrics a study names: what it ranks by, its SLA's, those printed beside, those drawn.
fn wanted_metrics(study: &Value) -> Vec<&'static Metric> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let named = [study["rank"]["by"].clone()]
        .into_iter()
        .chain(list(&study["sla"]).into_iter().map(|sla| sla["metric"].clone()))
        .chain(list(&study["rank"]["beside"]))
        .chain(list(&study["plots"]).into_iter().flat_map(|plot| list(&plot["metrics"])));
    let mut wanted: Vec<usize> = Vec::new();
    for index in named.filter_map(|name| index_of(name.as_str()?)) {
        if !wanted.contains(&index) {
            wanted.push(index);
        }
    }
    wanted.into_iter().map(|index| &METRICS[index]).collect()
}

/// `95 %` of 0.95.
pub(super) fn percent(share: &Value) -> String {
    share.as_f64().map_or_else(String::new, |share| {
        let text = format!("{:.2}", share * 100.0);
        format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
    })
}

/// A table of every list of objects in a command's results, those within objects too.
pub(super) fn listed(results: &Value) -> Vec<Table> {
    let mut tables = Vec::new();
    if let Some(object) = results.as_object() {
        collect(object, "", &mut tables);
    }
    tables
}

fn collect(object: &Map<String, Value>, path: &str, tables: &mut Vec<Table>) {
    for (key, value) in object {
        let path = if path.is_empty() { words(key) } else { format!("{path}: {}", words(key)) };
        match value {
            Value::Object(inner) => collect(inner, &path, tables),
            Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_object) => {
                tables.push(rows(&path, list));
            }
            _ => {}
        }
    }
}

/// A row per object, a column per key that holds something to print.
fn rows(caption: &str, list: &[Value]) -> Table {
    let flat: Vec<Vec<(String, Cell)>> = list.iter().map(|value| cells(value, "")).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, _) in flat.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let shown = names.len().min(COLUMNS_MAX);
    let cell = |row: &Vec<(String, Cell)>, name: &String| {
        row.iter().find(|(n, _)| n == name).map_or_else(Cell::default, |(_, cell)| cell.clone())
    };
    let row = |row: &Vec<(String, Cell)>| names[..shown].iter().map(|n| cell(row, n)).collect();
    let mut notes: Vec<String> = Vec::new();
    if flat.len() > ROWS_MAX {
        notes.push(format!("The first {ROWS_MAX} of {} rows.", flat.len()));
    }
    if names.len() > shown {
        notes.push(format!("The JSON has {} more columns.", names.len() - shown));
    }
    let columns = names[..shown].iter().map(|name| Column {
        name: words(name),
        meaning: index_of(name).map_or_else(String::new, |m| METRICS[m].meaning.to_owned()),
        numeric: false,
    });
    let mut caption = caption.to_owned();
    if let Some(first) = caption.get(..1) {
        caption = format!("{}{}", first.to_uppercase(), &caption[1..]);
    }
    Table {
        caption,
        columns: columns.collect(),
        rows: flat.iter().take(ROWS_MAX).map(row).collect(),
        note: notes.join(" "),
    }
    .with_numeric_columns()
}

/// The cells of an object: an interval is one, another object within it is taken apart, a list of
/// plain values is one text.
fn cells(value: &Value, prefix: &str) -> Vec<(String, Cell)> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let unit_of = |name: &str| index_of(name).map(|metric| METRICS[metric].unit);
    // An estimate in a row that names its metric has the unit of that.
    let named = object.get("metric").and_then(Value::as_str).and_then(unit_of);
    let mut found = Vec::new();
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix} {key}") };
        let unit = unit_of(key).unwrap_or_default();
        match value {
            Value::Null => found.push((name, Cell::text("–"))),
            Value::Number(number) => {
                let value = number.as_f64().unwrap_or(f64::NAN);
                found.push((name, Cell::number(value, None, unit)));
            }
            Value::String(text) => found.push((name, Cell::text(text))),
            Value::Bool(yes) => found.push((name, Cell::text(if *yes { "yes" } else { "no" }))),
            Value::Object(_) => match interval(value) {
                Some((value, ends)) => {
                    let unit = unit_of(key).or(named).unwrap_or_default();
                    found.push((name, Cell::number(value, ends, unit)));
                }
                None => found.extend(cells(value, &name)),
            },
            Value::Array(list) => {
                let plain: Option<Vec<String>> = list.iter().map(scalar).collect();
                found.extend(plain.map(|texts| (name, Cell::text(&texts.join(", ")))));
            }
        }
    }
    found
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            Some(Cell::number(number.as_f64().unwrap_or(f64::NAN), None, "").text)
        }
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// What an object says if it is an estimate: its value, and the ends of its interval.
fn interval(value: &Value) -> Option<(f64, Option<(f64, f64)>)> {
    let number = |key: &str| value.get(key).map(|n| n.as_f64().unwrap_or(f64::NAN));
    let estimate = ["mean", "estimate", "value"].iter().find_map(|key| number(key))?;
    if let (Some(low), Some(high)) = (number("low"), number("high")) {
        return Some((estimate, Some((low, high))));
    }
    let half = number("half_width")?;
    Some((estimate, Some((estimate - half, estimate + half))))
}

/// A key as words.
fn words(key: &str) -> String {
    index_of(key).map_or_else(|| key.replace('_', " "), |metric| METRICS[metric].label())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_a_command_become_tables() {
        let results = json!({
            "command": "compare", "answer": ["Yes."],
            "arms": [
                { "arm": "full", "service_level": { "mean": 0.81, "low": 0.80, "high": 0.82 },
                  "levels": { "base": "500ms" }, "tags": ["a", "b"], "deep": [{ "x": 1 }] },
                { "arm": "none", "service_level": { "mean": 0.5, "half_width": null } },
            ],
            "inner": { "differences": [{
                "metric": "service_level", "difference": { "mean": -0.03, "half_width": 0.01 },
                "correlation": 0.8,
            }] },
            "empty": [],
        });
        let tables = listed(&results);
        let captions: Vec<&str> = tables.iter().map(|t| t.caption.as_str()).collect();
        assert_eq!(captions, ["Arms", "Inner: differences"]);
        let names: Vec<&str> = tables[0].columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["arm", "service level", "levels base", "tags"]);
        assert_eq!(tables[0].rows[0][1], Cell::number(0.81, Some((0.80, 0.82)), "share"));
        assert_eq!(tables[1].rows[0][1], Cell::number(-0.03, Some((-0.04, -0.02)), "share"));
        assert_eq!(tables[1].rows[0][2].text, "0.8");
        assert_eq!(tables[0].rows[0][2].sort, "0.5");
        assert_eq!(tables[0].rows[1][1].text, "50\u{a0}%");
        assert_eq!(tables[0].rows[1][3], Cell::default());
        assert_eq!(
            tables[0].columns.iter().map(|c| c.numeric).collect::<Vec<_>>(),
            [false, true, true, false]
        );
    }
}
