//! The plain breaker against sequences worked out by hand.

use super::*;

fn spec(rule: RuleSpec, probes: u32, successes: u32) -> MachineSpec {
    MachineSpec::Generic(GenericSpec {
        rule,
        open: SimDuration::from_secs(10),
        half_open_probes: probes,
        half_open_successes: successes,
    })
}

fn record(breaker: &mut Breaker, now: SimTime, permit: Permit, result: CallResult) {
    breaker.record(now, permit, result, SimDuration::ZERO, &mut draw());
}

/// Makes a call with this result, if it may be made.
fn call(breaker: &mut Breaker, now: SimTime, result: CallResult) -> bool {
    match breaker.admit(now, &mut draw()) {
        Verdict::Permit(permit) => {
            record(breaker, now, permit, result);
            true
        }
        Verdict::Refused { .. } => false,
    }
}

#[test]
fn consecutive_failures_open_it_and_a_success_resets_the_count() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 3 }, 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Success, Failure, Failure] {
        assert!(call(&mut breaker, at(0), result));
        assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
    }
    call(&mut breaker, at(1), Failure);
    assert_eq!(breaker.state(SimTime::ZERO), State::Open);
    assert_eq!(breaker.next_deadline(), Some(at(11)));
    assert!(!call(&mut breaker, at(10), Success));
    assert!(call(&mut breaker, at(11), Success));
    assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
}

/// Five failures of the last eight, of which a success after the third pushes none out.
#[test]
fn a_number_of_failures_among_the_last_calls_opens_it() {
    let rule = RuleSpec::FailuresInWindow { size: 8, min_calls: 6, failures: 5 };
    let mut breaker = Breaker::new(&spec(rule.clone(), 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Failure, Failure, Failure] {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(at(0)), State::Closed, "too few calls");
    }
    call(&mut breaker, at(0), Success);
    assert_eq!(breaker.state(at(0)), State::Open);
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    // The first failure has left the window when the fifth of the others comes.
    for result in [Failure, Success, Success, Success, Success, Failure, Failure, Failure, Failure]
    {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(at(0)), State::Closed);
    }
    call(&mut breaker, at(0), Failure);
    assert_eq!(breaker.state(at(0)), State::Open);
}

/// Three failures within ten seconds, whatever succeeds between them; the edge itself is outside.
#[test]
fn failures_within_a_time_open_it() {
    use CallResult::{Failure, Success};
    let rule = RuleSpec::FailuresWithin { failures: 3, within: SimDuration::from_secs(10) };
    let opens = |third: u64| {
        let mut breaker = Breaker::new(&spec(rule.clone(), 1, 1));
        for (second, result) in [(1, Failure), (2, Success), (6, Failure), (7, Success)] {
            call(&mut breaker, at(second), result);
        }
        call(&mut breaker, SimTime::from_nanos(third), Failure);
        breaker.state(SimTime::from_nanos(third)) == State::Open
    };
    assert!(opens(10_999_999_999));
    assert!(!opens(11_000_000_000), "a failure exactly as old counts no longer");
    // Closed again, it has forgotten what opened it.
    let rule = RuleSpec::FailuresWithin { failures: 2, within: SimDuration::from_secs(60) };
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    call(&mut breaker, at(0), Failure);
    call(&mut breaker, at(1), Failure);
    assert!(call(&mut breaker, at(11), Success));
    call(&mut breaker, at(12), Failure);
    assert_eq!(breaker.state(at(12)), State::Closed);
    call(&mut breaker, at(13), Failure);
    assert_eq!(breaker.state(at(13)), State::Open);
}

/// resilience4j: with every result evaluated and >=, a success can trip a count window.
#[test]
fn a_success_can_trip_a_count_window() {
    let rule = RuleSpec::CountWindow { size: 5, min_calls: 5, failure_rate: 0.6 };
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Failure, Success] {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
    }
    call(&mut breaker, at(0), Success);
    assert_eq!(breaker.state(SimTime::ZERO), State::Open);
}

#[test]
fn a_time_window_forgets_its_oldest_bucket() {
    let rule = RuleSpec::TimeWindow {
        window: SimDuration::from_secs(10),
        buckets: 10,
        min_calls: 2,
        failure_rate: 0.5,
    };
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    call(&mut breaker, at(0), CallResult::Failure);
    // The failure of second 0 has left the window in second 10.
    call(&mut breaker, at(10), CallResult::Success);
    call(&mut breaker, at(10), CallResult::Success);
    assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
    call(&mut breaker, at(11), CallResult::Failure);
    call(&mut breaker, at(11), CallResult::Failure);
    assert_eq!(breaker.state(SimTime::ZERO), State::Open);
}

#[test]
fn probes_are_bounded_and_an_ignored_result_gives_its_probe_back() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 1 }, 2, 2));
    call(&mut breaker, at(0), CallResult::Failure);
    let Verdict::Permit(first) = breaker.admit(at(10), &mut draw()) else { panic!("a probe") };
    let Verdict::Permit(second) = breaker.admit(at(10), &mut draw()) else { panic!("a probe") };
    assert_eq!(breaker.admit(at(10), &mut draw()), Verdict::Refused { until: at(10) });
    record(&mut breaker, at(11), first, CallResult::Ignored);
    let Verdict::Permit(third) = breaker.admit(at(11), &mut draw()) else { panic!("a probe") };
    record(&mut breaker, at(12), second, CallResult::Success);
    assert_eq!(breaker.state(SimTime::ZERO), State::HalfOpen);
    record(&mut breaker, at(12), third, CallResult::Success);
    assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
}

#[test]
fn results_of_an_earlier_state_are_dropped() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 1 }, 1, 1));
    let Verdict::Permit(late) = breaker.admit(at(0), &mut draw()) else { panic!("closed") };
    call(&mut breaker, at(0), CallResult::Failure);
    let Verdict::Permit(probe) = breaker.admit(at(10), &mut draw()) else { panic!("a probe") };
    record(&mut breaker, at(11), late, CallResult::Failure);
    assert_eq!(breaker.state(SimTime::ZERO), State::HalfOpen);
    record(&mut breaker, at(11), probe, CallResult::Success);
    assert_eq!(breaker.state(SimTime::ZERO), State::Closed);
}
