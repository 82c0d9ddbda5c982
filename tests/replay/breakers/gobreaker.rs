//! gobreaker v2: `TestDefaultCircuitBreaker`, `TestCustomCircuitBreaker` and `TestGeneration` of its
//! own tests, and its rolling counts by hand.

use super::*;

/// Requests, successes, failures, successes in a row, failures in a row.
fn counted(rig: &mut Rig, at: u64) -> [u64; 5] {
    let counts = rig.counts(at);
    [
        counts.calls,
        counts.successes,
        counts.failures,
        counts.consecutive_successes,
        counts.consecutive_failures,
    ]
}

#[test]
fn the_default_breaker_walks_as_in_its_own_test() {
    let mut rig = Rig::new("kind = 'gobreaker'");
    rig.calls(0, "FFFFF");
    assert_eq!((rig.state(0), counted(&mut rig, 0)), (State::Closed, [5, 0, 5, 0, 5]));
    rig.calls(0, "S");
    assert_eq!((rig.state(0), counted(&mut rig, 0)), (State::Closed, [6, 1, 5, 1, 0]));
    rig.calls(0, "F");
    assert_eq!((rig.state(0), counted(&mut rig, 0)), (State::Closed, [7, 1, 6, 0, 1]));
    rig.calls(0, "FFFFF");
    assert_eq!((rig.state(0), counted(&mut rig, 0)), (State::Open, [0; 5]));
    assert!(rig.refuses(0) && rig.refuses(0));
    assert_eq!(counted(&mut rig, 0), [0; 5]);
    assert_eq!(rig.state(59_999 * MS), State::Open);
    // The end itself is still open.
    assert_eq!(rig.state(60 * SEC), State::Open);
    assert!(rig.refuses(60 * SEC));
    assert_eq!(rig.state(60_999 * MS), State::HalfOpen);
    rig.calls(60_999 * MS, "F");
    assert_eq!((rig.state(60_999 * MS), counted(&mut rig, 60_999 * MS)), (State::Open, [0; 5]));
    assert_eq!(rig.state(120_999 * MS), State::Open);
    assert_eq!(rig.state(120_999 * MS + 1), State::HalfOpen);
    rig.calls(120_999 * MS + 1, "S");
    assert_eq!(rig.state(121 * SEC), State::Closed);
    assert_eq!(counted(&mut rig, 121 * SEC), [0; 5]);
}

const CUSTOM: &str = "kind = 'gobreaker'\nmax_requests = 3\ninterval = '30s'\ntimeout = '90s'\n\
                      ready_to_trip = { kind = 'ratio', min_requests = 3, failure_ratio = 0.6 }";

#[test]
fn the_custom_breaker_walks_as_in_its_own_test() {
    let mut rig = Rig::new(CUSTOM);
    rig.calls(0, "SFSFSFSFSF");
    assert_eq!((rig.state(0), counted(&mut rig, 0)), (State::Closed, [10, 5, 5, 0, 1]));
    rig.calls(29 * SEC, "S");
    assert_eq!(counted(&mut rig, 29 * SEC), [11, 6, 5, 1, 0]);
    // The interval is over strictly after 30 s.
    let mut edge = Rig::new(CUSTOM);
    edge.calls(0, "S");
    edge.calls(30 * SEC, "F");
    assert_eq!(counted(&mut edge, 30 * SEC), [2, 1, 1, 0, 1]);
    let over = 30 * SEC + 1;
    rig.calls(over, "F");
    assert_eq!((rig.state(over), counted(&mut rig, over)), (State::Closed, [1, 0, 1, 0, 1]));
    rig.calls(over, "SF");
    assert_eq!((rig.state(over), counted(&mut rig, over)), (State::Open, [0; 5]));
    assert!(rig.refuses(over + 90 * SEC));
    let half = over + 90 * SEC + 1;
    rig.calls(half, "SS");
    assert_eq!((rig.state(half), counted(&mut rig, half)), (State::HalfOpen, [2, 2, 0, 2, 0]));
    let third = rig.begin(half);
    assert_eq!(counted(&mut rig, half), [3, 2, 0, 2, 0]);
    assert!(rig.refuses(half), "over max_requests");
    rig.tell(half + 100 * MS, third, CallResult::Success);
    assert_eq!(rig.state(half + 100 * MS), State::Closed);
    assert_eq!(counted(&mut rig, half + 100 * MS), [0; 5]);
}

