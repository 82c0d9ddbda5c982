//! Whether to try again, and when: a retry loop, and loops under loops where a program retries a
//! client library that retries by itself.

mod decision;
mod header;
mod loops;
mod presets;
mod reset;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backoff::{BackoffSpec, Jitter};
use super::budget::BudgetSpec;
use super::limiter::LimiterSpec;
use super::throttle::ThrottleSpec;
use super::{Outcome, Outcomes, Problem, Problems};
use crate::engine::time::SimDuration;
pub use decision::{Failed, LoopState, Reason, RetryDecision};
pub use header::{Hint, RetryAfter};
pub use loops::{Loops, Pass, Progress, Step};
pub use presets::PRESETS;
pub use reset::{MissingReset, ResetAdvice, ResetClock, ResetSpec};

/// Loops that may stand one under another: a bound of ours, no source has one.
pub const DEPTH_MAX: usize = 16;
/// Tries that loops may make together of one request, as far as their `attempts` go: a bound of
/// ours, so that they can be counted.
const TRIES_MAX: u64 = 1_000_000_000_000_000_000;

/// When a client tries again. The default is the operators' own loop: every 500 ms, six tries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "retry"))]
pub struct RetrySpec {
    /// Tries in all, the first included.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub attempts: u32,
    /// The whole request, waits included, takes at most this long; a wait that would end later is
    /// not begun.
    pub deadline: Option<SimDuration>,
    /// Whether a wait past the deadline is begun nevertheless, so that the request fails only at
    /// its deadline (Envoy's route timeout, gRPC's deadline).
    pub wait_out_deadline: bool,
    /// No further try once so long has passed since the first started; a wait may end later
    /// (tenacity `stop_after_delay`, Genesys SDKs `MaxRetryTimeSec`).
    pub elapsed_max: Option<SimDuration>,
    /// All waits together are at most this long (backon `total_delay`).
    pub waits_max: Option<SimDuration>,
    /// What a `Retry-After` is worth.
    pub retry_after: RetryAfter,
    /// A `Retry-After` is honoured up to this long (urllib3 2.8: 6 h).
    pub retry_after_max: Option<SimDuration>,
    /// A wait until the reset that the answer's limit headers name. Without it, they are not read.
    pub limit_reset: Option<ResetSpec>,
    /// A request told to come back later than this is given up (Genesys Go SDK: 180 s).
    pub retry_after_give_up: Option<SimDuration>,
    /// Outcomes after which to try again: `"refused"` is what a breaker inside the loop refuses,
    /// `"bulkhead"` what a bulkhead or a full connection pool inside it does.
    pub retry_on: Outcomes,
    /// Of these, outcomes after which to try again only where the answer has a `Retry-After`
    /// (urllib3: 429 and 503, its `RETRY_AFTER_STATUS_CODES`).
    pub retry_after_needed: Outcomes,
    /// Methods of requests that are tried again. Without it, all.
    pub methods: Option<Vec<Method>>,
    /// The waits.
    pub backoff: BackoffSpec,
    /// What bounds retries across requests.
    pub budget: BudgetSpec,
    /// What holds tries back by what the answers say.
    pub throttle: ThrottleSpec,
    /// Client-side pacing: a limiter of the client's own that every try passes first. A try it
    /// refuses is not made and its request fails; let it delay instead.
    pub pace: Option<LimiterSpec>,
    /// The retry loop of the client library under this one: each try of this loop is then a whole
    /// loop of that. Attempts multiply. At most 16 loops stand one under another, and they make at
    /// most 10¹⁸ tries together.
    pub over: Option<Box<RetrySpec>>,
}

/// The method of a request.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// PUT.
    Put,
    /// POST.
    Post,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Default for RetrySpec {
    fn default() -> Self {
        Self {
            attempts: 6,
            deadline: None,
            wait_out_deadline: false,
            elapsed_max: None,
            waits_max: None,
            retry_after: RetryAfter::Ignored,
            retry_after_max: None,
            limit_reset: None,
            retry_after_give_up: None,
            retry_on: Outcomes::failures(),
            retry_after_needed: Outcomes::default(),
            methods: None,
            backoff: BackoffSpec::Fixed {
                delay: SimDuration::from_millis(500),
                jitter: Jitter::None,
            },
            budget: BudgetSpec::None,
            throttle: ThrottleSpec::None,
            pace: None,
            over: None,
        }
    }
}

impl RetrySpec {
    /// One try and no other.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// This loop and those under it, outermost first.
    pub fn loops(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |spec| spec.over.as_deref())
    }

    /// Tries that the loops allow together; none where they are too many.
    fn tries(&self) -> Option<u64> {
        let product = self.loops().try_fold(1u64, |n, spec| n.checked_mul(spec.attempts.into()));
        product.filter(|tries| *tries <= TRIES_MAX)
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if self.loops().count() > DEPTH_MAX {
            let allowed = format!("at most {DEPTH_MAX} loops may stand one under another");
            problems.refuse("over", "", &allowed);
            return problems.0;
        }
        if self.loops().filter(|spec| spec.throttle.reports()).count() > 1 {
            problems.refuse("over", "", "only one loop may report to a telemetry server");
        }
        if !(1..=1_000_000).contains(&self.attempts) {
            problems.refuse("attempts", self.attempts, "must be from 1 to 1000000");
        }
        // Of loops one under another the innermost that makes them too many is named.
        if let Some(inner) = self.over.as_ref().and_then(|over| over.tries())
            && inner > 0
            && self.tries().is_none()
        {
            let most = TRIES_MAX / inner;
            let allowed = format!(
                "must be at most {most}: the loops under it make up to {inner:e} tries of each of \
                 its own, and {TRIES_MAX:e} together are the most"
            );
            problems.refuse("attempts", self.attempts, &allowed);
        }
        for (key, length) in [
            ("deadline", self.deadline),
            ("elapsed_max", self.elapsed_max),
            ("waits_max", self.waits_max),
        ] {
            if let Some(length) = length {
                problems.positive(key, length);
            }
        }
        if self.retry_on.contains(Outcome::Ok) {
            problems.refuse("retry_on", "ok", "a success is not retried");
        }
        if let Some(reset) = &self.limit_reset {
            problems.nested("limit_reset", reset.check());
        }
        problems.nested("backoff", self.backoff.check());
        problems.nested("budget", self.budget.check());
        problems.nested("throttle", self.throttle.check());
        if let Some(pace) = &self.pace {
            problems.nested("pace", pace.check());
        }
        if let Some(over) = &self.over {
            problems.nested("over", over.check());
        }
        problems.0
    }
}

#[cfg(test)]
mod tests;
