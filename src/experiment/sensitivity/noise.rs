//! How much of what looks like the effect of factors is noise of the simulation. Indices of a
//! noisy output count its noise as interaction: print this share beside them.

use crate::engine::statistics::Welford;

/// The share of the variance between points that replication noise explains: the variance that the
/// points' means have from noise alone, over the variance they have. It is 0 for an output without
/// noise, and about 1 where the factors do nothing.
///
/// `runs` holds the values of each point by replication; all points have as many. With
/// `common` random numbers a replication lifts or lowers all points together, which moves no point
/// against another: noise is then what is left after points and replications (the two-way layout
/// without repetition; Montgomery, "Design and Analysis of Experiments", section 4.1). Not a number
/// with fewer than two points or replications.
///
/// # Panics
/// Where points differ in their number of replications.
#[must_use]
pub fn noise_share(runs: &[Vec<f64>], common: bool) -> f64 {
    let points = runs.len();
    let replications = runs.first().map_or(0, Vec::len);
    assert!(runs.iter().all(|run| run.len() == replications), "as many runs of each point");
    if points < 2 || replications < 2 {
        return f64::NAN;
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let mut fold = Welford::default();
        values.for_each(|value| fold.add(value));
        fold
    };
    let by_point: Vec<f64> = runs.iter().map(|run| mean(&mut run.iter().copied()).mean()).collect();
    let between = mean(&mut by_point.iter().copied());
    let lift = |r: usize| {
        let all = mean(&mut runs.iter().map(|run| run[r]));
        if common { all.mean() - between.mean() } else { 0.0 }
    };
    let lifts: Vec<f64> = (0..replications).map(lift).collect();
    let residual = |(run, point): (&Vec<f64>, &f64)| -> f64 {
        run.iter().zip(&lifts).map(|(value, lift)| (value - lift - point).powi(2)).sum()
    };
    let squares: f64 = runs.iter().zip(&by_point).map(residual).sum();
    let free = (replications - 1) * if common { points - 1 } else { points };
    squares / free as f64 / replications as f64 / between.variance()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::engine::random::RandomSource;

    fn normal(point: u64, replication: u64) -> f64 {
        StandardNormal.sample(&mut RandomSource::new(6, replication).at(1, 0, point))
    }

    fn runs(points: u64, effect: f64, common: f64) -> Vec<Vec<f64>> {
        let value = |p: u64, r: u64| {
            effect * normal(p, 1 << 40) + normal(p, r) + common * normal(u64::MAX, r)
        };
        (0..points).map(|p| (0..8).map(|r| value(p, r)).collect()).collect()
    }

    #[test]
    fn a_shared_lift_is_no_noise() {
        let lifted = [vec![1.0, 2.0, 6.0], vec![3.0, 4.0, 8.0]];
        assert!(noise_share(&lifted, true).abs() < 1e-12);
        // Each point has variance 7 and mean square 7/3 of its mean; between them it is 2.
        assert!((noise_share(&lifted, false) - 7.0 / 3.0 / 2.0).abs() < 1e-12);
        assert!(noise_share(&lifted[..1], true).is_nan());
        assert!(noise_share(&[vec![1.0], vec![2.0]], true).is_nan());
    }

    /// Noise of variance 1 over eight replications, beside an effect of variance 1: 1/8 of 9/8.
    /// The variance between 2000 points has relative standard error √(2/1999).
    #[test]
    fn the_share_is_that_of_the_variances() {
        for (effect, common) in [(1.0, 0.0), (1.0, 3.0), (0.0, 3.0)] {
            let exact = 0.125 / (0.125 + effect);
            let got = noise_share(&runs(2000, effect, common), true);
            assert!(
                (got / exact - 1.0).abs() < 4.0 * (2.0_f64 / 1999.0).sqrt(),
                "{got} for {exact}"
            );
        }
    }
}
