//! Netflix's `WindowedLimit` (concurrency-limits, `WindowedLimit.java`,
//! `ImmutableAverageSampleWindow.java`): samples are gathered, and a limit hears only of the mean
//! round trip, the most under way and whether anything was dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sample;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::{Problem, Problems};

/// How samples are gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowSpec {
    /// A window lasts at least this long.
    pub min: SimDuration,
    /// And at most this long; between the two, twice the shortest round trip of the last window.
    pub max: SimDuration,
    /// A window with fewer samples is thrown away.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub samples: u32,
    /// Shorter round trips are no samples.
    pub rtt_min: SimDuration,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self {
            min: SimDuration::from_secs(1),
            max: SimDuration::from_secs(1),
            samples: 10,
            rtt_min: SimDuration::from_nanos(100_000),
        }
    }
}

impl WindowSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.at_least_one("samples", self.samples);
        problems.positive("min", self.min);
        if self.max < self.min {
            problems.refuse("max", self.max, &format!("must be at least min ({})", self.min));
        }
        problems.0
    }
}

/// The window being filled.
#[derive(Clone, Debug)]
pub(super) struct Windowed {
    spec: WindowSpec,
    /// A sample that ends after this closes the window.
    closes: SimTime,
    window: Window,
}

#[derive(Clone, Debug)]
struct Window {
    rtt_min: SimDuration,
    rtt_sum: u128,
    in_flight_max: u32,
    samples: u32,
    dropped: bool,
}

impl Window {
    const EMPTY: Self = Self {
        rtt_min: SimDuration::MAX,
        rtt_sum: 0,
        in_flight_max: 0,
        samples: 0,
        dropped: false,
    };
}

impl Windowed {
    pub(super) fn new(spec: &WindowSpec) -> Self {
        Self { spec: spec.clone(), closes: SimTime::ZERO, window: Window::EMPTY }
    }

    /// Takes in a sample that started at `started`; what the window amounts to, where it is now
    /// full. The sample that closes a window belongs to it, so that the very first one closes a
    /// window of its own.
    pub(super) fn add(&mut self, started: SimTime, sample: Sample) -> Option<Sample> {
        if sample.rtt < self.spec.rtt_min {
            return None;
        }
        let window = &mut self.window;
        window.rtt_min = window.rtt_min.min(sample.rtt);
        window.rtt_sum += u128::from(sample.rtt.as_nanos());
        window.in_flight_max = window.in_flight_max.max(sample.in_flight);
        window.samples += 1;
        window.dropped |= sample.dropped;
        let ended = started.saturating_add(sample.rtt);
        if ended <= self.closes {
            return None;
        }
        let window = std::mem::replace(&mut self.window, Window::EMPTY);
        let twice = SimDuration::from_nanos(window.rtt_min.as_nanos().saturating_mul(2));
        self.closes = ended.saturating_add(twice.max(self.spec.min).min(self.spec.max));
        if window.samples < self.spec.samples {
            return None;
        }
        let mean = window.rtt_sum / u128::from(window.samples);
        Some(Sample {
            rtt: SimDuration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)),
            in_flight: window.in_flight_max,
            dropped: window.dropped,
        })
    }
}
