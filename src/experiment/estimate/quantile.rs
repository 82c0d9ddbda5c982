//! The interval of a quantile from independent values, by order statistics: it needs no law.
//!
//! The number of values at or below the p-quantile is binomial (n, p), so that two order
//! statistics enclose the quantile with a probability that can be summed (David and Nagaraja,
//! "Order Statistics", section 7.1). Values within a run are correlated: give this a value per
//! run, never the pooled waits of one.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::engine::statistics::Bounds;

/// There are too few values for an interval at this confidence.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{n} values do not bound this quantile on both sides; it takes {needed}")]
pub struct TooFew {
    /// Values given.
    pub n: usize,
    /// Values it takes.
    pub needed: usize,
}

/// The `p`-quantile of independent values, 0 < p < 1, with its interval at `confidence`. The
/// estimate is the order statistic X₍⌈np⌉₎. Values that are not numbers are left out.
///
/// # Errors
/// Where even the least and the greatest value do not enclose it with that confidence.
pub fn quantile_interval(values: &[f64], p: f64, confidence: f64) -> Result<Bounds, TooFew> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (low, high) = ranks(n, p, confidence)?;
    let middle = ((n as f64 * p).ceil() as usize).clamp(1, n);
    let at = |rank: usize| sorted[rank - 1];
    Ok(Bounds { estimate: at(middle), low: at(low), high: at(high) })
}

/// The ranks, from 1, of the order statistics that enclose the `p`-quantile of `n` values, each
/// side missing it with probability (1 − confidence)/2 at most.
///
/// # Errors
/// Where there are none.
///
/// # Panics
/// Where `p` is no probability.
pub fn ranks(n: usize, p: f64, confidence: f64) -> Result<(usize, usize), TooFew> {
    let tail = (1.0 - confidence) / 2.0;
    let too_few = TooFew { n, needed: values_needed(p, confidence) };
    if n == 0 {
        return Err(too_few);
    }
    let law = Binomial::new(p, n as u64).expect("a probability");
    let below = |rank: usize| law.cdf(rank as u64 - 1);
    // P(fewer than `rank` values lie at or below the quantile) grows with the rank.
    let low = first(1, n + 1, |rank| below(rank) > tail) - 1;
    let high = first(1, n + 1, |rank| below(rank) >= 1.0 - tail);
    if low == 0 || high > n { Err(too_few) } else { Ok((low, high)) }
}

/// How many values it takes to enclose the `p`-quantile on both sides.
#[must_use]
pub fn values_needed(p: f64, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    (libm::log(tail) / libm::log(p.max(1.0 - p))).ceil() as usize
}

/// The first of `from..until` for which `holds`, which from there on does; `until` if for none.
fn first(mut from: usize, mut until: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < until {
        let middle = from + (until - from) / 2;
        if holds(middle) { until = middle } else { from = middle + 1 }
    }
    from
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ranks as tables have them (the median of ten: the 2nd and the 9th at 97.9 %), and by
    /// summing scipy's binomial law.
    #[test]
    fn ranks_are_those_of_the_tables() {
        for (n, p, expected) in [
            (10, 0.5, Ok((2, 9))),
            (20, 0.5, Ok((6, 15))),
            (100, 0.95, Ok((90, 100))),
            (72, 0.95, Ok((64, 72))),
            (73, 0.95, Ok((65, 73))),
            (59, 0.95, Err(TooFew { n: 59, needed: 72 })),
            (20, 0.95, Err(TooFew { n: 20, needed: 72 })),
            (0, 0.5, Err(TooFew { n: 0, needed: 6 })),
        ] {
            assert_eq!(ranks(n, p, 0.95), expected, "{n} values, p = {p}");
        }
    }

    #[test]
    fn the_interval_is_made_of_values() {
        let values: Vec<f64> = (1..=10).rev().map(f64::from).chain([f64::NAN]).collect();
        let got = quantile_interval(&values, 0.5, 0.95).unwrap();
        assert_eq!(got, Bounds { estimate: 5.0, low: 2.0, high: 9.0 });
    }

    /// P(low ≤ B < high), summed.
    fn coverage(n: usize, p: f64, low: usize, high: usize) -> f64 {
        let ways = |x: usize| {
            let factorial = |m: usize| libm::lgamma(m as f64 + 1.0);
            factorial(n) - factorial(x) - factorial(n - x)
        };
        let mass = |x: usize| {
            libm::exp(ways(x) + x as f64 * libm::log(p) + (n - x) as f64 * libm::log1p(-p))
        };
        (low..high).map(mass).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn it_covers_with_the_confidence_and_no_narrower_pair_does(
            n in 1_usize..400, p in 0.05..0.95_f64, confidence in 0.5..0.99_f64,
        ) {
            match ranks(n, p, confidence) {
                Err(TooFew { needed, .. }) => {
                    prop_assert!(n < needed, "{} of {}", n, needed);
                }
                Ok((low, high)) => {
                    prop_assert!(n >= values_needed(p, confidence));
                    let tail = (1.0 - confidence) / 2.0;
                    prop_assert!(coverage(n, p, low, high) >= confidence - 1e-9);
                    prop_assert!(coverage(n, p, 0, low + 1) > tail - 1e-9);
                    prop_assert!(coverage(n, p, 0, high - 1) < 1.0 - tail + 1e-9);
                }
            }
        }
    }
}
