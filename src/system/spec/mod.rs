//! The model as written in TOML: a value per key, defaults filled in, nothing checked yet beyond
//! its shape. [`crate::system::Config`] is the checked form.
//!
//! Where a default has no source it says "assumption".

mod api;
mod arrivals;
mod carrier;
mod fault;
mod options;
mod routing;
mod service_level;
mod trunk;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::policies::sip::Timers;

pub use api::{
    AbandonedSpec, ApiSpec, ClientSpec, LimitKey, LimitScope, LimitSpec, LimitUnit, MonitorSpec,
    RetryAfterSpec, TenantSpec, TokenRotation,
};
pub use arrivals::{ArrivalSpec, RateStep, SpikeSpec};
pub use carrier::{
    BackgroundSpec, CarrierSpec, ChannelGroupSpec, DeadFlow, OnFlowLoss, OutageKind, OutageSpec,
    OutageWindow, RegistrarSpec, RegistrationSpec, SbcSpec, Standby,
};
pub use fault::FaultSpec;
pub use options::{OptionsCounter, OptionsSpec, OptionsSuccess};
pub use routing::{
    FallbackSpec, GroupSpec, OverflowSpec, PolicyPoint, PolicySpec, StaffingStep, Trying100,
    UpdatesSpec,
};
pub use service_level::{GenesysSwitches, ServiceLevelFormula, ServiceLevelSpec};
pub use trunk::{CallsSpec, CountedBy, LegSpec, RedialSpec, Refresher, Transport, TrunkSpec};

use crate::policies::failover::FailoverSpec;

/// A model: the description of one system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name of the model.
    pub name: String,
    /// What it describes, in a sentence.
    #[serde(default)]
    pub description: String,
    /// Files whose tables this one builds on; its own keys win. Resolved before this is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Simulated time during which things are offered and measured.
    #[serde(default = "hour")]
    pub horizon: SimDuration,
    /// Simulated time at the start that is not measured.
    #[serde(default)]
    pub warmup: SimDuration,
    /// Seed of every random draw.
    #[serde(default = "one")]
    pub seed: u64,
    /// Width of a bin of the time series.
    #[serde(default = "minute")]
    pub series_bin: SimDuration,
    /// Bounds past which a run is stopped with an error.
    #[serde(default)]
    pub budget: BudgetSpec,
    /// What counts as good service.
    #[serde(default)]
    pub service_level: ServiceLevelSpec,
    /// What holds for every call unless its trunk says otherwise.
    #[serde(default)]
    pub calls: CallsSpec,
    /// The carriers.
    #[schemars(length(min = 1))]
    pub carriers: Vec<CarrierSpec>,
    /// Channels that several legs share.
    #[serde(default)]
    pub channel_groups: Vec<ChannelGroupSpec>,
    /// The session border controllers.
    #[schemars(length(min = 1))]
    pub sbcs: Vec<SbcSpec>,
    /// The agent groups.
    #[schemars(length(min = 1))]
    pub groups: Vec<GroupSpec>,
    /// The trunks.
    #[schemars(length(min = 1))]
    pub trunks: Vec<TrunkSpec>,
    /// The platform's API server.
    #[serde(default)]
    pub api: ApiSpec,
    /// The client that asks the API for routing.
    #[serde(default)]
    pub client: ClientSpec,
    /// Other users of the API's budgets.
    #[serde(default)]
    pub tenants: Vec<TenantSpec>,
    /// Where the routing decision is taken and what happens without it.
    #[serde(default)]
    pub policy: PolicySpec,
    /// Routing updates that follow availability.
    #[serde(default)]
    pub updates: UpdatesSpec,
    /// When and how a trunk moves to its other leg.
    #[serde(default)]
    pub failover: FailoverSpec,
    /// Timers of SIP transactions.
    #[serde(default)]
    pub sip: Timers,
    /// How a leg keeps its registration.
    #[serde(default)]
    pub registration: RegistrationSpec,
    /// OPTIONS keepalive on every leg.
    #[serde(default)]
    pub options: Option<OptionsSpec>,
    /// The utilization monitor.
    #[serde(default)]
    pub monitor: Option<MonitorSpec>,
    /// What goes wrong, and when.
    #[serde(default)]
    pub faults: Vec<FaultSpec>,
}

fn hour() -> SimDuration {
    SimDuration::from_secs(3600)
}

fn minute() -> SimDuration {
    SimDuration::from_secs(60)
}

const fn one() -> u64 {
    1
}

/// Bounds past which a run is stopped with an error instead of eating the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSpec {
    /// Events a run may handle.
    #[schemars(range(min = 1))]
    pub events_max: u64,
    /// Events that may be pending at once; each takes about 60 bytes.
    #[schemars(range(min = 1, max = 200_000_000))]
    pub pending_max: u64,
}

impl Default for BudgetSpec {
    fn default() -> Self {
        Self { events_max: 2_000_000_000, pending_max: 10_000_000 }
    }
}
