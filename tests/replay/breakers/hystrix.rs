//! Hystrix by hand, after `HystrixCircuitBreakerTest`: `testTripCircuit`,
//! `testTripCircuitOnFailuresAboveThreshold`, `testCircuitDoesNotTripOnFailuresBelowThreshold`,
//! `testSingleTestOnOpenCircuitAfterTimeWindow`, `testCircuitClosedAfterSuccess` and
//! `testLowVolumeDoesNotTripCircuit`, with instants of simulated time in place of its sleeps.

use super::*;

/// As the test's commands: volume 2, 50 %, bucket 100 ms.
const QUICK: &str = "kind = 'hystrix'\nrequest_volume_threshold = 2\nsleep_window = '200ms'\n\
                     health_snapshot_interval = '100ms'";

/// The breaker looks at its health at the end of each bucket and at no other time.
#[test]
fn it_opens_at_a_snapshot_only() {
    let mut rig = Rig::new(QUICK);
    rig.calls(30 * MS, "SSSS");
    rig.calls(130 * MS, "FFFF");
    assert_eq!(rig.state(200 * MS - 1), State::Closed);
    assert_eq!(rig.breaker.next_move(), Some(SimTime::from_nanos(200 * MS)));
    assert!(rig.ask(200 * MS - 1).is_some());
    assert_eq!(rig.state(200 * MS), State::Open);
    assert!(rig.refuses(200 * MS));
    // A result at the very end of a bucket belongs to the next.
    let mut rig = Rig::new(QUICK);
    rig.calls(100 * MS, "FF");
    assert_eq!(rig.state(200 * MS - 1), State::Closed);
    assert_eq!(rig.state(200 * MS), State::Open);
}

/// S S F S F S F F is 50 %, at the threshold; with one failure less it is 37 %.
#[test]
fn the_threshold_itself_opens_it() {
    let mut rig = Rig::new(QUICK);
    rig.calls(0, "SSFSFSFF");
    assert_eq!(rig.state(100 * MS), State::Open);
    let mut rig = Rig::new(QUICK);
    rig.calls(0, "SSFSFSSF");
    assert_eq!(rig.state(100 * MS), State::Closed);
    let cut = rig.counts(100 * MS).failure_rate;
    assert!((cut - 37.0).abs() < f64::EPSILON, "3 of 8, cut to a whole number: {cut}");
    // 2 of 3 is 66.7 %: cut to 66, it does not reach 67.
    let mut rig = Rig::new(&format!("{QUICK}\nerror_threshold_percentage = 67"));
    rig.calls(0, "FFS");
    assert_eq!(rig.state(100 * MS), State::Closed);
}

#[test]
fn few_requests_do_not_open_it() {
    let mut rig = Rig::new("kind = 'hystrix'");
    rig.calls(0, &"F".repeat(19));
    assert_eq!(rig.state(500 * MS), State::Closed);
    // 19 at 0 s and one at 10 s are not within ten seconds: snapshot 20 is at 10 s and the first
    // bucket has left snapshot 21.
    rig.calls(10 * SEC, "F");
    assert_eq!(rig.state(11 * SEC), State::Closed);
    let mut rig = Rig::new("kind = 'hystrix'");
    rig.calls(0, &"F".repeat(19));
    rig.calls(10 * SEC - 1, "F");
    assert_eq!(rig.state(10 * SEC - 1), State::Closed);
    assert_eq!(rig.state(10 * SEC), State::Open);
}

/// A single probe, later than the sleep window by a millisecond's tick; its failure opens it for
/// another one.
#[test]
fn a_single_probe_after_the_sleep_window() {
    let mut rig = Rig::new(QUICK);
    rig.calls(0, "FFFF");
    assert_eq!(rig.state(100 * MS), State::Open);
    // currentTimeMillis > 100 + 200.
    assert!(rig.refuses(301 * MS - 1));
    let probe = rig.begin(301 * MS);
    assert_eq!(rig.state(301 * MS), State::HalfOpen);
    assert!(rig.refuses(301 * MS) && rig.refuses(5 * SEC));
    rig.tell(5 * SEC + 999, probe, CallResult::Failure);
    assert_eq!(rig.state(5 * SEC + 999), State::Open);
    assert!(rig.refuses(5201 * MS - 1));
    assert!(rig.ask(5201 * MS).is_some());
}

/// Closing resets the stream of buckets, at that instant; otherwise the old failures would
/// open it at the next snapshot. The probe is the stream's first result.
#[test]
fn closing_resets_the_stream() {
    let mut rig = Rig::new(QUICK);
    rig.calls(0, "FFFF");
    rig.calls(330 * MS, "S");
    assert_eq!(rig.state(330 * MS), State::Closed);
    rig.calls(340 * MS, "F");
    assert_eq!(rig.state(430 * MS - 1), State::Closed);
    assert_eq!(rig.state(430 * MS), State::Open, "the probe and a failure: 50 % of two");
}

/// Whatever is no success opens a half-open breaker; late results do as the probe would.
#[test]
fn any_other_end_opens_it_again() {
    let mut rig = Rig::new(QUICK);
    let (one, two) = (rig.begin(0), rig.begin(0));
    rig.calls(0, "FFFF");
    assert_eq!(rig.state(100 * MS), State::Open);
    rig.tell(200 * MS, one, CallResult::Success);
    assert_eq!(rig.state(200 * MS), State::Open);
    let probe = rig.begin(400 * MS);
    rig.tell(400 * MS, probe, CallResult::Ignored);
    assert_eq!(rig.state(400 * MS), State::Open);
    rig.begin(601 * MS);
    rig.tell(700 * MS, two, CallResult::Success);
    assert_eq!(rig.state(700 * MS), State::Closed);
}
