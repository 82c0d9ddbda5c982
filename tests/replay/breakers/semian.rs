//! Semian's adaptive breaker: its controller against recorded updates, bit for bit, its decision
//! by a draw, and a breaker that follows its controller at the instants of its updates.

use trunksim::policies::breaker::{SemianController, SemianReading, SemianSpec};

use super::*;

const PID: &str = include_str!("../../cases/policies/semian_pid.csv");
const DECISION: &str = include_str!("../../cases/policies/semian_decision.csv");

fn instant(seconds: &str) -> SimTime {
    SimTime::from_nanos((seconds.parse::<f64>().unwrap() * 1e9).round() as u64)
}

/// The parameters of a case, by the library's names.
fn spec(params: &str) -> SemianSpec {
    let mut spec = SemianSpec::default();
    for param in params.split(' ').filter(|param| *param != "defaults") {
        let (name, value) = param.split_once('=').unwrap();
        let number: f64 = value.parse().unwrap();
        match name {
            "kp" => spec.kp = number,
            "ki" => spec.ki = number,
            "kd" => spec.kd = number,
            "window_s" => spec.window = SimDuration::from_secs(value.parse().unwrap()),
            "sliding_interval_s" => {
                spec.sliding_interval = SimDuration::from_secs(value.parse().unwrap());
            }
            "initial_error_rate" => spec.initial_error_rate = number,
            "integral_upper_cap" => spec.integral_upper_cap = number,
            "integral_lower_cap" => spec.integral_lower_cap = number,
            other => panic!("{other}"),
        }
    }
    spec
}

/// Results: a number of one kind, at an instant.
fn events(written: &str) -> impl Iterator<Item = (&str, u32, SimTime)> {
    written.split(' ').filter(|event| !event.is_empty()).map(|event| {
        let (what, at) = event.split_once('@').unwrap();
        let (kind, times) = what.split_once('x').unwrap();
        (kind, times.parse().unwrap(), instant(at))
    })
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let data = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    data.map(|line| line.split(',').collect())
}

#[test]
fn updates_are_the_librarys_bit_for_bit() {
    let mut controller = SemianController::new(&SemianSpec::default());
    let (mut case, mut checked) = (String::new(), 0);
    for row in rows(PID) {
        if row[0] != case {
            case = row[0].to_owned();
            controller = SemianController::new(&spec(row[1]));
        }
        for (kind, times, at) in events(row[3]) {
            for _ in 0..times {
                match kind {
                    "success" => controller.record(at, CallResult::Success),
                    "error" => controller.record(at, CallResult::Failure),
                    // Rejected or excepted: neither is in the share of errors.
                    "rejected" => controller.record(at, CallResult::Ignored),
                    other => panic!("{other}"),
                }
            }
        }
        let found = controller.update(instant(row[2]));
        let written = |column: usize| row[column].parse::<f64>().unwrap();
        let expected = SemianReading {
            error_rate: written(4),
            ideal_error_rate: written(5),
            proportional: written(6),
            integral: written(7),
            derivative: written(8),
            rejection_rate: written(9),
            alpha: written(10),
        };
        assert_eq!(found, expected, "{row:?}");
        checked += 1;
    }
    assert_eq!(checked, 194);
}

/// A controller brought to a rejection rate: with kp = 1 and nothing else the first update rejects
/// the share of errors that is above an ideal of zero.
fn at_rate(rate: f64) -> SemianController {
    let spec = SemianSpec { ki: 0.0, initial_error_rate: 0.0, ..SemianSpec::default() };
    let mut controller = SemianController::new(&spec);
    for n in 0..10 {
        let fails = f64::from(n) < 10.0 * rate;
        let result = if fails { CallResult::Failure } else { CallResult::Success };
        controller.record(SimTime::ZERO, result);
    }
    controller.update(SimTime::from_nanos(SEC));
    assert_eq!(controller.reading().rejection_rate.to_bits(), rate.to_bits());
    controller
}

