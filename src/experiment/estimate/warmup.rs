//! Where the start is forgotten: the cut of MSER, and Welch's moving average to look at beside it.

/// A cut.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Cut {
    /// Number of values at the start that are left out.
    pub deleted: usize,
    /// The mean of all the others.
    pub mean: f64,
}

/// Why there is no cut.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// The best cut is at the middle, the last one looked at, or there are too few batches to
    /// look at any.
    #[error("the run is too short: after half of it the start still shows")]
    TooShort,
    /// A value that is no number.
    #[error("value {at} is not a finite number")]
    NotFinite {
        /// Which.
        at: usize,
    },
}

/// The cut of MSER-`size`: values are averaged in batches of `size`, and a number of batches at the
/// start are left out that the marginal standard error of the rest, Σ(zᵢ − z̄)²/(k − d)², is least;
/// at most half of them. Ties go to the smaller cut. Values after the last whole batch do not
/// decide, but count in the mean. For independent runs give it their mean at each time
/// ([`mean_series`]): a design point, or a study with common random numbers, has one cut.
///
/// Sources: White, "An effective truncation heuristic for bias reduction in simulation output",
/// Simulation 69 (1997); White, Cobb and Spratt (WSC 2000), who recommend batches of five.
///
/// # Errors
/// A cut at the middle says that the run is too short, and is not used; values must be finite.
///
/// # Panics
/// Where `size` is 0.
pub fn mser(values: &[f64], size: usize) -> Result<Cut, CutError> {
    assert!(size > 0, "a batch holds something");
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(CutError::NotFinite { at });
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let batches: Vec<f64> = values.chunks_exact(size).map(mean).collect();
    let middle = batches.len() / 2;
    // From the end on, in one pass (Welford): mean and squares of what a cut leaves.
    let (mut rest, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, middle);
    for (cut, z) in batches.iter().enumerate().rev() {
        let left = (batches.len() - cut) as f64;
        let delta = z - rest;
        rest += delta / left;
        squares += delta * (z - rest);
        let error = squares / (left * left);
        if cut <= middle && error <= best.0 {
            best = (error, cut);
        }
    }
    if best.1 == middle {
        return Err(CutError::TooShort);
    }
    let deleted = best.1 * size;
    Ok(Cut { deleted, mean: mean(&values[deleted..]) })
}

/// The mean of several runs at each time, as long as the shortest of them. Values that are not
/// numbers (nothing was observed) are left out of the mean of their time.
#[must_use]
pub fn mean_series(runs: &[Vec<f64>]) -> Vec<f64> {
    let length = runs.iter().map(Vec::len).min().unwrap_or(0);
    (0..length)
        .map(|time| {
            let seen: Vec<f64> = runs.iter().map(|r| r[time]).filter(|v| !v.is_nan()).collect();
            seen.iter().sum::<f64>() / seen.len() as f64
        })
        .collect()
}

/// Welch's moving average over `window` values on each side, fewer near the start so that it stays
/// centred; the last `window` values have none. What to look at: the warm-up is over where the
/// curve is flat (Welch, "The statistical analysis of simulation results", 1983).
#[must_use]
pub fn welch(series: &[f64], window: usize) -> Vec<f64> {
    (0..series.len().saturating_sub(window))
        .map(|i| {
            let reach = window.min(i);
            let around = &series[i - reach..=i + reach];
            around.iter().sum::<f64>() / around.len() as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The decay over a saw-tooth of studies.md; both cuts were found by pymser 1.0.22 too, and
    /// again by a separate sum for each cut (numpy).
    fn decay() -> Vec<f64> {
        let y = |i: u32| 10.0 * libm::exp(-f64::from(i) / 40.0) + f64::from(7919 * i % 101) / 101.0;
        (0..1000).map(y).collect()
    }

    #[test]
    fn cuts_are_those_of_other_programs() {
        for (size, deleted, mean) in [(1, 136, 0.509_616_838_895), (5, 200, 0.497_297_399_741)] {
            let cut = mser(&decay(), size).unwrap();
            assert_eq!(cut.deleted, deleted);
            assert!((cut.mean - mean).abs() < 1e-9, "{cut:?}");
        }
        let full = decay().iter().sum::<f64>() / 1000.0;
        assert!((full - 0.899_347_565_784).abs() < 1e-9);
    }

    #[test]
    fn a_run_that_is_too_short_says_so() {
        let rising: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(mser(&rising, 1), Err(CutError::TooShort));
        assert_eq!(mser(&decay()[..60], 5), Err(CutError::TooShort));
        assert_eq!(mser(&[1.0], 1), Err(CutError::TooShort));
        assert_eq!(mser(&[], 5), Err(CutError::TooShort));
        assert_eq!(mser(&[1.0, f64::NAN], 1), Err(CutError::NotFinite { at: 1 }));
    }

    #[test]
    fn what_never_changes_needs_no_cut() {
        assert_eq!(mser(&[3.0; 40], 5), Ok(Cut { deleted: 0, mean: 3.0 }));
    }

    #[test]
    fn welchs_average_is_centred() {
        let series = [1.0, 2.0, 6.0, 3.0, 8.0, 1.0];
        let expected = [1.0, 3.0, 11.0 / 3.0, 17.0 / 3.0, 4.0];
        let got = welch(&series, 1);
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-12), "{got:?}");
        // Two values on each side: the first has none, the second one, the third two.
        assert!((welch(&series, 2)[2] - 4.0).abs() < 1e-12);
        assert_eq!(welch(&series, 2).len(), 4);
        assert_eq!(mean_series(&[vec![1.0, 2.0], vec![3.0, f64::NAN, 9.0]]), [2.0, 2.0]);
    }

    /// Each cut summed on its own.
    fn directly(values: &[f64]) -> usize {
        let error = |cut: usize| {
            let rest = &values[cut..];
            let n = rest.len() as f64;
            let mean = rest.iter().sum::<f64>() / n;
            rest.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n * n)
        };
        let cuts = 0..=values.len() / 2;
        cuts.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn one_pass_finds_the_cut_of_the_definition(
            noise in prop::collection::vec(-1.0..1.0_f64, 10..200), start in 0.0..20.0_f64,
        ) {
            let values: Vec<f64> = noise
                .iter()
                .enumerate()
                .map(|(i, e)| start * libm::exp(-(i as f64) / 10.0) + e)
                .collect();
            let expected = directly(&values);
            let got = mser(&values, 1);
            if expected == values.len() / 2 {
                prop_assert_eq!(got, Err(CutError::TooShort));
            } else {
                prop_assert_eq!(got.unwrap().deleted, expected);
            }
        }
    }
}
