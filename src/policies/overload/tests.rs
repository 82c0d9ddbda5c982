//! Overload control: the clients against the RFCs' arithmetic, the servers against their formulas.

use proptest::prelude::*;

use super::*;
use crate::engine::random::{Draw, RandomSource};

fn at(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

fn ms(ms: u64) -> SimDuration {
    SimDuration::from_millis(ms)
}

fn rng(index: u64) -> Draw {
    RandomSource::new(7, 0).at(0, 0, index)
}

fn loss() -> OverloadSpec {
    OverloadSpec::Loss {
        occupancy: 0.8,
        interval: ms(100),
        growth_max: 5.0,
        accepted_min: 0.02,
        validity: ms(500),
    }
}

fn rate(randomize: bool) -> OverloadSpec {
    OverloadSpec::Rate {
        delay: ms(200),
        interval: ms(100),
        occupancy: 0.9,
        validity: ms(60_000),
        tau0: 0.0,
        tau1: 2.0,
        tau2: 4.0,
        randomize,
    }
}

fn told(now: u64, value: u16) -> Feedback {
    Feedback::new(now / 100, Demand::Value(value))
}

#[test]
fn presets_mean_something() {
    for preset in PRESETS {
        let spec: OverloadSpec = toml::from_str(preset.settings).unwrap();
        assert_eq!(spec.check(), [], "{}", preset.name);
    }
}

#[test]
fn feedback_keeps_its_value_and_the_end_of_its_sequence_number() {
    for demand in [Demand::Stop, Demand::Value(0), Demand::Value(1), Demand::Value(65_533)] {
        assert_eq!(Feedback::new(3, demand).demand(), demand);
    }
    assert_eq!(size_of::<Option<Feedback>>(), 4);
    for sequence in [0, 1, 65_535, 65_536, 1 << 30] {
        let feedback = Feedback::new(sequence, Demand::Stop);
        let heard = SimTime::ZERO + ms(100) * sequence + ms(99);
        assert_eq!(feedback.sequence(heard, ms(100)), sequence);
        assert_eq!(feedback.sequence(heard + ms(30_000), ms(100)), sequence);
    }
}

/// RFC 7415 §3.5.1 by hand: 10/s, so T = 100 ms; TAU1 = 200 ms, TAU2 = 400 ms; control since 0 with
/// X = 0. Columns: arrival, priority, sent; X afterwards in the comment.
#[test]
fn the_leaky_bucket_is_the_one_of_the_rfc() {
    let mut throttle = Throttle::new(&rate(false));
    throttle.hears(at(0), told(0, 10), &mut rng(0));
    let arrivals = [
        (0, false, true),    // X' = 0, X = 100
        (0, false, true),    // X' = 100, X = 200
        (0, false, true),    // X' = 200 = TAU1, X = 300
        (0, false, false),   // X' = 300 > TAU1
        (0, true, true),     // X' = 300 <= TAU2, X = 400
        (0, true, true),     // X' = 400 = TAU2, X = 500
        (99, true, false),   // X' = 401 > TAU2
        (100, true, true),   // X' = 400, X = 500
        (399, false, false), // X' = 201
        (400, false, true),  // X' = 200, X = 300
        (5000, false, true), // X' < 0, X = 100
        (5000, false, true), // X' = 100
    ];
    for (ms, priority, sent) in arrivals {
        assert_eq!(throttle.admits(at(ms), priority, &mut rng(1)), sent, "at {ms} ms");
    }
}

#[test]
fn a_rate_of_nothing_sends_nothing_and_a_stop_frees_at_once() {
    let mut throttle = Throttle::new(&rate(false));
    throttle.hears(at(0), told(0, 0), &mut rng(0));
    assert!(!throttle.admits(at(1), true, &mut rng(0)));
    throttle.hears(at(250), Feedback::new(2, Demand::Stop), &mut rng(0));
    assert!(throttle.admits(at(250), false, &mut rng(0)));
    assert!(!throttle.is_bound(at(250)));
}

/// Two requests' worth stay two requests' worth when the rate changes.
#[test]
fn a_bucket_stays_as_full_when_the_rate_changes() {
    let mut throttle = Throttle::new(&rate(false));
    throttle.hears(at(0), told(0, 10), &mut rng(0));
    (0..3).for_each(|_| assert!(throttle.admits(at(0), false, &mut rng(0))));
    // X' = 200 ms = 2T; now T = 1 s and X = 2 s.
    throttle.hears(at(100), told(100, 1), &mut rng(0));
    assert!(throttle.admits(at(100), false, &mut rng(0)), "2T = TAU1");
    assert!(!throttle.admits(at(1099), false, &mut rng(0)), "more than 2T of the 3T left");
    // X' = 2 s; now T = 20 ms and X = 40 ms.
    throttle.hears(at(1100), told(1100, 50), &mut rng(0));
    assert!(throttle.admits(at(1100), false, &mut rng(0)));
    assert!(!throttle.admits(at(1119), false, &mut rng(0)));
    assert!(throttle.admits(at(1120), false, &mut rng(0)));
}

/// RFC 7415 §3.5.3: without tolerance the gap between two requests under heavy load is uniform on
/// [T/2, 3T/2] once the bucket has run empty.
#[test]
fn an_empty_bucket_is_filled_by_half_to_one_and_a_half_t() {
    let spec = OverloadSpec::Rate {
        delay: ms(200),
        interval: ms(100),
        occupancy: 0.9,
        validity: ms(1_000_000),
        tau0: 0.0,
        tau1: 0.0,
        tau2: 0.0,
        randomize: true,
    };
    let (mut throttle, mut last, mut gaps) = (Throttle::new(&spec), None, Vec::new());
    throttle.hears(at(0), told(0, 10), &mut rng(0));
    for t in 0..200_000 {
        if throttle.admits(at(t), false, &mut rng(t)) {
            gaps.extend(last.map(|last| (t - last) as f64));
            last = Some(t);
        }
    }
    assert!(gaps.iter().all(|gap| (50.0..=151.0).contains(gap)));
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    // Requests come each millisecond, which adds half of one. Uniform of width 100 ms.
    let error = 100.0 / 12f64.sqrt() / (gaps.len() as f64).sqrt();
    assert!((mean - 100.5).abs() < 4.0 * error, "{mean} ms");
}

#[test]
fn the_share_asked_for_is_held_back_and_those_with_priority_last() {
    let held_back = |percent, priority| throttle::held_back(percent, 40.0, priority) as u32;
    assert_eq!(held_back(10.0, false), 25, "the example of RFC 7339, section 6");
    assert_eq!(held_back(10.0, true), 0);
    assert_eq!(held_back(70.0, false), 100);
    assert_eq!(held_back(70.0, true), 50);
    for (percent, priority_every) in [(30, 4), (90, 4), (30, u64::MAX), (100, 4), (0, 4)] {
        let mut throttle = Throttle::new(&loss());
        let n = 20_000;
        let (mut held, mut priority_held) = (0.0, 0.0);
        for i in 0..n {
            throttle.hears(at(i), told(i, percent), &mut rng(0));
            let priority = i % priority_every == priority_every - 1;
            let refused = !throttle.admits(at(i), priority, &mut rng(i));
            // The mix is learnt from the first thousand.
            if i >= 1000 && refused {
                held += 1.0;
                priority_held += f64::from(u8::from(priority));
            }
        }
        let n = (n - 1000) as f64;
        let p = f64::from(percent) / 100.0;
        // The mix wanders a little about its mean: percentages lie within a point of it.
        let error = 4.0 * (p * (1.0 - p) / n).sqrt() + 0.01;
        assert!((held / n - p).abs() <= error, "{percent} %: {}", held / n);
        assert_eq!(priority_held > 0.0, percent > 75 && priority_every == 4, "{percent} %");
    }
}

#[test]
fn what_a_client_was_told_holds_for_its_validity_and_no_longer() {
    let mut throttle = Throttle::new(&loss());
    throttle.hears(at(1000), told(1000, 100), &mut rng(0));
    assert_eq!(throttle.next_deadline(), Some(at(1500)));
    assert!(!throttle.admits(at(1499), false, &mut rng(1)));
    // The same sequence number renews it; an older one is ignored.
    throttle.hears(at(1400), told(1000, 100), &mut rng(0));
    throttle.hears(at(1450), told(900, 0), &mut rng(0));
    assert!(!throttle.admits(at(1899), false, &mut rng(1)));
    assert!(throttle.admits(at(1900), false, &mut rng(1)));
    assert!(!throttle.is_bound(at(1900)));
}

/// f ← φ·f with φ = 0.8/ρ: a server that is always busy asks for 20 %, 36 %, 49 %, … less.
#[test]
fn a_busy_server_asks_for_more_and_more_and_an_idle_one_for_nothing() {
    let mut control = Control::new(&loss(), 1, 1);
    control.level(at(0), 1, 3);
    assert_eq!(control.feedback(at(99), 0).demand(), Demand::Stop);
    let asked: Vec<Demand> = (1..=3).map(|i| control.feedback(at(100 * i), 0).demand()).collect();
    assert_eq!(asked, [Demand::Value(20), Demand::Value(36), Demand::Value(49)]);
    assert_eq!(control.feedback(at(100_000), 0).demand(), Demand::Value(98), "the least share");
    control.level(at(100_000), 0, 0);
    // 0.02·5·5·5 > 1.
    assert_eq!(control.feedback(at(100_250), 0).demand(), Demand::Value(50));
    assert_eq!(control.feedback(at(100_300), 0).demand(), Demand::Stop);
}

/// λ = μ·(1 − (d − d*)/C): 10 ms each, so μ = 100/s; 40 wait, so d = 400 ms; d* = 200 ms.
#[test]
fn rates_follow_the_queueing_delay_and_are_shared_out() {
    let spec = OverloadSpec::Rate {
        delay: ms(200),
        interval: ms(1000),
        occupancy: 0.9,
        validity: ms(500),
        tau0: 0.0,
        tau1: 5.0,
        tau2: 10.0,
        randomize: false,
    };
    let mut control = Control::new(&spec, 1, 3);
    control.level(at(0), 1, 40);
    (0..50).for_each(|i| control.starts(at(10 * i), true, ms(10)));
    let granted: Vec<Demand> = (0..3).map(|c| control.feedback(at(1000), c).demand()).collect();
    // 80/s for three: 27, 27 and 26, in turn.
    assert_eq!(granted, [Demand::Value(27), Demand::Value(26), Demand::Value(27)]);
    // Half of the time goes to others: μ = 50/s.
    (0..50).for_each(|i| control.starts(at(1000 + 10 * i), false, ms(10)));
    let all: u32 = (0..3)
        .map(|c| match control.feedback(at(2000), c).demand() {
            Demand::Value(value) => u32::from(value),
            Demand::Stop => panic!("it is overloaded"),
        })
        .sum();
    assert_eq!(all, 40);
    control.level(at(2000), 0, 0);
    assert_eq!(control.feedback(at(3000), 0).demand(), Demand::Stop);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However requests come, no more are sent within any time t than the bucket holds and drains:
    /// TAU/T + 1 + t/T (with random fillings one and a half where it ran empty).
    #[test]
    fn no_client_sends_faster_than_its_bucket(
        gaps in prop::collection::vec(0u64..120, 1..200),
        per_s in 1u16..60,
        priority: bool,
    ) {
        let mut throttle = Throttle::new(&rate(false));
        let mut now = 0;
        throttle.hears(at(0), told(0, per_s), &mut rng(0));
        let mut sent = Vec::new();
        for gap in gaps {
            now += gap;
            if throttle.admits(at(now), priority, &mut rng(now)) {
                sent.push(now);
            }
        }
        let (t, tau) = (1000.0 / f64::from(per_s), if priority { 4.0 } else { 2.0 });
        for (i, from) in sent.iter().enumerate() {
            for (n, until) in sent[i..].iter().enumerate() {
                let within = (until - from) as f64;
                prop_assert!(n as f64 <= tau + within / t + 1e-3);
            }
        }
    }

    /// Who is free is never held back, and who asks in between changes nothing but the mix.
    #[test]
    fn looking_early_changes_nothing(steps in prop::collection::vec((1u64..400, 0u16..120), 1..80)) {
        let (mut throttle, mut now) = (Throttle::new(&loss()), 0);
        for (gap, value) in steps {
            now += gap;
            if value < 101 {
                throttle.hears(at(now), told(now, value), &mut rng(now));
                prop_assert_eq!(throttle.next_deadline(), Some(at(now + 500)));
                prop_assert!(throttle.is_bound(at(now + 499)) && !throttle.is_bound(at(now + 500)));
            } else {
                let bound = throttle.is_bound(at(now));
                let deadline = throttle.next_deadline();
                let admitted = throttle.admits(at(now), false, &mut rng(now));
                prop_assert!(admitted || bound);
                prop_assert_eq!(throttle.next_deadline(), deadline.filter(|_| bound));
            }
        }
    }

    /// A server that is asked at every instant and one that is asked at the end alone say the same.
    #[test]
    fn a_server_says_the_same_however_often_it_is_asked(
        steps in prop::collection::vec((1u64..700, 0u32..3, 0usize..60, any::<bool>()), 1..60),
        scheme: bool,
    ) {
        let spec = if scheme { loss() } else { rate(false) };
        let mut often = Control::new(&spec, 2, 3);
        let mut seldom = often.clone();
        let mut now = 0;
        for (gap, busy, waiting, starts) in steps {
            for early in now..now + gap {
                let _ = often.feedback(at(early), 1);
            }
            now += gap;
            for control in [&mut often, &mut seldom] {
                control.level(at(now), busy, waiting);
                if starts {
                    control.starts(at(now), busy == 1, ms(7));
                }
            }
            let fact = often.clone().feedback(at(now + 3), 1);
            prop_assert_eq!(fact, seldom.clone().feedback(at(now + 3), 1));
            if let (true, Demand::Value(percent)) = (scheme, fact.demand()) {
                prop_assert!(percent <= 98);
            }
        }
    }
}
