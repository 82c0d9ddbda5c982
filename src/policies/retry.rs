//! Whether to try again, and when.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backoff::{BackoffSpec, Jitter};
use super::preset::Preset;
use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// When a client tries again. The default is the operators' own loop: every 500 ms, six tries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "retry"))]
pub struct RetrySpec {
    /// Tries in all, the first included.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts: u32,
    /// The whole request, waits included, takes at most this long; a wait that would end later is
    /// not begun.
    pub deadline: Option<SimDuration>,
    /// What a `Retry-After` is worth.
    pub retry_after: RetryAfter,
    /// A `Retry-After` is honoured up to this long (urllib3 2.8: 6 h).
    pub retry_after_max: Option<SimDuration>,
    /// Outcomes after which to try again.
    pub retry_on: Vec<Outcome>,
    /// The waits.
    pub backoff: BackoffSpec,
}

/// The presets: whole retry loops, as SDKs and operators have them.
pub const PRESETS: &[Preset] = &[Preset {
    name: "fixed_500ms",
    settings: r#"
attempts = 6
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
backoff = { kind = "fixed", delay = "500ms" }
"#,
    summary: "the operators' own loop: every 500 ms, whatever the answer says",
    source: "the operators' account; six attempts are an assumption",
    cases: &[],
}];

impl Default for RetrySpec {
    fn default() -> Self {
        Self {
            attempts: 6,
            deadline: None,
            retry_after: RetryAfter::Ignored,
            retry_after_max: None,
            retry_on: vec![Outcome::TooManyRequests, Outcome::Unavailable, Outcome::TimedOut],
            backoff: BackoffSpec::Fixed {
                delay: SimDuration::from_millis(500),
                jitter: Jitter::None,
            },
        }
    }
}

/// What a `Retry-After` is worth.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// It takes the place of the backoff, as in urllib3's `Retry` and the Genesys SDKs.
    Honoured,
    /// Nothing.
    Ignored,
}

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
}

/// Why a request is given up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The outcome is none to retry on.
    NotRetryable,
    /// All tries are used up.
    Attempts,
    /// The wait would end past the deadline.
    Deadline,
}

/// What is known of a request after an attempt that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// When the request started.
    pub started: SimTime,
    /// Attempts made.
    pub attempts: u32,
    /// How the last ended.
    pub outcome: Outcome,
    /// What its answer said.
    pub retry_after: Option<SimDuration>,
    /// The last wait; zero before the first.
    pub previous: SimDuration,
}

impl RetrySpec {
    /// One try and no other.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Whether to try again after an attempt that failed at `now`.
    pub fn decide(&self, now: SimTime, failed: Failed, rng: &mut impl Rng) -> RetryDecision {
        if !self.retry_on.contains(&failed.outcome) {
            return RetryDecision::GiveUp(Reason::NotRetryable);
        }
        if failed.attempts >= self.attempts {
            return RetryDecision::GiveUp(Reason::Attempts);
        }
        let longest = self.retry_after_max.unwrap_or(SimDuration::MAX);
        let after = match failed.retry_after {
            Some(wait) if self.retry_after == RetryAfter::Honoured => wait.min(longest),
            _ => self.backoff.delay(failed.attempts, failed.previous, rng),
        };
        let latest = self.deadline.map_or(SimTime::NEVER, |d| failed.started.saturating_add(d));
        if now.saturating_add(after) >= latest {
            return RetryDecision::GiveUp(Reason::Deadline);
        }
        RetryDecision::Retry { after }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if !(1..=1000).contains(&self.attempts) {
            problems.refuse("attempts", self.attempts, "must be from 1 to 1000");
        }
        if let Some(deadline) = self.deadline {
            problems.positive("deadline", deadline);
        }
        if self.retry_on.contains(&Outcome::Ok) {
            problems.refuse("retry_on", "ok", "a success is not retried");
        }
        problems.nested("backoff", self.backoff.check());
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::random::RandomSource;

    fn failed(attempts: u32, outcome: Outcome, retry_after: Option<u64>) -> Failed {
        Failed {
            started: SimTime::ZERO,
            attempts,
            outcome,
            retry_after: retry_after.map(SimDuration::from_secs),
            previous: SimDuration::ZERO,
        }
    }

    fn decide(spec: &RetrySpec, now_s: u64, failed: Failed) -> RetryDecision {
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        spec.decide(SimTime::ZERO + SimDuration::from_secs(now_s), failed, &mut rng)
    }

    #[test]
    fn retry_after_takes_the_place_of_the_backoff_where_it_is_honoured() {
        let refused = failed(1, Outcome::TooManyRequests, Some(42));
        let half = SimDuration::from_millis(500);
        let mut spec = RetrySpec::default();
        assert_eq!(decide(&spec, 0, refused), RetryDecision::Retry { after: half });
        spec.retry_after = RetryAfter::Honoured;
        let after = SimDuration::from_secs(42);
        assert_eq!(decide(&spec, 0, refused), RetryDecision::Retry { after });
        let silent = failed(1, Outcome::TimedOut, None);
        assert_eq!(decide(&spec, 0, silent), RetryDecision::Retry { after: half });
    }

    #[test]
    fn attempts_deadline_and_outcome_each_end_a_request() {
        let spec = RetrySpec {
            deadline: Some(SimDuration::from_secs(3)),
            retry_on: vec![Outcome::TooManyRequests],
            ..RetrySpec::default()
        };
        let give_up = RetryDecision::GiveUp;
        let refused = |n| failed(n, Outcome::TooManyRequests, None);
        assert_eq!(decide(&spec, 0, refused(6)), give_up(Reason::Attempts));
        assert_eq!(decide(&spec, 3, refused(1)), give_up(Reason::Deadline));
        let silent = failed(1, Outcome::TimedOut, None);
        assert_eq!(decide(&spec, 0, silent), give_up(Reason::NotRetryable));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_wait_ends_past_the_deadline_and_no_try_is_one_too_many(
            attempts in 1u32..20, made in 1u32..20, now_s in 0u64..100, wait_s in 0u64..100,
        ) {
            let deadline = SimDuration::from_secs(50);
            let spec = RetrySpec {
                attempts,
                deadline: Some(deadline),
                retry_after: RetryAfter::Honoured,
                ..RetrySpec::default()
            };
            let refused = failed(made, Outcome::TooManyRequests, Some(wait_s));
            if let RetryDecision::Retry { after } = decide(&spec, now_s, refused) {
                prop_assert!(made < attempts);
                prop_assert!(SimDuration::from_secs(now_s) + after < deadline);
            }
        }
    }
}
