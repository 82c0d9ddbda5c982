//! Two arms on the same random numbers: the interval of their difference, and whether sharing
//! them paid.

use serde::{Deserialize, Serialize};

use crate::engine::statistics::{Interval, Welford, mean_interval};

/// The comparison of two arms.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Paired {
    /// The first less the second, by replication, with its paired-t interval.
    pub difference: Interval,
    /// Correlation of the two; NaN if either is constant.
    pub correlation: f64,
    /// Variance of the difference against that of independent arms, Var(X − Y)/(Var X + Var Y):
    /// below 1 the common random numbers paid, above 1 they did harm. Not a number where neither
    /// varies.
    pub variance_ratio: f64,
}

/// What an interval says of a difference.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// All of it lies above 0.
    More,
    /// All of it lies below 0.
    Less,
    /// The interval holds 0, or has no bounds.
    Open,
}

impl Sign {
    /// What results call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Less => "less",
            Self::Open => "open",
        }
    }

    /// The sign that an interval leaves no doubt of.
    #[must_use]
    pub fn of(interval: &Interval) -> Self {
        if interval.low() > 0.0 {
            Self::More
        } else if interval.high() < 0.0 {
            Self::Less
        } else {
            Self::Open
        }
    }
}

/// Compares two arms by replication.
#[must_use]
pub fn paired(first: &[f64], second: &[f64], confidence: f64) -> Paired {
    let (mut x, mut y, mut difference) =
        (Welford::default(), Welford::default(), Welford::default());
    let mut differences = Vec::with_capacity(first.len());
    for (a, b) in pairs(first, second) {
        x.add(a);
        y.add(b);
        difference.add(a - b);
        differences.push(a - b);
    }
    let sum = x.variance() + y.variance();
    let covariance = (sum - difference.variance()) / 2.0;
    let correlation = covariance / (x.variance() * y.variance()).sqrt();
    Paired {
        difference: mean_interval(&differences, confidence),
        correlation: correlation.clamp(-1.0, 1.0),
        variance_ratio: difference.variance() / sum,
    }
}

/// The replications in which both arms have a number.
pub(in super::super) fn pairs<'a>(
    first: &'a [f64],
    second: &'a [f64],
) -> impl Iterator<Item = (f64, f64)> + 'a {
    let both = first.iter().copied().zip(second.iter().copied());
    both.filter(|(a, b)| !a.is_nan() && !b.is_nan())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::statistics::student_t_quantile;

    /// By hand: differences 1, 2, 3, 2 have mean 2 and variance 2/3.
    #[test]
    fn a_pair_is_compared_by_its_differences() {
        let (x, y) = ([5.0, 7.0, 9.0, f64::NAN, 6.0], [4.0, 5.0, 6.0, 1.0, 4.0]);
        let got = paired(&x, &y, 0.95);
        let half = student_t_quantile(0.975, 3.0) * (2.0_f64 / 3.0).sqrt() / 2.0;
        assert_eq!(got.difference.n, 4);
        assert!((got.difference.mean - 2.0).abs() < 1e-12);
        assert!((got.difference.half_width - half).abs() < 1e-12);
        // Variances 35/12 and 11/12; the covariance is (46/12 − 8/12)/2 = 19/12.
        assert!((got.variance_ratio - 8.0 / 46.0).abs() < 1e-12);
        assert!((got.correlation - 19.0 / (35.0_f64 * 11.0).sqrt()).abs() < 1e-12);
        assert_eq!(Sign::of(&got.difference), Sign::More);
        assert_eq!(Sign::of(&paired(&y, &x, 0.95).difference), Sign::Less);
        assert_eq!(Sign::of(&paired(&x[..1], &y[..1], 0.95).difference), Sign::Open);
    }

    #[test]
    fn equal_arms_differ_by_nothing() {
        let x = [1.0, 2.0, 4.0];
        let got = paired(&x, &x, 0.95);
        assert!(got.difference.mean.abs() < 1e-12 && got.difference.half_width.abs() < 1e-12);
        assert!((got.correlation - 1.0).abs() < 1e-12 && got.variance_ratio.abs() < 1e-12);
        assert_eq!(Sign::of(&got.difference), Sign::Open);
        assert!(paired(&[1.0; 3], &[1.0; 3], 0.95).variance_ratio.is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// The ratio and the correlation say the same: with equal variances, ratio = 1 − ρ.
        #[test]
        fn the_other_way_round_is_the_negative(
            x in prop::collection::vec(-10.0..10.0_f64, 3..40), shift in -5.0..5.0_f64,
        ) {
            let y: Vec<f64> = x.iter().rev().map(|v| v + shift).collect();
            let (a, b) = (paired(&x, &y, 0.9), paired(&y, &x, 0.9));
            prop_assert!((a.difference.mean + b.difference.mean).abs() < 1e-9);
            prop_assert!((a.difference.half_width - b.difference.half_width).abs() < 1e-9);
            prop_assert!((a.variance_ratio - (1.0 - a.correlation)).abs() < 1e-9);
        }
    }
}
