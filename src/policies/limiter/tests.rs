//! Limiters against their definitions.

use super::stack::{Charge, StackAdmission, admit};
use super::*;
use crate::engine::time::SimDuration;

fn ms(millis: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(millis)
}

fn window(limit: u32, window_ms: u64, anchor: Anchor) -> LimiterSpec {
    let window = SimDuration::from_millis(window_ms);
    let on_limit = OnLimit::Reject;
    LimiterSpec::FixedWindow { limit, window, anchor, count_rejected: false, on_limit }
}

fn gcra(rate_per_s: f64, burst: u32) -> LimiterSpec {
    LimiterSpec::Gcra { rate_per_s, burst, count_rejected: false, on_limit: OnLimit::Reject }
}

fn denied_until(at: u64) -> Admission {
    Admission::Denied { retry_at: ms(at) }
}

#[test]
fn an_aligned_window_resets_at_its_multiples() {
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
    let on_limit = OnLimit::Delay { max: SimDuration::from_millis(1500), refuses: Refuses::AtOnce };
    let spec = LimiterSpec::FixedWindow {
        limit: 1,
        window: SimDuration::from_millis(1000),
        anchor: Anchor::Aligned,
        count_rejected: false,
        on_limit,
    };
    let mut limiter = Limiter::new(&spec);
    let answers = [600, 600, 600, 600].map(|t| limiter.admit(ms(t), 1));
    let delayed = |t| Admission::Delayed { until: ms(t) };
    assert_eq!(answers, [Admission::Granted, delayed(1000), delayed(2000), denied_until(1500)]);
    assert_eq!(limiter.admit(ms(2500), 1), delayed(3000));
}

/// governor: 2 per second.
#[test]
fn gcra_decides_as_governor_does() {
    let mut limiter = Limiter::new(&gcra(2.0, 2));
    let admitted =
        [0, 1, 2, 1002, 1003, 1004].map(|t| limiter.admit(ms(t), 1) == Admission::Granted);
    assert_eq!(admitted, [true, true, false, true, true, false]);
}

/// governor divides integers: 7 per second are 142 857 142 ns each, 60 s / 7 are 8 571 428 571 ns.
#[test]
fn gcra_cuts_its_period_off_as_governor_does() {
    for (rate, period) in [(7.0, 142_857_142), (7.0 / 60.0, 8_571_428_571), (0.1, 10_000_000_000)] {
        let mut limiter = Limiter::new(&gcra(rate, 1));
        assert_eq!(limiter.admit(ms(0), 1), Admission::Granted);
        let retry_at = SimTime::from_nanos(period);
        assert_eq!(limiter.admit(ms(0), 1), Admission::Denied { retry_at });
    }
    // Every whole count per second, minute and hour.
    for n in 1..=100_000_u64 {
        for seconds in [1, 60, 3600] {
            let exact = (seconds * 1_000_000_000 / n).max(1);
            assert_eq!(period_cut_off(n as f64 / seconds as f64), exact, "{n} per {seconds} s");
        }
    }
}

/// A cut of the slowest and deepest bucket does not overflow.
#[test]
fn deep_and_slow_limits_can_be_cut() {
    let spec = LimiterSpec::TokenBucket {
        rate_per_s: 1e-6,
        burst: 1_000_000_000,
        count_rejected: false,
        on_limit: OnLimit::Reject,
    };
    for spec in [spec, gcra(1e-6, 1_000_000_000)] {
        let mut limiter = Limiter::new(&spec);
        assert_eq!(limiter.admit(ms(0), 400_000_000), Admission::Granted);
        limiter.scale(ms(0), 0.01);
        assert_eq!(limiter.remaining(ms(0)), 600_000_000);
    }
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
    let path = [0, 1].map(|limiter| Charge { limiter, cost: 1 });
    let answers = [0, 0, 0].map(|t| admit(&mut limiters, &path, ms(t)));
    let denied = StackAdmission::Denied { level: 1, retry_at: ms(1000) };
    assert_eq!(answers, [StackAdmission::Granted, denied, denied]);
    assert_eq!(limiters[0].remaining(ms(0)), 4);
}

