//! One loop's decision after a try that failed.

use rand::Rng;

use super::header::{Hint, RetryAfter};
use super::{Method, ResetAdvice, RetrySpec};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::backoff::{BackoffState, Retry};
use crate::policies::budget::{Budget, Load};
use crate::policies::limit_headers::{LimitHeaders, LimitMessage};

/// Whether to try again.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Try again.
    Retry {
        /// After this wait.
        after: SimDuration,
    },
    /// The request has failed.
    GiveUp(Reason),
    /// The request fails after this wait: a long poll that the budget refused.
    GiveUpAfter(SimDuration),
}

/// Why a request is given up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The outcome, method or answer is not retryable.
    NotRetryable,
    /// All tries are used up.
    Attempts,
    /// The wait would end past the deadline, or the time for retries is over.
    Deadline,
    /// The budget does not pay for it.
    Budget,
    /// The server forbids it.
    Pushback,
}

/// What is known of a try that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How it ended.
    pub outcome: Outcome,
    /// What its answer said.
    pub hint: Option<Hint>,
    /// The request's method.
    pub method: Method,
}

/// How far a request has come in one loop.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct LoopState {
    /// When its first try started.
    pub started: SimTime,
    /// Tries made.
    pub tries: u32,
    /// All waits so far.
    pub(super) waited: SimDuration,
    pub(super) backoff: BackoffState,
    /// The outcome the last retry was made after.
    pub last_retry: Option<Outcome>,
    /// A retry under way that a budget of concurrency counts.
    pub(super) counted: bool,
    /// What the last answer said of its limit.
    pub(super) limits: (Option<LimitHeaders>, LimitMessage),
}

impl LoopState {
    /// A request that starts at `now`.
    #[must_use]
    pub fn starting(now: SimTime) -> Self {
        Self { started: now, ..Self::default() }
    }
}

impl RetrySpec {
    /// Whether to try again after a try that failed at `now`. Nothing may last beyond `latest`,
    /// whatever this loop's own deadline.
    pub fn decide(
        &self,
        now: SimTime,
        state: &mut LoopState,
        failed: Failed,
        latest: SimTime,
        (budget, load): (&mut Budget, Load),
        rng: &mut impl Rng,
    ) -> RetryDecision {
        state.backoff.note(failed.outcome);
        if self.retry_after == RetryAfter::Pushback && failed.hint == Some(Hint::Unreadable) {
            budget.on_failure();
            return RetryDecision::GiveUp(Reason::Pushback);
        }
        let advice = self.advise(now, state, failed);
        if !self.may_retry(&failed) || advice == ResetAdvice::GiveUp {
            return RetryDecision::GiveUp(Reason::NotRetryable);
        }
        // gRPC charges a failure before it looks at the number of attempts.
        if !budget.on_failure() {
            return RetryDecision::GiveUp(Reason::Budget);
        }
        if state.tries >= self.attempts {
            return RetryDecision::GiveUp(Reason::Attempts);
        }
        let elapsed = now - state.started;
        if self.elapsed_max.is_some_and(|max| elapsed >= max) {
            return RetryDecision::GiveUp(Reason::Deadline);
        }
        let before = state.backoff;
        let after = self.wait(state, (failed, advice), elapsed, rng);
        let waited =
            SimDuration::from_nanos(state.waited.as_nanos().saturating_add(after.as_nanos()));
        let own = self.deadline.map_or(SimTime::NEVER, |d| state.started.saturating_add(d));
        let ends = if self.wait_out_deadline { now } else { now.saturating_add(after) };
        let late = ends >= own || now.saturating_add(after) >= latest;
        if late || self.waits_max.is_some_and(|max| waited > max) {
            state.backoff = before;
            return RetryDecision::GiveUp(Reason::Deadline);
        }
        if !budget.withdraw(now, failed.outcome, load) {
            return match self.budget.long_poll() {
                true => RetryDecision::GiveUpAfter(after),
                false => RetryDecision::GiveUp(Reason::Budget),
            };
        }
        state.counted = true;
        state.waited = waited;
        state.last_retry = Some(failed.outcome);
        RetryDecision::Retry { after }
    }

    fn may_retry(&self, failed: &Failed) -> bool {
        let told = match failed.hint {
            Some(Hint::After(length)) => Some(length),
            Some(Hint::Unreadable) | None => None,
        };
        let needs_header = self.retry_after_needed.contains(failed.outcome);
        let too_late = self.retry_after_give_up.is_some_and(|max| told.is_some_and(|l| l > max));
        self.retry_on.contains(failed.outcome)
            && self.methods.as_ref().is_none_or(|m| m.contains(&failed.method))
            && (told.is_some() || !needs_header)
            && !too_late
    }

    /// What the limit headers of the last answer ask.
    fn advise(&self, now: SimTime, state: &LoopState, failed: Failed) -> ResetAdvice {
        self.limit_reset.as_ref().map_or(ResetAdvice::Backoff, |reset| {
            reset.advise(now, failed.outcome, state.limits, failed.hint)
        })
    }

    fn wait(
        &self,
        state: &mut LoopState,
        (failed, advice): (Failed, ResetAdvice),
        elapsed: SimDuration,
        rng: &mut impl Rng,
    ) -> SimDuration {
        let backoff = &mut state.backoff;
        let length = match self.backoff.overrides_header(backoff, failed.outcome) {
            true => None,
            false => self.retry_after.length(failed.hint, self.retry_after_max),
        };
        if let Some(length) = length.filter(|_| self.retry_after.replaces()) {
            if self.retry_after == RetryAfter::Pushback {
                backoff.restart();
            }
            backoff.previous = length;
            return length;
        }
        if let ResetAdvice::Wait(length) = advice {
            backoff.previous = length;
            return length;
        }
        let retry = Retry { number: state.tries, outcome: failed.outcome, elapsed };
        let wait = self.backoff.next(backoff, retry, rng);
        let wait = match advice {
            ResetAdvice::AtLeast(length) => wait.max(length),
            _ => wait,
        };
        let wait = length.map_or(wait, |length| self.retry_after.combine(wait, length));
        backoff.previous = wait;
        wait
    }
}
