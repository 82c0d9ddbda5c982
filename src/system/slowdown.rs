//! How slowly a part serves while faults are in force, over time.

use crate::engine::time::{SimDuration, SimTime};

/// A factor on service times that changes at known instants; 1 before the first of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Slowdown(Vec<(SimTime, f64)>);

impl Slowdown {
    /// Service takes `factor` times as long within each window. Where windows overlap, their
    /// factors multiply, in the order given ([`bounded`]).
    pub(super) fn new(windows: &[(SimTime, SimTime, f64)]) -> Self {
        let mut instants: Vec<SimTime> =
            windows.iter().flat_map(|(from, until, _)| [*from, *until]).collect();
        instants.sort_unstable();
        instants.dedup();
        let factor = |at: SimTime| {
            let in_force = windows.iter().filter(|(from, until, _)| *from <= at && at < *until);
            bounded(in_force.map(|(_, _, factor)| *factor).product())
        };
        let mut steps: Vec<_> = instants.into_iter().map(|at| (at, factor(at))).collect();
        // Where one window follows upon another like it, nothing changes.
        steps.dedup_by(|later, earlier| later.1.to_bits() == earlier.1.to_bits());
        Self(steps)
    }

    /// How long work takes that begins now and would take `work` at full speed. What is under way
    /// when the factor changes goes on at the new speed.
    pub(super) fn taken(&self, now: SimTime, work: SimDuration) -> SimDuration {
        let next = self.0.partition_point(|(at, _)| *at <= now);
        let mut factor = next.checked_sub(1).map_or(1.0, |last| self.0[last].1);
        let mut taken = work.mul_f64(factor);
        let (mut from, mut passed, mut left) = (now, SimDuration::ZERO, work.as_nanos() as f64);
        for &(at, then) in &self.0[next..] {
            let span = at - from;
            if taken <= span {
                break;
            }
            left = (left - span.as_nanos() as f64 / factor).max(0.0);
            passed = at - now;
            (from, factor) = (at, then);
            taken = SimDuration::from_nanos(libm::round(left * factor) as u64);
        }
        passed.saturating_add(taken)
    }
}

/// The most that factors of faults come to together, and the inverse of the least: the most that a
/// single one may be. Without a bound a service time would soon be longer than any run.
const MOST: f64 = 1e6;

/// What factors multiply to, within [`MOST`] and its inverse.
pub(super) fn bounded(product: f64) -> f64 {
    product.clamp(1.0 / MOST, MOST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn secs(secs: u64) -> SimDuration {
        SimDuration::from_secs(secs)
    }

    #[test]
    fn work_under_way_goes_on_at_the_new_speed() {
        let slow = Slowdown::new(&[(at(10), at(20), 5.0), (at(15), at(30), 2.0)]);
        assert_eq!(slow.taken(at(0), secs(10)), secs(10));
        // 4 s of work until 10 s, 1 s until 15 s, half a second until 20 s, 4.5 s at half speed.
        assert_eq!(slow.taken(at(6), secs(10)), secs(23));
        assert_eq!(slow.taken(at(12), SimDuration::from_millis(100)).as_nanos(), 500_000_000);
        assert_eq!(slow.taken(at(30), secs(7)), secs(7));
        // A moment of an enormous slowdown costs that moment and no more.
        let moment = Slowdown::new(&[(at(10), at(11), 1e6)]);
        assert_eq!(moment.taken(at(10), secs(2)), secs(3) - SimDuration::from_nanos(1000));
    }

    #[test]
    fn nothing_in_force_is_exactly_full_speed() {
        let thirds: Vec<_> = (0..3).map(|i| (at(i), at(9), 1.0 / 3.0)).collect();
        let slow = Slowdown::new(&thirds);
        assert_eq!(slow.0.last(), Some(&(at(9), 1.0)));
        assert_eq!(Slowdown::default().taken(at(5), secs(3)), secs(3));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Work that begins later ends no earlier, and more work takes no less.
        #[test]
        fn work_keeps_its_order(
            windows in prop::collection::vec((0u64..100, 0u64..50, 0u32..7), 0..6),
            begins in 0u64..120,
            later in 0u64..30,
            work in 0u64..60,
            more in 0u64..30,
        ) {
            let windows: Vec<_> = windows
                .into_iter()
                .map(|(from, length, by)| (at(from), at(from + length), f64::from(by) + 0.5))
                .collect();
            let slow = Slowdown::new(&windows);
            let ends = |from: u64, work: u64| at(from) + slow.taken(at(from), secs(work));
            let rounding = SimDuration::from_nanos(20);
            prop_assert!(ends(begins, work) <= ends(begins + later, work) + rounding);
            prop_assert!(ends(begins, work) <= ends(begins, work + more) + rounding);
        }
    }
}
