//! The rules of a tuning: which settings, and how the probability of a wrong answer is shared out
//! among the steps.

use super::super::compare::goal::Goal;
use super::super::select::kim_nelson::KimNelson;
use super::super::select::threshold::Threshold;

/// What a point's runs gave, by replication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arm {
    /// The cost; the least is sought. Not a number where a run failed or observed nothing.
    pub cost: Vec<f64>,
    /// The metrics that thresholds are on, by threshold and then replication.
    pub held: Vec<Vec<f64>>,
}

impl Arm {
    /// Replications there are.
    #[must_use]
    pub const fn replications(&self) -> usize {
        self.cost.len()
    }

    /// The first `n` replications of the metrics under thresholds.
    pub(super) fn held_until(&self, n: usize) -> Vec<Vec<f64>> {
        self.held.iter().map(|values| values[..n].to_vec()).collect()
    }

    /// Whether one of the first `n` replications has no cost.
    pub(super) fn fails_within(&self, n: usize) -> bool {
        self.cost[..n].iter().any(|cost| !cost.is_finite())
    }
}

/// The settings of a tuning. The probability of a wrong answer, 1 − `confidence`, is shared out in
/// thirds (Bonferroni): to verdicts on thresholds, to cuts of the race, and to the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The thresholds every point has to keep to.
    pub thresholds: Vec<Threshold>,
    /// Replications at the first rung of the race; 2 or more.
    pub first: usize,
    /// Replications at the last rung.
    pub most: usize,
    /// How many times as many each rung has as the one before.
    pub factor: usize,
    /// The race ends once no more than this number of arms are left.
    pub finalists: usize,
    /// Fresh replications of each finalist before anything is decided on them; 2 or more.
    pub fresh_first: usize,
    /// Fresh replications at most.
    pub fresh_most: usize,
    /// Further replications asked for at a time.
    pub step: usize,
    /// The difference in cost that matters.
    pub indifference: f64,
    /// How sure the answer has to be.
    pub confidence: f64,
}

impl Rules {
    /// Replications at each rung of the race: first, first × factor, …, most.
    pub(super) fn budgets(&self) -> Vec<usize> {
        let times = std::iter::successors(Some(self.first), |n| n.checked_mul(self.factor));
        let most = self.most.max(self.first);
        times.take_while(|n| *n < most).chain([most]).collect()
    }

    /// Fresh replications at which finalists are held against the thresholds: first, twice that,
    /// and so on up to the most.
    pub(super) fn looks(&self) -> Vec<usize> {
        let doubled = std::iter::successors(Some(self.fresh_first), |n| n.checked_mul(2));
        let most = self.fresh_most.max(self.fresh_first);
        doubled.take_while(|n| *n < most).chain([most]).collect()
    }

    /// The probability of error of each of the three steps.
    fn third(&self) -> f64 {
        (1.0 - self.confidence) / 3.0
    }

    /// The confidence of a verdict in the race. Half of the errors of an interval are on its other
    /// side, so that over all looks the best point is said to miss a threshold with half of the
    /// third at most.
    pub(super) fn verdict_in_race(&self) -> f64 {
        1.0 - self.third() / (self.budgets().len() + self.looks().len()) as f64
    }

    /// The confidence of a verdict on fresh replications of `finalists` finalists: over all
    /// finalists and looks a point that misses a threshold is said to meet it with the other half.
    pub(super) fn verdict_on_fresh(&self, finalists: usize) -> f64 {
        let looks = self.budgets().len() + self.looks().len();
        1.0 - self.third() / (looks * finalists.max(1)) as f64
    }

    /// The confidence of the interval that a cut in the race needs, among `points` points: only its
    /// lower end decides, at every rung, about the best point and any other.
    pub(super) fn cut(&self, points: usize) -> f64 {
        let comparisons = self.budgets().len() * points.saturating_sub(1).max(1);
        1.0 - 2.0 * self.third() / comparisons as f64
    }

    /// The confidence of the interval that tells that a finalist does not cost less than the one
    /// chosen by more than the difference that matters, whichever is chosen and at whatever look:
    /// half of the last third.
    pub(super) fn no_better(&self, finalists: usize) -> f64 {
        let comparisons = self.looks().len() * finalists.saturating_sub(1).max(1);
        1.0 - self.third() / comparisons as f64
    }

    /// The choice among those that meet every threshold: the other half of the last third.
    pub(super) fn choice(&self) -> KimNelson {
        KimNelson {
            first: self.fresh_first,
            step: self.step,
            confidence: 1.0 - self.third() / 2.0,
            indifference: self.indifference,
            goal: Goal::Minimum,
        }
    }
}
