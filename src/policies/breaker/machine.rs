//! One breaker of any kind.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failsafe::{Failsafe, FailsafeSpec};
use super::generic::{Generic, GenericSpec};
use super::gobreaker::{Gobreaker, GobreakerSpec};
use super::hystrix::{Hystrix, HystrixSpec};
use super::linkerd::{Linkerd, LinkerdSpec};
use super::opossum::{Opossum, OpossumSpec};
use super::outlier::{OutlierSpec, Pool};
use super::polly::{Polly, PollySpec};
use super::pybreaker::{Pybreaker, PybreakerSpec};
use super::resilience4j::{Resilience4j, Resilience4jSpec};
use super::rule::RuleSpec;
use super::semian::{Semian, SemianSpec};
use super::{CallResult, Counts, Permit, Problem, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// When a breaker opens and closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MachineSpec {
    /// The plain breaker.
    Generic(GenericSpec),
    /// resilience4j.
    Resilience4j(Resilience4jSpec),
    /// Polly v8.
    Polly(PollySpec),
    /// Hystrix.
    Hystrix(HystrixSpec),
    /// opossum.
    Opossum(OpossumSpec),
    /// gobreaker v2.
    Gobreaker(GobreakerSpec),
    /// pybreaker.
    Pybreaker(PybreakerSpec),
    /// failsafe-rs.
    Failsafe(FailsafeSpec),
    /// Linkerd's consecutive failures.
    Linkerd(LinkerdSpec),
    /// Envoy's outlier detection: the members of the scope are the hosts of one pool. With scope
    /// `global` that is a pool of one, which is never ejected unless `max_ejection_percent` is 100
    /// or `always_eject_one_host` is set.
    EnvoyOutlier(OutlierSpec),
    /// Semian's adaptive breaker: a PID controller.
    Semian(SemianSpec),
}

impl MachineSpec {
    /// The machine that never opens.
    #[must_use]
    pub fn never() -> Self {
        Self::Generic(GenericSpec { rule: RuleSpec::Never, ..GenericSpec::default() })
    }

    pub(super) fn entries(&self) -> u64 {
        match self {
            Self::Generic(spec) => spec.entries(),
            Self::Resilience4j(spec) => spec.entries(),
            Self::Hystrix(spec) => spec.entries(),
            Self::Opossum(spec) => u64::from(spec.rolling_count_buckets),
            Self::Gobreaker(spec) => spec.entries(),
            Self::Semian(spec) => spec.entries(),
            Self::Polly(_) | Self::Failsafe(_) => 10,
            Self::Pybreaker(_) | Self::Linkerd(_) | Self::EnvoyOutlier(_) => 1,
        }
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        match self {
            Self::Generic(spec) => spec.check(),
            Self::Resilience4j(spec) => spec.check(),
            Self::Polly(spec) => spec.check(),
            Self::Hystrix(spec) => spec.check(),
            Self::Opossum(spec) => spec.check(),
            Self::Gobreaker(spec) => spec.check(),
            Self::Pybreaker(spec) => spec.check(),
            Self::Failsafe(spec) => spec.check(),
            Self::Linkerd(spec) => spec.check(),
            Self::EnvoyOutlier(spec) => spec.check(),
            Self::Semian(spec) => spec.check(),
        }
    }
}

#[derive(Clone, Debug)]
enum Machine {
    Generic(Generic),
    Resilience4j(Resilience4j),
    Polly(Polly),
    Hystrix(Hystrix),
    Opossum(Opossum),
    Gobreaker(Gobreaker),
    Pybreaker(Pybreaker),
    Failsafe(Failsafe),
    Linkerd(Linkerd),
    EnvoyOutlier(Pool),
    Semian(Semian),
}

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker(Machine);

impl Breaker {
    /// A closed breaker, made at the start of the run: windows, streams and intervals that hang on
    /// the making of a library's breaker hang on [`SimTime::ZERO`]. An outlier detection is a pool
    /// of one.
    #[must_use]
    pub fn new(spec: &MachineSpec) -> Self {
        Self(match spec {
            MachineSpec::Generic(spec) => Machine::Generic(Generic::new(spec)),
            MachineSpec::Resilience4j(spec) => Machine::Resilience4j(Resilience4j::new(spec)),
            MachineSpec::Polly(spec) => Machine::Polly(Polly::new(spec)),
            MachineSpec::Hystrix(spec) => Machine::Hystrix(Hystrix::new(spec)),
            MachineSpec::Opossum(spec) => Machine::Opossum(Opossum::new(spec)),
            MachineSpec::Gobreaker(spec) => Machine::Gobreaker(Gobreaker::new(spec)),
            MachineSpec::Pybreaker(spec) => Machine::Pybreaker(Pybreaker::new(spec)),
            MachineSpec::Failsafe(spec) => Machine::Failsafe(Failsafe::new(spec)),
            MachineSpec::Linkerd(spec) => Machine::Linkerd(Linkerd::new(spec)),
            MachineSpec::EnvoyOutlier(spec) => Machine::EnvoyOutlier(Pool::new(spec, 1)),
            MachineSpec::Semian(spec) => Machine::Semian(Semian::new(spec)),
        })
    }

