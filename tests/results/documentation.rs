//! The documentation names every file, column and metric, with its true type and meaning.

use std::collections::BTreeSet;
use std::fs::{self, File};

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use trunksim::output::parquet::COLUMNS;
use trunksim::system::metrics::METRICS;

use super::schema::{Documented, documented, page, quoted, rows};
use super::{OnDisk, Results};

#[test]
fn every_file_and_column_is_documented() {
    let results = Results::write();
    let page = page();
    let named = |word: &str| page.contains(&format!("`{word}`"));
    for file in results.files() {
        let name = file.file_name().unwrap().to_str().unwrap();
        match file.extension().unwrap().to_str().unwrap() {
            // Plots are named by the study.
            "svg" | "png" => {}
            "parquet" => assert!(file.with_extension("csv").exists(), "{name}"),
            _ => assert!(named(name), "{name}"),
        }
    }
    let mut seen = BTreeSet::new();
    for table in results.tables() {
        let documented = documented(&page, &table);
        let rows = csv_is_as_documented(&table, &documented);
        parquet_is_as_documented(&table, &documented, rows);
        seen.insert(format!("### `{}.csv`", table.name));
    }
    let headings: BTreeSet<String> =
        page.lines().filter(|line| line.starts_with("### ")).map(str::to_owned).collect();
    assert_eq!(seen, headings, "a section is of a table that is written");
    let latency = csv::Reader::from_path(results.path().join("run/latency.csv")).unwrap();
    latency_adds_up(latency, named);
    // And there are tables without rows, and cells without values, to tell of.
    let read = |name: &str| fs::read_to_string(results.path().join(name)).unwrap();
    assert_eq!(read("nothing/latency.csv").lines().count(), 1);
    assert!(read("nothing/metrics.csv").lines().any(|line| line.starts_with("service_level,,")));
}

/// Names, types and what is empty; gives how many rows there are.
fn csv_is_as_documented(table: &OnDisk, documented: &[Documented]) -> usize {
    let mut reader = csv::Reader::from_path(&table.csv).unwrap();
    let names: Vec<&str> = documented.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names, "{}", table.name);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for row in &rows {
        for (cell, column) in row.iter().zip(documented) {
            let holds = match column.kind.as_str() {
                _ if cell.is_empty() => column.optional,
                "integer" => cell.parse::<i64>().is_ok(),
                "number" => cell.parse::<f64>().is_ok_and(f64::is_finite),
                _ => true,
            };
            assert!(holds, "{}: `{cell}` in {column:?}", table.csv.display());
        }
    }
    rows.len()
}

/// The schema, the metadata and how many rows there are.
fn parquet_is_as_documented(table: &OnDisk, documented: &[Documented], rows: usize) {
    let name = table.parquet.display();
    let reader = SerializedFileReader::new(File::open(&table.parquet).unwrap()).unwrap();
    let file = reader.metadata().file_metadata();
    assert_eq!(file.num_rows(), rows as i64, "{name}");
    let pairs = file.key_value_metadata().unwrap();
    let about = pairs.iter().find(|pair| pair.key == COLUMNS).unwrap().value.as_ref().unwrap();
    let about: serde_json::Value = serde_json::from_str(about).unwrap();
    assert_eq!(about.as_object().unwrap().len(), documented.len(), "{name}");
    let schema = file.schema_descr();
    assert_eq!(schema.num_columns(), documented.len(), "{name}");
    for (column, documented) in schema.columns().iter().zip(documented) {
        let info = column.self_type().get_basic_info();
        let text = Some(&LogicalType::String);
        let kind = match (column.physical_type(), info.logical_type_ref()) {
            (Physical::BYTE_ARRAY, logical) if logical == text => "text",
            (Physical::INT64, None) => "integer",
            (Physical::DOUBLE, None) => "number",
            other => panic!("{name}: {other:?}"),
        };
        let optional = info.repetition() == Repetition::OPTIONAL;
        let expected = (documented.name.as_str(), documented.kind.as_str(), documented.optional);
        assert_eq!((column.name(), kind, optional), expected, "{name}");
        let about = &about[column.name()];
        assert_eq!(about["unit"], documented.unit.as_str(), "{name}: {documented:?}");
        let meaning = about["meaning"].as_str().unwrap();
        assert!(!meaning.is_empty(), "{name}: {documented:?}");
        if let Some(page) = &documented.meaning {
            let said = meaning.split(": lower end").next().unwrap();
            let said = said.split(": upper end").next().unwrap();
            assert!(page.starts_with(said), "{name}: the file says `{meaning}` of {documented:?}");
        }
    }
}

/// The last value of each kind is not exceeded by any, and no other is.
fn latency_adds_up(mut reader: csv::Reader<File>, named: impl Fn(&str) -> bool) {
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(rows.iter().all(|row| named(&row[0]) && named(&row[1])), "kinds");
    for (index, row) in rows.iter().enumerate() {
        let of = |row: &csv::StringRecord| (row[0].to_owned(), row[1].to_owned());
        let last = rows.get(index + 1).is_none_or(|next| of(next) != of(row));
        assert_eq!(last, &row[4] == "1", "{row:?}");
    }
    assert!(!rows.is_empty());
}

#[test]
fn every_metric_is_documented() {
    let page = page();
    let rows = rows(&page, "## Metrics");
    assert_eq!(rows.len(), METRICS.len());
    for (row, metric) in rows.iter().zip(METRICS) {
        assert_eq!(quoted(&row[0]), [metric.name]);
        assert_eq!((row[1].as_str(), row[2].as_str()), (metric.unit, metric.meaning));
    }
}
