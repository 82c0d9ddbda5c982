//! What an answer says of a rate limit: how much of it is left, and when it is whole again
//! (`X-RateLimit-*`, `inin-ratelimit-*`, `RateLimit`).

use crate::engine::time::{SimDuration, SimTime};

const SECOND: u64 = 1_000_000_000;

/// The limit headers of an answer. On the wire instants are whole seconds, rounded up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LimitHeaders {
    /// What the limit allows.
    pub allowed: u32,
    /// What is left of it.
    pub remaining: u32,
    /// When it is whole again, if that is said.
    pub reset: Option<SimTime>,
    /// When the answer was written: its `Date`, in whole seconds, rounded down.
    pub date: SimTime,
}

impl LimitHeaders {
    /// What has been used of it.
    #[must_use]
    pub const fn used(self) -> u32 {
        self.allowed.saturating_sub(self.remaining)
    }

    /// The reset as seconds left, counted from when the answer was written.
    #[must_use]
    pub fn seconds_left(self) -> Option<SimDuration> {
        let left = self.reset?.saturating_since(self.date);
        Some(SimDuration::from_secs(left.as_nanos().div_ceil(SECOND)))
    }

    /// The reset as an instant of the server's clock, in nanoseconds.
    #[must_use]
    pub fn epoch(self) -> Option<i128> {
        Some(i128::from(self.reset?.as_nanos().div_ceil(SECOND)) * i128::from(SECOND))
    }

    /// The `Date`, in nanoseconds.
    #[must_use]
    pub fn date_header(self) -> i128 {
        i128::from(self.date.as_nanos() / SECOND) * i128::from(SECOND)
    }
}

/// What the body of a refusal calls the limit. The simulated API's limits are all primary.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum LimitMessage {
    /// The limit that the headers are of.
    #[default]
    Primary,
    /// A limit on bursts and concurrency, of which the headers say nothing (GitHub).
    Secondary,
    /// No limit at all.
    Other,
}
