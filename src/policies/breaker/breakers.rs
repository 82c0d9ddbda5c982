//! The breakers of one client: side by side, or the hosts of one pool.

use std::ops::Range;

use rand::Rng;

use super::outlier::Pool;
use super::{Breaker, CallResult, Counts, MachineSpec, Permit, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// The breakers of one client, numbered from 0.
#[derive(Clone, Debug)]
pub struct Breakers(Held);

#[derive(Clone, Debug)]
enum Held {
    /// Each by itself.
    Each(Vec<Breaker>),
    /// Hosts of one pool.
    Pool(Pool),
}

impl Breakers {
    /// `count` closed breakers, made at the start of the run.
    #[must_use]
    pub fn new(spec: &MachineSpec, count: u32) -> Self {
        Self(match spec {
            MachineSpec::EnvoyOutlier(spec) => Held::Pool(Pool::new(spec, count)),
            spec => Held::Each((0..count).map(|_| Breaker::new(spec)).collect()),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::Each(breakers) => breakers.len(),
            Held::Pool(pool) => pool.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those that may move at the same instant as breaker `which`: the whole pool, or it alone.
    #[must_use]
    pub fn beside(&self, which: usize) -> Range<usize> {
        match &self.0 {
            Held::Each(_) => which..which + 1,
            Held::Pool(pool) => 0..pool.len(),
        }
    }

    /// As [`Breaker::admit`] of breaker `which`.
    pub fn admit(&mut self, which: usize, now: SimTime, rng: &mut impl Rng) -> Verdict {
        match &mut self.0 {
            Held::Each(breakers) => breakers[which].admit(now, rng),
            Held::Pool(pool) => pool.admit(which, now),
        }
    }

    /// As [`Breaker::record`] of breaker `which`.
    pub fn record(
        &mut self,
        which: usize,
        now: SimTime,
        permit: Permit,
        (result, took): (CallResult, SimDuration),
        rng: &mut impl Rng,
    ) {
        match &mut self.0 {
            Held::Each(breakers) => breakers[which].record(now, permit, result, took, rng),
            Held::Pool(pool) => pool.record(which, now, result),
        }
    }

    /// As [`Breaker::state`] of breaker `which`.
    pub fn state(&mut self, which: usize, now: SimTime) -> State {
        match &mut self.0 {
            Held::Each(breakers) => breakers[which].state(now),
            Held::Pool(pool) => pool.state(which, now),
        }
    }

    /// As [`Breaker::next_deadline`] of breaker `which`.
    #[must_use]
    pub fn next_deadline(&self, which: usize) -> Option<SimTime> {
        match &self.0 {
            Held::Each(breakers) => breakers[which].next_deadline(),
            Held::Pool(pool) => pool.next_deadline(which),
        }
    }

    /// As [`Breaker::next_move`] of breaker `which`; of a pool, of any of them.
    #[must_use]
    pub fn next_move(&self, which: usize) -> Option<SimTime> {
        match &self.0 {
            Held::Each(breakers) => breakers[which].next_move(),
            Held::Pool(pool) => pool.next_move(),
        }
    }

    /// As [`Breaker::counts`] of breaker `which`.
    pub fn counts(&mut self, which: usize, now: SimTime) -> Counts {
        match &mut self.0 {
            Held::Each(breakers) => breakers[which].counts(now),
            Held::Pool(pool) => pool.counts(which, now),
        }
    }
}
