//! Connection errors of the clients of Bfarkiani/ratelimiter: each holds the client up for a second,
//! and the eleventh ends it for good.

use super::Gate;
use crate::engine::time::{SimDuration, SimTime};

/// What a connection error holds the client up for (`run` in `ATB.py` and `AATB.py`).
const PAUSE: SimDuration = SimDuration::from_secs(1);

/// The connection errors of one client.
#[derive(Clone, Debug)]
pub(super) struct ConnectionErrors {
    max: Option<u32>,
    seen: u32,
    until: SimTime,
}

impl ConnectionErrors {
    /// A client that outlives `max` connection errors; without `max`, any number.
    pub(super) const fn new(max: Option<u32>) -> Self {
        Self { max, seen: 0, until: SimTime::ZERO }
    }

    pub(super) fn on_error(&mut self, now: SimTime) {
        self.seen = self.seen.saturating_add(1);
        self.until = now.saturating_add(PAUSE);
    }

    /// What they leave of a try at `now`: nothing where the client is over or pauses.
    pub(super) fn gate(&self, now: SimTime) -> Gate {
        if self.max.is_some_and(|max| self.seen > max) {
            return Gate::Refused;
        }
        if now < self.until {
            return Gate::Wait { until: self.until };
        }
        Gate::Open
    }
}
