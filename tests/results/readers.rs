//! DuckDB and Polars read CSV and Parquet, and find the same rows, types and values.

use std::fs;
use std::io::Write;
use std::process::Command;

use serde_json::json;

use super::Results;
use super::schema::{documented, page};

/// Python with the packages of `requirements.txt`; where this is set, they have to be there.
const PYTHON: &str = "PARQUET_PYTHON";

#[test]
fn duckdb_and_polars_find_the_same_in_csv_and_parquet() {
    let named = std::env::var(PYTHON).ok();
    let python = named.as_deref().unwrap_or("python3");
    let packages = Command::new(python).args(["-c", "import duckdb, polars"]).output();
    if !packages.is_ok_and(|output| output.status.success()) {
        let missing = format!(
            "that DuckDB and Polars find the same in CSV and Parquet: {python} has not the packages \
             of tests/results/requirements.txt"
        );
        assert!(named.is_none(), "{missing}");
        // Past what the harness keeps back of a test that passes.
        let _ = writeln!(std::io::stderr(), "NOT CHECKED: {missing}. {PYTHON} names another.");
        return;
    }
    let results = Results::write();
    let page = page();
    let table = |table: super::OnDisk| {
        let columns = documented(&page, &table);
        let column = |c: &super::schema::Documented| json!([c.name, c.kind, c.optional]);
        let columns: Vec<serde_json::Value> = columns.iter().map(column).collect();
        json!({ "csv": table.csv, "parquet": table.parquet, "columns": columns })
    };
    let tables: Vec<serde_json::Value> = results.tables().into_iter().map(table).collect();
    let list = results.path().join("tables.json");
    fs::write(&list, serde_json::to_vec(&tables).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/results/readers.py");
    let output = Command::new(python).arg(script).arg(&list).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
    assert!(said.starts_with(&format!("{} tables, ", tables.len())), "{said}");
    print!("{said}");
}
