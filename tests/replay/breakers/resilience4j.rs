//! resilience4j: R1 to R7 of `tests/cases/policies/resilience4j_breaker_sequences.md` (its
//! `CircuitBreakerStateMachineTest`), and its timers and slow calls by hand.

use super::*;

const A: &str = "kind = 'resilience4j'\nfailure_rate = 0.5\nslow_rate = 0.5\nslow_after = '4s'\n\
                 window = { kind = 'time', length = '20s' }\nmin_calls = 5\n\
                 wait = { kind = 'fixed', delay = '5s' }\n\
                 permitted_half_open = 4\nmax_wait_half_open = '1s'";
const B: &str = "kind = 'resilience4j'\nfailure_rate = 0.5\n\
                 window = { kind = 'count', size = 5 }\n\
                 wait = { kind = 'exponential', initial = '5s', multiplier = 1.5, cap = '1h' }\n\
                 permitted_half_open = 4";

/// Failure rate, buffered, failed and not permitted calls.
fn metrics(rig: &mut Rig, at: u64) -> (f64, u64, u64, u64) {
    let counts = rig.counts(at);
    (counts.failure_rate, counts.calls, counts.failures, counts.refused)
}

/// What a call is, and what the breaker is after it: state, failure rate, buffered, failed.
type Row = (u64, char, State, f64, u64, u64);

fn walk(rig: &mut Rig, rows: &[Row]) {
    for (n, &(at, letter, state, rate, buffered, failed)) in rows.iter().enumerate() {
        rig.calls(at, &letter.to_string());
        assert_eq!(rig.state(at), state, "row {n}");
        let (found, calls, failures, _) = metrics(rig, at);
        assert_eq!((found, calls, failures), (rate, buffered, failed), "row {n}");
    }
}

/// A breaker of config A that is half-open from 5 s and 1 ns on, with nothing asked yet.
fn half_open() -> (Rig, u64) {
    let mut rig = Rig::new(A);
    rig.calls(0, "FFFFF");
    assert_eq!(rig.state(0), State::Open);
    (rig, 5 * SEC + 1)
}

const CLOSED: State = State::Closed;
const OPEN: State = State::Open;
const HALF: State = State::HalfOpen;

#[test]
fn r1_forty_percent_stays_closed_and_half_opens() {
    let rows = [
        (0, 'S', CLOSED, -1.0, 1, 0),
        (SEC, 'S', CLOSED, -1.0, 2, 0),
        (2 * SEC, 'S', CLOSED, -1.0, 3, 0),
        (3 * SEC, 'F', CLOSED, -1.0, 4, 1),
        (4 * SEC, 'F', CLOSED, 40.0, 5, 2),
        (5 * SEC, 'F', OPEN, 50.0, 6, 3),
    ];
    walk(&mut Rig::new(A), &rows);
}

#[test]
fn r2_a_success_can_trip_it() {
    let mut rig = Rig::new(A);
    let rows = [
        (0, 'F', CLOSED, -1.0, 1, 1),
        (0, 'F', CLOSED, -1.0, 2, 2),
        (0, 'F', CLOSED, -1.0, 3, 3),
        (0, 'S', CLOSED, -1.0, 4, 3),
        (0, 'S', OPEN, 60.0, 5, 3),
    ];
    walk(&mut rig, &rows);
    assert!(rig.refuses(0));
    assert_eq!(metrics(&mut rig, 0), (60.0, 5, 3, 1));
}

#[test]
fn r3_to_r6_the_half_open_sample_decides() {
    let (mut rig, at) = half_open();
    let r3 = [
        (at, 'F', HALF, -1.0, 1, 1),
        (at, 'F', HALF, -1.0, 2, 2),
        (at, 'S', HALF, -1.0, 3, 2),
        (at, 'F', OPEN, 75.0, 4, 3),
    ];
    walk(&mut rig, &r3);

    let (mut rig, at) = half_open();
    let r4 = [
        (at, 'F', HALF, -1.0, 1, 1),
        (at, 'S', HALF, -1.0, 2, 1),
        (at, 'S', HALF, -1.0, 3, 1),
        (at, 'S', CLOSED, -1.0, 0, 0),
        (at, 'S', CLOSED, -1.0, 1, 0),
    ];
    walk(&mut rig, &r4);

    let (mut rig, at) = half_open();
    let r5 = [
        (at, 'S', HALF, -1.0, 1, 0),
        (at, 'S', HALF, -1.0, 2, 0),
        (at, 'S', HALF, -1.0, 3, 0),
        (at, 'I', HALF, -1.0, 3, 0),
        (at, 'F', CLOSED, -1.0, 0, 0),
    ];
    walk(&mut rig, &r5);

    let (mut rig, at) = half_open();
    rig.calls(at, "IIII");
    assert_eq!((rig.state(at), metrics(&mut rig, at).1), (HALF, 0));
    rig.calls(at, "SSS");
    assert_eq!(rig.state(at), HALF);
    rig.calls(at, "S");
    assert_eq!(rig.state(at), CLOSED);
}

