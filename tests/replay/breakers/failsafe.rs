//! failsafe-rs: recorded runs of the crate, and its own unit tests.

use super::*;

fn replay(text: &str, settings: &str) {
    let mut rig = Rig::new(settings);
    for (n, row) in trace(text, &["t_ms", "would_fail", "permitted"]).iter().enumerate() {
        let at = row[0].as_u64().unwrap() * MS;
        let permitted = call(&mut rig, at, row[1] == 1);
        assert_eq!(permitted, row[2] == 1, "row {n}: {row:?}");
    }
}

#[test]
fn recorded_runs_are_followed_row_by_row() {
    replay(
        include_str!("../../cases/traces/failsafe_consecutive5_const10s.json"),
        "kind = 'failsafe'\n\
         consecutive = { failures = 5, backoff = { kind = 'constant', delay = '10s' } }",
    );
    replay(
        include_str!("../../cases/traces/failsafe_consecutive3_expo.json"),
        "kind = 'failsafe'\n\
         consecutive = { failures = 3, backoff = { kind = 'exponential', start = '2s', max = '30s' } }",
    );
}

/// Calls overlap and results come in any order; by success rate, and by both policies at once.
#[test]
fn recorded_runs_with_late_results_are_followed() {
    let rate = |min_requests: u32, backoff: &str| {
        format!(
            "[success_rate]\nrequired = 0.7\nmin_requests = {min_requests}\nwindow = '10s'\n\
             backoff = {backoff}"
        )
    };
    let grows = "{ kind = 'exponential', start = '2s', max = '15s' }";
    let mut rig = Rig::new(&format!("kind = 'failsafe'\n{}", rate(4, grows)));
    let text = include_str!("../../cases/traces/failsafe_success_rate_late_results.json");
    follow(&mut rig, text, ["", "", ""], |_| [0; 3]);
    let mut rig = Rig::new(&format!(
        "kind = 'failsafe'\nconsecutive = {{ failures = 3, backoff = {grows} }}\n{}",
        rate(6, "{ kind = 'constant', delay = '3s' }")
    ));
    let text = include_str!("../../cases/traces/failsafe_both_late_results.json");
    follow(&mut rig, text, ["", "", ""], |_| [0; 3]);
}

/// The crate's `state_machine::tests::state_machine`.
#[test]
fn the_crates_own_walk_through_the_states() {
    let mut rig = Rig::new(
        "kind = 'failsafe'\n\
         consecutive = { failures = 3, backoff = { kind = 'exponential', start = '5s', max = '300s' } }",
    );
    rig.calls(0, "SSSSSSSSSSFF");
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
    assert!(rig.refuses(0) && rig.refuses(2 * SEC));
    let probe = rig.begin(6 * SEC);
    assert_eq!(rig.state(6 * SEC), State::HalfOpen);
    rig.tell(6 * SEC, probe, CallResult::Failure);
    assert!(rig.refuses(6 * SEC) && rig.refuses(11 * SEC));
    let probe = rig.begin(17 * SEC);
    rig.tell(17 * SEC, probe, CallResult::Success);
    assert_eq!(rig.state(17 * SEC), State::Closed);
    rig.calls(17 * SEC, "SSSSSSSSSSFFF");
    assert_eq!(rig.state(17 * SEC), State::Open);
    // The series of delays has restarted: 5 s, and it refuses at its very end.
    assert!(rig.refuses(22 * SEC));
    assert!(rig.ask(22 * SEC + 1).is_some());
}