#[test]
fn each_level_is_tested_and_debited_at_its_own_cost() {
    let day = SimDuration::from_secs(86_400).as_nanos() / 1_000_000;
    let specs = [window(3, 1000, Anchor::Aligned), window(100, day, Anchor::Aligned)];
    let mut limiters = specs.map(|spec| Limiter::new(&spec));
    let path = [Charge { limiter: 0, cost: 1 }, Charge { limiter: 1, cost: 40 }];
    let answers = [0, 1, 2].map(|t| admit(&mut limiters, &path, ms(t)));
    let denied = StackAdmission::Denied { level: 1, retry_at: ms(day) };
    assert_eq!(answers, [StackAdmission::Granted, StackAdmission::Granted, denied]);
    let left = limiters.each_ref().map(|limiter| limiter.remaining(ms(2)));
    assert_eq!(left, [1, 20]);
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

/// A cut in the middle of a window refuses the rest of it, and no more.
#[test]
fn what_passed_before_a_cut_is_not_owed_after_it() {
    let mut limiter = Limiter::new(&window(10, 1000, Anchor::Aligned));
    (0..10).for_each(|_| assert_eq!(limiter.admit(ms(1), 1), Admission::Granted));
    limiter.scale(ms(2), 0.2);
    assert_eq!(limiter.admit(ms(3), 1), denied_until(1000));
    limiter.scale(ms(4), 1.0);
    assert_eq!(limiter.admit(ms(5), 1), denied_until(1000));
    assert_eq!(limiter.remaining(ms(1000)), 10);
}

#[test]
fn presets_are_sound_limiters() {
    for preset in PRESETS {
        let spec: LimiterSpec =
            toml::from_str(preset.settings).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        assert_eq!(spec.check(), [], "{}", preset.name);
        // Every key is there: writing it out again adds none.
        let written: toml::Table = toml::from_str(preset.settings).unwrap();
        assert_eq!(toml::Table::try_from(&spec).unwrap(), written, "{}", preset.name);
    }
}

#[test]
fn more_than_the_burst_at_once_never_pass() {
    let mut limiter = Limiter::new(&gcra(5.0, 5));
    assert_eq!(limiter.admit(ms(0), 15), Admission::Denied { retry_at: SimTime::NEVER });
    assert_eq!(limiter.capacity(), 5);
    assert_eq!(limiter.admit(ms(0), 5), Admission::Granted);
}

fn sliding_log(edge: Edge) -> LimiterSpec {
    LimiterSpec::SlidingLog {
        limit: 2,
        window: SimDuration::from_millis(1000),
        edge,
        count_rejected: false,
        on_limit: OnLimit::Reject,
    }
}

#[test]
fn a_request_one_window_old_counts_or_not() {
    let granted = Admission::Granted;
    let mut strict = Limiter::new(&sliding_log(Edge::Strict));
    let answers = [0, 300, 999, 1000, 1299, 1300].map(|t| strict.admit(ms(t), 1));
    let expected = [granted, granted, denied_until(1000), granted, denied_until(1300), granted];
    assert_eq!(answers, expected);
    let mut inclusive = Limiter::new(&sliding_log(Edge::Inclusive));
    let edge = ms(1000) + SimDuration::from_nanos(1);
    assert_eq!([0, 300].map(|t| inclusive.admit(ms(t), 1)), [granted, granted]);
    assert_eq!(inclusive.admit(ms(1000), 1), Admission::Denied { retry_at: edge });
    assert_eq!(inclusive.admit(edge, 1), granted);
}

#[test]
fn refused_requests_may_count_and_the_promise_tells() {
    let LimiterSpec::SlidingLog { limit, window, edge, on_limit, .. } = sliding_log(Edge::Strict)
    else {
        unreachable!()
    };
    let spec = LimiterSpec::SlidingLog { limit, window, edge, count_rejected: true, on_limit };
    let mut limiter = Limiter::new(&spec);
    let answers = [0, 300, 500, 1000, 1300].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    let denied = denied_until;
    assert_eq!(answers, [granted, granted, denied(1300), denied(1500), denied(2000)]);
}

/// nginx: burst 5, delay 2, 10 r/s, seven at once (the reasoning of `limit_req_account`).
#[test]
fn nginx_lets_some_pass_and_holds_back_the_rest() {
    let spec = LimiterSpec::NginxLimitReq {
        rate: 10,
        per: RatePer::Second,
        burst: 5,
        delay: 2,
        nodelay: false,
    };
    let mut limiter = Limiter::new(&spec);
    assert_eq!(limiter.remaining(ms(0)), 3);
    let answers = [7; 7].map(|t| limiter.admit(ms(t), 1));
    let granted = Admission::Granted;
    let delayed = |t| Admission::Delayed { until: ms(t) };
    let expected =
        [granted, granted, granted, delayed(107), delayed(207), delayed(307), denied_until(107)];
    assert_eq!(answers, expected);
}

/// nginx cuts 100 r/m off to 1.666 r/s: a millisecond more than 600 ms between two.
#[test]
fn nginx_counts_in_thousandths() {
    let spec = LimiterSpec::NginxLimitReq {
        rate: 100,
        per: RatePer::Minute,
        burst: 0,
        delay: 0,
        nodelay: false,
    };
    let mut limiter = Limiter::new(&spec);
    assert_eq!(limiter.admit(ms(0), 1), Admission::Granted);
    assert_eq!(limiter.admit(ms(600), 1), denied_until(601));
    assert_eq!(limiter.admit(ms(601), 1), Admission::Granted);
}

fn cycles(limit: u32, period: u64, timeout: u64) -> Limiter {
    Limiter::new(&LimiterSpec::Cycles {
        limit,
        period: SimDuration::from_millis(period),
        timeout: SimDuration::from_millis(timeout),
        refuses: Refuses::AfterWait,
    })
}

#[test]
fn permits_of_cycles_to_come_are_reserved_within_the_timeout() {
    let granted = Admission::Granted;
    let delayed = |t| Admission::Delayed { until: ms(t) };
    let mut limiter = cycles(1, 50, 100);
    let answers = [0, 0, 0, 0, 1].map(|t| limiter.admit(ms(t), 1));
    assert_eq!(answers, [granted, delayed(50), delayed(100), denied_until(50), denied_until(50)]);
    assert_eq!(limiter.remaining(ms(149)), 0);
    assert_eq!(limiter.admit(ms(150), 1), granted);
    // Unused capacity is not saved up.
    assert_eq!(limiter.remaining(ms(1000)), 1);
}

#[test]
fn more_than_a_cycle_has_are_reserved_of_several() {
    let delayed = |t| Admission::Delayed { until: ms(t) };
    let mut limiter = cycles(2, 50, 60);
    assert_eq!(limiter.capacity(), 6);
    assert_eq!(limiter.admit(ms(0), 4), delayed(50));
    assert_eq!(limiter.admit(ms(0), 1), denied_until(40));
    assert_eq!(limiter.admit(ms(40), 1), delayed(100));
    let mut limiter = cycles(2, 50, 60);
    assert_eq!(limiter.admit(ms(0), 6), denied_until(40));
    assert_eq!(limiter.admit(ms(45), 6), delayed(100));
    assert_eq!(limiter.admit(ms(45), 7), Admission::Denied { retry_at: SimTime::NEVER });
}

#[test]
fn a_new_limit_of_cycles_counts_from_the_next() {
    let mut limiter = cycles(10, 50, 0);
    limiter.scale(ms(0), 0.2);
    assert_eq!(limiter.remaining(ms(49)), 10);
    assert_eq!(limiter.remaining(ms(50)), 2);
}

#[test]
fn fill_intervals_below_envoys_are_refused() {
    let spec = |fill| LimiterSpec::TickBucket {
        tokens_per_fill: 1,
        fill_interval: SimDuration::from_millis(fill),
        burst: 1,
        on_limit: OnLimit::Reject,
    };
    assert_eq!(spec(50).check(), []);
    assert_eq!(spec(49).check()[0].field, "fill_interval");
}

/// A tick's tokens that the bucket cannot hold are lost, also with a request waiting for one.
#[test]
fn a_tick_fills_no_more_than_the_bucket_holds() {
    let spec = LimiterSpec::TickBucket {
        tokens_per_fill: 3,
        fill_interval: SimDuration::from_millis(50),
        burst: 1,
        on_limit: OnLimit::Delay { max: SimDuration::from_millis(100), refuses: Refuses::AtOnce },
    };
    let mut limiter = Limiter::new(&spec);
    let answers = [0, 0, 0, 0].map(|t| limiter.admit(ms(t), 1));
    let delayed = |t| Admission::Delayed { until: ms(t) };
    assert_eq!(answers, [Admission::Granted, delayed(50), delayed(100), denied_until(50)]);
}

/// resilience4j's own `reservePermissionsUpfront`: 3 per 10 ms, time-out 12 ms.
#[test]
fn permits_are_reserved_upfront_as_in_resilience4js_test() {
    let mut limiter = cycles(3, 10, 12);
    let waits: Vec<Option<u64>> = (1..=9)
        .map(|i| {
            let now = ms(10) + SimDuration::from_nanos(i);
            match limiter.admit(now, 1) {
                Admission::Granted => Some(0),
                Admission::Delayed { until } => Some((until - now).as_nanos()),
                Admission::Denied { .. } => None,
            }
        })
        .collect();
    let cycle = 10_000_000;
    let held = [Some(cycle - 4), Some(cycle - 5), Some(cycle - 6)];
    let expected = [[Some(0); 3], held, [None; 3]].concat();
    assert_eq!(waits, expected);
}

/// resilience4j's own `changePermissionsLimitBetweenCycles` and `reserveFewThenSkipCycles…`.
#[test]
fn reserved_permits_are_paid_back_by_the_cycles_that_follow() {
    let mut limiter = cycles(1, 250, 250);
    assert_eq!(limiter.admit(ms(250), 1), Admission::Granted);
    assert_eq!(limiter.admit(ms(250), 1), Admission::Delayed { until: ms(500) });
    assert_eq!(limiter.admit(ms(250), 1), denied_until(500));
    let mut doubled = limiter.clone();
    doubled.scale(ms(250), 2.0);
    assert_eq!(doubled.remaining(ms(500)), 1);
    assert_eq!(limiter.remaining(ms(500)), 0);
    assert_eq!(limiter.remaining(ms(1500)), 1);
}
