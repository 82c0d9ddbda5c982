//! Where the routing decision is taken, what happens without it, and the agents it routes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;

/// Where the routing decision is taken. It names the first of the trunk's groups with a free agent, as
/// of the last time it was taken; where none has one, the home group.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyPoint {
    /// The SBC asks before answering: the API is in the critical path.
    PerInvite,
    /// The flow asks after answering: the caller's patience runs.
    PostAnswer,
    /// Updates are written when availability changes; calls use the last one applied.
    Push,
    /// A dedicated BYOC edge with fixed rules: every call goes to its home group, no API.
    #[default]
    EdgeStatic,
}

/// When the SBC sends `100 Trying`.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trying100 {
    /// As soon as it has handled the INVITE.
    #[default]
    BeforeLookup,
    /// Only when it knows where the call goes.
    AfterLookup,
}

/// What happens when the client fails or its breaker refuses.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FallbackSpec {
    /// The call goes where the trunk's last applied policy says.
    #[default]
    LastKnown,
    /// The call goes to `default_group`, or the home group.
    DefaultGroup,
    /// The trunk fails over to its secondary carrier; the call goes where the last applied policy
    /// says.
    SecondaryCarrier,
    /// The call is refused with 503; its carrier tries the other leg.
    Reject,
}

/// Where the routing decision is taken and what happens without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySpec {
    /// Where the decision is taken.
    pub point: PolicyPoint,
    /// When the SBC sends `100 Trying`.
    pub trying_100: Trying100,
    /// How long the carrier waits for the first response to an INVITE: Timer B, 64·T1 = 32 s
    /// (RFC 3261 §17.1.1.2), or its own shorter one.
    pub timer_b: SimDuration,
    /// How long the carrier waits after `100 Trying` for 180 or 200; without it, Timer C of a proxy,
    /// 3 minutes (RFC 3261 §16.6). 4 to 6 s is common practice without a source.
    pub no_progress: Option<SimDuration>,
    /// How long a call waits for the decision before the fallback; without it, as long as the
    /// client takes.
    pub flow_deadline: Option<SimDuration>,
    /// What happens when the client fails or its breaker refuses.
    pub fallback: FallbackSpec,
    /// The group of the fallback `default_group`.
    pub default_group: Option<String>,
    /// How often a call is offered to a leg before it is given up.
    #[schemars(range(min = 1, max = 100))]
    pub route_attempts: u32,
}

impl Default for PolicySpec {
    fn default() -> Self {
        Self {
            point: PolicyPoint::default(),
            trying_100: Trying100::default(),
            timer_b: SimDuration::from_secs(32),
            no_progress: None,
            flow_deadline: None,
            fallback: FallbackSpec::default(),
            default_group: None,
            route_attempts: 2,
        }
    }
}

/// Routing updates that follow availability. Under `edge_static` there are no updates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdatesSpec {
    /// Whether trunks are updated; without it, under `push` only: elsewhere each call asks.
    pub enabled: Option<bool>,
    /// A group with this many free agents or fewer has become scarce (assumption).
    #[schemars(range(min = 0, max = 10_000_000))]
    pub scarce_at: u32,
    /// A scarce group with this many free agents or more is available again (assumption).
    #[schemars(range(min = 1, max = 10_000_000))]
    pub available_at: u32,
    /// A trunk is updated this long after the first change since its last update (assumption).
    pub debounce: SimDuration,
    /// An update that failed is made again after this long (assumption).
    pub retry_failed: SimDuration,
}

impl Default for UpdatesSpec {
    fn default() -> Self {
        Self {
            enabled: None,
            scarce_at: 0,
            available_at: 2,
            debounce: SimDuration::from_millis(500),
            retry_failed: SimDuration::from_secs(5),
        }
    }
}

/// A group of agents with its waiting room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Its name.
    pub id: String,
    /// Agents logged in from the start.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub agents: u32,
    /// Later staffing.
    #[serde(default)]
    pub staffing: Vec<StaffingStep>,
    /// Work after a call before the agent is free again.
    #[serde(default)]
    pub wrap_up: Option<Variate>,
    /// Where waiting calls may go as well.
    #[serde(default)]
    pub overflow: Option<OverflowSpec>,
}

/// Staffing from an instant on. Agents who leave finish their call first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffingStep {
    /// From this instant on.
    pub at: SimDuration,
    /// Agents logged in.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub agents: u32,
}

/// Where waiting calls may go as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowSpec {
    /// After this long in the queue.
    pub after: SimDuration,
    /// The other group; the call keeps its place in both.
    pub to: String,
}
