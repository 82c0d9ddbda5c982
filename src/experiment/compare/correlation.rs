//! Whether two arms go together: the interval of a correlation (Fisher, Metron 1921: artanh r is
//! nearly normal with variance 1/(n − 3) where both values are).

use crate::engine::statistics::{Bounds, normal_quantile};

/// The interval of a correlation `r` of `n` pairs. With three pairs or fewer it is all of −1 to 1;
/// without a correlation it is not a number.
#[must_use]
pub fn correlation_interval(r: f64, n: u64, confidence: f64) -> Bounds {
    if r.is_nan() {
        return Bounds { estimate: r, low: r, high: r };
    }
    if n <= 3 {
        return Bounds { estimate: r, low: -1.0, high: 1.0 };
    }
    let half = normal_quantile(0.5 + confidence / 2.0) / ((n - 3) as f64).sqrt();
    let end = |side: f64| libm::tanh(libm::atanh(r) + side * half);
    Bounds { estimate: r, low: end(-1.0), high: end(1.0) }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::engine::random::RandomSource;
    use crate::experiment::compare::paired::paired;

    /// scipy 1.17: `pearsonr(range(1, 11), [2, 1, 4, 3, 7, 5, 8, 6, 10, 9])
    /// .confidence_interval(0.95)`, whose interval is Fisher's.
    #[test]
    fn the_interval_is_that_of_scipy() {
        let got = correlation_interval(SCIPY[0], 10, 0.95);
        assert!((got.low - SCIPY[1]).abs() < 1e-9, "{got:?}");
        assert!((got.high - SCIPY[2]).abs() < 1e-9, "{got:?}");
    }

    const SCIPY: [f64; 3] =
        [0.903_030_303_030_302_5, 0.633_718_181_083_042_5, 0.977_103_356_482_641];

    #[test]
    fn few_pairs_say_nothing_and_equal_arms_everything() {
        assert!(correlation_interval(-0.9, 3, 0.95).contains(1.0));
        assert!(correlation_interval(-1.0, 4, 0.95).high < 0.0);
        assert!(correlation_interval(f64::NAN, 10, 0.95).high.is_nan());
    }

    /// How often, of 1000 pairs of arms of ten runs, all of the interval lies below 0.
    fn said(correlation: f64) -> i32 {
        let arms = |repeat| {
            let mut draw = RandomSource::new(17, repeat).at(1, 0, 0);
            let mut normal = || -> f64 { StandardNormal.sample(&mut draw) };
            let rest = (1.0 - correlation * correlation).sqrt();
            let pair = |_| {
                let (a, b) = (normal(), normal());
                (a, correlation * a + rest * b)
            };
            let (x, y): (Vec<f64>, Vec<f64>) = (0..10).map(pair).unzip();
            correlation_interval(paired(&x, &y, 0.95).correlation, 10, 0.95).high < 0.0
        };
        (0..1000).map(|repeat| i32::from(arms(repeat))).sum()
    }

    /// Independent arms are blamed in at most 2.5 % of cases, to four standard errors; arms of
    /// correlation −0.9 nearly always: with n = 10, artanh(−0.9) = −1.47 is 3.9 standard errors
    /// below 0, and the limit is 1.96.
    #[test]
    fn chance_is_seldom_blamed_and_harm_seldom_missed() {
        let allowed = 25.0 + 4.0 * (0.025 * 0.975 * 1000.0_f64).sqrt();
        let (none, harm, help) = (said(0.0), said(-0.9), said(0.5));
        assert!(f64::from(none) <= allowed && none > 0, "{none} of 1000");
        assert!(harm > 900, "{harm} of 1000");
        assert!(help <= none, "{help} of 1000");
    }
}
