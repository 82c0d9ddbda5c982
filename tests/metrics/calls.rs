//! Counts of calls and service levels.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::RunResult;
use trunksim::system::observation::{CallRecord, Fate, Observation};

use super::{cell, close, config, metric, observed, run};

const MODEL: &str = include_str!("../cases/reports/16-service-level-formulas/model.toml");
const EDGE: &str = include_str!("../cases/reports/16-service-level-formulas/edge.toml");
const EDGE2: &str = include_str!("../cases/reports/16-service-level-formulas/edge2.toml");
const APAC: &str = include_str!("../../models/apac.toml");
const THRESHOLD: SimDuration = SimDuration::from_secs(20);
const SHORT: SimDuration = SimDuration::from_secs(5);

fn records(notes: &[(SimTime, Observation)]) -> Vec<(SimTime, CallRecord)> {
    let ended = notes.iter().filter_map(|(now, fact)| match fact {
        Observation::CallEnded { record, .. } => Some((*now, *record)),
        _ => None,
    });
    ended.collect()
}

/// Counts of a day: answered, in time, abandoned, abandoned short, abandoned in time.
fn counts(records: &[(SimTime, CallRecord)]) -> [f64; 5] {
    let mut counts = [0.0; 5];
    for (now, record) in records {
        let Some(queued_at) = record.queued_at else { continue };
        let wait = record.answered_at.unwrap_or(*now) - queued_at;
        let is = match record.answered_at {
            Some(_) => [true, wait <= THRESHOLD, false, false, false],
            None => [false, false, true, wait <= SHORT, wait <= THRESHOLD],
        };
        for (count, is) in counts.iter_mut().zip(is) {
            *count += f64::from(u8::from(is));
        }
    }
    counts
}

/// Report 16: the same day by each formula.
#[test]
fn each_formula_is_folded_from_the_same_calls() {
    let (result, notes) = observed(MODEL, "");
    let records = records(&notes);
    let [answered, in_time, abandoned, short, abandoned_in_time] = counts(&records);
    assert!(short > 20.0 && abandoned_in_time > short && in_time < answered, "formulas differ");
    close(metric(&result, "calls_answered_in_time"), in_time);
    close(metric(&result, "calls_abandoned_short"), short);
    let ended = answered + abandoned;
    let switches = |on: &str| format!("service_level.formula = \"genesys\"\n{on}");
    let named = |name: &str| format!("service_level.formula = \"{name}\"");
    for (change, expected) in [
        (String::new(), in_time / (ended - short)),
        (named("less_short_abandons"), in_time / (ended - short)),
        (named("abandons_in_time_good"), (in_time + abandoned_in_time) / ended),
        (named("answered_only"), in_time / answered),
        (named("answered_and_abandoned"), in_time / ended),
        (named("less_abandons_in_time"), in_time / (ended - abandoned_in_time)),
        (named("short_abandons_good"), (in_time + short) / ended),
        (switches(""), in_time / (ended - short)),
        (switches("service_level.genesys.short_abandons = true"), in_time / ended),
        (switches("service_level.genesys.abandons = false"), in_time / answered),
    ] {
        let result = run(MODEL, &change);
        close(metric(&result, "service_level"), expected);
        close(cell(&result.trunks, 0, "service_level"), expected);
        // Of the bins, those are left out in which no call left the queue.
        let place = result.series.columns.iter().position(|c| c.name == "service_level").unwrap();
        let bins: Vec<f64> = result.series.rows.iter().map(|row| row[place]).collect();
        let mean = bins.iter().filter(|v| !v.is_nan()).sum::<f64>() / bins.len() as f64;
        assert!((mean - expected).abs() < 0.1, "{change}: {mean} for {expected}");
    }
}

/// The name of the formula stands beside the number.
#[test]
fn the_formula_is_named_where_the_service_level_is_told() {
    let result = run(MODEL, "service_level.formula = \"genesys\"");
    let index = trunksim::system::metrics::index_of("service_level").unwrap();
    let meaning = result.meaning(index);
    assert!(meaning.starts_with("genesys (abandons): "), "{meaning}");
    assert!(run(MODEL, "").meaning(index).starts_with("less_short_abandons: "));
}

