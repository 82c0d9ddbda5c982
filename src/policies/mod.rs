//! Policies: pure machines that take `now` and an input and return a decision and, where there is
//! one, the next deadline. They know simulated time and nothing else of the program.
//!
//! A policy's spec stands in the policy's own file. A new algorithm is one file and one variant.

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod concurrency;
pub mod failover;
pub mod families;
pub mod hedge;
pub mod limit_headers;
pub mod limiter;
pub mod order;
mod outcome;
pub mod overload;
pub mod preset;
pub mod registration;
pub mod retry;
pub mod routing;
pub mod shedding;
pub mod sip;
pub mod throttle;

use std::fmt::Display;

use crate::engine::time::SimDuration;

pub use outcome::{Outcome, OutcomePattern, Outcomes};

/// A value of a policy's spec that cannot mean anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, relative to the policy.
    pub field: String,
    /// The value found.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}

/// Collects the problems of a spec.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn refuse(&mut self, field: &str, value: impl Display, allowed: &str) {
        self.0.push(Problem {
            field: field.to_owned(),
            value: format!("{value}"),
            allowed: allowed.to_owned(),
        });
    }

    fn positive(&mut self, field: &str, value: SimDuration) {
        if value.is_zero() {
            self.refuse(field, value, "must be longer than 0s");
        }
    }

    fn at_least_one(&mut self, field: &str, value: u32) {
        if value == 0 {
            self.refuse(field, value, "must be at least 1");
        }
    }

    /// `value` must be finite and lie in [low, high].
    fn within(&mut self, field: &str, value: f64, low: f64, high: f64) {
        if !(value >= low && value <= high) {
            self.refuse(field, value, &format!("must be a number from {low} to {high}"));
        }
    }

    fn nested(&mut self, prefix: &str, problems: Vec<Problem>) {
        self.0.extend(
            problems.into_iter().map(|p| Problem { field: format!("{prefix}.{}", p.field), ..p }),
        );
    }
}
