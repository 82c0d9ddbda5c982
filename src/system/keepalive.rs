//! OPTIONS keepalive of a leg: the pings that are out, and what their results say of the leg.

use std::collections::VecDeque;

use super::event::OptionsAnswer;
use super::spec::{OptionsCounter, OptionsSpec};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;

/// OPTIONS keepalive.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Pings due so far; numbers the draws of their intervals.
    pub(super) due: u64,
    /// Numbers the transactions.
    serial: u32,
    /// Transactions that have no result yet, in the order of their beginning.
    out: VecDeque<Ping>,
    /// Results of one kind in a row.
    missed: u32,
    answered: u32,
    /// How many more misses than answers there were, between its bounds.
    lacking: u32,
    pub(super) down: bool,
}

/// A non-INVITE client transaction that sends OPTIONS (RFC 3261 §17.1.2). It ends with its answer
/// or at its time-out, whatever becomes of SBC, connection and carrier.
#[derive(Debug)]
pub(super) struct Ping {
    pub(super) serial: u32,
    /// Transactions of the same ping before this one.
    pub(super) retries: u32,
    /// When it is given up, and the timer that does it.
    pub(super) until: SimTime,
    pub(super) timeout: Handle,
    /// Timer E, over UDP.
    pub(super) retransmit: Handle,
    pub(super) retransmissions: u16,
    /// Whether it waits for the leg's connection.
    pub(super) unsent: bool,
    /// The final response of the carrier's transaction, once a copy has arrived there.
    pub(super) answer: Option<OptionsAnswer>,
}

impl Options {
    /// The number of the next transaction.
    pub(super) const fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// A transaction begins.
    pub(super) fn begin(&mut self, ping: Ping) {
        self.out.push_back(ping);
    }

    /// A transaction that has no result yet.
    pub(super) fn ping(&mut self, serial: u32) -> Option<&mut Ping> {
        self.out.iter_mut().find(|ping| ping.serial == serial)
    }

    /// Takes a transaction out, which has its result now.
    pub(super) fn end(&mut self, serial: u32) -> Option<Ping> {
        let place = self.out.iter().position(|ping| ping.serial == serial)?;
        self.out.remove(place)
    }

    /// How many transactions have no result yet.
    pub(super) fn pending(&self) -> usize {
        self.out.len()
    }

    /// The oldest transaction without a result.
    pub(super) fn oldest(&self) -> Option<&Ping> {
        self.out.front()
    }

    /// Transactions that wait for the connection; they do so no longer.
    pub(super) fn take_unsent(&mut self) -> Vec<u32> {
        let unsent = |ping: &mut Ping| std::mem::take(&mut ping.unsent).then_some(ping.serial);
        self.out.iter_mut().filter_map(unsent).collect()
    }

    /// Counts a success (`true`) or a miss; whether the leg's state turned over.
    pub(super) fn count(&mut self, success: bool, spec: &OptionsSpec) -> bool {
        let down = match spec.counter {
            OptionsCounter::Consecutive => self.in_a_row(success, spec),
            OptionsCounter::UpDown => self.up_and_down(success, spec),
        };
        std::mem::replace(&mut self.down, down) != down
    }

    fn in_a_row(&mut self, success: bool, spec: &OptionsSpec) -> bool {
        if success {
            self.missed = 0;
            self.answered = self.answered.saturating_add(1);
        } else {
            self.answered = 0;
            self.missed = self.missed.saturating_add(1);
        }
        let turns =
            if self.down { self.answered >= spec.up_after } else { self.missed >= spec.down_after };
        self.down ^ turns
    }

    fn up_and_down(&mut self, success: bool, spec: &OptionsSpec) -> bool {
        let most = spec.down_after + spec.up_after - 1;
        self.lacking = match success {
            true => self.lacking.saturating_sub(1),
            false => (self.lacking + 1).min(most),
        };
        self.lacking >= spec.down_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(counter: OptionsCounter, results: &str) -> String {
        let spec = OptionsSpec { down_after: 3, up_after: 2, counter, ..OptionsSpec::default() };
        let mut options = Options::default();
        let state = |result| {
            options.count(result == '+', &spec);
            if options.down { 'd' } else { 'u' }
        };
        results.chars().map(state).collect()
    }

    #[test]
    fn consecutive_results_put_a_leg_down_and_up() {
        assert_eq!(turns(OptionsCounter::Consecutive, "--+---+-++"), "uuuuuddddu");
        // Two of three are missed for ever, and never three in a row.
        assert_eq!(turns(OptionsCounter::Consecutive, "--+--+--+--+"), "uuuuuuuuuuuu");
    }

    #[test]
    fn a_counter_that_goes_up_and_down_adds_up_what_does_not_come_in_a_row() {
        assert_eq!(turns(OptionsCounter::UpDown, "--+--+--+--+"), "uuuududddddd");
        // From its bounds it takes as many as in a row: 3 misses down, 2 successes up.
        assert_eq!(turns(OptionsCounter::UpDown, "++++---"), "uuuuuud");
        assert_eq!(turns(OptionsCounter::UpDown, "--------++"), "uudddddddu");
    }
}
