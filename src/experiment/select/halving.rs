//! Successive halving that cuts only what is certain: at each rung the replications of the arms
//! still in are multiplied, and of those outside the best share the ones go that the paired
//! interval shows to be worse than the leader. An arm that it cannot tell from the leader stays.
//!
//! Sources: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
//! optimization" (AISTATS 2016), for the rungs; the racing of Birattari et al., "A racing algorithm
//! for configuring metaheuristics" (GECCO 2002), for the condition. Replications are shared by
//! rungs: a later rung goes on where the earlier one ended.

use super::super::compare::goal::{Goal, from_best};
use super::super::compare::paired::{Sign, paired};
use super::super::estimate::simultaneous::bonferroni;
use crate::engine::statistics::mean_interval;

/// A race.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Halving {
    /// Replications of every arm at the first rung.
    pub first: usize,
    /// Replications at the last rung.
    pub most: usize,
    /// Each rung has so many times the replications of the one before, and aims at keeping one
    /// arm in so many; 3 is what Jamieson and Talwalkar's successors use.
    pub factor: usize,
    /// The race ends when no more than so many are left.
    pub finalists: usize,
    /// The probability that the best arm is never cut, in all rungs together.
    pub confidence: f64,
    /// What is sought.
    pub goal: Goal,
}

/// What happened at a rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Replications of each arm.
    pub replications: usize,
    /// Arms cut after it, in their order.
    pub cut: Vec<usize>,
    /// Arms outside the best share that stay since they cannot be told from the leader.
    pub spared: Vec<usize>,
}

/// What the values so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The race is over. To choose among the finalists, run them on fresh replications: those of
    /// the race favour whoever was lucky in it.
    Finalists {
        /// Arms left, best first.
        arms: Vec<usize>,
        /// The rungs there were.
        rungs: Vec<Rung>,
    },
    /// More replications are needed.
    More {
        /// Arms still in.
        arms: Vec<usize>,
        /// Replications each needs in all.
        until: usize,
        /// The rungs so far.
        rungs: Vec<Rung>,
    },
}

impl Halving {
    /// Decides on the values of each arm by replication; values beyond a rung's change nothing
    /// there.
    ///
    /// # Panics
    /// Where the settings make no sense: a factor or first rung below 2, no finalist.
    #[must_use]
    pub fn decide(&self, arms: &[Vec<f64>]) -> Decision {
        assert!(self.factor >= 2 && self.first >= 2 && self.finalists >= 1, "{self:?}");
        let budgets = self.budgets();
        // The best arm is held against every other at every rung.
        let comparisons = budgets.len() * arms.len().saturating_sub(1);
        let each = bonferroni(self.confidence, comparisons);
        let mut left: Vec<usize> = (0..arms.len()).collect();
        let mut rungs = Vec::new();
        for replications in budgets {
            if left.len() <= self.finalists {
                break;
            }
            if left.iter().any(|arm| arms[*arm].len() < replications) {
                return Decision::More { arms: left, until: replications, rungs };
            }
            let rung = self.rung(arms, &left, replications, each);
            left.retain(|arm| !rung.cut.contains(arm));
            rungs.push(rung);
        }
        let judged = rungs.last().map_or(0, |rung| rung.replications);
        Decision::Finalists { arms: self.order(arms, &left, judged), rungs }
    }

    /// Replications at each rung: first, first × factor, …, most.
    pub(in super::super) fn budgets(&self) -> Vec<usize> {
        let times = std::iter::successors(Some(self.first), |n| n.checked_mul(self.factor));
        let most = self.most.max(self.first);
        times.take_while(|n| *n < most).chain([most]).collect()
    }

    /// Arms from best to worst by their mean over the first replications.
    fn order(&self, arms: &[Vec<f64>], among: &[usize], replications: usize) -> Vec<usize> {
        let mean = |arm: &usize| mean_interval(&arms[*arm][..replications], self.confidence).mean;
        let means: Vec<f64> = among.iter().map(mean).collect();
        from_best(&means, self.goal).into_iter().map(|place| among[place]).collect()
    }

