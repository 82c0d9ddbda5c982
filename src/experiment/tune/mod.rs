//! `trunksim tune`: the best point that keeps to the thresholds, and how sure that is.
//!
//! Feasibility first, then cost: a race on ever more replications sorts out what is certain to miss
//! a threshold or to cost more (`race`), and those left are held against the thresholds again and
//! chosen from on fresh replications (`confirm`). `decision` is the whole of it as a function of
//! the values there are; here it is given the runs of a plan, in rounds. Where there are too many
//! points, a genetic search picks those that enter (`search`).

mod book;
mod confirm;
mod decision;
mod fragment;
mod front;
mod race;
pub mod result;
mod rules;
mod search;
mod spec;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::compare::paired::paired;
use super::plan::Plan;
use super::record::Source;
use super::runner::Unit;
use super::select::threshold::{Threshold, Verdict, feasibility, together};
use crate::engine::statistics::mean_interval;
use crate::system::metrics::{METRICS, index_of};
use book::Book;
use front::Objective;
use result::{
    Candidate, Certainty, Estimate, Front, FrontPoint, Held, PointResult, RungResult, RunnerUp,
    Spent, TuneResult,
};

pub use book::FRESH;
pub use confirm::{Chosen, Finish};
pub use decision::{Decision, Stage, Step};
pub use fragment::fragment;
pub use race::{Rung, Standing};
pub use rules::{Arm, Rules};
pub use spec::{ConfirmSpec, RaceSpec, SearchSpec, TermSpec, TuneSpec};
pub use words::{estimate, formula, sum};

/// The units of a tuning, by point and replication, and what they say.
pub type Tuned = (Vec<Unit>, TuneResult);

/// The rules that a study asks for.
#[must_use]
pub fn rules(plan: &Plan, spec: &TuneSpec) -> Rules {
    let first = plan.study.replications.max(2) as usize;
    let factor = spec.race.factor as usize;
    Rules {
        thresholds: thresholds(plan),
        first,
        most: spec.race.most.map_or(first * factor, |most| most as usize),
        factor,
        finalists: spec.race.finalists as usize,
        fresh_first: spec.confirm.first as usize,
        fresh_most: spec.confirm.most as usize,
        step: spec.confirm.step as usize,
        indifference: spec.indifference,
        confidence: spec.confidence.unwrap_or(plan.study.confidence),
    }
}

fn thresholds(plan: &Plan) -> Vec<Threshold> {
    // Rates are of the time that the first point measures: a tuning varies policies, not horizons.
    plan.thresholds(0).into_iter().map(|(_, threshold)| threshold).collect()
}

/// Tunes a study on runs of `source`. What is found is a function of what they gave.
///
/// # Errors
/// Where a run cannot be made.
pub fn tune<S: Source>(plan: &Plan, spec: &TuneSpec, source: &mut S) -> Result<Tuned, S::Error> {
    let rules = rules(plan, spec);
    let objectives = Objective::all(spec);
    let mut book = Book::new(plan, spec, source);
    let searched = spec.search.is_some()
        || (plan.points.len() > spec.enumerate_max && plan.study.design.is_factorial());
    let points: Vec<usize> = if searched {
        search::search(plan, spec.search.unwrap_or_default(), &rules, &objectives, &mut book)?
    } else {
        (0..plan.points.len()).collect()
    };
    let decision = loop {
        let (race, fresh) = (book.arms(Stage::Race, &points), book.arms(Stage::Fresh, &points));
        match rules.decide(&race, &fresh) {
            Step::More { stage, arms, until } => {
                let asked: Vec<usize> = arms.iter().map(|arm| points[*arm]).collect();
                book.extend(stage, &asked, until)?;
            }
            Step::Done(decision) => break decision,
        }
    };
    let mut found = Found { plan, spec, rules, objectives, points, decision, book };
    let front = found.front(searched)?;
    let result = found.result(front);
    Ok((found.book.all(), result))
}

/// A tuning that has ended.
struct Found<'a, S> {
    plan: &'a Plan,
    spec: &'a TuneSpec,
    rules: Rules,
    objectives: Vec<Objective>,
    /// The point of each arm.
    points: Vec<usize>,
    decision: Decision,
    book: Book<'a, S>,
}

