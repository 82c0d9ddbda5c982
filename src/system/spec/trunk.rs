//! Trunks, their legs and the calls they carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ArrivalSpec;
use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;

/// What holds for every call unless its trunk says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CallsSpec {
    /// What every trunk's arrival rates are multiplied by: 1.2 is a fifth more calls.
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub load: f64,
    /// Talk time with the agent. Lognormal after Brown et al. (JASA 2005); mean 180 s and squared
    /// coefficient of variation 1.2 are assumptions.
    pub talk: Variate,
    /// How long a connected caller waits before hanging up; without it, exponential with mean
    /// 120 s, which is an assumption. For callers who wait for ever write `"876000h"`.
    pub patience: Option<Variate>,
    /// How long a caller waits for an answer from the trunk (180/200) before hanging up; without
    /// it, until the network's own timers end the attempt.
    pub setup_patience: Option<Variate>,
    /// Whether callers who got nowhere dial again; without it, none does.
    pub redial: Option<RedialSpec>,
    /// Session-Expires of RFC 4028. The session is refreshed at half of it (§7.2). A call that ended
    /// without a BYE that arrived stays counted by the platform until the session expires.
    pub session_expires: SimDuration,
    /// The side that refreshes sessions.
    pub session_refresher: Refresher,
    /// The kind of device that counts the calls of the platform.
    pub counted_by: CountedBy,
}

/// The side that refreshes a session (RFC 4028 §7.1, parameter `refresher`).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refresher {
    /// The carrier: the caller's side of an inbound call.
    #[default]
    Carrier,
    /// The SBC.
    Sbc,
}

/// The kind of device that counts calls, which decides when a session without refresh is over.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedBy {
    /// A user agent: the session is over min(32 s, Session-Expires / 3) before it would expire
    /// (RFC 4028 §10).
    #[default]
    Endpoint,
    /// A stateful proxy: the session is over when it expires.
    Proxy,
}

impl Default for CallsSpec {
    fn default() -> Self {
        Self {
            load: 1.0,
            talk: Variate::lognormal(SimDuration::from_secs(180), 1.2),
            patience: Some(Variate::exponential(SimDuration::from_secs(120))),
            setup_patience: None,
            redial: None,
            session_expires: SimDuration::from_secs(1800),
            session_refresher: Refresher::default(),
            counted_by: CountedBy::default(),
        }
    }
}

/// Callers who dial again. A repeated call is offered as another call; its talk time is that of the
/// first, from the beginning. Every default is an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedialSpec {
    /// Probability after a call that did not get through: blocked, lost, timed out or rejected.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub after_failure: f64,
    /// Probability after a call that was torn down by the network.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub after_drop: f64,
    /// Probability after hanging up for want of an answer.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub after_abandoning: f64,
    /// Time until then.
    pub after: Variate,
    /// How often a caller dials again at most.
    #[schemars(range(min = 1, max = 1000))]
    pub max: u32,
}

impl Default for RedialSpec {
    fn default() -> Self {
        Self {
            after_failure: 0.8,
            after_drop: 0.8,
            after_abandoning: 0.0,
            after: Variate::exponential(SimDuration::from_secs(60)),
            max: 5,
        }
    }
}

/// A SIP trunk of a site, with its two legs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkSpec {
    /// Its name, such as `TRK_APAC_04`. With `count` above 1, `{n}` stands for the number.
    pub id: String,
    /// Where it ends.
    #[serde(default)]
    pub city: String,
    /// API region, for breakers of region scope.
    #[serde(default)]
    pub region: String,
    /// How many such trunks there are.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// The SBC it comes in through.
    pub sbc: String,
    /// The leg calls use while nothing is wrong.
    pub primary: LegSpec,
    /// The leg they fail over to.
    #[serde(default)]
    pub secondary: Option<LegSpec>,
    /// Transport of SIP between carriers and SBC.
    #[serde(default)]
    pub transport: Transport,
    /// Agent groups its calls may go to, the home group first.
    #[schemars(length(min = 1))]
    pub groups: Vec<String>,
    /// Calls of a higher priority are answered first.
    #[serde(default)]
    pub priority: u8,
    /// Calls offered.
    pub arrivals: ArrivalSpec,
    /// Talk time, where it differs from `calls.talk`.
    #[serde(default)]
    pub talk: Option<Variate>,
    /// Round trip between the SBC (or flow) and the API.
    #[serde(default)]
    pub rtt_api: SimDuration,
}

/// A trunk's access through one carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegSpec {
    /// The carrier.
    pub carrier: String,
    /// Calls it can carry at once, where the channels are its own.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub channels: Option<u32>,
    /// The shared channels it uses instead.
    #[serde(default)]
    pub channel_group: Option<String>,
    /// INVITEs the carrier sends over it per second at most; more are refused.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub calls_per_s_max: Option<f64>,
    /// Round trip between carrier and SBC.
    #[serde(default)]
    pub rtt: SimDuration,
    /// Share of messages lost each way. On UDP the sender retransmits; on TCP and TLS the
    /// transport does, at the cost of time.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 0.99))]
    pub loss: f64,
    /// Whether calls need the SBC to be registered on this leg.
    #[serde(default)]
    pub registration: bool,
}

/// Transport of SIP.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Connected and encrypted: set-up costs round trips and SBC time; nothing is retransmitted.
    #[default]
    Tls,
    /// Connected: set-up costs a round trip; nothing is retransmitted.
    Tcp,
    /// No connection; requests are retransmitted (RFC 3261 timers A and E).
    Udp,
}

const fn one() -> u32 {
    1
}
