//! NSGA-II, the genetic algorithm for several goals of Deb, Pratap, Agarwal and Meyarivan ("A fast
//! and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6, 2002), on
//! the unit cube.
//!
//! The search asks for evaluations and is told their results, a generation at a time; what it asks
//! next is a function of the seed and of these results. Simulated goals are noisy: give every
//! individual the same replications (common random numbers), and run the last front again on fresh
//! ones.

use rand::Rng;

use super::super::chance::{Chance, Purpose, below};
use super::super::design::latin_hypercube::latin_hypercube;
use super::pareto::fronts;
use crate::engine::random::Draw;

/// How it searches. The defaults are those of the paper, section V.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Settings {
    /// Individuals of a generation; even.
    pub population: usize,
    /// Coordinates of an individual.
    pub dimensions: usize,
    /// Probability that a pair is crossed.
    pub crossover: f64,
    /// Distribution index of the crossover: the greater, the closer children are to parents.
    pub crossover_index: f64,
    /// Distribution index of mutations: the greater, the closer children are to parents. Each
    /// coordinate mutates with probability 1 / `dimensions`.
    pub mutation_index: f64,
    /// Seed of all its draws.
    pub seed: u64,
}

impl Settings {
    /// The paper's settings for a search in `dimensions` dimensions.
    #[must_use]
    pub const fn new(dimensions: usize, seed: u64) -> Self {
        Self {
            population: 100,
            dimensions,
            crossover: 0.9,
            crossover_index: 20.0,
            mutation_index: 20.0,
            seed,
        }
    }
}

/// What an individual is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The values to minimise. One that is not a number counts as infinite.
    pub objectives: Vec<f64>,
    /// By how much constraints are broken, in all; 0 where they are kept.
    pub violation: f64,
}

/// A point with its evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Individual {
    /// Its coordinates, in [0, 1].
    pub point: Vec<f64>,
    /// What it is worth.
    pub evaluation: Evaluation,
    /// The front it is in, from 0.
    pub rank: usize,
    /// How far apart its neighbours in the front are; infinite at the ends.
    pub crowding: f64,
}

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub struct Nsga2 {
    settings: Settings,
    chance: Chance,
    generation: u32,
    parents: Vec<Individual>,
}

impl Nsga2 {
    /// A search that has not begun.
    ///
    /// # Panics
    /// Where the population is not even or below 4, or there are no dimensions.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { population, dimensions, seed, .. } = settings;
        assert!(population >= 4 && population.is_multiple_of(2), "an even population of 4 or more");
        assert!(dimensions > 0, "a point has coordinates");
        Self { settings, chance: Chance::new(seed), generation: 0, parents: Vec::new() }
    }

    /// The points to evaluate next: first a Latin hypercube, then children of the parents.
    #[must_use]
    pub fn ask(&self) -> Vec<Vec<f64>> {
        let Settings { population, dimensions, seed, .. } = self.settings;
        if self.parents.is_empty() {
            return latin_hypercube(population, dimensions, seed);
        }
        (0..population as u64 / 2).flat_map(|pair| self.children(pair)).collect()
    }

    /// Takes in the evaluations of the points asked for, in their order.
    ///
    /// # Panics
    /// Where there is not an evaluation for each.
    pub fn tell(&mut self, evaluations: Vec<Evaluation>) {
        let points = self.ask();
        assert_eq!(points.len(), evaluations.len(), "an evaluation for each point asked for");
        let born = points.into_iter().zip(evaluations).map(|(point, mut evaluation)| {
            evaluation
                .objectives
                .iter_mut()
                .for_each(|o| *o = if o.is_nan() { f64::INFINITY } else { *o });
            Individual { point, evaluation, rank: 0, crowding: 0.0 }
        });
        let mut all: Vec<Individual> = std::mem::take(&mut self.parents);
        all.extend(born);
        self.parents = survivors(all, self.settings.population);
        self.generation += 1;
    }

    fn children(&self, pair: u64) -> [Vec<f64>; 2] {
        let mut draw = self.chance.at(Purpose::Breed, self.generation, pair);
        let mother = self.tournament(&mut draw);
        let father = self.tournament(&mut draw);
        let mut children = [mother.point.clone(), father.point.clone()];
        if draw.uniform() < self.settings.crossover {
            cross(&mut children, self.settings.crossover_index, &mut draw);
        }
        for child in &mut children {
            mutate(child, self.settings.mutation_index, &mut draw);
        }
        children
    }

    /// The better of two parents: of the lower front, or less crowded in the same.
    fn tournament(&self, draw: &mut Draw) -> &Individual {
        let mut pick = || &self.parents[below(draw, self.parents.len())];
        let (a, b) = (pick(), pick());
        let better = a.rank.cmp(&b.rank).then(b.crowding.total_cmp(&a.crowding));
        if better.is_le() { a } else { b }
    }
}

/// Constrained domination (section VI): keeping constraints beats breaking them, breaking them
/// less beats breaking them more, and otherwise the objectives decide.
fn dominates(a: &Evaluation, b: &Evaluation) -> bool {
    if a.violation > 0.0 || b.violation > 0.0 {
        return a.violation < b.violation;
    }
    let pairs = || a.objectives.iter().zip(&b.objectives);
    pairs().all(|(x, y)| x <= y) && pairs().any(|(x, y)| x < y)
}

