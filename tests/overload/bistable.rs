//! A service with two states under one and the same load: whichever it is in it stays in, and a
//! spike moves it from the good one to the bad one. First come first served with abandoned work is
//! what holds it there; each remedy is compared with it, paired by replication.

use super::{Second, deviation, goodput, lead, mean, over, runs};

const BISTABLE: &str = include_str!("models/bistable.toml");
const REPLICATIONS: u64 = 30;
const CALM: &str = "'tenants.clients.arrivals' = { kind = 'poisson', rate_per_s = 40.0 }\n";

fn attempts(second: &Second) -> f64 {
    f64::from(second.attempts)
}

/// Within four standard errors.
fn is_about(values: &[f64], wanted: f64) -> bool {
    let error = deviation(values) / (values.len() as f64).sqrt();
    (mean(values) - wanted).abs() < 4.0 * error
}

/// Seconds 250 to 300, three minutes after the spike, at a load that the other run of the pair has
/// had all the time.
#[test]
fn both_states_last_under_the_same_load() {
    let calm = runs(BISTABLE, CALM, REPLICATIONS);
    let spiked = runs(BISTABLE, "", REPLICATIONS);
    // Good: what is asked is answered, one attempt each, now as at first.
    for (from, until) in [(10, 60), (250, 300)] {
        assert!(is_about(&goodput(&calm, from, until), 40.0));
        assert!(over(&calm, from, until, attempts).iter().all(|a| *a < 45.0));
    }
    // The same until the spike.
    assert_eq!(goodput(&calm, 10, 60), goodput(&spiked, 10, 60));
    // Bad, in every replication: hardly an answer, and three attempts for each request, more than
    // there is capacity for; no better at the end than two minutes before.
    for (from, until) in [(130, 180), (250, 300)] {
        assert!(goodput(&spiked, from, until).iter().all(|g| *g < 4.0));
        assert!(over(&spiked, from, until, attempts).iter().all(|a| *a > 100.0));
    }
    assert!(lead(&goodput(&calm, 250, 300), &goodput(&spiked, 250, 300)) > 30.0);
}

/// What it takes: abandoned work and impatient retries. Without either the spike is forgotten.
#[test]
fn each_half_of_the_cause_is_needed() {
    for changes in [
        "'api.abandoned' = 'dropped'",
        "'tenants.clients.retry.attempts' = 1",
        "'tenants.clients.attempt_timeout' = '1h'",
    ] {
        let runs = runs(BISTABLE, changes, REPLICATIONS);
        assert!(is_about(&goodput(&runs, 250, 300), 40.0), "{changes}");
    }
}

/// Each remedy alone against first come first served, on the same arrivals. All of them bring back
/// at least nine tenths of what is asked.
#[test]
fn remedies_bring_the_good_state_back() {
    let sustained = goodput(&runs(BISTABLE, "", REPLICATIONS), 250, 300);
    let remedies = [
        "'api.order' = { kind = 'lifo' }",
        "'api.order' = { kind = 'adaptive_lifo', threshold = 20 }",
        "'api.shedding' = { kind = 'codel' }",
        "'api.queue' = 20",
        "'api.concurrency' = { kind = 'fixed', limit = 30 }",
        "'api.concurrency' = { kind = 'gradient2', initial = 20, min = 10, max = 40 }",
        "'api.concurrency' = { kind = 'vegas' }",
        "'api.concurrency' = { kind = 'envoy' }",
        "'tenants.clients.budget' = { kind = 'token_quota' }",
        "'tenants.clients.budget' = { kind = 'throttle', max_tokens = 10, ratio = 0.1 }",
        "'tenants.clients.bulkhead' = { concurrent = 25, max_wait = '0s' }",
    ];
    for remedy in remedies {
        let recovered = goodput(&runs(BISTABLE, remedy, REPLICATIONS), 250, 300);
        println!(
            "{remedy}: {:.2} ± {:.2}, ahead by at least {:.2}",
            mean(&recovered),
            deviation(&recovered),
            lead(&recovered, &sustained)
        );
    }
    for remedy in remedies {
        let recovered = goodput(&runs(BISTABLE, remedy, REPLICATIONS), 250, 300);
        assert!(lead(&recovered, &sustained) > 0.0, "{remedy}: {recovered:?}");
    }
}
