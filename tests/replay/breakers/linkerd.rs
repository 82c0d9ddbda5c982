//! Linkerd's consecutive failures: the `transitions` test of `consecutive_failures.rs`.

use super::*;

#[test]
fn the_proxys_own_walk_through_the_states() {
    let mut rig = Rig::new(
        "kind = 'linkerd'\nmax_failures = 2\nmin_penalty = '1s'\nmax_penalty = '100s'\n\
         jitter_ratio = 0.0",
    );
    let straggler = rig.begin(0);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
    assert_eq!(rig.state(SEC - 1), State::Open);
    assert_eq!(rig.state(SEC), State::HalfOpen);
    let probe = rig.begin(SEC);
    assert!(rig.refuses(SEC));
    rig.tell(SEC, probe, CallResult::Failure);
    // Two seconds now; a straggler meanwhile is ignored.
    assert!(rig.refuses(2 * SEC));
    rig.tell(2 * SEC, straggler, CallResult::Success);
    assert_eq!(rig.state(3 * SEC - 1), State::Open);
    assert_eq!(rig.state(3 * SEC), State::HalfOpen);
    rig.calls(3 * SEC, "S");
    assert_eq!(rig.state(3 * SEC), State::Closed);
    // The penalty restarts.
    rig.calls(4 * SEC, "FF");
    assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(5 * SEC)));
}

/// Penalties double to the longest; jitter comes on top, its whole seconds cut off, within it.
#[test]
fn penalties_double_with_jitter_on_top() {
    let mut rig = Rig::new("kind = 'linkerd'\nmax_failures = 1");
    let mut now = 0;
    for base in [1, 2, 4, 8, 16, 32, 60, 60] {
        rig.calls(now, "F");
        let until = rig.breaker.next_deadline().expect("it is open").as_nanos();
        let penalty = until - now;
        assert_eq!(penalty % SEC, 0, "of whole seconds only whole seconds are added");
        let longest = (base + base / 2).min(60);
        assert!((base..=longest).contains(&(penalty / SEC)), "{penalty} ns for {base} s");
        now = until;
    }
}

/// In probation the first response decides, whichever request it answers.
#[test]
fn a_late_response_decides_a_probation() {
    let mut rig = Rig::new("kind = 'linkerd'\nmax_failures = 1\njitter_ratio = 0.0");
    let late = rig.begin(0);
    rig.calls(0, "F");
    rig.tell(SEC, late, CallResult::Success);
    assert_eq!(rig.state(SEC), State::Closed);
}
