//! failsafe-rs.
//!
//! A failure opens the breaker by either of two policies: a number of consecutive failures, or a
//! moving average of success below the required rate, once a whole window has passed since the
//! breaker was made or last closed and the window holds enough requests. Where both would open it
//! the longer delay counts. Delays are drawn from a series that restarts when the breaker closes.
//!
//! It refuses until strictly after its delay; then it is half-open and lets everything through. A
//! success closes it, whichever call it belongs to; a failure opens it for the next delay, or for
//! the last one again where no policy gives one. Late results in the open state: a success is
//! counted, a failure is not. An ignored result is a success, as one that the failure predicate
//! passes.
//!
//! The average has the weight exp(−Δt/window) for the past, in whole milliseconds since the
//! anchor; a result in the very first millisecond does not count as a first one. The requests of
//! the window are kept in five slices that hang on the traffic.
//!
//! Source: failsafe 1.3.0, `state_machine.rs`, `failure_policy.rs`, `ema.rs`,
//! `windowed_adder.rs`, `backoff.rs`.

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// failsafe-rs. Without either policy it never opens; a table that is given as `{}` is the
/// library's default of that policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailsafeSpec {
    /// Opens after this number of consecutive failures.
    pub consecutive: Option<ConsecutiveSpec>,
    /// Opens at a low rate of success.
    pub success_rate: Option<SuccessRateSpec>,
}

/// `consecutive_failures`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsecutiveSpec {
    /// Failures in a row.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failures: u32,
    /// How long it stays open.
    pub backoff: DelaySpec,
}

/// `success_rate_over_time_window`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SuccessRateSpec {
    /// Share of successes below which it opens.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub required: f64,
    /// Requests within the window needed before it can open.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub min_requests: u32,
    /// Lifetime of a result in the average; a fraction of a second is cut off.
    pub window: SimDuration,
    /// How long it stays open.
    pub backoff: DelaySpec,
}

/// Series of delays; all but the constant one are whole seconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DelaySpec {
    /// Always as long.
    Constant {
        /// The delay.
        delay: SimDuration,
    },
    /// Twice as long each time.
    Exponential {
        /// The first delay.
        start: SimDuration,
        /// The longest delay.
        max: SimDuration,
    },
    /// Half of the exponential one, and uniform up to the other half on top.
    EqualJittered {
        /// The first ceiling.
        start: SimDuration,
        /// The highest ceiling.
        max: SimDuration,
    },
    /// Uniform up to the exponential one.
    FullJittered {
        /// The first ceiling.
        start: SimDuration,
        /// The highest ceiling.
        max: SimDuration,
    },
}

/// What `Config::new().build()` makes: both policies.
pub(super) const PRESET: Preset = Preset {
    name: "failsafe_rs",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "failsafe"

[machine.consecutive]
failures = 5
backoff = { kind = "equal_jittered", start = "10s", max = "300s" }

[machine.success_rate]
required = 0.8
min_requests = 5
window = "30s"
backoff = { kind = "equal_jittered", start = "10s", max = "300s" }
"#,
    summary: "5 failures in a row or less than 80 % success open it for 10 s to 300 s, with jitter",
    source: "failsafe 1.3.0, config.rs and failure_policy.rs (5bf8977)",
    follows: Follows::version("failsafe (Rust)", "1.3.0"),
    cases: &["traces/failsafe_both_late_results.json"],
};

/// `ConsecutiveFailures::default()`.
pub(super) const PRESET_CONSECUTIVE: Preset = Preset {
    name: "failsafe_rs_consecutive",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "failsafe"

[machine.consecutive]
failures = 5
backoff = { kind = "equal_jittered", start = "10s", max = "300s" }
"#,
    summary: "5 failures in a row open it for 10 s to 300 s, with jitter",
    source: "failsafe 1.3.0, failure_policy.rs (5bf8977)",
    follows: Follows::version("failsafe (Rust)", "1.3.0"),
    cases: &[
        "traces/failsafe_consecutive5_const10s.json",
        "traces/failsafe_consecutive3_expo.json",
    ],
};

/// `SuccessRateOverTimeWindow::default()`.
pub(super) const PRESET_SUCCESS_RATE: Preset = Preset {
    name: "failsafe_rs_success_rate",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "failsafe"

[machine.success_rate]
required = 0.8
min_requests = 5
window = "30s"
backoff = { kind = "equal_jittered", start = "10s", max = "300s" }
"#,
    summary: "less than 80 % success, averaged over 30 s, opens it for 10 s to 300 s, with jitter",
    source: "failsafe 1.3.0, failure_policy.rs (5bf8977)",
    follows: Follows::version("failsafe (Rust)", "1.3.0"),
    cases: &["traces/failsafe_success_rate_late_results.json"],
};

