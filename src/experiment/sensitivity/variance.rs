//! Shares of variance (Sobol's indices): how much of an output's variance a factor explains alone,
//! and how much with all its interactions.
//!
//! Points are those of Saltelli et al. ("Variance based sensitivity analysis of model output",
//! Computer Physics Communications 181, 2010) from a scrambled Sobol sequence in twice as many
//! dimensions as factors; the first half gives a row of A, the second one of B, and ABᵢ is A with
//! coordinate i from B. Sᵢ = mean(B·(ABᵢ − A))/V is theirs, and STᵢ = mean((A − ABᵢ)²)/(2V)
//! Jansen's (1999). As in SALib, outputs are first taken about their mean, which leaves the
//! estimate and takes away most of its error, and V is the variance of A and B together.

use super::super::chance::{Chance, Purpose, below};
use super::super::design::sobol::scrambled_sobol;
use crate::engine::statistics::{Bounds, normal_quantile};

/// A design for indices.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Saltelli {
    /// Factors, k; half of what the Sobol sequence has at most.
    pub factors: usize,
    /// Rows of A and of B, n; a power of two.
    pub rows: usize,
    /// Whether indices of pairs are wanted: n(2k + 2) points instead of n(k + 2).
    pub pairs: bool,
    /// Seed of points and bootstrap.
    pub seed: u64,
}

/// The indices with their intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Indices {
    /// Sᵢ: the share of variance that factor i explains alone.
    pub first: Vec<Bounds>,
    /// STᵢ: the share that is left where all but factor i are known.
    pub total: Vec<Bounds>,
    /// Sᵢⱼ: the share of the interaction of i and j alone, for i < j; empty unless asked for.
    pub pairs: Vec<(usize, usize, Bounds)>,
    /// The variance of the outputs.
    pub variance: f64,
}

/// The outputs of one row.
struct Row<'a> {
    a: f64,
    b: f64,
    ab: &'a [f64],
    ba: &'a [f64],
}

impl Saltelli {
    /// Points of a row: A, then ABᵢ by factor, then BAᵢ where pairs are wanted, then B.
    #[must_use]
    pub const fn points_per_row(&self) -> usize {
        2 + self.factors * if self.pairs { 2 } else { 1 }
    }

    /// The points, row by row.
    ///
    /// # Panics
    /// Where the Sobol sequence has not twice as many dimensions.
    #[must_use]
    pub fn design(&self) -> Vec<Vec<f64>> {
        let mut points = Vec::with_capacity(self.rows * self.points_per_row());
        for row in scrambled_sobol(self.rows, 2 * self.factors, self.seed) {
            let (a, b) = row.split_at(self.factors);
            let mixed = |base: &[f64], other: &[f64], i: usize| {
                let mut point = base.to_vec();
                point[i] = other[i];
                point
            };
            points.push(a.to_vec());
            points.extend((0..self.factors).map(|i| mixed(a, b, i)));
            if self.pairs {
                points.extend((0..self.factors).map(|i| mixed(b, a, i)));
            }
            points.push(b.to_vec());
        }
        points
    }

    /// The indices from the outputs at the design's points. Intervals are normal ones with the
    /// spread over `resamples` bootstrap samples of rows (Archer, Saltelli and Sobol, J. Statist.
    /// Comput. Simul. 58, 1997); they tell of the sampling of points, not of noise in the outputs.
    ///
    /// # Panics
    /// Where there is not an output for each point.
    #[must_use]
    pub fn indices(&self, outputs: &[f64], confidence: f64, resamples: usize) -> Indices {
        let length = self.points_per_row();
        assert_eq!(outputs.len(), self.rows * length, "an output for each point");
        let mean = outputs.iter().sum::<f64>() / outputs.len() as f64;
        let centred: Vec<f64> = outputs.iter().map(|y| y - mean).collect();
        let rows: Vec<Row<'_>> = centred.chunks(length).map(|row| self.row(row)).collect();
        let all: Vec<&Row<'_>> = rows.iter().collect();
        let estimates = self.estimates(&all);
        let chance = Chance::new(self.seed);
        let samples: Vec<Vec<f64>> = (0..resamples as u64)
            .map(|index| {
                let mut draw = chance.at(Purpose::Resample, 0, index);
                let sample: Vec<&Row<'_>> =
                    (0..rows.len()).map(|_| &rows[below(&mut draw, rows.len())]).collect();
                self.estimates(&sample)
            })
            .collect();
        let z = normal_quantile(0.5 + confidence / 2.0);
        let bounds: Vec<Bounds> = (0..estimates.len())
            .map(|e| {
                let spread = spread(samples.iter().map(|sample| sample[e]));
                let estimate = estimates[e];
                Bounds { estimate, low: estimate - z * spread, high: estimate + z * spread }
            })
            .collect();
        let k = self.factors;
        let pairs = self.pairs_of_factors().zip(&bounds[2 * k..]).map(|((i, j), b)| (i, j, *b));
        Indices {
            first: bounds[..k].to_vec(),
            total: bounds[k..2 * k].to_vec(),
            pairs: pairs.collect(),
            variance: variance(&all),
        }
    }

