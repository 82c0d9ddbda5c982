//! When a closed breaker opens.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// When a closed breaker opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleSpec {
    /// It never does.
    Never,
    /// After this number of consecutive failures (pybreaker's `fail_max`).
    Consecutive {
        /// Failures in a row.
        #[schemars(range(min = 1, max = 1_000_000))]
        failures: u32,
    },
    /// By the share of failures among the last calls (resilience4j's count window): evaluated
    /// after every result, with >=, so that a success can trip it.
    CountWindow {
        /// Calls looked at.
        #[schemars(range(min = 1, max = 1_000_000))]
        size: u32,
        /// Calls needed before it is evaluated; at most `size` are.
        #[schemars(range(min = 1, max = 1_000_000))]
        min_calls: u32,
        /// Share of failures that opens it.
        #[schemars(range(min = 0.0, max = 1.0))]
        failure_rate: f64,
    },
    /// By the number of failures among the last calls (failsafe-go's "5 of the last 8"): evaluated
    /// after every result, with >=.
    FailuresInWindow {
        /// Calls looked at.
        #[schemars(range(min = 1, max = 1_000_000))]
        size: u32,
        /// Calls needed before it is evaluated; at most `size` are.
        #[schemars(range(min = 1, max = 1_000_000))]
        min_calls: u32,
        /// Failures among them that open it.
        #[schemars(range(min = 1, max = 1_000_000))]
        failures: u32,
    },
    /// By the number of failures within a time, of however many calls: the failure that makes it
    /// `failures` opens it, and successes count for nothing. A failure exactly `within` old counts
    /// no longer (assumption; a sliding log's call ages alike).
    FailuresWithin {
        /// Failures that open it.
        #[schemars(range(min = 1, max = 1_000_000))]
        failures: u32,
        /// How far back it looks.
        within: SimDuration,
    },
    /// By the share of failures within a time (resilience4j's time window): buckets aligned to
    /// the start of the run, evaluated after every result, with >=.
    TimeWindow {
        /// How far back it looks.
        window: SimDuration,
        /// Buckets the window is cut into; the oldest is forgotten as a whole.
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 10_000))]
        buckets: u32,
        /// Calls needed before it is evaluated.
        #[schemars(range(min = 1, max = 1_000_000))]
        min_calls: u32,
        /// Share of failures that opens it.
        #[schemars(range(min = 0.0, max = 1.0))]
        failure_rate: f64,
    },
}

const fn ten() -> u32 {
    10
}

impl RuleSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let rate = |problems: &mut Problems, rate: f64| {
            if !(rate > 0.0 && rate <= 1.0) {
                problems.refuse("failure_rate", rate, "must be above 0 and at most 1");
            }
        };
        match self {
            Self::Never => {}
            Self::Consecutive { failures } => problems.at_least_one("failures", *failures),
            Self::CountWindow { size, min_calls, failure_rate } => {
                problems.at_least_one("size", *size);
                problems.at_least_one("min_calls", *min_calls);
                rate(&mut problems, *failure_rate);
            }
            Self::FailuresInWindow { size, min_calls, failures } => {
                problems.at_least_one("size", *size);
                problems.at_least_one("min_calls", *min_calls);
                problems.at_least_one("failures", *failures);
                if failures > size {
                    problems.refuse(
                        "failures",
                        failures,
                        &format!("must be at most size ({size})"),
                    );
                }
            }
            Self::FailuresWithin { failures, within } => {
                problems.at_least_one("failures", *failures);
                problems.positive("within", *within);
            }
            Self::TimeWindow { window, buckets, min_calls, failure_rate } => {
                problems.at_least_one("buckets", *buckets);
                problems.at_least_one("min_calls", *min_calls);
                rate(&mut problems, *failure_rate);
                if window.as_nanos() < u64::from(*buckets) {
                    problems.refuse(
                        "window",
                        window,
                        "must be longer than a nanosecond per bucket",
                    );
                }
            }
        }
        problems.0
    }
}

