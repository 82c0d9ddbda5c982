//! The answer of a tuning in plain sentences.

use super::super::figures::Reading;
use super::super::plan::Plan;
use super::result::{Candidate, Estimate, TuneResult};
use super::spec::{TermSpec, TuneSpec};
use crate::system::metrics::{METRICS, index_of};

/// The cost as a formula: `failovers + 0.01 api_attempts`.
#[must_use]
pub fn formula(spec: &TuneSpec) -> String {
    sum(spec.terms().0)
}

/// A sum of weight times metric: `failovers + 0.01 api_attempts`.
#[must_use]
pub fn sum(terms: &[TermSpec]) -> String {
    let mut text = String::new();
    for (i, term) in terms.iter().enumerate() {
        text.push_str(match (i, term.weight < 0.0) {
            (0, false) => "",
            (0, true) => "-",
            (_, false) => " + ",
            (_, true) => " - ",
        });
        let weight = term.weight.abs();
        if (weight - 1.0).abs() > f64::EPSILON {
            text.push_str(&format!("{weight} "));
        }
        text.push_str(&term.metric);
    }
    text
}

/// An estimate as people read it, in the unit of its metric: `21.3 ± 0.4 %`; without a metric a
/// plain number, as a cost is.
#[must_use]
pub fn estimate(metric: Option<&str>, estimate: &Estimate) -> String {
    let reading = metric.and_then(index_of).map_or(Reading::PLAIN, |m| Reading::of(&METRICS[m]));
    reading.value(&(*estimate).into())
}

/// The sentences.
pub(super) fn answer(plan: &Plan, spec: &TuneSpec, result: &TuneResult) -> Vec<String> {
    let at = plan.describe(result.recommended.point);
    let all = match (result.points_run, result.points_of) {
        (run, of) if run == of => format!("the {of} settings"),
        (run, of) => format!("the {run} settings that the search ran, of {of},"),
    };
    let mut said = Vec::new();
    match result.outcome.as_str() {
        "recommended" => said.push(format!("Recommended: {at}.")),
        "undecided" => said.push(format!(
            "None of {all} is certain to meet the SLA within the replications allowed, so none \
             is recommended. The nearest: {at}."
        )),
        _ => said.push(format!("None of {all} meets the SLA. The nearest: {at}.")),
    }
    said.push(estimates(plan, spec, &result.recommended));
    if result.outcome == "recommended" {
        said.extend(certainty(result, &all));
        said.extend(others(plan, result));
    }
    said.push(cost_of_it(result));
    let failed = result.points.iter().filter(|p| p.status == "failed").count();
    if failed > 0 {
        said.push(format!("{failed} settings have a run that stopped, and were left out."));
    }
    said
}

fn estimates(plan: &Plan, spec: &TuneSpec, candidate: &Candidate) -> String {
    let name = if spec.terms().1 { "cost" } else { "worth" };
    let of = if candidate.replications == "fresh" { "fresh runs" } else { "runs of the race" };
    let mut text = format!(
        "Its {name}, {}, is {} on {} {of}",
        formula(spec),
        estimate(None, &candidate.cost),
        candidate.cost.n,
    );
    for (sla, held) in plan.study.sla.iter().zip(&candidate.sla) {
        let shown = estimate(Some(&sla.metric), &candidate.metrics[&sla.metric]);
        text.push_str(&format!("; {} {shown} ({}: {})", sla.metric, held.threshold, held.verdict));
    }
    text.push('.');
    text
}

fn certainty(result: &TuneResult, all: &str) -> Vec<String> {
    let certainty = &result.certainty;
    let percent = libm::round(certainty.confidence * 1e6) / 1e4;
    let than = if result.goal == "minimise" { "costs less" } else { "is worth more" };
    let held = if result.recommended.sla.is_empty() {
        String::new()
    } else {
        " that meet the SLA".to_owned()
    };
    let what = format!("no other of {all}{held} {than} by more than {}", result.indifference);
    let mut said = vec![match certainty.reached {
        true => format!("With {percent} % confidence {what}."),
        false => format!(
            "That {what} is less certain than the {percent} % asked for: the replications allowed \
             did not suffice."
        ),
    }];
    if !certainty.undecided.is_empty() {
        said.push(format!(
            "Not counted among those that meet the SLA, since more runs are needed to tell: settings \
             {}.",
            list(&certainty.undecided)
        ));
    }
    said
}

fn others(plan: &Plan, result: &TuneResult) -> Vec<String> {
    let mut said = Vec::new();
    if !result.recommended.same.is_empty() {
        said.push(format!(
            "The very same in every run that both have: settings {}.",
            list(&result.recommended.same)
        ));
    }
    if let Some(second) = &result.runner_up {
        let more = &second.costs_more;
        // An interval that holds 0 tells nothing between the two.
        let open = if more.low <= 0.0 { "not significantly different: it " } else { "" };
        let (verb, tail) = match result.goal.as_str() {
            "minimise" => ("costs", " more"),
            _ => ("is worth less by", ""),
        };
        said.push(format!(
            "The runner-up ({}) {open}{verb} {}{tail}.",
            plan.describe(second.point),
            estimate(None, more),
        ));
    }
    said
}

fn cost_of_it(result: &TuneResult) -> String {
    let runs = &result.runs;
    let saved = if runs.total <= runs.brute_force {
        format!("{:.0} % saved", runs.saved * 100.0)
    } else {
        "none saved".to_owned()
    };
    format!(
        "That took {} runs; brute force, every one of the {} settings as often as this one ({} \
         times), would have taken {}: {saved}.",
        runs.total, result.points_of, runs.replications_of_recommended, runs.brute_force,
    )
}

fn list(points: &[usize]) -> String {
    let texts: Vec<String> = points.iter().map(usize::to_string).collect();
    texts.join(", ")
}
