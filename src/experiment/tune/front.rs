//! The Pareto front: the points that no other is better than in every objective.

use super::super::compare::goal::Goal;
use super::super::search::pareto;
use super::spec::TuneSpec;
use crate::system::metrics::{Better, METRICS, index_of};

/// An objective.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Objective {
    /// Place among the metrics.
    pub(super) metric: usize,
    /// Which way it is better.
    pub(super) goal: Goal,
}

impl Objective {
    /// The objectives of a study.
    pub(super) fn all(spec: &TuneSpec) -> Vec<Self> {
        let objective = |name: &String| {
            let metric = index_of(name).expect("the plan has checked the metric");
            let goal = match METRICS[metric].better {
                Better::Higher => Goal::Maximum,
                Better::Lower | Better::Neither => Goal::Minimum,
            };
            Self { metric, goal }
        };
        spec.objectives.iter().map(objective).collect()
    }

    pub(super) fn less_is_better(self, value: f64) -> f64 {
        match self.goal {
            Goal::Minimum => value,
            Goal::Maximum => -value,
        }
    }
}

/// Those of `values`, the objectives of each point, that no other dominates.
pub(super) fn undominated(values: &[Vec<f64>], objectives: &[Objective]) -> Vec<usize> {
    let goals: Vec<Goal> = objectives.iter().map(|o| o.goal).collect();
    pareto::front(values, &goals)
}
