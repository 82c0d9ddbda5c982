//! resilience4j's CircuitBreaker.
//!
//! Closed, every result is evaluated, successes too, with >=: the share of failures or of slow
//! calls among the last N calls, or within the last N whole seconds since the epoch (here: since
//! the start of the run). Half-open, a count window of its own decides as soon as it holds
//! `min(min_calls, permitted_half_open)` results, which may be fewer than are permitted.
//! Rates are single-precision percentages, as in Java. Waits are whole milliseconds.
//!
//! Results that come late: in OPEN they enter the sample of the state before without consequence;
//! in HALF_OPEN they enter the half-open sample as if they were probes. An ignored result gives a
//! permit back in HALF_OPEN, whichever call took it, and has no other effect. A call that is
//! neither failure nor ignored counts as a success.
//!
//! OPEN becomes HALF_OPEN by the first call strictly after the wait, or by itself at its end with
//! `automatic_half_open`. A timer that is due at the instant of a call goes first.
//!
//! Source: resilience4j, `CircuitBreakerStateMachine`, `CircuitBreakerMetrics`,
//! `SlidingTimeWindowMetrics`, `FixedSizeSlidingWindowMetrics`, `IntervalFunction` (commits
//! af9e7c9, 1a4a716). Its randomised intervals and `transitionOnResult` are left out.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// resilience4j's breaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resilience4jSpec {
    /// Share of failures that opens it, from above 0 to 1 (`failureRateThreshold` over 100).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_rate: f64,
    /// Share of slow calls that opens it, from above 0 to 1 (`slowCallRateThreshold` over 100).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub slow_rate: f64,
    /// A call that takes longer is slow, failed or not (`slowCallDurationThreshold`).
    pub slow_after: SimDuration,
    /// Which calls are looked at (`slidingWindowType`, `slidingWindowSize`).
    pub window: WindowSpec,
    /// Calls needed before it is evaluated; at most a count window's size are
    /// (`minimumNumberOfCalls`).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_calls: u32,
    /// How long it stays open (`waitDurationInOpenState`, `waitIntervalFunctionInOpenState`).
    pub wait: WaitSpec,
    /// Calls it lets through while half-open (`permittedNumberOfCallsInHalfOpenState`).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub permitted_half_open: u32,
    /// How long it stays half-open without a decision; 0s is for ever
    /// (`maxWaitDurationInHalfOpenState`).
    pub max_wait_half_open: SimDuration,
    /// What it becomes then (`transitionToStateAfterWaitDuration`).
    pub after_max_wait: AfterMaxWait,
    /// Whether it becomes half-open by itself at the end of its wait
    /// (`automaticTransitionFromOpenToHalfOpenEnabled`).
    pub automatic_half_open: bool,
}

/// Which calls resilience4j looks at.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WindowSpec {
    /// The last calls.
    Count {
        /// How many.
        #[schemars(range(min = 1, max = 1_000_000))]
        size: u32,
    },
    /// Those of the last whole seconds, the present one included.
    Time {
        /// How many seconds; a fraction of a second is cut off.
        length: SimDuration,
    },
}

/// How long resilience4j stays open.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WaitSpec {
    /// Always as long.
    Fixed {
        /// The wait.
        delay: SimDuration,
    },
    /// Longer each time it opens without having been closed, cut to whole milliseconds each time
    /// (`IntervalFunction.ofExponentialBackoff`).
    Exponential {
        /// The first wait.
        initial: SimDuration,
        /// What each further wait is multiplied by.
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// The longest wait.
        cap: SimDuration,
    },
}

/// What follows a half-open state without a decision.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterMaxWait {
    /// It opens.
    #[default]
    Open,
    /// It closes.
    Closed,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "resilience4j",
    settings: r#"
failures = ["4xx", "5xx", "timeout", "bulkhead"]
ignored = []

