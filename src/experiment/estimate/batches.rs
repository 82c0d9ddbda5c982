//! The mean of one long correlated series with its standard error, from means of batches.

use crate::engine::statistics::{Interval, Welford, normal_quantile, student_t_quantile};

/// The mean of a stationary series, and how well it is known.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct SeriesMean {
    /// The mean.
    pub mean: f64,
    /// Estimated variance of that mean.
    pub variance: f64,
    /// Degrees of freedom of the variance.
    pub df: f64,
    /// Values in a batch.
    pub size: usize,
    /// How many batches there are: for overlapping ones, that fit side by side.
    pub batches: usize,
}

/// The series is too short for batches that are many enough and long enough.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run is too short: batches of {size} would leave fewer than {least}")]
pub struct TooShort {
    /// Values in a batch.
    pub size: usize,
    /// Batches there must be.
    pub least: usize,
}

/// The fewest batches whose means are still judged. Schmeiser (Operations Research 1982) finds
/// between 10 and 30 to be enough: fewer widen the interval, more risk correlation.
pub const BATCHES_MIN: usize = 10;
/// The most that are tried first.
pub const BATCHES_MAX: usize = 30;
/// Level of the test of correlation between batches, one-sided; an assumption.
const TEST_LEVEL: f64 = 0.1;

impl SeriesMean {
    /// The interval of the mean at `confidence`. Its `n` is the number of batches and its `sd`
    /// that of independent batch means which would be as uncertain.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half_width = student_t_quantile(0.5 + confidence / 2.0, self.df) * self.variance.sqrt();
        let n = self.batches as u64;
        Interval { mean: self.mean, half_width, sd: (self.variance * n as f64).sqrt(), n }
    }
}

/// Means of batches of `size` values side by side; values that fill no batch are left out at the
/// start, where the series is least settled. V̂ = Σ(Zⱼ − Z̄)²/(k(k − 1)) (Conway, Management Science
/// 1963).
///
/// # Errors
/// Fewer than two batches.
///
/// # Panics
/// Where `size` is 0.
pub fn batch_means(values: &[f64], size: usize) -> Result<SeriesMean, TooShort> {
    let means = means_of_batches(values, size);
    let batches = means.len();
    if batches < 2 {
        return Err(TooShort { size, least: 2 });
    }
    let mut fold = Welford::default();
    means.iter().for_each(|z| fold.add(*z));
    let variance = fold.variance() / batches as f64;
    Ok(SeriesMean { mean: fold.mean(), variance, df: (batches - 1) as f64, size, batches })
}

fn means_of_batches(values: &[f64], size: usize) -> Vec<f64> {
    assert!(size > 0, "a batch holds something");
    let whole = &values[values.len() % size..];
    whole.chunks_exact(size).map(|b| b.iter().sum::<f64>() / size as f64).collect()
}

