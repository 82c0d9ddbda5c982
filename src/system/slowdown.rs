//! How slowly a part serves while faults are in force, over time.

use crate::engine::time::{SimDuration, SimTime};

/// A factor on service times that changes at known instants; 1 before the first change.
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

    /// How long work takes that begins now and would take `work` at full speed: what is under way when
    /// the factor changes goes on as it began.
    pub(super) fn taken(&self, now: SimTime, work: SimDuration) -> SimDuration {
        let next = self.0.partition_point(|(at, _)| *at <= now);
        next.checked_sub(1).map_or(work, |last| work.mul_f64(self.0[last].1))
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
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn secs(secs: u64) -> SimDuration {
        SimDuration::from_secs(secs)
    }

    #[test]
    fn work_is_as_slow_as_when_it_began() {
        let slow = Slowdown::new(&[(at(10), at(20), 5.0), (at(15), at(30), 2.0)]);
        assert_eq!(slow.taken(at(0), secs(60)), secs(60));
        assert_eq!(slow.taken(at(10), secs(1)), secs(5));
        assert_eq!(slow.taken(at(15), secs(1)), secs(10));
        assert_eq!(slow.taken(at(20), secs(1)), secs(2));
        assert_eq!(slow.taken(at(30), secs(7)), secs(7));
    }

    #[test]
    fn nothing_in_force_is_exactly_full_speed() {
        let thirds: Vec<_> = (0..3).map(|i| (at(i), at(9), 1.0 / 3.0)).collect();
        let slow = Slowdown::new(&thirds);
        assert_eq!(slow.0.last(), Some(&(at(9), 1.0)));
        assert_eq!(Slowdown::default().taken(at(5), secs(3)), secs(3));
    }
}
