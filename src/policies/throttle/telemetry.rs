//! The telemetry server of assisted adaptive token buckets (`telemetry.py` of Bfarkiani/ratelimiter
//! 5def00a): what its clients report, summed over a window of slots.

use std::collections::VecDeque;

use crate::engine::time::{SimDuration, SimTime};

/// Length of a slot of requests and 429s (`--period-total`).
const SLOT: SimDuration = SimDuration::from_secs(2);
/// Length of a slot of clients (`--period-active`), which are kept for twice the window.
const CLIENT_SLOT: SimDuration = SimDuration::from_secs(10);

/// What a client reports.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Answers it had since its last report.
    pub sent: u64,
    /// Whether the last answer was a failure.
    pub congested: bool,
}

/// What the server replies.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Requests that all clients reported within the window.
    pub total_requests: u64,
    /// Clients that reported within twice the window; at least 1.
    pub active_clients: u32,
    /// Failures reported within the window.
    pub reported_429: u64,
}

/// The server. A slot closes at each multiple of its length, before what comes at that instant;
/// replies show the closed slots, so never the report they answer.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Requests and failures of closed slots, oldest first, and of the one under way.
    slots: VecDeque<(u64, u64)>,
    current: (u64, u64),
    closed: u64,
    sums: (u64, u64),
    client_slots: VecDeque<Vec<u32>>,
    current_clients: Vec<u32>,
    clients_closed: u64,
    active: u32,
}

/// Slots of `length` in `window`, to the nearest; at least one.
fn slots(window: SimDuration, length: SimDuration) -> usize {
    let halves = 2 * window.as_nanos() / length.as_nanos();
    (halves.div_ceil(2) as usize).max(1)
}

impl Telemetry {
    /// A server that has heard nothing, with sums over `window`.
    #[must_use]
    pub fn new(window: SimDuration) -> Self {
        Self {
            slots: vec![(0, 0); slots(window, SLOT)].into(),
            current: (0, 0),
            closed: 0,
            sums: (0, 0),
            client_slots: vec![Vec::new(); slots(window * 2, CLIENT_SLOT)].into(),
            current_clients: Vec::new(),
            clients_closed: 0,
            active: 0,
        }
    }

    /// Closes the slots that end at `now` or before.
    fn close(&mut self, now: SimTime) {
        let due = now.as_nanos() / SLOT.as_nanos();
        for _ in 0..(due - self.closed).min(1 + self.slots.len() as u64) {
            let new = std::mem::take(&mut self.current);
            let old = self.slots.pop_front().unwrap_or_default();
            self.slots.push_back(new);
            self.sums = (self.sums.0 + new.0 - old.0, self.sums.1 + new.1 - old.1);
        }
        self.closed = due;
        let due = now.as_nanos() / CLIENT_SLOT.as_nanos();
        let missed = (due - self.clients_closed).min(1 + self.client_slots.len() as u64);
        for _ in 0..missed {
            self.client_slots.pop_front();
            self.client_slots.push_back(std::mem::take(&mut self.current_clients));
        }
        if missed > 0 {
            let mut known: Vec<u32> = self.client_slots.iter().flatten().copied().collect();
            known.sort_unstable();
            known.dedup();
            self.active = known.len() as u32;
        }
        self.clients_closed = due;
    }

    /// A client's report comes in, and is answered.
    pub fn hear(&mut self, now: SimTime, client: u32, report: Report) -> Sums {
        self.close(now);
        self.current.0 += report.sent;
        self.current.1 += u64::from(report.congested);
        if !self.current_clients.contains(&client) {
            self.current_clients.push(client);
        }
        Sums {
            total_requests: self.sums.0,
            active_clients: self.active.max(1),
            reported_429: self.sums.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(s)
    }

    fn sums(total_requests: u64, active_clients: u32, reported_429: u64) -> Sums {
        Sums { total_requests, active_clients, reported_429 }
    }

    #[test]
    fn a_report_counts_from_the_end_of_its_slot_for_the_window() {
        let mut server = Telemetry::new(SimDuration::from_secs(30));
        let report = Report { sent: 5, congested: true };
        let silent = Report { sent: 0, congested: false };
        assert_eq!(server.hear(at(1), 7, report), sums(0, 1, 0));
        assert_eq!(server.hear(at(1), 7, report), sums(0, 1, 0));
        assert_eq!(server.hear(at(2), 8, silent), sums(10, 1, 2));
        assert_eq!(server.hear(at(10), 7, silent), sums(10, 2, 2));
        // Closed at 2 s as one of 15 slots, it goes at 32 s; the clients of 10 s at 70 s.
        assert_eq!(server.hear(at(31), 7, silent), sums(10, 2, 2));
        assert_eq!(server.hear(at(32), 7, silent), sums(0, 2, 0));
        assert_eq!(server.hear(at(69), 9, silent), sums(0, 2, 0));
        assert_eq!(server.hear(at(70), 9, silent), sums(0, 2, 0));
        assert_eq!(server.hear(at(100_000), 9, silent), sums(0, 1, 0));
    }

    #[test]
    fn windows_are_of_the_nearest_number_of_slots() {
        let of = |s| slots(SimDuration::from_secs(s), SLOT);
        assert_eq!([of(30), of(10), of(2), of(1)], [15, 5, 1, 1]);
    }
}
