//! Envoy's adaptive concurrency (envoy, `adaptive_concurrency/controller/gradient_controller.cc`).
//!
//! Every so often the limit is put down to a minimum, and the round trip measured over a number of
//! requests: the minimum round trip. Otherwise windows follow one another, and at the end of each
//! that has samples the limit becomes gradient·limit + √(gradient·limit), where the gradient is the
//! minimum round trip with its buffer by the window's, between ½ and 2. Five windows in a row at
//! the minimum start a new measurement at once.
//!
//! The timers are looked at when a request comes or ends. Where both are due at one instant the
//! window goes first; Envoy leaves that open.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_bounds;
use super::histogram::Histogram;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Problems;
use crate::policies::preset::{Follows, Preset};

/// The settings of Envoy's adaptive concurrency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvoySpec {
    /// The lowest limit, and the one under which the minimum round trip is measured.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min: u32,
    /// The highest limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max: u32,
    /// The quantile of the round trips that counts.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub percentile: f64,
    /// Length of a window. Envoy has no default; 100 ms is its documentation's example.
    pub update_interval: SimDuration,
    /// Time between measurements of the minimum round trip. Envoy has no default; 60 s is its
    /// documentation's example.
    pub min_rtt_interval: SimDuration,
    /// Requests of such a measurement.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_rtt_requests: u32,
    /// Up to this share of `min_rtt_interval` is added to it at random, in whole milliseconds.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f64,
    /// This share of the minimum round trip is allowed on top of it.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub buffer: f64,
}

/// As the proxy has it.
pub(super) const PRESET: Preset = Preset {
    name: "envoy_adaptive",
    settings: r#"
kind = "envoy"
min = 3
max = 1000
percentile = 0.5
update_interval = "100ms"
min_rtt_interval = "60s"
min_rtt_requests = 50
jitter = 0.15
buffer = 0.25
"#,
    summary: "Envoy's adaptive concurrency filter",
    source: "envoy c35f67f, gradient_controller.cc and adaptive_concurrency.proto; the two \
             intervals have no default there and are its documentation's example",
    follows: Follows::version("Envoy", "c35f67f"),
    cases: &[],
};

/// Consecutive windows at the minimum limit after which the minimum round trip is remeasured.
const AT_MINIMUM_MAX: u32 = 5;

impl Default for EnvoySpec {
    fn default() -> Self {
        Self {
            min: 3,
            max: 1000,
            percentile: 0.5,
            update_interval: SimDuration::from_millis(100),
            min_rtt_interval: SimDuration::from_secs(60),
            min_rtt_requests: 50,
            jitter: 0.15,
            buffer: 0.25,
        }
    }
}

impl EnvoySpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_bounds(problems, self.min, self.min, self.max);
        problems.within("percentile", self.percentile, 0.0, 1.0);
        problems.positive("update_interval", self.update_interval);
        problems.positive("min_rtt_interval", self.min_rtt_interval);
        problems.at_least_one("min_rtt_requests", self.min_rtt_requests);
        problems.within("jitter", self.jitter, 0.0, 1.0);
        problems.within("buffer", self.buffer, 0.0, 100.0);
    }
}

