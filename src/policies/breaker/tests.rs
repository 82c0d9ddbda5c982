//! The breaker against sequences worked out by hand, and its promises.

use proptest::prelude::*;

use super::*;

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

fn spec(rule: RuleSpec, probes: u32, successes: u32) -> BreakerSpec {
    BreakerSpec {
        rule,
        open: SimDuration::from_secs(10),
        half_open_probes: probes,
        half_open_successes: successes,
        ..BreakerSpec::default()
    }
}

/// Makes a call with this result, if it may be made.
fn call(breaker: &mut Breaker, now: SimTime, result: CallResult) -> bool {
    match breaker.admit(now) {
        Verdict::Permit(permit) => {
            breaker.record(now, permit, result);
            true
        }
        Verdict::Refused { .. } => false,
    }
}

#[test]
fn consecutive_failures_open_it_and_a_success_starts_the_count_anew() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 3 }, 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Success, Failure, Failure] {
        assert!(call(&mut breaker, at(0), result));
        assert_eq!(breaker.state(), State::Closed);
    }
    call(&mut breaker, at(1), Failure);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.next_deadline(), Some(at(11)));
    assert!(!call(&mut breaker, at(10), Success));
    assert!(call(&mut breaker, at(11), Success));
    assert_eq!(breaker.state(), State::Closed);
}

/// Five failures of the last eight, of which a success after the third pushes none out.
#[test]
fn so_many_failures_of_the_last_calls_open_it() {
    let rule = RuleSpec::FailuresInWindow { size: 8, min_calls: 6, failures: 5 };
    let mut breaker = Breaker::new(&spec(rule.clone(), 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Failure, Failure, Failure] {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(), State::Closed, "too few calls");
    }
    call(&mut breaker, at(0), Success);
    assert_eq!(breaker.state(), State::Open);
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    // The first failure has left the window when the fifth of the others comes.
    for result in [Failure, Success, Success, Success, Success, Failure, Failure, Failure, Failure]
    {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(), State::Closed);
    }
    call(&mut breaker, at(0), Failure);
    assert_eq!(breaker.state(), State::Open);
}

/// resilience4j: with every result evaluated and >=, a success can trip a count window.
#[test]
fn a_success_can_trip_a_count_window() {
    let rule = RuleSpec::CountWindow { size: 5, min_calls: 5, failure_rate: 0.6 };
    let mut breaker = Breaker::new(&spec(rule, 1, 1));
    use CallResult::{Failure, Success};
    for result in [Failure, Failure, Failure, Success] {
        call(&mut breaker, at(0), result);
        assert_eq!(breaker.state(), State::Closed);
    }
    call(&mut breaker, at(0), Success);
    assert_eq!(breaker.state(), State::Open);
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
    assert_eq!(breaker.state(), State::Closed);
    call(&mut breaker, at(11), CallResult::Failure);
    call(&mut breaker, at(11), CallResult::Failure);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn probes_are_bounded_and_an_ignored_result_gives_its_probe_back() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 1 }, 2, 2));
    call(&mut breaker, at(0), CallResult::Failure);
    let Verdict::Permit(first) = breaker.admit(at(10)) else { panic!("a probe") };
    let Verdict::Permit(second) = breaker.admit(at(10)) else { panic!("a probe") };
    assert_eq!(breaker.admit(at(10)), Verdict::Refused { until: at(10) });
    breaker.record(at(11), first, CallResult::Ignored);
    let Verdict::Permit(third) = breaker.admit(at(11)) else { panic!("a probe") };
    breaker.record(at(12), second, CallResult::Success);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(at(12), third, CallResult::Success);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn results_of_an_earlier_state_are_dropped() {
    let mut breaker = Breaker::new(&spec(RuleSpec::Consecutive { failures: 1 }, 1, 1));
    let Verdict::Permit(late) = breaker.admit(at(0)) else { panic!("closed") };
    call(&mut breaker, at(0), CallResult::Failure);
    let Verdict::Permit(probe) = breaker.admit(at(10)) else { panic!("a probe") };
    breaker.record(at(11), late, CallResult::Failure);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(at(11), probe, CallResult::Success);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn outcomes_are_classed_as_the_spec_says() {
    let spec = BreakerSpec {
        failures: vec![Outcome::TimedOut],
        ignored: vec![Outcome::TooManyRequests],
        ..BreakerSpec::default()
    };
    assert_eq!(spec.classify(Outcome::TimedOut), CallResult::Failure);
    assert_eq!(spec.classify(Outcome::TooManyRequests), CallResult::Ignored);
    assert_eq!(spec.classify(Outcome::Unavailable), CallResult::Success);
    assert_eq!(spec.classify(Outcome::Ok), CallResult::Success);
}

fn rules() -> impl Strategy<Value = RuleSpec> {
    prop_oneof![
        (1u32..6).prop_map(|failures| RuleSpec::Consecutive { failures }),
        (1u32..10, 1u32..10, 0.1..1.0).prop_map(|(size, min_calls, failure_rate)| {
            RuleSpec::CountWindow { size, min_calls, failure_rate }
        }),
        (1u64..60, 1u32..10, 1u32..10, 0.1..1.0).prop_map(
            |(secs, buckets, min_calls, failure_rate)| {
                let window = SimDuration::from_secs(secs);
                RuleSpec::TimeWindow { window, buckets, min_calls, failure_rate }
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_open_breaker_admits_nothing_before_its_deadline(
        rule in rules(),
        steps in prop::collection::vec((0u64..5, any::<bool>()), 1..200),
    ) {
        let mut breaker = Breaker::new(&spec(rule, 2, 1));
        let mut now = 0;
        let mut opened = None;
        for (gap, fails) in steps {
            now += gap;
            let until = breaker.next_deadline();
            let result = if fails { CallResult::Failure } else { CallResult::Success };
            let made = call(&mut breaker, at(now), result);
            if let Some(until) = until {
                prop_assert_eq!(made, at(now) >= until);
            }
            if breaker.state() == State::Open && opened.is_none() {
                prop_assert_eq!(breaker.next_deadline(), Some(at(now + 10)));
            }
            opened = breaker.next_deadline();
        }
    }
}
