//! Budgets of retries at once: Envoy 1.40.0 as it was driven, and the Gateway API as Istio maps it.
//! The `literal_` rows of the Gateway's file are another reading of its text and not replayed.

use std::collections::BTreeMap;

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::budget::{Budget, BudgetSpec, Load, RetryConcurrency};

use super::{Row, number, retry, rows};

fn ms(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

fn active(active: u32) -> Load {
    Load { active, pending: 0 }
}

/// The numbers of `key=value` words.
fn settings(text: &str) -> BTreeMap<&str, f64> {
    let words = text.split([' ', ';', ':']).filter_map(|word| word.split_once('='));
    words
        .filter_map(|(key, value)| Some((key, value.trim_end_matches('s').parse().ok()?)))
        .collect()
}

fn first_number(text: &str) -> u32 {
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

fn envoy(setup: &BTreeMap<&str, f64>) -> RetryConcurrency {
    let interval = setup.get("budget_interval").map(|s| SimDuration::from_secs_f64(*s));
    RetryConcurrency::new(setup["percent"], setup["min"] as u32, interval)
}

/// Retries accepted one after the other, each held, until the first is refused.
fn accepted_in_a_row(budget: &mut RetryConcurrency, held: u32) -> u32 {
    // The failing attempt still counts while it is judged.
    (0..).take_while(|_| budget.start(SimTime::ZERO, active(held + 1))).count() as u32
}

/// The share of starts, over all phases of the ticks, that are forgotten so long after.
fn forgotten(interval: SimDuration, after_ms: u64) -> f64 {
    let slot_ms = interval.as_nanos() / 10_000_000;
    let lost = (0..slot_ms).filter(|phase| {
        let mut budget = RetryConcurrency::new(100.0, 0, Some(interval));
        budget.on_attempt(ms(5 * slot_ms + phase));
        budget.base(ms(5 * slot_ms + phase + after_ms), Load::default()) == 0
    });
    lost.count() as f64 / slot_ms as f64
}

fn envoy_row(row: &Row) {
    let (setup, expected) = (row["setup"].as_str(), row["expected"].as_str());
    let set = settings(setup);
    match row["case"].as_str() {
        "limit" => {
            let load = Load { active: set["active"] as u32, pending: set["pending"] as u32 };
            assert_eq!(envoy(&set).limit(SimTime::ZERO, load).to_string(), expected, "{row:?}");
        }
        "accepted_in_a_row" if setup.starts_with("no retry_budget") => {
            let Budget::Concurrency(mut budget) = Budget::new(&retry("envoy").budget) else {
                panic!("max_retries")
            };
            assert_eq!(accepted_in_a_row(&mut budget, 100).to_string(), expected, "{row:?}");
        }
        "accepted_in_a_row" => {
            let accepted = accepted_in_a_row(&mut envoy(&set), first_number(setup));
            assert_eq!(accepted.to_string(), expected, "{row:?}");
        }
        "burst" => {
            let (mut budget, together) = (envoy(&set), first_number(setup));
            let ends = (1..=together).rev();
            let accepted = ends.filter(|left| budget.start(SimTime::ZERO, active(*left)));
            assert_eq!(accepted.count().to_string(), expected, "{row:?}");
        }
        "interval" => {
            let mut budget = envoy(&set);
            (0..50).for_each(|_| budget.on_attempt(ms(100)));
            let letters = (0..16).map(|n| {
                budget.on_attempt(ms(500 + 30 * n));
                if budget.start(ms(501 + 30 * n), active(1)) { 'A' } else { 'O' }
            });
            assert_eq!(letters.collect::<String>(), expected, "{row:?}");
        }
        "interval_lifetime" => {
            let after = setup.split("after ").nth(1).expect("a time");
            let after =
                SimDuration::from_secs_f64(after.split(' ').next().unwrap().parse().unwrap());
            let interval = SimDuration::from_secs_f64(set["budget_interval"]);
            let share = forgotten(interval, after.as_nanos() / 1_000_000);
            assert!((share - number(row, "expected")).abs() < 1e-9, "{share}: {row:?}");
        }
        case => panic!("{case}"),
    }
}

#[test]
fn envoy_retry_budget() {
    let rows = rows(include_str!("../../cases/policies/envoy_retry_budget.csv"));
    assert_eq!(rows.len(), 34);
    rows.iter().for_each(envoy_row);
}

/// The budget of a retryConstraint, as Istio maps it; what is not given is the API's default.
fn mapped(event: &str) -> BudgetSpec {
    let given: BTreeMap<&str, &str> =
        event.split(' ').filter_map(|word| word.split_once('=')).collect();
    let number = |text: &str| text.trim_end_matches('s').parse::<u32>().ok();
    let count = given["count"].split('/').next().and_then(number);
    BudgetSpec::RetryConcurrency {
        percent: number(given["percent"]).map_or(20.0, f64::from),
        min_concurrency: count.unwrap_or(10),
        interval: Some(SimDuration::from_secs(number(given["interval"]).map_or(10, u64::from))),
    }
}

#[test]
fn gateway_retry_budget() {
    let rows = rows(include_str!("../../cases/policies/gateway_retry_budget.csv"));
    let mut replayed = 0;
    for case in rows.chunk_by(|a, b| a["case"] == b["case"]) {
        replayed += case.len();
        match case[0]["case"].as_str() {
            "istio_mapping" => case.iter().for_each(istio_mapping),
            "envoy_window_defaults" => window(case, &retry("gateway_retry_budget").budget),
            "envoy_window_slots" => window(
                case,
                &BudgetSpec::RetryConcurrency {
                    percent: 20.0,
                    min_concurrency: 0,
                    interval: Some(SimDuration::from_secs(1)),
                },
            ),
            literal => {
                assert!(literal.starts_with("literal_"), "{literal}");
                replayed -= case.len();
            }
        }
    }
    assert_eq!(replayed, 22);
}

fn istio_mapping(row: &Row) {
    let spec = mapped(&row["event"]);
    assert_eq!(spec.check(), []);
    let BudgetSpec::RetryConcurrency { percent, min_concurrency, interval } = &spec else {
        panic!("{spec:?}")
    };
    let seconds = interval.expect("an interval").as_secs_f64();
    let words = format!(
        "budget_percent={percent} budget_interval={seconds}s min_retry_concurrency={min_concurrency}"
    );
    assert!(row["result"].starts_with(&words), "{words}: {row:?}");
    if row["event"].contains("default") {
        assert_eq!(spec, retry("gateway_retry_budget").budget);
    }
}

/// Every event of a case, with the attempts in the window, the retries at once and the limit after.
fn window(case: &[Row], spec: &BudgetSpec) {
    let Budget::Concurrency(mut budget) = Budget::new(spec) else { panic!("{spec:?}") };
    for row in case {
        let now = ms(number(row, "t_ms") as u64);
        let event = row["event"].as_str();
        let times = first_number(event);
        if event.ends_with("attempts start") {
            (0..times).for_each(|_| budget.on_attempt(now));
        } else if event.ends_with("retries finish") {
            (0..times).for_each(|_| budget.end());
        } else {
            let accepted = (0..times).filter(|_| budget.start(now, Load::default())).count();
            assert_eq!(format!("{accepted} accepted"), row["result"], "{row:?}");
        }
        let whole = |column: &str| number(row, column) as u64;
        assert_eq!(budget.base(now, Load::default()), whole("attempts_in_window"), "{row:?}");
        let retries = whole("retries_after:(a)active_(b)in_window");
        assert_eq!(u64::from(budget.retries()), retries, "{row:?}");
        assert_eq!(u64::from(budget.limit(now, Load::default())), whole("limit"), "{row:?}");
    }
}