/// The best `count`, by front and then by crowding; ties in their order.
fn survivors(mut all: Vec<Individual>, count: usize) -> Vec<Individual> {
    let ordered = fronts(all.len(), |a, b| dominates(&all[a].evaluation, &all[b].evaluation));
    let mut kept = Vec::with_capacity(count);
    for (rank, mut front) in ordered.into_iter().enumerate() {
        let crowding = crowding(&all, &front);
        for (member, crowding) in front.iter().zip(crowding) {
            all[*member].rank = rank;
            all[*member].crowding = crowding;
        }
        if kept.len() + front.len() > count {
            front.sort_by(|a, b| all[*b].crowding.total_cmp(&all[*a].crowding));
            front.truncate(count - kept.len());
        }
        kept.extend(front.into_iter().map(|member| all[member].clone()));
        if kept.len() == count {
            break;
        }
    }
    kept
}

/// The crowding distance of each member of a front (section III.B): along each objective the gap
/// between its neighbours, as a share of the front's extent.
fn crowding(all: &[Individual], front: &[usize]) -> Vec<f64> {
    let mut distance = vec![0.0; front.len()];
    let objectives = front.first().map_or(0, |m| all[*m].evaluation.objectives.len());
    for objective in 0..objectives {
        let value = |place: usize| all[front[place]].evaluation.objectives[objective];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let extent = value(last) - value(first);
        distance[first] = f64::INFINITY;
        distance[last] = f64::INFINITY;
        if extent > 0.0 && extent.is_finite() {
            for around in order.windows(3) {
                distance[around[1]] += (value(around[2]) - value(around[0])) / extent;
            }
        }
    }
    distance
}

/// Simulated binary crossover within [0, 1] (Deb and Agrawal, Complex Systems 9, 1995; the bounded
/// form of Deb's own program): each coordinate is crossed with probability ½, and children lie
/// about their parents with spread factors of density ∝ βⁿ and β⁻⁽ⁿ⁺²⁾.
fn cross(children: &mut [Vec<f64>; 2], index: f64, draw: &mut Draw) {
    let [one, other] = children;
    for (x, y) in one.iter_mut().zip(other) {
        let (crossed, u, swapped) =
            (draw.uniform() < 0.5, draw.uniform(), draw.next_u32() & 1 == 1);
        let (low, high) = (x.min(*y), x.max(*y));
        // Parents this close have no room between them.
        if !crossed || high - low < 1e-14 {
            continue;
        }
        let spread = |room: f64| {
            let alpha = 2.0 - libm::pow(1.0 + 2.0 * room / (high - low), -(index + 1.0));
            let beta = if u <= 1.0 / alpha { u * alpha } else { 1.0 / (2.0 - u * alpha) };
            libm::pow(beta, 1.0 / (index + 1.0))
        };
        let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
        let below = (middle - spread(low) * half).clamp(0.0, 1.0);
        let above = (middle + spread(1.0 - high) * half).clamp(0.0, 1.0);
        (*x, *y) = if swapped { (above, below) } else { (below, above) };
    }
}