[machine]
kind = "resilience4j"
failure_rate = 0.5
slow_rate = 1.0
slow_after = "60s"
window = { kind = "count", size = 100 }
min_calls = 100
wait = { kind = "fixed", delay = "60s" }
permitted_half_open = 10
max_wait_half_open = "0s"
after_max_wait = "open"
automatic_half_open = false
"#,
    summary: "50 % failures among the last 100 calls open it for 60 s, 10 probes decide",
    source: "resilience4j, CircuitBreakerConfig and CircuitBreakerStateMachine (af9e7c9); that it \
             records what a bulkhead inside it throws: [from memory]",
    follows: Follows::version("resilience4j", "af9e7c9"),
    cases: &["policies/resilience4j_breaker_sequences.md"],
};

impl Default for Resilience4jSpec {
    fn default() -> Self {
        Self {
            failure_rate: 0.5,
            slow_rate: 1.0,
            slow_after: SimDuration::from_secs(60),
            window: WindowSpec::Count { size: 100 },
            min_calls: 100,
            wait: WaitSpec::Fixed { delay: SimDuration::from_secs(60) },
            permitted_half_open: 10,
            max_wait_half_open: SimDuration::ZERO,
            after_max_wait: AfterMaxWait::Open,
            automatic_half_open: false,
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;

const fn whole_ms(length: SimDuration) -> SimDuration {
    SimDuration::from_nanos(length.as_nanos() / NANOS_PER_MS * NANOS_PER_MS)
}

impl Resilience4jSpec {
    pub(super) fn entries(&self) -> u64 {
        let half_open = u64::from(self.permitted_half_open);
        match self.window {
            WindowSpec::Count { size } => u64::from(size).max(half_open),
            WindowSpec::Time { length } => (length.as_nanos() / NANOS_PER_SEC).max(half_open),
        }
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        for (key, rate) in [("failure_rate", self.failure_rate), ("slow_rate", self.slow_rate)] {
            if !(rate > 0.0 && rate <= 1.0) {
                problems.refuse(key, rate, "must be above 0 and at most 1");
            }
        }
        problems.positive("slow_after", self.slow_after);
        problems.at_least_one("min_calls", self.min_calls);
        problems.at_least_one("permitted_half_open", self.permitted_half_open);
        match self.window {
            WindowSpec::Count { size } => problems.at_least_one("window.size", size),
            WindowSpec::Time { length } => {
                if length < SimDuration::from_secs(1) {
                    problems.refuse("window.length", length, "must be at least 1s");
                }
            }
        }
        let mut at_least_1ms = |key: &str, value: SimDuration| {
            if value < SimDuration::from_millis(1) {
                problems.refuse(key, value, "must be at least 1ms");
            }
        };
        match self.wait {
            WaitSpec::Fixed { delay } => at_least_1ms("wait.delay", delay),
            WaitSpec::Exponential { initial, multiplier, cap } => {
                at_least_1ms("wait.initial", initial);
                at_least_1ms("wait.cap", cap);
                problems.within("wait.multiplier", multiplier, 1.0, 1000.0);
            }
        }
        problems.0
    }
}

#[derive(Copy, Clone, Debug)]
enum Phase {
    Closed,
    Open { until: SimTime },
    HalfOpen { left: u32, since: SimTime },
}

/// What resilience4j finds after a result.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Finding {
    TooFew,
    Below,
    Exceeded,
}

#[derive(Clone, Debug)]
pub(super) struct Resilience4j {
    spec: Resilience4jSpec,
    phase: Phase,
    sample: Sample,
    /// The wait of the last opening since it was closed, before the cap.
    wait_ms: Option<i64>,
}

impl Resilience4j {
    pub(super) fn new(spec: &Resilience4jSpec) -> Self {
        let sample = Sample::closed(spec);
        Self { spec: spec.clone(), phase: Phase::Closed, sample, wait_ms: None }
    }

    /// Makes the moves that are due by themselves.
    fn advance(&mut self, now: SimTime) {
        let mut last_wait = None;
        while let Some(at) = self.next_move().filter(|at| *at <= now) {
            match self.phase {
                Phase::Open { .. } => self.half_open(at),
                _ if self.spec.after_max_wait == AfterMaxWait::Closed => self.close(),
                _ => {
                    let wait = self.open(at);
                    if last_wait.replace(wait) == Some(wait) {
                        self.pass_cycles(at, wait, now);
                    }
                }
            }
        }
    }

    /// Open for `wait` since `at`, it has come round unasked with the same wait as before: so it
    /// will until `now`.
    fn pass_cycles(&mut self, at: SimTime, wait: SimDuration, now: SimTime) {
        let cycle = wait.as_nanos() + whole_ms(self.spec.max_wait_half_open).as_nanos();
        let passed = now.saturating_since(at).as_nanos() / cycle.max(1) * cycle;
        let until = at.saturating_add(SimDuration::from_nanos(passed)).saturating_add(wait);
        self.phase = Phase::Open { until };
    }

    pub(super) fn next_move(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Closed => None,
            Phase::Open { until } => self.spec.automatic_half_open.then_some(until),
            Phase::HalfOpen { since, .. } => {
                let wait = whole_ms(self.spec.max_wait_half_open);
                (!wait.is_zero()).then(|| since.saturating_add(wait))
            }
        }
    }

    /// Opens it; for how long.
    fn open(&mut self, at: SimTime) -> SimDuration {
        let wait = match self.spec.wait {
            WaitSpec::Fixed { delay } => whole_ms(delay),
            WaitSpec::Exponential { initial, multiplier, cap } => {
                // Java's cast to long, as Rust's, cuts the fraction off and saturates.
                let grown = self.wait_ms.map_or(
                    i64::try_from(initial.as_nanos() / NANOS_PER_MS).unwrap_or(i64::MAX),
                    |last| (last as f64 * multiplier) as i64,
                );
                self.wait_ms = Some(grown);
                let nanos = grown.unsigned_abs().saturating_mul(NANOS_PER_MS);
                SimDuration::from_nanos(nanos).min(whole_ms(cap))
            }
        };
        self.phase = Phase::Open { until: at.saturating_add(wait) };
        wait
    }

    fn half_open(&mut self, at: SimTime) {
        self.phase = Phase::HalfOpen { left: self.spec.permitted_half_open, since: at };
        self.sample = Sample::half_open(&self.spec);
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.sample = Sample::closed(&self.spec);
        self.wait_ms = None;
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        self.advance(now);
        if let Phase::Open { until } = self.phase
            && now > until
        {
            self.half_open(now);
        }
        match &mut self.phase {
            Phase::HalfOpen { left: 0, .. } => {
                self.sample.refused += 1;
                Verdict::Refused { until: now }
            }
            Phase::HalfOpen { left, .. } => {
                *left -= 1;
                Verdict::Permit(Permit::new(now, State::HalfOpen))
            }
            Phase::Closed => Verdict::Permit(Permit::new(now, State::Closed)),
            Phase::Open { .. } => {
                self.sample.refused += 1;
                Verdict::Refused { until: self.next_deadline().expect("it is open") }
            }
        }
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult, took: SimDuration) {
        self.advance(now);
        if result == CallResult::Ignored {
            if let Phase::HalfOpen { left, .. } = &mut self.phase {
                *left = left.saturating_add(1);
            }
            return;
        }
        let call =
            Call { failed: result == CallResult::Failure, slow: took > self.spec.slow_after };
        let finding = self.sample.record(now, call, &self.spec);
        match (self.phase, finding) {
            (Phase::Closed | Phase::HalfOpen { .. }, Finding::Exceeded) => {
                self.open(now);
            }
            (Phase::HalfOpen { .. }, Finding::Below) => self.close(),
            _ => {}
        }
    }

    pub(super) fn state(&mut self, now: SimTime) -> State {
        self.advance(now);
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until } if self.spec.automatic_half_open => Some(until),
            Phase::Open { until } => Some(until.saturating_add(SimDuration::from_nanos(1))),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    /// The metrics of the sample in force; rates are −1 below the minimum.
    pub(super) fn counts(&mut self, now: SimTime) -> Counts {
        self.advance(now);
        self.sample.forget(now);
        let sample = &self.sample;
        let rates = sample.rates();
        Counts {
            calls: u64::from(sample.total.calls),
            failures: u64::from(sample.total.failed),
            successes: u64::from(sample.total.calls - sample.total.failed),
            slow: u64::from(sample.total.slow),
            refused: sample.refused,
            failure_rate: rates.map_or(-1.0, |(failed, _)| f64::from(failed)),
            slow_rate: rates.map_or(-1.0, |(_, slow)| f64::from(slow)),
            ..Counts::default()
        }
    }
}

#[derive(Copy, Clone, Debug)]
struct Call {
    failed: bool,
    slow: bool,
}

#[derive(Copy, Clone, Debug, Default)]
struct Sum {
    calls: u32,
    failed: u32,
    slow: u32,
}

impl Sum {
    fn add(&mut self, call: Call) {
        self.calls += 1;
        self.failed += u32::from(call.failed);
        self.slow += u32::from(call.slow);
    }

