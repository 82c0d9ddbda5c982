//! False openings: at its opening an attempt would have been served in time with a probability above
//! the threshold's complement.

use super::{metric, run};

const MINIMAL: &str = include_str!("../../models/minimal.toml");

/// Openings, and the false ones.
fn openings(changes: &str) -> (f64, f64) {
    let result = run(MINIMAL, changes);
    let (all, falsely) =
        (metric(&result, "breaker_openings"), metric(&result, "breaker_openings_false"));
    assert!(all > 0.0, "a breaker opens: {changes}");
    (all, falsely)
}

/// Opens at a tenth of ten calls.
const TENTH: &str = r#"
client.breaker.machine = { kind = "generic", rule = { kind = "count_window", size = 10, min_calls = 10, failure_rate = 0.1 } }
"#;

/// Report 21: a server that fails always could have served nothing.
#[test]
fn no_opening_before_a_server_that_always_fails_is_false() {
    assert_eq!(openings("api.failure_share = 1.0").1, 0.0);
}

/// A server that fails on one attempt in twenty is healthy by a threshold of one in ten: whatever
/// opens the breaker is chance.
#[test]
fn every_opening_before_a_healthy_server_is_false() {
    let (all, falsely) = openings(&format!("{TENTH}api.failure_share = 0.05"));
    assert_eq!(falsely, all);
    // One in five is above the threshold.
    assert_eq!(openings(&format!("{TENTH}api.failure_share = 0.2")).1, 0.0);
    // By a threshold of one half it is not.
    let half = TENTH.replace("failure_rate = 0.1", "failure_rate = 0.5");
    let (all, falsely) = openings(&format!("{half}api.failure_share = 0.4"));
    assert_eq!(falsely, all);
}

/// A rule without a rate is held against one half.
#[test]
fn a_rule_without_a_rate_is_held_against_one_half() {
    let rule = "client.breaker.machine = { kind = \"generic\", rule = { kind = \"consecutive\", \
                failures = 2 } }\n";
    let (all, falsely) = openings(&format!("{rule}api.failure_share = 0.4"));
    assert_eq!(falsely, all);
    assert_eq!(openings(&format!("{rule}api.failure_share = 0.6")).1, 0.0);
}

/// Service takes longer than the client waits: the brown-out makes every attempt time out, though no
/// limiter refuses and there is room in the queue.
#[test]
fn no_opening_is_false_while_every_attempt_times_out() {
    let brown_out = "api.service = \"150ms\"\nclient.attempt_timeout = \"1s\"\nfaults = [{ kind = \
                     \"api_brown_out\", at = \"1s\", for = \"1h\", slowdown = 10.0 }]\n";
    assert_eq!(openings(brown_out).1, 0.0);
    // The answer's way back counts: 1 s of service and a round trip do not fit into 1.005 s.
    let tight = "api.service = \"1s\"\nclient.attempt_timeout = \"1005ms\"\n";
    assert_eq!(openings(tight).1, 0.0);
    // The server is slower with every attempt in service.
    let busy = "api.service = \"100ms\"\napi.service_per_busy = \"1s\"\n\
                client.attempt_timeout = \"1s\"\n";
    assert_eq!(openings(busy).1, 0.0);
}

/// One server with a queue of tenants' work: the wait alone exceeds the time-out.
#[test]
fn no_opening_is_false_behind_a_queue_longer_than_the_time_out() {
    let queue = r#"
api.servers = 1
api.service = "1s"
client.attempt_timeout = "2s"
tenants = [{ id = "t", token = "t", endpoint = "t", arrivals = { kind = "poisson", rate_per_s = 2.0 } }]
"#;
    assert_eq!(openings(queue).1, 0.0);
}

/// The client's limit of 429s: refused now, nothing would be served.
#[test]
fn no_opening_is_false_while_a_limiter_refuses() {
    let refusing = "\"api.limits.0.limiter\" = { kind = \"fixed_window\", limit = 1, window = \
                    \"100h\" }";
    assert_eq!(openings(refusing).1, 0.0);
}

/// Time-outs of other causes open the breaker while a pace holds each attempt back for a while: it
/// would have been served, later.
#[test]
fn an_attempt_held_back_in_time_counts_as_served() {
    let paced = |timeout: &str| {
        format!(
            "{TENTH}api.failure_share = 0.05\napi.service = \"1ms\"\nclient.attempt_timeout = \"{timeout}\"\n\
             tenants = [{{ id = \"t\", token = \"integration\", endpoint = \"t\", arrivals = {{ kind = \"periodic\", \
             every = \"500ms\" }} }}]\nclient.token = \"integration\"\n\
             \"api.limits.0.limiter\" = {{ kind = \"gcra\", rate_per_s = 2.0, burst = 1, on_limit = \
             {{ kind = \"delay\", max = \"1h\" }} }}\n\"policy.no_progress\" = \"32s\"\n"
        )
    };
    // The tenant keeps the pace busy; the client's attempts come on top and wait ever longer.
    let long = run(MINIMAL, &paced("1h"));
    assert!(metric(&long, "limiter_delays") > 100.0);
    let (all, falsely) =
        (metric(&long, "breaker_openings"), metric(&long, "breaker_openings_false"));
    assert!(all > 0.0);
    assert_eq!(falsely, all, "held back for less than the time-out");
    assert_eq!(openings(&paced("50ms")).1, 0.0, "held back for longer than the time-out");
}