/// Polynomial mutation within [0, 1] (Deb and Goyal, Computer Science and Informatics 26, 1996; the
/// bounded form of Deb's own program).
fn mutate(point: &mut [f64], index: f64, draw: &mut Draw) {
    let probability = 1.0 / point.len() as f64;
    let power = index + 1.0;
    for x in point {
        let (mutates, u) = (draw.uniform() < probability, draw.uniform());
        if !mutates {
            continue;
        }
        let shift = if u < 0.5 {
            let tail = 2.0 * u + (1.0 - 2.0 * u) * libm::pow(1.0 - *x, power);
            libm::pow(tail, 1.0 / power) - 1.0
        } else {
            let tail = 2.0 * (1.0 - u) + (2.0 * u - 1.0) * libm::pow(*x, power);
            1.0 - libm::pow(tail, 1.0 / power)
        };
        *x = (*x + shift).clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn evaluate(search: &mut Nsga2, generations: u32, f: impl Fn(&[f64]) -> Evaluation) {
        for _ in 0..generations {
            let evaluations = search.ask().iter().map(|p| f(p)).collect();
            search.tell(evaluations);
        }
    }

    fn first_front(search: &Nsga2) -> impl Iterator<Item = &Individual> {
        search.parents.iter().filter(|individual| individual.rank == 0)
    }

    /// The area that points of two goals, both minimised, dominate below a reference point.
    fn dominated_area(points: &[Vec<f64>], reference: [f64; 2]) -> f64 {
        let inside = |p: &&Vec<f64>| p[0] < reference[0] && p[1] < reference[1];
        let mut sorted: Vec<&Vec<f64>> = points.iter().filter(inside).collect();
        sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        let mut lowest = reference[1];
        let mut area = 0.0;
        for p in sorted {
            if p[1] < lowest {
                area += (reference[0] - p[0]) * (lowest - p[1]);
                lowest = p[1];
            }
        }
        area
    }

    /// Zitzler, Deb and Thiele's first problem, in 30 dimensions.
    fn zdt1(x: &[f64]) -> Evaluation {
        let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
        let objectives = vec![x[0], g * (1.0 - (x[0] / g).sqrt())];
        Evaluation { objectives, violation: 0.0 }
    }

    /// The paper's experiment: 25,000 evaluations. Its convergence metric, the mean distance to
    /// 500 points of the true front, was 0.033482 (table II); ours must not be worse. The area is
    /// below that of the true front, 121 − 1/3.
    #[test]
    fn it_converges_as_the_paper_says() {
        let mut search = Nsga2::new(Settings::new(30, 1));
        evaluate(&mut search, 250, zdt1);
        let found: Vec<Vec<f64>> =
            first_front(&search).map(|i| i.evaluation.objectives.clone()).collect();
        let distance = |p: &Vec<f64>| {
            let truth = (0..500).map(|i| f64::from(i) / 499.0);
            let to = |x: f64| (p[0] - x).hypot(p[1] - (1.0 - x.sqrt()));
            truth.map(to).fold(f64::INFINITY, f64::min)
        };
        let mean = found.iter().map(distance).sum::<f64>() / found.len() as f64;
        assert!(mean <= 0.033_482, "{mean}");
        let area = dominated_area(&found, [11.0; 2]);
        assert!(area <= 121.0 - 1.0 / 3.0, "{area}");
        // The front is spread out: as many steps of a staircase would lose no more than these.
        assert!(found.len() == 100 && area > 121.0 - 1.0 / 3.0 - 11.0 * 0.033_482, "{area}");
    }

    #[test]
    fn constraints_come_first() {
        let f = |x: &[f64]| Evaluation {
            objectives: vec![x[0], 1.0 - x[0] + x[1]],
            violation: (0.5 - x[0]).max(0.0),
        };
        let mut search = Nsga2::new(Settings { population: 40, ..Settings::new(2, 9) });
        evaluate(&mut search, 40, f);
        assert_eq!(search.generation, 40);
        assert!(search.parents.iter().all(|i| i.point[0] >= 0.5));
        let least = first_front(&search).map(|i| i.point[0]).fold(1.0, f64::min);
        assert!(least < 0.51, "{least}");
    }

    #[test]
    fn the_seed_makes_the_search() {
        let run = |seed| {
            let mut search = Nsga2::new(Settings { population: 12, ..Settings::new(3, seed) });
            evaluate(&mut search, 5, zdt1);
            search
        };
        assert_eq!(run(4), run(4));
        assert_ne!(run(4).ask(), run(5).ask());
    }

    /// Ends of a front have no bound; inside, gaps to the neighbours add up.
    #[test]
    fn crowding_is_the_gap_between_neighbours() {
        let individual = |a: f64, b: f64| Individual {
            point: vec![],
            evaluation: Evaluation { objectives: vec![a, b], violation: 0.0 },
            rank: 0,
            crowding: 0.0,
        };
        let all = [individual(0.0, 4.0), individual(1.0, 1.0), individual(4.0, 0.0)];
        let got = crowding(&all, &[0, 1, 2]);
        assert!(got[0].is_infinite() && got[2].is_infinite());
        assert!((got[1] - 2.0).abs() < 1e-12);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn children_stay_in_the_cube(
            seed: u64, x in prop::collection::vec(0.0..=1.0_f64, 5), y in prop::collection::vec(0.0..=1.0_f64, 5),
        ) {
            let mut draw = Chance::new(seed).at(Purpose::Breed, 0, 0);
            let mut children = [x.clone(), y.clone()];
            cross(&mut children, 2.0, &mut draw);
            for ((a, b), (p, q)) in children[0].iter().zip(&children[1]).zip(x.iter().zip(&y)) {
                prop_assert!((0.0..=1.0).contains(a) && (0.0..=1.0).contains(b));
                // Each parent lies on its own side of the middle, as does each child.
                let middle = f64::midpoint(*p, *q);
                prop_assert!(a.min(*b) <= middle + 1e-12 && a.max(*b) >= middle - 1e-12);
            }
            for child in &mut children {
                mutate(child, 2.0, &mut draw);
                prop_assert!(child.iter().all(|v| (0.0..=1.0).contains(v)));
            }
        }

        /// The best of every objective is never lost.
        #[test]
        fn the_best_survive(seed: u64) {
            let mut search = Nsga2::new(Settings { population: 8, ..Settings::new(3, seed) });
            let mut best = f64::INFINITY;
            for _ in 0..6 {
                let evaluations: Vec<Evaluation> = search.ask().iter().map(|p| zdt1(p)).collect();
                best = evaluations.iter().map(|e| e.objectives[1]).fold(best, f64::min);
                search.tell(evaluations);
                let kept = first_front(&search).map(|i| i.evaluation.objectives[1]).fold(f64::INFINITY, f64::min);
                prop_assert!((kept - best).abs() < 1e-15);
                prop_assert_eq!(search.parents.len(), 8);
            }
        }
    }
}
