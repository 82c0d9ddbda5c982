//! Carriers with their registrars, session border controllers, registrations and OPTIONS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;
use crate::policies::limiter::LimiterSpec;
use crate::policies::overload::OverloadSpec;
use crate::policies::registration::RegistrationRetrySpec;

/// A carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierSpec {
    /// Its name, such as `telstra`.
    pub id: String,
    /// Price of a connected minute, in the model's currency.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub price_per_minute: f64,
    /// Outages drawn at random.
    #[serde(default)]
    pub outages: Option<OutageSpec>,
    /// Outages at given times.
    #[serde(default)]
    pub schedule: Vec<OutageWindow>,
    /// What an outage does to its TCP and TLS connections, where the fault does not say.
    #[serde(default)]
    pub outage_kind: OutageKind,
    /// Whether it opens TCP and TLS connections to SBCs; without it, towards legs without
    /// registration only.
    #[serde(default)]
    pub connects: Option<bool>,
    /// Answer to a request in a dialog whose flow is gone and that it cannot connect to.
    #[serde(default)]
    pub dead_flow: DeadFlow,
    /// Whether a 503 to an INVITE with `Retry-After` keeps it from sending that SBC anything outside
    /// dialogs for so long (RFC 3261 §21.5.4).
    #[serde(default = "yes")]
    pub honour_503: bool,
    /// Longest such time; without it, as the SBC says.
    #[serde(default)]
    pub honour_503_cap: Option<SimDuration>,
    /// Wait after a 503 without `Retry-After`; without it, no wait.
    #[serde(default)]
    pub fake_retry_after: Option<SimDuration>,
    /// Its registrar.
    #[serde(default)]
    pub registrar: RegistrarSpec,
}

const fn yes() -> bool {
    true
}

/// Effect of an outage on TCP and TLS connections. UDP has no connections.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// The process dies: its connections are closed (FIN or RST).
    #[default]
    Closes,
    /// Nothing gets through: noticed by the time-out of a request, or by keep-alive.
    Silent,
}

/// Answer of a carrier's proxy to a request in a dialog whose flow is gone.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeadFlow {
    /// 430 Flow Failed (RFC 5626 §5.3): the request is tried again.
    #[default]
    #[serde(rename = "430")]
    FlowFailed,
    /// 481: the dialog is over (some proxies).
    #[serde(rename = "481")]
    NoDialog,
    /// No answer.
    #[serde(rename = "silent")]
    Silent,
}

/// Outages drawn at random: an alternating renewal process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutageSpec {
    /// Time between the end of a random outage and the next, whatever scheduled ones lie between.
    pub time_to_failure: Variate,
    /// Length of an outage, or of its repair where a crew has to come to it first.
    pub time_to_repair: Variate,
    /// The crew that repairs it. Carriers that name the same are repaired one at a time, first
    /// failed first; without it, none waits for another.
    #[serde(default)]
    pub crew: Option<String>,
}

/// An outage at a given time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutageWindow {
    /// When it starts.
    pub at: SimDuration,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub length: SimDuration,
}

/// Channels that several legs share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelGroupSpec {
    /// Its name.
    pub id: String,
    /// Calls it can carry at once.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub channels: u32,
}

/// A carrier's registrar: servers with a queue behind a limiter. No figure of a real carrier's
/// registrar was found; every default is an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrarSpec {
    /// REGISTERs handled at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub servers: u32,
    /// Time to handle one.
    pub service: Variate,
    /// REGISTERs that may wait; more get no answer.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub queue: u32,
    /// Share of the REGISTERs it handles that it answers with 503, each by a draw of its own.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_share: f64,
    /// Final answer of those: 503, or another from 400 to 699 but 401, 407 and 423.
    #[schemars(range(min = 400, max = 699))]
    pub failure_status: u16,
    /// Limit on REGISTERs; one over it gets 503. It may not hold back.
    pub limit: Option<LimiterSpec>,
    /// `Retry-After` of that 503; without it none is sent.
    pub retry_after: Option<SimDuration>,
    /// Whether the first REGISTER of a transaction pair is challenged with 401 (RFC 3261 §22).
    pub challenge: bool,
    /// `Expires` it grants: at most, and where none is asked for.
    pub expires: SimDuration,
    /// Each `Expires` granted is up to this much shorter, uniformly, so that refreshes spread
    /// (assumption: none; registrars that spread expiries exist, OpenSIPS issue 1772).
    pub expires_spread: SimDuration,
    /// Whether an outage of the carrier makes it forget its bindings.
    pub forgets: bool,
    /// Whether it forgets a binding when the flow it was made over is gone (RFC 5626 §5.3 lets a
    /// proxy do so).
    pub forgets_with_flow: bool,
    /// Whether it keeps the state of transactions, so that a retransmitted REGISTER is absorbed, or
    /// answered again (RFC 3261 §17.2.2); a stateless one handles each copy.
    pub stateful: bool,
    /// A REGISTER that asks for less is refused with 423 Interval Too Brief and this as its
    /// `Min-Expires`, unless it asks for an hour or more (RFC 3261 §10.3, step 7).
    pub min_expires: Option<SimDuration>,
    /// How it makes SBCs hold REGISTERs back while it is overloaded; without it, not at all. A
    /// REGISTER with credentials has priority. Other customers do not know of it: it refuses the
    /// same share of theirs itself.
    pub overload: Option<OverloadSpec>,
    /// Other customers' REGISTERs.
    pub background: Option<BackgroundSpec>,
}

