//! Adaptive concurrency limits: how many requests may be under way at once, learnt from how long
//! they take. One machine serves a server that admits and a client that holds back.
//!
//! It counts who is under way; a request may start while fewer are than the limit. What came of it
//! is a sample for the algorithm. The algorithms of Netflix's concurrency-limits may be fed through
//! windows (its `WindowedLimit`); Envoy's has windows of its own.

mod aimd;
mod envoy;
mod gradient2;
mod histogram;
mod vegas;
mod windowed;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::Preset;
use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};
use aimd::Aimd;
pub use aimd::AimdSpec;
use envoy::Envoy;
pub use envoy::EnvoySpec;
use gradient2::Gradient2;
pub use gradient2::Gradient2Spec;
use vegas::Vegas;
pub use vegas::VegasSpec;
pub use windowed::WindowSpec;
use windowed::Windowed;

/// A limit on the requests under way at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(extend("x-presets" = "concurrency"))]
pub enum ConcurrencySpec {
    /// No limit.
    #[default]
    None,
    /// Always the same.
    Fixed(FixedSpec),
    /// Netflix's `VegasLimit`: the queue estimated from the shortest round trip.
    Vegas(VegasSpec),
    /// Netflix's `Gradient2Limit`: the round trip against its long average.
    Gradient2(Gradient2Spec),
    /// Netflix's `AIMDLimit`: one more at a time, a share less on a loss.
    Aimd(AimdSpec),
    /// Envoy's adaptive concurrency filter: the round trip against one measured at low load.
    Envoy(EnvoySpec),
}

/// A limit that stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedSpec {
    /// Requests under way at once.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub limit: u32,
}

/// The presets.
pub const PRESETS: &[Preset] = &[vegas::PRESET, gradient2::PRESET, aimd::PRESET, envoy::PRESET];

impl ConcurrencySpec {
    /// Whether there is a limit at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::None => {}
            Self::Fixed(spec) => problems.at_least_one("limit", spec.limit),
            Self::Vegas(spec) => spec.check(&mut problems),
            Self::Gradient2(spec) => spec.check(&mut problems),
            Self::Aimd(spec) => spec.check(&mut problems),
            Self::Envoy(spec) => spec.check(&mut problems),
        }
        problems.0
    }
}

/// The bounds of a limit: `initial` lies between `min` and `max`, and at least one may pass.
fn check_bounds(problems: &mut Problems, min: u32, initial: u32, max: u32) {
    problems.at_least_one("min", min);
    if max < min {
        problems.refuse("max", max, &format!("must be at least min ({min})"));
    } else if !(min..=max).contains(&initial) {
        problems.refuse("initial", initial, &format!("must be from min ({min}) to max ({max})"));
    }
}

/// What came of a request, for an algorithm of Netflix's.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Sample {
    /// From its start to its end.
    rtt: SimDuration,
    /// Requests under way when it had started, itself included.
    in_flight: u32,
    /// It was refused or timed out.
    dropped: bool,
}

/// The place of a request among those under way. It goes back with the request's end.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// When it was taken.
    since: SimTime,
    /// Requests under way then, this one included.
    in_flight: u32,
}

/// A limit with the requests under way.
#[derive(Clone, Debug)]
pub struct Concurrency {
    algorithm: Algorithm,
    in_flight: u32,
}

#[derive(Clone, Debug)]
enum Algorithm {
    Fixed(u32),
    Vegas(Vegas, Option<Windowed>),
    Gradient2(Gradient2, Option<Windowed>),
    Aimd(Aimd, Option<Windowed>),
    Envoy(Box<Envoy>),
}

impl Concurrency {
    /// An unused limit, at the instant zero.
    #[must_use]
    pub fn new(spec: &ConcurrencySpec, rng: &mut impl Rng) -> Self {
        let windowed = |spec: &Option<WindowSpec>| spec.as_ref().map(Windowed::new);
        let algorithm = match spec {
            ConcurrencySpec::None => Algorithm::Fixed(u32::MAX),
            ConcurrencySpec::Fixed(spec) => Algorithm::Fixed(spec.limit),
            ConcurrencySpec::Vegas(spec) => {
                Algorithm::Vegas(Vegas::new(spec, rng), windowed(&spec.window))
            }
            ConcurrencySpec::Gradient2(spec) => {
                Algorithm::Gradient2(Gradient2::new(spec), windowed(&spec.window))
            }
            ConcurrencySpec::Aimd(spec) => Algorithm::Aimd(Aimd::new(spec), windowed(&spec.window)),
            ConcurrencySpec::Envoy(spec) => Algorithm::Envoy(Box::new(Envoy::new(spec))),
        };
        Self { algorithm, in_flight: 0 }
    }

    /// The limit as of the last request or end.
    #[must_use]
    pub fn limit(&self) -> u32 {
        match &self.algorithm {
            Algorithm::Fixed(limit) => *limit,
            Algorithm::Vegas(vegas, _) => vegas.limit(),
            Algorithm::Gradient2(gradient, _) => gradient.limit(),
            Algorithm::Aimd(aimd, _) => aimd.limit(),
            Algorithm::Envoy(envoy) => envoy.limit(),
        }
    }

    /// Requests under way.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Whether another request would be over the limit, as of the last one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.in_flight >= self.limit()
    }

    /// A request asks to start at `now`: its place, or `None` at the limit.
    pub fn enter(&mut self, now: SimTime) -> Option<Place> {
        if let Algorithm::Envoy(envoy) = &mut self.algorithm {
            envoy.catch_up(now);
        }
        if self.is_full() {
            return None;
        }
        self.in_flight += 1;
        Some(Place { since: now, in_flight: self.in_flight })
    }

    /// A request is over. `None` says that nothing was learnt from it.
    ///
    /// Netflix's algorithms take an answer of 429 or 503 and a time-out as a drop
    /// (`Limiter.Listener.onDropped`: rejected by an external limit, or a timeout); Envoy samples
    /// every answer and forgets requests without one.
    ///
    /// # Panics
    /// Where no place was taken.
    pub fn leave(
        &mut self,
        now: SimTime,
        place: Place,
        outcome: Option<Outcome>,
        rng: &mut impl Rng,
    ) {
        self.in_flight = self.in_flight.checked_sub(1).expect("a place was taken");
        let rtt = now - place.since;
        let sample = |outcome: Outcome| Sample {
            rtt,
            in_flight: place.in_flight,
            dropped: outcome != Outcome::Ok,
        };
        let through = |windowed: &mut Option<Windowed>| {
            let sample = sample(outcome?);
            match windowed {
                Some(windowed) => windowed.add(place.since, sample),
                None => Some(sample),
            }
        };
        match &mut self.algorithm {
            Algorithm::Fixed(_) => {}
            Algorithm::Vegas(vegas, windowed) => {
                if let Some(sample) = through(windowed) {
                    vegas.update(sample, rng);
                }
            }
            Algorithm::Gradient2(gradient, windowed) => {
                if let Some(sample) = through(windowed) {
                    gradient.update(sample);
                }
            }
            Algorithm::Aimd(aimd, windowed) => {
                if let Some(sample) = through(windowed) {
                    aimd.update(sample);
                }
            }
            Algorithm::Envoy(envoy) => {
                envoy.catch_up(now);
                if outcome.is_some_and(|outcome| outcome != Outcome::TimedOut) {
                    envoy.record(place.since, now, rng);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
