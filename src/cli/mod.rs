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
mod model_args;
mod parts_on;
mod point_columns;
mod precision;
mod presets;
mod print;
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
mod threads;
mod timeline;
mod tune;
mod tune_table;
mod warmup;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use failure::Failure;
use model_args::{Overrides, RunOfModel};
use print::{Printed, print};
use threads::{pool, threads};

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
        Command::Completions(args) => completions::execute(&args, Cli::command()),
        Command::Man(args) => man::execute(&args, Cli::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
