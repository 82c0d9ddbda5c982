//! `trunksim sweep`: every point of a study, in parallel, to tables and plots.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::json;

use super::progress::{self, Stopwatch};
use super::{Failure, Overrides, print, sweep_table};
use crate::experiment::plan::Plan;
use crate::experiment::runner::{self, Outcome, Unit};
use crate::experiment::summary::Summary;
use crate::input::{self, LoadedStudy};
use crate::output::journal::Journal;
use crate::output::manifest::{FileHash, manifest};
use crate::output::{files, plots, tables};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Runs of each point
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Threads; without it, one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Folder for the results; without it, `output/` and its name
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run every point anew, even those an earlier sweep into this folder has run
    #[arg(long)]
    fresh: bool,
    /// List the points and what running them would cost, and run none of them
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let overrides = args.overrides.assignments();
    let loaded = input::study(&args.study, &overrides, args.replications, args.overrides.seed)?;
    let plan = &loaded.plan;
    if args.dry_run {
        return dry_run(args, plan);
    }
    let folder = args.out.clone().unwrap_or_else(|| Path::new("output").join(&plan.study.name));
    let journal = Journal::open(&folder, plan, &program(&loaded), args.fresh)?;
    let watch = Stopwatch::start();
    let (outcomes, taken_over) = run(args, plan, &journal)?;
    let seconds = watch.elapsed().as_secs_f64();
    let summary = Summary::new(plan, &outcomes);
    let timing = json!({
        "wall_s": seconds,
        "runs": plan.units(),
        "runs_taken_over": taken_over,
        "threads": threads(args),
    });
    let written = write(&folder, &loaded, &outcomes, &summary, &timing)?;
    print(&sweep_table::render(plan, &summary, &written))?;
    eprintln!(
        "{} runs in {seconds:.1} s ({taken_over} of them taken over from an earlier sweep)",
        plan.units()
    );
    failures(&outcomes)
}

/// So many points, evenly over the study, are run once to tell what all would cost.
const TIMED_POINTS: usize = 4;

/// Lists the points, and times a few of them.
fn dry_run(args: &Args, plan: &Plan) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let timed = plan.points.len().min(TIMED_POINTS);
    for n in 0..timed {
        let unit = Unit { point: n * plan.points.len() / timed, replication: 0 };
        // What stops a run with an error costs time all the same.
        let _ = runner::run_unit(plan, unit);
    }
    let each = watch.elapsed().as_secs_f64() / timed as f64;
    print(&sweep_table::listing(plan))?;
    let threads = threads(args);
    eprintln!(
        "{} runs would take about {:.1} s on {threads} threads ({timed} runs took {each:.3} s each)",
        plan.units(),
        each * plan.units() as f64 / threads as f64,
    );
    Ok(())
}

/// Runs what the journal does not hold, on as many threads as asked for.
fn run(args: &Args, plan: &Plan, journal: &Journal) -> Result<(Vec<Outcome>, usize), Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::Internal(format!("the threads could not be started: {error}")))?;
    let bar = progress::bar(plan.units());
    let taken_over = plan.all_units().filter(|unit| journal.holds(*unit)).count();
    if taken_over > 0 {
        bar.set_message(format!("({taken_over} taken over)"));
    }
    let unwritten: OnceLock<String> = OnceLock::new();
    let known = |unit: Unit| journal.get(unit).map(Ok);
    let done = |unit: Unit, outcome: &Outcome| {
        if let Ok(metrics) = outcome
            && !journal.holds(unit)
            && let Err(error) = journal.note(unit, metrics)
        {
            let _ = unwritten.set(error.to_string());
        }
        bar.inc(1);
    };
    let outcomes = pool.install(|| runner::run(plan, known, done));
    bar.finish_and_clear();
    match unwritten.into_inner() {
        Some(error) => Err(Failure::Internal(format!("the journal of units: {error}"))),
        None => Ok((outcomes, taken_over)),
    }
}

fn threads(args: &Args) -> usize {
    args.jobs.map_or_else(rayon::current_num_threads, usize::from)
}

/// Writes every file of the study and gives their paths.
fn write(
    folder: &Path,
    loaded: &LoadedStudy,
    outcomes: &[Outcome],
    summary: &Summary,
    timing: &serde_json::Value,
) -> Result<Vec<PathBuf>, Failure> {
    let plan = &loaded.plan;
    let mut all: Vec<(String, Vec<u8>)> = vec![
        ("runs.csv".to_owned(), tables::runs(plan, outcomes)),
        ("summary.csv".to_owned(), tables::summary(plan, summary)),
    ];
    let hashes: Vec<FileHash> = loaded
        .files
        .iter()
        .map(|f| FileHash::new(f.path.display().to_string(), f.text.as_bytes()))
        .collect();
    let command_line: Vec<String> = std::env::args().collect();
    all.push(("manifest.json".to_owned(), manifest(plan, &command_line, &hashes)));
    all.push(("timing.json".to_owned(), format!("{timing:#}\n").into_bytes()));
    all.extend(plots::render(plan, summary));
    let mut written = Vec::new();
    for (name, bytes) in all {
        written.push(files::write_whole(folder, &name, &bytes)?);
    }
    Ok(written)
}

/// What makes results of an earlier sweep results of this one: the same program and the same
/// arrival traces (seed and model are told apart by the journal itself).
fn program(loaded: &LoadedStudy) -> String {
    let executable = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&executable);
    let traces = loaded.files.iter().filter(|f| f.path.extension().is_some_and(|e| e != "toml"));
    for trace in traces {
        hasher.update(trace.text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn failures(outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut errors = outcomes.iter().filter_map(|o| o.as_ref().err());
    let Some(first) = errors.next() else { return Ok(()) };
    Err(Failure::Runs { failed: 1 + errors.count(), of: outcomes.len(), first: first.to_string() })
}
