//! `trunksim compare`: the points of a study against each other, on the same random numbers.

use super::precision::{self, PrecisionArgs};
use super::runs::{Runs, StudyArgs};
use super::{Failure, compare_table, sweep};
use crate::experiment::compare::report::{Comparison, Request, With};
use crate::experiment::plan::Plan;
use crate::experiment::record::Sample;
use crate::output::{comparison, findings, json, tables};
use crate::system::metrics::{index_of, no_such_metric};

/// Number of settings above which all pairs are refused: 100 give 4950 comparisons.
const ALL_PAIRS_MAX: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// The setting the others are compared with: its number, or levels that name it, like
    /// 'base = 50ms, jitter = full'; without it, the study's `compare.control` or else the best
    #[arg(long, value_name = "SETTING", conflicts_with = "all_pairs")]
    control: Option<String>,
    /// Compare every setting with every other
    #[arg(long)]
    all_pairs: bool,
    /// The metric that decides, in place of the study's `rank.by`
    #[arg(long, value_name = "METRIC")]
    metric: Option<String>,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let mut loaded = args.study.load()?;
    args.precision.apply(&mut loaded.plan.study);
    let plan = &loaded.plan;
    let request = request(args, plan)?;
    let mut runs = Runs::open(&args.study, &loaded)?;
    let got = precision::make(&mut runs, plan)?;
    let sample = Sample::new(&got.units, &runs);
    let compared = Comparison::new(plan, sample, &request);
    let tables = vec![
        ("runs", tables::runs(plan, sample)),
        ("ranking", comparison::ranking(plan, &compared).whole()),
        ("comparison", comparison::differences(&compared).whole()),
    ];
    let result = json::indented(&compared);
    let mut files = vec![("compare.json".to_owned(), result.clone())];
    files.extend(findings::differences(&compared).iter().flat_map(findings::files));
    let written = runs.write(tables, files)?;
    let table = || compare_table::render(plan, &compared, &written);
    args.study.format.print(table, &result)?;
    let missed = sweep::missed(plan, sample);
    runs.finish()?;
    missed
}

/// What is to be compared, before anything is run.
fn request(args: &Args, plan: &Plan) -> Result<Request, Failure> {
    let points = plan.points.len();
    if points < 2 {
        return Err(Failure::Usage(
            "a comparison needs two settings; this study has one".to_owned(),
        ));
    }
    if args.all_pairs && points > ALL_PAIRS_MAX {
        return Err(Failure::Usage(format!(
            "--all-pairs of {points} settings are {} comparisons; it takes at most {ALL_PAIRS_MAX} \
             settings. Name one with --control",
            points * (points - 1) / 2
        )));
    }
    let study = &plan.study;
    let by = args.metric.as_ref().unwrap_or(&study.rank.by);
    let mut metrics = vec![metric(by)?];
    for name in &study.rank.beside {
        let beside = metric(name)?;
        if !metrics.contains(&beside) {
            metrics.push(beside);
        }
    }
    let with = match (&args.control, &study.compare) {
        _ if args.all_pairs => With::Each,
        (Some(text), _) => {
            let named = plan.point_named(text);
            With::Control(named.map_err(|e| Failure::Usage(format!("--control {text}: {e}")))?)
        }
        (None, Some(compare)) => {
            let control = compare.control(&plan.factors, &plan.points);
            With::Control(control.map_err(|issue| Failure::Internal(issue.to_string()))?)
        }
        (None, None) => With::BestFound,
    };
    Ok(Request { metrics, with })
}

/// The metric of this name.
fn metric(name: &str) -> Result<usize, Failure> {
    index_of(name).ok_or_else(|| Failure::Usage(format!("`{name}`: {}", no_such_metric(name))))
}
