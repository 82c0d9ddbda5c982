//! Netflix's `VegasLimit` (concurrency-limits, `VegasLimit.java`), after TCP Vegas: the queue is
//! what the limit holds beyond what the shortest round trip would, and is kept between α and β.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sample, WindowSpec, check_bounds};
use crate::engine::time::SimDuration;
use crate::policies::Problems;
use crate::policies::preset::{Follows, Preset};

/// The settings of a Vegas limit. L below is max(1, ⌊log₁₀ limit⌋).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VegasSpec {
    /// The limit at first.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub initial: u32,
    /// The highest limit. The lowest is 1.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max: u32,
    /// How much of a new limit counts, the rest being the old one.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub smoothing: f64,
    /// A queue shorter than this lets the limit grow by L. Without it, 3·L.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub alpha: Option<u32>,
    /// A queue longer than this makes the limit shrink; also what the limit grows by while the
    /// queue is at most `threshold`. Without it, 6·L.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub beta: Option<u32>,
    /// A queue of at most this lets the limit grow by `beta`. Without it, L.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub threshold: Option<u32>,
    /// What the limit is multiplied by when it shrinks. Without it, L is taken off.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub decrease: Option<f64>,
    /// The shortest round trip is remeasured after U[½,1) · this factor · limit samples.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub probe_multiplier: u32,
    /// Samples are gathered in windows first.
    pub window: Option<WindowSpec>,
}

/// As the library has it.
pub(super) const PRESET: Preset = Preset {
    name: "netflix_vegas",
    settings: r#"
kind = "vegas"
initial = 20
max = 1000
smoothing = 1.0
probe_multiplier = 30
"#,
    summary: "Netflix concurrency-limits' default limit, after TCP Vegas",
    source: "Netflix concurrency-limits 78a74b9, VegasLimit.java, Log10RootFunction.java; alpha, \
             beta and threshold follow the limit (3, 6 and 1 times its logarithm)",
    follows: Follows::version("Netflix concurrency-limits", "78a74b9"),
    cases: &["policies/netflix_limits.csv"],
};

impl Default for VegasSpec {
    fn default() -> Self {
        Self {
            initial: 20,
            max: 1000,
            smoothing: 1.0,
            alpha: None,
            beta: None,
            threshold: None,
            decrease: None,
            probe_multiplier: 30,
            window: None,
        }
    }
}

impl VegasSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_bounds(problems, 1, self.initial, self.max);
        problems.within("smoothing", self.smoothing, 0.0, 1.0);
        problems.at_least_one("probe_multiplier", self.probe_multiplier);
        if let Some(ratio) = self.decrease {
            problems.within("decrease", ratio, 0.0, 1.0);
        }
        if let Some(window) = &self.window {
            problems.nested("window", window.check());
        }
    }
}

/// The state of a Vegas limit.
#[derive(Clone, Debug)]
pub(super) struct Vegas {
    spec: VegasSpec,
    estimate: f64,
    /// The shortest round trip; zero before the first sample.
    no_load: SimDuration,
    samples: u32,
    /// Uniform on [½, 1).
    jitter: f64,
}

/// Uniform on [½, 1), 53 bits.
fn jitter(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    0.5 + 0.5 * ((rng.next_u64() >> 11) as f64 * SCALE)
}

impl Vegas {
    pub(super) fn new(spec: &VegasSpec, rng: &mut impl Rng) -> Self {
        Self {
            estimate: f64::from(spec.initial),
            no_load: SimDuration::ZERO,
            samples: 0,
            jitter: jitter(rng),
            spec: spec.clone(),
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.estimate as u32
    }

    /// Takes a sample in. One without duration, which the library refuses by an exception, is
    /// dropped.
    pub(super) fn update(&mut self, sample: Sample, rng: &mut impl Rng) {
        if sample.rtt.is_zero() {
            return;
        }
        self.samples = self.samples.saturating_add(1);
        let probe_after = self.jitter * f64::from(self.spec.probe_multiplier) * self.estimate;
        if probe_after <= f64::from(self.samples) {
            self.jitter = jitter(rng);
            self.samples = 0;
            self.no_load = sample.rtt;
        } else if self.no_load.is_zero() || sample.rtt < self.no_load {
            self.no_load = sample.rtt;
        } else if let Some(wanted) = self.wanted(sample) {
            let bounded = wanted.min(f64::from(self.spec.max)).max(1.0);
            let smoothing = self.spec.smoothing;
            self.estimate = (1.0 - smoothing) * self.estimate + smoothing * bounded;
        }
    }

    /// The limit after a sample, before bounds and smoothing; `None` where it stays.
    fn wanted(&self, sample: Sample) -> Option<f64> {
        let limit = self.limit();
        let step = limit.max(1).ilog10().max(1);
        let share = self.no_load.as_nanos() as f64 / sample.rtt.as_nanos() as f64;
        let queue = libm::ceil(self.estimate * (1.0 - share)) as u32;
        let decreased = || match self.spec.decrease {
            Some(ratio) => self.estimate * ratio,
            None => self.estimate - f64::from(step),
        };
        if sample.dropped {
            return Some(decreased());
        }
        if 2.0 * f64::from(sample.in_flight) < self.estimate {
            return None;
        }
        let beta = self.spec.beta.unwrap_or(6 * step);
        if queue <= self.spec.threshold.unwrap_or(step) {
            Some(self.estimate + f64::from(beta))
        } else if queue < self.spec.alpha.unwrap_or(3 * step) {
            Some(self.estimate + f64::from(step))
        } else if queue > beta {
            Some(decreased())
        } else {
            None
        }
    }
}
