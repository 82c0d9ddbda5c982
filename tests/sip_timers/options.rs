//! OPTIONS keepalive: how long a leg that falls silent passes for well.

use trunksim::engine::time::SimTime;
use trunksim::system::observation::Observation;

use super::{Log, run};

const INTERVAL_MS: u64 = 60_000;
const TIMEOUT_MS: u64 = 4_000;

/// A leg that is silent from `from_ms` on for `for_ms`.
fn silent(from_ms: u64, for_ms: u64, retries: u64) -> Log {
    let mut fault = toml::Table::new();
    fault.insert("kind".to_owned(), "carrier_outage".into());
    fault.insert("carrier".to_owned(), "telstra".into());
    fault.insert("at".to_owned(), format!("{from_ms}ms").into());
    fault.insert("for".to_owned(), format!("{for_ms}ms").into());
    run(&[
        ("faults", toml::Value::Array(vec![toml::Value::Table(fault)])),
        ("sbcs.0.options", "0s".into()),
        ("options.interval", format!("{INTERVAL_MS}ms").into()),
        ("options.timeout", format!("{TIMEOUT_MS}ms").into()),
        ("options.retries", (retries as i64).into()),
        ("options.down_after", 1.into()),
        ("options.up_after", 1.into()),
    ])
}

/// When the leg was put down, and up, in milliseconds.
fn moved(log: &Log, to_down: bool) -> Vec<f64> {
    let moves = log.0.iter().filter_map(|(at, fact)| match fact {
        Observation::OptionsMoved { down, .. } if *down == to_down => Some(*at),
        _ => None,
    });
    moves.map(|at| (at - SimTime::ZERO).as_millis_f64()).collect()
}

/// When the first OPTIONS of a run goes out: somewhere in the interval, always the same.
fn phase_ms() -> f64 {
    let down = moved(&silent(0, 600_000, 0), true);
    assert_eq!(down.len(), 1);
    down[0] - TIMEOUT_MS as f64
}

/// OpenSIPS, pull request 3890: from the first OPTIONS that gets no answer it takes
/// (retries + 1)·fr_timeout to notice. That OPTIONS goes out within an interval of the failure.
#[test]
fn it_takes_each_retrys_timeout_to_notice_a_silent_leg() {
    let phase = phase_ms();
    assert!((0.0..INTERVAL_MS as f64).contains(&phase));
    for retries in 0..=5 {
        for from in [0, 61_000, 100_000, 119_000, 240_500, 299_999] {
            let down = moved(&silent(from, 600_000, retries), true);
            let (from, interval) = (from as f64, INTERVAL_MS as f64);
            let asked = phase + interval * ((from - phase) / interval).ceil().max(0.0);
            let noticed = asked + (retries + 1) as f64 * TIMEOUT_MS as f64;
            assert_eq!(down.len(), 1);
            assert!((down[0] - noticed).abs() < 1e-5, "{} against {noticed}", down[0]);
            let worst = interval + (retries + 1) as f64 * TIMEOUT_MS as f64;
            assert!(down[0] - from <= worst);
        }
    }
}

/// A single OPTIONS lost puts the leg down without retries, and does not with one.
#[test]
fn a_retry_saves_a_leg_from_a_single_loss() {
    let second = phase_ms() + INTERVAL_MS as f64;
    let from = second as u64 - 10;
    let without = silent(from, TIMEOUT_MS / 2, 0);
    assert_eq!(moved(&without, true).len(), 1);
    assert_eq!(moved(&without, false).len(), 1, "the next OPTIONS is answered");
    assert_eq!(moved(&silent(from, TIMEOUT_MS / 2, 1), true).len(), 0);
    // One that lasts over the retry is noticed.
    assert_eq!(moved(&silent(from, TIMEOUT_MS + 1000, 1), true).len(), 1);
    assert_eq!(moved(&silent(from, TIMEOUT_MS + 1000, 2), true).len(), 0);
}
