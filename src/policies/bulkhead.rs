//! The bulkhead: limits on a client's concurrent requests. A request beyond a limit waits or
//! fails. A failure there ends the request, as when a breaker refuses. An adaptive limit moves
//! the bulkhead's limit.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::concurrency::{Concurrency, ConcurrencySpec, Place};
use super::preset::{Follows, Preset};
use super::{Outcome, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// The limits of a client replica. No limit by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "bulkhead"))]
pub struct BulkheadSpec {
    /// Attempts (or requests, by `placement`) under way at once. Without it, any number.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub concurrent: Option<u32>,
    /// How many may wait for a place, first come first served; further ones fail. Without it, any
    /// number.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub queue: Option<u32>,
    /// How long one may wait for a place; then it fails. Without it, as long as it takes.
    pub max_wait: Option<SimDuration>,
    /// Requests that may wait for a connection; further ones fail. Without it, any number.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub pending: Option<u32>,
    /// What takes a place.
    pub placement: BulkheadPlacement,
}

/// What takes a place in a bulkhead.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkheadPlacement {
    /// Each attempt, inside breaker and retry loop: resilience4j's order, and a proxy's.
    #[default]
    PerAttempt,
    /// The whole request, outside them: the order of Polly's standard pipeline.
    PerRequest,
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "resilience4j_bulkhead",
        settings: r#"
concurrent = 25
max_wait = "0s"
placement = "per_attempt"
"#,
        summary: "resilience4j's semaphore bulkhead: 25 at once, none queued",
        source: "resilience4j af9e7c9, BulkheadConfig.java (maxConcurrentCalls 25, \
                 maxWaitDuration 0, fair)",
        follows: Follows::version("resilience4j", "af9e7c9"),
        cases: &[],
    },
    Preset {
        name: "polly_concurrency_limiter",
        settings: r#"
concurrent = 1000
queue = 0
placement = "per_request"
"#,
        summary: "Polly's concurrency limiter: 1000 at once, none queued",
        source: "Polly 173d6d1, RateLimiterStrategyOptions (PermitLimit 1000, QueueLimit 0)",
        follows: Follows::version("Polly", "173d6d1 (version 8)").since("8.0.0 [from memory]"),
        cases: &[],
    },
    Preset {
        name: "envoy_circuit_breaker",
        settings: r#"
concurrent = 1024
queue = 0
pending = 1024
placement = "per_attempt"
"#,
        summary: "the ceilings of an Envoy cluster; its 1024 connections are client.connections, its 3 retries the budget of the retry preset envoy",
        source: "envoy data-plane-api 84e8436, cluster/v3/circuit_breaker.proto (max_requests \
                 1024, max_pending_requests 1024, max_connections 1024)",
        follows: Follows::version("Envoy", "data-plane-api 84e8436"),
        cases: &[],
    },
    Preset {
        name: "atb",
        settings: r#"
concurrent = 1
placement = "per_request"
"#,
        summary: "one request at a time, its retries included, first come first served: what the retry presets atb and aatb stand in",
        source: "Bfarkiani/ratelimiter 5def00a (April 2025), ATB.py and AATB.py (Client.run)",
        follows: Follows::version("Bfarkiani/ratelimiter", "5def00a (April 2025)"),
        cases: &[],
    },
];

impl BulkheadSpec {
    /// Whether places are counted at all, with this limit.
    #[must_use]
    pub const fn counts(&self, limit: &ConcurrencySpec) -> bool {
        self.concurrent.is_some() || limit.is_on()
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if let Some(concurrent) = self.concurrent {
            problems.at_least_one("concurrent", concurrent);
        }
        problems.0
    }
}

/// Result of an admission attempt.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Admitted, with this place.
    Enters(Place),
    /// Queued behind the waiting requests, until this instant at most.
    Waits {
        /// When it fails.
        until: SimTime,
    },
    /// It fails.
    Refused,
}

/// The state of a bulkhead.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    spec: BulkheadSpec,
    ceiling: u32,
    limit: Concurrency,
    waiting: u32,
}

impl Bulkhead {
    /// An empty bulkhead whose ceiling is the lower of its own and the limit's.
    #[must_use]
    pub fn new(spec: &BulkheadSpec, limit: &ConcurrencySpec, rng: &mut impl Rng) -> Self {
        Self {
            ceiling: spec.concurrent.unwrap_or(u32::MAX),
            limit: Concurrency::new(limit, rng),
            waiting: 0,
            spec: spec.clone(),
        }
    }

    fn place(&mut self, now: SimTime) -> Option<Place> {
        if self.limit.in_flight() >= self.ceiling { None } else { self.limit.enter(now) }
    }

