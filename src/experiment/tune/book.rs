//! The runs of a tuning: fetched once each, and read as arms.

use std::collections::BTreeMap;

use super::super::plan::Plan;
use super::super::runner::{Outcome, Unit};
use super::decision::Stage;
use super::rules::Arm;
use super::spec::TuneSpec;
use crate::system::metrics::index_of;

/// Number of the first fresh replication. Those of the race count from 0, and a study has no more
/// than this.
pub const FRESH: u64 = 1_000_000;

/// The runs there are.
pub(super) struct Book<'a, F> {
    plan: &'a Plan,
    fetch: F,
    /// Place of each term of the cost among the metrics, with its weight, turned so that less is
    /// better.
    terms: Vec<(usize, f64)>,
    /// Places of the metrics under thresholds.
    held: Vec<usize>,
    /// What each run gave, by point and replication of each stage.
    race: BTreeMap<usize, Vec<Outcome>>,
    fresh: BTreeMap<usize, Vec<Outcome>>,
}

impl<'a, F> Book<'a, F> {
    pub(super) fn new(plan: &'a Plan, spec: &TuneSpec, fetch: F) -> Self {
        let known = |name: &str| index_of(name).expect("the plan has checked the metric");
        let (terms, least) = spec.terms();
        let sign = if least { 1.0 } else { -1.0 };
        Self {
            plan,
            fetch,
            terms: terms.iter().map(|t| (known(&t.metric), sign * t.weight)).collect(),
            held: plan.study.sla.iter().map(|sla| known(&sla.metric)).collect(),
            race: BTreeMap::new(),
            fresh: BTreeMap::new(),
        }
    }

    const fn stage(&self, stage: Stage) -> &BTreeMap<usize, Vec<Outcome>> {
        match stage {
            Stage::Race => &self.race,
            Stage::Fresh => &self.fresh,
        }
    }

    /// Runs of a point so far.
    pub(super) fn runs(&self, stage: Stage, point: usize) -> &[Outcome] {
        self.stage(stage).get(&point).map_or(&[], Vec::as_slice)
    }

    /// Runs of a stage so far.
    pub(super) fn count(&self, stage: Stage) -> usize {
        self.stage(stage).values().map(Vec::len).sum()
    }

    /// Every run so far, by point and replication.
    pub(super) fn all(&self) -> Vec<(Unit, Outcome)> {
        let of = |stage: Stage, from: u64| {
            self.stage(stage).iter().flat_map(move |(point, runs)| {
                let unit = move |r: usize| Unit { point: *point, replication: from + r as u64 };
                runs.iter().enumerate().map(move |(r, outcome)| (unit(r), outcome.clone()))
            })
        };
        let mut all: Vec<(Unit, Outcome)> =
            of(Stage::Race, 0).chain(of(Stage::Fresh, FRESH)).collect();
        all.sort_by_key(|(unit, _)| *unit);
        all
    }

    /// A metric of the successful ones among the first `n` runs of a point.
    pub(super) fn metric(&self, stage: Stage, point: usize, n: usize, metric: usize) -> Vec<f64> {
        let runs = self.runs(stage, point);
        runs[..n.min(runs.len())].iter().flatten().map(|run| run[metric]).collect()
    }

    /// The cost of each run of a point, as the study has it: not turned.
    pub(super) fn costs(&self, stage: Stage, point: usize) -> Vec<f64> {
        self.runs(stage, point).iter().map(|run| self.cost(run)).collect()
    }

    fn cost(&self, run: &Outcome) -> f64 {
        let Ok(metrics) = run else { return f64::NAN };
        self.terms.iter().map(|(metric, weight)| weight * metrics[*metric]).sum()
    }

    /// The points as arms.
    pub(super) fn arms(&self, stage: Stage, points: &[usize]) -> Vec<Arm> {
        let arm = |point: &usize| {
            let runs = self.runs(stage, *point);
            let of = |metric: &usize| -> Vec<f64> {
                runs.iter().map(|run| run.as_ref().map_or(f64::NAN, |m| m[*metric])).collect()
            };
            Arm { cost: self.costs(stage, *point), held: self.held.iter().map(of).collect() }
        };
        points.iter().map(arm).collect()
    }

    /// The first reason why a run of a point stopped.
    pub(super) fn error(&self, point: usize) -> Option<String> {
        let runs = self.runs(Stage::Race, point).iter().chain(self.runs(Stage::Fresh, point));
        runs.filter_map(|run| run.as_ref().err()).map(ToString::to_string).next()
    }
}

impl<F> Book<'_, F> {
    /// Sees to it that each of `points` has so many replications of a stage.
    pub(super) fn extend<E>(
        &mut self,
        stage: Stage,
        points: &[usize],
        until: usize,
    ) -> Result<(), E>
    where
        F: FnMut(&[Unit]) -> Result<Vec<Outcome>, E>,
    {
        debug_assert!(points.iter().all(|point| *point < self.plan.points.len()));
        let from = if stage == Stage::Race { 0 } else { FRESH };
        let units: Vec<Unit> = points
            .iter()
            .flat_map(|&point| {
                let have = self.runs(stage, point).len();
                (have..until).map(move |r| Unit { point, replication: from + r as u64 })
            })
            .collect();
        let outcomes = (self.fetch)(&units)?;
        for (unit, outcome) in units.into_iter().zip(outcomes) {
            let book = if stage == Stage::Race { &mut self.race } else { &mut self.fresh };
            book.entry(unit.point).or_default().push(outcome);
        }
        Ok(())
    }
}
