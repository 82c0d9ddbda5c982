//! `trunksim sweep`: every point of a study, in parallel, to tables and plots.

use std::path::PathBuf;

use super::progress::Stopwatch;
use super::runs::{Runs, StudyArgs};
use super::{Failure, answer, print, sweep_table};
use crate::experiment::answers::answers;
use crate::experiment::plan::Plan;
use crate::experiment::runner::{self, Unit};
use crate::experiment::select::threshold::{Verdict, together};
use crate::experiment::summary::Summary;
use crate::output::{plots, tables};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// List the points and what running them would cost, and run none of them
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let loaded = args.study.load()?;
    let plan = &loaded.plan;
    if args.dry_run {
        return dry_run(args, plan);
    }
    let mut runs = Runs::open(&args.study, &loaded)?;
    let units: Vec<Unit> = plan.all_units().collect();
    let outcomes = runs.get(&units)?;
    let summary = Summary::new(plan, &outcomes);
    let mut files = vec![
        ("runs.csv".to_owned(), tables::runs(plan, &outcomes)),
        ("summary.csv".to_owned(), tables::summary(plan, &summary)),
    ];
    files.extend(plots::render(plan, &summary));
    let answers = answers(plan, &summary);
    files.extend(answer::file(&answers));
    let written: Vec<PathBuf> = runs.write(files)?;
    print(&sweep_table::render(plan, &summary, &written))?;
    print(&answer::render(plan, &answers))?;
    runs.finish()?;
    missed(plan, &summary)
}

/// An error where the SLA is missed at every point: none meets it, and none might.
fn missed(plan: &Plan, summary: &Summary) -> Result<(), Failure> {
    let missed = |point: usize| together(&summary.verdicts(plan, point)) == Verdict::Missed;
    if plan.study.sla.is_empty() || !(0..plan.points.len()).all(missed) {
        return Ok(());
    }
    Err(Failure::Sla(format!("the SLA is missed at every one of {} points", plan.points.len())))
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
    let threads = args.study.threads();
    eprintln!(
        "{} runs would take about {:.1} s on {threads} threads ({timed} runs took {each:.3} s each)",
        plan.units(),
        each * plan.units() as f64 / threads as f64,
    );
    Ok(())
}
