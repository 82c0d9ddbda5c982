//! The policy that a tuning recommends: its levels, what it costs and gives, how sure that is, and
//! the text to paste.

use super::folder::{FRAGMENT, Results};
use super::prose::percent;
use super::table::{Column, Measure, Table, threshold};
use super::tune::{Points, cost, cost_reading, is_recommended};
use crate::experiment::figures::{Estimate, Reading};
use crate::experiment::tune::result::{Candidate, TuneResult};
use crate::experiment::tune::sum;

/// The recommended policy, or the nearest there is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    pub(super) title: &'static str,
    /// Why nothing is recommended; empty if something is.
    pub(super) caveat: String,
    /// Its levels, by factor.
    pub(super) levels: Vec<(String, String)>,
    /// What it costs and gives.
    pub(super) gives: Table,
    /// How sure it is, and what comes next to it.
    pub(super) sure: Vec<(&'static str, String)>,
    /// What is to be pasted into a model; empty where there is no such text.
    pub(super) toml: String,
    /// The file that holds that text, where it is there.
    pub(super) file: Option<&'static str>,
}

/// What `tune` recommends, if it has run.
pub(super) fn policy(results: &Results) -> Option<Policy> {
    let tuned = results.tune.as_ref()?;
    let points = Points::new(tuned, &results.manifest);
    let (title, caveat) = match tuned.outcome.as_str() {
        "recommended" => ("Recommended policy", String::new()),
        "undecided" => (
            "Nearest to the SLA",
            "None is recommended: of no setting it is certain that it meets the SLA within the \
             replications allowed. This one comes nearest."
                .to_owned(),
        ),
        _ => (
            "Nearest to the SLA",
            "None is recommended: every setting misses the SLA. This one comes nearest.".to_owned(),
        ),
    };
    Some(Policy {
        title,
        caveat,
        levels: points.factors.listed(&tuned.recommended.levels),
        gives: gives(tuned),
        sure: sure(tuned, &points),
        toml: tuned.recommended.fragment.clone(),
        file: results.fragment_file.then_some(FRAGMENT),
    })
}

/// What the policy costs and gives, and what the SLA says of that.
fn gives(tuned: &TuneResult) -> Table {
    let Candidate { cost: own, metrics, sla, .. } = &tuned.recommended;
    let mut names = vec![format!("{}: {}", cost(tuned), sum(&tuned.cost))];
    let mut values: Vec<(Reading, Estimate)> = vec![(cost_reading(tuned), (*own).into())];
    let (mut limits, mut verdicts) = (vec![String::new()], vec![""]);
    // What is under a threshold comes first.
    let held = metrics.keys().filter(|name| sla.iter().any(|held| held.metric == **name));
    let free = metrics.keys().filter(|name| sla.iter().all(|held| held.metric != **name));
    for name in held.chain(free) {
        let measure = Measure::of(name);
        let mut own = sla.iter().filter(|held| held.metric == *name).peekable();
        let mut put = |limit: String, verdict| {
            names.push(measure.label.clone());
            values.push((measure.reading, metrics[name].into()));
            limits.push(limit);
            verdicts.push(verdict);
        };
        if own.peek().is_none() {
            put(String::new(), "");
        }
        own.for_each(|held| {
            put(threshold(&held.threshold, measure.reading), held.verdict.as_str())
        });
    }
    let runs = if tuned.recommended.replications == "fresh" { "fresh" } else { "race" };
    let note = format!(
        "Means ± half their {} intervals, each alone, of {} {}. Verdicts hold together.",
        percent(tuned.interval_confidence),
        own.n,
        if runs == "fresh" { "fresh replications" } else { "replications in the race" },
    );
    let table = Table::new("What it costs and gives")
        .with([Column::texts("measure", names).heading(), Column::mixed("value", &values)]);
    let judged = [
        Column::texts("SLA", limits).meaning("What the study asks of it"),
        Column::verdicts("verdict", verdicts),
    ];
    let judged = (!sla.is_empty()).then_some(judged).into_iter().flatten();
    table.with(judged).noted(note, "tune.json")
}

/// How sure the choice is, what comes next to it, and what it took.
fn sure(tuned: &TuneResult, points: &Points) -> Vec<(&'static str, String)> {
    let asked = percent(tuned.certainty.confidence);
    let by = if tuned.goal == "minimise" { "costs less" } else { "is worth more" };
    let claim = format!("no other that meets the SLA {by} by more than {}", tuned.indifference);
    let confidence = match (is_recommended(tuned), tuned.certainty.reached) {
        (true, true) => format!("{asked}, asked for and reached: {claim}"),
        (true, false) => {
            format!("{asked} was asked for, and the replications allowed did not suffice: {claim}")
        }
        (false, _) => format!("{asked} was asked for; nothing is recommended"),
    };
    let mut said = vec![("Confidence", confidence)];
    said.push(("Left undecided", points.names(&tuned.certainty.undecided)));
    if let Some(second) = &tuned.runner_up {
        let more = Estimate::from(second.costs_more);
        let apart = cost_reading(tuned).size(&more);
        let by = match (tuned.goal.as_str(), second.costs_more.low > 0.0) {
            ("minimise", true) => format!("costs {apart} more"),
            ("minimise", false) => {
                format!(
                    "not significantly different: costs {} more",
                    cost_reading(tuned).difference(&more)
                )
            }
            (_, true) => format!("is worth {apart} less"),
            (_, false) => format!(
                "not significantly different: is worth {} less",
                cost_reading(tuned).difference(&more)
            ),
        };
        said.push(("Runner-up", format!("{}: {by}", points.describe(&second.levels))));
    } else if is_recommended(tuned) {
        said.push(("Runner-up", "none: it alone was left that meets the SLA".to_owned()));
    }
    if !tuned.recommended.same.is_empty() {
        said.push(("The very same", points.names(&tuned.recommended.same)));
    }
    let runs = &tuned.runs;
    let saved = match runs.total <= runs.brute_force {
        true => format!("{} saved", percent((runs.saved * 100.0).round() / 100.0)),
        false => "none saved".to_owned(),
    };
    said.push((
        "Runs",
        format!(
            "{}, {} in the race and {} fresh ones; brute force, each of {} settings {} times, would \
             have taken {}: {saved}",
            runs.total,
            runs.race,
            runs.fresh,
            tuned.points_of,
            runs.replications_of_recommended,
            runs.brute_force
        ),
    ));
    said
}
