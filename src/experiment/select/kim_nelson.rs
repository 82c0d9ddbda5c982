//! The fully sequential procedure KN of Kim and Nelson ("A fully sequential procedure for
//! indifference-zone selection in simulation", ACM TOMACS 11, 2001), with c = 1: after every
//! replication it drops the arms that are clearly worse than another, until one is left. Where the
//! best is ahead of every other by the indifference zone, it is selected with the confidence asked
//! for, also under common random numbers; values are assumed normal.

use super::super::compare::goal::{Goal, from_best};
use super::super::compare::paired::pairs;
use crate::engine::statistics::Welford;

/// A selection.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct KimNelson {
    /// Replications of every arm before the first is dropped, n₀: from them variances are
    /// estimated.
    pub first: usize,
    /// Number of replications that are added at a time; what is selected does not depend on it.
    pub step: usize,
    /// The probability of correct selection, 1 − α.
    pub confidence: f64,
    /// The difference that matters, δ, in units of the values.
    pub indifference: f64,
    /// What is sought.
    pub goal: Goal,
}

/// An arm dropped.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// The arm.
    pub arm: usize,
    /// Number of replications after which that was decided.
    pub after: usize,
}

/// What the values so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This arm is the best.
    Selected {
        /// The arm.
        arm: usize,
        /// Number of replications after which that was decided.
        after: usize,
        /// The arms dropped on the way.
        drops: Vec<Drop>,
    },
    /// More replications are needed.
    More {
        /// Arms still in.
        arms: Vec<usize>,
        /// Replications that each of them needs in all.
        until: usize,
        /// The arms dropped so far.
        drops: Vec<Drop>,
    },
}

/// Why nothing can be selected.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A replication gave no finite value.
    #[error("replication {replication} of arm {arm} gave no finite value")]
    Missing {
        /// The arm.
        arm: usize,
        /// The replication.
        replication: usize,
    },
    /// There is nothing to select from.
    #[error("there is no arm to select")]
    NoArm,
}

/// The constants of the continuation region: η = ((2α/(k − 1))^(−2/(n₀ − 1)) − 1)/2 and
/// h² = 2η(n₀ − 1), of `arms` arms.
#[must_use]
pub fn constants(arms: usize, first: usize, confidence: f64) -> (f64, f64) {
    let df = (first - 1) as f64;
    let share = 2.0 * (1.0 - confidence) / (arms - 1) as f64;
    let eta = (libm::pow(share, -2.0 / df) - 1.0) / 2.0;
    (eta, 2.0 * eta * df)
}

impl KimNelson {
    /// Decides on the values of each arm by replication. An arm that was dropped may have fewer
    /// values than the others; values beyond those decided on change nothing.
    ///
    /// # Errors
    /// A value that is missing or not finite, among those decided on.
    ///
    /// # Panics
    /// Where `first` is below 2, or confidence or indifference make no sense.
    pub fn decide(&self, arms: &[Vec<f64>]) -> Result<Decision, SelectionError> {
        assert!(self.first >= 2, "a variance takes two values");
        assert!(self.indifference > 0.0, "a difference that matters is above 0");
        assert!((0.5..1.0).contains(&self.confidence), "a confidence from 0.5 up to 1");
        let k = arms.len();
        match k {
            0 => return Err(SelectionError::NoArm),
            1 => return Ok(Decision::Selected { arm: 0, after: 0, drops: Vec::new() }),
            _ => {}
        }
        let mut stage = Stage::new(k);
        let all: Vec<usize> = (0..k).collect();
        while stage.replications < self.first {
            if let Some(more) = self.wait(arms, &all, &stage) {
                return Ok(more);
            }
            stage.add(arms, &all, self.goal)?;
        }
        // h²S²ᵢₗ/δ² by pair.
        let (_, h2) = constants(k, self.first, self.confidence);
        let scale = h2 / (self.indifference * self.indifference);
        let horizon = |i: usize, l: usize| scale * variance(arms, i, l, self.first);
        let horizons: Vec<Vec<f64>> =
            (0..k).map(|i| (0..k).map(|l| horizon(i, l)).collect()).collect();
        // At one replication more than the longest horizon the best mean is taken.
        let last = horizons.iter().flatten().copied().fold(0.0, f64::max).floor() as usize + 1;
        let mut survivors = all;
        loop {
            if stage.replications >= last {
                return Ok(stage.select(&survivors));
            }
            survivors = self.screen(&survivors, &horizons, &mut stage);
            if survivors.len() == 1 {
                return Ok(stage.select(&survivors));
            }
            if let Some(more) = self.wait(arms, &survivors, &stage) {
                return Ok(more);
            }
            stage.add(arms, &survivors, self.goal)?;
        }
    }

