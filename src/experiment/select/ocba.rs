//! Optimal computing budget allocation (Chen, Lin, Yücesan and Chick, Discrete Event Dynamic
//! Systems 2000): more replications for arms that are close to the best or noisy. It assumes
//! independent arms; with common random numbers it is a heuristic, and says nothing of certainty.

use super::super::compare::goal::{Goal, from_best};

/// The share of all replications each arm should have: Nᵢ/Nⱼ = (σᵢ/δᵢ)²/(σⱼ/δⱼ)² for arms i, j
/// other than the best b, δᵢ being how far i lies behind it, and N_b = σ_b √(Σ Nᵢ²/σᵢ²). Where arms
/// lie level with the best they share it all; where no arm varies, equally.
///
/// # Panics
/// Where there is not a spread per mean, or no arm.
#[must_use]
pub fn shares(means: &[f64], sds: &[f64], goal: Goal) -> Vec<f64> {
    assert!(means.len() == sds.len() && !means.is_empty(), "a mean and a spread per arm");
    let best = from_best(means, goal)[0];
    let behind = |arm: usize| (means[best] - means[arm]).abs();
    let others = || (0..means.len()).filter(|arm| *arm != best);
    let level = others().any(|arm| behind(arm) <= 0.0 && sds[arm] > 0.0);
    // Level arms are infinitely harder to tell apart than the rest; among them spread decides.
    let distance = |arm: usize| match (level, behind(arm) <= 0.0) {
        (true, true) => 1.0,
        (true, false) => f64::INFINITY,
        (false, _) => behind(arm),
    };
    // σ/δ², of which N = σ times it; 0 where nothing varies.
    let slope = |arm: usize| if sds[arm] > 0.0 { sds[arm] / distance(arm).powi(2) } else { 0.0 };
    let mut weights: Vec<f64> = (0..means.len()).map(|arm| sds[arm] * slope(arm)).collect();
    weights[best] = sds[best] * others().map(|arm| slope(arm).powi(2)).sum::<f64>().sqrt();
    let total: f64 = weights.iter().sum();
    if total > 0.0 {
        weights.iter().map(|w| w / total).collect()
    } else {
        vec![1.0 / means.len() as f64; means.len()]
    }
}

/// How many of `more` replications each arm gets next, so that together with those it has, `done`,
/// it comes as near to its share as can be: the arm furthest short of its share gets the next one.
#[must_use]
pub fn allocate(shares: &[f64], done: &[usize], more: usize) -> Vec<usize> {
    let total = (done.iter().sum::<usize>() + more) as f64;
    let mut given = vec![0; shares.len()];
    for _ in 0..more {
        let short = |arm: usize| shares[arm] * total - (done[arm] + given[arm]) as f64;
        let shortage: Vec<f64> = (0..shares.len()).map(short).collect();
        given[from_best(&shortage, Goal::Maximum)[0]] += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Means 0 to 9, all of spread 6, the least sought; the formula, evaluated by Python.
    #[test]
    fn shares_are_those_of_the_formula() {
        let means: Vec<f64> = (0..10).map(f64::from).collect();
        let got = shares(&means, &[6.0; 10], Goal::Minimum);
        let expected = [
            0.403_174_501_959_939_76,
            0.387_607_485_180_833_3,
            0.096_901_871_295_208_33,
            0.043_067_498_353_425_92,
            0.024_225_467_823_802_083,
            0.015_504_299_407_233_331,
            0.010_766_874_588_356_48,
            0.007_910_356_840_425_169,
            0.006_056_366_955_950_521,
            0.004_785_277_594_825_102_5,
        ];
        assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-9), "{got:?}");
        let turned: Vec<f64> = means.iter().map(|m| -m).collect();
        assert_eq!(shares(&turned, &[6.0; 10], Goal::Maximum), got);
    }

    #[test]
    fn level_and_silent_arms_have_shares_too() {
        let level = shares(&[1.0, 1.0, 5.0], &[2.0, 2.0, 2.0], Goal::Minimum);
        assert!((level[0] - 0.5).abs() < 1e-12 && (level[1] - 0.5).abs() < 1e-12, "{level:?}");
        let silent = shares(&[1.0, 2.0, 5.0], &[2.0, 0.0, 2.0], Goal::Minimum);
        assert!(silent[1].abs() < 1e-12 && silent[2] > 0.0);
        assert!(
            shares(&[1.0, 2.0], &[0.0; 2], Goal::Minimum).iter().all(|s| (s - 0.5).abs() < 1e-12)
        );
    }

    #[test]
    fn the_shortest_gets_the_next() {
        assert_eq!(allocate(&[0.5, 0.3, 0.2], &[0, 0, 0], 10), [5, 3, 2]);
        assert_eq!(allocate(&[0.5, 0.3, 0.2], &[10, 0, 0], 5), [0, 3, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn shares_add_up_and_all_is_given(
            arms in prop::collection::vec((-5.0..5.0_f64, 0.0..3.0_f64), 1..12), more in 0_usize..200,
        ) {
            let (means, sds): (Vec<f64>, Vec<f64>) = arms.into_iter().unzip();
            let got = shares(&means, &sds, Goal::Maximum);
            prop_assert!((got.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(got.iter().all(|s| (0.0..=1.0).contains(s)));
            let given = allocate(&got, &vec![3; means.len()], more);
            prop_assert_eq!(given.iter().sum::<usize>(), more);
        }
    }
}
