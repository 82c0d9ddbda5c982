//! The server's queue: the order of service, and shedding.

mod codel;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::{Follows, Preset};
use super::{Problem, Problems};
use crate::engine::time::SimDuration;
pub use codel::Codel;

/// The order of service of a server's queue.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderSpec {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served.
    Lifo,
    /// First come, first served, and last come, first served while more than `threshold` wait (B.
    /// Maurer, "Fail at Scale", ACM Queue 2015; HHVM `job-queue.h`, `lifoSwitchThreshold`).
    AdaptiveLifo {
        /// With more waiting the last to come is next. HHVM's default never switches.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        threshold: u32,
    },
}

impl OrderSpec {
    /// Whether the last to come is next, where `waiting` wait.
    #[must_use]
    pub const fn takes_last(self, waiting: usize) -> bool {
        match self {
            Self::Fifo => false,
            Self::Lifo => true,
            Self::AdaptiveLifo { threshold } => waiting > threshold as usize,
        }
    }
}

/// Load shedding when a request's turn for service comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-presets" = "shedding"))]
pub enum SheddingSpec {
    /// No shedding.
    #[default]
    None,
    /// Those who waited too long in an overload, by folly's variant of controlled delay.
    Codel {
        /// More than this as the shortest wait of an interval is an overload.
        #[serde(default = "five_ms")]
        target: SimDuration,
        /// Length of an interval.
        #[serde(default = "hundred_ms")]
        interval: SimDuration,
    },
}

const fn five_ms() -> SimDuration {
    SimDuration::from_millis(5)
}

const fn hundred_ms() -> SimDuration {
    SimDuration::from_millis(100)
}

/// The presets.
pub const PRESETS: &[Preset] = &[Preset {
    name: "folly_codel",
    settings: r#"
kind = "codel"
target = "5ms"
interval = "100ms"
"#,
    summary: "folly's controlled delay: over 5 ms for a whole interval, then no wait over 10 ms",
    source: "folly 1ad98e2, executors/Codel.cpp",
    follows: Follows::version("folly", "1ad98e2"),
    cases: &[],
}];

impl SheddingSpec {
    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if let Self::Codel { target, interval } = self {
            problems.positive("target", *target);
            if interval <= target {
                let allowed = format!("must be longer than the target ({target})");
                problems.refuse("interval", interval, &allowed);
            }
        }
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HHVM takes the job off its count before it compares: with a threshold of 2 the third of
    /// three is still taken from the front, and 0 is last come, first served.
    #[test]
    fn the_order_turns_where_more_wait_than_the_threshold() {
        let order = OrderSpec::AdaptiveLifo { threshold: 2 };
        assert_eq!([1, 2, 3, 4].map(|n| order.takes_last(n)), [false, false, true, true]);
        assert!(OrderSpec::AdaptiveLifo { threshold: 0 }.takes_last(1));
        assert!(OrderSpec::Lifo.takes_last(1) && !OrderSpec::Fifo.takes_last(1000));
    }

    #[test]
    fn presets_are_sound() {
        for preset in PRESETS {
            let spec: SheddingSpec = toml::from_str(preset.settings).unwrap();
            assert_eq!(spec.check(), [], "{}", preset.name);
        }
    }

    #[test]
    fn a_target_as_long_as_the_interval_is_refused() {
        let spec = SheddingSpec::Codel { target: hundred_ms(), interval: hundred_ms() };
        assert_eq!(spec.check()[0].field, "interval");
    }
}