#[test]
fn r7_waits_grow_with_each_opening_in_a_row() {
    let mut rig = Rig::new(B);
    rig.calls(0, "FFFFF");
    assert_eq!(rig.state(0), OPEN);
    assert!(rig.refuses(0) && rig.refuses(3 * SEC));
    assert_eq!(metrics(&mut rig, 3 * SEC).3, 2);
    let probe = rig.begin(6 * SEC);
    assert_eq!((rig.state(6 * SEC), metrics(&mut rig, 6 * SEC)), (HALF, (-1.0, 0, 0, 0)));
    rig.tell(6 * SEC, probe, CallResult::Failure);
    rig.calls(6 * SEC, "FFF");
    assert_eq!(rig.state(6 * SEC), OPEN);
    assert!(rig.refuses(12 * SEC));
    // 7.5 s: the end itself still refuses.
    assert!(rig.refuses(13_500 * MS));
    let mut edge = Rig { breaker: rig.breaker.clone(), rng: rig.rng.clone() };
    assert!(edge.ask(13_500 * MS + 1).is_some());
    rig.calls(17 * SEC, "FFFF");
    // 11.25 s.
    assert!(rig.refuses(28_250 * MS));
    rig.calls(28_250 * MS + 1, "SSSS");
    assert_eq!(rig.state(29 * SEC), CLOSED);
    // Closing restarts the waits.
    rig.calls(29 * SEC, "FFFFF");
    assert!(rig.refuses(34 * SEC));
    assert!(rig.ask(34 * SEC + 1).is_some());
}

/// Each step is cut to whole milliseconds: 5, 7, 10, 15 ms.
#[test]
fn waits_are_whole_milliseconds() {
    let mut rig = Rig::new(
        "kind = 'resilience4j'\nwindow = { kind = 'count', size = 1 }\n\
         wait = { kind = 'exponential', initial = '5ms', multiplier = 1.5, cap = '12ms' }\n\
         permitted_half_open = 1",
    );
    let mut at = 0;
    for wait in [5, 7, 10, 12, 12] {
        rig.calls(at, "F");
        assert_eq!(rig.breaker.next_deadline(), Some(SimTime::from_nanos(at + wait * MS + 1)));
        at += wait * MS + 1;
    }
}

/// `shouldOpenAfterSlowCallRateThresholdExceeded`: slow calls open it, failed or not; slow is
/// longer than `slow_after`.
#[test]
fn slow_calls_open_it() {
    let mut rig = Rig::new(
        "kind = 'resilience4j'\nfailure_rate = 0.5\nslow_rate = 0.5\nslow_after = '4s'\n\
         window = { kind = 'time', length = '5s' }\nmin_calls = 5",
    );
    let mut told = |took: u64, result| {
        let permit = rig.begin(0);
        rig.tell_slow(0, permit, result, SimDuration::from_nanos(took));
        (rig.state(0), rig.counts(0).slow)
    };
    use CallResult::{Failure, Success};
    assert_eq!(told(5 * SEC, Failure), (CLOSED, 1));
    assert_eq!(told(4 * SEC + 1, Success), (CLOSED, 2));
    assert_eq!(told(4 * SEC, Failure), (CLOSED, 2), "4 s are not longer than 4 s");
    assert_eq!(told(100 * MS, Success), (CLOSED, 2));
    assert_eq!(told(5 * SEC, Success), (OPEN, 3));
    let counts = rig.counts(0);
    assert_eq!((counts.slow_rate, counts.failure_rate), (60.0, 40.0));
}

