//! How long to wait before the next try.
//!
//! One file per algorithm; formulas of the plain jitters: M. Brooker, "Exponential Backoff And
//! Jitter", AWS Architecture Blog 2015, and its simulator aws-arch-backoff-simulator. A library's
//! own algorithm has a kind of its own, named after it. Waits are rounded to the nearest
//! nanosecond, where a library cuts them to 1 ns (Go) or 100 ns (.NET).

mod aws;
mod backon;
mod envoy;
mod finagle;
mod growth;
mod grpc;
mod polly;
mod resilience4j;
mod stainless;
mod stepped;
mod stripe;
mod tenacity;
mod urllib3;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Outcome, Problem, Problems};
use crate::engine::time::SimDuration;
pub use envoy::EnvoyWindow;
pub use growth::Jitter;
pub use polly::PollyGrowth;
pub use tenacity::TenacityWait;

/// How long to wait before the next try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BackoffSpec {
    /// Always as long.
    Fixed {
        /// The wait.
        delay: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
    /// Longer by the same amount each time.
    Linear {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is longer by.
        increment: SimDuration,
        /// The longest wait.
        cap: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
    /// Longer by the same factor each time.
    Exponential {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is multiplied by; 1 is a fixed wait.
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// The longest wait.
        cap: SimDuration,
        /// Spread.
        #[serde(default)]
        jitter: Jitter,
    },
    /// The AWS SDKs' standard mode, version 2.1: uniform on [0, min(scale·2ⁿ⁻¹, cap)], the scale
    /// by what the answer was (botocore 1.44 `retries/standard.py`).
    Aws {
        /// Scale after a 429.
        throttling: SimDuration,
        /// Scale after anything else.
        transient: SimDuration,
        /// The longest wait.
        cap: SimDuration,
    },
    /// gRPC: min(initial·multiplierⁿ⁻¹, max), then spread by ±`jitter`: a wait may be longer than
    /// `max` by that share. A pushback resets the exponent (proposal A6; grpc-go `stream.go`).
    Grpc {
        /// The first wait.
        initial: SimDuration,
        /// The longest wait before the spread.
        max: SimDuration,
        /// What each further wait is multiplied by.
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// Share by which a wait is spread up and down.
        #[serde(default = "fifth")]
        #[schemars(range(min = 0.0, max = 1.0))]
        jitter: f64,
    },
    /// Envoy: whole milliseconds, uniform below a window that grows to `max`.
    Envoy {
        /// Base interval (25 ms).
        base: SimDuration,
        /// The widest window. Without it, ten times the base.
        #[serde(default)]
        max: Option<SimDuration>,
        /// How the window grows.
        #[serde(default)]
        window: EnvoyWindow,
    },
    /// Polly 8 (`RetryHelper.cs`): constant, linear or exponential; jitter spreads the first two by
    /// a quarter, and turns the third into "decorrelated jitter V2".
    Polly {
        /// How waits grow.
        #[serde(default)]
        growth: PollyGrowth,
        /// The base wait (2 s).
        delay: SimDuration,
        /// The longest wait, jitter included.
        #[serde(default)]
        max_delay: Option<SimDuration>,
        /// Whether waits spread.
        #[serde(default)]
        jitter: bool,
    },
    /// resilience4j `IntervalFunction`: whole milliseconds, cut at every step of the growth, then
    /// spread, then capped.
    Resilience4j {
        /// The first interval (500 ms).
        initial: SimDuration,
        /// What each further interval is multiplied by; 1 is a fixed one.
        #[serde(default = "one_and_a_half")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// Share of the interval by which it spreads up and down.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1.0))]
        randomization: f64,
        /// The longest wait.
        #[serde(default)]
        max: Option<SimDuration>,
    },
    /// tenacity's exponential waits (`wait.py`).
    Tenacity {
        /// Which of the three.
        #[serde(default)]
        wait: TenacityWait,
        /// The first wait (1 s).
        #[serde(default = "second")]
        multiplier: SimDuration,
        /// What each further wait is multiplied by.
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        exp_base: f64,
        /// The shortest wait.
        #[serde(default)]
        min: SimDuration,
        /// The longest wait. Without it, any length.
        #[serde(default)]
        max: Option<SimDuration>,
        /// Width of what `exponential_jitter` adds (1 s).
        #[serde(default = "second")]
        jitter: SimDuration,
    },
    /// backon's `ExponentialBuilder`, in its 32-bit arithmetic: jitter adds up to as much again,
    /// after the cap.
    Backon {
        /// The first wait (1 s).
        min_delay: SimDuration,
        /// What each further wait is multiplied by (2).
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        factor: f64,
        /// The longest wait before jitter (60 s).
        #[serde(default)]
        max_delay: Option<SimDuration>,
        /// Whether jitter is added.
        #[serde(default)]
        jitter: bool,
    },
    /// Finagle's `Backoff.decorrelatedJittered`: first `start`, then uniform between it and three
    /// times the last wait, at most `max`.
    Finagle {
        /// The first wait (5 ms).
        start: SimDuration,
        /// The longest wait (200 ms).
        max: SimDuration,
    },
    /// urllib3's `Retry`: nothing before the first retry, then factor·2ⁿ⁻¹ plus up to `jitter`,
    /// at most `max`.
    Urllib3 {
        /// The factor (0: no wait at all).
        factor: SimDuration,
        /// The longest wait.
        #[serde(default = "two_minutes")]
        max: SimDuration,
        /// Width of what is added.
        #[serde(default)]
        jitter: SimDuration,
    },
    /// The Genesys SDKs for .NET and Java: `flat` after a 429 and for the first `flat_retries`
    /// retries of other failures; then base·3^k, k one more for every `every` that has passed since
    /// the request started, up to `steps` (3, 9, 27 s).
    Stepped {
        /// The flat wait (3 s).
        flat: SimDuration,
        /// Retries with it after failures other than 429 (5).
        #[serde(default)]
        #[schemars(range(min = 0, max = 1_000_000))]
        flat_retries: u32,
        /// A third of the first step (1 s).
        base: SimDuration,
        /// Time between two steps (5 min).
        every: SimDuration,
        /// Steps (3).
        #[schemars(range(min = 1, max = 30))]
        steps: u32,
    },
    /// SDKs that Stainless generates (openai 3.57): min(initial·2ⁿ⁻¹, max), less up to a quarter.
    Stainless {
        /// The first wait (0.5 s).
        initial: SimDuration,
        /// The longest wait (8 s).
        max: SimDuration,
    },
    /// stripe-python 16: min(initial·2ⁿ⁻¹, max), of which half is random, but at least `initial`.
    Stripe {
        /// The first and the shortest wait (0.5 s).
        initial: SimDuration,
        /// The longest wait (5 s).
        max: SimDuration,
    },
}

const fn two() -> f64 {
    2.0
}

const fn one_and_a_half() -> f64 {
    1.5
}

const fn fifth() -> f64 {
    0.2
}

const fn second() -> SimDuration {
    SimDuration::from_secs(1)
}

const fn two_minutes() -> SimDuration {
    SimDuration::from_secs(120)
}

/// What a backoff remembers of a request.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct BackoffState {
    /// The last wait, chosen by the backoff or by the server; zero before the first.
    pub previous: SimDuration,
    /// Waits chosen since the start, or since the last pushback.
    growth: u32,
    /// Failures other than 429.
    other_failures: u32,
    /// The last wait before jitter.
    current: SimDuration,
    /// What the last wait would have been without bounds, in units of its own.
    uncapped: f64,
}

