//! The API, its limits and its clients, and the routing policy.

use std::sync::Arc;

use super::limits::{self, Caller, LimiterEntry, Limiters};
use super::trunks::Trunks;
use super::{Checker, Known};
use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;
use crate::policies::Outcome;
use crate::policies::breaker::{BreakerSpec, Scope};
use crate::policies::bulkhead::BulkheadSpec;
use crate::policies::concurrency::ConcurrencySpec;
use crate::policies::hedge::HedgeSpec;
use crate::policies::limiter::stack::Charge;
use crate::policies::retry::{Method, RetrySpec};
use crate::system::config::{
    ApiConfig, ClientConfig, FailureConfig, MonitorConfig, PolicyConfig, Traces,
};
use crate::system::entity::Entity;
use crate::system::ids::{ClientId, GroupId};
use crate::system::script::Script;
use crate::system::spec::{
    ApiSpec, ArrivalSpec, ClientSpec, FallbackSpec, Model, PolicyPoint, RetryAfterSpec,
    TokenRotation,
};

/// What the API and its clients become.
pub(super) struct Api {
    pub(super) config: ApiConfig,
    pub(super) clients: Vec<ClientConfig>,
    pub(super) monitor: Option<MonitorConfig>,
    pub(super) limiters: Vec<LimiterEntry>,
}

pub(super) fn build(model: &Model, trunks: &Trunks, traces: &Traces, checker: &mut Checker) -> Api {
    check_api(model, checker);
    let mut limiters = Limiters::new(&model.api);
    let mut clients = replicas(model, trunks, &mut limiters, checker);
    clients.extend(tenants(model, traces, &mut limiters, checker));
    let monitor = model.monitor.as_ref().map(|spec| {
        checker.positive("monitor.interval", spec.interval);
        checker.positive("monitor.attempt_timeout", spec.attempt_timeout);
        checker.problems("monitor.retry", spec.retry.check());
        let caller = Caller {
            token: &spec.token,
            user: spec.user.as_ref().unwrap_or(&spec.token),
            app: spec.app.as_deref().unwrap_or("monitor"),
            route: &spec.endpoint,
            cost: spec.cost,
        };
        let charges = limiters.path("monitor", &caller, checker);
        let client = ClientId(u32::try_from(clients.len()).expect("fewer clients than 2^32"));
        clients.push(ClientConfig {
            name: "monitor".to_owned(),
            entity: Entity::named("monitor", ""),
            retry: spec.retry.clone(),
            rtt: Some(spec.rtt),
            limiters: charges.iter().map(|c| c.limiter).collect(),
            charges: vec![charges],
            ..plain_client(spec.attempt_timeout)
        });
        MonitorConfig { interval: spec.interval, client }
    });
    let api = &model.api;
    let script = script(model, traces, checker);
    Api {
        config: ApiConfig {
            entity: Entity::named("api", ""),
            limiters: limiters.configs,
            servers: api.servers,
            queue: api.queue.unwrap_or(u32::MAX),
            service: api.service.sampler(),
            service_per_busy: api.service_per_busy,
            order: api.order,
            shedding: api.shedding.clone(),
            abandoned: api.abandoned,
            concurrency: api.concurrency.clone(),
            network: (api.network != Variate::Constant(SimDuration::ZERO))
                .then(|| api.network.sampler()),
            retry_after_unavailable: api.retry_after_unavailable,
            limit_headers: api.limit_headers,
            failures: failures(api),
            script,
            propagation: api.propagation,
        },
        clients,
        monitor,
        limiters: limiters.entries,
    }
}

fn check_api(model: &Model, checker: &mut Checker) {
    let api = &model.api;
    checker.variate("api.service", &api.service);
    checker.variate("api.network", &api.network);
    checker.problems("api.shedding", api.shedding.check());
    checker.problems("api.concurrency", api.concurrency.check());
    checker.at_least_one("api.servers", api.servers);
    checker.share("api.failure_share", api.failure_share);
    if let RetryAfterSpec::Fixed { delay } = &api.retry_after {
        checker.positive("api.retry_after.delay", *delay);
    }
    check_failures(api, checker);
    limits::check(&api.limits, checker);
}

