//! `trunksim run`: one run of a model.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::progress::Stopwatch;
use super::tell::note;
use super::{Failure, RunOfModel, print, run_table, timeline};
use crate::input::LoadedModel;
use crate::output::{files, latency, tables};
use crate::system::metrics::{Breakdown, LimitRow, Limits, METRICS};
use crate::system::{RunResult, simulate};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunOfModel,
    /// Also write metrics, tables per trunk, carrier, limiter and fault, time series and distributions of latency as
    /// CSV, and the latter as plots
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also draw what the run did over time (timeline.svg and .png; close-up.svg and .png of the
    /// worst of it), and write it for trace viewers (trace.json)
    #[arg(long, value_name = "DIR")]
    timeline: Option<PathBuf>,
    #[command(flatten)]
    part: timeline::Part,
    /// How to print the metrics
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Copy, Clone, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with every metric, the tables and the time series
    Json,
    /// A row per metric
    Csv,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let loaded = args.run.load()?;
    let watch = Stopwatch::start();
    let (result, timeline) = match &args.timeline {
        None => (simulate(&loaded.config, loaded.model.seed, args.run.replication)?, None),
        Some(folder) => {
            let window = args.part.window(&loaded)?;
            let (result, timeline) = timeline::record(&loaded, args.run.replication, window)?;
            (result, Some((folder, timeline)))
        }
    };
    let seconds = watch.elapsed().as_secs_f64();
    let json = || to_json(&loaded, args.run.replication, &result);
    match args.format {
        Format::Table => print(&run_table::render(&loaded.model, &result))?,
        Format::Json => print(&json())?,
        Format::Csv => print(&String::from_utf8_lossy(&tables::metrics(&result).csv()))?,
    }
    if let Some(folder) = &args.out {
        let mut tables = tables::of_run(&result);
        tables.push(("latency", latency::table(&result.latencies)));
        for (name, table) in &tables {
            table.files(name).iter().try_for_each(|file| write(folder, file))?;
        }
        write(folder, &("run.json".to_owned(), json().into_bytes()))?;
        let plots = latency::plots(&loaded.model, args.run.replication, &result);
        plots.iter().try_for_each(|file| write(folder, file))?;
    }
    if let Some((folder, timeline)) = &timeline {
        timeline::write(folder, &loaded, args.run.replication, timeline)?;
    }
    let events = result.engine.events;
    note(format!("{events} events in {seconds:.3} s, {:.2} M/s", events as f64 / seconds / 1e6));
    Ok(())
}

fn write(folder: &Path, (name, bytes): &(String, Vec<u8>)) -> Result<(), Failure> {
    files::write_whole(folder, name, bytes)?;
    Ok(())
}

/// One object: the name of the service level's formula, every metric under its name (`null` where
/// nothing was observed), the tables per trunk, carrier, limiter and fault, and the time series.
fn to_json(loaded: &LoadedModel, replication: u64, result: &RunResult) -> String {
    let mut object = Map::new();
    object.insert("model".into(), loaded.model.name.clone().into());
    object.insert("seed".into(), loaded.model.seed.into());
    object.insert("replication".into(), replication.into());
    object.insert("service_level_formula".into(), result.service_level.formula_name().into());
    for (metric, value) in METRICS.iter().zip(&result.metrics) {
        object.insert(metric.name.into(), number(*value));
    }
    object.insert("trunks".into(), rows("trunk", &result.trunks));
    object.insert("carriers".into(), rows("carrier", &result.carriers));
    object.insert("limits".into(), limits(&result.limits));
    object.insert("faults".into(), rows("fault", &result.faults));
    let series = &result.series;
    let columns: Map<String, Value> = series
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            let values: Vec<Value> = series.rows.iter().map(|row| number(row[i])).collect();
            (column.name.to_owned(), values.into())
        })
        .collect();
    object.insert("series".into(), columns.into());
    let mut text = serde_json::to_string_pretty(&object).expect("plain values are writable");
    text.push('\n');
    text
}

fn limits(limits: &Limits) -> Value {
    let row = |row: &LimitRow| {
        let mut object = Map::new();
        object.insert("limit".into(), row.limit.clone().into());
        object.insert("client".into(), row.client.clone().into());
        for (column, value) in limits.columns.iter().zip(&row.values) {
            object.insert(column.name.to_owned(), number(*value));
        }
        Value::from(object)
    };
    limits.rows.iter().map(row).collect()
}

fn rows(kind: &str, breakdown: &Breakdown) -> Value {
    let row = |(name, values): &(String, Vec<f64>)| {
        let mut row = Map::new();
        row.insert(kind.into(), name.clone().into());
        for (column, value) in breakdown.columns.iter().zip(values) {
            row.insert(column.name.to_owned(), number(*value));
        }
        Value::from(row)
    };
    breakdown.rows.iter().map(row).collect()
}

fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}
