//! The columns of a table as `docs/results.md` lists them.

use std::fs;
use std::path::Path;

use trunksim::system::metrics::{METRICS, Metric, index_of};

use super::OnDisk;

/// A column as documented.
#[derive(Clone, Debug)]
pub(crate) struct Documented {
    pub(crate) name: String,
    /// `text`, `integer` or `number`.
    pub(crate) kind: String,
    pub(crate) optional: bool,
    pub(crate) unit: String,
    /// What the page says of it; none where it says it of many columns at once.
    pub(crate) meaning: Option<String>,
}

pub(crate) fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results.md")).unwrap()
}

/// The rows of the table under a heading, their cells as they are meant.
pub(crate) fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let section = page.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with('#'));
    let lines = section.filter(|line| line.starts_with('|'));
    // After the titles and the rule.
    let cells = lines.skip(2).map(|line| {
        let line = line.replace("\\|", "\u{0}");
        let inner = line.strip_prefix('|').and_then(|l| l.strip_suffix('|')).expect("a row");
        inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    });
    let rows: Vec<Vec<String>> = cells.collect();
    assert!(!rows.is_empty(), "{heading} has no table");
    rows
}

/// What stands between backticks.
pub(crate) fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The columns that the page says this table has: those of its own factors and objectives.
pub(crate) fn documented(page: &str, table: &OnDisk) -> Vec<Documented> {
    let rows = rows(page, &format!("### `{}.csv`", table.name));
    rows.iter().flat_map(|row| columns(row, table)).collect()
}

/// The columns of a row of the page.
fn columns(row: &[String], table: &OnDisk) -> Vec<Documented> {
    let [name, kind, empty, unit, meaning] = row else { panic!("{row:?} has five cells") };
    assert!(["text", "integer", "number"].contains(&kind.as_str()), "{row:?}");
    assert!(["", "yes"].contains(&empty.as_str()), "{row:?}");
    let column = |name: &str, unit: &str, meaning: Option<&String>| Documented {
        name: name.to_owned(),
        kind: kind.clone(),
        optional: empty == "yes",
        unit: unit.to_owned(),
        meaning: meaning.cloned(),
    };
    let each = |metrics: &[&Metric], prefix: &str| -> Vec<Documented> {
        assert_eq!(unit, "its own");
        let names = quoted(name);
        let of = |metric: &Metric| -> Vec<Documented> {
            let named = names.iter().map(|name| name.replace(prefix, metric.name));
            named.map(|name| column(&name, metric.unit, None)).collect()
        };
        metrics.iter().flat_map(|metric| of(metric)).collect()
    };
    let study = table.manifest.as_ref().map(|manifest| &manifest["study"]);
    match name.as_str() {
        "a column per factor" => {
            let factors = study.expect("a study")["factors"].as_array().unwrap();
            let name = |factor: &serde_json::Value| match factor["name"].as_str().unwrap() {
                // The one of the test's study that is called like another column.
                "Point" => "Point_2".to_owned(),
                name => name.to_owned(),
            };
            factors.iter().map(|factor| column(&name(factor), unit, None)).collect()
        }
        "a column per metric" => {
            METRICS.iter().map(|metric| column(metric.name, metric.unit, None)).collect()
        }
        names if names.contains("METRIC_") => each(&METRICS.iter().collect::<Vec<_>>(), "METRIC"),
        names if names.contains("OBJECTIVE_") => {
            let objectives = study.expect("a study")["tune"]["objectives"].as_array().unwrap();
            let metric =
                |name: &serde_json::Value| &METRICS[index_of(name.as_str().unwrap()).unwrap()];
            each(&objectives.iter().map(metric).collect::<Vec<_>>(), "OBJECTIVE")
        }
        "`sla`" if study.expect("a study").get("sla").is_none() => Vec::new(),
        names => quoted(names).into_iter().map(|name| column(name, unit, Some(meaning))).collect(),
    }
}
