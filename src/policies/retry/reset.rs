//! What clients make of the reset that an answer's limit headers name: a wait after a refusal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::header::Hint;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limit_headers::{LimitHeaders, LimitMessage};
use crate::policies::{Outcome, Outcomes, Problem, Problems};

const SECOND: i128 = 1_000_000_000;

/// A wait until the reset that limit headers name. A `Retry-After` that the loop honours goes first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResetSpec {
    /// Outcomes after which the headers are read.
    pub on: Outcomes,
    /// How the header names the reset, and by whose clock.
    pub clock: ResetClock,
    /// Whether the time left is rounded up to whole seconds.
    pub whole_seconds: bool,
    /// What is added to the time left.
    pub plus: SimDuration,
    /// The longest wait (okta-sdk-golang: `MaxBackoff`). Without it, any length.
    pub max: Option<SimDuration>,
    /// Whether the wait is at least the backoff (PyGithub).
    pub at_least_backoff: bool,
    /// Whether a request is given up unless the headers say that nothing is left.
    pub exhausted_only: bool,
    /// What becomes of a request whose answer names no reset.
    pub missing: MissingReset,
    /// The wait after a secondary limit of GitHub without `Retry-After`; where it is given, the
    /// client reads the message, and gives up if that is of no limit. The simulated API's limits
    /// are all primary.
    pub secondary: Option<SimDuration>,
}

/// How a header names the reset.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetClock {
    /// In seconds left (Genesys, Reddit, the IETF's draft).
    #[default]
    SecondsLeft,
    /// As an instant, which the client compares with its own clock (GitHub, GitLab). Assumption:
    /// clocks agree.
    Epoch,
    /// As an instant, which the client compares with the answer's `Date` (Okta).
    EpochByDate,
}

/// What becomes of a request whose answer names no reset.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingReset {
    /// It waits for as long as the backoff says.
    #[default]
    Backoff,
    /// It is given up.
    GiveUp,
}

impl Default for ResetSpec {
    fn default() -> Self {
        Self {
            on: vec![Outcome::TooManyRequests].into(),
            clock: ResetClock::SecondsLeft,
            whole_seconds: false,
            plus: SimDuration::ZERO,
            max: None,
            at_least_backoff: false,
            exhausted_only: false,
            missing: MissingReset::Backoff,
            secondary: None,
        }
    }
}

/// What an answer's headers ask of a client.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ResetAdvice {
    /// To wait so long, or the backoff where that is longer.
    AtLeast(SimDuration),
    /// To wait so long.
    Wait(SimDuration),
    /// Nothing: the backoff decides.
    Backoff,
    /// To give up.
    GiveUp,
}

impl ResetSpec {
    /// What the headers of a failure at `now` ask.
    #[must_use]
    pub fn advise(
        &self,
        now: SimTime,
        outcome: Outcome,
        (limits, message): (Option<LimitHeaders>, LimitMessage),
        hint: Option<Hint>,
    ) -> ResetAdvice {
        if !self.on.contains(outcome) {
            return ResetAdvice::Backoff;
        }
        match (self.secondary, message) {
            (Some(_), LimitMessage::Other) => return ResetAdvice::GiveUp,
            (Some(wait), LimitMessage::Secondary) => {
                return ResetAdvice::Wait(match hint {
                    Some(Hint::After(length)) => length,
                    Some(Hint::Unreadable) | None => wait,
                });
            }
            (Some(_) | None, _) => {}
        }
        if self.exhausted_only && limits.is_none_or(|limits| limits.remaining > 0) {
            return ResetAdvice::GiveUp;
        }
        match limits.and_then(|limits| self.wait(now, limits)) {
            Some(wait) if self.at_least_backoff => ResetAdvice::AtLeast(wait),
            Some(wait) => ResetAdvice::Wait(wait),
            None if self.missing == MissingReset::GiveUp => ResetAdvice::GiveUp,
            None => ResetAdvice::Backoff,
        }
    }

    /// The time left and what is added to it; nothing where that lies in the past.
    fn wait(&self, now: SimTime, limits: LimitHeaders) -> Option<SimDuration> {
        let left = match self.clock {
            ResetClock::SecondsLeft => i128::from(limits.seconds_left()?.as_nanos()),
            ResetClock::Epoch => limits.epoch()? - i128::from(now.as_nanos()),
            ResetClock::EpochByDate => limits.epoch()? - limits.date_header(),
        };
        let left = match self.whole_seconds {
            true => -(-left).div_euclid(SECOND) * SECOND,
            false => left,
        };
        let wait = (left + i128::from(self.plus.as_nanos())).max(0);
        let wait = SimDuration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX));
        Some(wait.min(self.max.unwrap_or(SimDuration::MAX)))
    }

    /// What is wrong with it.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if self.on.contains(Outcome::Ok) {
            problems.refuse("on", "ok", "a success is not retried");
        }
        problems.0
    }
}