    /// What to ask for where an arm lacks the next replication.
    fn wait(&self, arms: &[Vec<f64>], among: &[usize], stage: &Stage) -> Option<Decision> {
        let next = stage.replications;
        if among.iter().all(|arm| arms[*arm].len() > next) {
            return None;
        }
        let until = if next < self.first { self.first } else { next + self.step.max(1) };
        Some(Decision::More { arms: among.to_vec(), until, drops: stage.drops.clone() })
    }

    /// Keeps i where X̄ᵢ ≥ X̄ₗ − Wᵢₗ for every l still in, Wᵢₗ = max(0, δ/(2r)·(h²S²ᵢₗ/δ² − r)).
    fn screen(&self, among: &[usize], horizons: &[Vec<f64>], stage: &mut Stage) -> Vec<usize> {
        let r = stage.replications as f64;
        let mean = |arm: usize| stage.sums[arm] / r;
        let width =
            |i: usize, l: usize| (self.indifference / (2.0 * r) * (horizons[i][l] - r)).max(0.0);
        let beaten = |i: usize| among.iter().any(|&l| l != i && mean(i) < mean(l) - width(i, l));
        let (out, kept): (Vec<usize>, Vec<usize>) = among.iter().partition(|&&i| beaten(i));
        let after = stage.replications;
        stage.drops.extend(out.into_iter().map(|arm| Drop { arm, after }));
        kept
    }
}

/// How far the procedure has come.
struct Stage {
    replications: usize,
    /// Sum of each arm's merits.
    sums: Vec<f64>,
    drops: Vec<Drop>,
}

impl Stage {
    fn new(arms: usize) -> Self {
        Self { replications: 0, sums: vec![0.0; arms], drops: Vec::new() }
    }

    fn add(
        &mut self,
        arms: &[Vec<f64>],
        among: &[usize],
        goal: Goal,
    ) -> Result<(), SelectionError> {
        let replication = self.replications;
        for &arm in among {
            let value = arms[arm][replication];
            if !value.is_finite() {
                return Err(SelectionError::Missing { arm, replication });
            }
            self.sums[arm] += goal.merit(value);
        }
        self.replications += 1;
        Ok(())
    }

    fn select(&self, among: &[usize]) -> Decision {
        let sums: Vec<f64> = among.iter().map(|arm| self.sums[*arm]).collect();
        let best = from_best(&sums, Goal::Maximum)[0];
        let drops = self.drops.clone();
        Decision::Selected { arm: among[best], after: self.replications, drops }
    }
}

