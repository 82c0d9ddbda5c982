//! The sliding log: the instants of the last requests.

use std::collections::VecDeque;

use super::Edge;
use crate::engine::time::{SimDuration, SimTime};

/// The instants of the last requests, oldest first, as many as can matter. A delayed request is
/// kept at the instant it passes; no later request overtakes it.
#[derive(Clone, Debug)]
pub(super) struct SlidingLog {
    specified: u32,
    limit: usize,
    window: SimDuration,
    edge: Edge,
    passed: VecDeque<SimTime>,
}

impl SlidingLog {
    pub(super) const fn new(limit: u32, window: SimDuration, edge: Edge) -> Self {
        let passed = VecDeque::new();
        Self { specified: limit, limit: limit as usize, window, edge, passed }
    }

    /// The first instant at which a request made at `at` counts no more.
    const fn forgotten(&self, at: SimTime) -> SimTime {
        let at = at.saturating_add(self.window);
        match self.edge {
            Edge::Strict => at,
            Edge::Inclusive => at.saturating_add(SimDuration::from_nanos(1)),
        }
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        let cost = cost as usize;
        if cost > self.limit {
            return SimTime::NEVER;
        }
        if cost == 0 {
            return now;
        }
        // With `cost` more, this one and those before it must have left the window.
        let stay = self.limit - cost + 1;
        let blocking = self.passed.len().checked_sub(stay).map(|i| self.forgotten(self.passed[i]));
        let last = self.passed.back().copied().unwrap_or(SimTime::ZERO);
        now.max(last).max(blocking.unwrap_or(now))
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        let at = self.earliest(now, cost);
        self.log(at, cost);
    }

    /// Keeps a refused request.
    pub(super) fn count(&mut self, now: SimTime, cost: u32) {
        let last = self.passed.back().copied().unwrap_or(SimTime::ZERO);
        self.log(now.max(last), cost);
    }

    fn log(&mut self, at: SimTime, cost: u32) {
        let kept = self.limit.max(self.specified as usize);
        for _ in 0..(cost as usize).min(kept) {
            if self.passed.len() >= kept {
                self.passed.pop_front();
            }
            self.passed.push_back(at);
        }
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        if self.passed.back().is_some_and(|last| *last > now) {
            return 0;
        }
        let gone = self.passed.partition_point(|at| self.forgotten(*at) <= now);
        let counted = self.passed.len() - gone;
        u32::try_from(self.limit.saturating_sub(counted)).unwrap_or(u32::MAX)
    }

    pub(super) fn capacity(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX)
    }

    pub(super) fn scale(&mut self, factor: f64) {
        self.limit = usize::try_from(super::scaled(self.specified, factor)).unwrap_or(usize::MAX);
    }
}