impl Default for DelaySpec {
    fn default() -> Self {
        Self::EqualJittered { start: SimDuration::from_secs(10), max: SimDuration::from_secs(300) }
    }
}

impl Default for ConsecutiveSpec {
    fn default() -> Self {
        Self { failures: 5, backoff: DelaySpec::default() }
    }
}

impl Default for SuccessRateSpec {
    fn default() -> Self {
        Self {
            required: 0.8,
            min_requests: 5,
            window: SimDuration::from_secs(30),
            backoff: DelaySpec::default(),
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;
/// The ceiling of a delay doubles so often at most.
const DOUBLINGS_MAX: u32 = 30;

const fn secs(length: SimDuration) -> u64 {
    length.as_nanos() / NANOS_PER_SEC
}

impl DelaySpec {
    fn check(&self, problems: &mut Problems, path: &str) {
        match self {
            Self::Constant { delay } => problems.positive(&format!("{path}.delay"), *delay),
            Self::Exponential { start, max }
            | Self::EqualJittered { start, max }
            | Self::FullJittered { start, max } => {
                if secs(*start) == 0 {
                    problems.refuse(&format!("{path}.start"), start, "must be at least 1s");
                }
                if max < start {
                    let allowed = format!("must be at least start ({start})");
                    problems.refuse(&format!("{path}.max"), max, &allowed);
                }
            }
        }
    }
}

impl FailsafeSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if let Some(spec) = &self.consecutive {
            problems.at_least_one("consecutive.failures", spec.failures);
            spec.backoff.check(&mut problems, "consecutive.backoff");
        }
        if let Some(spec) = &self.success_rate {
            problems.within("success_rate.required", spec.required, 0.0, 1.0);
            if secs(spec.window) == 0 {
                problems.refuse("success_rate.window", spec.window, "must be at least 1s");
            }
            spec.backoff.check(&mut problems, "success_rate.backoff");
        }
        problems.0
    }
}

#[derive(Copy, Clone, Debug)]
enum Phase {
    Closed,
    Open { until: SimTime, delay: SimDuration },
    HalfOpen { delay: SimDuration },
}

#[derive(Clone, Debug)]
pub(super) struct Failsafe {
    phase: Phase,
    consecutive: Option<Consecutive>,
    success_rate: Option<SuccessRate>,
}

impl Failsafe {
    pub(super) fn new(spec: &FailsafeSpec) -> Self {
        Self {
            phase: Phase::Closed,
            consecutive: spec.consecutive.as_ref().map(Consecutive::new),
            success_rate: spec.success_rate.as_ref().map(SuccessRate::new),
        }
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        if let Phase::Open { until, delay } = self.phase {
            if now <= until {
                return Verdict::Refused { until: self.next_deadline().expect("it is open") };
            }
            self.phase = Phase::HalfOpen { delay };
        }
        Verdict::Permit(Permit::new(now, self.state()))
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult, rng: &mut impl Rng) {
        if result != CallResult::Failure {
            if matches!(self.phase, Phase::HalfOpen { .. }) {
                self.phase = Phase::Closed;
                if let Some(policy) = &mut self.consecutive {
                    policy.run = 0;
                    policy.drawn = 0;
                }
                if let Some(policy) = &mut self.success_rate {
                    policy.revive(now);
                }
            }
            if let Some(policy) = &mut self.consecutive {
                policy.run = 0;
            }
            if let Some(policy) = &mut self.success_rate {
                policy.update(now, 1.0);
            }
            return;
        }
        let last = match self.phase {
            Phase::Open { .. } => return,
            Phase::Closed => None,
            Phase::HalfOpen { delay } => Some(delay),
        };
        // The library's default asks the success rate first; both are always asked.
        let rate = self.success_rate.as_mut().and_then(|policy| policy.fail(now, rng));
        let run = self.consecutive.as_mut().and_then(|policy| policy.fail(rng));
        if let Some(delay) = rate.max(run).or(last) {
            self.phase = Phase::Open { until: now.saturating_add(delay), delay };
        }
    }