    /// Whether a call may be made at `now`. `rng` is drawn from only where the library decides by
    /// chance.
    pub fn admit(&mut self, now: SimTime, rng: &mut impl Rng) -> Verdict {
        match &mut self.0 {
            Machine::Generic(it) => it.admit(now),
            Machine::Resilience4j(it) => it.admit(now),
            Machine::Polly(it) => it.admit(now),
            Machine::Hystrix(it) => it.admit(now),
            Machine::Opossum(it) => it.admit(now),
            Machine::Gobreaker(it) => it.admit(now),
            Machine::Pybreaker(it) => it.admit(now),
            Machine::Failsafe(it) => it.admit(now),
            Machine::Linkerd(it) => it.admit(now),
            Machine::EnvoyOutlier(it) => it.admit(0, now),
            Machine::Semian(it) => it.admit(now, rng),
        }
    }

    /// Takes in the result of a call that took `took`. `rng` is drawn from only where the breaker
    /// opens and its library spreads its delays.
    pub fn record(
        &mut self,
        now: SimTime,
        permit: Permit,
        result: CallResult,
        took: SimDuration,
        rng: &mut impl Rng,
    ) {
        match &mut self.0 {
            Machine::Generic(it) => it.record(now, permit, result),
            Machine::Resilience4j(it) => it.record(now, result, took),
            Machine::Polly(it) => it.record(now, result),
            Machine::Hystrix(it) => it.record(now, result),
            Machine::Opossum(it) => it.record(now, result),
            Machine::Gobreaker(it) => it.record(now, permit, result),
            Machine::Pybreaker(it) => it.record(now, permit, result),
            Machine::Failsafe(it) => it.record(now, result, rng),
            Machine::Linkerd(it) => it.record(now, permit, result, rng),
            Machine::EnvoyOutlier(it) => it.record(0, now, result),
            Machine::Semian(it) => it.record(now, result),
        }
    }

    /// What it is at `now`. Where a library's breaker moves only when it is called, that is its
    /// state as of the last call or result.
    pub fn state(&mut self, now: SimTime) -> State {
        match &mut self.0 {
            Machine::Generic(it) => it.state(),
            Machine::Resilience4j(it) => it.state(now),
            Machine::Polly(it) => it.state(),
            Machine::Hystrix(it) => it.state(now),
            Machine::Opossum(it) => it.state(now),
            Machine::Gobreaker(it) => it.state(now),
            Machine::Pybreaker(it) => it.state(),
            Machine::Failsafe(it) => it.state(),
            Machine::Linkerd(it) => it.state(now),
            Machine::EnvoyOutlier(it) => it.state(0, now),
            Machine::Semian(it) => it.state(now),
        }
    }

    /// The first instant at which an open breaker, as of the last question, lets a call through;
    /// of an outlier detection and Semian, that at which it may.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SimTime> {
        match &self.0 {
            Machine::Generic(it) => it.next_deadline(),
            Machine::Resilience4j(it) => it.next_deadline(),
            Machine::Polly(it) => it.next_deadline(),
            Machine::Hystrix(it) => it.next_deadline(),
            Machine::Opossum(it) => it.next_deadline(),
            Machine::Gobreaker(it) => it.next_deadline(),
            Machine::Pybreaker(it) => it.next_deadline(),
            Machine::Failsafe(it) => it.next_deadline(),
            Machine::Linkerd(it) => it.next_deadline(),
            Machine::EnvoyOutlier(it) => it.next_deadline(0),
            Machine::Semian(it) => it.next_deadline(),
        }
    }

    /// When its state, as of the last question, may next change without a call or result: a
    /// library's timer. Nothing needs to happen then; who wants to see the move at its instant asks
    /// for the state. It may turn out not to have moved.
    #[must_use]
    pub fn next_move(&self) -> Option<SimTime> {
        match &self.0 {
            Machine::Resilience4j(it) => it.next_move(),
            Machine::Hystrix(it) => it.next_move(),
            Machine::Opossum(it) => it.next_move(),
            Machine::Linkerd(it) => it.next_move(),
            Machine::EnvoyOutlier(it) => it.next_move(),
            Machine::Semian(it) => it.next_move(),
            Machine::Generic(_)
            | Machine::Polly(_)
            | Machine::Gobreaker(_)
            | Machine::Pybreaker(_)
            | Machine::Failsafe(_) => None,
        }
    }

    /// What it has counted, at `now`.
    pub fn counts(&mut self, now: SimTime) -> Counts {
        match &mut self.0 {
            Machine::Generic(it) => it.counts(),
            Machine::Resilience4j(it) => it.counts(now),
            Machine::Polly(it) => it.counts(now),
            Machine::Hystrix(it) => it.counts(now),
            Machine::Opossum(it) => it.counts(now),
            Machine::Gobreaker(it) => it.counts(),
            Machine::Pybreaker(it) => it.counts(),
            Machine::Failsafe(it) => it.counts(),
            Machine::Linkerd(it) => it.counts(),
            Machine::EnvoyOutlier(it) => it.counts(0, now),
            Machine::Semian(it) => it.counts(now),
        }
    }
}