/// Within a limit includes the instant itself: every caller but the first hangs up at 5 s.
#[test]
fn a_caller_who_hangs_up_at_the_limit_is_short() {
    let of = |short: &str| {
        let result = run(EDGE, &format!("service_level.short_abandon = \"{short}\""));
        (metric(&result, "calls_abandoned_short"), metric(&result, "calls_abandoned"))
    };
    assert_eq!(of("5s"), (59.0, 59.0));
    assert_eq!(of("4999ms"), (0.0, 59.0));
}

/// Every second caller waits exactly 20 s.
#[test]
fn a_call_answered_at_the_threshold_is_in_time() {
    let of = |threshold: &str| {
        let result = run(EDGE2, &format!("service_level.threshold = \"{threshold}\""));
        (metric(&result, "calls_answered"), metric(&result, "service_level"))
    };
    assert_eq!(of("20s"), (12.0, 1.0));
    assert_eq!(of("19999ms"), (12.0, 0.5));
}

fn count(records: &[(SimTime, CallRecord)], fates: &[Fate]) -> f64 {
    records.iter().filter(|(_, record)| fates.contains(&record.fate)).count() as f64
}

/// The carrier fails for a minute: calls drop, are lost and come again.
const FAILING: &str = r#"
"carriers.0.schedule" = [{ at = "20m", for = "1m" }]
horizon = "40m"
warmup = "0s"
"#;

fn of_all_trunks(result: &RunResult, column: &str) -> f64 {
    (0..result.trunks.rows.len()).map(|row| cell(&result.trunks, row, column)).sum()
}

/// One count of failure: each call that the system failed counts once, a drop is no success, and
/// the service level counts the answer all the same.
#[test]
fn a_call_that_is_dropped_has_failed_once() {
    let (result, notes) = observed(APAC, FAILING);
    let records = records(&notes);
    let offered = records.len() as f64;
    let failed = count(
        &records,
        &[
            Fate::Blocked,
            Fate::Lost,
            Fate::TimedOut,
            Fate::Rejected,
            Fate::DroppedTalking,
            Fate::DroppedWaiting,
        ],
    );
    let dropped = count(&records, &[Fate::DroppedTalking, Fate::DroppedWaiting]);
    assert!(dropped > 50.0, "calls drop: {dropped}");
    close(metric(&result, "calls_dropped"), dropped);
    close(metric(&result, "calls_failed"), failed);
    close(metric(&result, "call_success_ratio"), (offered - failed) / offered);
    close(of_all_trunks(&result, "calls_failed"), failed);
    let get = |name: &str| metric(&result, name);
    let parts = ["calls_blocked", "calls_lost", "calls_timed_out", "calls_rejected"];
    close(parts.iter().map(|name| get(name)).sum::<f64>() + get("calls_dropped"), failed);
    let completed = count(&records, &[Fate::Completed]);
    close(completed + failed + get("calls_abandoned") + get("calls_abandoned_setup"), offered);
    // A seizure is a seizure, whatever becomes of it (ITU-T E.411).
    let connected = records.iter().filter(|(_, r)| r.connected_at.is_some()).count() as f64;
    close(get("answer_seizure_ratio"), connected / offered);
    close(get("calls_answered"), completed + count(&records, &[Fate::DroppedTalking]));
}

/// An unknown formula is refused with the names of all formulas.
#[test]
fn an_unknown_formula_is_refused() {
    let mut table: toml::Table = toml::from_str(MODEL).unwrap();
    let value = toml::Value::String("erlang".to_owned());
    trunksim::experiment::overrides::assign(&mut table, "service_level.formula", &value).unwrap();
    let error = trunksim::experiment::plan::read_model(table).unwrap_err();
    assert!(format!("{error:?}").contains("less_short_abandons"), "{error:?}");
    let _ = config(MODEL, "service_level.formula = \"genesys\"");
}