impl<S: Source> Found<'_, S> {
    fn estimate(&self, values: &[f64]) -> Estimate {
        Estimate::of(&mean_interval(values, self.plan.study.confidence))
    }

    fn levels(&self, point: usize) -> BTreeMap<String, String> {
        let levels = self.plan.factors.iter().zip(&self.plan.points[point].levels);
        levels.map(|(f, l)| (f.name.clone(), f.levels[*l].label.clone())).collect()
    }

    /// The status of an arm, where that was decided, and the arm it gave way to.
    fn status(&self, arm: usize) -> (&'static str, &'static str, Option<usize>) {
        let finish = self.decision.finalists.iter().find(|(a, _)| *a == arm).map(|(_, f)| *f);
        match (finish, self.decision.standing[arm]) {
            (Some(Finish::Chosen), _) => ("recommended", "fresh", None),
            (Some(Finish::Same(other)), _) => ("same", "fresh", Some(other)),
            (Some(Finish::Beaten), _) => ("beaten", "fresh", None),
            (Some(Finish::Missed), _) => ("missed", "fresh", None),
            (Some(Finish::Undecided), _) => ("undecided", "fresh", None),
            (Some(Finish::NoBetter), _) => ("no_better", "fresh", self.chosen()),
            (Some(Finish::Failed), _) => ("failed", "fresh", None),
            (None, Standing::Missed(_)) if self.decision.unfit.contains(&arm) => {
                (self.unfit(arm), "fresh", None)
            }
            (None, Standing::Same(other)) => ("same", "race", Some(other)),
            (None, Standing::Missed(_)) => ("missed", "race", None),
            (None, Standing::Failed(_)) => ("failed", "race", None),
            (None, Standing::Costlier { than, .. }) => ("costlier", "race", Some(than)),
            (None, Standing::In) => ("undecided", "race", None),
        }
    }

    fn chosen(&self) -> Option<usize> {
        self.decision.chosen.as_ref().map(|chosen| chosen.arm)
    }

    /// What an arm is that was a finalist once and not certain to meet the thresholds, by its fresh
    /// replications.
    fn unfit(&self, arm: usize) -> &'static str {
        let values = &self.book.arms(Stage::Fresh, &[self.points[arm]])[0];
        let n = values.replications();
        if values.fails_within(n) {
            return "failed";
        }
        let verdicts = feasibility(&values.held, &self.rules.thresholds, self.rules.confidence);
        if together(&verdicts) == Verdict::Missed { "missed" } else { "undecided" }
    }

    /// The arm that comes nearest to the thresholds: that breaks them least by the means, and of
    /// those the cheapest.
    fn nearest(&self) -> usize {
        let key = |arm: usize| {
            let point = self.points[arm];
            let stage = self.best_stage(point);
            let values = &self.book.arms(stage, &[point])[0];
            let n = values.replications();
            let failed = self.status(arm).0 == "failed";
            let cost = mean_interval(&values.cost, self.rules.confidence).mean;
            let violation = search::violation(&self.rules, values, n);
            (if failed { f64::INFINITY } else { violation }, cost)
        };
        let keys: Vec<(f64, f64)> = (0..self.points.len()).map(key).collect();
        let nearer = |a: &usize, b: &usize| {
            keys[*a].0.total_cmp(&keys[*b].0).then(keys[*a].1.total_cmp(&keys[*b].1))
        };
        (0..self.points.len()).min_by(nearer).unwrap_or_default()
    }

    /// The replications that say most of a point: fresh ones, if it has any.
    fn best_stage(&self, point: usize) -> Stage {
        let fresh = self.book.runs(Stage::Fresh, point) > 0;
        if fresh { Stage::Fresh } else { Stage::Race }
    }

    fn candidate(&self, arm: usize) -> Candidate {
        let point = self.points[arm];
        let stage = self.best_stage(point);
        let all = |metric: usize| self.book.metric(stage, point, usize::MAX, metric);
        let (terms, _) = self.spec.terms();
        let names: BTreeSet<&String> = terms
            .iter()
            .map(|term| &term.metric)
            .chain(self.plan.study.sla.iter().map(|sla| &sla.metric))
            .chain(&self.spec.objectives)
            .collect();
        let place = |name: &str| index_of(name).expect("the plan has checked the metric");
        let metrics =
            names.into_iter().map(|n| (n.clone(), self.estimate(&all(place(n))))).collect();
        let held: Vec<Vec<f64>> =
            self.plan.study.sla.iter().map(|sla| all(place(&sla.metric))).collect();
        let verdicts = feasibility(&held, &self.rules.thresholds, self.plan.study.confidence);
        let sla = self.plan.study.sla.iter().zip(&self.rules.thresholds).zip(verdicts);
        let same = (0..self.points.len())
            .filter(|other| matches!(self.status(*other), ("same", _, Some(than)) if than == arm))
            .map(|other| self.points[other]);
        Candidate {
            point,
            levels: self.levels(point),
            fragment: fragment(self.plan, point),
            replications: if stage == Stage::Fresh { "fresh" } else { "race" }.to_owned(),
            cost: self.estimate(&self.book.costs(stage, point)),
            metrics,
            sla: sla
                .map(|((sla, threshold), verdict)| Held {
                    metric: sla.metric.clone(),
                    threshold: threshold.to_string(),
                    verdict: verdict.word().to_owned(),
                })
                .collect(),
            same: same.collect(),
        }
    }

    /// Of the points it was chosen among, the one that costs least more.
    fn runner_up(&self) -> Option<RunnerUp> {
        let chosen = self.decision.chosen.as_ref()?;
        let sign = if self.spec.terms().1 { 1.0 } else { -1.0 };
        let costs = |arm: usize| -> Vec<f64> {
            let costs = self.book.costs(Stage::Fresh, self.points[arm]);
            costs.into_iter().map(|cost| sign * cost).collect()
        };
        let own = costs(chosen.arm);
        let behind =
            |arm: usize| (arm, paired(&costs(arm), &own, self.plan.study.confidence).difference);
        let others = chosen.among.iter().filter(|arm| **arm != chosen.arm).map(|arm| behind(*arm));
        let (arm, difference) = others.min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))?;
        let point = self.points[arm];
        let costs_more = Estimate::of(&difference);
        Some(RunnerUp { point, levels: self.levels(point), costs_more })
    }

    /// Points of which more runs would have to tell whether they meet the thresholds.
    fn undecided(&self) -> Vec<usize> {
        let open = (0..self.points.len()).filter(|arm| self.status(*arm).0 == "undecided");
        open.map(|arm| self.points[arm]).collect()
    }

    fn spent(&self, point: usize) -> Spent {
        let (race, fresh) = (self.book.count(Stage::Race), self.book.count(Stage::Fresh));
        let own = |stage| self.book.runs(stage, point);
        let replications = own(Stage::Race) + own(Stage::Fresh);
        let brute_force = replications * self.plan.points.len();
        let total = race + fresh;
        Spent {
            race,
            fresh,
            total,
            replications_of_recommended: replications,
            brute_force,
            saved: 1.0 - total as f64 / brute_force as f64,
        }
    }

    fn point(&self, arm: usize) -> PointResult {
        let point = self.points[arm];
        let (status, decided, than) = self.status(arm);
        let fresh = self.book.costs(Stage::Fresh, point);
        PointResult {
            point,
            levels: self.levels(point),
            status: status.to_owned(),
            decided: decided.to_owned(),
            than: than.map(|arm| self.points[arm]),
            race: self.book.runs(Stage::Race, point),
            fresh: fresh.len(),
            cost_in_race: self.estimate(&self.book.costs(Stage::Race, point)),
            cost_on_fresh: (!fresh.is_empty()).then(|| self.estimate(&fresh)),
            error: self.book.error(point),
        }
    }

    fn result(&self, front: Front) -> TuneResult {
        let chosen = self.decision.chosen.as_ref();
        let arm = chosen.map_or_else(|| self.nearest(), |chosen| chosen.arm);
        let undecided = self.undecided();
        let outcome = match (chosen, undecided.is_empty()) {
            (Some(_), _) => "recommended",
            (None, false) => "undecided",
            (None, true) => "infeasible",
        };
        let (terms, least) = self.spec.terms();
        let rung = |rung: &Rung| RungResult {
            replications: rung.replications,
            entered: rung.entered,
            missed: rung.dropped.len(),
            cut: rung.cut.len(),
            back: rung.back.len(),
            leader: rung.leader.map(|arm| self.points[arm]),
        };
        let mut result = TuneResult {
            command: "tune".to_owned(),
            study: self.plan.study.name.clone(),
            question: self.plan.study.question.clone(),
            answer: Vec::new(),
            seed: self.plan.seed,
            interval_confidence: self.plan.study.confidence,
            common_random_numbers: self.plan.study.common_random_numbers,
            outcome: outcome.to_owned(),
            goal: if least { "minimise" } else { "maximise" }.to_owned(),
            cost: terms.to_vec(),
            indifference: self.rules.indifference,
            certainty: Certainty {
                confidence: self.rules.confidence,
                reached: chosen.is_some_and(|chosen| chosen.certain),
                undecided,
            },
            recommended: self.candidate(arm),
            runner_up: self.runner_up(),
            front,
            rungs: self.decision.rungs.iter().map(rung).collect(),
            points_run: self.points.len(),
            points_of: self.plan.points.len(),
            runs: self.spent(self.points[arm]),
            points: (0..self.points.len()).map(|arm| self.point(arm)).collect(),
        };
        result.answer = words::answer(self.plan, self.spec, &result);
        result
    }
}

