//! Screening by elementary effects (Morris, Technometrics 33, 1991): each trajectory walks through
//! the cube and changes one coordinate at a time, so that k factors cost k + 1 points.

use super::super::chance::{Chance, Purpose, below, permutation};
use crate::engine::random::Draw;
use crate::engine::statistics::{Interval, mean_interval};

/// A screening.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Morris {
    /// Factors, k.
    pub factors: usize,
    /// Levels of the grid, p; even. A step is p/(2(p − 1)), so that all levels are equally likely.
    pub levels: usize,
    /// Trajectories, r.
    pub trajectories: usize,
    /// Seed of the trajectories.
    pub seed: u64,
}

/// The elementary effects of a factor, per unit of its coordinate.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Effect {
    /// Their mean μ: effects of both signs cancel.
    pub mean: f64,
    /// The mean of their sizes, μ* (Campolongo, Cariboni and Saltelli, Environmental Modelling &
    /// Software 22, 2007), with its interval over trajectories.
    pub size: Interval,
    /// Their standard deviation σ: how much the effect depends on where it is measured, through
    /// interaction or curvature.
    pub sd: f64,
}

impl Morris {
    /// The points, trajectory by trajectory; k + 1 each, of which neighbours differ in one
    /// coordinate.
    ///
    /// # Panics
    /// Where the levels are not an even number from 2 on.
    #[must_use]
    pub fn design(&self) -> Vec<Vec<f64>> {
        assert!(self.levels >= 2 && self.levels.is_multiple_of(2), "an even number of levels");
        let chance = Chance::new(self.seed);
        (0..self.trajectories as u64)
            .flat_map(|t| self.trajectory(&mut chance.at(Purpose::Trajectory, 0, t)))
            .collect()
    }

    fn trajectory(&self, draw: &mut Draw) -> Vec<Vec<f64>> {
        let steps = self.levels - 1;
        let half = self.levels / 2;
        let order = permutation(draw, self.factors);
        let mut place: Vec<usize> = Vec::with_capacity(self.factors);
        let mut rises = Vec::with_capacity(self.factors);
        for _ in 0..self.factors {
            let low = below(draw, half);
            let up = below(draw, 2) == 1;
            place.push(if up { low } else { low + half });
            rises.push(up);
        }
        let point = |place: &[usize]| place.iter().map(|l| *l as f64 / steps as f64).collect();
        let mut points = vec![point(&place)];
        for factor in order {
            place[factor] = if rises[factor] { place[factor] + half } else { place[factor] - half };
            points.push(point(&place));
        }
        points
    }

    /// The effects by factor, from the outputs at the design's points. A step to or from an output
    /// that is not a number counts nothing.
    ///
    /// # Panics
    /// Where there is not an output for each point.
    #[must_use]
    pub fn effects(&self, outputs: &[f64], confidence: f64) -> Vec<Effect> {
        let points = self.design();
        assert_eq!(points.len(), outputs.len(), "an output for each point");
        let mut found = vec![Vec::new(); self.factors];
        let length = self.factors + 1;
        for (points, outputs) in points.chunks(length).zip(outputs.chunks(length)) {
            for (points, outputs) in points.windows(2).zip(outputs.windows(2)) {
                let steps = points[1].iter().zip(&points[0]).map(|(to, from)| to - from);
                let change = steps.enumerate().find(|(_, step)| step.abs() > 0.0);
                let (factor, step) = change.expect("neighbours differ in one coordinate");
                found[factor].push((outputs[1] - outputs[0]) / step);
            }
        }
        found.iter().map(|effects| effect(effects, confidence)).collect()
    }
}

fn effect(effects: &[f64], confidence: f64) -> Effect {
    let sizes: Vec<f64> = effects.iter().map(|e| e.abs()).collect();
    let signed = mean_interval(effects, confidence);
    Effect { mean: signed.mean, size: mean_interval(&sizes, confidence), sd: signed.sd }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    fn screening(factors: usize, levels: usize, trajectories: usize, seed: u64) -> Morris {
        Morris { factors, levels, trajectories, seed }
    }

    /// Ishigami's function of the unit cube, a = 7, b = 0.1.
    fn ishigami(u: &[f64]) -> f64 {
        let x: Vec<f64> = u.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
        libm::sin(x[0]) + 7.0 * libm::sin(x[1]).powi(2) + 0.1 * x[2].powi(4) * libm::sin(x[0])
    }

    /// On four levels sin² is 0, ¾, ¾, 0 and a step is ⅔: every effect of the second factor is
    /// 7·¾/⅔ = 7.875 in size. SALib 1.6 prints the same.
    #[test]
    fn ishigamis_second_factor_has_the_known_effect() {
        let morris = screening(3, 4, 12, 5);
        let outputs: Vec<f64> = morris.design().iter().map(|u| ishigami(u)).collect();
        let effects = morris.effects(&outputs, 0.95);
        assert!((effects[1].size.mean - 7.875).abs() < 1e-9, "{effects:?}");
        assert!(effects[1].size.half_width < 1e-9);
        // The third acts through the first alone: sin is 0 at −π and π, so that its effects are 0
        // or not, and their mean tends to nothing.
        assert!(effects[2].sd > effects[2].mean.abs());
    }

    /// Of a plane all effects are its slopes, wherever measured.
    #[test]
    fn effects_of_a_plane_are_its_slopes() {
        let morris = screening(4, 6, 7, 1);
        let plane = |u: &Vec<f64>| 1.0 - 2.0 * u[0] + 3.0 * u[1] + 0.5 * u[3];
        let outputs: Vec<f64> = morris.design().iter().map(plane).collect();
        for (effect, slope) in morris.effects(&outputs, 0.95).iter().zip([-2.0, 3.0, 0.0, 0.5]) {
            assert!((effect.mean - slope).abs() < 1e-9);
            assert!((effect.size.mean - f64::abs(slope)).abs() < 1e-9);
            assert!(effect.sd < 1e-9 && effect.size.n == 7);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn trajectories_walk_the_grid(
            factors in 1_usize..8, half in 1_usize..5, trajectories in 1_usize..6, seed: u64,
        ) {
            let levels = 2 * half;
            let points = screening(factors, levels, trajectories, seed).design();
            prop_assert_eq!(points.len(), trajectories * (factors + 1));
            let step = levels as f64 / (2.0 * (levels - 1) as f64);
            for trajectory in points.chunks(factors + 1) {
                let mut changed = vec![0; factors];
                for pair in trajectory.windows(2) {
                    let steps: Vec<f64> = (0..factors).map(|f| pair[1][f] - pair[0][f]).collect();
                    let moved: Vec<usize> = (0..factors).filter(|f| steps[*f].abs() > 1e-9).collect();
                    prop_assert_eq!(moved.len(), 1);
                    prop_assert!((steps[moved[0]].abs() - step).abs() < 1e-9);
                    changed[moved[0]] += 1;
                }
                prop_assert!(changed.iter().all(|c| *c == 1));
                for u in trajectory.iter().flatten() {
                    let level = u * (levels - 1) as f64;
                    prop_assert!((0.0..=1.0).contains(u) && (level - level.round()).abs() < 1e-9);
                }
            }
        }
    }
}
