//! The bounds that adaptive token buckets promise.

use proptest::prelude::*;

use super::*;
use crate::engine::random::RandomSource;

fn at_ms(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

fn throttle(text: &str) -> Throttle {
    let spec: ThrottleSpec = toml::from_str(text).unwrap();
    assert_eq!(spec.check(), []);
    Throttle::new(&spec)
}

fn atb(size: f64, rate_per_min: f64) -> Atb {
    Atb::new(AtbFigures {
        bucket_size: size,
        initial_tokens: 1.0,
        initial_rate_per_min: rate_per_min,
        initial_congestion: 60.0,
        first_step: 1.5,
        second_step: 1.2,
        connection_errors_max: None,
    })
}

/// Ten connection errors are outlived, each with a pause of a second; after the eleventh nothing
/// is sent.
#[test]
fn connection_errors_hold_a_client_up_and_end_it() {
    for kind in ["atb", "aatb"] {
        let mut throttle = throttle(&format!("kind = '{kind}'\nconnection_errors_max = 10"));
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        let mut now = at_ms(1_000_000);
        for _ in 0..10 {
            throttle.on_response(now, Outcome::TimedOut);
            let until = now + SimDuration::from_secs(1);
            let early = at_ms(now.as_nanos() / 1_000_000 + 999);
            for at in [now, early] {
                let gate = throttle.admit(at, Sending::RetryAfterTimeout, &mut rng);
                assert_eq!(gate, Gate::Wait { until }, "{kind}");
            }
            now = until;
        }
        let gate = throttle.admit(now, Sending::RetryAfterTimeout, &mut rng);
        assert!(matches!(gate, Gate::Open | Gate::Reserved { .. }), "{kind}: {gate:?}");
        throttle.on_response(now, Outcome::TimedOut);
        let later = now + SimDuration::from_secs(86_400);
        assert_eq!(throttle.admit(later, Sending::First, &mut rng), Gate::Refused, "{kind}");
    }
}

/// However many successes, the rate stays a number.
#[test]
fn the_rate_grows_without_bound_and_stays_finite() {
    let mut bucket = atb(4.0, 600.0);
    for i in 0..10_000 {
        bucket.on_response(at_ms(i), Outcome::Ok);
        assert!(bucket.rate_per_s().is_finite());
        let gate = bucket.admit(at_ms(i));
        assert!(matches!(gate, Gate::Open | Gate::Reserved { .. }), "{gate:?}");
    }
}

/// No reply changes the rate before the report window has passed since the last change, and no
/// success ever does.
#[test]
fn successes_do_not_move_an_assisted_rate() {
    let mut throttle = throttle("kind = 'aatb'\ninitial_rate_per_min = 60.0");
    (0..100).for_each(|i| throttle.on_response(at_ms(i), Outcome::Ok));
    let Throttle::Aatb(bucket) = &throttle else { panic!() };
    assert_eq!((bucket.tokens().rate, bucket.outgoing()), (1.0, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Tries pass in the order they ask, at the rate in force: what a second yields and the bucket
    /// holds, and what rounding an instant to a hundredth adds to each.
    #[test]
    fn a_bucket_lets_through_no_more_than_its_rate(
        gaps in prop::collection::vec(0u64..3000, 1..200),
        size in 1.0f64..20.0,
        rate_per_min in 1.0f64..600.0,
    ) {
        let mut bucket = atb(size, rate_per_min);
        let (mut now, mut last, mut passed) = (SimTime::ZERO, SimTime::ZERO, 0.0);
        for ms in gaps {
            now += SimDuration::from_millis(ms);
            let sent = match bucket.admit(now) {
                Gate::Open => now,
                Gate::Reserved { until } => until,
                gate => panic!("{gate:?}"),
            };
            prop_assert!(sent >= now);
            // A hundredth of an instant apart, they may change places.
            prop_assert!(sent.saturating_add(SimDuration::from_millis(5)) >= last);
            last = last.max(sent);
            passed += 1.0;
            let seconds = sent.as_secs_f64() + 0.005 * (passed + 1.0);
            prop_assert!(passed <= 1.0 + size + bucket.rate_per_s() * seconds);
        }
    }

    /// A failure halves the rate, down to a hundredth, and what comes next waits for a whole token.
    #[test]
    fn rates_keep_their_bounds(answers in prop::collection::vec((1u64..5000, 0u8..4), 1..200)) {
        let mut bucket = atb(4.0, 60.0);
        let mut now = SimTime::ZERO;
        for (ms, kind) in answers {
            now += SimDuration::from_millis(ms);
            let before = bucket.rate_per_s();
            let outcome = match kind {
                0 => Outcome::TooManyRequests,
                1 => Outcome::TimedOut,
                _ => Outcome::Ok,
            };
            bucket.on_response(now, outcome);
            let rate = bucket.rate_per_s();
            match outcome {
                Outcome::Ok => prop_assert!(rate > before && rate <= before * 1.5 + 0.02),
                Outcome::TimedOut => prop_assert_eq!(rate.to_bits(), before.to_bits()),
                _ => {
                    prop_assert!(rate >= 0.01 && (rate - before / 2.0).abs() <= 0.005 + 1e-9);
                    let last = bucket.last_congestion().to_bits();
                    prop_assert!(bucket.tokens() == 0.0 && last == before.to_bits());
                }
            }
        }
    }

    /// An assisted rate moves by replies alone, keeps its least, and no try passes before the hold.
    #[test]
    fn an_assisted_bucket_obeys_its_hold(
        steps in prop::collection::vec((1u64..40_000, 0u8..4, 0u64..9), 1..200),
    ) {
        let Throttle::Aatb(mut bucket) = throttle("kind = 'aatb'\nbucket_size = 40.0") else {
            panic!()
        };
        let mut rng = RandomSource::new(1, 0).at(0, 0, 0);
        let mut now = SimTime::ZERO;
        for (ms, kind, reported_429) in steps {
            now += SimDuration::from_millis(ms);
            let rate = bucket.tokens().rate;
            match kind {
                0 => bucket.on_response(now, Outcome::TooManyRequests),
                1 => bucket.report(now),
                _ => bucket.on_response(now, Outcome::Ok),
            }
            prop_assert_eq!(bucket.tokens().rate.to_bits(), rate.to_bits());
            let sums = Sums { total_requests: 40, active_clients: 4, reported_429 };
            let report = bucket.outgoing();
            bucket.hears(now, sums, &mut rng);
            prop_assert!(bucket.tokens().rate >= 0.01 && bucket.outgoing().is_none());
            if report.is_none() {
                prop_assert_eq!(bucket.tokens().rate.to_bits(), rate.to_bits());
            }
            let hold = bucket.hold();
            if kind == 3 {
                let sent = match bucket.admit(now) {
                    Gate::Open => now,
                    Gate::Reserved { until } => until,
                    gate => panic!("{gate:?}"),
                };
                prop_assert!(sent.as_secs_f64() >= hold - 0.005_001);
                now = now.max(sent);
            }
        }
    }
}
