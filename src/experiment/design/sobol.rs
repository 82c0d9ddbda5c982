//! The Sobol sequence and its scrambled form: points that fill the cube more evenly than
//! independent ones do.
//!
//! The sequence is Sobol's (USSR Comput. Math. Math. Phys. 1967) in the order of Antonov and
//! Saleev (1979), 32 digits. It is scrambled as Owen described ("Randomly permuted (t,m,s)-nets
//! and (t,s)-sequences", 1995): each binary digit is flipped or not by a draw that belongs to the
//! digits before it. A scrambled point is uniform on the cube and any 2ᵐ points stay as even as
//! they were. Take a power of two of these points: other numbers lose the balance.

use super::super::chance::{Chance, Purpose};
use super::directions::{DIMENSIONS_MAX, DIRECTIONS};

const DIGITS: usize = 32;
const SCALE: f64 = 1.0 / (1_u64 << DIGITS) as f64;

/// The first `points` points, scrambled under `seed`.
///
/// # Panics
/// Where there are more than [`DIMENSIONS_MAX`] dimensions or 2³² points.
#[must_use]
pub fn scrambled_sobol(points: usize, dimensions: usize, seed: u64) -> Vec<Vec<f64>> {
    let chance = Chance::new(seed);
    let point = |p: Vec<u32>| {
        let coordinates = p.into_iter().zip(0..);
        coordinates.map(|(x, dimension)| f64::from(scramble(x, dimension, &chance)) * SCALE)
    };
    digits(points, dimensions).into_iter().map(|p| point(p).collect()).collect()
}

/// The points as binary fractions.
fn digits(points: usize, dimensions: usize) -> Vec<Vec<u32>> {
    assert!(dimensions <= DIMENSIONS_MAX, "{dimensions} dimensions, of {DIMENSIONS_MAX} at most");
    assert!(points as u64 <= 1 << DIGITS, "{points} points are more than the digits tell apart");
    let directions: Vec<[u32; DIGITS]> = (0..dimensions).map(directions).collect();
    let mut point = vec![0_u32; dimensions];
    (0..points)
        .map(|p| {
            let current = point.clone();
            // The Gray code of p + 1 differs from that of p in the digit where p has its first 0.
            let changed = (p as u64).trailing_ones() as usize;
            if changed < DIGITS {
                point.iter_mut().zip(&directions).for_each(|(x, v)| *x ^= v[changed]);
            }
            current
        })
        .collect()
}

/// The direction numbers v₁, v₂, … of a dimension as binary fractions, by the recurrence of
/// Bratley and Fox (ACM TOMS 1988, algorithm 659).
fn directions(dimension: usize) -> [u32; DIGITS] {
    let shift = |m: u32, j: usize| m << (DIGITS - 1 - j);
    let mut v = [0; DIGITS];
    let Some((polynomial, initial)) = dimension.checked_sub(1).map(|d| DIRECTIONS[d]) else {
        return std::array::from_fn(|j| shift(1, j));
    };
    let degree = initial.len();
    for j in 0..DIGITS {
        v[j] = if j < degree {
            shift(initial[j], j)
        } else {
            let middle = (1..degree).filter(|i| polynomial >> (degree - i) & 1 == 1);
            middle.fold(v[j - degree] ^ v[j - degree] >> degree, |sum, i| sum ^ v[j - i])
        };
    }
    v
}