    fn row<'a>(&self, outputs: &'a [f64]) -> Row<'a> {
        let k = self.factors;
        let ba = if self.pairs { &outputs[1 + k..=2 * k] } else { &[] };
        Row { a: outputs[0], b: outputs[outputs.len() - 1], ab: &outputs[1..=k], ba }
    }

    fn pairs_of_factors(&self) -> impl Iterator<Item = (usize, usize)> {
        let k = if self.pairs { self.factors } else { 0 };
        (0..k).flat_map(move |i| (i + 1..k).map(move |j| (i, j)))
    }

    /// First-order indices, total ones, and those of pairs, one after the other.
    fn estimates(&self, rows: &[&Row<'_>]) -> Vec<f64> {
        let v = variance(rows);
        let mean = |f: &dyn Fn(&Row<'_>) -> f64| {
            rows.iter().map(|row| f(row)).sum::<f64>() / rows.len() as f64 / v
        };
        let first: Vec<f64> =
            (0..self.factors).map(|i| mean(&|row| row.b * (row.ab[i] - row.a))).collect();
        let total = (0..self.factors).map(|i| mean(&|row| (row.a - row.ab[i]).powi(2) / 2.0));
        // V of i and j together is mean(BAᵢ·ABⱼ − A·B); without their own shares it is Vᵢⱼ.
        let pairs = self
            .pairs_of_factors()
            .map(|(i, j)| mean(&|row| row.ba[i] * row.ab[j] - row.a * row.b) - first[i] - first[j]);
        first.iter().copied().chain(total).chain(pairs).collect()
    }
}

