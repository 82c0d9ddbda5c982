//! Points that no other dominates.

use super::super::compare::goal::Goal;

/// Whether `a` is at least as good as `b` in every value and better in one. A value that is not a
/// number is worse than every number.
#[must_use]
pub fn dominates(a: &[f64], b: &[f64], goals: &[Goal]) -> bool {
    let merit = |value: f64, goal: &Goal| match goal.merit(value) {
        merit if merit.is_nan() => f64::NEG_INFINITY,
        merit => merit,
    };
    let pairs = || a.iter().zip(b).zip(goals).map(|((x, y), g)| (merit(*x, g), merit(*y, g)));
    pairs().all(|(x, y)| x >= y) && pairs().any(|(x, y)| x > y)
}

/// The points that no other dominates, in their order; of equal points all are among them.
#[must_use]
pub fn front(points: &[Vec<f64>], goals: &[Goal]) -> Vec<usize> {
    undominated(points.len(), |a, b| dominates(&points[a], &points[b], goals))
}

/// Those of `count` things that no other dominates, by whatever `dominates(a, b)` says that a
/// dominates b. Where it holds only what intervals leave no doubt of, the front keeps whatever may
/// belong to it.
#[must_use]
pub fn undominated(count: usize, dominates: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    (0..count).filter(|&b| (0..count).all(|a| a == b || !dominates(a, b))).collect()
}

/// All things in fronts: the first is undominated, the second is once the first is gone, and so on
/// (fast non-dominated sort; Deb, Pratap, Agarwal and Meyarivan, IEEE Trans. Evol. Comput. 6, 2002,
/// section III.A).
#[must_use]
pub fn fronts(count: usize, dominates: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut above = vec![0_usize; count];
    for (a, below) in dominated.iter_mut().enumerate() {
        *below = (0..count).filter(|b| *b != a && dominates(a, *b)).collect();
        below.iter().for_each(|b| above[*b] += 1);
    }
    let mut current: Vec<usize> = (0..count).filter(|a| above[*a] == 0).collect();
    let mut all = Vec::new();
    while !current.is_empty() {
        let mut next = Vec::new();
        for b in current.iter().flat_map(|a| &dominated[*a]) {
            above[*b] -= 1;
            if above[*b] == 0 {
                next.push(*b);
            }
        }
        next.sort_unstable();
        all.push(std::mem::replace(&mut current, next));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH_LOW: [Goal; 2] = [Goal::Minimum; 2];

    #[test]
    fn the_front_is_what_nothing_dominates() {
        let points = [[1.0, 5.0], [2.0, 3.0], [3.0, 4.0], [4.0, 1.0], [2.0, 3.0], [1.0, f64::NAN]];
        let points = points.map(Vec::from);
        assert_eq!(front(&points, &BOTH_LOW), [0, 1, 3, 4]);
        assert_eq!(front(&points, &[Goal::Minimum, Goal::Maximum]), [0]);
        assert_eq!(front(&points, &[Goal::Maximum, Goal::Minimum]), [3]);
        assert!(front(&[], &BOTH_LOW).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn every_point_is_in_one_front_and_dominated_from_the_one_before(
            points in prop::collection::vec(prop::collection::vec(0_u8..6, 2), 0..40),
        ) {
            let points: Vec<Vec<f64>> =
                points.iter().map(|p| p.iter().map(|v| f64::from(*v)).collect()).collect();
            let beats = |a: usize, b: usize| dominates(&points[a], &points[b], &BOTH_LOW);
            let all = fronts(points.len(), beats);
            let mut members: Vec<usize> = all.concat();
            members.sort_unstable();
            prop_assert_eq!(members, (0..points.len()).collect::<Vec<_>>());
            prop_assert_eq!(all.first().cloned().unwrap_or_default(), front(&points, &BOTH_LOW));
            for pair in all.windows(2) {
                for b in &pair[1] {
                    prop_assert!(pair[0].iter().any(|a| beats(*a, *b)));
                    prop_assert!(pair[1].iter().all(|a| !beats(*a, *b)));
                }
            }
        }
    }
}
