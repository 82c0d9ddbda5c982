//! What goes wrong, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OutageKind;
use crate::engine::time::SimDuration;

/// A timed fault, in force from `at` until `for` later; one of no length has no effect. Any number may be
/// in force at a time, also several of one kind on one part: what they do together follows from
/// in force at a time, also several of one kind on one part. The combined effect follows from the
/// set in force, whatever the order in the file, and the end of one leaves the others in
/// force. All faults of an instant begin and end at once, before anything else that happens then.
/// A fault that would begin at the horizon or later does not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultSpec {
    /// A carrier carries nothing: no message gets to it or from it. Calls that are connected go on
    /// until a session refresh fails. It is out while any outage of it is in force: of these, of its
    /// `schedule`, and of its random `outages`.
    CarrierOutage {
        /// The carrier.
        carrier: String,
        /// What becomes of TCP and TLS connections; without it, as the carrier says.
        #[serde(default)]
        outage_kind: Option<OutageKind>,
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// The API serves more slowly. Slowdowns in force multiply, within 0.000001 and 1,000,000; what
    /// is in service when they change goes on as it began.
    ApiBrownOut {
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Service takes this many times as long.
        #[schemars(range(min = 0.001, max = 1_000_000.0))]
        slowdown: f64,
    },
    /// The API's limits are cut (or raised). Factors in force on a limit multiply, within 0.000001
    /// and 1,000,000, whether they name it or concern all.
    ApiLimitCut {
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Limits are this many times as high.
        #[schemars(range(min = 0.001, max = 1000.0))]
        factor: f64,
        /// Only the limit of this name.
        #[serde(default)]
        limit: Option<String>,
    },
    /// An SBC restarts: its calls drop, its connections, registrations and queue are gone, and it
    /// registers again. A `silent` SBC goes on, but no message reaches it or leaves it. It is down
    /// while any restart of it is in force.
    SbcRestart {
        /// The SBC.
        sbc: String,
        /// What becomes of the SBC and its connections; without it, `closes`.
        #[serde(default)]
        outage_kind: Option<OutageKind>,
        /// When it goes down.
        at: SimDuration,
        /// How long it is down.
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// A carrier's registrar serves more slowly. Slowdowns in force multiply, within 0.000001 and
    /// 1,000,000; what is in service when they change goes on as it began.
    RegistrarSlowdown {
        /// The carrier.
        carrier: String,
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Service takes this many times as long.
        #[schemars(range(min = 0.001, max = 1_000_000.0))]
        slowdown: f64,
    },
    /// The network between a carrier and its SBCs delays or loses more. Delays in force add, up to
    /// 100 days; losses are independent of each other and of the leg's own: 1 − Π(1 − loss).
    LegNetwork {
        /// The carrier.
        carrier: String,
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Added to each way.
        #[serde(default)]
        delay: SimDuration,
        /// Share of messages lost each way, on top.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 0.99))]
        loss: f64,
    },
    /// The network between the clients and the API delays or loses more. Delays in force add, up to
    /// 100 days; losses are independent of each other: 1 − Π(1 − loss).
    ApiNetwork {
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Added to each way.
        #[serde(default)]
        delay: SimDuration,
        /// Share of messages lost each way.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 0.99))]
        loss: f64,
    },
    /// Agents log out in a wave and come back. Shares in force add, up to all of the agents that
    /// the group's staffing has at the time.
    AgentLogout {
        /// The group.
        group: String,
        /// When it starts.
        at: SimDuration,
        /// How long it lasts.
        #[serde(rename = "for")]
        length: SimDuration,
        /// Share of the agents that leave.
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
    },
}

impl FaultSpec {
    /// When it starts and how long it lasts.
    #[must_use]
    pub const fn window(&self) -> (SimDuration, SimDuration) {
        match self {
            Self::CarrierOutage { at, length, .. }
            | Self::ApiBrownOut { at, length, .. }
            | Self::ApiLimitCut { at, length, .. }
            | Self::SbcRestart { at, length, .. }
            | Self::RegistrarSlowdown { at, length, .. }
            | Self::LegNetwork { at, length, .. }
            | Self::ApiNetwork { at, length, .. }
            | Self::AgentLogout { at, length, .. } => (*at, *length),
        }
    }
}
