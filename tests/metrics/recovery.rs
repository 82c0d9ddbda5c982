//! Recovery after a fault, and time below target.

use super::{cell, metric, run};

/// Twenty agents with load enough for sixteen; half of them log out for ten minutes.
const MODEL: &str = r#"
name = "recovery"
horizon = "3h"
warmup = "10m"
carriers = [{ id = "c" }]
sbcs = [{ id = "s", invite = "0s", handshake = "0s" }]
groups = [{ id = "g", agents = 20 }]
policy = { point = "edge_static" }
trunks = [{ id = "T", sbc = "s", transport = "udp", groups = ["g"], arrivals = { kind = "poisson", rate_per_s = 0.15 }, primary = { carrier = "c", channels = 1000, rtt = "0s" } }]
faults = [{ kind = "agent_logout", group = "g", at = "60m", for = "10m", share = 0.5 }]
[calls]
talk = { kind = "exponential", mean = "100s" }
patience = "2h"
"#;

#[test]
fn a_backlog_takes_time_to_serve() {
    let result = run(MODEL, "");
    assert_eq!(result.faults.rows.len(), 1);
    assert_eq!(cell(&result.faults, 0, "start_s"), 3600.0);
    assert_eq!(cell(&result.faults, 0, "end_s"), 4200.0);
    let took = metric(&result, "recovery_time_s");
    assert_eq!(took, cell(&result.faults, 0, "recovery_time_s"));
    // Ten minutes at 0.15/s with 0.1/s served leave 30 callers or so, who are served at 0.05/s.
    assert!((120.0..1800.0).contains(&took), "{took}");
    // Fewer agents away, sooner back.
    let milder = metric(&run(MODEL, "\"faults.0.share\" = 0.25"), "recovery_time_s");
    assert!(milder < took, "{milder} and {took}");
    // Below the target at least while half of the agents are away, and not before.
    let below = metric(&result, "time_below_target_s");
    assert!(below >= 480.0 && below <= took + 1200.0, "{below}");
    let without = run(MODEL, "faults = []");
    assert!(metric(&without, "recovery_time_s").is_nan() && without.faults.rows.is_empty());
    assert!(metric(&without, "time_below_target_s") < below / 2.0);
}

/// A fault that touches nothing is over at once.
#[test]
fn a_fault_without_effect_needs_no_recovery() {
    let slow =
        "faults = [{ kind = \"api_brown_out\", at = \"60m\", for = \"10m\", slowdown = 9.0 }]";
    let result = run(MODEL, slow);
    assert!(metric(&result, "recovery_time_s") < 60.0);
}

/// What the run does not see the end of counts to its end; a fault that goes on has no recovery.
#[test]
fn a_recovery_that_is_cut_off_counts_what_is_left() {
    // One agent left, and never another.
    let gone = "\"faults.0.share\" = 0.95\n\"groups.0.staffing\" = [{ at = \"65m\", agents = 10 }]";
    let result = run(MODEL, gone);
    assert_eq!(metric(&result, "recovery_time_s"), 3.0 * 3600.0 - 4200.0);
    assert!(metric(&run(MODEL, "\"faults.0.for\" = \"5h\""), "recovery_time_s").is_nan());
}

/// Without calls there is nothing to be below, and nothing to recover.
#[test]
fn without_calls_there_is_nothing_below_the_target() {
    let result = run(MODEL, "\"trunks.0.arrivals\" = { kind = \"none\" }");
    assert!(metric(&result, "time_below_target_s").is_nan());
    assert!(metric(&result, "service_level").is_nan());
    assert!(metric(&result, "call_success_ratio").is_nan());
    assert!(metric(&result, "recovery_time_s").abs() < 1e-9);
}

/// Random outages of a carrier have a row together, and the longest recovery counts.
#[test]
fn random_outages_have_a_row_of_their_carrier() {
    let random = r#"
faults = []
"carriers.0.outages" = { time_to_failure = "30m", time_to_repair = "5m" }
"#;
    let result = run(MODEL, random);
    assert_eq!(result.faults.rows.len(), 1);
    assert!(result.faults.rows[0].0.contains("at random"), "{}", result.faults.rows[0].0);
    assert!(cell(&result.faults, 0, "ends") >= 4.0);
    assert!(cell(&result.faults, 0, "start_s").is_nan());
    assert!(metric(&result, "recovery_time_s") >= 0.0);
}
