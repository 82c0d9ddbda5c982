//! Whatever of it is switched on, the books balance: every attempt has one outcome or is
//! cancelled, places and connections come back, nothing is left at the server. The run itself
//! checks the laws and fails where one does not hold.

use proptest::prelude::*;
use toml::{Table, Value};
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::simulate_observed;

use crate::theory::model;

const BISTABLE: &str = include_str!("models/bistable.toml");

/// Attempts by how they ended, and the most of one round.
#[derive(Default)]
struct Attempts {
    sent: u64,
    ended: u64,
    cancelled: u64,
    refused: u64,
    shed: u64,
    dropped: u64,
    attempts_max: u32,
}

impl Observer for Attempts {
    fn observe(&mut self, _: SimTime, fact: &Observation) {
        match *fact {
            Observation::AttemptSent { attempt, .. } => {
                self.sent += 1;
                self.attempts_max = self.attempts_max.max(attempt);
            }
            Observation::AttemptEnded { .. } => self.ended += 1,
            Observation::AttemptCancelled { .. } => self.cancelled += 1,
            Observation::BulkheadRefused { .. } | Observation::ServerOverLimit { .. } => {
                self.refused += 1;
            }
            Observation::Shed { .. } => self.shed += 1,
            Observation::DroppedAbandoned { .. } => self.dropped += 1,
            _ => {}
        }
    }
}

fn run(changes: &[String], seed: u64) -> Attempts {
    let mut table = model::read(BISTABLE);
    model::set(&mut table, "horizon", "20s");
    let mut arrivals = Table::new();
    arrivals.insert("kind".to_owned(), "poisson".into());
    arrivals.insert("rate_per_s".to_owned(), 60.0.into());
    model::set(&mut table, "tenants.0.arrivals", Value::Table(arrivals));
    for change in changes {
        let change: Table = toml::from_str(change).expect("a change is TOML");
        for (key, value) in &change {
            trunksim::experiment::overrides::assign(&mut table, key, value).expect("it exists");
        }
    }
    let config = model::config(&table);
    simulate_observed(&config, seed, 0, Attempts::default()).expect("the books balance").1
}

fn any_change() -> impl Strategy<Value = Vec<String>> {
    let pick = |choices: &'static [&'static str]| prop::sample::select(choices);
    let client = "tenants.clients";
    let orders = pick(&["fifo'", "lifo'", "adaptive_lifo', threshold = 3"]);
    let limits = pick(&[
        "none'",
        "fixed', limit = 12",
        "vegas'",
        "gradient2', initial = 5, min = 2, max = 30",
        "aimd', initial = 5, min = 2, max = 30",
        "envoy', min_rtt_requests = 5, min_rtt_interval = '5s'",
    ]);
    let bulkheads = pick(&[
        "",
        "concurrent = 8, max_wait = '0s'",
        "concurrent = 8, queue = 3",
        "concurrent = 8, max_wait = '150ms', placement = 'per_request'",
        "concurrent = 12, pending = 2",
    ]);
    let hedges = pick(&[
        "attempts = 1",
        "attempts = 2, delay = '200ms'",
        "attempts = 5, delay = '50ms', non_fatal = ['503']",
        "attempts = 3, delay = '0s', throttle = { max_tokens = 10, ratio = 0.5 }",
        "attempts = 3",
    ]);
    let server = (orders, limits.clone(), pick(&["served", "dropped"]), any::<bool>());
    let rest = (limits, bulkheads, hedges, 0u32..3, any::<bool>(), 1u32..4);
    (server, rest).prop_map(
        move |(
            (order, server_limit, abandoned, codel),
            (limit, bulkhead, hedge, connections, deadline, attempts),
        )| {
            let codel = if codel { "codel" } else { "none" };
            let deadline = if deadline { ", deadline = '1300ms'" } else { "" };
            let mut changes = vec![
                format!("'api.order' = {{ kind = '{order} }}"),
                format!("'api.concurrency' = {{ kind = '{server_limit} }}"),
                format!("'api.abandoned' = '{abandoned}'"),
                format!("'api.shedding' = {{ kind = '{codel}' }}"),
                "'api.network' = { kind = 'exponential', mean = '20ms' }".to_owned(),
                format!("'{client}.concurrency' = {{ kind = '{limit} }}"),
                format!("'{client}.bulkhead' = {{ {bulkhead} }}"),
                format!("'{client}.hedge' = {{ {hedge} }}"),
                format!(
                    "'{client}.retry' = {{ attempts = {attempts}{deadline}, \
                     backoff = {{ kind = 'fixed', delay = '30ms' }} }}"
                ),
                "faults = [{ kind = 'api_network', at = '5s', for = '5s', loss = 0.3 }]".to_owned(),
            ];
            if connections > 0 {
                changes.push(format!("'{client}.connections' = {}", 4 * connections));
            }
            changes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_attempt_has_one_end(changes in any_change(), seed in 0u64..1000) {
        let attempts = run(&changes, seed);
        prop_assert!(attempts.sent > 0);
        prop_assert_eq!(attempts.sent, attempts.ended + attempts.cancelled);
    }
}

/// A hedge is sent after its delay and the first answer wins; what is cancelled was sent.
#[test]
fn hedges_are_sent_and_the_losers_cancelled() {
    let hedge = "'tenants.clients.hedge' = { attempts = 2, delay = '200ms' }";
    let light = "'api.servers' = 100";
    let once = "'tenants.clients.retry' = { attempts = 1 }";
    let changes = [hedge, light, once].map(str::to_owned);
    let hedged = run(&changes, 1);
    let plain = run(&changes[1..], 1);
    assert_eq!((plain.cancelled, plain.attempts_max), (0, 1));
    assert_eq!(hedged.attempts_max, 2);
    // Service is exponential with mean 200 ms: e⁻¹ of the requests are hedged, and each hedge makes
    // a loser.
    let hedges = (hedged.sent - plain.sent) as f64;
    let (n, p) = (plain.sent as f64, (-1f64).exp());
    assert!((hedges - n * p).abs() < 4.0 * (n * p * (1.0 - p)).sqrt(), "{hedges} of {n}");
    assert_eq!(hedged.cancelled, hedged.sent - plain.sent);
}

#[test]
fn what_is_switched_on_does_something() {
    let change = |text: &str| run(&[text.to_owned()], 1);
    assert!(change("'api.shedding' = { kind = 'codel' }").shed > 0);
    assert!(change("'api.abandoned' = 'dropped'").dropped > 0);
    assert!(change("'api.concurrency' = { kind = 'fixed', limit = 12 }").refused > 0);
    assert!(change("'tenants.clients.bulkhead' = { concurrent = 8, max_wait = '0s' }").refused > 0);
    let limit = "'tenants.clients.concurrency' = { kind = 'fixed', limit = 8 }\n\
                 'tenants.clients.bulkhead' = { queue = 0 }";
    assert!(change(limit).refused > 0);
}
