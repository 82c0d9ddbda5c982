//! The command line: one file per command, and the only place that prints. Standard output is the
//! result, standard error is progress and errors.
//!
//! Exit codes: 0 done, 1 internal error or a run that stopped, 2 bad input or usage, 3 an SLA that
//! is missed, 130 interrupted.

mod answer;
mod check;
mod compare;
mod compare_table;
mod completions;
mod explain;
mod failure;
mod format;
mod interrupt;
mod layout;
mod man;
mod parts_on;
mod point_columns;
mod precision;
mod presets;
mod progress;
mod report;
mod run;
mod run_table;
mod runs;
mod schema;
mod sensitivity;
mod sensitivity_table;
mod sla_table;
mod sweep;
mod sweep_table;
mod tell;
mod timeline;
mod tune;
mod tune_table;
mod warmup;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::input::{self, LoadedModel, harmless};
use failure::Failure;

/// What stands below the list of commands.
const AFTER_HELP: &str = "\
Examples:
  trunksim run models/apac.toml
  trunksim sweep experiments/backoff.toml
  trunksim compare experiments/backoff.toml --replications 20
  trunksim explain models/apac.toml --why failover --which first-unnecessary

Exit codes:
  0    done
  1    internal error, or a run that stopped at its budget
  2    bad input or usage
  3    the SLA of the study is missed
  130  interrupted; the same command goes on from the finished runs";

/// Simulates a contact centre's SIP trunks under API rate limiting.
#[derive(Debug, Parser)]
#[command(name = "trunksim", version, about, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a model once and print what it measures
    Run(run::Args),
    /// Run every setting of a study and estimate its metrics
    Sweep(sweep::Args),
    /// Find which factors of a study move its metrics, and by how much
    Sensitivity(sensitivity::Args),
    /// Compare the settings of a study with each other on the same random numbers
    Compare(compare::Args),
    /// Find how much of a model's start is to be left out, by Welch's plot and MSER-5
    Warmup(warmup::Args),
    /// Show why something happened in a run of a model: its causes and a sequence diagram
    Explain(explain::Args),
    /// Find the setting of a study that costs least while it keeps to its SLA
    Tune(tune::Args),
    /// Check models and studies, and list what they would run
    Check(check::Args),
    /// Print the JSON Schema of models or studies
    Schema(schema::Args),
    /// Write what a study found into one HTML file that needs nothing else
    Report(report::Args),
    /// List the settings of libraries' policies that a model takes by name, or show one
    Presets(presets::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Write the manual, a page per command
    Man(man::Args),
}

/// The greatest seed: the greatest whole number of a file.
const SEED_MAX: u64 = i64::MAX as u64;

/// What replaces values of the model.
#[derive(Debug, Args)]
struct Overrides {
    /// Seed of every random draw
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    seed: Option<u64>,
    /// Simulated time during which things are offered and measured, like 1h
    #[arg(long, value_name = "DURATION")]
    horizon: Option<String>,
    /// Simulated time at the start that is not measured, like 5m
    #[arg(long, value_name = "DURATION")]
    warmup: Option<String>,
    /// Set a key of the model, like client.retry.attempts=3 or trunks.*.rtt_api=80ms
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Overrides {
    /// Loads and checks a model with these in it.
    fn load(&self, model: &Path) -> Result<LoadedModel, Failure> {
        let mut assignments = self.assignments();
        assignments.extend(self.seed.map(|s| format!("seed={s}")));
        Ok(input::model(model, &assignments)?)
    }

    /// As assignments to keys of the model, the seed left out.
    fn assignments(&self) -> Vec<String> {
        let named = [("horizon", &self.horizon), ("warmup", &self.warmup)];
        let named = named.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k}={v}")));
        self.set.iter().cloned().chain(named).collect()
    }
}

/// Which run of which model.
#[derive(Debug, Args)]
struct RunOfModel {
    /// The model
    model: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Which replication to run: the same seed with other draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    replication: u64,
}

impl RunOfModel {
    /// Loads and checks the model.
    fn load(&self) -> Result<LoadedModel, Failure> {
        self.overrides.load(&self.model)
    }
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.quiet {
        tell::be_quiet();
    }
    let done = match cli.command {
        Command::Run(args) => run::execute(&args),
        Command::Sweep(args) => sweep::execute(&args),
        Command::Sensitivity(args) => sensitivity::execute(&args),
        Command::Compare(args) => compare::execute(&args),
        Command::Warmup(args) => warmup::execute(&args),
        Command::Explain(args) => explain::execute(&args),
        Command::Tune(args) => tune::execute(&args),
        Command::Check(args) => check::execute(&args),
        Command::Schema(args) => schema::execute(&args),
        Command::Report(args) => report::execute(&args),
        Command::Presets(args) => presets::execute(&args),
        Command::Completions(args) => completions::execute(&args),
        Command::Man(args) => man::execute(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// How a result is printed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Printed {
    /// For people
    #[default]
    Table,
    /// One object, as in the JSON file of the results
    Json,
}

impl Printed {
    /// Prints a result as it was asked for.
    fn print(self, table: impl FnOnce() -> String, json: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Table => print(&table()),
            Self::Json => print(&String::from_utf8_lossy(json)),
        }
    }
}

/// Threads for `--jobs`: without it, one per core. More threads than cores bring nothing, and
/// thousands of threads are more than a machine may start.
fn threads(jobs: Option<u16>) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    jobs.map_or(cores, |jobs| usize::from(jobs).min(cores))
}

/// Pool of [`threads`] threads.
fn pool(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads(jobs))
        .build()
        .map_err(|e| Failure::Internal(format!("the threads could not be started: {e}")))
}

/// Prints a result, without what controls the terminal: it may name files. A reader that has gone
/// away (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(harmless(text).as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
