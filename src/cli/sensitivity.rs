//! `trunksim sensitivity`: which factors of a study move its metrics, and by how much.

use super::runs::{Runs, StudyArgs};
use super::{Failure, sensitivity_table, sweep};
use crate::experiment::record::{Sample, Source};
use crate::experiment::runner::Unit;
use crate::experiment::sensitivity::analysis::analyse;
use crate::output::{findings, sensitivity, tables};

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
    if plan.study.sensitivity.is_none() {
        return Err(Failure::Usage(format!(
            "the study `{}` has no `[sensitivity]`; it needs one, such as\n\n  [sensitivity]\n  \
             method = \"sobol\"\n  points = 64\n",
            plan.study.name
        )));
    }
    if args.dry_run {
        return sweep::dry_run(&args.study, plan);
    }
    let mut runs = Runs::open(&args.study, &loaded)?;
    let units: Vec<Unit> = plan.all_units().collect();
    runs.make(&units)?;
    let sample = Sample::new(&units, &runs);
    let found = analyse(plan, sample)
        .ok_or_else(|| Failure::Internal("the points are not those of the method".to_owned()))?;
    let tables = vec![
        ("runs", tables::runs(plan, sample)),
        ("sensitivity", sensitivity::table(&found).whole()),
    ];
    let result = sensitivity::json(&found);
    let mut files = vec![("sensitivity.json".to_owned(), result.clone())];
    files.extend(findings::shares(&found).iter().flat_map(findings::files));
    let written = runs.write(tables, files)?;
    let table = || sensitivity_table::render(plan, &found, &written);
    args.study.format.print(table, &result)?;
    runs.finish()
}
