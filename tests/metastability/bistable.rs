//! A service with two states under one and the same load: whichever it is in it stays in, and a
//! spike moves it from the good one to the bad one. First come first served with abandoned work is
//! what holds it there; each remedy is compared with it, paired by replication.

use super::{Second, deviation, goodput, lead, mean, over, runs};

const BISTABLE: &str = include_str!("models/bistable.toml");
const REPLICATIONS: u64 = 30;
const CALM: &str = "'tenants.clients.arrivals' = { kind = 'poisson', rate_per_s = 30.0 }\n";

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
        assert!(is_about(&goodput(&calm, from, until), 30.0));
        assert!(over(&calm, from, until, attempts).iter().all(|a| *a < 36.0));
    }
    // The same until the spike.
    assert_eq!(goodput(&calm, 10, 60), goodput(&spiked, 10, 60));
    // Bad, in every replication: hardly an answer, and three attempts for each request, more than
    // there is capacity for; no better at the end than two minutes before.
    for (from, until) in [(130, 180), (250, 300)] {
        assert!(goodput(&spiked, from, until).iter().all(|g| *g < 3.0));
        assert!(over(&spiked, from, until, attempts).iter().all(|a| *a > 80.0));
    }
    assert!(lead(&goodput(&calm, 250, 300), &goodput(&spiked, 250, 300)) > 25.0);
}

/// What it takes: impatience, and trying again. Without either the spike is forgotten. That the
/// server serves what has been given up is the third part: dropping it when its turn comes brings
/// some runs back, but not all, since those at the head of the queue have little time left.
#[test]
fn each_part_of_the_cause_is_needed() {
    for changes in
        ["'tenants.clients.retry.attempts' = 1", "'tenants.clients.attempt_timeout' = '1h'"]
    {
        let forgets = goodput(&runs(BISTABLE, changes, REPLICATIONS), 250, 300);
        assert!(is_about(&forgets, 30.0), "{changes}: {}", mean(&forgets));
    }
    let sustained = goodput(&runs(BISTABLE, "", REPLICATIONS), 250, 300);
    let dropped = goodput(&runs(BISTABLE, "'api.abandoned' = 'dropped'", REPLICATIONS), 250, 300);
    assert!(lead(&dropped, &sustained) > 0.0);
}

/// Each remedy alone against first come first served, on the same arrivals: every run of every arm
/// is back in the good state, which no run of theirs without is.
#[test]
fn remedies_bring_the_good_state_back() {
    let sustained = goodput(&runs(BISTABLE, "", REPLICATIONS), 250, 300);
    assert!(sustained.iter().all(|g| *g < 3.0));
    for remedy in [
        "'api.order' = { kind = 'lifo' }",
        "'api.order' = { kind = 'adaptive_lifo', threshold = 20 }",
        "'api.shedding' = { kind = 'codel' }",
        "'api.queue' = 20",
        "'api.concurrency' = { kind = 'fixed', limit = 30 }",
        "'tenants.clients.retry.budget' = { kind = 'token_quota' }",
        "'tenants.clients.retry.budget' = { kind = 'grpc_throttle', max_tokens = 10, ratio = 0.1 }",
        "'tenants.clients.bulkhead' = { concurrent = 25, max_wait = '0s' }",
    ] {
        let recovered = goodput(&runs(BISTABLE, remedy, REPLICATIONS), 250, 300);
        assert!(recovered.iter().all(|g| *g > 25.0), "{remedy}: {recovered:?}");
        assert!(lead(&recovered, &sustained) > 0.0, "{remedy}: {recovered:?}");
    }
}

/// Adaptive limits at the server help too, those that learn from how long requests take. How far
/// depends on what they take for the base: an exponential service has next to none, and Vegas keeps
/// the limit too low. AIMD learns from losses alone, sees none here and opens up to its maximum.
#[test]
fn adaptive_limits_help() {
    let sustained = goodput(&runs(BISTABLE, "", REPLICATIONS), 250, 300);
    for limit in ["vegas", "gradient2", "envoy"] {
        let change = format!("'api.concurrency' = {{ kind = '{limit}' }}");
        let recovered = goodput(&runs(BISTABLE, &change, REPLICATIONS), 250, 300);
        assert!(lead(&recovered, &sustained) > 0.0, "{limit}: {recovered:?}");
    }
}