    pub(super) const fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        match self.phase {
            Phase::Open { until, .. } => Some(until.saturating_add(SimDuration::from_nanos(1))),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    /// The run of failures, and of the success rate the failures' average in percent.
    pub(super) fn counts(&self) -> Counts {
        let rate = self.success_rate.as_ref();
        Counts {
            calls: rate.map_or(0, |policy| policy.adder.slices.iter().sum()),
            consecutive_failures: self.consecutive.as_ref().map_or(0, |p| u64::from(p.run)),
            failure_rate: rate.map_or(0.0, |policy| (1.0 - policy.average) * 100.0),
            ..Counts::default()
        }
    }
}

/// The next delay of a series of which `drawn` have been.
fn next_delay(spec: DelaySpec, drawn: &mut u32, rng: &mut impl Rng) -> SimDuration {
    let ceiling = |start: SimDuration, max: SimDuration| {
        (1_u64 << *drawn).saturating_mul(secs(start)).min(secs(max))
    };
    let delay = match spec {
        DelaySpec::Constant { delay } => return delay,
        DelaySpec::Exponential { start, max } => ceiling(start, max),
        DelaySpec::EqualJittered { start, max } => {
            let half = ceiling(start, max) / 2;
            half + rng.random_range(0..=half)
        }
        DelaySpec::FullJittered { start, max } => rng.random_range(0..=ceiling(start, max)),
    };
    *drawn = (*drawn + 1).min(DOUBLINGS_MAX);
    SimDuration::from_secs(delay)
}

#[derive(Clone, Debug)]
struct Consecutive {
    spec: ConsecutiveSpec,
    run: u32,
    drawn: u32,
}

impl Consecutive {
    fn new(spec: &ConsecutiveSpec) -> Self {
        Self { spec: spec.clone(), run: 0, drawn: 0 }
    }

    fn fail(&mut self, rng: &mut impl Rng) -> Option<SimDuration> {
        self.run = self.run.saturating_add(1);
        (self.run >= self.spec.failures)
            .then(|| next_delay(self.spec.backoff, &mut self.drawn, rng))
    }
}

#[derive(Clone, Debug)]
struct SuccessRate {
    spec: SuccessRateSpec,
    anchor: SimTime,
    window_ms: u64,
    /// Milliseconds since the anchor of the last result; 0 means no result yet.
    last_ms: u64,
    average: f64,
    adder: Adder,
    drawn: u32,
}

impl SuccessRate {
    fn new(spec: &SuccessRateSpec) -> Self {
        Self {
            spec: spec.clone(),
            anchor: SimTime::ZERO,
            window_ms: secs(spec.window) * 1000,
            last_ms: 0,
            average: 0.0,
            adder: Adder::new(spec.window),
            drawn: 0,
        }
    }

    fn elapsed_ms(&self, now: SimTime) -> u64 {
        now.saturating_since(self.anchor).as_nanos() / NANOS_PER_MS
    }

    fn update(&mut self, now: SimTime, value: f64) {
        self.adder.add(now);
        let at = self.elapsed_ms(now);
        if self.last_ms == 0 {
            self.average = value;
        } else {
            let past = libm::exp(-((at - self.last_ms) as f64) / self.window_ms as f64);
            self.average = value * (1.0 - past) + self.average * past;
        }
        self.last_ms = at;
    }

    fn fail(&mut self, now: SimTime, rng: &mut impl Rng) -> Option<SimDuration> {
        self.update(now, 0.0);
        let opens = self.elapsed_ms(now) >= self.window_ms
            && self.average < self.spec.required
            && self.adder.slices.iter().sum::<u64>() >= u64::from(self.spec.min_requests);
        opens.then(|| next_delay(self.spec.backoff, &mut self.drawn, rng))
    }

    fn revive(&mut self, now: SimTime) {
        self.anchor = now;
        self.last_ms = 0;
        self.average = 0.0;
        self.adder.slices = [0; SLICES];
        self.adder.turned = now;
        self.drawn = 0;
    }
}

/// Slices of the window that counts requests.
const SLICES: usize = 5;

/// Requests of the last window. The present slice starts at the request that found the one before
/// it over.
#[derive(Clone, Debug)]
struct Adder {
    slice_ms: u64,
    slices: [u64; SLICES],
    index: usize,
    turned: SimTime,
}

impl Adder {
    fn new(window: SimDuration) -> Self {
        let slice_ms = (window.as_nanos() / NANOS_PER_MS / SLICES as u64).max(1);
        Self { slice_ms, slices: [0; SLICES], index: 0, turned: SimTime::ZERO }
    }

    fn add(&mut self, now: SimTime) {
        let elapsed = now.saturating_since(self.turned).as_nanos() / NANOS_PER_MS;
        if elapsed >= self.slice_ms {
            let skipped = (elapsed / self.slice_ms - 1).min(SLICES as u64);
            for _ in 0..=skipped {
                self.index = (self.index + 1) % SLICES;
                self.slices[self.index] = 0;
            }
            self.turned = now;
        }
        self.slices[self.index] += 1;
    }
}
