//! `trunksim warmup`: how much of a model's start is to be left out.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::layout::{Column, prose, table};
use super::progress::Progress;
use super::{Failure, Overrides, Printed, pool};
use crate::experiment::figures::fixed;
use crate::experiment::warmup::{Measure, Request, Warmup, run};
use crate::input::LoadedModel;
use crate::output::{files, json, warmup};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The model
    model: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Runs that are averaged
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    replications: u64,
    /// Bins to each side of the moving average; without it, a fortieth of the run
    #[arg(long, value_name = "BINS")]
    window: Option<usize>,
    /// Threads; without it, one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Printed,
    /// Also write the curves as CSV and JSON, and a Welch plot of every measure as SVG and PNG
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let loaded = args.overrides.load(&args.model)?;
    let pool = pool(args.jobs)?;
    let progress = Progress::new(args.replications as usize);
    let request = Request { replications: args.replications, window: args.window };
    let model = (loaded.model.name.as_str(), loaded.model.seed);
    let found = pool.install(|| run(&loaded.config, model, request, || progress.step()));
    progress.finish();
    let found = found.map_err(|(failed, first)| Failure::Runs {
        failed,
        of: args.replications as usize,
        first: first.to_string(),
    })?;
    let mut written = Vec::new();
    if let Some(folder) = &args.out {
        written = write(folder, &found)?;
    }
    args.format.print(|| render(&loaded, &found, &written), &json::indented(&found))
}

fn write(folder: &Path, found: &Warmup) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    for (name, bytes) in warmup::files(found) {
        written.push(files::write_whole(folder, &name, &bytes)?);
    }
    Ok(written)
}

fn render(loaded: &LoadedModel, found: &Warmup, written: &[PathBuf]) -> String {
    let model = &loaded.model;
    let mut text = prose(&format!("{}: {}", model.name, model.description), 2);
    text.push_str(&prose(
        &format!(
            "{} replications of {}, seed {}, in bins of {}",
            found.replications, model.horizon, found.seed, model.series_bin
        ),
        2,
    ));
    let shown: Vec<&Measure> = found.measures.iter().filter(|measure| measure.moves()).collect();
    let cells = |cell: &dyn Fn(&Measure) -> String| shown.iter().map(|m| cell(m)).collect();
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| fixed(v, 2));
    let keys = [Column::text("measure", cells(&Measure::label))];
    let values = [
        Column::text("unit", cells(&|m| m.unit.clone())),
        Column::numbers(
            "start forgotten after, min",
            cells(&|m| number(m.cut_s.map(|s| s / 60.0))),
        ),
        Column::numbers("mean after that", cells(&|m| number(m.mean_after))),
        Column::numbers("mean of all", cells(&|m| number(m.mean))),
    ];
    let _ = writeln!(text, "\nWARM-UP\n{}", table(&keys, &values));
    let _ = writeln!(text, "ANSWER");
    for sentence in &found.answer {
        text.push_str(&prose(&format!("- {sentence}"), 2));
    }
    if !written.is_empty() {
        let _ = writeln!(text, "\nFILES");
    }
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}
