//! Rinott's two-stage selection ("On two-stage selection procedures and related probability
//! inequalities", Comm. Statist. A7, 1978): for independent arms, normal values, any variances.
//! Common random numbers break its assumption; use Kim and Nelson's procedure with them.

use crate::engine::statistics::normal_probability;

/// Nodes of the trapezoidal rule in the logarithm of chi-squared. The integrand and all its
/// derivatives vanish at both ends, where the rule converges faster than any power.
const NODES: usize = 400;

/// Rinott's h for `arms` arms, `first` replications in the first stage and a probability of
/// correct selection of `confidence`: the solution of
/// ∫ [∫ Φ(h / √((n₀ − 1)(1/x + 1/y))) f(x) dx]^(k−1) f(y) dy = P*, f being the density of
/// chi-squared with n₀ − 1 degrees of freedom.
///
/// # Panics
/// Where there are fewer than two arms or two replications, or the confidence is not above 1/k.
#[must_use]
pub fn h(arms: usize, first: usize, confidence: f64) -> f64 {
    assert!(arms >= 2 && first >= 2, "a selection takes two arms and two replications");
    assert!(1.0 / (arms as f64) < confidence && confidence < 1.0, "a probability above chance");
    let df = (first - 1) as f64;
    let nodes = chi_squared_nodes(df);
    let correct = |h: f64| -> f64 {
        let inner = |y: f64| -> f64 {
            let ahead = |x: f64| normal_probability(h / (df * (1.0 / x + 1.0 / y)).sqrt());
            nodes.iter().map(|(x, weight)| weight * ahead(*x)).sum()
        };
        nodes.iter().map(|(y, w)| w * libm::pow(inner(*y), (arms - 1) as f64)).sum()
    };
    solve(correct, confidence)
}

/// Replications an arm needs in all: max(n₀, ⌈(h S/δ)²⌉), S being the standard deviation of its
/// first stage and δ the difference that matters.
#[must_use]
pub fn replications(h: f64, sd: f64, indifference: f64, first: usize) -> usize {
    ((h * sd / indifference).powi(2).ceil() as usize).max(first)
}

/// Values of chi-squared with their probabilities, equally far apart in the logarithm.
fn chi_squared_nodes(df: f64) -> Vec<(f64, f64)> {
    let log_scale = libm::lgamma(df / 2.0) + df / 2.0 * std::f64::consts::LN_2;
    let density = |log_x: f64| {
        let x = libm::exp(log_x);
        libm::exp(df / 2.0 * log_x - x / 2.0 - log_scale)
    };
    // Below, the density times x falls as x^(df/2); above, faster than exponentially.
    let (from, until) = (libm::log(df) - 80.0 / df, libm::log(df + 20.0 * df.sqrt() + 90.0));
    let step = (until - from) / NODES as f64;
    (0..=NODES)
        .map(|i| from + step * i as f64)
        .map(|log_x| (libm::exp(log_x), step * density(log_x)))
        .collect()
}

/// Where a rising function reaches a value, to the last bits.
pub(super) fn solve(function: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while function(high) < value && high < 1e6 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..48 {
        let middle = (low + high) / 2.0;
        if function(middle) < value { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Gauss and Legendre's rule of 400 nodes (numpy) and Brent's method (scipy 1.17).
    #[test]
    fn h_is_that_of_another_quadrature() {
        for (k, n0, expected) in [
            (2, 10, 2.614_119_295_308_53),
            (5, 20, 3.385_418_731_563_121),
            (10, 20, 3.875_276_635_648_251_3),
            (10, 10, 4.289_547_471_565_298),
        ] {
            let got = h(k, n0, 0.95);
            assert!((got - expected).abs() < 1e-9, "{k}, {n0}: {got}");
        }
    }

    #[test]
    fn replications_follow_the_spread() {
        assert_eq!(replications(3.0, 2.0, 1.0, 10), 36);
        assert_eq!(replications(3.0, 2.1, 1.0, 10), 40);
        assert_eq!(replications(3.0, 0.5, 1.0, 10), 10);
    }
}
