//! `trunksim check`: reads and validates files, and lists what they would run.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::tell::tell_report;
use super::{Failure, sweep_table};
use crate::engine::time::{SimDuration, SimTime};
use crate::experiment::plan::Plan;
use crate::experiment::study::level_text;
use crate::input::{self, InputError, Kind, LoadedModel};
use crate::system::Traces;
use crate::system::script::Script;
use crate::system::spec::Model;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Models or studies
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let mut first: Option<InputError> = None;
    for file in &args.files {
        match check(file) {
            Ok(text) => super::print(&text)?,
            // All errors but the first are reported at once.
            Err(error) if first.is_some() => tell_report(error),
            Err(error) => first = Some(error),
        }
    }
    first.map_or(Ok(()), |error| Err(error.into()))
}

fn check(file: &Path) -> Result<String, InputError> {
    Ok(match input::kind(file)? {
        Kind::Model => {
            let LoadedModel { model, traces, .. } = input::model(file, &[])?;
            describe_model(file, &model) + &describe_traces(&traces, model.horizon)
        }
        Kind::Study => describe_study(file, &input::study(file, &[], None, None)?.plan),
    })
}

fn describe_model(file: &Path, model: &Model) -> String {
    let trunks: u32 = model.trunks.iter().map(|t| t.count).sum();
    format!(
        "{}: model `{}`: valid\n  {}\n  {trunks} trunks, {} carriers, {} SBCs, {} agent groups, \
         {} API limits, {} tenants, {} faults\n  would run {} with a warm-up of {}, seed {}\n",
        file.display(),
        model.name,
        model.description,
        model.carriers.len(),
        model.sbcs.iter().map(|s| s.count).sum::<u32>(),
        model.groups.len(),
        model.api.limits.len(),
        model.tenants.len(),
        model.faults.len(),
        model.horizon,
        model.warmup,
        model.seed,
    )
}

/// A line per trace: how many of its arrivals a run offers.
fn describe_traces(traces: &Traces, horizon: SimDuration) -> String {
    let end = SimTime::ZERO + horizon;
    let mut text = String::new();
    for (file, instants) in &traces.arrivals {
        let within = instants.partition_point(|at| *at < end);
        let all = instants.len();
        let _ = writeln!(text, "  trace {file}: {within} of {all} arrivals within the horizon");
    }
    for (file, script) in &traces.outcomes {
        let rows = match script.as_ref() {
            Script::ByTime(rows) => format!("{} rows by time", rows.len()),
            Script::ByRequest(rows) => format!("{} rows by request", rows.len()),
        };
        let _ = writeln!(text, "  outcomes {file}: {rows}");
    }
    text
}

fn describe_study(file: &Path, plan: &Plan) -> String {
    let mut text = format!(
        "{}: study `{}`: valid\n  {}\n",
        file.display(),
        plan.study.name,
        plan.study.question
    );
    for (factor, spec) in plan.factors.iter().zip(&plan.study.factors) {
        let levels: Vec<&str> = factor.levels.iter().map(|l| l.label.as_str()).collect();
        let levels = match spec.range.as_deref() {
            Some([low, high]) => format!("{} to {}", level_text(low), level_text(high)),
            _ => levels.join(", "),
        };
        let _ = writeln!(text, "  {}: {levels}", factor.name);
    }
    let _ = writeln!(
        text,
        "  would run {} settings x {} replications = {} of {} (warm-up {}), seed {}",
        plan.points.len(),
        sweep_table::replications(plan.replications()),
        sweep_table::runs_in_all(plan),
        plan.first.horizon,
        plan.first.warmup,
        plan.seed,
    );
    text
}
