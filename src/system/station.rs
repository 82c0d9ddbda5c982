//! A service station: servers with one queue in front.

use std::collections::VecDeque;

use crate::engine::time::SimTime;

/// Servers with one queue, first come first served: an SBC's processor, a registrar, the API.
///
/// It keeps who is where; the world draws service times and schedules the ends. Offering and
/// finishing take constant time.
#[derive(Debug)]
pub(super) struct Station<J> {
    servers: u32,
    waiting_max: u32,
    busy: u32,
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
    /// `servers` servers; at most `waiting_max` jobs wait.
    #[must_use]
    pub(super) const fn new(servers: u32, waiting_max: u32) -> Self {
        Self { servers, waiting_max, busy: 0, queue: VecDeque::new() }
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
        let next = self.queue.pop_front();
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
    use super::*;

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
