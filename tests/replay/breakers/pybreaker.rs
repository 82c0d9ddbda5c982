//! pybreaker: recorded runs of the package, and what late results do.

use super::*;

fn replay(text: &str, settings: &str) {
    let mut rig = Rig::new(settings);
    let columns = ["t_s", "would_fail", "called_backend", "state_after"];
    for (n, row) in trace(text, &columns).iter().enumerate() {
        let at = (row[0].as_f64().unwrap() * 1000.0).round() as u64 * MS;
        let called = call(&mut rig, at, row[1] == 1);
        assert_eq!(called, row[2] == 1, "row {n}: {row:?}");
        assert_eq!(name(rig.state(at)), row[3].as_str().unwrap(), "row {n}: {row:?}");
    }
}

#[test]
fn recorded_runs_are_followed_row_by_row() {
    replay(
        include_str!("../../cases/traces/pybreaker_k5_30s.json"),
        "kind = 'pybreaker'\nfail_max = 5\nreset_timeout = '30s'",
    );
    replay(
        include_str!("../../cases/traces/pybreaker_k3_10s_iid.json"),
        "kind = 'pybreaker'\nfail_max = 3\nreset_timeout = '10s'",
    );
}

/// Calls overlap and results come in any order.
#[test]
fn a_recorded_run_with_late_results_is_followed() {
    let mut rig =
        Rig::new("kind = 'pybreaker'\nfail_max = 3\nreset_timeout = '5s'\nsuccess_threshold = 2");
    let text = include_str!("../../cases/traces/pybreaker_late_results.json");
    follow(&mut rig, text, ["fail_counter", "success_counter", ""], |counts| {
        [counts.consecutive_failures, counts.consecutive_successes, 0]
    });
}

/// The probe is the call at or after the end; instants are whole microseconds.
#[test]
fn the_probe_comes_at_the_end_of_the_timeout() {
    let mut rig = Rig::new("kind = 'pybreaker'\nfail_max = 2\nsuccess_threshold = 2");
    rig.calls(999, "FF");
    assert!(rig.refuses(60 * SEC - 1));
    rig.calls(60 * SEC, "S");
    assert_eq!(rig.state(60 * SEC), State::HalfOpen);
    rig.calls(61 * SEC, "S");
    assert_eq!(rig.state(61 * SEC), State::Closed);
    assert_eq!(rig.counts(61 * SEC).consecutive_failures, 0);
    // While half-open every call is let through, and one failure opens it whatever came before.
    rig.calls(62 * SEC, "FF");
    let (one, two) = (rig.begin(122 * SEC), rig.begin(122 * SEC));
    rig.tell(123 * SEC, one, CallResult::Success);
    rig.tell(124 * SEC, two, CallResult::Failure);
    assert_eq!(rig.state(124 * SEC), State::Open);
    assert!(rig.refuses(184 * SEC - 1) && !rig.refuses(184 * SEC));
}

/// A result is judged by the state its call was made in.
#[test]
fn late_results_are_judged_by_their_calls() {
    let mut rig = Rig::new("kind = 'pybreaker'\nfail_max = 2\nreset_timeout = '10s'");
    let (late_failure, late_success) = (rig.begin(0), rig.begin(0));
    rig.calls(0, "FF");
    rig.tell(5 * SEC, late_failure, CallResult::Failure);
    assert!(rig.refuses(15 * SEC - 1), "the third failure in a row opened it again");
    rig.tell(6 * SEC, late_success, CallResult::Success);
    assert_eq!(rig.state(6 * SEC), State::Open, "made while closed, it only ends the run");
    assert_eq!(rig.counts(6 * SEC).consecutive_failures, 0);
    let (one, two) = (rig.begin(15 * SEC), rig.begin(15 * SEC));
    rig.tell(16 * SEC, one, CallResult::Failure);
    assert_eq!(rig.state(16 * SEC), State::Open);
    rig.tell(17 * SEC, two, CallResult::Success);
    assert_eq!(rig.state(17 * SEC), State::Closed, "a probe's success closes even an open one");
}

/// An excluded exception is a success.
#[test]
fn ignored_results_end_the_run() {
    let mut rig = Rig::new("kind = 'pybreaker'\nfail_max = 2");
    rig.calls(0, "FIF");
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
}
