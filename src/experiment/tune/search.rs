//! The genetic search over the levels of the factors, where there are too many points to run them
//! all: NSGA-II on the objectives of the front and the cost, each individual on the first
//! replications of the race (common random numbers).

use std::collections::{BTreeMap, BTreeSet};

use super::super::design::range::choice;
use super::super::plan::Plan;
use super::super::record::Source;
use super::super::search::nsga2::{Evaluation, Nsga2, Settings};
use super::super::select::threshold::Threshold;
use super::book::Book;
use super::decision::Stage;
use super::front::Objective;
use super::rules::{Arm, Rules};
use super::spec::SearchSpec;
use crate::engine::statistics::mean_interval;

/// The points the search has run, in their order.
pub(super) fn search<S: Source>(
    plan: &Plan,
    spec: SearchSpec,
    rules: &Rules,
    objectives: &[Objective],
    book: &mut Book<'_, S>,
) -> Result<Vec<usize>, S::Error> {
    let places: BTreeMap<&[usize], usize> =
        plan.points.iter().enumerate().map(|(p, point)| (point.levels.as_slice(), p)).collect();
    let dimensions = plan.factors.iter().filter(|f| f.with.is_none()).count();
    let settings =
        Settings { population: spec.population as usize, ..Settings::new(dimensions, spec.seed) };
    let mut search = Nsga2::new(settings);
    let mut seen = BTreeSet::new();
    for _ in 0..spec.generations {
        let asked: Vec<Option<usize>> = search
            .ask()
            .iter()
            .map(|point| places.get(levels(plan, point).as_slice()).copied())
            .collect();
        let new: BTreeSet<usize> =
            asked.iter().flatten().copied().filter(|point| !seen.contains(point)).collect();
        let new: Vec<usize> = new.into_iter().collect();
        book.extend(Stage::Race, &new, rules.first)?;
        seen.extend(new);
        let evaluate = |point: &Option<usize>| match point {
            Some(point) => evaluation(rules, objectives, book, *point),
            // A combination that the study leaves out.
            None => nothing(objectives.len() + 1),
        };
        let evaluations = asked.iter().map(evaluate).collect();
        search.tell(evaluations);
    }
    Ok(seen.into_iter().collect())
}

/// The level of each factor at a point of the unit cube; factors in lockstep share a coordinate.
fn levels(plan: &Plan, point: &[f64]) -> Vec<usize> {
    let mut coordinates = point.iter();
    let mut levels: Vec<usize> = Vec::with_capacity(plan.factors.len());
    for factor in &plan.factors {
        levels.push(match factor.with {
            Some(leader) => levels[leader],
            None => {
                let u = coordinates.next().expect("a coordinate for every factor that leads");
                choice(*u, factor.levels.len())
            }
        });
    }
    levels
}

fn nothing(objectives: usize) -> Evaluation {
    Evaluation { objectives: vec![f64::INFINITY; objectives], violation: f64::INFINITY }
}

fn evaluation<S: Source>(
    rules: &Rules,
    objectives: &[Objective],
    book: &Book<'_, S>,
    point: usize,
) -> Evaluation {
    let arm = &book.arms(Stage::Race, &[point])[0];
    if arm.fails_within(rules.first) {
        return nothing(objectives.len() + 1);
    }
    let mean = |values: &[f64]| mean_interval(values, rules.confidence).mean;
    let turned = |objective: &Objective| {
        let values = book.metric(Stage::Race, point, rules.first, objective.metric);
        objective.less_is_better(mean(&values))
    };
    let mut values: Vec<f64> = objectives.iter().map(turned).collect();
    values.push(mean(&arm.cost[..rules.first]));
    Evaluation { objectives: values, violation: violation(rules, arm, rules.first) }
}

/// By how much the means of the first `n` replications break the thresholds, each as a share of its
/// limit (of 1 where that is less), added up.
pub(super) fn violation(rules: &Rules, arm: &Arm, n: usize) -> f64 {
    let broken = |(values, threshold): (&Vec<f64>, &Threshold)| {
        let mean = mean_interval(&values[..n], rules.confidence).mean;
        let (over, limit) = match threshold {
            Threshold::AtMost(limit) => (mean - limit, limit),
            Threshold::AtLeast(limit) => (limit - mean, limit),
        };
        if over.is_nan() { f64::INFINITY } else { over.max(0.0) / limit.abs().max(1.0) }
    };
    arm.held.iter().zip(&rules.thresholds).map(broken).sum()
}
