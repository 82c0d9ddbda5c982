//! The interval of a probability from counts of independent trials.

use crate::engine::statistics::{Bounds, normal_quantile};

/// Wilson's score interval (JASA 1927) of a probability after `successes` in `trials` independent
/// trials: all p for which |p̂ − p| ≤ z·√(p(1−p)/n). It stays inside [0, 1] and has a width even
/// where every trial went the same way. Without trials nothing is known: from 0 to 1.
#[must_use]
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Bounds {
    if trials == 0 {
        return Bounds { estimate: f64::NAN, low: 0.0, high: 1.0 };
    }
    let (x, n) = (successes as f64, trials as f64);
    let z = normal_quantile(0.5 + confidence / 2.0);
    let centre = (x + z * z / 2.0) / (n + z * z);
    let half = z / (n + z * z) * (x * (n - x) / n + z * z / 4.0).sqrt();
    // At the ends the formula gives 0 and 1, to rounding.
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == trials { 1.0 } else { centre + half };
    Bounds { estimate: x / n, low, high }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of scipy 1.17, `binomtest(x, n).proportion_ci(0.95, "wilson")`.
    #[test]
    fn the_interval_is_wilsons() {
        for (x, n, low, high) in [
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (3, 10, 0.107_791_267_406_301_02, 0.603_221_852_538_854_6),
            (10, 10, 0.722_467_200_137_110_7, 1.0),
            (950, 1000, 0.934_686_179_755_749_1, 0.961_869_737_607_251_1),
        ] {
            let got = wilson(x, n, 0.95);
            assert!((got.low - low).abs() < 1e-9, "{x} of {n}: {got:?}");
            assert!((got.high - high).abs() < 1e-9, "{x} of {n}: {got:?}");
        }
        let nothing = wilson(0, 0, 0.95);
        assert!(nothing.estimate.is_nan() && nothing.contains(0.0) && nothing.contains(1.0));
    }

    /// The exact probability that the interval holds p, summed over the binomial law, averages to
    /// the nominal one over p (Brown, Cai and DasGupta, Statistical Science 2001, section 3.1.1).
    #[test]
    fn on_average_over_probabilities_it_covers_as_it_says() {
        let n = 40_u64;
        let covered = |p: f64| {
            let mut mass = libm::pow(1.0 - p, n as f64);
            let mut total = 0.0;
            for x in 0..=n {
                total += if wilson(x, n, 0.95).contains(p) { mass } else { 0.0 };
                mass *= (n - x) as f64 / (x + 1) as f64 * p / (1.0 - p);
            }
            total
        };
        let grid = 1000;
        let mean = (0..grid).map(|i| covered((f64::from(i) + 0.5) / f64::from(grid))).sum::<f64>()
            / f64::from(grid);
        assert!((0.945..0.96).contains(&mean), "{mean}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn the_interval_holds_the_share_and_mirrors(n in 1_u64..5000, part in 0.0..=1.0_f64) {
            let x = (part * n as f64) as u64;
            let (got, mirror) = (wilson(x, n, 0.9), wilson(n - x, n, 0.9));
            prop_assert!(0.0 <= got.low && got.high <= 1.0 && got.contains(got.estimate));
            prop_assert!((got.low - (1.0 - mirror.high)).abs() < 1e-12);
        }
    }
}