/// The state of Envoy's adaptive concurrency.
#[derive(Clone, Debug)]
pub(super) struct Envoy {
    spec: EnvoySpec,
    limit: u32,
    phase: Phase,
    /// End of the window; never while a measurement has let it lapse.
    window_ends: SimTime,
    /// When the minimum round trip is measured next; never while it is being measured.
    measure_at: SimTime,
    /// Requests that started before this are no samples.
    epoch: SimTime,
    samples: Histogram,
    min_rtt_us: u64,
    /// Windows in a row that left the limit at the minimum.
    at_minimum: u32,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Phase {
    /// The minimum round trip is being measured; then the limit is this again.
    Measuring { deferred: u32 },
    /// Windows set the limit.
    Following,
}

impl Envoy {
    /// It starts by measuring.
    pub(super) fn new(spec: &EnvoySpec) -> Self {
        Self {
            limit: spec.min,
            phase: Phase::Measuring { deferred: spec.min },
            window_ends: SimTime::ZERO.saturating_add(spec.update_interval),
            measure_at: SimTime::NEVER,
            epoch: SimTime::ZERO,
            samples: Histogram::default(),
            min_rtt_us: 0,
            at_minimum: 0,
            spec: spec.clone(),
        }
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    #[cfg(test)]
    pub(super) fn min_rtt_us(&self) -> Option<u64> {
        (self.phase == Phase::Following).then_some(self.min_rtt_us)
    }

    /// Does what timers up to `now` would have done.
    pub(super) fn catch_up(&mut self, now: SimTime) {
        while self.window_ends.min(self.measure_at) <= now {
            if self.window_ends <= self.measure_at {
                self.window_over(now);
            } else {
                let at = std::mem::replace(&mut self.measure_at, SimTime::NEVER);
                self.measure(at);
            }
        }
    }

    fn measure(&mut self, at: SimTime) {
        if self.phase == Phase::Following {
            self.phase = Phase::Measuring { deferred: self.limit };
            self.set_limit(at, self.spec.min);
            self.samples.clear();
            self.epoch = at;
        }
    }

    fn window_over(&mut self, now: SimTime) {
        let at = self.window_ends;
        let interval = self.spec.update_interval;
        if self.phase != Phase::Following {
            self.window_ends = SimTime::NEVER;
        } else if self.samples.count() == 0 {
            // Nothing happens at the end of empty windows: on to the first that is not over.
            let until = now.min(self.measure_at);
            let windows = (until - at).as_nanos() / interval.as_nanos() + 1;
            let on = SimDuration::from_nanos(interval.as_nanos().saturating_mul(windows));
            self.window_ends = at.saturating_add(on);
        } else {
            self.window_ends = at.saturating_add(interval);
            let rtt_us = self.take_quantile();
            self.set_limit(at, self.followed(rtt_us));
        }
    }

    /// Whole microseconds, as Envoy truncates them.
    fn take_quantile(&mut self) -> u64 {
        let value = self.samples.quantile(self.spec.percentile) as u64;
        self.samples.clear();
        value
    }

    fn followed(&self, rtt_us: u64) -> u32 {
        let min = self.min_rtt_us as f64;
        let buffered = min + min * self.spec.buffer;
        let gradient = if rtt_us == 0 { 2.0 } else { (buffered / rtt_us as f64).clamp(0.5, 2.0) };
        let limit = f64::from(self.limit) * gradient;
        let wanted = (limit + limit.sqrt()) as u32;
        wanted.min(self.spec.max).max(self.spec.min)
    }

    fn set_limit(&mut self, at: SimTime, limit: u32) {
        let min = self.spec.min;
        let stays_low = self.phase == Phase::Following && self.limit == min && limit == min;
        self.at_minimum = if stays_low { self.at_minimum + 1 } else { 0 };
        self.limit = limit;
        if self.at_minimum >= AT_MINIMUM_MAX {
            self.measure_at = at;
        }
    }

    /// A request that started at `started` was answered.
    pub(super) fn record(&mut self, started: SimTime, now: SimTime, rng: &mut impl Rng) {
        if started < self.epoch {
            return;
        }
        self.samples.add((now - started).as_nanos() / 1000);
        if let Phase::Measuring { deferred } = self.phase
            && self.samples.count() >= u64::from(self.spec.min_rtt_requests)
        {
            self.min_rtt_us = self.take_quantile();
            self.set_limit(now, deferred);
            self.phase = Phase::Following;
            self.measure_at = now.saturating_add(self.jittered(rng));
            self.window_ends = now.saturating_add(self.spec.update_interval);
        }
    }

    /// The time to the next measurement.
    fn jittered(&self, rng: &mut impl Rng) -> SimDuration {
        let interval_ms = self.spec.min_rtt_interval.as_nanos() / 1_000_000;
        let range = libm::ceil(interval_ms as f64 * self.spec.jitter) as u64;
        let added = if range == 0 { 0 } else { rng.next_u64() % range };
        SimDuration::from_millis(interval_ms + added)
    }
}