/// Means of all batches of `size` values that follow each other, overlapping: V̂ = m Σ(X̄ⱼ,ₘ − X̄)² /
/// ((n − m + 1)(n − m)), with 3(n/m − 1)/2 degrees of freedom: half as many again as batches side
/// by side (Meketon and Schmeiser, WSC 1984).
///
/// # Errors
/// Fewer than two batches would fit side by side.
///
/// # Panics
/// Where `size` is 0.
pub fn overlapping_batch_means(values: &[f64], size: usize) -> Result<SeriesMean, TooShort> {
    assert!(size > 0, "a batch holds something");
    let (n, m) = (values.len(), size as f64);
    let batches = n / size;
    if batches < 2 {
        return Err(TooShort { size, least: 2 });
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values
        .windows(size)
        .map(|window| (window.iter().map(|x| x - mean).sum::<f64>() / m).powi(2))
        .sum();
    let variance = m * squares / ((n - size + 1) as f64 * (n - size) as f64);
    let df = 1.5 * (n as f64 / m - 1.0);
    Ok(SeriesMean { mean, variance, df, size, batches })
}

/// Batch means with a size that leaves them uncorrelated: from [`BATCHES_MAX`] batches on the size
/// is doubled until the test of von Neumann no longer sees correlation.
///
/// # Errors
/// Where that leaves fewer than [`BATCHES_MIN`] batches: the run is too short.
pub fn uncorrelated_batch_means(values: &[f64]) -> Result<SeriesMean, TooShort> {
    let mut size = (values.len() / BATCHES_MAX).max(1);
    loop {
        let means = means_of_batches(values, size);
        if means.len() < BATCHES_MIN {
            return Err(TooShort { size, least: BATCHES_MIN });
        }
        if !correlated(&means) {
            return batch_means(values, size);
        }
        size *= 2;
    }
}

/// Whether neighbours are more alike than independent values: C = 1 − Σ(Zⱼ − Zⱼ₊₁)²/(2Σ(Zⱼ − Z̄)²)
/// is compared with its normal approximation of variance (k − 2)/(k² − 1) (von Neumann, Ann. Math.
/// Statist. 1941; Fishman, Management Science 1978).
fn correlated(means: &[f64]) -> bool {
    let k = means.len() as f64;
    let limit = normal_quantile(1.0 - TEST_LEVEL) * ((k - 2.0) / (k * k - 1.0)).sqrt();
    serial_correlation(means) > limit
}

/// Von Neumann's C; not a number where all values are equal.
fn serial_correlation(means: &[f64]) -> f64 {
    let mut fold = Welford::default();
    means.iter().for_each(|z| fold.add(*z));
    let squares = fold.variance() * (means.len() - 1) as f64;
    let steps: f64 = means.windows(2).map(|w| (w[0] - w[1]).powi(2)).sum();
    1.0 - steps / (2.0 * squares)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// x ← 0.8 x + (u − ½), u from Lehmer's generator.
    fn autoregression(n: usize) -> Vec<f64> {
        let (mut word, mut x) = (12_345_u64, 0.0);
        (0..n)
            .map(|_| {
                word = 16_807 * word % 2_147_483_647;
                x = 0.8 * x + (word as f64 / 2_147_483_647.0 - 0.5);
                x
            })
            .collect()
    }

    /// Found again by numpy, summing batches directly.
    #[test]
    fn variances_are_those_of_other_programs() {
        let values = autoregression(2000);
        let batches = batch_means(&values, 100).unwrap();
        assert!((batches.mean - 0.006_152_396_168_01).abs() < 1e-12);
        assert!((batches.variance - 1.044_582_907_1e-3).abs() < 1e-12);
        assert!((batches.df - 19.0).abs() < 1e-12 && batches.batches == 20);
        let overlapping = overlapping_batch_means(&values, 100).unwrap();
        assert!((overlapping.mean - 0.006_152_396_168_01).abs() < 1e-12);
        assert!((overlapping.variance - 1.034_878_778_3e-3).abs() < 1e-12);
        assert!((overlapping.df - 28.5).abs() < 1e-12);
    }

    #[test]
    fn what_fills_no_batch_is_left_out_at_the_start() {
        let got = batch_means(&[100.0, 1.0, 3.0, 5.0, 7.0], 2).unwrap();
        assert!((got.mean - 4.0).abs() < 1e-12 && got.batches == 2);
        assert!((got.variance - 4.0).abs() < 1e-12);
        assert_eq!(batch_means(&[1.0, 2.0, 3.0], 2), Err(TooShort { size: 2, least: 2 }));
        let too_short = overlapping_batch_means(&[1.0, 2.0, 3.0], 2);
        assert_eq!(too_short, Err(TooShort { size: 2, least: 2 }));
    }

    /// With n batch of one value overlapping or not is the same.
    #[test]
    fn batches_of_one_are_the_values() {
        let values = autoregression(50);
        let (side, over) = (batch_means(&values, 1), overlapping_batch_means(&values, 1));
        assert!((side.unwrap().variance - over.unwrap().variance).abs() < 1e-12);
    }

    #[test]
    fn size_grows_until_batches_no_longer_follow_each_other() {
        let got = uncorrelated_batch_means(&autoregression(20_000)).unwrap();
        assert!((BATCHES_MIN..=BATCHES_MAX).contains(&got.batches), "{got:?}");
        // A walk never forgets.
        let mut place = 0.0;
        let walk: Vec<f64> = autoregression(2000)
            .into_iter()
            .map(|step| {
                place += step;
                place
            })
            .collect();
        assert!(uncorrelated_batch_means(&walk).is_err());
        assert!(uncorrelated_batch_means(&[1.0; 9]).is_err());
        let constant = uncorrelated_batch_means(&[1.0; 900]).unwrap();
        assert!(constant.variance.abs() < 1e-12 && constant.batches == 30);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Moving and stretching the values moves the mean and stretches the error with them.
        #[test]
        fn intervals_move_with_the_values(
            values in prop::collection::vec(-10.0..10.0_f64, 40..200),
            shift in -100.0..100.0_f64, scale in 0.1..10.0_f64, size in 1_usize..12,
        ) {
            let moved: Vec<f64> = values.iter().map(|v| shift + scale * v).collect();
            type Estimator = fn(&[f64], usize) -> Result<SeriesMean, TooShort>;
            for estimate in [batch_means as Estimator, overlapping_batch_means] {
                let (a, b) = (estimate(&values, size).unwrap(), estimate(&moved, size).unwrap());
                prop_assert!((shift + scale * a.mean - b.mean).abs() < 1e-9);
                let stretched = scale * a.interval(0.95).half_width;
                prop_assert!((stretched - b.interval(0.95).half_width).abs() < 1e-9);
            }
        }
    }
}
