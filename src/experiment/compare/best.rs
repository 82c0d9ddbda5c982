//! Multiple comparisons with the best (Hsu, Annals of Statistics 1984; Edwards and Hsu, JASA 1983):
//! for every arm an interval of how far it is from the best of the others, all holding together.
//! An arm whose interval ends at 0 is not the best; one whose interval begins at 0 is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::estimate::simultaneous::bonferroni;
use super::goal::Goal;
use super::paired::pairs;
use crate::engine::statistics::{Bounds, Welford, student_t_quantile};

/// Where an arm stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// No other is better.
    #[serde(rename = "best")]
    Best,
    /// It may be the best.
    #[serde(rename = "may be best")]
    Open,
    /// Another is better.
    #[serde(rename = "beaten")]
    Beaten,
}

impl Standing {
    /// What results call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Open => "may be best",
            Self::Beaten => "beaten",
        }
    }
}

/// An arm beside the best of the others.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct BesideBest {
    /// Its merit less that of the best other, more being better: μᵢ − max μₗ for a maximum,
    /// min μₗ − μᵢ for a minimum. The interval is the constrained one, which holds 0.
    pub advantage: Bounds,
    /// What that says.
    pub standing: Standing,
}

/// Compares every arm with the best of the others. Arms are paired by replication: the width of
/// each pair comes from its own differences, one-sided at 1 − α/(k − 1) (Bonferroni), which holds
/// under common random numbers whatever the correlations are.
#[must_use]
pub fn with_the_best(arms: &[Vec<f64>], goal: Goal, confidence: f64) -> Vec<BesideBest> {
    let k = arms.len();
    // A one-sided interval at c has the width of a two-sided one at 2c − 1.
    let each = 2.0 * bonferroni(confidence, k.saturating_sub(1)) - 1.0;
    let merits = |arm: &Vec<f64>| arm.iter().map(|v| goal.merit(*v)).collect::<Vec<_>>();
    let arms: Vec<Vec<f64>> = arms.iter().map(merits).collect();
    let mut quantiles: BTreeMap<u64, f64> = BTreeMap::new();
    let compared = |i: usize, l: usize| {
        let mut fold = Welford::default();
        pairs(&arms[i], &arms[l]).for_each(|(a, b)| fold.add(a - b));
        let n = fold.count();
        if n < 2 {
            // Nothing is known of a pair that never was.
            return (f64::NAN, f64::INFINITY);
        }
        let quantile = || student_t_quantile(0.5 + each / 2.0, (n - 1) as f64);
        let t = *quantiles.entry(n).or_insert_with(quantile);
        (fold.mean(), t * fold.variance().sqrt() / (n as f64).sqrt())
    };
    beside_best(k, compared)
}

