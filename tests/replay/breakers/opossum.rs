//! opossum: recorded runs of the package, and its traps.

use super::*;

fn replay(text: &str, settings: &str) {
    let mut rig = Rig::new(settings);
    let columns = ["t_ms", "would_fail", "called_backend", "state_before", "state_after"];
    for (n, row) in trace(text, &columns).iter().enumerate() {
        let at = row[0].as_u64().unwrap() * MS;
        assert_eq!(name(rig.state(at)), spelt(&row[3]), "row {n} before: {row:?}");
        let called = call(&mut rig, at, row[1] == 1);
        assert_eq!(called, row[2] == 1, "row {n}: {row:?}");
        assert_eq!(name(rig.state(at)), spelt(&row[4]), "row {n} after: {row:?}");
    }
}

fn spelt(state: &Value) -> String {
    match state.as_str().unwrap() {
        "halfOpen" | "half-open" | "half_open" => "half_open".to_owned(),
        other => other.to_owned(),
    }
}

#[test]
fn recorded_runs_are_followed_row_by_row() {
    replay(include_str!("../../cases/traces/opossum_default.json"), "kind = 'opossum'");
    replay(
        include_str!("../../cases/traces/opossum_50pct_10s_vol5.json"),
        "kind = 'opossum'\nvolume_threshold = 5",
    );
}

/// Calls overlap and results come in any order.
#[test]
fn a_recorded_run_with_late_results_is_followed() {
    let mut rig = Rig::new(
        "kind = 'opossum'\nreset_timeout = '4s'\nrolling_count_timeout = '5s'\n\
         rolling_count_buckets = 5\nvolume_threshold = 4\nerror_threshold_percentage = 40.0",
    );
    let text = include_str!("../../cases/traces/opossum_late_results.json");
    follow(&mut rig, text, ["fires", "failures", "rejects"], |counts| {
        [counts.calls, counts.failures, counts.refused]
    });
}

#[test]
fn the_first_failure_opens_a_breaker_without_volume() {
    let mut rig = Rig::new("kind = 'opossum'");
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
    // The timer is due at 30 s, and goes before a call of that instant.
    assert_eq!(rig.state(30 * SEC - 1), State::Open);
    assert!(rig.refuses(30 * SEC - 1));
    assert_eq!(rig.state(30 * SEC), State::HalfOpen);
    let trial = rig.begin(30 * SEC);
    assert!(rig.refuses(30 * SEC));
    rig.tell(31 * SEC, trial, CallResult::Failure);
    assert_eq!(rig.state(61 * SEC - 1), State::Open);
    assert_eq!(rig.state(61 * SEC), State::HalfOpen);
    rig.calls(70 * SEC, "S");
    assert_eq!(rig.state(70 * SEC), State::Closed);
}

/// The comparison is strict: exactly half does not open it.
#[test]
fn it_opens_above_its_percentage() {
    let mut rig = Rig::new("kind = 'opossum'");
    rig.calls(0, "SF");
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
}

/// Refused calls are fires: they stay in the window and dilute the rate once it has closed.
#[test]
fn refused_calls_dilute_the_rate() {
    let mut rig = Rig::new("kind = 'opossum'\nreset_timeout = '1s'");
    rig.calls(0, "F");
    for _ in 0..8 {
        assert!(rig.refuses(SEC / 2));
    }
    rig.calls(SEC, "S");
    assert_eq!(rig.counts(SEC).calls, 10);
    // 5 failures of 14 fires; without the refusals it would be 5 of 6.
    rig.calls(SEC, "FFFF");
    assert_eq!(rig.state(SEC), State::Closed);
    // Buckets turn at whole seconds: at 10 s the nine of the first second have gone.
    assert_eq!(rig.counts(10 * SEC - 1).calls, 14);
    assert_eq!(rig.counts(10 * SEC).calls, 5);
    rig.calls(10 * SEC, "F");
    assert_eq!(rig.state(10 * SEC), State::Open, "5 of 6");
}

/// Late results move a half-open breaker, whichever call they belong to; a failure whose call has
/// left the window counts as one without a window.
#[test]
fn late_results_count_in_the_state_they_meet() {
    let mut rig = Rig::new("kind = 'opossum'");
    let (one, two) = (rig.begin(0), rig.begin(0));
    rig.calls(0, "FFF");
    assert_eq!(rig.state(0), State::Open);
    rig.tell(SEC, one, CallResult::Success);
    assert_eq!(rig.state(SEC), State::Open);
    assert_eq!(rig.state(30 * SEC), State::HalfOpen);
    rig.tell(30 * SEC, two, CallResult::Success);
    assert_eq!(rig.state(30 * SEC), State::Closed);

    let mut rig = Rig::new("kind = 'opossum'");
    let late = rig.begin(0);
    rig.tell(11 * SEC, late, CallResult::Failure);
    assert_eq!(rig.state(11 * SEC), State::Open, "1 of 0 fires is more than half");
}

#[test]
fn it_never_opens_while_it_warms_up() {
    let mut rig = Rig::new("kind = 'opossum'\nallow_warm_up = true");
    rig.calls(10 * SEC - 1, "FFF");
    assert_eq!(rig.state(10 * SEC - 1), State::Closed);
    rig.calls(10 * SEC, "F");
    assert_eq!(rig.state(10 * SEC), State::Open);
}