/// The variance of the outputs of A and B together, with divisor 2n.
fn variance(rows: &[&Row<'_>]) -> f64 {
    let n = 2.0 * rows.len() as f64;
    let mean = rows.iter().map(|row| row.a + row.b).sum::<f64>() / n;
    rows.iter().map(|row| (row.a - mean).powi(2) + (row.b - mean).powi(2)).sum::<f64>() / n
}

fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let mut fold = crate::engine::statistics::Welford::default();
    values.for_each(|value| fold.add(value));
    fold.variance().sqrt()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    fn saltelli(factors: usize, rows: usize, pairs: bool, seed: u64) -> Saltelli {
        Saltelli { factors, rows, pairs, seed }
    }

    fn ishigami(u: &[f64]) -> f64 {
        let x: Vec<f64> = u.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
        libm::sin(x[0]) + 7.0 * libm::sin(x[1]).powi(2) + 0.1 * x[2].powi(4) * libm::sin(x[0])
    }

    /// Sobol's g-function, a = (0, 1, 4.5, 9, 99, 99, 99, 99).
    fn g_function(u: &[f64]) -> f64 {
        let a = [0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0];
        u.iter().zip(a).map(|(u, a)| ((4.0 * u - 2.0).abs() + a) / (1.0 + a)).product()
    }

    fn agree(what: &str, got: &[Bounds], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (i, (bounds, exact)) in got.iter().zip(expected).enumerate() {
            let error = (bounds.high - bounds.estimate) / normal_quantile(0.975);
            let off = (bounds.estimate - exact).abs();
            assert!(off < 4.0 * error, "{what}, factor {i}: {bounds:?} for {exact}");
        }
    }

    /// Analytic indices; the bootstrap's standard error is that of independent rows, which points
    /// of a scrambled sequence do not exceed.
    #[test]
    fn indices_of_ishigami_are_the_exact_ones() {
        let design = saltelli(3, 4096, true, 3);
        let outputs: Vec<f64> = design.design().iter().map(|u| ishigami(u)).collect();
        let got = design.indices(&outputs, 0.95, 200);
        agree("alone", &got.first, &[0.313_905_191_1, 0.442_411_144_8, 0.0]);
        agree("in all", &got.total, &[0.557_588_855_2, 0.442_411_144_8, 0.243_683_664_1]);
        let pairs: Vec<Bounds> = got.pairs.iter().map(|(_, _, b)| *b).collect();
        agree("pairs", &pairs, &[0.0, 0.243_683_664_1, 0.0]);
        assert!((got.variance / 13.844_587_94 - 1.0).abs() < 0.01, "{}", got.variance);
    }

    /// Vᵢ = 1/(3(1 + aᵢ)²); V = Π(1 + Vᵢ) − 1; STᵢ = Vᵢ Π_{j≠i}(1 + Vⱼ)/V.
    #[test]
    fn indices_of_the_g_function_are_the_exact_ones() {
        let design = saltelli(8, 4096, false, 8);
        let outputs: Vec<f64> = design.design().iter().map(|u| g_function(u)).collect();
        let got = design.indices(&outputs, 0.95, 200);
        let parts = [0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0]
            .map(|a: f64| 1.0 / (3.0 * (1.0 + a).powi(2)));
        let product: f64 = parts.iter().map(|v| 1.0 + v).product();
        let first = parts.map(|v| v / (product - 1.0));
        let total = parts.map(|v| v * product / (1.0 + v) / (product - 1.0));
        for (exact, printed) in first.iter().zip([0.71619, 0.17905, 0.02368, 0.00716]) {
            assert!((exact - printed).abs() < 5e-6);
        }
        for (exact, printed) in total.iter().zip([0.78714, 0.24220, 0.03432, 0.01046]) {
            assert!((exact - printed).abs() < 5e-6);
        }
        agree("alone", &got.first, &first);
        agree("in all", &got.total, &total);
        assert!(got.pairs.is_empty());
    }

    /// The same outputs, out of the blue, through SALib 1.6 (`analyze.sobol`).
    #[test]
    fn estimators_are_those_of_salib() {
        let design = saltelli(3, 8, true, 0);
        let outputs: Vec<f64> = (0..64).map(|i| f64::from(7919 * i * i % 101) / 101.0).collect();
        let got = design.indices(&outputs, 0.95, 2);
        let estimates = |bounds: &[Bounds]| bounds.iter().map(|b| b.estimate).collect::<Vec<_>>();
        let pairs: Vec<f64> = got.pairs.iter().map(|(_, _, b)| b.estimate).collect();
        let expected = [
            [-0.020_656_801_203_920_862, 0.427_979_975_325_045_06, 0.613_492_929_676_378_4],
            [1.019_482_368_253_365_6, 1.017_855_448_148_700_5, 1.003_755_473_908_268_8],
            [-0.146_665_152_727_124_83, -0.165_862_809_962_174_17, -1.132_829_553_003_701_1],
        ];
        for (got, expected) in
            [estimates(&got.first), estimates(&got.total), pairs].iter().zip(expected)
        {
            assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-9), "{got:?}");
        }
        assert_eq!(
            got.pairs.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>(),
            [(0, 1), (0, 2), (1, 2)]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Units do not matter: moved and stretched outputs have the same indices.
        #[test]
        fn indices_have_no_unit(
            outputs in prop::collection::vec(-1.0..1.0_f64, 16 * 4), shift in -9.0..9.0_f64,
            scale in 0.1..9.0_f64,
        ) {
            let design = saltelli(2, 16, false, 1);
            let moved: Vec<f64> = outputs.iter().map(|y| shift + scale * y).collect();
            let (a, b) = (design.indices(&outputs, 0.9, 5), design.indices(&moved, 0.9, 5));
            for (x, y) in a.first.iter().zip(&b.first).chain(a.total.iter().zip(&b.total)) {
                prop_assert!((x.estimate - y.estimate).abs() < 1e-9);
                prop_assert!((x.high - y.high).abs() < 1e-9);
            }
            prop_assert!(a.total.iter().all(|t| t.estimate >= 0.0));
        }

        #[test]
        fn mixed_points_take_one_coordinate_from_the_other(m in 0_u32..5, k in 1_usize..6, seed: u64) {
            let design = saltelli(k, 1 << m, true, seed);
            let points = design.design();
            prop_assert_eq!(points.len(), design.rows * design.points_per_row());
            for row in points.chunks(design.points_per_row()) {
                let (a, b) = (&row[0], &row[2 * k + 1]);
                for i in 0..k {
                    for j in 0..k {
                        let (ab, ba) = if i == j { (b, a) } else { (a, b) };
                        prop_assert_eq!(row[1 + i][j].to_bits(), ab[j].to_bits());
                        prop_assert_eq!(row[1 + k + i][j].to_bits(), ba[j].to_bits());
                    }
                }
            }
        }
    }
}