/// `failure_policy::tests`: `fail_when_success_rate_not_met` and `fractional_success_rate`.
#[test]
fn the_success_rate_falls_as_in_the_crates_tests() {
    let rate = |required: f64, window: u64| {
        Rig::new(&format!(
            "kind = 'failsafe'\n\
             [success_rate]\nrequired = {required:?}\nmin_requests = 1\nwindow = '{window}s'\n\
             backoff = {{ kind = 'exponential', start = '5s', max = '60s' }}"
        ))
    };
    let mut rig = rate(0.5, 30);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Closed);
    let late = rig.begin(30 * SEC - 1);
    rig.tell(30 * SEC - 1, late, CallResult::Failure);
    assert_eq!(rig.state(30 * SEC - 1), State::Closed, "the window has not passed");
    rig.calls(30 * SEC, "F");
    assert_eq!(rig.state(30 * SEC), State::Open);
    assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(35 * SEC + 1)));

    let mut rig = rate(0.5, 100);
    for second in 1..=100 {
        rig.calls(second * SEC, "S");
    }
    // 100·ln 2 = 69.3: the 70th failure a second apart brings it below one half.
    for second in 101..=169 {
        rig.calls(second * SEC, "F");
        assert_eq!(rig.state(second * SEC), State::Closed, "{second}");
    }
    rig.calls(170 * SEC, "F");
    assert_eq!(rig.state(170 * SEC), State::Open);
}

/// `respects_rps_threshold`: requests are counted, the average alone does not open.
#[test]
fn the_success_rate_needs_requests_enough() {
    let mut rig = Rig::new(
        "kind = 'failsafe'\n\
         [success_rate]\nrequired = 1.0\nmin_requests = 5\nwindow = '30s'\n\
         backoff = { kind = 'constant', delay = '5s' }",
    );
    rig.calls(30 * SEC, "FFFF");
    assert_eq!(rig.state(30 * SEC), State::Closed);
    rig.calls(30 * SEC, "F");
    assert_eq!(rig.state(30 * SEC), State::Open);
    // `revived_resets_failures`: closing it resets the window.
    let probe = rig.begin(35 * SEC + 1);
    rig.tell(35 * SEC + 1, probe, CallResult::Success);
    rig.calls(36 * SEC, "FFFFFFFF");
    assert_eq!(rig.state(36 * SEC), State::Closed);
    rig.calls(65 * SEC, "FFFFF");
    assert_eq!(rig.state(65 * SEC), State::Closed, "29.999999999 s since it closed");
    rig.calls(65 * SEC + 1, "F");
    assert_eq!(rig.state(65 * SEC + 1), State::Open);
}

/// A success counted while it is open ends the run, so that the probe's failure is one in a row:
/// no policy gives a delay and the last one holds again.
#[test]
fn a_late_success_lets_the_last_delay_hold_again() {
    let mut rig = Rig::new(
        "kind = 'failsafe'\n\
         consecutive = { failures = 2, backoff = { kind = 'exponential', start = '5s', max = '300s' } }",
    );
    let late = rig.begin(0);
    rig.calls(0, "FF");
    rig.tell(SEC, late, CallResult::Success);
    let probe = rig.begin(5 * SEC + 1);
    rig.tell(6 * SEC, probe, CallResult::Failure);
    assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(11 * SEC + 1)));
}

/// Both policies at once: the longer delay counts, and equal jitter keeps to whole seconds between
/// half and the whole ceiling.
#[test]
fn jittered_delays_keep_to_their_halves() {
    let mut rig = Rig::new("kind = 'failsafe'\nconsecutive = {}");
    let mut now = 0;
    rig.calls(now, "FFFFF");
    for ceiling in [10, 20, 40, 80, 160, 300, 300] {
        let until = rig.breaker.next_deadline().expect("it is open").as_nanos() - 1;
        let delay = until - now;
        assert_eq!(delay % SEC, 0);
        assert!((ceiling / 2..=ceiling).contains(&(delay / SEC)), "{delay} of {ceiling} s");
        now = until + 1;
        rig.calls(now, "F");
    }
    let two = "kind = 'failsafe'\n\
               consecutive = { failures = 1, backoff = { kind = 'constant', delay = '7s' } }\n\
               [success_rate]\nrequired = 1.0\nmin_requests = 1\nwindow = '1s'\n\
               backoff = { kind = 'constant', delay = '20s' }";
    let mut rig = Rig::new(two);
    rig.calls(0, "F");
    assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(7 * SEC + 1)));
    let mut rig = Rig::new(two);
    rig.calls(SEC, "F");
    assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(21 * SEC + 1)));
}
