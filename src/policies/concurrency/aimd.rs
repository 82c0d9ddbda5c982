//! Netflix's `AIMDLimit` (concurrency-limits, `AIMDLimit.java`): additive increase, multiplicative
//! decrease on a loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sample, WindowSpec, check_bounds};
use crate::engine::time::SimDuration;
use crate::policies::Problems;
use crate::policies::preset::{Follows, Preset};

/// The settings of an AIMD limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AimdSpec {
    /// The limit at first.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub initial: u32,
    /// The lowest limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min: u32,
    /// The highest limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max: u32,
    /// What the limit is multiplied by on a drop; the result is truncated.
    #[schemars(range(min = 0.5, max = 0.999_999))]
    pub backoff: f64,
    /// A round trip longer than this counts as a drop.
    pub timeout: SimDuration,
    /// Samples are gathered in windows first.
    pub window: Option<WindowSpec>,
}

/// As the library has it.
pub(super) const PRESET: Preset = Preset {
    name: "netflix_aimd",
    settings: r#"
kind = "aimd"
initial = 20
min = 20
max = 200
backoff = 0.9
timeout = "5s"
"#,
    summary: "Netflix concurrency-limits' additive increase, multiplicative decrease",
    source: "Netflix concurrency-limits 784c960, AIMDLimit.java",
    follows: Follows::version("Netflix concurrency-limits", "784c960"),
    cases: &["policies/netflix_limits.csv"],
};

impl Default for AimdSpec {
    fn default() -> Self {
        Self {
            initial: 20,
            min: 20,
            max: 200,
            backoff: 0.9,
            timeout: SimDuration::from_secs(5),
            window: None,
        }
    }
}

impl AimdSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        check_bounds(problems, self.min, self.initial, self.max);
        problems.within("backoff", self.backoff, 0.5, 0.999_999);
        problems.positive("timeout", self.timeout);
        if let Some(window) = &self.window {
            problems.nested("window", window.check());
        }
    }
}

/// The state of an AIMD limit.
#[derive(Clone, Debug)]
pub(super) struct Aimd {
    spec: AimdSpec,
    limit: u32,
}

impl Aimd {
    pub(super) fn new(spec: &AimdSpec) -> Self {
        Self { limit: spec.initial, spec: spec.clone() }
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn update(&mut self, sample: Sample) {
        if sample.dropped || sample.rtt > self.spec.timeout {
            self.limit = (f64::from(self.limit) * self.spec.backoff) as u32;
        } else if u64::from(sample.in_flight) * 2 >= u64::from(self.limit) {
            self.limit += 1;
        }
        self.limit = self.limit.max(self.spec.min).min(self.spec.max);
    }
}
