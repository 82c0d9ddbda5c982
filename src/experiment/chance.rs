//! The random draws of studies themselves: designs, resampling and search. They are addressed like
//! those of a simulation, under a replication that no run has, so that no design shares a number
//! with the system it varies.

use crate::engine::random::{Draw, RandomSource};

/// The replication of a study's own draws; runs count from 0 and never come here.
const REPLICATION: u64 = u64::MAX;

/// What a study draws; entity and index are given beside each.
#[derive(Copy, Clone, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    /// The order of a Latin hypercube's strata: entity = dimension.
    Strata = 1,
    /// The place within a stratum: entity = dimension, index = point.
    WithinStratum,
    /// Whether a digit is flipped: entity = dimension and digit, index = the digits before it.
    Scramble,
    /// A trajectory of Morris: index = trajectory.
    Trajectory,
    /// A bootstrap sample: index = sample.
    Resample,
    /// Parents and their children: entity = generation, index = pair.
    Breed,
}

/// The draws of a study under its seed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Chance(RandomSource);

impl Chance {
    /// Those of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(RandomSource::new(seed, REPLICATION))
    }

    /// The generator at this address.
    pub(super) const fn at(&self, purpose: Purpose, entity: u32, index: u64) -> Draw {
        self.0.at(purpose as u8, entity as u64, index)
    }
}

/// A whole number below `bound`, from the high digits of a uniform: the shares of two numbers
/// differ by less than `bound` / 2⁵³.
pub(super) fn below(draw: &mut Draw, bound: usize) -> usize {
    ((draw.uniform() * bound as f64) as usize).min(bound - 1)
}

/// 0, 1, …, n − 1 in random order (Fisher and Yates; Durstenfeld, CACM 1964, algorithm 235).
pub(super) fn permutation(draw: &mut Draw, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, below(draw, last + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_equally_likely() {
        let chance = Chance::new(11);
        let mut counts = [0_u32; 6];
        let n = 6000;
        for index in 0..n {
            let order = permutation(&mut chance.at(Purpose::Strata, 0, index), 3);
            let place = order[0] * 2 + usize::from(order[1] > order[2]);
            counts[place] += 1;
        }
        let expected = n as f64 / 6.0;
        let chi_squared: f64 =
            counts.iter().map(|c| (f64::from(*c) - expected).powi(2) / expected).sum();
        // 20.515 is the 0.999 quantile of chi-squared with five degrees of freedom.
        assert!(chi_squared < 20.515, "{counts:?}");
    }
}
