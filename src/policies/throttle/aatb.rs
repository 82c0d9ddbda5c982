//! The assisted adaptive token bucket of arXiv 2510.04516: clients report to a telemetry server, and
//! what it replies moves their rates. What the paper leaves open is as in `AATB_TB.py` of
//! Bfarkiani/ratelimiter 5def00a.

use rand::Rng;

use super::atb::{grown, per_second, shrunk};
use super::connection_errors::ConnectionErrors;
use super::hundredths::hundredths;
use super::telemetry::{Report, Sums};
use super::{Gate, later, uniform};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;

/// Statuses that are reported as a 429 is (`send` in `AATB.py`); of another nothing follows.
const CONGESTED: [u16; 7] = [429, 408, 425, 500, 502, 503, 504];
/// Tokens after a failure.
const TOKENS_AFTER_FAILURE: f64 = 1.1;
/// By how much a pause that the reports of others cause is spread, each way, in seconds.
const PAUSE_SPREAD_S: f64 = 2.0;

/// What an assisted bucket starts with, and how it moves.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct AatbFigures {
    /// Tokens it holds at most.
    pub bucket_size: f64,
    /// Tokens at the start.
    pub initial_tokens: f64,
    /// Rate at the start, per minute.
    pub initial_rate_per_min: f64,
    /// Factor of the rate where the client sent less than three quarters of the average.
    pub first_step: f64,
    /// Factor where it did not.
    pub second_step: f64,
    /// Time between two reports; the rate grows once in that time.
    pub report_window: SimDuration,
    /// Tokens per minute by which the server's own bucket is known to fill.
    pub token_rate_per_min: f64,
    /// Connection errors that the client outlives.
    pub connection_errors_max: Option<u32>,
}

/// The tokens of a client. Instants are seconds since the start of the run.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Tokens {
    /// The most there may be.
    pub size: f64,
    /// As of the last use.
    pub left: f64,
    /// Per second.
    pub rate: f64,
    /// When the last was taken, to the hundredth.
    pub last_used: f64,
}

impl Tokens {
    /// Takes one for a try at `now` that is held until `hold`, if at all; the wait, in seconds.
    pub fn take(&mut self, now: f64, hold: f64) -> f64 {
        self.left = (self.left + (now - self.last_used) * self.rate).min(self.size);
        let held = || hundredths(hold - now);
        let wait = if self.left < 1.0 {
            hundredths((1.0 - self.left) / self.rate).max(held())
        } else if now > hold {
            0.0
        } else {
            held()
        };
        self.left = (self.left - 1.0).max(0.0);
        self.last_used = hundredths(now + wait);
        wait
    }
}

/// The bucket of one client.
#[derive(Clone, Debug)]
pub struct Aatb {
    figures: AatbFigures,
    tokens: Tokens,
    /// Until when the next try is held; used up by it.
    hold: f64,
    /// Answers since the last report, and those of the report before.
    sent: u64,
    archived: u64,
    last_change: f64,
    last_congestion: f64,
    /// A report that is to be sent now.
    outgoing: Option<Report>,
    errors: ConnectionErrors,
}

impl Aatb {
    /// A bucket as of the start of the run.
    #[must_use]
    pub fn new(figures: AatbFigures) -> Self {
        Self {
            figures,
            tokens: Tokens {
                size: figures.bucket_size,
                left: figures.initial_tokens,
                rate: per_second(figures.initial_rate_per_min),
                last_used: 0.0,
            },
            hold: f64::NEG_INFINITY,
            sent: 0,
            archived: 0,
            last_change: f64::NEG_INFINITY,
            last_congestion: f64::NEG_INFINITY,
            outgoing: None,
            errors: ConnectionErrors::new(figures.connection_errors_max),
        }
    }

    /// Whether a try may be sent: it takes its token at once, of those to come if need be.
    pub fn admit(&mut self, now: SimTime) -> Gate {
        let verdict = self.errors.gate(now);
        if verdict != Gate::Open {
            return verdict;
        }
        let hold = std::mem::replace(&mut self.hold, f64::NEG_INFINITY);
        later(now, self.tokens.take(now.as_secs_f64(), hold))
    }

    /// A try that was sent has its outcome. A failure is reported at once; a success changes
    /// nothing.
    pub fn on_response(&mut self, now: SimTime, outcome: Outcome) {
        if outcome == Outcome::TimedOut {
            return self.errors.on_error(now);
        }
        self.sent += 1;
        if outcome.status().is_some_and(|status| CONGESTED.contains(&status)) {
            self.last_congestion = hundredths(now.as_secs_f64());
            self.prepare(true);
        }
    }

    /// The time for a report has come, which it has every report window. A client that reported a
    /// failure within that time leaves it out.
    pub fn report(&mut self, now: SimTime) {
        if now.as_secs_f64() - self.last_congestion >= self.figures.report_window.as_secs_f64() {
            self.prepare(false);
        }
    }

    fn prepare(&mut self, congested: bool) {
        self.archived = std::mem::take(&mut self.sent);
        self.outgoing = Some(Report { sent: self.archived, congested });
    }

    /// The report that is to be sent now.
    #[must_use]
    pub const fn outgoing(&self) -> Option<Report> {
        self.outgoing
    }

    /// The server's reply to that report.
    pub fn hears(&mut self, now: SimTime, sums: Sums, rng: &mut impl Rng) {
        let Some(report) = self.outgoing.take() else { return };
        let at = now.as_secs_f64();
        if report.congested {
            self.slow_down(at, sums, uniform(rng));
        } else if sums.reported_429 > 0 {
            let spread = PAUSE_SPREAD_S * (2.0 * uniform(rng) - 1.0);
            let window = self.figures.report_window.as_secs_f64();
            self.hold = at + hundredths(window + spread);
        } else {
            self.speed_up(hundredths(at), sums);
        }
    }

    /// Requests of the last report and since.
    const fn recent(&self) -> f64 {
        (self.archived + self.sent) as f64
    }

    fn slow_down(&mut self, at: f64, sums: Sums, uniform: f64) {
        let average = average(sums);
        let reported = (sums.reported_429 + 1) as f64;
        let wait = hundredths(reported * 60.0 / self.figures.token_rate_per_min + uniform);
        let divisor = if self.recent() < 0.5 * average { 2.0 } else { 3.0 };
        self.tokens.rate = shrunk(self.tokens.rate, divisor);
        self.tokens.left = TOKENS_AFTER_FAILURE;
        self.last_change = hundredths(at);
        self.hold = wait + self.last_change;
    }

    fn speed_up(&mut self, at: f64, sums: Sums) {
        if at - self.last_change < self.figures.report_window.as_secs_f64() {
            return;
        }
        let average = average(sums);
        let first = self.recent() < 0.75 * average || sums.active_clients <= 1 || average == 0.0;
        let step = if first { self.figures.first_step } else { self.figures.second_step };
        self.tokens.rate = grown(self.tokens.rate, step);
        self.last_change = at;
    }

    /// Time between two reports.
    #[must_use]
    pub const fn report_window(&self) -> SimDuration {
        self.figures.report_window
    }

    /// Its tokens.
    #[must_use]
    pub const fn tokens(&self) -> Tokens {
        self.tokens
    }

    /// Until when the next try is held, in seconds since the start of the run.
    #[must_use]
    pub const fn hold(&self) -> f64 {
        self.hold
    }
}

/// Requests per client.
fn average(sums: Sums) -> f64 {
    sums.total_requests as f64 / f64::from(sums.active_clients.max(1))
}