impl BackoffState {
    /// The state after a wait of `previous`, of which nothing else is known.
    #[must_use]
    pub fn after(previous: SimDuration) -> Self {
        Self { previous, ..Self::default() }
    }

    /// A failure, before anything is decided about it.
    pub const fn note(&mut self, outcome: Outcome) {
        if !matches!(outcome, Outcome::TooManyRequests) {
            self.other_failures += 1;
        }
    }

    /// Resets the exponent.
    pub const fn restart(&mut self) {
        self.growth = 0;
    }
}

/// The retry a wait comes before.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Its number, from 1.
    pub number: u32,
    /// What it is made after.
    pub outcome: Outcome,
    /// Time since the first try started.
    pub elapsed: SimDuration,
}

/// Uniform on [0, 1), 53 bits.
fn uniform(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

/// base·multiplierⁿ, at most `cap`.
fn grown(base: SimDuration, multiplier: f64, n: u32, cap: SimDuration) -> SimDuration {
    let exponent = f64::from(n.min(10_000));
    // Kept finite: 0 · ∞ would be NaN, and a zero wait stays zero at any exponent.
    let grown = base.as_secs_f64() * libm::pow(multiplier, exponent).min(f64::MAX);
    if grown >= cap.as_secs_f64() { cap } else { SimDuration::from_secs_f64(grown) }
}

impl BackoffSpec {
    /// The wait before `retry`; `state` is what the waits before have left.
    pub fn next(&self, state: &mut BackoffState, retry: Retry, rng: &mut impl Rng) -> SimDuration {
        let n = retry.number;
        let wait = match *self {
            Self::Fixed { delay, jitter } => {
                growth::spread(delay, delay, delay, jitter, state.previous, rng)
            }
            Self::Linear { base, cap, jitter, .. }
            | Self::Exponential { base, cap, jitter, .. } => {
                growth::spread(self.ceiling(n), base, cap, jitter, state.previous, rng)
            }
            Self::Aws { throttling, transient, cap } => {
                aws::wait(throttling, transient, cap, retry, rng)
            }
            Self::Grpc { initial, max, multiplier, jitter } => {
                grpc::wait(grown(initial, multiplier, state.growth, max), jitter, rng)
            }
            Self::Envoy { base, max, window } => envoy::wait(base, max, window, n, rng),
            Self::Polly { growth, delay, max_delay, jitter } => {
                polly::wait(growth, delay, jitter, n, &mut state.uncapped, rng)
                    .min(max_delay.unwrap_or(SimDuration::MAX))
            }
            Self::Resilience4j { initial, multiplier, randomization, max } => {
                resilience4j::wait(initial, multiplier, randomization, max, n, rng)
            }
            Self::Tenacity { wait, multiplier, exp_base, min, max, jitter } => {
                let grown =
                    multiplier.as_secs_f64() * libm::pow(exp_base, f64::from(n - 1)).min(f64::MAX);
                let bounds = (min.as_secs_f64(), max.map_or(f64::MAX, SimDuration::as_secs_f64));
                tenacity::wait(wait, grown, bounds, jitter.as_secs_f64(), rng)
            }
            Self::Backon { min_delay, factor, max_delay, jitter } => {
                state.current = backon::grow(state, min_delay, factor, max_delay);
                backon::wait(state.current, jitter, rng)
            }
            Self::Finagle { start, max } => finagle::wait(start, max, state.previous, n, rng),
            Self::Urllib3 { factor, max, jitter } => urllib3::wait(factor, max, jitter, n, rng),
            Self::Stepped { flat, base, every, steps, .. } => {
                if self.overrides_header(state, retry.outcome) {
                    stepped::wait(base, every, steps, retry.elapsed)
                } else {
                    flat
                }
            }
            Self::Stainless { initial, max } => {
                stainless::wait(grown(initial, 2.0, n - 1, max), rng)
            }
            Self::Stripe { initial, max } => {
                stripe::wait(grown(initial, 2.0, n - 1, max), initial, rng)
            }
        };
        state.growth += 1;
        state.previous = wait;
        wait
    }

    /// Whether the wait after `outcome` holds whatever the answer's `Retry-After` says.
    #[must_use]
    pub const fn overrides_header(&self, state: &BackoffState, outcome: Outcome) -> bool {
        match self {
            Self::Stepped { flat_retries, .. } => {
                !matches!(outcome, Outcome::TooManyRequests) && state.other_failures > *flat_retries
            }
            _ => false,
        }
    }

    /// The wait before retry `retry` (from 1) after a wait of `previous` (zero before the first),
    /// for who keeps no state.
    pub fn delay(&self, retry: u32, previous: SimDuration, rng: &mut impl Rng) -> SimDuration {
        let mut state = BackoffState::after(previous);
        let outcome = Outcome::Unavailable;
        self.next(&mut state, Retry { number: retry, outcome, elapsed: SimDuration::ZERO }, rng)
    }

    /// The longest wait before retry `retry` of the plain kinds, without decorrelation.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> SimDuration {
        let earlier = retry.saturating_sub(1);
        match *self {
            Self::Linear { base, increment, cap, .. } => {
                let grown = increment.as_nanos().saturating_mul(u64::from(earlier));
                SimDuration::from_nanos(base.as_nanos().saturating_add(grown)).min(cap)
            }
            Self::Exponential { base, multiplier, cap, .. } => {
                grown(base, multiplier, earlier, cap)
            }
            Self::Fixed { delay, .. } => delay,
            _ => SimDuration::MAX,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::Linear { base, cap, .. } | Self::Exponential { base, cap, .. } if cap < base => {
                problems.refuse("cap", cap, &format!("must be at least the base ({base})"));
            }
            Self::Exponential { multiplier, .. } => {
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
            }
            Self::Grpc { initial, max, multiplier, jitter } => {
                problems.positive("initial", *initial);
                problems.positive("max", *max);
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
                problems.within("jitter", *jitter, 0.0, 1.0);
            }
            Self::Envoy { base, max, .. } => {
                problems.positive("base", *base);
                at_least(&mut problems, ("max", *max), ("base", *base));
            }
            Self::Resilience4j { initial, multiplier, randomization, max } => {
                let ms = SimDuration::from_millis(1);
                if *initial < ms || max.is_some_and(|m| m < ms) {
                    problems.refuse("initial", initial, "must be at least 1ms, `max` too");
                }
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
                problems.within("randomization", *randomization, 0.0, 1.0);
            }
            Self::Tenacity { exp_base, min, max, .. } => {
                problems.within("exp_base", *exp_base, 1.0, 1000.0);
                at_least(&mut problems, ("max", *max), ("min", *min));
            }
            Self::Backon { factor, .. } => problems.within("factor", *factor, 1.0, 1000.0),
            Self::Finagle { start, max } => {
                problems.positive("start", *start);
                at_least(&mut problems, ("max", Some(*max)), ("start", *start));
            }
            Self::Stainless { initial, max } | Self::Stripe { initial, max } => {
                at_least(&mut problems, ("max", Some(*max)), ("initial", *initial));
            }
            Self::Stepped { every, steps, .. } => {
                problems.positive("every", *every);
                if !(1..=30).contains(steps) {
                    problems.refuse("steps", steps, "must be from 1 to 30");
                }
            }
            Self::Fixed { .. }
            | Self::Linear { .. }
            | Self::Aws { .. }
            | Self::Polly { .. }
            | Self::Urllib3 { .. } => {}
        }
        problems.0
    }
}

fn at_least(
    problems: &mut Problems,
    (key, value): (&str, Option<SimDuration>),
    (floor, least): (&str, SimDuration),
) {
    if let Some(value) = value.filter(|v| *v < least) {
        problems.refuse(key, value, &format!("must be at least `{floor}` ({least})"));
    }
}

#[cfg(test)]
mod tests;
