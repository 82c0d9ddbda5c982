//! The two-stage selection of Dudewicz and Dalal ("Allocation of observations in ranking and
//! selection with unequal variances", Sankhyā B37, 1975; Law, "Simulation Modeling and Analysis",
//! section 10.4.1): for independent arms and normal values, it selects by weighted means.

use super::rinott::solve;
use crate::engine::statistics::student_t_probability;

/// Nodes of the trapezoidal rule, at t = sinh(s) with s equally far apart.
const NODES: usize = 400;
const REACH: f64 = 12.0;

/// The constant h₁ for `arms` arms, `first` replications in the first stage and a probability of
/// correct selection of `confidence`: the solution of ∫ F(t + h)^(k−1) f(t) dt = P*, F and f being
/// those of Student's t with n₀ − 1 degrees of freedom.
///
/// # Panics
/// Where there are fewer than two arms or two replications, or the confidence is not above 1/k.
#[must_use]
pub fn h1(arms: usize, first: usize, confidence: f64) -> f64 {
    assert!(arms >= 2 && first >= 2, "a selection takes two arms and two replications");
    assert!(1.0 / (arms as f64) < confidence && confidence < 1.0, "a probability above chance");
    let df = (first - 1) as f64;
    let log_scale = libm::lgamma((df + 1.0) / 2.0)
        - libm::lgamma(df / 2.0)
        - libm::log(df * std::f64::consts::PI) / 2.0;
    let density = |t: f64| libm::exp(log_scale - (df + 1.0) / 2.0 * libm::log1p(t * t / df));
    let step = 2.0 * REACH / NODES as f64;
    let nodes: Vec<(f64, f64)> = (0..=NODES)
        .map(|i| step * i as f64 - REACH)
        .map(|s| (libm::sinh(s), step * libm::cosh(s) * density(libm::sinh(s))))
        .collect();
    let correct = |h: f64| -> f64 {
        let ahead = |t: f64| libm::pow(student_t_probability(t + h, df), (arms - 1) as f64);
        nodes.iter().map(|(t, weight)| weight * ahead(*t)).sum()
    };
    solve(correct, confidence)
}

/// Replications an arm needs in all: max(n₀ + 1, ⌈(h₁ S/δ)²⌉).
#[must_use]
pub fn replications(h1: f64, sd: f64, indifference: f64, first: usize) -> usize {
    ((h1 * sd / indifference).powi(2).ceil() as usize).max(first + 1)
}

/// The weights of the means of first and second stage: W₁ = n₀/N·(1 + √(1 − N/n₀·(1 − (N − n₀)δ² /
/// (h₁² S²)))) and 1 − W₁.
#[must_use]
pub fn weights(h1: f64, sd: f64, indifference: f64, first: usize, all: usize) -> (f64, f64) {
    let (n0, n) = (first as f64, all as f64);
    let spent = (n - n0) * (indifference / (h1 * sd)).powi(2);
    // By the choice of N the root is of a number at or above 0, to rounding.
    let root = (1.0 - n / n0 * (1.0 - spent)).max(0.0).sqrt();
    let one = n0 / n * (1.0 + root);
    (one, 1.0 - one)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By adaptive quadrature and Brent's method (scipy 1.17); Law's table has 1.896, 2.342, 2.583
    /// and 2.747.
    #[test]
    fn h1_is_that_of_another_quadrature() {
        let expected = [
            1.895_747_077_457_517_6,
            2.342_272_222_793_104,
            2.583_386_919_279_906,
            2.747_092_581_839_578,
        ];
        for (k, expected) in (2..).zip(expected) {
            let got = h1(k, 20, 0.90);
            assert!((got - expected).abs() < 1e-9, "{k}: {got}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// The weights are chosen so that the weighted mean has variance (δ/h₁)² for the S seen:
        /// W₁²/n₀ + W₂²/(N − n₀) = (δ/(h₁ S))².
        #[test]
        fn weighted_means_are_equally_uncertain(sd in 0.5..20.0_f64, first in 5_usize..40) {
            let (h1, delta) = (2.5, 1.0);
            let all = replications(h1, sd, delta, first);
            let (one, two) = weights(h1, sd, delta, first, all);
            let spread = one * one / first as f64 + two * two / (all - first) as f64;
            prop_assert!((spread - (delta / (h1 * sd)).powi(2)).abs() < 1e-9);
        }
    }
}