#[test]
fn a_call_is_rejected_below_the_rate_and_not_at_it() {
    let mut checked = 0;
    for row in rows(DECISION) {
        let mut controller = at_rate(row[0].parse().unwrap());
        let rejects = controller.rejects(SimTime::from_nanos(SEC), row[1].parse().unwrap());
        assert_eq!(rejects, row[2] == "true", "{row:?}");
        checked += 1;
    }
    assert_eq!(checked, 12);
}

/// The breaker updates at each second, before what happens at that instant, and is open at a rate
/// of 1, closed at 0 and half-open between.
#[test]
fn it_moves_at_its_updates_only() {
    let mut rig = Rig::new("kind = 'semian'");
    let mut controller = SemianController::new(&SemianSpec::default());
    let mut seen = Vec::new();
    // An outage of five seconds at 100 calls a second; no calls at the end.
    for second in 0..40 {
        let now = second * SEC;
        if second > 0 {
            assert_eq!(rig.state(now - 1), *seen.last().unwrap(), "nothing moves before {second}");
            let rate = controller.update(SimTime::from_nanos(now)).rejection_rate;
            let state = match rate {
                0.0 => State::Closed,
                1.0 => State::Open,
                _ => State::HalfOpen,
            };
            assert_eq!(rig.state(now), state, "{rate} at {second}");
        }
        seen.push(rig.state(now));
        let fails = (5..10).contains(&second);
        let result = if fails { CallResult::Failure } else { CallResult::Success };
        for n in 0..if second < 30 { 100 } else { 0 } {
            if let Some(permit) = rig.ask(now + n) {
                rig.tell(now + n, permit, result);
                controller.record(SimTime::from_nanos(now + n), result);
            }
        }
    }
    for state in [State::Closed, State::HalfOpen, State::Open] {
        assert!(seen.contains(&state), "{seen:?}");
    }
}

/// At a rate of 1 nothing goes out; the next update is when that may end.
#[test]
fn open_it_names_the_next_update() {
    let mut rig = Rig::new("kind = 'semian'\nkp = 10.0");
    rig.calls(0, "FFFF");
    assert!(!rig.refuses(SEC - 1));
    assert!(rig.refuses(SEC) && rig.refuses(2 * SEC - 1));
    let until = SimTime::from_nanos(2 * SEC);
    assert_eq!(rig.breaker.next_deadline(), Some(until));
    assert_eq!(rig.counts(2 * SEC - 1).refused, 2);
}

/// What is ignored enters no share.
#[test]
fn an_exception_it_does_not_list_is_recorded_nowhere() {
    let mut rig = Rig::new("kind = 'semian'");
    rig.calls(0, "IIIIF");
    let counts = rig.counts(1);
    assert_eq!((counts.calls, counts.failures), (1, 1));
}

/// With large weights a controller swings for ever. A breaker that was idle for long is where its
/// controller is, update by update; and an idle century takes no time.
#[test]
fn a_swinging_controller_is_followed_through_idle_time() {
    let tick = SimDuration::from_millis(100);
    for (kp, ki, kd) in [(1.0, 0.2, 1000.0), (1000.0, 1000.0, 1000.0), (0.3, 5.0, 0.0)] {
        let spec = SemianSpec { kp, ki, kd, sliding_interval: tick, ..SemianSpec::default() };
        let mut breaker = Breaker::new(&MachineSpec::Semian(spec.clone()));
        let mut controller = SemianController::new(&spec);
        let mut at = SimTime::ZERO;
        for looked_at in [25_000_u64, 25_001, 40_000, 123_456, 123_457, 200_000] {
            while at < SimTime::ZERO + tick * looked_at {
                at += tick;
                controller.update(at);
            }
            let rate = controller.reading().rejection_rate;
            let state = match rate {
                rate if rate >= 1.0 => State::Open,
                rate if rate <= 0.0 => State::Closed,
                _ => State::HalfOpen,
            };
            assert_eq!(breaker.state(at), state, "kd = {kd}, update {looked_at}, rate {rate}");
        }
        breaker.state(at + SimDuration::from_secs(100 * 365 * 86_400));
    }
}
