//! How calls, or a tenant's API requests, arrive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;

/// An arrival process. Rates are per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ArrivalSpec {
    /// Nothing arrives.
    None,
    /// A Poisson process.
    Poisson {
        /// Arrivals per second.
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        rate_per_s: f64,
    },
    /// A Poisson process whose rate follows a profile (NHPP), piecewise constant.
    Profile {
        /// The rate from each instant on, in ascending order, the first from `0s`.
        #[schemars(length(min = 1))]
        steps: Vec<RateStep>,
        /// The profile restarts after this long; without it the last rate stays.
        #[serde(default)]
        period: Option<SimDuration>,
    },
    /// A two-state Markov-modulated Poisson process: quiet and bursting.
    Mmpp {
        /// Arrivals per second while bursting.
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        burst_rate_per_s: f64,
        /// Arrivals per second while quiet.
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        quiet_rate_per_s: f64,
        /// Mean length of a burst; lengths are exponential.
        burst_mean: SimDuration,
        /// Mean length of a quiet spell; lengths are exponential.
        quiet_mean: SimDuration,
    },
    /// A Poisson process with scheduled spikes.
    Spikes {
        /// Arrivals per second outside the spikes.
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        rate_per_s: f64,
        /// The spikes; where two overlap the later in the list counts.
        spikes: Vec<SpikeSpec>,
    },
    /// One arrival every so often, the first after `phase`.
    Periodic {
        /// Time between two arrivals.
        every: SimDuration,
        /// Time of the first.
        #[serde(default)]
        phase: SimDuration,
        /// How many arrive at each of these instants.
        #[serde(default = "one")]
        #[schemars(range(min = 1, max = 1_000_000))]
        batch: u32,
    },
    /// Finitely many callers (Engset's model where `idle` is exponential): each calls after having
    /// idled for a time, and idles again once the call has ended, however it ended, or when no more
    /// dialling again comes of it. For trunks only.
    FiniteSource {
        /// Callers.
        #[schemars(range(min = 1, max = 1_000_000))]
        sources: u32,
        /// How long one idles between two calls.
        idle: Variate,
    },
    /// The instants of a CSV file with the column `time_s`.
    Trace {
        /// The file, relative to the model.
        file: String,
    },
}

const fn one() -> u32 {
    1
}

impl ArrivalSpec {
    /// The same with all rates multiplied by `load`; nothing where it has no rates.
    #[must_use]
    pub(in crate::system) fn times(&self, load: f64) -> Option<Self> {
        let mut spec = self.clone();
        match &mut spec {
            Self::None => {}
            Self::Poisson { rate_per_s } => *rate_per_s *= load,
            Self::Profile { steps, .. } => steps.iter_mut().for_each(|s| s.rate_per_s *= load),
            Self::Mmpp { burst_rate_per_s, quiet_rate_per_s, .. } => {
                *burst_rate_per_s *= load;
                *quiet_rate_per_s *= load;
            }
            Self::Spikes { rate_per_s, spikes } => {
                *rate_per_s *= load;
                spikes.iter_mut().for_each(|s| s.rate_per_s *= load);
            }
            Self::Periodic { .. } | Self::FiniteSource { .. } | Self::Trace { .. } => return None,
        }
        Some(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_multiplies_every_rate_and_nothing_else() {
        let spec: ArrivalSpec = toml::from_str(
            "kind = \"spikes\"\nrate_per_s = 0.5\n\
             spikes = [{ at = \"8m\", for = \"50s\", rate_per_s = 14.0 }]",
        )
        .unwrap();
        let ArrivalSpec::Spikes { rate_per_s, spikes } = spec.times(2.0).unwrap() else { panic!() };
        let spike = &spikes[0];
        let got =
            (rate_per_s, spike.rate_per_s, spike.at.as_secs_f64(), spike.length.as_secs_f64());
        assert_eq!(format!("{got:?}"), "(1.0, 28.0, 480.0, 50.0)");
        assert_eq!(spec.times(1.0), Some(spec));
        let trace = ArrivalSpec::Trace { file: "calls.csv".into() };
        assert_eq!(trace.times(2.0), None);
    }
}

/// A rate from an instant on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    /// From this instant on.
    pub at: SimDuration,
    /// Arrivals per second.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub rate_per_s: f64,
}

/// A scheduled spike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeSpec {
    /// When it starts.
    pub at: SimDuration,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub length: SimDuration,
    /// Arrivals per second while it lasts.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub rate_per_s: f64,
    /// The spike comes again after this long.
    #[serde(default)]
    pub every: Option<SimDuration>,
}