fn check_failures(api: &ApiSpec, checker: &mut Checker) {
    let mut sum = api.failure_share;
    for (i, failure) in api.failures.iter().enumerate() {
        let path = format!("api.failures.{i}");
        if !(300..=599).contains(&failure.status) {
            let message = "must be an HTTP status of no success, from 300 to 599";
            checker.refuse(format!("{path}.status"), failure.status, message);
        }
        checker.share(&format!("{path}.share"), failure.share);
        sum += failure.share;
        if sum > 1.0 + 1e-9 {
            let message = "the shares of `failure_share` and `failures` together are at most 1";
            checker.refuse(format!("{path}.share"), failure.share, message);
        }
    }
}

/// The failures that are the server's own: `failure_share` is one with 503.
fn failures(api: &ApiSpec) -> Vec<FailureConfig> {
    let unavailable = (api.failure_share, Outcome::Unavailable, api.retry_after_unavailable);
    let others = api.failures.iter().filter_map(|failure| {
        Some((failure.share, Outcome::of_status(failure.status)?, failure.retry_after))
    });
    let mut below = 0.0;
    std::iter::once(unavailable)
        .chain(others)
        .filter(|(share, ..)| *share > 0.0)
        .map(|(share, outcome, retry_after)| {
            below += share;
            FailureConfig { below, outcome, retry_after }
        })
        .collect()
}

/// What the server answers by a file.
fn script(model: &Model, traces: &Traces, checker: &mut Checker) -> Option<Arc<Script>> {
    let file = &model.api.outcomes.as_ref()?.file;
    let script = traces.outcomes.get(file).cloned();
    if script.is_none() {
        checker.refuse("api.outcomes.file", format!("\"{file}\""), "has not been read");
    }
    script
}

/// Outcomes or buckets that the breakers together may hold.
const BREAKER_ENTRIES_MAX: u64 = 50_000_000;

/// Breakers of a replica, unless all together would hold too much.
fn breakers(model: &Model, trunks: &Trunks, checker: &mut Checker) -> Option<u32> {
    let spec = &model.client;
    let breakers = match spec.breaker.scope {
        Scope::Global => 1,
        Scope::Region => u32::try_from(trunks.regions.len()).unwrap_or(u32::MAX),
        Scope::Trunk => u32::try_from(trunks.trunks.len()).expect("fewer trunks than 2^32"),
    };
    let memory = u64::from(breakers) * u64::from(spec.replicas) * spec.breaker.entries();
    if memory > BREAKER_ENTRIES_MAX {
        let message = format!(
            "{} breakers would hold {memory} entries, and {BREAKER_ENTRIES_MAX} is the most; make \
             the window or the scope smaller",
            u64::from(spec.replicas) * u64::from(breakers)
        );
        checker.refuse("client.breaker", "", message);
        return None;
    }
    Some(breakers)
}

/// The limiters of all tokens of a replica, and what is charged with each token.
fn paths(
    spec: &ClientSpec,
    replica: u32,
    limiters: &mut Limiters<'_>,
    checker: &mut Checker,
) -> (Vec<u32>, Vec<Vec<Charge>>) {
    let tokens = match (spec.tokens.as_slice(), spec.token_per_replica) {
        ([], true) => vec![format!("{}-{}", spec.token, replica + 1)],
        ([], false) => vec![spec.token.clone()],
        (tokens, _) => tokens.to_vec(),
    };
    let mut charge = |token: &String| {
        let caller = Caller {
            token,
            user: spec.user.as_ref().unwrap_or(token),
            app: spec.app.as_deref().unwrap_or("client"),
            route: &spec.endpoint,
            cost: spec.cost,
        };
        limiters.path("client", &caller, checker)
    };
    let charges: Vec<Vec<Charge>> = tokens.iter().map(&mut charge).collect();
    let mut all = Vec::new();
    for charge in charges.iter().flatten() {
        if !all.contains(&charge.limiter) {
            all.push(charge.limiter);
        }
    }
    (all, charges)
}