/// S²ᵢₗ, the variance of the difference over the first `n` replications.
pub(super) fn variance(arms: &[Vec<f64>], i: usize, l: usize, n: usize) -> f64 {
    let mut fold = Welford::default();
    pairs(&arms[i][..n], &arms[l][..n]).for_each(|(a, b)| fold.add(a - b));
    fold.variance()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::engine::random::RandomSource;

    /// The formula, evaluated by Python.
    #[test]
    fn constants_are_those_of_the_formula() {
        for (k, n0, eta, h2) in [
            (5, 10, 0.634_967_265_153_673_1, 11.429_410_772_766_115),
            (10, 10, 0.859_083_429_924_899_1, 15.463_501_738_648_183),
            (10, 20, 0.302_933_803_649_275_1, 11.511_484_538_672_446),
            (100, 20, 0.533_475_117_588_410_3, 20.272_054_468_359_592),
        ] {
            let got = constants(k, n0, 0.95);
            assert!((got.0 - eta).abs() < 1e-9 && (got.1 - h2).abs() < 1e-9, "{k}, {n0}: {got:?}");
        }
    }

    /// `arms` arms of unit spread and correlation ½ at these means.
    fn normals(seed: u64, means: &[f64], n: usize) -> Vec<Vec<f64>> {
        let mut arms = vec![Vec::with_capacity(n); means.len()];
        for r in 0..n {
            let mut draw = RandomSource::new(seed, 1).at(1, 0, r as u64);
            let mut normal = || -> f64 { StandardNormal.sample(&mut draw) };
            let common = normal();
            for (arm, mean) in arms.iter_mut().zip(means) {
                arm.push(mean + (normal() + common) * std::f64::consts::FRAC_1_SQRT_2);
            }
        }
        arms
    }

    fn rule(goal: Goal) -> KimNelson {
        KimNelson { first: 10, step: 5, confidence: 0.95, indifference: 0.5, goal }
    }

    /// The hardest case: the best is ahead of all others by exactly the indifference zone. Over
    /// 1000 selections at least 95 % are right, to four standard errors of that number.
    #[test]
    fn the_best_is_selected_as_often_as_promised() {
        for (goal, sign) in [(Goal::Maximum, 1.0), (Goal::Minimum, -1.0)] {
            let means = [0.0, 0.0, 0.5 * sign, 0.0, 0.0];
            let mut right = 0;
            for seed in 0..1000 {
                let arms = normals(seed, &means, 400);
                let Decision::Selected { arm, drops, after } = rule(goal).decide(&arms).unwrap()
                else {
                    panic!("400 replications suffice");
                };
                right += i32::from(arm == 2);
                assert!(drops.iter().all(|d| d.arm != arm && d.after <= after));
            }
            let allowed = 4.0 * (0.05 * 0.95 * 1000.0_f64).sqrt();
            assert!(f64::from(right) >= 950.0 - allowed, "{right} of 1000");
        }
    }

    #[test]
    fn clear_differences_are_seen_at_once() {
        let arms = normals(1, &[0.0, 20.0, 5.0], 10);
        let decided = rule(Goal::Maximum).decide(&arms).unwrap();
        let drops = vec![Drop { arm: 0, after: 10 }, Drop { arm: 2, after: 10 }];
        assert_eq!(decided, Decision::Selected { arm: 1, after: 10, drops });
    }

    /// Arms that never differ by more than the zone: either will do, and the end comes anyway.
    #[test]
    fn equal_arms_end_it() {
        let decided = rule(Goal::Maximum).decide(&[vec![1.0; 10], vec![1.0; 10]]).unwrap();
        assert_eq!(decided, Decision::Selected { arm: 0, after: 10, drops: Vec::new() });
        let arms = normals(4, &[0.0, 0.0], 2000);
        assert!(matches!(rule(Goal::Maximum).decide(&arms), Ok(Decision::Selected { .. })));
        let alone = rule(Goal::Maximum).decide(&[vec![]]).unwrap();
        assert_eq!(alone, Decision::Selected { arm: 0, after: 0, drops: Vec::new() });
    }

    #[test]
    fn a_missing_value_is_an_error() {
        let mut arms = normals(1, &[0.0, 0.1], 10);
        arms[1][3] = f64::NAN;
        let missing = SelectionError::Missing { arm: 1, replication: 3 };
        assert_eq!(rule(Goal::Maximum).decide(&arms), Err(missing));
        assert_eq!(rule(Goal::Maximum).decide(&[]), Err(SelectionError::NoArm));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Going on in rounds, with dropped arms left where they were, ends as if all values had
        /// been there from the start.
        #[test]
        fn rounds_change_nothing(
            seed: u64, step in 1_usize..30, means in prop::collection::vec(-1.0..1.0_f64, 2..6),
        ) {
            let all = normals(seed, &means, 1500);
            let rule = KimNelson { step, ..rule(Goal::Maximum) };
            let mut known = vec![Vec::new(); means.len()];
            let mut rounds = 0;
            let end = loop {
                match rule.decide(&known).unwrap() {
                    Decision::More { arms, until, .. } => {
                        for arm in arms {
                            prop_assert!(known[arm].len() < until);
                            known[arm] = all[arm][..until].to_vec();
                        }
                    }
                    end @ Decision::Selected { .. } => break end,
                }
                rounds += 1;
                prop_assert!(rounds < 1500);
            };
            prop_assert_eq!(rule.decide(&all).unwrap(), end);
        }
    }
}
