//! What an answer says about when to come back, and what libraries make of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;

/// What the `Retry-After` of an answer says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Come back after this long.
    After(SimDuration),
    /// A negative number, or nothing that can be read: from gRPC's server, do not come back.
    Unreadable,
}

/// What a `Retry-After` is worth.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// It takes the place of the backoff, as in go-retryablehttp and the Genesys SDK for .NET.
    Honoured,
    /// Honoured; 0 counts as no header (urllib3's `Retry`).
    HonouredUnlessZero,
    /// Honoured, with its seconds read as milliseconds (Genesys CLI before it used
    /// go-retryablehttp, `retry.go`).
    HonouredAsMillis,
    /// It is added to the backoff.
    Added,
    /// The longer of the two.
    AtLeast,
    /// The longer of the two, but at most 5 s longer than the backoff (botocore 1.44,
    /// `x-amz-retry-after`).
    AwsBounded,
    /// It replaces the backoff and resets the exponent. A value that is negative or cannot be read
    /// forbids the retry (gRPC proposal A6, `grpc-retry-pushback-ms`).
    Pushback,
    /// Nothing.
    Ignored,
}

/// What botocore lets a `Retry-After` add (`_RETRY_AFTER_MAX_ADDITIONAL`).
const AWS_ADDITIONAL: SimDuration = SimDuration::from_secs(5);

impl RetryAfter {
    /// The length that counts, of a hint of `max` at most.
    pub(super) fn length(
        self,
        hint: Option<Hint>,
        max: Option<SimDuration>,
    ) -> Option<SimDuration> {
        let Some(Hint::After(length)) = hint else { return None };
        let length = match self {
            Self::Ignored => return None,
            Self::HonouredAsMillis => SimDuration::from_millis(length.as_nanos() / 1_000_000_000),
            _ => length,
        };
        let none_if_zero = matches!(self, Self::HonouredUnlessZero | Self::HonouredAsMillis);
        let counts = !(none_if_zero && length.is_zero());
        counts.then(|| length.min(max.unwrap_or(SimDuration::MAX)))
    }

    /// Whether the backoff is not asked at all where there is a length.
    pub(super) const fn replaces(self) -> bool {
        matches!(
            self,
            Self::Honoured | Self::HonouredUnlessZero | Self::HonouredAsMillis | Self::Pushback
        )
    }

    /// The wait, from a backoff and a length it does not replace.
    pub(super) fn combine(self, backoff: SimDuration, length: SimDuration) -> SimDuration {
        let sum = |a: SimDuration, b: SimDuration| {
            SimDuration::from_nanos(a.as_nanos().saturating_add(b.as_nanos()))
        };
        match self {
            Self::Added => sum(backoff, length),
            Self::AtLeast => backoff.max(length),
            Self::AwsBounded => backoff.max(length.min(sum(backoff, AWS_ADDITIONAL))),
            _ => backoff,
        }
    }
}