/// Tokens a replica may have.
const TOKENS_MAX: usize = 100;

fn check_tokens(spec: &ClientSpec, checker: &mut Checker) {
    if !spec.tokens.is_empty() && spec.token_per_replica {
        let message = "is for one token; leave it out, or the list `tokens`";
        checker.refuse("client.token_per_replica", true, message);
    }
    // The default is as if nothing were written.
    let written = spec.token != ClientSpec::default().token;
    if written && !spec.tokens.is_empty() && !spec.tokens.contains(&spec.token) {
        let message = "must be left out, or be one of `tokens`, which stand in its place";
        checker.refuse("client.token", format!("\"{}\"", spec.token), message);
    }
    if spec.tokens.len() > TOKENS_MAX {
        let message = format!("must be at most {TOKENS_MAX}");
        checker.refuse("client.tokens", spec.tokens.len(), message);
    }
    for (i, token) in spec.tokens.iter().enumerate() {
        if spec.tokens[..i].contains(token) {
            let message = "stands twice; each token stands once";
            checker.refuse(format!("client.tokens.{i}"), format!("\"{token}\""), message);
        }
    }
}

fn replicas(
    model: &Model,
    trunks: &Trunks,
    limiters: &mut Limiters<'_>,
    checker: &mut Checker,
) -> Vec<ClientConfig> {
    let spec = &model.client;
    checker.positive("client.attempt_timeout", spec.attempt_timeout);
    check_tokens(spec, checker);
    checker.problems("client.retry", spec.retry.check());
    checker.problems("client.breaker", spec.breaker.check());
    check_ceilings("client", (&spec.bulkhead, &spec.concurrency, &spec.hedge), checker);
    for (key, value) in [("replicas", spec.replicas), ("connections", spec.connections)] {
        checker.at_least_one(&format!("client.{key}"), value);
    }
    let Some(breakers) = breakers(model, trunks, checker) else { return Vec::new() };
    (0..spec.replicas)
        .map(|replica| {
            let name = match spec.replicas {
                1 => "client".to_owned(),
                _ => format!("client {}", replica + 1),
            };
            let (limiters, charges) = paths(spec, replica, limiters, checker);
            ClientConfig {
                name,
                entity: Entity::named("client", &(replica + 1).to_string()),
                connections: spec.connections,
                hold_connection: spec.hold_connection,
                place_first: !spec.hold_connection,
                attempt_timeout: spec.attempt_timeout,
                coalesce: spec.coalesce,
                retry: spec.retry.clone(),
                update_method: spec.update_method,
                method: Method::Get,
                breaker: spec.breaker.clone(),
                breakers,
                bulkhead: spec.bulkhead.clone(),
                concurrency: spec.concurrency.clone(),
                hedge: spec.hedge.clone(),
                limiters,
                charges,
                rotation: spec.token_rotation,
                rtt: None,
                arrivals: None,
            }
        })
        .collect()
}

