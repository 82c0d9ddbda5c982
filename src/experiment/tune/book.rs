//! The runs of a tuning: made once each, and read as arms.

use std::collections::BTreeMap;

use super::super::plan::Plan;
use super::super::record::Source;
use super::super::runner::Unit;
use super::decision::Stage;
use super::rules::Arm;
use super::spec::TuneSpec;
use crate::system::metrics::index_of;

/// Number of the first fresh replication. Those of the race count from 0, and a study has no more
/// than this.
pub const FRESH: u64 = 1_000_000;

/// The runs there are. What decides of each is held here; all else is read from the source.
pub(super) struct Book<'a, S> {
    plan: &'a Plan,
    source: &'a mut S,
    /// Place of each term of the cost among the metrics, with its weight, turned so that less is
    /// better.
    terms: Vec<(usize, f64)>,
    /// Places of the metrics under thresholds.
    held: Vec<usize>,
    /// The runs of each stage, by point.
    race: BTreeMap<usize, Arm>,
    fresh: BTreeMap<usize, Arm>,
}

const fn first(stage: Stage) -> u64 {
    match stage {
        Stage::Race => 0,
        Stage::Fresh => FRESH,
    }
}

impl<'a, S: Source> Book<'a, S> {
    pub(super) fn new(plan: &'a Plan, spec: &TuneSpec, source: &'a mut S) -> Self {
        let known = |name: &str| index_of(name).expect("the plan has checked the metric");
        let (terms, least) = spec.terms();
        let sign = if least { 1.0 } else { -1.0 };
        Self {
            plan,
            source,
            terms: terms.iter().map(|t| (known(&t.metric), sign * t.weight)).collect(),
            held: plan.study.sla.iter().map(|sla| known(&sla.metric)).collect(),
            race: BTreeMap::new(),
            fresh: BTreeMap::new(),
        }
    }

    const fn stage(&self, stage: Stage) -> &BTreeMap<usize, Arm> {
        match stage {
            Stage::Race => &self.race,
            Stage::Fresh => &self.fresh,
        }
    }

    /// Runs of a point so far.
    pub(super) fn runs(&self, stage: Stage, point: usize) -> usize {
        self.stage(stage).get(&point).map_or(0, Arm::replications)
    }

    /// Runs of a stage so far.
    pub(super) fn count(&self, stage: Stage) -> usize {
        self.stage(stage).values().map(Arm::replications).sum()
    }

    fn units(&self, stage: Stage, point: usize) -> impl Iterator<Item = Unit> + use<S> {
        let runs = self.runs(stage, point) as u64;
        (0..runs).map(move |r| Unit { point, replication: first(stage) + r })
    }

    /// Every run so far, by point and replication.
    pub(super) fn all(&self) -> Vec<Unit> {
        let points = 0..self.plan.points.len();
        let of = |point| self.units(Stage::Race, point).chain(self.units(Stage::Fresh, point));
        points.flat_map(of).collect()
    }

    /// A metric of the successful ones among the first `n` runs of a point.
    pub(super) fn metric(&self, stage: Stage, point: usize, n: usize, metric: usize) -> Vec<f64> {
        let units = self.units(stage, point).take(n);
        units.filter_map(|unit| self.source.value(unit, metric)).collect()
    }

    /// The cost of each run of a point.
    pub(super) fn costs(&self, stage: Stage, point: usize) -> Vec<f64> {
        self.stage(stage).get(&point).map_or_else(Vec::new, |arm| arm.cost.clone())
    }

    /// The points as arms.
    pub(super) fn arms(&self, stage: Stage, points: &[usize]) -> Vec<Arm> {
        let none = || Arm { cost: Vec::new(), held: vec![Vec::new(); self.held.len()] };
        let arm = |point| self.stage(stage).get(point).cloned().unwrap_or_else(none);
        points.iter().map(arm).collect()
    }

    /// The first reason why a run of a point stopped.
    pub(super) fn error(&self, point: usize) -> Option<String> {
        let stopped = |stage: Stage| {
            let costs = self.stage(stage).get(&point).map_or(&[][..], |arm| &arm.cost);
            let units = self.units(stage, point).zip(costs).filter(|(_, cost)| cost.is_nan());
            units.filter_map(|(unit, _)| self.source.outcome(unit).err()).next()
        };
        let error = stopped(Stage::Race).or_else(|| stopped(Stage::Fresh))?;
        Some(error.to_string())
    }

    /// Runs what is missing until each of `points` has `until` replications of a stage.
    pub(super) fn extend(
        &mut self,
        stage: Stage,
        points: &[usize],
        until: usize,
    ) -> Result<(), S::Error> {
        debug_assert!(points.iter().all(|point| *point < self.plan.points.len()));
        let units: Vec<Unit> = points
            .iter()
            .flat_map(|&point| {
                let have = self.runs(stage, point);
                let replication = move |r: usize| first(stage) + r as u64;
                (have..until).map(move |r| Unit { point, replication: replication(r) })
            })
            .collect();
        self.source.make(&units)?;
        for unit in units {
            let run = self.source.outcome(unit);
            let value = |metric: usize| run.as_ref().map_or(f64::NAN, |values| values[metric]);
            let terms = self.terms.iter().map(|(metric, weight)| weight * value(*metric));
            let cost = if run.is_ok() { terms.sum() } else { f64::NAN };
            let arms = if stage == Stage::Race { &mut self.race } else { &mut self.fresh };
            let none = || Arm { cost: Vec::new(), held: vec![Vec::new(); self.held.len()] };
            let arm = arms.entry(unit.point).or_insert_with(none);
            arm.cost.push(cost);
            for (values, metric) in arm.held.iter_mut().zip(&self.held) {
                values.push(value(*metric));
            }
        }
        Ok(())
    }
}
