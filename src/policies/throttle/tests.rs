//! Throttles against their formulas, and the bounds they promise.

use proptest::prelude::*;

use super::*;
use crate::engine::random::RandomSource;

fn at(s: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(s)
}

#[test]
fn nothing_is_held_back_before_the_first_throttling() {
    let mut throttle = Throttle::new(&toml::from_str("kind = 'aws_adaptive'").unwrap());
    let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
    for i in 0..100 {
        let now = at(f64::from(i) * 0.01);
        assert_eq!(throttle.admit(now, Sending::First, &mut rng), Gate::Open);
        throttle.on_response(now, Outcome::Unavailable);
    }
    throttle.on_response(at(1.0), Outcome::TooManyRequests);
    let gates: Vec<Gate> =
        (0..200).map(|_| throttle.admit(at(1.0), Sending::First, &mut rng)).collect();
    assert!(gates.iter().any(|g| matches!(g, Gate::Wait { .. })), "{gates:?}");
}

/// Who waits until it is told may be sent then; smithy's takes its place at once.
#[test]
fn a_wait_ends_when_its_tokens_are_there() {
    for reserve in [false, true] {
        let text = format!("kind = 'aws_adaptive'\nretry_cost = 5.0\nreserve = {reserve}");
        let mut throttle = Throttle::new(&toml::from_str(&text).unwrap());
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        for i in 0..20 {
            throttle.on_response(at(f64::from(i) * 0.1), Outcome::Ok);
        }
        throttle.on_response(at(2.0), Outcome::TooManyRequests);
        let mut now = at(2.0);
        let mut waited = 0;
        for _ in 0..50 {
            match throttle.admit(now, Sending::First, &mut rng) {
                Gate::Open => {}
                Gate::Reserved { until } => {
                    assert!(reserve && until > now);
                    waited += 1;
                    now = until;
                }
                Gate::Wait { until } => {
                    assert!(!reserve && until > now);
                    waited += 1;
                    now = until;
                    assert_eq!(throttle.admit(now, Sending::First, &mut rng), Gate::Open);
                }
                Gate::Refused => panic!("the adaptive mode refuses no try"),
            }
        }
        assert!(waited > 40, "{waited} of 50 waited");
    }
}

/// With nothing accepted, after n requests the next is refused with probability n/(n + 1).
#[test]
fn the_refusals_follow_the_formula_and_are_counted_as_requests() {
    let mut throttle = AdaptiveThrottle::new(2.0, SimDuration::from_secs(120), 120);
    let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
    for n in 0..50_u32 {
        let n = f64::from(n);
        assert!((throttle.refusal(at(0.0)) - n / (n + 1.0)).abs() < 1e-12);
        throttle.admit(at(0.0), &mut rng);
    }
    // 50 requests, 30 accepts: 2·30 > 50.
    (0..30).for_each(|_| throttle.on_accept(at(1.0)));
    assert_eq!(throttle.refusal(at(1.0)).to_bits(), 0.0f64.to_bits());
    // The requests leave the window one part before the accepts.
    assert_eq!(throttle.refusal(at(119.9)).to_bits(), 0.0f64.to_bits());
    for _ in 0..10 {
        throttle.admit(at(121.5), &mut rng);
    }
    assert!((throttle.refusal(at(121.5)) - 10.0 / 11.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The bucket fills by at least the least rate, by at most twice the measured, and holds no
    /// more than its capacity; early questions change nothing about when a try is let through.
    #[test]
    fn the_rate_keeps_its_bounds(
        answers in prop::collection::vec((1u64..2000, prop::bool::weighted(0.2)), 1..200),
    ) {
        let costs =
            CubicCosts { first_cost: 1.0, retry_cost: 1.0, timeout_cost: 1.0, reserve: false };
        let mut cubic = Cubic::new(
            CubicRate::new(0.4, 0.7, 0.0, SimTime::ZERO),
            RateClock::new(0.8, SimTime::ZERO),
            0.5,
            costs,
        );
        let mut measured = RateClock::new(0.8, SimTime::ZERO);
        let mut now = SimTime::ZERO;
        for (ms, throttled) in answers {
            now += SimDuration::from_millis(ms);
            cubic.on_response(now, throttled);
            let rate = measured.record(now);
            prop_assert!(cubic.fill_per_s() >= 0.5);
            prop_assert!(cubic.fill_per_s() <= (2.0 * rate).max(0.5) + 1e-12);
            prop_assert!(cubic.tokens() <= cubic.capacity());
            if let Gate::Wait { until } = cubic.clone().admit(now, Sending::First) {
                let early = now + (until - now) / 2;
                let mut asked = cubic.clone();
                asked.admit(now, Sending::First);
                let again = asked.admit(early, Sending::First);
                prop_assert!(matches!(again, Gate::Wait { .. }), "{again:?}");
                prop_assert_eq!(asked.admit(until, Sending::First), Gate::Open);
            }
        }
    }
}