    /// One would enter.
    pub fn enter(&mut self, now: SimTime) -> Entry {
        // FIFO: a new request does not overtake waiting ones.
        let place = if self.waiting == 0 { self.place(now) } else { None };
        if let Some(place) = place {
            return Entry::Enters(place);
        }
        let until = self.spec.max_wait.map_or(SimTime::NEVER, |wait| now.saturating_add(wait));
        if until == now || self.waiting >= self.spec.queue.unwrap_or(u32::MAX) {
            return Entry::Refused;
        }
        self.waiting += 1;
        Entry::Waits { until }
    }

    /// One would enter and cannot wait.
    pub fn enter_now(&mut self, now: SimTime) -> Option<Place> {
        if self.waiting == 0 { self.place(now) } else { None }
    }

    /// The place of who waits longest, if there is one now.
    pub fn next(&mut self, now: SimTime) -> Option<Place> {
        if self.waiting == 0 {
            return None;
        }
        let place = self.place(now)?;
        self.waiting -= 1;
        Some(place)
    }

    /// One has stopped waiting.
    ///
    /// # Panics
    /// If no request was waiting.
    pub fn stop_waiting(&mut self) {
        self.waiting = self.waiting.checked_sub(1).expect("one was waiting");
    }

    /// One gives its place back; see [`Concurrency::leave`].
    pub fn leave(
        &mut self,
        now: SimTime,
        place: Place,
        outcome: Option<Outcome>,
        rng: &mut impl Rng,
    ) {
        self.limit.leave(now, place, outcome, rng);
    }

    /// Whether one more may wait for a connection behind `waiting`.
    #[must_use]
    pub fn may_pend(&self, waiting: usize) -> bool {
        self.spec.pending.is_none_or(|pending| waiting < pending as usize)
    }

    /// Whether the bulkhead holds no request and no request waits.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.limit.in_flight() == 0 && self.waiting == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::random::{Draw, RandomSource};

    fn rng() -> Draw {
        RandomSource::new(1, 0).at(0, 0, 0)
    }

    fn bulkhead(name: &str) -> Bulkhead {
        let preset = PRESETS.iter().find(|p| p.name == name).unwrap();
        let spec = toml::from_str(preset.settings).unwrap();
        Bulkhead::new(&spec, &ConcurrencySpec::None, &mut rng())
    }

    #[test]
    fn presets_are_sound_and_refuse_at_their_ceiling() {
        for (preset, ceiling) in PRESETS.iter().zip([25, 1000, 1024]) {
            let spec: BulkheadSpec = toml::from_str(preset.settings).unwrap();
            assert_eq!(spec.check(), [], "{}", preset.name);
            let mut bulkhead = bulkhead(preset.name);
            let now = SimTime::ZERO;
            for _ in 0..ceiling {
                assert!(matches!(bulkhead.enter(now), Entry::Enters(_)));
            }
            assert_eq!(bulkhead.enter(now), Entry::Refused);
        }
        let envoy = bulkhead("envoy_circuit_breaker");
        assert!(envoy.may_pend(1023) && !envoy.may_pend(1024));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Never more than the ceiling, never more waiting than the queue; every waiting request
        /// has a reason to wait; places and waits come out even.
        #[test]
        fn places_are_counted(
            concurrent in 1u32..6,
            queue in prop::option::of(0u32..4),
            moves in prop::collection::vec((0u8..3, 0usize..8), 1..200),
        ) {
            let spec = BulkheadSpec { concurrent: Some(concurrent), queue, ..Default::default() };
            let mut bulkhead = Bulkhead::new(&spec, &ConcurrencySpec::None, &mut rng());
            let (mut inside, mut waiting) = (Vec::new(), 0);
            let now = SimTime::ZERO;
            for (what, which) in moves {
                match what {
                    0 => match bulkhead.enter(now) {
                        Entry::Enters(place) => inside.push(place),
                        Entry::Waits { .. } => waiting += 1,
                        Entry::Refused => {
                            prop_assert_eq!(inside.len(), concurrent as usize);
                            prop_assert_eq!(Some(waiting), queue);
                        }
                    },
                    1 if !inside.is_empty() => {
                        let place = inside.swap_remove(which % inside.len());
                        bulkhead.leave(now, place, Some(Outcome::Ok), &mut rng());
                        while let Some(place) = bulkhead.next(now) {
                            inside.push(place);
                            waiting -= 1;
                        }
                    }
                    2 if waiting > 0 => {
                        bulkhead.stop_waiting();
                        waiting -= 1;
                    }
                    _ => {}
                }
                prop_assert_eq!(bulkhead.limit.in_flight() as usize, inside.len());
                prop_assert!(inside.len() <= concurrent as usize);
                prop_assert!(waiting == 0 || inside.len() == concurrent as usize);
                prop_assert!(waiting <= queue.unwrap_or(u32::MAX));
            }
        }
    }
}
