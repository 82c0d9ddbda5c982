//! `trunksim tune`: the best point of a study that keeps to its SLA.

use super::runs::{Runs, StudyArgs};
use super::{Failure, tune_table};
use crate::experiment::record::Sample;
use crate::experiment::tune::result::TuneResult;
use crate::experiment::tune::tune;
use crate::output::{findings, json, tuning};

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
    let (units, result) = tune(plan, spec, &mut runs)?;
    let mut files = tuning::files(&result);
    files.extend(findings::front(plan, &result).iter().flat_map(findings::files));
    let tables = tuning::tables(plan, Sample::new(&units, &runs), &result);
    let written = runs.write(tables, files)?;
    let table = || tune_table::render(plan, &result, &written);
    args.study.format.print(table, &json::indented(&result))?;
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
