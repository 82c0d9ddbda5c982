//! A tuning as a picture of its Pareto front: every point by the objectives, those that none
//! dominates, and the one recommended.

use super::super::chart::{Better as Good, Candidate, Chart, Estimate, Front, Objective, Standing};
use super::super::plots::metric_axis;
use super::Named;
use crate::experiment::figures::{label, percent};
use crate::experiment::plan::Plan;
use crate::experiment::tune;
use crate::experiment::tune::result::{Front as Found, FrontPoint, TuneResult};
use crate::system::metrics::{METRICS, index_of};

/// Number of objectives up to which pairs are drawn.
const OBJECTIVES_MAX: usize = 4;

/// The front of a tuning, `front`, by the objectives that are not the same at every point; none
/// where there are fewer than two.
#[must_use]
pub fn front(plan: &Plan, tuned: &TuneResult) -> Option<Named> {
    let found = &tuned.front;
    let all = || found.points.iter().chain(&found.dominated);
    let differs = |objective: &usize| {
        let mut means = all().map(|point| point.estimates[*objective].mean);
        let first = means.next();
        first.is_some_and(|first| means.any(|mean| mean.total_cmp(&first).is_ne()))
    };
    let shown: Vec<usize> =
        (0..found.objectives.len()).filter(differs).take(OBJECTIVES_MAX).collect();
    if shown.len() < 2 {
        return None;
    }
    let candidate = |point: &FrontPoint, standing: Standing| Candidate {
        label: label(plan, point.point),
        values: shown.iter().map(|objective| plain(&point.estimates[*objective])).collect(),
        standing: match tuned.outcome.as_str() {
            "recommended" if point.point == tuned.recommended.point => Standing::Recommended,
            _ => standing,
        },
    };
    let objective = |objective: &usize| {
        let (name, better) = &found.objectives[*objective];
        Some(Objective {
            axis: metric_axis(&METRICS[index_of(name)?]),
            better: if better == "lower" { Good::Lower } else { Good::Higher },
        })
    };
    let on = found.points.iter().map(|point| candidate(point, Standing::Front));
    let off = found.dominated.iter().map(|point| candidate(point, Standing::Dominated));
    let chart = Front {
        title: title(plan, tuned),
        subtitle: format!(
            "{} Each dot is a setting of the study that may keep to its SLA.",
            plan.study.question
        ),
        objectives: shown.iter().map(objective).collect::<Option<_>>()?,
        candidates: on.chain(off).collect(),
        note: note(plan, found, &shown),
    };
    Some(("front".to_owned(), Chart::Front(chart)))
}

fn title(plan: &Plan, tuned: &TuneResult) -> String {
    let found = &tuned.front;
    let (on, all) = (found.points.len(), found.points.len() + found.dominated.len());
    let holds = |points: &[FrontPoint]| points.iter().any(|p| p.point == tuned.recommended.point);
    // A factor keeps its level on its line.
    let at = label(plan, tuned.recommended.point).replace(" = ", "\u{a0}=\u{a0}");
    match tuned.outcome.as_str() {
        "recommended" if holds(&found.points) => {
            format!("Recommended: {at}; it is on the Pareto front, as {on} of {all} settings are")
        }
        "recommended" => {
            format!("Recommended: {at}; {on} of {all} settings are on the Pareto front")
        }
        _ => format!("None is recommended; {on} of {all} settings are on the Pareto front"),
    }
}

fn note(plan: &Plan, found: &Found, shown: &[usize]) -> String {
    let of = if found.replications == "fresh" { "fresh replications" } else { "replications" };
    let runs = found.points.first().and_then(|p| p.estimates.first()).map_or(0, |e| e.n);
    let all = 0..found.objectives.len();
    let others: Vec<String> = all
        .filter(|objective| !shown.contains(objective))
        .filter_map(|objective| Some(METRICS[index_of(&found.objectives[objective].0)?].label()))
        .collect();
    let left_out = match others.as_slice() {
        [] => String::new(),
        others => format!("Not drawn: {} (front.csv). ", others.join(", ")),
    };
    format!(
        "{left_out}Means of {runs} {of} with {}\u{a0}% t intervals; the recommended one was chosen \
         on more; seed {}",
        percent(plan.study.confidence),
        plan.seed
    )
}

fn plain(estimate: &tune::result::Estimate) -> Estimate {
    Estimate { value: estimate.mean, low: estimate.low, high: estimate.high }
}