impl<S: Source> Found<'_, S> {
    /// The front of all points that do not miss a threshold and did not fail: by the first rung,
    /// which they all have. Where a search made it, it is run again on fresh replications, since
    /// those of the race favour what the search selected by them.
    fn front(&mut self, searched: bool) -> Result<Front, S::Error> {
        let mut judged: Vec<usize> = (0..self.points.len())
            .filter(|arm| !matches!(self.status(*arm).0, "missed" | "failed"))
            .collect();
        let mut members = self.undominated(Stage::Race, self.rules.first, &judged);
        let (mut stage, mut n) = (Stage::Race, self.rules.first);
        if searched {
            (stage, n) = (Stage::Fresh, self.rules.fresh_first);
            let points: Vec<usize> = members.iter().map(|arm| self.points[*arm]).collect();
            self.book.extend(stage, &points, n)?;
            judged = members;
            members = self.undominated(stage, n, &judged);
        }
        let point = |arm: &usize| {
            let arm = *arm;
            let point = self.points[arm];
            let values = |o: &Objective| self.book.metric(stage, point, n, o.metric);
            FrontPoint {
                point,
                levels: self.levels(point),
                estimates: self.objectives.iter().map(|o| self.estimate(&values(o))).collect(),
                status: self.status(arm).0.to_owned(),
            }
        };
        let way = |o: &Objective| match o.goal {
            super::compare::goal::Goal::Maximum => "higher",
            super::compare::goal::Goal::Minimum => "lower",
        };
        Ok(Front {
            objectives: self
                .objectives
                .iter()
                .map(|o| (METRICS[o.metric].name.to_owned(), way(o).to_owned()))
                .collect(),
            replications: if stage == Stage::Fresh { "fresh" } else { "race" }.to_owned(),
            dominated: judged.iter().filter(|arm| !members.contains(arm)).map(point).collect(),
            points: members.iter().map(point).collect(),
        })
    }

    /// Those of `among` that no other dominates, by the means of `n` replications.
    fn undominated(&self, stage: Stage, n: usize, among: &[usize]) -> Vec<usize> {
        let mean = |arm: usize, o: &Objective| {
            let values = self.book.metric(stage, self.points[arm], n, o.metric);
            mean_interval(&values, self.rules.confidence).mean
        };
        let values: Vec<Vec<f64>> = among
            .iter()
            .map(|arm| self.objectives.iter().map(|o| mean(*arm, o)).collect())
            .collect();
        let members = front::undominated(&values, &self.objectives);
        members.into_iter().map(|place| among[place]).collect()
    }
}
