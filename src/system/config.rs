//! The checked model: names resolved to ids, every part ready to be built.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entity::Entity;
use super::ids::{CarrierId, ChannelsId, ClientId, GroupId, LegId, SbcId, TrunkId};
use super::observation::Errand;
use super::script::Script;
use super::slowdown::Slowdown;
use super::spec::{
    AbandonedSpec, ArrivalSpec, CallsSpec, DeadFlow, FallbackSpec, OptionsSpec, OutageKind,
    PolicyPoint, RedialSpec, RegistrarSpec, RegistrationSpec, RetryAfterSpec, ServiceLevelSpec,
    Standby, TokenRotation, Transport, Trying100, UpdatesSpec,
};
use crate::engine::simulation::Budget;
use crate::engine::time::{SimDuration, SimTime};
use crate::engine::variates::Sampler;
use crate::policies::Outcome;
use crate::policies::breaker::BreakerSpec;
use crate::policies::bulkhead::BulkheadSpec;
use crate::policies::concurrency::ConcurrencySpec;
use crate::policies::failover::FailoverSpec;
use crate::policies::hedge::HedgeSpec;
use crate::policies::limiter::LimiterSpec;
use crate::policies::limiter::stack::Charge;
use crate::policies::overload::OverloadSpec;
use crate::policies::retry::{Method, RetrySpec};
use crate::policies::shedding::{OrderSpec, SheddingSpec};
use crate::policies::sip::Timers;

/// What files beside a model say, by the file name as written in it.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// The instants of arrival traces.
    pub arrivals: BTreeMap<String, Arc<[SimTime]>>,
    /// What the API answered.
    pub outcomes: BTreeMap<String, Arc<Script>>,
}

/// What is wrong with a model, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} = {value}: {message}")]
pub struct Issue {
    /// Dotted key, arrays by index: `trunks.3.primary.channels`.
    pub path: String,
    /// The value found.
    pub value: String,
    /// What is allowed.
    pub message: String,
}

/// A checked model. It can be run any number of times, from any number of threads.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) horizon: SimTime,
    pub(super) warmup: SimTime,
    pub(super) series_bin: SimDuration,
    pub(super) seed: u64,
    pub(super) budget: Budget,
    pub(super) sip: Timers,
    pub(super) service_level: ServiceLevelSpec,
    pub(super) calls: CallsSpec,
    pub(super) patience: Option<Sampler>,
    pub(super) setup_patience: Option<Sampler>,
    pub(super) redial: Option<(RedialSpec, Sampler)>,
    pub(super) carriers: Vec<CarrierConfig>,
    /// Crews that repair carriers.
    pub(super) crews: u32,
    pub(super) channels: Vec<u32>,
    pub(super) sbcs: Vec<SbcConfig>,
    pub(super) groups: Vec<GroupConfig>,
    pub(super) trunks: Vec<TrunkConfig>,
    pub(super) regions: Vec<String>,
    pub(super) legs: Vec<Option<LegConfig>>,
    pub(super) api: ApiConfig,
    pub(super) clients: Vec<ClientConfig>,
    pub(super) replicas: u32,
    pub(super) policy: PolicyConfig,
    pub(super) updates: UpdatesSpec,
    pub(super) failover: FailoverSpec,
    pub(super) registration: RegistrationSpec,
    pub(super) options: Option<(OptionsSpec, Sampler)>,
    pub(super) monitor: Option<MonitorConfig>,
    /// In an order that does not depend on the model's.
    pub(super) faults: Vec<FaultConfig>,
    pub(super) slowdowns: Slowdowns,
}

#[derive(Clone, Debug)]
pub(super) struct CarrierConfig {
    pub(super) name: String,
    pub(super) entity: Entity,
    pub(super) price_per_minute: f64,
    pub(super) outage_kind: OutageKind,
    pub(super) dead_flow: DeadFlow,
    /// How long it leaves an SBC alone whose 503 to an INVITE has this `Retry-After`.
    pub(super) honour_503: bool,
    pub(super) honour_503_cap: Option<SimDuration>,
    pub(super) fake_retry_after: Option<SimDuration>,
    pub(super) outages: Option<OutageConfig>,
    pub(super) registrar: RegistrarSpec,
    pub(super) registrar_service: Sampler,
}