    fn rung(&self, arms: &[Vec<f64>], among: &[usize], replications: usize, each: f64) -> Rung {
        let order = self.order(arms, among, replications);
        let kept = among.len().div_ceil(self.factor).max(self.finalists);
        let values = |arm: usize| &arms[arm][..replications];
        let worse = |arm: usize| {
            let behind = paired(values(arm), values(order[0]), each).difference;
            Sign::of(&behind)
                == match self.goal {
                    Goal::Maximum => Sign::Less,
                    Goal::Minimum => Sign::More,
                }
        };
        let outside = order.get(kept..).unwrap_or_default();
        let (mut cut, mut spared): (Vec<usize>, Vec<usize>) =
            outside.iter().partition(|&&arm| worse(arm));
        cut.sort_unstable();
        spared.sort_unstable();
        Rung { replications, cut, spared }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::engine::random::RandomSource;

    const RULE: Halving = Halving {
        first: 5,
        most: 135,
        factor: 3,
        finalists: 1,
        confidence: 0.95,
        goal: Goal::Maximum,
    };

    fn normals(seed: u64, means: &[f64], n: usize) -> Vec<Vec<f64>> {
        let value = |r: usize, arm: usize, mean: f64| {
            let z: f64 =
                StandardNormal.sample(&mut RandomSource::new(seed, r as u64).at(1, arm as u64, 0));
            mean + z
        };
        means
            .iter()
            .enumerate()
            .map(|(arm, mean)| (0..n).map(|r| value(r, arm, *mean)).collect())
            .collect()
    }

    #[test]
    fn rungs_multiply_up_to_the_last() {
        assert_eq!(RULE.budgets(), [5, 15, 45, 135]);
        assert_eq!(Halving { most: 100, ..RULE }.budgets(), [5, 15, 45, 100]);
        assert_eq!(Halving { most: 3, ..RULE }.budgets(), [5]);
    }

    #[test]
    fn two_thirds_go_where_all_is_clear() {
        let means: Vec<f64> = (0..9).map(|i| f64::from(i) * 100.0).collect();
        let arms = normals(1, &means, 15);
        let Decision::Finalists { arms: left, rungs } = RULE.decide(&arms) else { panic!() };
        assert_eq!(left, [8]);
        let cuts: Vec<Vec<usize>> = rungs.iter().map(|r| r.cut.clone()).collect();
        assert_eq!(cuts, [vec![0, 1, 2, 3, 4, 5], vec![6, 7]]);
        assert!(rungs.iter().all(|r| r.spared.is_empty()));
    }

    #[test]
    fn arms_alike_are_spared_to_the_end() {
        let arms = normals(2, &[0.0; 6], 135);
        let Decision::Finalists { arms: left, rungs } = RULE.decide(&arms) else { panic!() };
        assert_eq!(left.len(), 6);
        assert_eq!(rungs.len(), 4);
        assert!(rungs.iter().all(|r| r.cut.is_empty() && r.spared.len() == 4));
    }

    /// The best is cut at any rung in at most 5 % of 1000 races, to four standard errors, though
    /// it is ahead by little.
    #[test]
    fn the_best_is_seldom_cut() {
        let means = [0.0, 0.1, 0.0, -0.5, -0.5, -1.0, -2.0, -2.0, -3.0];
        let kept = (0..1000)
            .filter(|seed| {
                let arms = normals(*seed, &means, 135);
                let decided = RULE.decide(&arms);
                matches!(decided, Decision::Finalists { arms, .. } if arms.contains(&1))
            })
            .count();
        let allowed = 4.0 * (0.05 * 0.95 * 1000.0_f64).sqrt();
        assert!(kept as f64 >= 950.0 - allowed, "{kept} of 1000");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Nobody is cut that the interval cannot tell from the leader, and rounds change nothing.
        #[test]
        fn rounds_end_as_if_all_had_been_there(
            seed: u64, means in prop::collection::vec(-2.0..2.0_f64, 1..10),
        ) {
            let all = normals(seed, &means, 135);
            let mut known = vec![Vec::new(); means.len()];
            let end = loop {
                match RULE.decide(&known) {
                    Decision::More { arms, until, .. } => {
                        for arm in arms {
                            prop_assert!(known[arm].len() < until);
                            known[arm] = all[arm][..until].to_vec();
                        }
                    }
                    end @ Decision::Finalists { .. } => break end,
                }
            };
            prop_assert_eq!(RULE.decide(&all), end);
        }
    }
}
