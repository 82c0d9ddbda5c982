//! gobreaker v2.
//!
//! Closed, only failures are evaluated, by a rule over its counts: more than a number of
//! consecutive failures, or a share of the requests, those under way included. The counts are
//! cleared when an `interval` has passed, by the first call or result strictly after it, from which
//! the next interval runs; or, with a `bucket_period`, they roll on bucket by bucket. A result is
//! counted in the bucket its call was made in, and nowhere once that has left the window.
//!
//! Results of an older generation are dropped: each change of state and each cleared interval
//! begins one. Open, the first moment strictly after `timeout` is half-open. In that state at most
//! `max_requests` requests are let through, ignored ones given back, and as many consecutive
//! successes close it. Ignored results are excluded (`IsExcluded`): neither success nor failure.
//!
//! Reading the state of the library's breaker can begin an interval; reading this one changes
//! nothing.
//!
//! Source: gobreaker v2, `gobreaker.go` and `counter.go` with `IsExcluded` and rolling counts
//! (fed8e9e).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// gobreaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GobreakerSpec {
    /// Requests let through while half-open, and successes in a row that close it
    /// (`MaxRequests`).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_requests: u32,
    /// How long counts are kept while closed; 0s is for ever (`Interval`).
    pub interval: SimDuration,
    /// Length of a bucket of rolling counts, the interval rounded up to a multiple of it; 0s
    /// clears all counts at once instead (`BucketPeriod`).
    pub bucket_period: SimDuration,
    /// How long it refuses everything (`Timeout`).
    pub timeout: SimDuration,
    /// When it opens (`ReadyToTrip`).
    pub ready_to_trip: ReadyToTrip,
}

/// When gobreaker opens: asked after each failure while closed.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadyToTrip {
    /// After more than this number of consecutive failures; the library's own rule.
    Consecutive {
        /// Failures in a row that do not open it yet.
        #[schemars(range(min = 0, max = 1_000_000))]
        above: u32,
    },
    /// At a share of the requests; the rule of the library's documentation.
    Ratio {
        /// Requests needed before it is evaluated.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        min_requests: u32,
        /// Share of failures among them that opens it.
        #[schemars(range(min = 0.0, max = 1.0))]
        failure_ratio: f64,
    },
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "gobreaker",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "gobreaker"
max_requests = 1
interval = "0s"
bucket_period = "0s"
timeout = "60s"
ready_to_trip = { kind = "consecutive", above = 5 }
"#,
    summary: "the sixth failure in a row opens it for 60 s, one probe decides",
    source: "gobreaker v2, gobreaker.go (fed8e9e)",
    follows: Follows::version("gobreaker", "version 2, fed8e9e"),
    cases: &["policies/gobreaker_default.md"],
};

impl Default for GobreakerSpec {
    fn default() -> Self {
        Self {
            max_requests: 1,
            interval: SimDuration::ZERO,
            bucket_period: SimDuration::ZERO,
            timeout: SimDuration::from_secs(60),
            ready_to_trip: ReadyToTrip::Consecutive { above: 5 },
        }
    }
}

/// Each takes memory, and time when it is rolled.
const BUCKETS_MAX: u64 = 10_000;

impl GobreakerSpec {
    fn buckets(&self) -> u64 {
        if self.interval.is_zero() || self.bucket_period.is_zero() {
            1
        } else {
            self.interval.as_nanos().div_ceil(self.bucket_period.as_nanos())
        }
    }

    pub(super) fn entries(&self) -> u64 {
        self.buckets()
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.at_least_one("max_requests", self.max_requests);
        problems.positive("timeout", self.timeout);
        if self.interval.is_zero() && !self.bucket_period.is_zero() {
            problems.refuse("bucket_period", self.bucket_period, "must be 0s without an interval");
        }
        if self.buckets() > BUCKETS_MAX {
            let allowed = "must cut the interval into at most 10000 buckets";
            problems.refuse("bucket_period", self.bucket_period, allowed);
        }
        if let ReadyToTrip::Ratio { min_requests, failure_ratio } = self.ready_to_trip {
            problems.at_least_one("ready_to_trip.min_requests", min_requests);
            if !(failure_ratio > 0.0 && failure_ratio <= 1.0) {
                let allowed = "must be above 0 and at most 1";
                problems.refuse("ready_to_trip.failure_ratio", failure_ratio, allowed);
            }
        }
        problems.0
    }
}

#[derive(Copy, Clone, Debug, Default)]
struct Tally {
    requests: u32,
    successes: u32,
    failures: u32,
    exclusions: u32,
    consecutive_successes: u32,
    consecutive_failures: u32,
}

