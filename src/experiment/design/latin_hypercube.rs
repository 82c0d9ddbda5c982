//! Latin hypercube designs (McKay, Beckman and Conover, Technometrics 1979): each coordinate's
//! range is cut into as many strata as there are points, and each stratum holds one point.

use super::super::chance::{Chance, Purpose, permutation};

/// `points` points in `dimensions` dimensions, by point. The order of strata differs from
/// dimension to dimension; within its stratum a point lies anywhere with the same likelihood.
#[must_use]
pub fn latin_hypercube(points: usize, dimensions: usize, seed: u64) -> Vec<Vec<f64>> {
    let chance = Chance::new(seed);
    let orders: Vec<Vec<usize>> = (0..dimensions)
        .map(|d| permutation(&mut chance.at(Purpose::Strata, d as u32, 0), points))
        .collect();
    (0..points)
        .map(|p| {
            orders
                .iter()
                .zip(0..)
                .map(|(order, d)| {
                    let within = chance.at(Purpose::WithinStratum, d, p as u64).uniform();
                    in_stratum(order[p], within, points)
                })
                .collect()
        })
        .collect()
}

/// The place `within` (in [0, 1)) of stratum `stratum` of `strata`; rounding never leaves it.
fn in_stratum(stratum: usize, within: f64, strata: usize) -> f64 {
    let end = ((stratum + 1) as f64 / strata as f64).next_down();
    ((stratum as f64 + within) / strata as f64).min(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn each_stratum_holds_one_point(n in 1_usize..200, k in 1_usize..12, seed: u64) {
            let points = latin_hypercube(n, k, seed);
            prop_assert_eq!(points.len(), n);
            for d in 0..k {
                let mut held = vec![0; n];
                for point in &points {
                    prop_assert!((0.0..1.0).contains(&point[d]));
                    held[(point[d] * n as f64) as usize] += 1;
                }
                prop_assert!(held.iter().all(|h| *h == 1), "{:?}", held);
            }
        }

        #[test]
        fn the_seed_makes_the_design(n in 2_usize..50, seed: u64) {
            let design = latin_hypercube(n, 3, seed);
            prop_assert_eq!(&design, &latin_hypercube(n, 3, seed));
            prop_assert_ne!(design, latin_hypercube(n, 3, seed.wrapping_add(1)));
        }
    }

    /// Stein (Technometrics 1987): the mean of a sum of functions of one coordinate each has far
    /// less variance than under independent points; of u + v here, 1/(6 n³) exactly, since each
    /// coordinate's sum varies only within the strata.
    #[test]
    fn additive_functions_are_averaged_nearly_without_error() {
        let (n, repeats) = (16_usize, 4000);
        let squares: f64 = (0..repeats)
            .map(|seed| {
                let points = latin_hypercube(n, 2, seed);
                let mean = points.iter().map(|p| p[0] + p[1]).sum::<f64>() / n as f64;
                (mean - 1.0).powi(2)
            })
            .sum();
        let ratio = squares / repeats as f64 * 6.0 * (n as f64).powi(3);
        // The mean square of `repeats` normal values has relative standard error √(2/repeats).
        assert!((ratio - 1.0).abs() < 4.0 * (2.0 / repeats as f64).sqrt(), "{ratio}");
    }
}
