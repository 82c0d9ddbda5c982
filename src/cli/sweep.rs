//! `trunksim sweep`: every point of a study, in parallel, to tables and plots.

use std::path::PathBuf;

use super::precision::{self, PrecisionArgs};
use super::progress::Stopwatch;
use super::runs::{Runs, StudyArgs};
use super::tell::note;
use super::{Failure, answer, print, sweep_table};
use crate::experiment::answers::answers;
use crate::experiment::plan::Plan;
use crate::experiment::record::Sample;
use crate::experiment::runner::{self, Unit};
use crate::experiment::select::threshold::{Verdict, together};
use crate::experiment::summary::{Summary, judged};
use crate::experiment::sweep_result::SweepResult;
use crate::output::{json, plots, tables};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// List the settings and the cost of running them, and run nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let mut loaded = args.study.load()?;
    args.precision.apply(&mut loaded.plan.study);
    let plan = &loaded.plan;
    if args.dry_run {
        return dry_run(&args.study, plan);
    }
    let mut runs = Runs::open(&args.study, &loaded)?;
    let got = precision::make(&mut runs, plan)?;
    let sample = Sample::new(&got.units, &runs);
    let summary = Summary::new(plan, sample);
    let tables = vec![
        ("runs", tables::runs(plan, sample)),
        ("summary", tables::summary(plan, &summary).whole()),
    ];
    let result = json::compact(&SweepResult::new(plan, &summary));
    let mut files = vec![("sweep.json".to_owned(), result.clone())];
    files.extend(plots::render(plan, &summary));
    let answers = answers(plan, &summary);
    files.extend(answer::file(&answers));
    let written: Vec<PathBuf> = runs.write(tables, files)?;
    let table = || {
        let table = sweep_table::render(plan, &summary, &got, &written);
        table + &answer::render(plan, &answers)
    };
    args.study.format.print(table, &result)?;
    let missed = missed(plan, sample);
    runs.finish()?;
    missed
}

/// An error where the SLA is missed at every point: none meets it, and none might.
pub(super) fn missed(plan: &Plan, sample: Sample<'_>) -> Result<(), Failure> {
    let missed = |point: usize| {
        let judged = judged(plan, sample, point).into_iter().map(|(verdict, _)| verdict);
        together(&judged.collect::<Vec<_>>()) == Verdict::Missed
    };
    if plan.study.sla.is_empty() || !(0..plan.points.len()).all(missed) {
        return Ok(());
    }
    Err(Failure::Sla(format!("the SLA is missed at every one of {} settings", plan.points.len())))
}

/// How long all runs take at `each` seconds per run.
fn seconds(plan: &Plan, each: f64) -> String {
    let (least, most) = plan.replications();
    let all = |of_a_point: u32| each * plan.points.len() as f64 * f64::from(of_a_point);
    if least < most {
        format!("{:.1} to {:.1} s", all(least), all(most))
    } else {
        format!("{:.1} s", all(least))
    }
}

/// Number of points, evenly over the study, that are run once to estimate the cost of all.
const TIMED_POINTS: usize = 4;

/// Lists the points, and times a few points.
pub(super) fn dry_run(args: &StudyArgs, plan: &Plan) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let timed = plan.points.len().min(TIMED_POINTS);
    for n in 0..timed {
        let unit = Unit { point: n * plan.points.len() / timed, replication: 0 };
        // What stops a run with an error costs time too.
        let _ = runner::run_unit(plan, unit);
    }
    let each = watch.elapsed().as_secs_f64() / timed as f64;
    print(&sweep_table::listing(plan))?;
    let threads = args.threads();
    note(format!(
        "{} would take about {} on {threads} threads ({timed} runs took {each:.3} s each)",
        sweep_table::runs_in_all(plan),
        seconds(plan, each / threads as f64),
    ));
    Ok(())
}