impl Default for RegistrarSpec {
    fn default() -> Self {
        Self {
            servers: 1,
            service: Variate::Constant(SimDuration::from_millis(5)),
            queue: 1000,
            failure_share: 0.0,
            failure_status: 503,
            limit: None,
            retry_after: None,
            challenge: true,
            expires: SimDuration::from_secs(3600),
            expires_spread: SimDuration::ZERO,
            forgets: false,
            forgets_with_flow: false,
            stateful: true,
            min_expires: None,
            overload: None,
            background: None,
        }
    }
}

/// Other customers of a registrar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackgroundSpec {
    /// Their REGISTERs per second in normal times (Poisson).
    #[schemars(range(min = 0.0))]
    pub rate_per_s: f64,
    /// Number of these customers that register again after an outage of the carrier.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub bindings: u32,
    /// Each waits U[W/2, W] of this W first (RFC 5626 §4.5: base 30 s, one failure).
    #[serde(default = "minute")]
    pub recovery: SimDuration,
}

fn minute() -> SimDuration {
    SimDuration::from_secs(60)
}

/// A session border controller: one signalling processor with a finite queue. No figure of a real
/// SBC was found; the service times are assumptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SbcSpec {
    /// Its name. With `count` above 1, `{n}` stands for the number.
    pub id: String,
    /// How many such SBCs there are.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Messages that may wait for the processor; more are dropped.
    #[serde(default = "queue")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub queue: u32,
    /// Time to handle an INVITE.
    #[serde(default = "two_ms")]
    pub invite: Variate,
    /// Time to send or handle a REGISTER message.
    #[serde(default = "one_ms")]
    pub register: Variate,
    /// Time to send or handle an OPTIONS message.
    #[serde(default = "half_ms")]
    pub options: Variate,
    /// Time to handle a BYE.
    #[serde(default = "half_ms")]
    pub bye: Variate,
    /// Time of a TLS handshake.
    #[serde(default = "five_ms")]
    pub handshake: Variate,
    /// `Retry-After` of its 503 to an INVITE; without it none is sent.
    #[serde(default)]
    pub retry_after: Option<SimDuration>,
    /// How it makes carriers hold INVITEs back while it is overloaded; without it, not at all.
    /// Calls of trunks with a `priority` above 0 have priority.
    #[serde(default)]
    pub overload: Option<OverloadSpec>,
}

const fn one() -> u32 {
    1
}

const fn queue() -> u32 {
    200
}

const fn half_ms() -> Variate {
    Variate::Constant(SimDuration::from_nanos(500_000))
}

const fn one_ms() -> Variate {
    Variate::Constant(SimDuration::from_millis(1))
}

const fn two_ms() -> Variate {
    Variate::Constant(SimDuration::from_millis(2))
}

const fn five_ms() -> Variate {
    Variate::Constant(SimDuration::from_millis(5))
}

/// Whether the leg not in use is kept registered.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standby {
    /// Both legs are kept registered.
    #[default]
    Warm,
    /// A leg registers when its trunk fails over to it, and unregisters when it leaves.
    Cold,
}

/// When a leg whose TCP or TLS connection broke registers again.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFlowLoss {
    /// At once, if a registration was made over the lost flow; else after the retry policy's wait.
    #[default]
    AtOnce,
    /// After the retry policy's wait.
    RetryTime,
    /// When the binding is next due to be refreshed (AudioCodes without its option to do it sooner).
    AtRefresh,
}

/// How a leg keeps its registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSpec {
    /// Whether the leg not in use is kept registered.
    pub standby: Standby,
    /// `Expires` the SBCs ask for; without it they ask for nothing and get the registrar's own.
    pub expires: Option<SimDuration>,
    /// Whether a 423 Interval Too Brief is answered with a REGISTER that asks for its `Min-Expires`
    /// (RFC 3261 §10.2.8), which is kept to from then on; otherwise it is a failure like any other.
    pub honour_min_expires: bool,
    /// A binding is refreshed when this share of its time has passed (AudioCodes: 50 %).
    #[schemars(range(min = 0.01, max = 1.0))]
    pub refresh_fraction: f64,
    /// A REGISTER unanswered for this long has timed out. Timer F of RFC 3261 §17.1.2.2 is 32 s;
    /// an SBC may use less.
    pub transaction_timeout: SimDuration,
    /// A TCP or TLS connection not made in this long has failed (Genesys trunk example: 2 s). SYNs go
    /// out after 0, 1, 3, 7 s (RFC 6298).
    pub connect_timeout: SimDuration,
    /// Whether a TLS session that was up before is resumed, in 2 round trips instead of 3.
    pub tls_resumption: bool,
    /// Whether the legs are registered when the run starts; otherwise each starts to register.
    pub initially_registered: bool,
    /// The first REGISTER after a start of the SBC is sent after a uniform time up to this
    /// (Asterisk, res_pjsip_outbound_registration: 10 s).
    pub initial_delay_max: SimDuration,
    /// When a leg whose flow is gone registers again.
    pub on_flow_loss: OnFlowLoss,
    /// When to try again.
    pub retry: RegistrationRetrySpec,
}

impl Default for RegistrationSpec {
    fn default() -> Self {
        Self {
            standby: Standby::Warm,
            expires: None,
            honour_min_expires: true,
            refresh_fraction: 0.5,
            transaction_timeout: SimDuration::from_secs(32),
            connect_timeout: SimDuration::from_secs(2),
            tls_resumption: false,
            initially_registered: true,
            initial_delay_max: SimDuration::ZERO,
            on_flow_loss: OnFlowLoss::default(),
            retry: RegistrationRetrySpec::default(),
        }
    }
}
