//! OPTIONS keepalive: how long a leg that falls silent passes for well.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::OptionsAnswer;
use trunksim::system::observation::{Fate, Observation};

use super::{Log, run};
use crate::theory::model;

const INTERVAL_MS: u64 = 60_000;
const TIMEOUT_MS: u64 = 4_000;

/// A leg that is silent from `from_ms` on for `for_ms`.
fn silent(from_ms: u64, for_ms: u64, retries: u64) -> Log {
    run(&[
        ("faults", outage(from_ms, for_ms)),
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

/// A ping that is lost with all its copies puts the leg down without retries, and does not with
/// retries: OPTIONS are sent again 0.5, 1.5 and 3.5 s later, and after 4 s as a new transaction.
#[test]
fn a_retry_saves_a_leg_from_a_single_loss() {
    let second = phase_ms() + INTERVAL_MS as f64;
    let from = second as u64 - 10;
    let without = silent(from, TIMEOUT_MS - 100, 0);
    assert_eq!(moved(&without, true).len(), 1);
    assert_eq!(moved(&without, false).len(), 1, "the next OPTIONS is answered");
    assert_eq!(moved(&silent(from, TIMEOUT_MS - 100, 1), true).len(), 0);
    // One that lasts over the retry is noticed.
    assert_eq!(moved(&silent(from, 2 * TIMEOUT_MS - 100, 1), true).len(), 1);
    assert_eq!(moved(&silent(from, 2 * TIMEOUT_MS - 100, 2), true).len(), 0);
}

/// Timer E (RFC 3261 §17.1.2.2): a copy that arrives saves the ping.
#[test]
fn over_udp_options_are_sent_again_until_they_time_out() {
    let from = (phase_ms() + INTERVAL_MS as f64) as u64 - 10;
    let long = silent(from, 600_000, 0);
    let sent = |log: &Log, at_least: f64| -> Vec<(f64, u16)> {
        let sent = log.0.iter().filter_map(|(at, fact)| match fact {
            Observation::OptionsSent { retransmission, .. } => {
                Some(((*at - SimTime::ZERO).as_millis_f64(), *retransmission))
            }
            _ => None,
        });
        sent.filter(|(at, _)| *at >= at_least).collect()
    };
    let copies = sent(&long, from as f64);
    let first = copies[0].0;
    let expected = super::TIMER_E_MS.iter().take_while(|ms| **ms < TIMEOUT_MS);
    for ((at, number), (n, ms)) in copies.iter().zip((0u16..).zip(expected)) {
        assert_eq!((*number, (at - first).round() as u64), (n, *ms));
    }
    assert_eq!(copies[4].1, 0, "after the time-out nothing is sent again: {copies:?}");
    assert!(moved(&silent(from, TIMEOUT_MS / 2, 0), true).is_empty(), "the last copy is answered");
    // On TCP there are no retransmissions.
    let tcp = keepalive(&[("trunks.0.transport", "tcp".into()), ("faults", outage(from, 600_000))]);
    assert!(sent(&tcp, 0.0).iter().all(|(_, number)| *number == 0));
}

fn outage(from_ms: u64, for_ms: u64) -> toml::Value {
    let mut fault = toml::Table::new();
    fault.insert("kind".to_owned(), "carrier_outage".into());
    fault.insert("carrier".to_owned(), "telstra".into());
    fault.insert("at".to_owned(), format!("{from_ms}ms").into());
    fault.insert("for".to_owned(), format!("{for_ms}ms").into());
    toml::Value::Array(vec![toml::Value::Table(fault)])
}

/// OPTIONS every minute, one result enough, with values set.
fn keepalive(values: &[(&str, toml::Value)]) -> Log {
    let mut all = vec![
        ("sbcs.0.options", "0s".into()),
        ("options.interval", format!("{INTERVAL_MS}ms").into()),
        ("options.timeout", format!("{TIMEOUT_MS}ms").into()),
        ("options.down_after", 1.into()),
        ("options.up_after", 1.into()),
    ];
    all.extend(values.iter().cloned());
    run(&all)
}

fn count(log: &Log, wanted: impl Fn(&Observation) -> bool) -> usize {
    log.0.iter().filter(|(_, fact)| wanted(fact)).count()
}

/// Copies are answered by the carrier's transaction, and the ping has one result (§17.2.2).
#[test]
fn a_ping_with_many_copies_has_one_result() {
    let log = keepalive(&[("trunks.0.primary.rtt", "3s".into())]);
    let firsts =
        count(&log, |fact| matches!(fact, Observation::OptionsSent { retransmission: 0, .. }));
    let copies = count(&log, |fact| matches!(fact, Observation::OptionsSent { .. }));
    assert_eq!(copies, 3 * firsts, "0, 0.5 and 1.5 s, before the answer after 3 s");
    assert_eq!(count(&log, |fact| matches!(fact, Observation::OptionsAnswered { .. })), firsts);
}

/// At (retries + 1)·timeout = interval the next ping is due when the last is missed: the miss
/// counts nevertheless, whether pings may overlap or not.
#[test]
fn a_leg_is_noticed_where_pings_take_a_whole_interval() {
    for (overlap, retries, timeout) in
        [(true, 0, "60s"), (false, 0, "60s"), (true, 2, "20s"), (false, 2, "20s")]
    {
        let log = keepalive(&[
            ("options.overlap", overlap.into()),
            ("options.retries", retries.into()),
            ("options.timeout", timeout.into()),
            ("options.down_after", 3.into()),
            ("faults", outage(100_000, 1_000_000)),
        ]);
        let phase = phase_ms();
        let asked = phase + 60_000.0 * ((100_000.0 - phase) / 60_000.0).ceil();
        let down = moved(&log, true);
        assert_eq!(down.len(), 1, "{overlap} {retries} {timeout}");
        assert!((down[0] - (asked + 180_000.0)).abs() < 1e-3, "{down:?}: {overlap} {retries}");
    }
}

/// Where the time-out is longer than the interval pings overlap, or are left out meanwhile. Timers
/// of a minute keep copies out of it.
#[test]
fn pings_overlap_or_wait_for_the_last() {
    let pings = |overlap: bool| {
        let log = keepalive(&[
            ("options.overlap", overlap.into()),
            ("options.interval", "3s".into()),
            ("options.timeout", "30s".into()),
            ("faults", outage(100_000, 1_000_000)),
        ]);
        let down = moved(&log, true);
        let within = |at: SimTime| {
            let ms = (at - SimTime::ZERO).as_millis_f64();
            (100_000.0..down[0]).contains(&ms)
        };
        let first =
            |fact: &Observation| matches!(fact, Observation::OptionsSent { retransmission: 0, .. });
        (down[0], log.0.iter().filter(|(at, fact)| within(*at) && first(fact)).count())
    };
    let ((down, overlapping), (too, waiting)) = (pings(true), pings(false));
    // Down at the next ping, 0 to 3 s after the outage began, and 30 s.
    assert!((130_000.0..133_000.0).contains(&down) && (down - too).abs() < 1e-3, "{down} {too}");
    assert_eq!((overlapping, waiting), (10, 1));
}

/// Results count as they come: a time-out that is 30 s late, after nine newer answers, puts the leg
/// down, and the next answer puts it up (Kamailio, Asterisk).
#[test]
fn a_late_time_out_counts_after_newer_answers() {
    let values = |overlap: bool| {
        keepalive(&[
            ("options.overlap", overlap.into()),
            ("options.interval", "3s".into()),
            ("options.timeout", "29s".into()),
            ("sip.t1", "60s".into()),
            ("sip.t2", "60s".into()),
            ("faults", outage(100_000, 3_000)),
        ])
    };
    let log = values(true);
    let (down, up) = (moved(&log, true), moved(&log, false));
    assert_eq!((down.len(), up.len()), (1, 1), "{down:?} {up:?}");
    assert!((129_000.0..132_000.0).contains(&down[0]), "{down:?}");
    assert!(up[0] > down[0] && up[0] < down[0] + 3_000.0, "{down:?} {up:?}");
    let answered = |fact: &Observation| matches!(fact, Observation::OptionsAnswered { .. });
    let between = |at: SimTime| at > SimTime::ZERO + SimDuration::from_secs(103);
    let newer =
        log.0.iter().take_while(|(_, fact)| !matches!(fact, Observation::OptionsMoved { .. }));
    assert!(newer.filter(|(at, fact)| between(*at) && answered(fact)).count() >= 8);
}

/// What the carrier answers, and which answers are a success.
#[test]
fn which_answers_count_as_a_success_is_a_setting() {
    let refused: &[(&str, toml::Value)] = &[
        ("trunks.0.primary.registration", true.into()),
        ("carriers.0.registrar.failure_share", 1.0.into()),
    ];
    let mut background = toml::Table::new();
    background.insert("rate_per_s".to_owned(), 1.0.into());
    let overloaded: &[(&str, toml::Value)] = &[
        ("carriers.0.registrar.service", super::FOR_EVER.into()),
        ("carriers.0.registrar.queue", 0.into()),
        ("carriers.0.registrar.background", toml::Value::Table(background)),
    ];
    let well: &[(&str, toml::Value)] = &[];
    for (what, values, answer, down) in [
        ("200", well, OptionsAnswer::Ok, [false, false, false]),
        ("403", refused, OptionsAnswer::Forbidden, [false, true, false]),
        ("503", overloaded, OptionsAnswer::Unavailable, [false, true, true]),
    ] {
        for (success, down) in ["any", "2xx", "not_503_408"].into_iter().zip(down) {
            let mut values = values.to_vec();
            values.push(("options.success", success.into()));
            let log = keepalive(&values);
            let wanted = answer;
            let is = |fact: &Observation| match *fact {
                Observation::OptionsAnswered { answer, .. } => answer == wanted,
                _ => false,
            };
            assert!(count(&log, is) > 10, "{what}");
            assert_eq!(moved(&log, true).len(), usize::from(down), "{what} under {success}");
        }
    }
}

/// Of three pings two are missed, again and again: never three in a row, but ever more in all.
#[test]
fn misses_count_in_a_row_or_on_balance() {
    let phase = phase_ms();
    let around = |ping: u64| {
        let from = phase + (ping * INTERVAL_MS) as f64 - 10.0;
        outage(from as u64, TIMEOUT_MS)
    };
    let pings = (0..27).filter(|ping| ping % 3 != 2).map(around);
    let faults: Vec<toml::Value> =
        pings.flat_map(|fault| fault.as_array().expect("a list").clone()).collect();
    let log = |counter: &str| {
        keepalive(&[
            ("options.counter", counter.into()),
            ("options.down_after", 3.into()),
            ("options.up_after", 2.into()),
            ("faults", toml::Value::Array(faults.clone())),
        ])
    };
    assert!(moved(&log("consecutive"), true).is_empty());
    assert!(!moved(&log("up_down"), true).is_empty());
}

/// Over TCP and TLS they go over a connection, which is opened if it is closed.
#[test]
fn over_tcp_and_tls_options_need_a_connection() {
    for (transport, round_trips) in [("tcp", 1), ("tls", 3)] {
        let log = keepalive(&[
            ("trunks.0.transport", transport.into()),
            ("trunks.0.primary.rtt", "100ms".into()),
            ("trunks.0.arrivals", toml::Value::Table("kind = \"none\"".parse().expect("TOML"))),
        ]);
        let opens = |fact: &Observation| matches!(fact, Observation::ConnectionOpens { .. });
        let sent = |fact: &Observation| matches!(fact, Observation::OptionsSent { .. });
        assert_eq!(log.instants(opens, sent)[0], 100 * round_trips, "{transport}");
        assert_eq!(count(&log, opens), 1, "one connection serves all");
        assert!(moved(&log, true).is_empty());
    }
}

/// A leg that OPTIONS put down keeps its calls.
#[test]
fn a_ping_that_fails_tears_no_call_down() {
    let mut background = toml::Table::new();
    background.insert("rate_per_s".to_owned(), 1.0.into());
    let log = keepalive(&[
        ("carriers.0.registrar.service", super::FOR_EVER.into()),
        ("carriers.0.registrar.queue", 0.into()),
        ("carriers.0.registrar.background", toml::Value::Table(background)),
        ("options.success", "2xx".into()),
        ("calls.talk", "5m".into()),
    ]);
    assert_eq!(moved(&log, true).len(), 1);
    let fates: Vec<Fate> = log
        .0
        .iter()
        .filter_map(|(_, fact)| match fact {
            Observation::CallEnded { record, .. } => Some(record.fate),
            _ => None,
        })
        .collect();
    assert_eq!(fates, [Fate::Completed]);
}

const REPORT: &str = include_str!("../cases/reports/13-kamailio-dispatcher-ping/model.toml");
const SMALLEST: &str = include_str!("../cases/reports/13-kamailio-dispatcher-ping/minimal.toml");

/// Kamailio, issue 3446: pings every 3 s with a time-out of 30 s. A carrier that falls silent at
/// 100 s is noticed at the next ping, 0 to 3 s later, and 30 s.
#[test]
fn report_13_a_gateway_that_falls_silent_is_noticed_after_30_to_33_s() {
    for overlap in [None, Some(true), Some(false)] {
        let mut table: toml::Table = model::read(REPORT);
        if let Some(overlap) = overlap {
            model::set(&mut table, "options.overlap", overlap);
        }
        let config = model::config(&table);
        let log = trunksim::system::simulate_observed(&config, 1, 0, Log::default());
        let (result, log) = log.expect("the run ends");
        let down = moved(&log, true);
        assert_eq!(down.len(), 200);
        assert!(down.iter().all(|ms| (130_000.0..=133_000.0).contains(ms)), "{down:?}");
        let spread = |low: f64| down.iter().filter(|ms| **ms >= low && **ms < low + 1000.0).count();
        assert!((0..3).all(|s| spread(130_000.0 + 1000.0 * f64::from(s)) > 30), "{down:?}");
        assert_eq!(metric(&result, "failovers") as u64, 200);
    }
}

/// The smallest model of it: time-out and interval both 3 s.
#[test]
fn report_13_the_smallest_model_fails_over_once() {
    for timeout in ["3s", "2999ms"] {
        let mut table: toml::Table = model::read(SMALLEST);
        model::set(&mut table, "options.timeout", timeout);
        let config = model::config(&table);
        let result = trunksim::system::simulate(&config, config.seed(), 0).expect("the run ends");
        assert_eq!(metric(&result, "failovers") as u64, 1, "{timeout}");
        assert!(metric(&result, "wrong_carrier_time_fraction") <= 0.01, "{timeout}");
    }
}

fn metric(result: &trunksim::system::RunResult, name: &str) -> f64 {
    let names = trunksim::system::metrics::METRICS.iter();
    result.metrics[names.map(|m| m.name).position(|n| n == name).expect("a metric")]
}
