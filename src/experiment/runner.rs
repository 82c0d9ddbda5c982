//! Runs the units of a plan on all cores. Results come back in the order of the units, whichever
//! thread ran them, and a unit that stops with an error is kept as what it is.

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

/// What a unit gave: the values of [`crate::system::metrics::METRICS`], or why there are none.
pub type Outcome = Result<Vec<f64>, RunError>;

impl Plan {
    /// The units, by point and then replication.
    pub fn all_units(&self) -> impl Iterator<Item = Unit> {
        let replications = u64::from(self.study.replications);
        (0..self.points.len())
            .flat_map(move |point| (0..replications).map(move |r| Unit { point, replication: r }))
    }
}

/// Runs every one of `units` that `known` does not hold already; `done` hears of each as it ends,
/// from whichever thread ran it. Runs on the current rayon pool.
pub fn run(
    plan: &Plan,
    units: &[Unit],
    known: impl Fn(Unit) -> Option<Outcome> + Sync,
    done: impl Fn(Unit, &Outcome) + Sync,
) -> Vec<Outcome> {
    units
        .par_iter()
        .map(|&unit| {
            let outcome = known(unit).unwrap_or_else(|| run_unit(plan, unit));
            done(unit, &outcome);
            outcome
        })
        .collect()
}

/// Runs one unit.
///
/// # Errors
/// Why the run stopped.
pub fn run_unit(plan: &Plan, unit: Unit) -> Outcome {
    simulate(&plan.config(unit.point), plan.seed_of(unit.point), unit.replication)
        .map(|r| r.metrics)
}
