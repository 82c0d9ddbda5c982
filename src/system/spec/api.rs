//! The platform's API, the client that asks it for routing, and its other users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ArrivalSpec;
use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;
use crate::policies::breaker::BreakerSpec;
use crate::policies::budget::BudgetSpec;
use crate::policies::limiter::LimiterSpec;
use crate::policies::retry::RetrySpec;

/// The API server: a stack of rate limiters in front of a service station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSpec {
    /// The limits. All that concern a request are tested before any is debited.
    pub limits: Vec<LimitSpec>,
    /// Requests served at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub servers: u32,
    /// Requests that may wait; more get 503. Without it, any number.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub queue: Option<u32>,
    /// Time to serve one (assumption: 150 ms, `reference` figure of the operators).
    pub service: Variate,
    /// Share of the requests it serves that it answers with 503, each by a draw of its own.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_share: f64,
    /// The `Retry-After` of a 429.
    pub retry_after: RetryAfterSpec,
    /// Time from an update being served to the trunk following it.
    pub propagation: SimDuration,
}

impl Default for ApiSpec {
    fn default() -> Self {
        Self {
            limits: Vec::new(),
            servers: 64,
            queue: None,
            service: Variate::Constant(SimDuration::from_millis(150)),
            failure_share: 0.0,
            retry_after: RetryAfterSpec::default(),
            propagation: SimDuration::ZERO,
        }
    }
}

/// One level of the limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// Its name in results.
    pub name: String,
    /// What has a budget of its own at this level.
    pub per: LimitKey,
    /// Only requests to this endpoint count.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Only requests with this token count.
    #[serde(default)]
    pub token: Option<String>,
    /// The algorithm.
    pub limiter: LimiterSpec,
}

/// What has a budget of its own at a level of the limits.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKey {
    /// Each token.
    Token,
    /// Each endpoint.
    Endpoint,
    /// The whole organisation.
    Org,
}

/// The `Retry-After` of a 429.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RetryAfterSpec {
    /// Until the limiter would admit, in whole seconds rounded up (Genesys: an integer on every
    /// 429 since 10 Nov 2021).
    #[default]
    WholeSeconds,
    /// Until the limiter would admit, exactly.
    Exact,
    /// Always this long.
    Fixed {
        /// How long.
        delay: SimDuration,
    },
    /// No such header.
    Absent,
}

/// The client that asks the API for routing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSpec {
    /// Processes running it; trunk `t` uses replica `t mod replicas`. Each has its own
    /// connections, breakers and retry budget.
    #[schemars(range(min = 1, max = 10_000))]
    pub replicas: u32,
    /// The token it presents; limits per token count by it.
    pub token: String,
    /// Whether each replica has a token of its own.
    pub token_per_replica: bool,
    /// The endpoint it calls.
    pub endpoint: String,
    /// Connections of a replica; a request without one waits, first come first served. Python
    /// SDK: 4 per host.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: u32,
    /// Whether a request keeps its connection while it waits to retry, as the Python SDK does.
    pub hold_connection: bool,
    /// An attempt unanswered for this long has timed out. The Python SDK has no such limit.
    pub attempt_timeout: SimDuration,
    /// Whether calls of a trunk that ask at the same time share one request.
    pub coalesce: bool,
    /// When to try again.
    pub retry: RetrySpec,
    /// What bounds retries across requests.
    pub budget: BudgetSpec,
    /// The circuit breaker.
    pub breaker: BreakerSpec,
}

impl Default for ClientSpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            token: "routing".to_owned(),
            token_per_replica: false,
            endpoint: "routing".to_owned(),
            connections: 4,
            hold_connection: false,
            attempt_timeout: SimDuration::from_secs(5),
            coalesce: true,
            retry: RetrySpec::default(),
            budget: BudgetSpec::default(),
            breaker: BreakerSpec::default(),
        }
    }
}

/// Another user of the API's budgets: agent desktops, dashboards, workforce management.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// Its name.
    pub id: String,
    /// Its requests.
    pub arrivals: ArrivalSpec,
    /// The token it presents.
    pub token: String,
    /// The endpoint it calls.
    pub endpoint: String,
    /// An attempt unanswered for this long has timed out.
    #[serde(default = "half_minute")]
    pub attempt_timeout: SimDuration,
    /// Requests under way at once; more wait. Without it, any number.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: Option<u32>,
    /// When to try again.
    #[serde(default = "RetrySpec::never")]
    pub retry: RetrySpec,
    /// Round trip to the API.
    #[serde(default)]
    pub rtt: SimDuration,
}

fn half_minute() -> SimDuration {
    SimDuration::from_secs(30)
}

/// The utilization monitor: polls trunk state through the same API budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MonitorSpec {
    /// Time between two polls of a trunk.
    pub interval: SimDuration,
    /// The token it presents.
    pub token: String,
    /// The endpoint it calls.
    pub endpoint: String,
    /// An attempt unanswered for this long has timed out.
    pub attempt_timeout: SimDuration,
    /// When to try again.
    pub retry: RetrySpec,
    /// Round trip to the API.
    pub rtt: SimDuration,
}

impl Default for MonitorSpec {
    fn default() -> Self {
        Self {
            interval: SimDuration::from_secs(60),
            token: "routing".to_owned(),
            endpoint: "edges".to_owned(),
            attempt_timeout: SimDuration::from_secs(5),
            retry: RetrySpec::never(),
            rtt: SimDuration::from_millis(5),
        }
    }
}
