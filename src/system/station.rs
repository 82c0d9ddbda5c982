//! A service station: servers with one queue in front.

use std::collections::VecDeque;

use crate::engine::time::SimTime;
use crate::policies::shedding::OrderSpec;

/// Servers with one queue: an SBC's processor, a registrar, the API. Jobs are served first come
/// first served, or as its order says.
///
/// It keeps who is where; the world draws service times and schedules the ends. Offering and
/// finishing take constant time.
#[derive(Debug)]
pub(super) struct Station<J> {
    servers: u32,
    waiting_max: u32,
    busy: u32,
    order: OrderSpec,
    queue: VecDeque<(SimTime, J)>,
}

/// What became of a job.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Offer {
    /// A server takes it now.
    Started,
    /// It waits.
    Queued,
    /// The queue is full.
    Full,
}

impl<J: Copy> Station<J> {
    /// `servers` servers; at most `waiting_max` jobs wait, first come first served.
    #[must_use]
    pub(super) const fn new(servers: u32, waiting_max: u32) -> Self {
        Self::ordered(servers, waiting_max, OrderSpec::Fifo)
    }

    /// As [`Station::new`], with the order in which jobs are taken.
    #[must_use]
    pub(super) const fn ordered(servers: u32, waiting_max: u32, order: OrderSpec) -> Self {
        Self { servers, waiting_max, busy: 0, order, queue: VecDeque::new() }
    }

    /// Offers a job. Where the answer is [`Offer::Started`] its service starts now.
    pub(super) fn offer(&mut self, now: SimTime, job: J) -> Offer {
        if self.busy < self.servers {
            self.busy += 1;
            return Offer::Started;
        }
        if self.queue.len() >= self.waiting_max as usize {
            return Offer::Full;
        }
        self.queue.push_back((now, job));
        Offer::Queued
    }

    /// A server has finished; the job it takes next, with the instant that one came.
    ///
    /// # Panics
    /// Where no server was busy.
    pub(super) fn finish(&mut self) -> Option<(SimTime, J)> {
        self.busy = self.busy.checked_sub(1).expect("an idle server finished a job");
        let next = if self.order.takes_last(self.queue.len()) {
            self.queue.pop_back()
        } else {
            self.queue.pop_front()
        };
        if next.is_some() {
            self.busy += 1;
        }
        next
    }

    /// Throws away everything waiting and in service, and hands back what waited.
    pub(super) fn clear(&mut self) -> VecDeque<(SimTime, J)> {
        self.busy = 0;
        std::mem::take(&mut self.queue)
    }

    /// Whether another job would find no room.
    #[must_use]
    pub(super) fn is_full(&self) -> bool {
        self.busy >= self.servers && self.queue.len() >= self.waiting_max as usize
    }

    /// Whether a job would be served at once.
    #[must_use]
    pub(super) const fn is_idle(&self) -> bool {
        self.busy < self.servers
    }

    /// Jobs waiting, in the order in which they came, with the instants at which they did.
    pub(super) fn queue(&self) -> impl Iterator<Item = (SimTime, J)> + '_ {
        self.queue.iter().copied()
    }

    /// Jobs waiting.
    #[must_use]
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Jobs in service.
    #[must_use]
    pub(super) const fn busy(&self) -> u32 {
        self.busy
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_says_who_is_next() {
        let taken = |order| {
            let mut station = Station::ordered(1, 9, order);
            let offered = (0..6).map(|job| station.offer(SimTime::ZERO, job)).count();
            let rest = std::iter::from_fn(|| station.finish().map(|(_, job)| job));
            (offered, rest.collect::<Vec<i32>>())
        };
        assert_eq!(taken(OrderSpec::Fifo), (6, vec![1, 2, 3, 4, 5]));
        assert_eq!(taken(OrderSpec::Lifo), (6, vec![5, 4, 3, 2, 1]));
        assert_eq!(taken(OrderSpec::AdaptiveLifo { threshold: 3 }), (6, vec![5, 4, 1, 2, 3]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Every job comes out once, whatever the order; servers never idle while one waits.
        #[test]
        fn jobs_are_conserved_in_every_order(
            servers in 1u32..4,
            queue in 0u32..10,
            kind in 0u8..3,
            threshold in 0u32..6,
            moves in prop::collection::vec(any::<bool>(), 1..200),
        ) {
            let order = match kind {
                0 => OrderSpec::Fifo,
                1 => OrderSpec::Lifo,
                _ => OrderSpec::AdaptiveLifo { threshold },
            };
            let mut station = Station::ordered(servers, queue, order);
            let (mut seen, mut full, mut done) = (Vec::new(), 0, 0);
            for (job, offers) in moves.iter().enumerate() {
                if *offers {
                    match station.offer(SimTime::ZERO, job) {
                        Offer::Started => seen.push(job),
                        Offer::Queued => {}
                        Offer::Full => full += 1,
                    }
                } else if station.busy() > 0 {
                    seen.extend(station.finish().map(|(_, job)| job));
                    done += 1;
                }
                prop_assert!(station.busy() <= servers && station.waiting() <= queue as usize);
                prop_assert!(station.waiting() == 0 || station.busy() == servers);
                prop_assert_eq!(seen.len(), done + station.busy() as usize);
            }
            while station.busy() > 0 {
                seen.extend(station.finish().map(|(_, job)| job));
            }
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len() + full, moves.iter().filter(|o| **o).count());
        }
    }

    #[test]
    fn jobs_are_served_in_order_and_refused_when_full() {
        let mut station = Station::new(1, 2);
        let now = SimTime::ZERO;
        assert_eq!(
            ['a', 'b', 'c', 'd'].map(|job| station.offer(now, job)),
            [Offer::Started, Offer::Queued, Offer::Queued, Offer::Full]
        );
        assert_eq!(station.finish().map(|(_, job)| job), Some('b'));
        assert_eq!(station.finish().map(|(_, job)| job), Some('c'));
        assert_eq!(station.finish(), None);
        assert_eq!(station.busy(), 0);
    }
}
