//! Limiters against their definitions, and their promises.

use proptest::prelude::*;

use super::stack::{StackAdmission, admit};
use super::*;

fn ms(millis: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(millis)
}

fn window(limit: u32, window_ms: u64, anchor: Anchor) -> LimiterSpec {
    let window = SimDuration::from_millis(window_ms);
    LimiterSpec::FixedWindow { limit, window, anchor, on_limit: OnLimit::Reject }
}

fn gcra(rate_per_s: f64, burst: u32) -> LimiterSpec {
    LimiterSpec::Gcra { rate_per_s, burst, count_rejected: false, on_limit: OnLimit::Reject }
}

fn bucket(rate_per_s: f64, burst: u32) -> LimiterSpec {
    LimiterSpec::TokenBucket { rate_per_s, burst, count_rejected: false, on_limit: OnLimit::Reject }
}

fn denied_until(at: u64) -> Admission {
    Admission::Denied { retry_at: ms(at) }
}

#[test]
fn an_aligned_window_starts_anew_at_its_multiples() {
    let mut limiter = Limiter::new(&window(2, 1000, Anchor::Aligned));
    let answers = [700, 800, 900, 1000, 1100, 1200].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    assert_eq!(
        answers,
        [granted, granted, denied_until(1000), granted, granted, denied_until(2000)]
    );
}

#[test]
fn a_window_may_open_at_the_first_request() {
    let mut limiter = Limiter::new(&window(2, 1000, Anchor::FirstRequest));
    let answers = [700, 800, 900, 1700, 5000].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    assert_eq!(answers, [granted, granted, denied_until(1700), granted, granted]);
    assert_eq!(limiter.remaining(ms(5001)), 1);
    assert_eq!(limiter.remaining(ms(6001)), 2);
}

#[test]
fn requests_held_back_take_places_in_windows_to_come() {
    let on_limit = OnLimit::Delay { max: SimDuration::from_millis(1500) };
    let spec = LimiterSpec::FixedWindow {
        limit: 1,
        window: SimDuration::from_millis(1000),
        anchor: Anchor::Aligned,
        on_limit,
    };
    let mut limiter = Limiter::new(&spec);
    let answers = [600, 600, 600, 600].map(|t| limiter.admit(ms(t), 1));
    let delayed = |t| Admission::Delayed { until: ms(t) };
    assert_eq!(answers, [Admission::Granted, delayed(1000), delayed(2000), denied_until(3000)]);
    assert_eq!(limiter.admit(ms(2500), 1), delayed(3000));
}

fn log(limit: u32, window_ms: u64, on_limit: OnLimit) -> LimiterSpec {
    LimiterSpec::SlidingLog { limit, window: SimDuration::from_millis(window_ms), on_limit }
}

/// One admitted exactly a window ago has left it.
#[test]
fn a_sliding_log_admits_when_the_oldest_has_left_the_window() {
    let mut limiter = Limiter::new(&log(2, 1000, OnLimit::Reject));
    let answers = [700, 800, 1699, 1700, 1799, 1800].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    let denied = denied_until;
    assert_eq!(answers, [granted, granted, denied(1700), granted, denied(1800), granted]);
    assert_eq!(limiter.remaining(ms(2699)), 0);
    assert_eq!(limiter.remaining(ms(2700)), 1);
}

#[test]
fn requests_held_back_by_a_sliding_log_keep_their_order() {
    let on_limit = OnLimit::Delay { max: SimDuration::from_millis(1500) };
    let mut limiter = Limiter::new(&log(1, 1000, on_limit));
    let answers = [600, 600, 2000, 2000].map(|t| limiter.admit(ms(t), 1));
    let delayed = |t| Admission::Delayed { until: ms(t) };
    assert_eq!(answers, [Admission::Granted, delayed(1600), delayed(2600), denied_until(3600)]);
}

/// governor: 2 per second.
#[test]
fn gcra_decides_as_governor_does() {
    let mut limiter = Limiter::new(&gcra(2.0, 2));
    let admitted =
        [0, 1, 2, 1002, 1003, 1004].map(|t| limiter.admit(ms(t), 1) == Admission::Granted);
    assert_eq!(admitted, [true, true, false, true, true, false]);
}

#[test]
fn a_bucket_filled_at_ticks_waits_for_the_tick() {
    let spec = LimiterSpec::TickBucket {
        tokens_per_fill: 2,
        fill_interval: SimDuration::from_millis(1000),
        burst: 3,
        on_limit: OnLimit::Reject,
    };
    let mut limiter = Limiter::new(&spec);
    let answers = [100, 100, 100, 100, 1000, 1000, 1001].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    let expected =
        [granted, granted, granted, denied_until(1000), granted, granted, denied_until(2000)];
    assert_eq!(answers, expected);
}

#[test]
fn a_denial_at_one_level_uses_up_no_other() {
    let mut limiters = [Limiter::new(&gcra(1.0, 5)), Limiter::new(&gcra(1.0, 1))];
    let answers = [0, 0, 0].map(|t| admit(&mut limiters, &[0, 1], ms(t), 1));
    let denied = StackAdmission::Denied { level: 1, retry_at: ms(1000) };
    assert_eq!(answers, [StackAdmission::Granted, denied, denied]);
    assert_eq!(limiters[0].remaining(ms(0)), 4);
}