/// `TestGeneration`: a result of the interval before has no effect.
#[test]
fn a_result_of_the_interval_before_is_dropped() {
    let mut rig = Rig::new(CUSTOM);
    rig.calls(29 * SEC, "S");
    let late = rig.begin(29 * SEC);
    assert_eq!(counted(&mut rig, 29_500 * MS), [2, 1, 0, 1, 0]);
    rig.tell(30_500 * MS, late, CallResult::Success);
    assert_eq!(counted(&mut rig, 30_500 * MS), [0; 5]);
    // The interval began with that result: it lasts until 60.5 s.
    rig.calls(31 * SEC, "F");
    rig.calls(60_500 * MS, "S");
    assert_eq!(counted(&mut rig, 60_500 * MS), [2, 1, 1, 1, 0]);
    rig.calls(60_500 * MS + 1, "S");
    assert_eq!(counted(&mut rig, 60_501 * MS), [1, 1, 0, 1, 0]);
}

/// Ten buckets of 3 s. A bucket leaves when its slot is needed, and a result goes to the bucket of
/// its call.
#[test]
fn rolling_counts_forget_bucket_by_bucket() {
    let mut rig = Rig::new(
        "kind = 'gobreaker'\nmax_requests = 3\ninterval = '30s'\nbucket_period = '3s'\n\
         timeout = '90s'\n\
         ready_to_trip = { kind = 'ratio', min_requests = 100, failure_ratio = 0.6 }",
    );
    rig.calls(0, "SF");
    let late = rig.begin(2 * SEC);
    rig.calls(3 * SEC, "FF");
    assert_eq!(counted(&mut rig, 3 * SEC), [5, 1, 3, 0, 3]);
    rig.tell(4 * SEC, late, CallResult::Success);
    assert_eq!(counted(&mut rig, 4 * SEC), [5, 2, 3, 1, 0]);
    rig.calls(30 * SEC - 1, "F");
    assert_eq!(counted(&mut rig, 30 * SEC - 1), [6, 2, 4, 0, 1]);
    // At 30 s the first bucket, with two successes and a failure of its three requests, is gone.
    rig.calls(30 * SEC, "F");
    assert_eq!(counted(&mut rig, 30 * SEC), [4, 0, 4, 0, 2]);
    let late = rig.begin(30 * SEC);
    rig.calls(33 * SEC, "F");
    assert_eq!(counted(&mut rig, 33 * SEC), [4, 0, 3, 0, 3]);
    // Its bucket has left the window: the result is counted nowhere, nor is its request.
    rig.calls(60 * SEC, "F");
    rig.tell(60 * SEC, late, CallResult::Failure);
    assert_eq!(counted(&mut rig, 60 * SEC), [2, 0, 2, 0, 2]);
}

/// A run of failures that reaches back into the bucket that leaves is shortened by what lay there.
#[test]
fn a_run_is_shortened_by_the_bucket_that_leaves() {
    let mut rig = Rig::new(
        "kind = 'gobreaker'\ninterval = '6s'\nbucket_period = '3s'\n\
         ready_to_trip = { kind = 'consecutive', above = 4 }",
    );
    rig.calls(0, "FFF");
    rig.calls(3 * SEC, "F");
    assert_eq!(counted(&mut rig, 3 * SEC), [4, 0, 4, 0, 4]);
    rig.calls(6 * SEC, "F");
    assert_eq!((rig.state(6 * SEC), counted(&mut rig, 6 * SEC)), (State::Closed, [2, 0, 2, 0, 2]));
    // Longer than the window without a call: all is forgotten at once.
    rig.calls(20 * SEC, "F");
    assert_eq!(counted(&mut rig, 20 * SEC), [1, 0, 1, 0, 1]);
}

/// Excluded results are neither, and give their place back while half-open.
#[test]
fn excluded_results_are_counted_apart() {
    let mut rig = Rig::new("kind = 'gobreaker'");
    rig.calls(0, "FFFIIIFF");
    assert_eq!(rig.counts(0).ignored, 3);
    assert_eq!(rig.state(0), State::Closed);
    rig.calls(0, "F");
    assert_eq!(rig.state(0), State::Open);
    rig.calls(61 * SEC, "II");
    assert_eq!(rig.state(61 * SEC), State::HalfOpen);
    let probe = rig.begin(61 * SEC);
    assert!(rig.refuses(61 * SEC));
    rig.tell(62 * SEC, probe, CallResult::Success);
    assert_eq!(rig.state(62 * SEC), State::Closed);
}