#[derive(Clone, Debug)]
pub(super) struct OutageConfig {
    pub(super) time_to_failure: Sampler,
    pub(super) time_to_repair: Sampler,
    /// The crew that repairs it, where it has to share one.
    pub(super) crew: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct SbcConfig {
    pub(super) name: String,
    pub(super) entity: Entity,
    pub(super) queue: u32,
    pub(super) invite: Sampler,
    pub(super) register: Sampler,
    pub(super) options: Sampler,
    pub(super) bye: Sampler,
    pub(super) handshake: Sampler,
    pub(super) retry_after: Option<SimDuration>,
    pub(super) overload: Option<OverloadSpec>,
}

#[derive(Clone, Debug)]
pub(super) struct GroupConfig {
    pub(super) name: String,
    pub(super) agents: u32,
    pub(super) staffing: Vec<(SimTime, u32)>,
    pub(super) wrap_up: Option<Sampler>,
    pub(super) overflow: Option<(SimDuration, GroupId)>,
    /// Trunks whose calls may go here or elsewhere: their policy follows its availability.
    pub(super) trunks: Vec<TrunkId>,
}

#[derive(Clone, Debug)]
pub(super) struct TrunkConfig {
    pub(super) name: String,
    pub(super) entity: Entity,
    pub(super) city: String,
    pub(super) region: u32,
    /// The region's, for breakers of that scope.
    pub(super) region_entity: Entity,
    pub(super) sbc: SbcId,
    pub(super) transport: Transport,
    pub(super) groups: Vec<GroupId>,
    pub(super) priority: u8,
    pub(super) arrivals: ArrivalSpec,
    pub(super) trace: Option<Arc<[SimTime]>>,
    /// Callers, where they are finitely many, and how long each idles between two calls.
    pub(super) callers: Option<(u32, Sampler)>,
    pub(super) talk: Sampler,
    pub(super) rtt_api: SimDuration,
    /// Calls both legs together can carry.
    pub(super) capacity: u32,
}

#[derive(Clone, Debug)]
pub(super) struct LegConfig {
    pub(super) entity: Entity,
    pub(super) carrier: CarrierId,
    pub(super) channels: ChannelsId,
    pub(super) calls_per_s_max: Option<LimiterSpec>,
    pub(super) rtt: SimDuration,
    pub(super) loss: f64,
    pub(super) registration: bool,
    /// Whether the carrier opens connections to the SBC.
    pub(super) connects: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ApiConfig {
    pub(super) entity: Entity,
    /// One per key of each level.
    pub(super) limiters: Vec<LimiterConfig>,
    pub(super) servers: u32,
    pub(super) queue: u32,
    pub(super) service: Sampler,
    pub(super) service_per_busy: SimDuration,
    pub(super) order: OrderSpec,
    pub(super) shedding: SheddingSpec,
    pub(super) abandoned: AbandonedSpec,
    pub(super) concurrency: ConcurrencySpec,
    /// Beyond half the round trip, where it is anything at all.
    pub(super) network: Option<Sampler>,
    pub(super) retry_after_unavailable: Option<SimDuration>,
    pub(super) limit_headers: bool,
    /// Failures of its own accord, whatever the load.
    pub(super) failures: Vec<FailureConfig>,
    /// What it answers to which request, where that is written down.
    pub(super) script: Option<Arc<Script>>,
    pub(super) propagation: SimDuration,
}

/// A limiter of the API.
#[derive(Clone, Debug)]
pub(super) struct LimiterConfig {
    pub(super) name: String,
    pub(super) spec: LimiterSpec,
    /// The status of its refusals.
    pub(super) status: Outcome,
    pub(super) retry_after: RetryAfterSpec,
}

/// A status that the server answers to a share of what it serves.
#[derive(Clone, Debug)]
pub(super) struct FailureConfig {
    /// A draw below this, and not below that of the one before, is it.
    pub(super) below: f64,
    pub(super) outcome: Outcome,
    pub(super) retry_after: Option<SimDuration>,
}

#[derive(Clone, Debug)]
pub(super) struct ClientConfig {
    /// A replica of the routing client, a tenant or the monitor, as people call it.
    pub(super) name: String,
    pub(super) entity: Entity,
    pub(super) connections: u32,
    pub(super) hold_connection: bool,
    /// Whether an attempt takes its place in the bulkhead before its connection. Who keeps the
    /// connection between attempts, and not the place, takes the connection first: otherwise
    /// requests with one of the two could wait for each other for ever.
    pub(super) place_first: bool,
    pub(super) attempt_timeout: SimDuration,
    pub(super) coalesce: bool,
    pub(super) retry: RetrySpec,
    pub(super) update_method: Method,
    pub(super) method: Method,
    pub(super) breaker: BreakerSpec,
    /// Breakers it has, by scope.
    pub(super) breakers: u32,
    pub(super) bulkhead: BulkheadSpec,
    pub(super) concurrency: ConcurrencySpec,
    pub(super) hedge: HedgeSpec,
    /// Limiters on its path.
    pub(super) limiters: Vec<u32>,
    /// By token that it may present: what an attempt takes of each limiter.
    pub(super) charges: Vec<Vec<Charge>>,
    pub(super) rotation: TokenRotation,
    /// Round trip to the API, where it does not depend on the trunk.
    pub(super) rtt: Option<SimDuration>,
    /// Its own requests, for a tenant.
    pub(super) arrivals: Option<(ArrivalSpec, Option<Arc<[SimTime]>>)>,
}

#[derive(Clone, Debug)]
pub(super) struct PolicyConfig {
    pub(super) point: PolicyPoint,
    pub(super) trying_100: Trying100,
    pub(super) timer_b: SimDuration,
    pub(super) no_progress: Option<SimDuration>,
    pub(super) flow_deadline: Option<SimDuration>,
    pub(super) fallback: FallbackSpec,
    pub(super) default_group: Option<GroupId>,
    pub(super) route_attempts: u16,
}

#[derive(Clone, Debug)]
pub(super) struct MonitorConfig {
    pub(super) interval: SimDuration,
    pub(super) client: ClientId,
}

/// How faults slow service down, over time.
#[derive(Clone, Debug)]
pub(super) struct Slowdowns {
    pub(super) api: Slowdown,
    /// By carrier.
    pub(super) registrars: Vec<Slowdown>,
}

/// A fault with its parts resolved.
#[derive(Clone, Debug)]
pub(super) struct FaultConfig {
    pub(super) at: SimTime,
    pub(super) until: SimTime,
    pub(super) kind: FaultKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum FaultKind {
    Carrier(CarrierId, OutageKind),
    ApiSlowdown(f64),
    ApiLimit { factor: f64, limiters: Vec<u32> },
    Sbc(SbcId, OutageKind),
    Registrar(CarrierId, f64),
    LegNetwork { carrier: CarrierId, delay: SimDuration, loss: f64 },
    ApiNetwork { delay: SimDuration, loss: f64 },
    Agents(GroupId, f64),
}

impl FaultConfig {
    /// What faults are ordered by: the whole fault, and nothing of where it is written.
    pub(super) fn key(&self) -> (SimTime, SimTime, u8, Vec<u64>) {
        let (kind, values) = match &self.kind {
            FaultKind::Carrier(carrier, kind) => (0, vec![u64::from(carrier.0), *kind as u64]),
            FaultKind::ApiSlowdown(by) => (1, vec![by.to_bits()]),
            FaultKind::ApiLimit { factor, limiters } => {
                let limiters = limiters.iter().map(|l| u64::from(*l));
                (2, std::iter::once(factor.to_bits()).chain(limiters).collect())
            }
            FaultKind::Sbc(sbc, kind) => (3, vec![u64::from(sbc.0), *kind as u64]),
            FaultKind::Registrar(carrier, by) => (4, vec![u64::from(carrier.0), by.to_bits()]),
            FaultKind::LegNetwork { carrier, delay, loss } => {
                (5, vec![u64::from(carrier.0), delay.as_nanos(), loss.to_bits()])
            }
            FaultKind::ApiNetwork { delay, loss } => (6, vec![delay.as_nanos(), loss.to_bits()]),
            FaultKind::Agents(group, share) => (7, vec![u64::from(group.0), share.to_bits()]),
        };
        (self.at, self.until, kind, values)
    }