impl Tally {
    fn add(&mut self, result: CallResult) {
        match result {
            CallResult::Success => {
                self.successes += 1;
                self.consecutive_successes += 1;
                self.consecutive_failures = 0;
            }
            CallResult::Failure => {
                self.failures += 1;
                self.consecutive_failures += 1;
                self.consecutive_successes = 0;
            }
            CallResult::Ignored => self.exclusions += 1,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Gobreaker {
    spec: GobreakerSpec,
    state: State,
    generation: u32,
    start: SimTime,
    expiry: Option<SimTime>,
    /// Buckets since the start of the generation.
    age: u64,
    total: Tally,
    buckets: Vec<Tally>,
}

impl Gobreaker {
    pub(super) fn new(spec: &GobreakerSpec) -> Self {
        let buckets = vec![Tally::default(); spec.buckets() as usize];
        let mut breaker = Self {
            spec: spec.clone(),
            state: State::Closed,
            generation: 0,
            start: SimTime::ZERO,
            expiry: None,
            age: 0,
            total: Tally::default(),
            buckets,
        };
        breaker.begin_generation(SimTime::ZERO);
        breaker
    }

    fn begin_generation(&mut self, now: SimTime) {
        self.generation = self.generation.wrapping_add(1);
        self.start = now;
        self.clear();
        self.expiry = match self.state {
            State::Closed if self.spec.interval.is_zero() || self.rolls() => None,
            State::Closed => Some(now.saturating_add(self.spec.interval)),
            State::Open => Some(now.saturating_add(self.spec.timeout)),
            State::HalfOpen => None,
        };
    }

    fn clear(&mut self) {
        self.total = Tally::default();
        self.age = 0;
        self.buckets.fill(Tally::default());
    }

    fn rolls(&self) -> bool {
        self.buckets.len() >= 2
    }

    fn enter(&mut self, state: State, now: SimTime) {
        self.state = state;
        self.begin_generation(now);
    }

    /// What the library does before each call and result.
    fn advance(&mut self, now: SimTime) {
        let expired = self.expiry.is_some_and(|expiry| expiry < now);
        match self.state {
            State::Closed if expired => self.begin_generation(now),
            State::Closed if self.rolls() => {
                let elapsed = now.saturating_since(self.start).as_nanos();
                self.grow(elapsed / self.spec.bucket_period.as_nanos());
            }
            State::Open if expired => self.enter(State::HalfOpen, now),
            _ => {}
        }
    }

    fn grow(&mut self, age: u64) {
        if age <= self.age {
            return;
        }
        if age - self.age >= self.buckets.len() as u64 {
            self.clear();
            self.age = age;
            return;
        }
        while self.age < age {
            self.age += 1;
            self.drop_oldest();
        }
    }

    fn slot(&self, age: u64) -> usize {
        (age % self.buckets.len() as u64) as usize
    }

    /// Makes the slot of the present bucket free. Runs of successes and failures are shortened
    /// where they reach back into it.
    fn drop_oldest(&mut self) {
        let slot = self.slot(self.age);
        let oldest = std::mem::take(&mut self.buckets[slot]);
        let rest = |count: fn(&Tally) -> u32| self.buckets.iter().map(count).sum::<u32>();
        let successes = oldest.consecutive_successes + rest(|b| b.successes);
        let failures = oldest.consecutive_failures + rest(|b| b.failures);
        let total = &mut self.total;
        let less = |count: &mut u32, by: u32| *count = count.saturating_sub(by);
        if total.consecutive_successes == successes {
            less(&mut total.consecutive_successes, oldest.consecutive_successes);
        }
        if total.consecutive_failures == failures {
            less(&mut total.consecutive_failures, oldest.consecutive_failures);
        }
        less(&mut total.requests, oldest.requests);
        less(&mut total.successes, oldest.successes);
        less(&mut total.failures, oldest.failures);
        less(&mut total.exclusions, oldest.exclusions);
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        self.advance(now);
        match self.state {
            State::Open => {
                return Verdict::Refused { until: self.next_deadline().expect("it is open") };
            }
            State::HalfOpen => {
                let valid = self.total.requests.saturating_sub(self.total.exclusions);
                if valid >= self.spec.max_requests {
                    return Verdict::Refused { until: now };
                }
            }
            State::Closed => {}
        }
        let slot = self.slot(self.age);
        self.total.requests += 1;
        self.buckets[slot].requests += 1;
        let permit = Permit::new(now, self.state).of_generation(self.generation);
        Verdict::Permit(permit.of_age(self.age))
    }

    pub(super) fn record(&mut self, now: SimTime, permit: Permit, result: CallResult) {
        self.advance(now);
        if permit.generation != self.generation {
            return;
        }
        if self.state == State::HalfOpen && result == CallResult::Failure {
            return self.enter(State::Open, now);
        }
        if permit.age <= self.age && self.age - permit.age < self.buckets.len() as u64 {
            let slot = self.slot(permit.age);
            self.total.add(result);
            self.buckets[slot].add(result);
        }
        match (self.state, result) {
            (State::HalfOpen, CallResult::Success)
                if self.total.consecutive_successes >= self.spec.max_requests =>
            {
                self.enter(State::Closed, now);
            }
            (State::Closed, CallResult::Failure) if self.trips() => self.enter(State::Open, now),
            _ => {}
        }
    }

    fn trips(&self) -> bool {
        match self.spec.ready_to_trip {
            ReadyToTrip::Consecutive { above } => self.total.consecutive_failures > above,
            ReadyToTrip::Ratio { min_requests, failure_ratio } => {
                let ratio = f64::from(self.total.failures) / f64::from(self.total.requests);
                self.total.requests >= min_requests && ratio >= failure_ratio
            }
        }
    }

    pub(super) fn state(&self, now: SimTime) -> State {
        match self.state {
            State::Open if self.expiry.is_some_and(|expiry| expiry < now) => State::HalfOpen,
            state => state,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        let expiry = self.expiry.filter(|_| self.state == State::Open)?;
        Some(expiry.saturating_add(SimDuration::from_nanos(1)))
    }

    /// `Counts` as of the last call or result.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            calls: u64::from(self.total.requests),
            failures: u64::from(self.total.failures),
            successes: u64::from(self.total.successes),
            ignored: u64::from(self.total.exclusions),
            consecutive_failures: u64::from(self.total.consecutive_failures),
            consecutive_successes: u64::from(self.total.consecutive_successes),
            ..Counts::default()
        }
    }
}