#[test]
fn a_cut_limit_is_lifted_again() {
    let mut limiter = Limiter::new(&window(10, 1000, Anchor::Aligned));
    limiter.scale(ms(0), 0.2);
    let granted = |limiter: &mut Limiter, t| {
        (0..20).filter(|_| limiter.admit(ms(t), 1) == Admission::Granted).count()
    };
    assert_eq!(granted(&mut limiter, 10), 2);
    limiter.scale(ms(1000), 1.0);
    assert_eq!(granted(&mut limiter, 1000), 10);
}

fn specs() -> impl Strategy<Value = LimiterSpec> {
    prop_oneof![
        (1u32..20, 1u64..2000).prop_map(|(n, w)| window(n, w, Anchor::Aligned)),
        (1u32..20, 1u64..2000).prop_map(|(n, w)| window(n, w, Anchor::FirstRequest)),
        (0.5..100.0, 1u32..20).prop_map(|(r, b)| gcra(r, b)),
        (0.5..100.0, 1u32..20).prop_map(|(r, b)| bucket(r, b)),
        (1u32..10, 1u64..2000, 1u32..20).prop_map(|(n, i, burst)| LimiterSpec::TickBucket {
            tokens_per_fill: n,
            fill_interval: SimDuration::from_millis(i),
            burst,
            on_limit: OnLimit::Reject,
        }),
        (1u32..20, 1u64..2000).prop_map(|(n, w)| log(n, w, OnLimit::Reject)),
    ]
}

/// Requests a limiter may admit within `span` at most.
fn most(spec: &LimiterSpec, span: SimDuration) -> u64 {
    let s = span.as_nanos();
    match *spec {
        // 2× across an edge, and one window more for the part windows at both ends.
        LimiterSpec::FixedWindow { limit, window, .. } => {
            u64::from(limit) * (s / window.as_nanos() + 2)
        }
        LimiterSpec::SlidingLog { limit, window, .. } => {
            u64::from(limit) * (s / window.as_nanos() + 1)
        }
        LimiterSpec::TokenBucket { rate_per_s, burst, .. }
        | LimiterSpec::Gcra { rate_per_s, burst, .. } => {
            u64::from(burst) + s / period(rate_per_s) + 1
        }
        LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
            u64::from(burst) + u64::from(tokens_per_fill) * (s / fill_interval.as_nanos() + 1)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No window holds more than the limit, and what a denial promises is kept.
    #[test]
    fn a_sliding_log_holds_its_limit_in_every_window(
        gaps in prop::collection::vec(0u64..400, 1..80), limit in 1u32..6,
    ) {
        let mut limiter = Limiter::new(&log(limit, 1000, OnLimit::Reject));
        let (mut now, mut admitted) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            match limiter.admit(ms(now), 1) {
                Admission::Granted => admitted.push(now),
                Admission::Denied { retry_at } => {
                    prop_assert_eq!(limiter.check(retry_at, 1), Admission::Granted);
                    let before = SimTime::from_nanos(retry_at.as_nanos() - 1);
                    prop_assert!(limiter.check(before, 1) != Admission::Granted);
                }
                Admission::Delayed { .. } => prop_assert!(false, "it holds nobody back"),
            }
            let within = admitted.iter().filter(|t| **t + 1000 > now).count();
            prop_assert!(within <= limit as usize);
        }
    }

    #[test]
    fn the_promised_instant_is_exact(spec in specs(), gaps in prop::collection::vec(0u64..300, 1..60)) {
        let mut limiter = Limiter::new(&spec);
        let mut now = 0;
        for gap in gaps {
            now += gap;
            if let Admission::Denied { retry_at } = limiter.admit(ms(now), 1) {
                prop_assert!(retry_at > ms(now));
                let before = retry_at.saturating_sub(SimDuration::from_nanos(1));
                prop_assert!(limiter.clone().check(before, 1) != Admission::Granted);
                prop_assert_eq!(limiter.check(retry_at, 1), Admission::Granted);
            }
        }
    }

    #[test]
    fn no_more_pass_than_burst_and_rate_allow(spec in specs(), gaps in prop::collection::vec(0u64..50, 1..300)) {
        let mut limiter = Limiter::new(&spec);
        let (mut now, mut passed) = (0, 0u64);
        for gap in gaps {
            now += gap;
            passed += u64::from(limiter.admit(ms(now), 1) == Admission::Granted);
        }
        prop_assert!(passed <= most(&spec, SimDuration::from_millis(now)));
    }

    #[test]
    fn looking_changes_nothing(spec in specs(), looks in prop::collection::vec(0u64..100, 1..40)) {
        let mut looked_at = Limiter::new(&spec);
        let mut left_alone = Limiter::new(&spec);
        let mut now = 0;
        for gap in looks {
            now += gap;
            let _ = (looked_at.check(ms(now), 1), looked_at.refuses(ms(now)), looked_at.remaining(ms(now)));
            now += 1;
            prop_assert_eq!(looked_at.admit(ms(now), 1), left_alone.admit(ms(now), 1));
        }
    }
}
