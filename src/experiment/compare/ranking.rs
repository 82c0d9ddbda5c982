//! Arms from best to worst, each as a multiple of the best.

use super::goal::{Goal, from_best};
use super::paired::pairs;
use crate::engine::statistics::{Interval, Welford, mean_interval, student_t_quantile};

/// A row of a ranking.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The arm.
    pub arm: usize,
    /// Its mean.
    pub mean: Interval,
    /// Its mean as a multiple of the best arm's. The interval is that of a ratio of paired means
    /// by the delta method: the spread of xᵣ − ρ̂·yᵣ over the best arm's mean (Cochran, "Sampling
    /// Techniques", section 2.11). Not a number where the best mean is 0.
    pub relative: Interval,
}

/// Ranks arms by their means; those without a value come last.
#[must_use]
pub fn ranking(arms: &[Vec<f64>], goal: Goal, confidence: f64) -> Vec<Ranked> {
    let means: Vec<Interval> = arms.iter().map(|arm| mean_interval(arm, confidence)).collect();
    let order = from_best(&means.iter().map(|m| m.mean).collect::<Vec<_>>(), goal);
    let row = |&arm: &usize| Ranked {
        arm,
        mean: means[arm],
        relative: ratio(&arms[arm], &arms[order[0]], confidence),
    };
    order.iter().map(row).collect()
}

/// The mean of the first over that of the second, paired.
fn ratio(first: &[f64], second: &[f64], confidence: f64) -> Interval {
    let (mut x, mut y) = (Welford::default(), Welford::default());
    pairs(first, second).for_each(|(a, b)| {
        x.add(a);
        y.add(b);
    });
    let (n, base) = (x.count(), y.mean());
    let ratio = if base.abs() > 0.0 { x.mean() / base } else { f64::NAN };
    let mut residual = Welford::default();
    pairs(first, second).for_each(|(a, b)| residual.add(a - ratio * b));
    let sd = residual.variance().sqrt() / base.abs();
    let half_width = if n < 2 {
        f64::NAN
    } else {
        student_t_quantile(0.5 + confidence / 2.0, (n - 1) as f64) * sd / (n as f64).sqrt()
    };
    Interval { mean: ratio, half_width, sd, n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_multiples_of_the_best() {
        let arms =
            [vec![4.0, 6.0, 8.0], vec![2.0, 3.0, 4.0], vec![f64::NAN; 3], vec![4.0, 3.0, 5.0]];
        let got = ranking(&arms, Goal::Minimum, 0.95);
        assert_eq!(got.iter().map(|r| r.arm).collect::<Vec<_>>(), [1, 3, 0, 2]);
        assert!((got[0].relative.mean - 1.0).abs() < 1e-12);
        assert!(got[0].relative.half_width.abs() < 1e-12);
        // Twice the best in every replication: no doubt of the ratio.
        assert!((got[2].relative.mean - 2.0).abs() < 1e-12);
        assert!(got[2].relative.half_width.abs() < 1e-12);
        // 4/3; residuals 4 − 8/3, 3 − 4, 5 − 16/3 = 4/3, −1, −1/3: variance (16 + 9 + 1)/18.
        let half = student_t_quantile(0.975, 2.0) * (26.0_f64 / 18.0 / 3.0).sqrt() / 3.0;
        assert!((got[1].relative.mean - 4.0 / 3.0).abs() < 1e-12);
        assert!((got[1].relative.half_width - half).abs() < 1e-12);
        assert!(got[3].relative.mean.is_nan());
    }

    #[test]
    fn nothing_is_a_multiple_of_nothing() {
        let got = ranking(&[vec![0.0, 0.0], vec![1.0, 2.0]], Goal::Minimum, 0.95);
        assert!(got[1].relative.mean.is_nan() && got[1].relative.half_width.is_nan());
    }
}