/// The count of a closed breaker.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Never,
    Consecutive {
        limit: u32,
        run: u32,
    },
    CountWindow {
        size: usize,
        min_calls: usize,
        threshold: Threshold,
        last: VecDeque<bool>,
        failed: u32,
    },
    FailuresWithin {
        limit: usize,
        within: SimDuration,
        /// Instants of the last failures, at most `limit`.
        last: VecDeque<SimTime>,
    },
    TimeWindow {
        width: u64,
        min_calls: u32,
        failure_rate: f64,
        buckets: VecDeque<Bucket>,
        kept: u64,
    },
}

/// How many failures open it.
#[derive(Copy, Clone, Debug)]
pub(super) enum Threshold {
    Share(f64),
    Count(u32),
}

#[derive(Copy, Clone, Debug)]
pub(super) struct Bucket {
    number: u64,
    calls: u32,
    failed: u32,
}

impl Rule {
    pub(super) fn new(spec: &RuleSpec) -> Self {
        match *spec {
            RuleSpec::Never => Self::Never,
            RuleSpec::Consecutive { failures } => Self::Consecutive { limit: failures, run: 0 },
            RuleSpec::CountWindow { size, min_calls, failure_rate } => Self::CountWindow {
                size: size as usize,
                min_calls: min_calls.min(size) as usize,
                threshold: Threshold::Share(failure_rate),
                last: VecDeque::new(),
                failed: 0,
            },
            RuleSpec::FailuresInWindow { size, min_calls, failures } => Self::CountWindow {
                size: size as usize,
                min_calls: min_calls.min(size) as usize,
                threshold: Threshold::Count(failures),
                last: VecDeque::new(),
                failed: 0,
            },
            RuleSpec::FailuresWithin { failures, within } => {
                Self::FailuresWithin { limit: failures as usize, within, last: VecDeque::new() }
            }
            RuleSpec::TimeWindow { window, buckets, min_calls, failure_rate } => Self::TimeWindow {
                width: (window.as_nanos() / u64::from(buckets)).max(1),
                min_calls,
                failure_rate,
                buckets: VecDeque::new(),
                kept: u64::from(buckets),
            },
        }
    }

    /// Takes in a result; whether the breaker opens.
    pub(super) fn trips(&mut self, now: SimTime, failure: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Consecutive { limit, run } => {
                *run = if failure { *run + 1 } else { 0 };
                run >= limit
            }
            Self::CountWindow { size, min_calls, threshold, last, failed } => {
                if last.len() == *size && last.pop_front() == Some(true) {
                    *failed -= 1;
                }
                last.push_back(failure);
                *failed += u32::from(failure);
                let enough = match *threshold {
                    Threshold::Share(rate) => reaches(*failed, last.len() as u32, rate),
                    Threshold::Count(failures) => *failed >= failures,
                };
                last.len() >= *min_calls && enough
            }
            Self::FailuresWithin { limit, within, last } => {
                if !failure {
                    return false;
                }
                if last.len() == *limit {
                    last.pop_front();
                }
                last.push_back(now);
                last.len() == *limit && now - last[0] < *within
            }
            Self::TimeWindow { width, min_calls, failure_rate, buckets, kept } => {
                let number = now.as_nanos() / *width;
                while buckets.front().is_some_and(|b| b.number + *kept <= number) {
                    buckets.pop_front();
                }
                if buckets.back().is_none_or(|b| b.number != number) {
                    buckets.push_back(Bucket { number, calls: 0, failed: 0 });
                }
                let newest = buckets.back_mut().expect("just pushed");
                newest.calls += 1;
                newest.failed += u32::from(failure);
                let calls: u32 = buckets.iter().map(|b| b.calls).sum();
                let failed: u32 = buckets.iter().map(|b| b.failed).sum();
                calls >= *min_calls && reaches(failed, calls, *failure_rate)
            }
        }
    }
}

/// Whether the share of failures is at least `rate`.
fn reaches(failed: u32, calls: u32, rate: f64) -> bool {
    f64::from(failed) >= rate * f64::from(calls)
}