    fn remove(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

#[derive(Clone, Debug)]
enum Window {
    Count { size: usize, last: VecDeque<Call> },
    Time { seconds: u64, buckets: VecDeque<(u64, Sum)> },
}

/// The results of one state.
#[derive(Clone, Debug)]
struct Sample {
    window: Window,
    min_calls: u32,
    total: Sum,
    refused: u64,
}

impl Sample {
    fn of_count(size: u32, min_calls: u32) -> Self {
        let window = Window::Count { size: size as usize, last: VecDeque::new() };
        Self { window, min_calls: min_calls.min(size), total: Sum::default(), refused: 0 }
    }

    fn closed(spec: &Resilience4jSpec) -> Self {
        match spec.window {
            WindowSpec::Count { size } => Self::of_count(size, spec.min_calls),
            WindowSpec::Time { length } => {
                let seconds = length.as_nanos() / NANOS_PER_SEC;
                let window = Window::Time { seconds, buckets: VecDeque::new() };
                Self { window, min_calls: spec.min_calls, total: Sum::default(), refused: 0 }
            }
        }
    }

    fn half_open(spec: &Resilience4jSpec) -> Self {
        Self::of_count(spec.permitted_half_open, spec.min_calls)
    }

    /// Drops what has left a time window.
    fn forget(&mut self, now: SimTime) {
        if let Window::Time { seconds, buckets } = &mut self.window {
            let second = now.as_nanos() / NANOS_PER_SEC;
            while let Some((_, sum)) = buckets.pop_front_if(|(s, _)| *s + *seconds <= second) {
                self.total.remove(sum);
            }
        }
    }

    fn record(&mut self, now: SimTime, call: Call, spec: &Resilience4jSpec) -> Finding {
        self.forget(now);
        match &mut self.window {
            Window::Count { size, last } => {
                if last.len() == *size {
                    let oldest = last.pop_front().expect("it holds a call at least");
                    let (failed, slow) = (u32::from(oldest.failed), u32::from(oldest.slow));
                    self.total.remove(Sum { calls: 1, failed, slow });
                }
                last.push_back(call);
            }
            Window::Time { buckets, .. } => {
                let second = now.as_nanos() / NANOS_PER_SEC;
                if buckets.back().is_none_or(|(s, _)| *s != second) {
                    buckets.push_back((second, Sum::default()));
                }
                buckets.back_mut().expect("just pushed").1.add(call);
            }
        }
        self.total.add(call);
        let percent = |share: f64| (share * 100.0) as f32;
        match self.rates() {
            None => Finding::TooFew,
            Some((failed, slow))
                if failed >= percent(spec.failure_rate) || slow >= percent(spec.slow_rate) =>
            {
                Finding::Exceeded
            }
            Some(_) => Finding::Below,
        }
    }

    /// Percentages of failed and slow calls, where there are calls enough.
    fn rates(&self) -> Option<(f32, f32)> {
        let Sum { calls, failed, slow } = self.total;
        let percent = |n: u32| n as f32 * 100.0 / calls as f32;
        (calls > 0 && calls >= self.min_calls).then(|| (percent(failed), percent(slow)))
    }
}