/// Half-open for `max_wait_half_open` without a decision, it opens again, as by a failure; or
/// closes, if that is wanted.
#[test]
fn it_does_not_stay_half_open_for_ever() {
    let (mut rig, at) = half_open();
    rig.calls(at, "FSS");
    assert_eq!(rig.state(at + SEC - 1), HALF);
    assert_eq!(rig.state(at + SEC), OPEN);
    // Open since then, with the half-open sample.
    assert_eq!(metrics(&mut rig, at + SEC), (-1.0, 3, 1, 0));
    assert!(rig.refuses(at + 6 * SEC));
    assert!(rig.ask(at + 6 * SEC + 1).is_some());

    let mut rig = Rig::new(&format!("{A}\nafter_max_wait = 'closed'"));
    rig.calls(0, "FFFFF");
    rig.calls(at, "F");
    assert_eq!(rig.state(at + SEC), CLOSED);
    assert_eq!(metrics(&mut rig, at + SEC).1, 0);
}

/// With the automatic timer it is half-open at the end of the wait, not after it.
#[test]
fn the_automatic_timer_needs_no_call() {
    let mut rig = Rig::new(&format!("{B}\nautomatic_half_open = true"));
    rig.calls(0, "FFFFF");
    assert_eq!(rig.state(5 * SEC - 1), OPEN);
    assert_eq!(rig.state(5 * SEC), HALF);
    assert!(rig.ask(5 * SEC).is_some());
    // Both timers: open 5 s, half-open 1 s, open 5 s, and so on, unasked.
    let mut rig = Rig::new(&format!("{A}\nautomatic_half_open = true"));
    rig.calls(0, "FFFFF");
    for (at, state) in [(5, HALF), (6, OPEN), (11, HALF), (12, OPEN), (17, HALF)] {
        assert_ne!(rig.state(at * SEC - 1), state, "{at}");
        assert_eq!(rig.state(at * SEC), state, "{at}");
    }
}

/// Seconds are those of the clock: a result of second 0 leaves when second 20 begins.
#[test]
fn a_time_window_is_of_whole_seconds() {
    let mut rig = Rig::new(A);
    rig.calls(SEC - 1, "F");
    rig.calls(SEC, "F");
    assert_eq!(metrics(&mut rig, 20 * SEC - 1).1, 2);
    assert_eq!(metrics(&mut rig, 20 * SEC).1, 1);
    assert_eq!(metrics(&mut rig, 21 * SEC - 1).1, 1);
    assert_eq!(metrics(&mut rig, 21 * SEC).1, 0);
}

/// Late results: recorded without a move in OPEN, part of the sample in HALF_OPEN. A late ignored
/// one gives a permit more.
#[test]
fn late_results_are_part_of_the_sample_they_meet() {
    let mut rig = Rig::new(B);
    let late: Vec<Permit> = (0..4).map(|_| rig.begin(0)).collect();
    rig.calls(0, "FFFFF");
    rig.tell(SEC, late[0], CallResult::Success);
    assert_eq!((rig.state(SEC), metrics(&mut rig, SEC)), (OPEN, (80.0, 5, 4, 0)));
    let probe = rig.begin(5 * SEC + 1);
    rig.tell(6 * SEC, late[1], CallResult::Success);
    rig.tell(6 * SEC, late[2], CallResult::Ignored);
    assert_eq!(metrics(&mut rig, 6 * SEC), (-1.0, 1, 0, 0));
    let more: Vec<Permit> = (0..4).map(|_| rig.begin(6 * SEC)).collect();
    assert!(rig.refuses(6 * SEC), "five have been let through");
    assert_eq!(metrics(&mut rig, 6 * SEC).3, 1);
    rig.tell(7 * SEC, probe, CallResult::Failure);
    rig.tell(7 * SEC, more[0], CallResult::Failure);
    rig.tell(7 * SEC, late[3], CallResult::Success);
    assert_eq!(rig.state(7 * SEC), OPEN, "2 of 4 by two probes and two calls from before");
}

/// With fewer `min_calls` than permitted calls the first of them decide.
#[test]
fn a_small_minimum_decides_early() {
    let mut rig = Rig::new(
        "kind = 'resilience4j'\nwindow = { kind = 'count', size = 10 }\nmin_calls = 2\n\
         wait = { kind = 'fixed', delay = '5s' }\npermitted_half_open = 6",
    );
    rig.calls(0, "FF");
    assert_eq!(rig.state(0), OPEN);
    rig.calls(5 * SEC + 1, "SS");
    assert_eq!(rig.state(5 * SEC + 1), CLOSED);
}