    /// Whether it happens at all. What would begin at the horizon or later does not: a run may be
    /// shorter than the day its model describes.
    pub(super) fn happens(&self, horizon: SimTime) -> bool {
        self.at < horizon
    }

    /// Whether it is in force: from its beginning to its end, which does not belong to it.
    pub(super) fn is_in_force(&self, now: SimTime, horizon: SimTime) -> bool {
        self.happens(horizon) && self.at <= now && now < self.until
    }
}

impl ClientConfig {
    /// The token presented after this one.
    pub(super) fn token_after(&self, token: u32) -> u32 {
        (token + 1) % u32::try_from(self.charges.len()).unwrap_or(u32::MAX)
    }

    /// The method of its requests for an errand.
    pub(super) const fn method_of(&self, errand: Errand) -> Method {
        match errand {
            Errand::Update => self.update_method,
            Errand::Tenant => self.method,
            Errand::Lookup | Errand::Poll => Method::Get,
        }
    }
}

impl Config {
    /// Simulated time during which things are offered and measured.
    #[must_use]
    pub const fn horizon(&self) -> SimTime {
        self.horizon
    }

    /// The seed the model names.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Names of the trunks with their cities, in order.
    pub fn trunks(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.trunks.iter().map(|t| (t.name.as_str(), t.city.as_str()))
    }

    /// The name of limiter `index`: its level and, after a slash, whose budget it is.
    #[must_use]
    pub fn limiter(&self, index: u32) -> &str {
        &self.api.limiters[index as usize].name
    }

    /// Simulated time at the start that is not measured.
    #[must_use]
    pub const fn warmup(&self) -> SimTime {
        self.warmup
    }

    /// The name of a client: a tenant's own; `client` or `client 2` for a replica of the routing
    /// client; `monitor`.
    #[must_use]
    pub fn client(&self, client: ClientId) -> &str {
        &self.clients[client.index()].name
    }

    /// The carrier of a leg that exists.
    #[must_use]
    pub fn carrier_of(&self, leg: LegId) -> Option<CarrierId> {
        self.legs.get(leg.index()).and_then(Option::as_ref).map(|l| l.carrier)
    }

    pub(super) fn leg(&self, leg: LegId) -> &LegConfig {
        self.legs[leg.index()].as_ref().expect("an absent leg is never used")
    }

    pub(super) fn standby_is_warm(&self) -> bool {
        self.registration.standby == Standby::Warm
    }

    pub(super) fn trunk(&self, trunk: TrunkId) -> &TrunkConfig {
        &self.trunks[trunk.index()]
    }
}
