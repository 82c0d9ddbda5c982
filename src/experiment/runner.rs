//! Runs the units of a plan on all cores. What a unit gives depends on no other and on no thread,
//! and one that stops with an error is kept as what it is.

use rayon::prelude::*;

use super::plan::Plan;
use crate::system::{RunError, simulate};

/// A unit of work: a replication of a point.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The point.
    pub point: usize,
    /// The replication.
    pub replication: u64,
}

/// Result of a unit: the values of [`crate::system::metrics::METRICS`], or the run's error.
pub type Outcome = Result<Vec<f64>, RunError>;

impl Plan {
    /// The units, by point and then replication.
    pub fn all_units(&self) -> impl Iterator<Item = Unit> {
        let replications = u64::from(self.study.replications);
        (0..self.points.len())
            .flat_map(move |point| (0..replications).map(move |r| Unit { point, replication: r }))
    }
}

/// Runs the units, in parallel on the current rayon pool; `done` hears the place of each in the list
/// and what it gave as it ends, from whichever thread ran it. `held` says which need no run.
pub fn run(
    plan: &Plan,
    units: &[Unit],
    held: impl Fn(Unit) -> bool + Sync,
    done: impl Fn(usize, Option<Outcome>) + Sync,
) {
    units.par_iter().enumerate().for_each(|(place, &unit)| {
        done(place, (!held(unit)).then(|| run_unit(plan, unit)));
    });
}

/// What the units give, in their order, in parallel on the current rayon pool.
#[must_use]
pub fn outcomes(plan: &Plan, units: &[Unit]) -> Vec<Outcome> {
    units.par_iter().map(|&unit| run_unit(plan, unit)).collect()
}

/// Runs one unit.
///
/// # Errors
/// Why the run stopped.
pub fn run_unit(plan: &Plan, unit: Unit) -> Outcome {
    simulate(&plan.config(unit.point), plan.seed_of(unit.point), unit.replication)
        .map(|r| r.metrics)
}
