//! `trunksim run`: one run of a model.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::progress::Stopwatch;
use super::{Failure, RunOfModel, print, run_table, timeline};
use crate::input::LoadedModel;
use crate::output::{files, latency, tables};
use crate::system::metrics::{Breakdown, METRICS};
use crate::system::{RunResult, simulate};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: RunOfModel,
    /// Also write metrics, tables per trunk and carrier, time series and distributions of latency as
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
        Format::Csv => print(&String::from_utf8_lossy(&tables::metrics(&result)))?,
    }
    if let Some(folder) = &args.out {
        write(folder, &result, &json())?;
        for (name, bytes) in latency::files(&loaded.model, args.run.replication, &result) {
            files::write_whole(folder, &name, &bytes)?;
        }
    }
    if let Some((folder, timeline)) = &timeline {
        timeline::write(folder, &loaded, args.run.replication, timeline)?;
    }
    let events = result.engine.events;
    eprintln!("{events} events in {seconds:.3} s, {:.2} M/s", events as f64 / seconds / 1e6);
    Ok(())
}

fn write(folder: &Path, result: &RunResult, json: &str) -> Result<(), Failure> {
    files::write_whole(folder, "metrics.csv", &tables::metrics(result))?;
    files::write_whole(folder, "trunks.csv", &tables::breakdown("trunk", &result.trunks))?;
    files::write_whole(folder, "carriers.csv", &tables::breakdown("carrier", &result.carriers))?;
    files::write_whole(folder, "series.csv", &tables::series(&result.series))?;
    files::write_whole(folder, "run.json", json.as_bytes())?;
    Ok(())
}

/// One object: every metric under its name (`null` where nothing was observed), the tables per
/// trunk and carrier, and the time series.
fn to_json(loaded: &LoadedModel, replication: u64, result: &RunResult) -> String {
    let mut object = Map::new();
    object.insert("model".into(), loaded.model.name.clone().into());
    object.insert("seed".into(), loaded.model.seed.into());
    object.insert("replication".into(), replication.into());
    for (metric, value) in METRICS.iter().zip(&result.metrics) {
        object.insert(metric.name.into(), number(*value));
    }
    object.insert("trunks".into(), rows("trunk", &result.trunks));
    object.insert("carriers".into(), rows("carrier", &result.carriers));
    let series = &result.series;
    let columns: Map<String, Value> = series
        .columns
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let values: Vec<Value> = series.rows.iter().map(|row| number(row[i])).collect();
            ((*name).to_owned(), values.into())
        })
        .collect();
    object.insert("series".into(), columns.into());
    let mut text = serde_json::to_string_pretty(&object).expect("plain values are writable");
    text.push('\n');
    text
}

fn rows(kind: &str, breakdown: &Breakdown) -> Value {
    let row = |(name, values): &(String, Vec<f64>)| {
        let mut row = Map::new();
        row.insert(kind.into(), name.clone().into());
        for (column, value) in breakdown.columns.iter().zip(values) {
            row.insert((*column).to_owned(), number(*value));
        }
        Value::from(row)
    };
    breakdown.rows.iter().map(row).collect()
}

fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}
