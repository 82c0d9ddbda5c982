//! The adaptive token bucket of arXiv 2510.04516: the rate grows with each success and halves with
//! each failure. What the paper leaves open is as in `ATB.py` of Bfarkiani/ratelimiter 5def00a.

use super::connection_errors::ConnectionErrors;
use super::hundredths::hundredths;
use super::{Gate, later};
use crate::engine::time::SimTime;
use crate::policies::Outcome;

/// The least rate, and what a success adds at least, per second.
pub(super) const STEP_MIN: f64 = 0.01;
/// The rate has no upper bound but that of a float (assumption: it stays finite).
const RATE_MAX: f64 = 1e300;

/// What an adaptive token bucket starts with, and how it grows.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct AtbFigures {
    /// Tokens it holds at most.
    pub bucket_size: f64,
    /// Tokens at the start.
    pub initial_tokens: f64,
    /// Rate at the start, per minute.
    pub initial_rate_per_min: f64,
    /// Rate below which the first step is taken, until a failure sets it: per second.
    pub initial_congestion: f64,
    /// Factor of the rate at a success below the rate at the last failure.
    pub first_step: f64,
    /// Factor at another success.
    pub second_step: f64,
    /// Connection errors that the client outlives.
    pub connection_errors_max: Option<u32>,
}

/// A rate per minute as one per second, of hundredths.
pub(super) fn per_second(rate_per_min: f64) -> f64 {
    hundredths(rate_per_min / 60.0).max(STEP_MIN)
}

/// The rate after a step up.
pub(super) fn grown(rate: f64, factor: f64) -> f64 {
    hundredths((rate + STEP_MIN).max(rate * factor)).min(RATE_MAX)
}

/// The rate after it was divided.
pub(super) fn shrunk(rate: f64, divisor: f64) -> f64 {
    hundredths(rate / divisor).max(STEP_MIN)
}

/// The bucket of one client. Instants are seconds since the start of the run.
#[derive(Clone, Debug)]
pub struct Atb {
    figures: AtbFigures,
    tokens: f64,
    rate: f64,
    last_congestion: f64,
    /// When the last token was taken, to the hundredth: it may lie ahead, and owes until then.
    last_used: f64,
    errors: ConnectionErrors,
}

impl Atb {
    /// A bucket as of the start of the run.
    #[must_use]
    pub fn new(figures: AtbFigures) -> Self {
        Self {
            figures,
            tokens: figures.initial_tokens,
            rate: per_second(figures.initial_rate_per_min),
            last_congestion: figures.initial_congestion,
            last_used: 0.0,
            errors: ConnectionErrors::new(figures.connection_errors_max),
        }
    }

    /// Whether a try may be sent: it takes its token at once, of those to come if need be. What has
    /// accumulated counts at the rate in force now.
    pub fn admit(&mut self, now: SimTime) -> Gate {
        let verdict = self.errors.gate(now);
        if verdict != Gate::Open {
            return verdict;
        }
        let at = now.as_secs_f64();
        let gained = (at - self.last_used) * self.rate;
        self.tokens = (self.tokens + gained).min(self.figures.bucket_size);
        let wait = if self.tokens >= 1.0 { 0.0 } else { (1.0 - self.tokens) / self.rate };
        self.tokens = (self.tokens - 1.0).max(0.0);
        self.last_used = hundredths(at + wait);
        later(now, wait)
    }

    /// A try that was sent has its outcome.
    pub fn on_response(&mut self, now: SimTime, outcome: Outcome) {
        match outcome {
            Outcome::Ok => {
                let first = self.rate < self.last_congestion;
                let step = if first { self.figures.first_step } else { self.figures.second_step };
                self.rate = grown(self.rate, step);
            }
            Outcome::TimedOut => self.errors.on_error(now),
            _ => {
                self.last_congestion = self.rate;
                self.tokens = 0.0;
                self.rate = shrunk(self.rate, 2.0);
            }
        }
    }

    /// Tokens per second.
    #[must_use]
    pub const fn rate_per_s(&self) -> f64 {
        self.rate
    }

    /// The rate at the last failure, per second.
    #[must_use]
    pub const fn last_congestion(&self) -> f64 {
        self.last_congestion
    }

    /// Tokens as of the last call.
    #[must_use]
    pub const fn tokens(&self) -> f64 {
        self.tokens
    }
}
