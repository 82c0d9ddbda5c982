//! Backoffs against figures worked out by hand, and the bounds they promise.

use proptest::prelude::*;

use super::*;
use crate::engine::random::{Draw, RandomSource};

fn draw(index: u64) -> Draw {
    RandomSource::new(3, 0).at(0, 0, index)
}

fn millis(ms: u64) -> SimDuration {
    SimDuration::from_millis(ms)
}

fn exponential(jitter: Jitter) -> BackoffSpec {
    let (base, cap) = (millis(100), SimDuration::from_secs(2));
    BackoffSpec::Exponential { base, multiplier: 2.0, cap, jitter }
}

fn spec(text: &str) -> BackoffSpec {
    let spec: BackoffSpec = toml::from_str(text).unwrap();
    assert_eq!(spec.check(), []);
    spec
}

/// The waits before the first `n` retries after outcomes of one kind.
fn waits(spec: &BackoffSpec, n: u32, outcome: Outcome, index: u64) -> Vec<SimDuration> {
    let mut state = BackoffState::default();
    (1..=n)
        .map(|number| {
            state.note(outcome);
            let retry = Retry { number, outcome, elapsed: SimDuration::ZERO };
            spec.next(&mut state, retry, &mut draw(index + u64::from(number)))
        })
        .collect()
}

#[test]
fn ceilings_double_up_to_the_cap() {
    let spec = exponential(Jitter::None);
    let waits: Vec<u64> = (1..=7)
        .map(|n| spec.delay(n, SimDuration::ZERO, &mut draw(0)).as_nanos() / 1_000_000)
        .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
    assert_eq!(spec.ceiling(u32::MAX), SimDuration::from_secs(2));
}

#[test]
fn a_linear_backoff_adds_its_increment() {
    let spec = BackoffSpec::Linear {
        base: SimDuration::from_secs(1),
        increment: SimDuration::from_secs(2),
        cap: SimDuration::from_secs(6),
        jitter: Jitter::None,
    };
    let waits = [1, 2, 3, 4].map(|n| spec.ceiling(n));
    assert_eq!(waits, [1, 3, 5, 6].map(SimDuration::from_secs));
}

/// 500 ms by 1.5: 750, 1125, 1687.5 cut to 1687, 2530.5 cut to 2530.
#[test]
fn resilience4j_cuts_to_milliseconds_at_every_step() {
    let spec = spec("kind = 'resilience4j'\ninitial = '500ms'\nmax = '2500ms'");
    let expected = [500, 750, 1125, 1687, 2500, 2500].map(millis);
    assert_eq!(waits(&spec, 6, Outcome::Unavailable, 0), expected);
}

#[test]
fn urllib3_does_not_wait_before_its_first_retry() {
    let spec = spec("kind = 'urllib3'\nfactor = '500ms'\nmax = '3s'");
    let expected = [0, 1000, 2000, 3000, 3000].map(millis);
    assert_eq!(waits(&spec, 5, Outcome::TimedOut, 0), expected);
}

/// .NET SDK: five flat waits after 5xx, then a step by the time that has passed; 429 stays flat.
#[test]
fn the_genesys_steps_follow_the_time_that_has_passed() {
    let spec = spec(
        "kind = 'stepped'\nflat = '3s'\nflat_retries = 5\nbase = '1s'\nevery = '5m'\nsteps = 3",
    );
    let mut state = BackoffState::default();
    let mut next = |number, outcome, minutes: u64| {
        state.note(outcome);
        let elapsed = SimDuration::from_secs(60 * minutes);
        let retry = Retry { number, outcome, elapsed };
        spec.next(&mut state, retry, &mut draw(0)).as_nanos() / 1_000_000_000
    };
    let early: Vec<u64> = (1..=5).map(|n| next(n, Outcome::Unavailable, 11)).collect();
    assert_eq!(early, [3; 5]);
    assert_eq!(next(6, Outcome::TooManyRequests, 11), 3);
    let late = [0, 4, 5, 9, 10, 60].map(|minutes| next(7, Outcome::Unavailable, minutes));
    assert_eq!(late, [3, 3, 9, 9, 27, 27]);
}