/// The intervals from `difference(i, l)`, which gives the merit of `i` less that of `l` and the
/// width it is uncertain by. With one width for all pairs this is Hsu's
/// [−(X̄ᵢ − max X̄ₗ − w)⁻, (X̄ᵢ − max X̄ₗ + w)⁺].
///
/// Every statement follows from the pairs of the true best, b, alone: μ_b − μₗ ≤ X̄_b − X̄ₗ + w_bl
/// for all l. Then b has an upper end above 0, and no arm is further from the best than from the
/// worst-lying arm that has.
///
/// A difference is asked for when it is needed, at most three times, and none is kept: there are as
/// many as pairs.
fn beside_best(
    k: usize,
    mut difference: impl FnMut(usize, usize) -> (f64, f64),
) -> Vec<BesideBest> {
    let mut estimates = vec![f64::INFINITY; k];
    let mut upper_ends = vec![f64::INFINITY; k];
    for i in 0..k {
        for l in 0..i {
            let (d, w) = difference(i, l);
            for (arm, d) in [(i, d), (l, -d)] {
                let end = if d.is_nan() { f64::INFINITY } else { d + w };
                estimates[arm] = estimates[arm].min(d);
                upper_ends[arm] = upper_ends[arm].min(end);
            }
        }
    }
    let rivals: Vec<usize> = (0..k).filter(|l| upper_ends[*l] >= 0.0).collect();
    let mut beside = |i: usize| {
        let mut lower = f64::INFINITY;
        for &l in rivals.iter().filter(|l| **l != i) {
            let (d, w) = difference(i.max(l), i.min(l));
            let d = if i > l { d } else { -d };
            lower = lower.min(if d.is_nan() { f64::NEG_INFINITY } else { d - w });
        }
        let standing = match (upper_ends[i] < 0.0, lower > 0.0) {
            (true, _) => Standing::Beaten,
            (false, true) => Standing::Best,
            (false, false) => Standing::Open,
        };
        let high = upper_ends[i].max(0.0);
        let advantage = Bounds { estimate: estimates[i], low: lower.min(0.0), high };
        BesideBest { advantage, standing }
    };
    (0..k).map(&mut beside).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::engine::random::RandomSource;

    /// Means and a common width in, Hsu's formula out.
    #[test]
    fn with_one_width_the_interval_is_hsus() {
        let means = [10.0, 9.0, 5.0];
        let got = beside_best(3, |i, l| (means[i] - means[l], 2.0));
        let expected = [(1.0, -1.0, 3.0), (-1.0, -3.0, 1.0), (-5.0, -7.0, 0.0)];
        for (arm, (estimate, low, high)) in got.iter().zip(expected) {
            assert_eq!(arm.advantage, Bounds { estimate, low, high });
        }
        let standing: Vec<Standing> = got.iter().map(|a| a.standing).collect();
        assert_eq!(standing, [Standing::Open, Standing::Open, Standing::Beaten]);
        let got = beside_best(3, |i, l| (means[i] - means[l], 0.5));
        assert_eq!(got[0].standing, Standing::Best);
        assert_eq!(got[0].advantage, Bounds { estimate: 1.0, low: 0.0, high: 1.5 });
        assert_eq!(got[1].advantage, Bounds { estimate: -1.0, low: -1.5, high: 0.0 });
    }

    #[test]
    fn the_least_is_best_where_less_is_better() {
        let arms = [vec![1.0, 1.1, 1.2], vec![5.0, 5.2, 5.1], vec![9.0, 9.1, 9.1]];
        let got = with_the_best(&arms, Goal::Minimum, 0.95);
        assert_eq!(got[0].standing, Standing::Best);
        assert_eq!([got[1].standing, got[2].standing], [Standing::Beaten; 2]);
        assert!((got[2].advantage.estimate + 7.966_666_666).abs() < 1e-6);
        assert_eq!(with_the_best(&arms[..1], Goal::Minimum, 0.95)[0].standing, Standing::Best);
    }

    #[test]
    fn an_arm_that_gave_nothing_stays_open() {
        let arms = [vec![1.0, 1.1, 1.2], vec![f64::NAN; 3]];
        let got = with_the_best(&arms, Goal::Maximum, 0.95);
        assert_eq!([got[0].standing, got[1].standing], [Standing::Open; 2]);
    }

    /// Three correlated arms of different spreads, 1000 times: all intervals hold together at
    /// least as often as they say (Bonferroni errs on that side), to four standard errors.
    #[test]
    fn the_intervals_hold_together() {
        let (means, spreads) = ([0.0, 0.3, 0.25], [0.5, 1.0, 2.0]);
        let truth = [-0.3, 0.05, -0.05];
        let mut held = 0;
        for repeat in 0..1000 {
            let mut arms = vec![Vec::new(); 3];
            for r in 0..15 {
                let mut draw = RandomSource::new(3, repeat).at(1, 0, r);
                let mut normal = || -> f64 { StandardNormal.sample(&mut draw) };
                let common = normal();
                for (arm, (mean, spread)) in arms.iter_mut().zip(means.iter().zip(spreads)) {
                    arm.push(mean + spread * normal() + common);
                }
            }
            let got = with_the_best(&arms, Goal::Maximum, 0.95);
            held += i32::from(got.iter().zip(truth).all(|(a, t)| a.advantage.contains(t)));
        }
        let allowed = 4.0 * (0.05 * 0.95 * 1000.0_f64).sqrt();
        assert!(f64::from(held) >= 950.0 - allowed, "{held} of 1000");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// One arm at most is the best, and never all are beaten.
        #[test]
        fn at_least_one_may_be_the_best(
            arms in prop::collection::vec(prop::collection::vec(-5.0..5.0_f64, 4), 2..7),
        ) {
            let got = with_the_best(&arms, Goal::Maximum, 0.9);
            let count = |s: Standing| got.iter().filter(|a| a.standing == s).count();
            prop_assert!(count(Standing::Best) <= 1);
            prop_assert!(count(Standing::Beaten) < arms.len());
            if count(Standing::Best) == 1 {
                prop_assert_eq!(count(Standing::Beaten), arms.len() - 1);
            }
            for arm in &got {
                prop_assert!(arm.advantage.low <= 0.0 && 0.0 <= arm.advantage.high);
                prop_assert!(arm.advantage.contains(arm.advantage.estimate));
            }
        }
    }
}
