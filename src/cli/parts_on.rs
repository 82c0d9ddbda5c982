//! Which of a model's parts are on and which are off: some are on without being written, and none
//! should be on without being seen.

use serde::Serialize;

use super::layout::prose;
use crate::policies::breaker::MachineSpec;
use crate::policies::budget::BudgetSpec;
use crate::policies::retry::RetrySpec;
use crate::policies::throttle::ThrottleSpec;
use crate::system::spec::{Model, PolicyPoint, TokenRotation};

/// Two paragraphs: what is on, each with what it is, and what is off.
pub(super) fn describe(model: &Model) -> String {
    let mut parts = api(model);
    if asks(model) {
        parts.extend(client(model));
    }
    parts.extend(around(model));
    let (on, off): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, what)| what.is_some());
    let on = on.into_iter().map(|(name, what)| match what.as_deref() {
        None | Some("") => name.to_owned(),
        Some(what) => format!("{name} ({what})"),
    });
    let on: Vec<String> = on.collect();
    let off: Vec<&str> = off.into_iter().map(|(name, _)| name).collect();
    let line = |name: &str, list: String| match list.as_str() {
        "" => String::new(),
        list => prose(&format!("{name} {list}"), 5),
    };
    line("on: ", on.join(", ")) + &line("off:", off.join(", "))
}

/// A part, and what it is where it is on.
type Part = (&'static str, Option<String>);

/// Whether anything asks the API for routing.
fn asks(model: &Model) -> bool {
    model.policy.point != PolicyPoint::EdgeStatic
}

fn when(on: bool, what: impl Into<String>) -> Option<String> {
    on.then(|| what.into())
}

fn number(count: usize) -> Option<String> {
    when(count > 0, count.to_string())
}

/// The `kind` of a spec, as a model writes it.
fn kind(spec: &impl Serialize) -> String {
    let spec = serde_json::to_value(spec).unwrap_or_default();
    spec["kind"].as_str().unwrap_or_default().to_owned()
}

fn api(model: &Model) -> Vec<Part> {
    let api = &model.api;
    let limits: Vec<&str> = api.limits.iter().map(|limit| limit.name.as_str()).collect();
    let failures = when(api.failure_share > 0.0, format!("503: {}", api.failure_share));
    let others = api.failures.iter().map(|f| format!("{}: {}", f.status, f.share));
    let failures: Vec<String> = failures.into_iter().chain(others).collect();
    vec![
        ("API limits", when(!limits.is_empty(), limits.join(", "))),
        ("limited concurrency of the API", when(api.concurrency.is_on(), kind(&api.concurrency))),
        ("shedding", Some(kind(&api.shedding)).filter(|kind| kind != "none")),
        ("failures of the API", when(!failures.is_empty(), failures.join(", "))),
        ("outcomes from a file", api.outcomes.as_ref().map(|outcomes| outcomes.file.clone())),
    ]
}

fn client(model: &Model) -> Vec<Part> {
    let client = &model.client;
    let breaker = &client.breaker;
    let rule = match &breaker.machine {
        MachineSpec::Generic(spec) => kind(&spec.rule),
        machine => kind(machine),
    };
    let rotation = serde_json::to_value(client.token_rotation).unwrap_or_default();
    let tokens = format!("{}, {}", client.tokens.len(), rotation.as_str().unwrap_or_default());
    let rotates = client.tokens.len() > 1 && client.token_rotation != TokenRotation::Never;
    let hedge = format!("up to {} attempts", client.hedge.attempts);
    let first = |part: fn(&RetrySpec) -> Option<String>| client.retry.loops().find_map(part);
    vec![
        ("rotation of tokens", when(rotates, tokens)),
        ("retries", retries(&client.retry)),
        ("retry budget", first(|l| when(l.budget != BudgetSpec::None, kind(&l.budget)))),
        ("throttle", first(|l| when(l.throttle != ThrottleSpec::None, kind(&l.throttle)))),
        ("pacing", first(|l| l.pace.as_ref().map(kind))),
        ("breaker", when(breaker.machine != MachineSpec::never(), rule)),
        ("bulkhead", when(client.bulkhead != Default::default(), "")),
        ("adaptive concurrency", when(client.concurrency.is_on(), kind(&client.concurrency))),
        ("hedging", when(client.hedge.is_on(), hedge)),
    ]
}

/// The tries of each loop, outermost first, and the wait between them.
fn retries(retry: &RetrySpec) -> Option<String> {
    let more = retry.loops().filter(|retry| retry.attempts > 1);
    let each = more.map(|retry| format!("{} tries, {} wait", retry.attempts, kind(&retry.backoff)));
    let each: Vec<String> = each.collect();
    when(!each.is_empty(), each.join(" over "))
}

fn around(model: &Model) -> Vec<Part> {
    vec![
        ("tenants", number(model.tenants.len())),
        ("monitor", model.monitor.as_ref().map(|monitor| format!("every {}", monitor.interval))),
        ("OPTIONS", model.options.as_ref().map(|_| String::new())),
        ("redialling", model.calls.redial.as_ref().map(|_| String::new())),
        ("faults", number(model.faults.len())),
    ]
}