fn tenants(
    model: &Model,
    traces: &Traces,
    limiters: &mut Limiters<'_>,
    checker: &mut Checker,
) -> Vec<ClientConfig> {
    let mut built = Vec::new();
    for (i, spec) in model.tenants.iter().enumerate() {
        let path = format!("tenants.{i}");
        if model.tenants[..i].iter().any(|t| t.id == spec.id) {
            checker.refuse(
                format!("{path}.id"),
                format!("\"{}\"", spec.id),
                "two tenants have this name",
            );
        }
        let arrivals = format!("{path}.arrivals");
        let trace = super::arrivals(&arrivals, &spec.arrivals, (traces, model.horizon), checker);
        if matches!(spec.arrivals, ArrivalSpec::FiniteSource { .. }) {
            let message = "is for calls; a tenant asks at a rate of its own";
            checker.refuse(format!("{arrivals}.kind"), "\"finite_source\"", message);
        }
        checker.positive(&format!("{path}.attempt_timeout"), spec.attempt_timeout);
        checker.problems(&format!("{path}.retry"), spec.retry.check());
        check_ceilings(&path, (&spec.bulkhead, &spec.concurrency, &spec.hedge), checker);
        if spec.connections == Some(0) {
            checker.refuse(format!("{path}.connections"), 0, "must be at least 1");
        }
        let caller = Caller {
            token: &spec.token,
            user: spec.user.as_ref().unwrap_or(&spec.token),
            app: spec.app.as_ref().unwrap_or(&spec.id),
            route: &spec.endpoint,
            cost: spec.cost,
        };
        let charges = limiters.path(&path, &caller, checker);
        built.push(ClientConfig {
            name: spec.id.clone(),
            entity: Entity::named("tenant", &spec.id),
            connections: spec.connections.unwrap_or(u32::MAX),
            retry: spec.retry.clone(),
            method: spec.method,
            bulkhead: spec.bulkhead.clone(),
            concurrency: spec.concurrency.clone(),
            hedge: spec.hedge.clone(),
            rtt: Some(spec.rtt),
            arrivals: Some((spec.arrivals.clone(), trace)),
            limiters: charges.iter().map(|c| c.limiter).collect(),
            charges: vec![charges],
            ..plain_client(spec.attempt_timeout)
        });
    }
    built
}

/// What a client may have under way at once, and twice.
fn check_ceilings(
    path: &str,
    (bulkhead, concurrency, hedge): (&BulkheadSpec, &ConcurrencySpec, &HedgeSpec),
    checker: &mut Checker,
) {
    checker.problems(&format!("{path}.bulkhead"), bulkhead.check());
    checker.problems(&format!("{path}.concurrency"), concurrency.check());
    checker.problems(&format!("{path}.hedge"), hedge.check());
}

/// A client without breaker, retries or bound on its connections.
fn plain_client(attempt_timeout: SimDuration) -> ClientConfig {
    ClientConfig {
        name: String::new(),
        entity: Entity::named("client", ""),
        connections: u32::MAX,
        hold_connection: false,
        place_first: true,
        attempt_timeout,
        coalesce: false,
        retry: RetrySpec::never(),
        update_method: Method::Put,
        method: Method::Get,
        breaker: BreakerSpec::disabled(),
        breakers: 1,
        bulkhead: BulkheadSpec::default(),
        concurrency: ConcurrencySpec::None,
        hedge: HedgeSpec::default(),
        limiters: Vec::new(),
        charges: vec![Vec::new()],
        rotation: TokenRotation::Never,
        rtt: None,
        arrivals: None,
    }
}

pub(super) fn policy(
    model: &Model,
    known: &Known,
    trunks: &Trunks,
    checker: &mut Checker,
) -> PolicyConfig {
    let spec = &model.policy;
    checker.positive("policy.timer_b", spec.timer_b);
    if let Some(no_progress) = spec.no_progress {
        checker.positive("policy.no_progress", no_progress);
    }
    if let Some(flow_deadline) = spec.flow_deadline {
        checker.positive("policy.flow_deadline", flow_deadline);
    }
    if !(1..=100).contains(&spec.route_attempts) {
        checker.refuse("policy.route_attempts", spec.route_attempts, "must be from 1 to 100");
    }
    let fails_over = spec.fallback == FallbackSpec::SecondaryCarrier;
    if fails_over
        && spec.point != PolicyPoint::EdgeStatic
        && trunks.legs.iter().skip(1).step_by(2).all(Option::is_none)
    {
        checker.refuse("policy.fallback", "\"secondary_carrier\"", "no trunk has a secondary leg");
    }
    let default_group = spec
        .default_group
        .as_ref()
        .and_then(|name| checker.resolve("policy.default_group", name, &known.groups))
        .map(GroupId);
    PolicyConfig {
        point: spec.point,
        trying_100: spec.trying_100,
        timer_b: spec.timer_b,
        no_progress: spec.no_progress,
        flow_deadline: spec.flow_deadline,
        fallback: spec.fallback,
        default_group,
        route_attempts: u16::try_from(spec.route_attempts).unwrap_or(u16::MAX),
    }
}
