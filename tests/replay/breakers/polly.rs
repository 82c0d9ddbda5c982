//! Polly v8: `tests/cases/policies/polly_*.csv` (its `AdvancedCircuitBehaviorTests` and
//! `RollingHealthMetricsTests`), and its half-open state and edges by hand.

use super::*;

fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn it_breaks_as_in_the_table_of_decisions() {
    let table = rows(include_str!("../../cases/policies/polly_breaker_decision.csv"));
    assert_eq!(table.len(), 5);
    for row in table {
        let throughput: u32 = row[0].parse().unwrap();
        let rate: f64 = row[2].parse().unwrap();
        let mut rig = Rig::new(&format!(
            "kind = 'polly'\nfailure_ratio = {}\nminimum_throughput = {}",
            row[3], row[1]
        ));
        // The table's health figures as results: all calls are under way first, and the failures
        // come last, since only failures are evaluated.
        let failures = (rate * f64::from(throughput)).round() as u32;
        let calls: Vec<Permit> = (0..throughput).map(|_| rig.begin(0)).collect();
        for (call, n) in calls.into_iter().zip(0..) {
            let failed = n >= throughput - failures;
            let result = if failed { CallResult::Failure } else { CallResult::Success };
            rig.tell(0, call, result);
        }
        let breaks = rig.state(0) == State::Open;
        assert_eq!(breaks, row[4] == "true", "{row:?}");
    }
}

#[test]
fn the_rolling_health_is_that_of_its_table() {
    let table = rows(include_str!("../../cases/policies/polly_rolling_health.csv"));
    let expected = |t: u64| table.iter().find(|row| row[0] == t.to_string());
    let mut rig = Rig::new("kind = 'polly'\nsampling_duration = '10s'\nminimum_throughput = 1000");
    let mut seen = 0;
    for n in 0..6 {
        if n < 5 {
            rig.calls(2 * n * SEC, if n < 2 { "FS" } else { "SS" });
        }
        let t = 2 * (n + 1);
        if let Some(row) = expected(t) {
            let counts = rig.counts(t * SEC);
            let rate: f64 = row[2].parse().unwrap();
            assert_eq!(counts.calls.to_string(), row[1], "{row:?}");
            assert_eq!(counts.failure_rate.to_bits(), (rate * 100.0).to_bits(), "{row:?}");
            assert_eq!(counts.failures.to_string(), row[3], "{row:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, table.len());
}

const QUICK: &str = "kind = 'polly'\nfailure_ratio = 0.5\nminimum_throughput = 2\n\
                     sampling_duration = '10s'\nbreak_duration = '5s'";

/// Windows hang on the first result, not on the clock; a window starts at the first result after
/// the last one's tenth is over.
#[test]
fn windows_hang_on_the_traffic() {
    let mut rig = Rig::new("kind = 'polly'\nsampling_duration = '10s'\nminimum_throughput = 1000");
    rig.calls(700 * MS, "F");
    rig.calls(1699 * MS, "F");
    rig.calls(1700 * MS, "F");
    assert_eq!(rig.counts(10_700 * MS - 1).calls, 3);
    // The first window goes as a whole, its second result 1 ms before it would have itself.
    assert_eq!(rig.counts(10_700 * MS).calls, 1);
    assert_eq!(rig.counts(11_700 * MS).calls, 0);
    // Below 200 ms there is one window, which is reset at its end.
    let mut rig =
        Rig::new("kind = 'polly'\nsampling_duration = '199ms'\nminimum_throughput = 1000");
    rig.calls(100 * MS, "F");
    assert_eq!(rig.counts(199 * MS - 1).calls, 1);
    assert_eq!(rig.counts(199 * MS).calls, 0);
}

/// Only a failure is evaluated.
#[test]
fn a_success_never_breaks_it() {
    let mut rig = Rig::new("kind = 'polly'\nfailure_ratio = 0.5\nminimum_throughput = 4");
    rig.calls(0, "FFFS");
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
}

/// One probe, at or after the end of the break; the second probe of v7 is an option.
#[test]
fn half_open_lets_one_probe_through() {
    let mut rig = Rig::new(QUICK);
    rig.calls(0, "FF");
    assert_eq!(rig.state(0), State::Open);
    assert!(rig.refuses(5 * SEC - 1));
    let probe = rig.begin(5 * SEC);
    assert_eq!(rig.state(5 * SEC), State::HalfOpen);
    for at in [5 * SEC, 10 * SEC, 1000 * SEC] {
        assert!(rig.refuses(at), "its probe is under way");
    }
    rig.tell(1000 * SEC, probe, CallResult::Failure);
    assert_eq!(rig.state(1000 * SEC), State::Open);
    assert!(rig.refuses(1005 * SEC - 1));
    rig.calls(1005 * SEC, "S");
    assert_eq!(rig.state(1005 * SEC), State::Closed);
    assert_eq!(rig.counts(1005 * SEC).calls, 0, "closing empties the sample");

    let mut rig = Rig::new(&format!("{QUICK}\nhalf_open_reprobe = true"));
    rig.calls(0, "FF");
    let first = rig.begin(5 * SEC);
    assert!(rig.refuses(10 * SEC - 1));
    let second = rig.begin(10 * SEC);
    assert!(rig.refuses(15 * SEC - 1));
    rig.tell(15 * SEC, second, CallResult::Success);
    assert_eq!(rig.state(15 * SEC), State::Closed);
    rig.tell(16 * SEC, first, CallResult::Failure);
    assert_eq!((rig.state(16 * SEC), rig.counts(16 * SEC).failures), (State::Closed, 1));
}

/// A result moves the half-open breaker, whichever call made it; in the open state it is counted.
#[test]
fn late_results_count_for_the_state_they_meet() {
    let mut rig = Rig::new(QUICK);
    let (one, two) = (rig.begin(0), rig.begin(0));
    rig.calls(0, "FF");
    rig.tell(SEC, one, CallResult::Failure);
    assert_eq!((rig.state(SEC), rig.counts(SEC).failures), (State::Open, 3));
    assert!(!rig.refuses(5 * SEC), "a failure while open does not prolong the break");
    rig.tell(6 * SEC, two, CallResult::Success);
    assert_eq!(rig.state(6 * SEC), State::Closed);
    // What is no failure is a success: a call that was given up closes it too.
    rig.calls(7 * SEC, "FF");
    rig.calls(12 * SEC, "I");
    assert_eq!(rig.state(12 * SEC), State::Closed);
}

/// Instants are ticks of 100 ns.
#[test]
fn instants_are_ticks() {
    let mut rig = Rig::new(QUICK);
    rig.calls(99, "FF");
    assert!(rig.refuses(5 * SEC - 1));
    assert!(rig.ask(5 * SEC).is_some());
}
