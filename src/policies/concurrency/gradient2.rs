//! Netflix's `Gradient2Limit` (concurrency-limits, `Gradient2Limit.java`): the limit follows the
//! ratio of a long average of the round trip to the last one, and may always grow by a short queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sample, WindowSpec, check_bounds};
use crate::policies::Problems;
use crate::policies::preset::{Follows, Preset};

/// The settings of a gradient limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gradient2Spec {
    /// The limit at first.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub initial: u32,
    /// The lowest limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min: u32,
    /// The highest limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max: u32,
    /// How much of a new limit counts, the rest being the old one.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub smoothing: f64,
    /// What the limit may grow by while round trips stay short.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub queue: u32,
    /// Round trips this many times the long average are still short.
    #[schemars(range(min = 1.0, max = 1_000_000.0))]
    pub tolerance: f64,
    /// Samples of the long average: an exponential one of weight 2/(n+1).
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub long_window: u32,
    /// Samples are gathered in windows first.
    pub window: Option<WindowSpec>,
}

/// As the library has it.
pub(super) const PRESET: Preset = Preset {
    name: "netflix_gradient2",
    settings: r#"
kind = "gradient2"
initial = 20
min = 20
max = 200
smoothing = 0.2
queue = 4
tolerance = 1.5
long_window = 600
"#,
    summary: "Netflix concurrency-limits' gradient of the round trip against its long average",
    source: "Netflix concurrency-limits f2528de, Gradient2Limit.java and ExpAvgMeasurement.java \
             (the first ten samples are averaged plainly)",
    follows: Follows::version("Netflix concurrency-limits", "f2528de"),
    cases: &[],
};

/// Samples at the start whose plain mean is the long average.
const WARM_UP: u32 = 10;

impl Default for Gradient2Spec {
    fn default() -> Self {
        Self {
            initial: 20,
            min: 20,
            max: 200,
            smoothing: 0.2,
            queue: 4,
            tolerance: 1.5,
            long_window: 600,
            window: None,
        }
    }
}

impl Gradient2Spec {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_bounds(problems, self.min, self.initial, self.max);
        problems.within("smoothing", self.smoothing, 0.0, 1.0);
        problems.within("tolerance", self.tolerance, 1.0, 1e6);
        problems.at_least_one("long_window", self.long_window);
        if let Some(window) = &self.window {
            problems.nested("window", window.check());
        }
    }
}

/// The state of a gradient limit.
#[derive(Clone, Debug)]
pub(super) struct Gradient2 {
    spec: Gradient2Spec,
    estimate: f64,
    long: LongAverage,
}

/// An exponential average that starts as a plain one.
#[derive(Clone, Debug, Default)]
struct LongAverage {
    value: f64,
    sum: f64,
    count: u32,
}

impl LongAverage {
    fn add(&mut self, sample: f64, window: u32) -> f64 {
        if self.count < WARM_UP {
            self.count += 1;
            self.sum += sample;
            self.value = self.sum / f64::from(self.count);
        } else {
            let weight = 2.0 / (f64::from(window) + 1.0);
            self.value = self.value * (1.0 - weight) + sample * weight;
        }
        self.value
    }
}

impl Gradient2 {
    pub(super) fn new(spec: &Gradient2Spec) -> Self {
        Self { estimate: f64::from(spec.initial), long: LongAverage::default(), spec: spec.clone() }
    }

    pub(super) fn limit(&self) -> u32 {
        self.estimate as u32
    }

    #[cfg(test)]
    pub(super) const fn estimate(&self) -> f64 {
        self.estimate
    }

    /// Takes a sample in; drops do not count. One without duration has no gradient and is dropped.
    pub(super) fn update(&mut self, sample: Sample) {
        if sample.rtt.is_zero() {
            return;
        }
        let short = sample.rtt.as_nanos() as f64;
        let long = self.long.add(short, self.spec.long_window);
        // Back from a long overload, the average comes down faster than by smoothing. This
        // sample's gradient is still taken against it as it was.
        if long / short > 2.0 {
            self.long.value *= 0.95;
        }
        if f64::from(sample.in_flight) < self.estimate / 2.0 {
            return;
        }
        let gradient = (self.spec.tolerance * long / short).clamp(0.5, 1.0);
        let wanted = self.estimate * gradient + f64::from(self.spec.queue);
        let smoothing = self.spec.smoothing;
        let smoothed = self.estimate * (1.0 - smoothing) + wanted * smoothing;
        self.estimate = smoothed.min(f64::from(self.spec.max)).max(f64::from(self.spec.min));
    }
}
