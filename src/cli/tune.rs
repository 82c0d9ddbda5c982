//! `trunksim tune`: the best point of a study that keeps to its SLA.

use super::runs::{Runs, StudyArgs};
use super::{Failure, print, tune_table};
use crate::experiment::tune::result::TuneResult;
use crate::experiment::tune::tune;
use crate::output::{findings, tuning};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    study: StudyArgs,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let loaded = args.study.load()?;
    let plan = &loaded.plan;
    let Some(spec) = &plan.study.tune else {
        let message = "has no section `[tune]`, which says what is minimised and which difference \
                       matters";
        return Err(Failure::Usage(format!("the study `{}` {message}", plan.study.name)));
    };
    let mut runs = Runs::open(&args.study, &loaded)?;
    let tuned = tune(plan, spec, |units| runs.get(units))?;
    let mut files = tuning::files(&tuned.1);
    files.extend(findings::front(plan, &tuned.1).iter().flat_map(findings::files));
    let written = runs.write(&tuning::tables(plan, &tuned), files)?;
    print(&tune_table::render(plan, &tuned.1, &written))?;
    let result = tuned.1;
    // Without a recommendation that is what the caller has to know, whatever else went wrong.
    match (runs.finish(), missed(&result)) {
        (_, Err(sla)) => Err(sla),
        (finished, Ok(())) => finished,
    }
}

/// An error where no point is certain to meet the SLA.
fn missed(result: &TuneResult) -> Result<(), Failure> {
    let points = result.points_run;
    match result.outcome.as_str() {
        "recommended" => Ok(()),
        "undecided" => Err(Failure::Sla(format!(
            "none of {points} points is certain to meet the SLA; allow more replications"
        ))),
        _ => Err(Failure::Sla(format!("the SLA is met at none of {points} points"))),
    }
}