#[test]
fn aws_scales_by_what_the_answer_was() {
    let spec = spec("kind = 'aws'\nthrottling = '1s'\ntransient = '50ms'\ncap = '20s'");
    for index in 0..64 {
        let throttled = waits(&spec, 8, Outcome::TooManyRequests, index);
        let failed = waits(&spec, 8, Outcome::Unavailable, index);
        for (n, (throttled, failed)) in throttled.iter().zip(&failed).enumerate() {
            let window = f64::powi(2.0, n as i32).min(20.0);
            assert!(throttled.as_secs_f64() <= window);
            assert!(failed.as_secs_f64() <= 0.05 * f64::powi(2.0, n as i32));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn waits_stay_in_their_bounds(retry in 1u32..40, last_ms in 0u64..2000, index: u64) {
        let last = millis(last_ms);
        let mut rng = draw(index);
        let top = exponential(Jitter::None).ceiling(retry);
        prop_assert!(exponential(Jitter::Full).delay(retry, last, &mut rng) <= top);
        let equal = exponential(Jitter::Equal).delay(retry, last, &mut rng);
        prop_assert!(equal <= top && equal >= top.mul_f64(0.5));
        let decorrelated = exponential(Jitter::Decorrelated).delay(retry, last, &mut rng);
        let base = millis(100);
        prop_assert!(decorrelated >= base);
        prop_assert!(decorrelated <= (last.max(base) * 3).min(SimDuration::from_secs(2)));
    }

    #[test]
    fn grpc_spreads_by_a_fifth_after_the_cap(
        initial_ms in 1u64..2000, max_ms in 1u64..20_000, multiplier in 1.0f64..4.0, index: u64,
    ) {
        let (initial, max) = (millis(initial_ms), millis(max_ms));
        let spec = BackoffSpec::Grpc { initial, max, multiplier, jitter: 0.2 };
        for (n, wait) in waits(&spec, 6, Outcome::Unavailable, index).into_iter().enumerate() {
            let middle = grown(initial, multiplier, n as u32, max);
            prop_assert!(wait >= middle.mul_f64(0.8) && wait <= middle.mul_f64(1.2));
        }
    }

    #[test]
    fn envoy_stays_below_its_window(base_ms in 1u64..200, times in 1u64..50, index: u64) {
        for window in [EnvoyWindow::Documented, EnvoyWindow::Doubling] {
            let max = Some(millis(base_ms * times));
            let spec = BackoffSpec::Envoy { base: millis(base_ms), max, window };
            for (n, wait) in waits(&spec, 12, Outcome::Unavailable, index).into_iter().enumerate() {
                let factor = match window {
                    EnvoyWindow::Documented => (1u64 << (n + 1)) - 1,
                    EnvoyWindow::Doubling => 1u64 << n,
                };
                prop_assert!(wait < millis(base_ms * factor.min(times)));
                prop_assert_eq!(wait.as_nanos() % 1_000_000, 0);
            }
        }
    }

    /// Two draws of the formula can be at most as far apart as its values at both ends.
    #[test]
    fn polly_stays_within_its_formula(delay_ms in 1u64..5000, max_ms in 1u64..60_000, index: u64) {
        let (delay, max_delay) = (millis(delay_ms), Some(millis(max_ms)));
        let polly = |growth, jitter| BackoffSpec::Polly { growth, delay, max_delay, jitter };
        let value = |t: f64| t.exp2() * (4.0 * t).sqrt().tanh();
        let waits = |growth, jitter| waits(&polly(growth, jitter), 8, Outcome::TimedOut, index);
        let jittered = waits(PollyGrowth::Exponential, true);
        let linear = waits(PollyGrowth::Linear, true);
        for n in 0..8 {
            let t = f64::from(n);
            let top = (value(t + 1.0) - value((t - 1.0).max(0.0))) / 1.4;
            let nth = n as usize;
            prop_assert!(jittered[nth] <= delay.mul_f64(top + 1e-9).min(millis(max_ms)));
            let middle = delay * (n as u64 + 1);
            prop_assert!(linear[nth] >= middle.mul_f64(0.75).min(millis(max_ms)));
            prop_assert!(linear[nth] <= middle.mul_f64(1.25).min(millis(max_ms)));
        }
    }

    #[test]
    fn resilience4j_waits_whole_milliseconds_around_its_interval(
        initial_ms in 1u64..5000, multiplier in 1.0f64..3.0, share in 0.01f64..1.0, index: u64,
    ) {
        let initial = millis(initial_ms);
        let plain =
            BackoffSpec::Resilience4j { initial, multiplier, randomization: 0.0, max: None };
        let spread =
            BackoffSpec::Resilience4j { initial, multiplier, randomization: share, max: None };
        let middles = waits(&plain, 8, Outcome::Unavailable, index);
        for (wait, middle) in waits(&spread, 8, Outcome::Unavailable, index).iter().zip(&middles) {
            prop_assert_eq!(wait.as_nanos() % 1_000_000, 0);
            let (wait, middle) = (wait.as_millis_f64(), middle.as_millis_f64());
            prop_assert!(wait >= 1.0 && wait >= (middle * (1.0 - share)).floor());
            prop_assert!(wait <= middle * (1.0 + share) + 1.0);
        }
    }

    #[test]
    fn tenacity_keeps_within_min_and_max(
        multiplier_ms in 1u64..3000, min_ms in 0u64..2000, span_ms in 0u64..20_000, index: u64,
    ) {
        let (min, max) = (millis(min_ms), millis(min_ms + span_ms));
        for wait in
            [TenacityWait::Exponential, TenacityWait::RandomExponential, TenacityWait::ExponentialJitter]
        {
            let spec = BackoffSpec::Tenacity {
                wait,
                multiplier: millis(multiplier_ms),
                exp_base: 2.0,
                min,
                max: Some(max),
                jitter: millis(1000),
            };
            for wait in waits(&spec, 12, Outcome::TooManyRequests, index) {
                prop_assert!(wait >= min && wait <= max, "{wait} not in {min} to {max}");
            }
        }
    }

    /// Jitter adds less than as much again, after the cap.
    #[test]
    fn backon_adds_up_to_as_much_again(min_ms in 1u64..3000, max_ms in 1u64..60_000, index: u64) {
        let backon = |jitter| BackoffSpec::Backon {
            min_delay: millis(min_ms),
            factor: 2.0,
            max_delay: Some(millis(max_ms)),
            jitter,
        };
        let plain = waits(&backon(false), 10, Outcome::Unavailable, index);
        for (wait, middle) in waits(&backon(true), 10, Outcome::Unavailable, index).iter().zip(plain) {
            prop_assert!(*wait >= middle && *wait <= middle * 2 + SimDuration::from_nanos(2000));
        }
    }

    #[test]
    fn finagle_starts_at_its_start_and_stays_below_its_max(start_ms in 1u64..50, index: u64) {
        let (start, max) = (millis(start_ms), millis(200));
        let waits = waits(&BackoffSpec::Finagle { start, max }, 20, Outcome::Unavailable, index);
        prop_assert_eq!(waits[0], start);
        for pair in waits.windows(2) {
            prop_assert!(pair[1] >= start && pair[1] <= (pair[0] * 3).min(max));
        }
    }
}
