//! Controlled delay as folly has it (folly, `executors/Codel.cpp`). Not RFC 8289: instead of
//! dropping ever more often, it drops whatever waited longer than twice the target while overloaded.

use super::SheddingSpec;
use crate::engine::time::{SimDuration, SimTime};

/// The state of a controlled delay.
#[derive(Clone, Debug)]
pub struct Codel {
    target: SimDuration,
    interval: SimDuration,
    /// A request after this instant ends the interval.
    interval_ends: SimTime,
    /// The shortest wait of the interval.
    shortest: SimDuration,
    /// The next request is the first of its interval.
    fresh: bool,
    overloaded: bool,
}

impl Codel {
    /// A controlled delay that has seen nothing, at the instant zero; `None` where nothing is shed.
    #[must_use]
    pub fn new(spec: &SheddingSpec) -> Option<Self> {
        match *spec {
            SheddingSpec::None => None,
            SheddingSpec::Codel { target, interval } => Some(Self {
                target,
                interval,
                interval_ends: SimTime::ZERO,
                shortest: SimDuration::ZERO,
                fresh: true,
                overloaded: false,
            }),
        }
    }

    /// A request that has waited for `delay` is next: whether it is sent away instead.
    ///
    /// Every request counts, those that did not wait too. The first of an interval decides whether
    /// the last one was an overload, and is never sent away itself.
    pub fn sheds(&mut self, now: SimTime, delay: SimDuration) -> bool {
        if now > self.interval_ends && !self.fresh {
            self.fresh = true;
            self.interval_ends = now.saturating_add(self.interval);
            self.overloaded = self.shortest > self.target;
        }
        if self.fresh {
            self.fresh = false;
            self.shortest = delay;
            return false;
        }
        self.shortest = self.shortest.min(delay);
        self.overloaded && delay > self.target * 2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> SimDuration {
        SimDuration::from_millis(ms)
    }

    fn folly() -> Codel {
        Codel::new(&SheddingSpec::Codel { target: ms(5), interval: ms(100) }).unwrap()
    }

    /// (instant, wait, shed) in milliseconds.
    fn replay(steps: &[(u64, u64, bool)]) {
        let mut codel = folly();
        for &(at, delay, shed) in steps {
            assert_eq!(codel.sheds(SimTime::ZERO + ms(at), ms(delay)), shed, "{at} {delay}");
        }
    }

    /// folly `CodelTest.cpp`, `Basic`, its sleeps as instants.
    #[test]
    fn folly_basic() {
        replay(&[
            (110, 100, false),
            (200, 50, false),
            (200, 50, true),
            (310, 2, false),
            (400, 20, true),
        ]);
    }

    /// folly `CodelTest.cpp`, `mediumLoad`, `reducingLoad`, `oneRequestNoDrop`.
    #[test]
    fn folly_loads() {
        replay(&[(0, 20, false), (90, 8, false)]);
        replay(&[(0, 20, false), (90, 4, false)]);
        replay(&[(0, 20, false)]);
    }

    /// folly `CodelTest.cpp`, `updateInterval`, before the interval is changed.
    #[test]
    fn folly_two_delayed_requests() {
        replay(&[(0, 50, false), (110, 50, false), (110, 50, true)]);
    }

    /// By hand: the edges. A shortest wait of just the target is no overload; in an overload a
    /// wait of just twice the target passes; an interval ends after its last instant, not at it.
    #[test]
    fn the_edges_are_strict() {
        replay(&[(0, 5, false), (1, 5, false), (2, 50, false), (102, 6, false), (103, 99, false)]);
        replay(&[(0, 6, false), (1, 6, false), (2, 10, false), (2, 11, true)]);
        // The interval that begins at 1 ends after 101; its shortest wait is 6.
        replay(&[
            (0, 1, false),
            (1, 6, false),
            (101, 60, false),
            (102, 60, false),
            (102, 11, true),
        ]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Nothing is sent away while the shortest wait of the last interval was at most the
        /// target, nothing that waited up to twice the target, and never two in a row without one
        /// of its interval before.
        #[test]
        fn only_long_waits_of_an_overload_are_shed(
            steps in prop::collection::vec((0u64..60, 0u64..30), 1..200),
        ) {
            let mut codel = folly();
            let mut now = SimTime::ZERO;
            let (mut shortest, mut ends, mut last) = (None::<u64>, SimTime::ZERO, 0);
            for (wait, delay) in steps {
                now += ms(wait);
                let first = shortest.is_none() || now > ends;
                if first && let Some(before) = shortest {
                    (ends, last) = (now + ms(100), before);
                }
                let shed = codel.sheds(now, ms(delay));
                prop_assert!(!shed || (!first && delay > 10 && last > 5));
                prop_assert_eq!(shed, !first && delay > 10 && last > 5);
                shortest = Some(if first { delay } else { shortest.unwrap_or(delay).min(delay) });
            }
        }

        #[test]
        fn short_waits_are_never_shed(steps in prop::collection::vec((0u64..60, 0u64..6), 1..200)) {
            let mut codel = folly();
            let mut now = SimTime::ZERO;
            for (wait, delay) in steps {
                now += ms(wait);
                prop_assert!(!codel.sheds(now, ms(delay)) && !codel.overloaded);
            }
        }
    }
}
