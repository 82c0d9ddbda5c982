//! The platform's API, the client that asks it for routing, and its other users.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ArrivalSpec;
use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;
use crate::policies::breaker::BreakerSpec;
use crate::policies::bulkhead::BulkheadSpec;
use crate::policies::concurrency::ConcurrencySpec;
use crate::policies::hedge::HedgeSpec;
use crate::policies::limiter::LimiterSpec;
use crate::policies::retry::{Method, RetrySpec};
use crate::policies::shedding::{OrderSpec, SheddingSpec};

/// The API server: a stack of rate limiters in front of a service station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSpec {
    /// The limits. All that concern a request are tested before any is debited.
    pub limits: Vec<LimitSpec>,
    /// Requests served at once; a million is as good as any number.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub servers: u32,
    /// Requests that may wait; more get 503. Without it, any number.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub queue: Option<u32>,
    /// Time to serve one (assumption: 150 ms, `reference` figure of the operators).
    pub service: Variate,
    /// What each request in service, this one included, adds to it when service starts: the cost
    /// of sharing (M. Brooker's `simple_collapse_sim`: 10 ms on top of 1 s).
    pub service_per_busy: SimDuration,
    /// Order of service in the queue of a server.
    pub order: OrderSpec,
    /// Load shedding with 503 when a request's turn comes.
    pub shedding: SheddingSpec,
    /// What becomes of requests whose client has given up.
    pub abandoned: AbandonedSpec,
    /// Requests that may be at the server at once, waiting or in service; more get 503.
    pub concurrency: ConcurrencySpec,
    /// What a message between client and API takes, each way, beyond half the round trip.
    pub network: Variate,
    /// The `Retry-After` of a limit's refusal.
    pub retry_after: RetryAfterSpec,
    /// `Retry-After` of a 503 of the server. Without it, these responses have no `Retry-After`.
    pub retry_after_unavailable: Option<SimDuration>,
    /// Whether answers say what is left of the limit that has least left, and in how many seconds,
    /// rounded up, it is whole again (`inin-ratelimit-*`, `X-RateLimit-*`). Most clients ignore it.
    pub limit_headers: bool,
    /// Share of the requests it serves that it answers with 503, each by a draw of its own: faults
    /// that have nothing to do with load.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_share: f64,
    /// Failures of the server with a status each, by share and independent of load.
    pub failures: Vec<FailureSpec>,
    /// What the server answers to which request, as recorded or made up.
    pub outcomes: Option<OutcomesSpec>,
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
            service_per_busy: SimDuration::ZERO,
            order: OrderSpec::default(),
            shedding: SheddingSpec::default(),
            abandoned: AbandonedSpec::default(),
            concurrency: ConcurrencySpec::default(),
            network: Variate::Constant(SimDuration::ZERO),
            retry_after: RetryAfterSpec::default(),
            retry_after_unavailable: None,
            limit_headers: true,
            failure_share: 0.0,
            failures: Vec::new(),
            outcomes: None,
            propagation: SimDuration::ZERO,
        }
    }
}

/// A failure of the server that has nothing to do with load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureSpec {
    /// The HTTP status.
    #[schemars(range(min = 300, max = 599))]
    pub status: u16,
    /// Share of the requests served that it is answered to; all shares together are at most 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// The `Retry-After` of the answer. Without it, none.
    #[serde(default)]
    pub retry_after: Option<SimDuration>,
}

/// Answers of the server from a file, to every client, once the limits have let a request pass. A recording of what a client saw holds the limits' refusals already: model no limits
/// beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomesSpec {
    /// A CSV with the column `status`, and with `time_s` (seconds since the start of the run,
    /// ascending: the row is in force from then until the next) or `request` (the number of the
    /// request among those that the limits let pass, the first is 1, ascending). `status` is an
    /// HTTP status, `timeout` where no answer comes, or nothing where the server answers as it
    /// does without a file. `latency_s`, where it is there, is the time to the answer, waiting
    /// and service in one, and takes no server; without it the request is served as any.
    /// `retry_after_s` is the `Retry-After` of the answer. A request that no row is about is
    /// served as without a file.
    pub file: String,
}

/// What becomes of a request whose client has given up while it waited at the server.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbandonedSpec {
    /// It is served: the server cannot know. This wasted work can keep an overload going.
    #[default]
    Served,
    /// It is dropped when its turn comes, as by a server that sees connections close.
    Dropped,
}

/// One level of the limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// Its name in results.
    pub name: String,
    /// What has a budget of its own at this level: one key, or a list, `["org", "route"]`, for a
    /// budget per combination.
    pub per: LimitScope,
    /// Only requests to this endpoint count.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Only requests with this token count.
    #[serde(default)]
    pub token: Option<String>,
    /// What a request takes of the budget.
    #[serde(default)]
    pub counts: LimitUnit,
    /// The HTTP status of its refusals (nginx `limit_req_status`: 503).
    #[serde(default = "too_many_requests")]
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// The `Retry-After` of its refusals. Without it, `api.retry_after` says.
    #[serde(default)]
    pub retry_after: Option<RetryAfterSpec>,
    /// The algorithm.
    pub limiter: LimiterSpec,
}

const fn too_many_requests() -> u16 {
    429
}

/// What a limit counts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Requests, each as one.
    #[default]
    Requests,
    /// What each request costs (`cost` of who asks): rows of a page, for one. A request that costs
    /// more than an `api_limit_cut` leaves is refused without a `Retry-After`, if that would say
    /// when the limiter admits it.
    Cost,
}