/// Flips each digit by the draw of those before it.
fn scramble(x: u32, dimension: u32, chance: &Chance) -> u32 {
    (0..DIGITS as u32).fold(0, |flipped, digit| {
        let before = u64::from(x) >> (DIGITS as u32 - digit);
        let entity = dimension * DIGITS as u32 + digit;
        let flip = chance.at(Purpose::Scramble, entity, before).uniform() < 0.5;
        let place = 1 << (DIGITS as u32 - 1 - digit);
        flipped | (x & place) ^ if flip { place } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sequence without scrambling.
    fn sobol(points: usize, dimensions: usize) -> Vec<Vec<f64>> {
        let point = |p: Vec<u32>| p.into_iter().map(|x| f64::from(x) * SCALE).collect();
        digits(points, dimensions).into_iter().map(point).collect()
    }

    /// The first eight points of six dimensions as scipy 1.17 (`qmc.Sobol`, same numbers) gives
    /// them; those of the first two dimensions are in every textbook.
    #[test]
    fn the_sequence_is_the_published_one() {
        let expected = [
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25, 0.25, 0.75, 0.75],
            [0.25, 0.75, 0.75, 0.75, 0.25, 0.25],
            [0.375, 0.375, 0.625, 0.875, 0.375, 0.125],
            [0.875, 0.875, 0.125, 0.375, 0.875, 0.625],
            [0.625, 0.125, 0.875, 0.625, 0.625, 0.875],
            [0.125, 0.625, 0.375, 0.125, 0.125, 0.375],
        ];
        assert_eq!(sobol(8, 6), expected);
    }

    /// All 65,536 coordinates of 1024 points in 64 dimensions, folded in order; the figure is
    /// scipy's.
    #[test]
    fn every_dimension_is_the_published_one() {
        let fold =
            |hash: u64, x: &u32| hash.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(*x));
        let hash = digits(1024, DIMENSIONS_MAX).iter().flatten().fold(0, fold);
        assert_eq!(hash, 11_807_476_974_924_857_344);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Scrambled or not, 2ᵐ points put one point into each of 2ᵐ equal strata of every axis.
        #[test]
        fn every_axis_is_stratified(m in 0_u32..8, k in 1_usize..9, seed: u64) {
            let n = 1_usize << m;
            for points in [sobol(n, k), scrambled_sobol(n, k, seed)] {
                for d in 0..k {
                    let mut held = vec![0; n];
                    for point in &points {
                        prop_assert!((0.0..1.0).contains(&point[d]));
                        held[(point[d] * n as f64) as usize] += 1;
                    }
                    prop_assert!(held.iter().all(|h| *h == 1));
                }
            }
        }

        /// The first two dimensions are a (0, m, 2)-net: every elementary rectangle of area 2⁻ᵐ
        /// holds one point, scrambled or not.
        #[test]
        fn the_plane_is_a_net(m in 1_u32..8, seed: u64) {
            let n = 1_usize << m;
            let points = scrambled_sobol(n, 2, seed);
            for across in 0..=m {
                let (columns, rows) = (1_usize << across, 1_usize << (m - across));
                let mut held = vec![0; n];
                for p in &points {
                    let column = (p[0] * columns as f64) as usize;
                    held[column * rows + (p[1] * rows as f64) as usize] += 1;
                }
                prop_assert!(held.iter().all(|h| *h == 1), "{} x {}", columns, rows);
            }
        }
    }

    #[test]
    fn a_scrambled_point_is_uniform() {
        let n = 4000;
        let first: Vec<f64> = (0..n).map(|seed| scrambled_sobol(1, 2, seed)[0][1]).collect();
        let mean = first.iter().sum::<f64>() / n as f64;
        let square = first.iter().map(|v| v * v).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / n as f64).sqrt(), "{mean}");
        assert!((square - 1.0 / 3.0).abs() < 4.0 * (4.0 / 45.0 / n as f64).sqrt(), "{square}");
    }

    /// Owen (Annals of Statistics 1997): for a smooth function the error of scrambled nets falls
    /// faster than 1/n; that of independent points as 1/√n.
    #[test]
    fn smooth_functions_are_integrated_faster_than_one_over_n() {
        let error = |n: usize| {
            let squares = (0..64).map(|seed| {
                let points = scrambled_sobol(n, 3, seed);
                let f = |p: &Vec<f64>| p.iter().map(|x| 0.5 + x).product::<f64>();
                (points.iter().map(f).sum::<f64>() / n as f64 - 1.0).powi(2)
            });
            (squares.sum::<f64>() / 64.0).sqrt()
        };
        let (coarse, fine) = (error(64), error(1024));
        assert!(fine < coarse / 16.0, "{coarse:e} and {fine:e}");
    }
}