/// What has a budget of its own at a level of the limits: `"token"`, or of several keys each
/// combination, `["user", "route"]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LimitScope {
    /// Each value of a key.
    One(LimitKey),
    /// Each combination of values of several keys.
    Each(#[schemars(length(min = 1, max = 5))] Vec<LimitKey>),
}

impl LimitScope {
    /// The keys that together tell a budget from the others of its level.
    #[must_use]
    pub fn keys(&self) -> &[LimitKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Each(keys) => keys,
        }
    }
}

/// What tells the budgets of a level of the limits apart. A model is of one organisation.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitKey {
    /// Each token.
    Token,
    /// Each user, over all applications.
    User,
    /// Each user of each application.
    AppUser,
    /// The whole organisation.
    Org,
    /// Each route: the `endpoint` that is called.
    Route,
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::User => "user",
            Self::AppUser => "app_user",
            Self::Org => "org",
            Self::Route => "route",
        })
    }
}

/// The `Retry-After` of a refusal.
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
    /// A negative number: clients that take a `Retry-After` as gRPC's pushback do not come back.
    Negative,
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
    /// The tokens it presents in turn, in place of `token`, which if written must be in the list; each
    /// replica begins with the first and goes its own way. Not together with `token_per_replica`.
    #[schemars(length(max = 100))]
    pub tokens: Vec<String>,
    /// When it presents the next of its `tokens`, the first again after the last.
    pub token_rotation: TokenRotation,
    /// The user it asks for; limits per user count by it. Without it (assumption) each token is
    /// of a user of its own, who has the token's name.
    pub user: Option<String>,
    /// The application it is; limits per application and user count by it. Without it
    /// (assumption) all replicas are one, `client`.
    pub app: Option<String>,
    /// What a request costs, against limits that count cost, in whatever unit these have: its page
    /// size, where they count rows.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cost: u32,
    /// The endpoint it calls.
    pub endpoint: String,
    /// Connections of a replica; a request without one waits, first come first served. Python
    /// SDK: 4 per host.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: u32,
    /// Whether a request keeps its connection while it waits to retry, as the Python SDK does.
    /// Of loops one under another (`retry.over`) this is said of the innermost; while an outer one
    /// waits nothing is kept.
    pub hold_connection: bool,
    /// An attempt unanswered for this long has timed out. The Python SDK has no such limit.
    pub attempt_timeout: SimDuration,
    /// Whether calls of a trunk that ask at the same time share one request.
    pub coalesce: bool,
    /// When to try again. What its budgets and throttles count is the replica's.
    pub retry: RetrySpec,
    /// The method of an update; a look-up is a GET. Some clients retry some methods only.
    pub update_method: Method,
    /// The circuit breaker. Without it, none; what a breaker that is written leaves out, the
    /// defaults say.
    pub breaker: BreakerSpec,
    /// What may be under way at once.
    pub bulkhead: BulkheadSpec,
    /// An adaptive ceiling of the bulkhead.
    pub concurrency: ConcurrencySpec,
    /// Further attempts while the first is under way. They share its connection, as streams do.
    pub hedge: HedgeSpec,
}

impl Default for ClientSpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            token: "routing".to_owned(),
            token_per_replica: false,
            tokens: Vec::new(),
            token_rotation: TokenRotation::default(),
            user: None,
            app: None,
            cost: 1,
            endpoint: "routing".to_owned(),
            connections: 4,
            hold_connection: false,
            attempt_timeout: SimDuration::from_secs(5),
            coalesce: true,
            retry: RetrySpec::default(),
            update_method: Method::Put,
            breaker: BreakerSpec::disabled(),
            bulkhead: BulkheadSpec::default(),
            concurrency: ConcurrencySpec::default(),
            hedge: HedgeSpec::default(),
        }
    }
}

/// When a replica presents its next token. Genesys' data actions spread their calls over several
/// cached tokens (community.genesys.com, rate-limits-for-data-actions-within-the-architect-flows).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenRotation {
    /// Never: the first only.
    #[default]
    Never,
    /// After an attempt with it was answered with 429, before the time-out.
    #[serde(rename = "on_429")]
    On429,
    /// With each attempt.
    RoundRobin,
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
    /// The user it asks for; limits per user count by it. Without it (assumption) each token is
    /// of a user of its own, who has the token's name.
    #[serde(default)]
    pub user: Option<String>,
    /// The application it is; limits per application and user count by it. Without it
    /// (assumption) it is one of the tenant's name.
    #[serde(default)]
    pub app: Option<String>,
    /// What a request costs, against limits that count cost, in whatever unit these have: its page
    /// size, where they count rows.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cost: u32,
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
    /// The method of its requests.
    #[serde(default)]
    pub method: Method,
    /// What it may have under way at once.
    #[serde(default)]
    pub bulkhead: BulkheadSpec,
    /// An adaptive ceiling of the bulkhead.
    #[serde(default)]
    pub concurrency: ConcurrencySpec,
    /// Further attempts while the first is under way.
    #[serde(default)]
    pub hedge: HedgeSpec,
    /// Round trip to the API.
    #[serde(default)]
    pub rtt: SimDuration,
}

const fn one() -> u32 {
    1
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
    /// The user it asks for; limits per user count by it. Without it (assumption) each token is
    /// of a user of its own, who has the token's name.
    pub user: Option<String>,
    /// The application it is; limits per application and user count by it. Without it
    /// (assumption) it is `monitor`.
    pub app: Option<String>,
    /// What a request costs, against limits that count cost, in whatever unit these have: its page
    /// size, where they count rows.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cost: u32,
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
            user: None,
            app: None,
            cost: 1,
            endpoint: "edges".to_owned(),
            attempt_timeout: SimDuration::from_secs(5),
            retry: RetrySpec::never(),
            rtt: SimDuration::from_millis(5),
        }
    }
}
