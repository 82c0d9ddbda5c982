//! Whole random systems, run to their end: every law that the program checks itself, what can be
//! said from outside (`watch.rs`), and the same run twice.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use serde_json::Value as Json;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::system::metrics::METRICS;
use trunksim::system::script::{Script, ScriptedAnswer};
use trunksim::system::spec::Model;
use trunksim::system::{RunError, RunResult, Traces, simulate, simulate_observed};

use super::author::{self, Author, TRACE, Taken, Written};
use super::coverage::{self, Reached};
use super::grammar::pick;
use super::shrink::shrink;
use super::watch::Watch;
use super::{fuzz, replaying};

const CASES: u64 = 60;
/// Models that together set every key.
const MODELS: u64 = 700;

/// Arrivals every 3.7 s.
pub(crate) fn traces() -> Traces {
    let at = |n: u64| SimTime::ZERO + SimDuration::from_millis(3700 * n);
    let instants: Arc<[SimTime]> = (1..60).map(at).collect();
    let row = |n: u64| {
        let outcome = match n % 5 {
            0 => Outcome::TimedOut,
            1 => Outcome::Status(500),
            2 => Outcome::TooManyRequests,
            _ => Outcome::Ok,
        };
        let latency = (!n.is_multiple_of(3)).then(|| SimDuration::from_millis(40 * n));
        let retry_after = n.is_multiple_of(4).then(|| SimDuration::from_secs(n % 7));
        (!n.is_multiple_of(6)).then_some(ScriptedAnswer { outcome, latency, retry_after })
    };
    let script = Script::ByTime((1..60).map(|n| (at(n), row(n))).collect());
    Traces {
        arrivals: [(TRACE.to_owned(), instants)].into(),
        outcomes: [(TRACE.to_owned(), Arc::new(script))].into(),
    }
}

fn schema() -> Json {
    schemars::schema_for!(Model).to_value()
}

/// Counts and shares are numbers, whatever happened; a mean over nothing is not a number, but no
/// metric is infinite.
fn check_metrics(result: &RunResult) {
    for (metric, value) in METRICS.iter().zip(&result.metrics) {
        let (name, unit) = (metric.name, metric.unit);
        assert!(!value.is_infinite(), "{name} = {value}");
        if unit == "calls" || unit == "min" {
            assert!(value.is_finite() && *value >= 0.0, "{name} = {value}");
        }
    }
}

/// Everything of a result, to the last bit; "not a number" equals itself.
fn printed(result: &Result<RunResult, RunError>) -> String {
    format!("{result:?}")
}

/// How a run ended.
#[derive(Copy, Clone, Default)]
pub(crate) struct Ended {
    /// It came to its end and calls were offered.
    pub(crate) with_calls: bool,
    /// Something in the model takes longer than a run has to end.
    pub(crate) unfinished: bool,
    /// Events handled, as far as the end tells.
    pub(crate) events: u64,
}

/// Runs a model twice, under watch and alone.
fn run(written: &Written) -> Ended {
    let mut watch = Watch::new(&written.model);
    let seen = simulate_observed(&written.config, 1, 0, &mut watch).map(|(result, _)| result);
    let again = simulate(&written.config, 1, 0);
    assert_eq!(printed(&seen), printed(&again), "the same run twice");
    match again {
        Ok(result) => {
            watch.finish();
            check_metrics(&result);
            let events = result.engine.events;
            Ended { with_calls: watch.offered > 0, events, ..Ended::default() }
        }
        Err(RunError::Events { events, .. }) => Ended { events, ..Ended::default() },
        Err(RunError::Pending { .. }) => Ended::default(),
        Err(RunError::Unfinished { .. }) => Ended { unfinished: true, ..Ended::default() },
        Err(broken) => panic!("{broken}"),
    }
}

/// Runs a model. One that breaks something is printed, with all taken out of it that is not needed
/// for that.
pub(crate) fn try_out(written: &Written, traces: &Traces) -> Ended {
    let attempt = |written: &Written| catch_unwind(AssertUnwindSafe(|| run(written)));
    attempt(written).unwrap_or_else(|panic| {
        let breaks = |json: &Json| match author::checked(json, traces) {
            // Without its budget it might go on for hours.
            Ok((model, config)) if json["budget"] == written.json["budget"] => {
                attempt(&Written { json: json.clone(), model, config, repairs: 0 }).is_err()
            }
            _ => false,
        };
        let smallest = shrink(&written.json, breaks);
        eprintln!("the model:\n{}", toml::to_string(&smallest).expect("a model can be written"));
        resume_unwind(panic)
    })
}

#[test]
fn systems() {
    let (root, traces) = (schema(), traces());
    let (mut valid, mut ran) = (0_u64, 0_u64);
    let cases = fuzz("systems", CASES, |draw| {
        if let Ok(written) = Author::new(&root, draw).model(&traces) {
            valid += 1;
            let ended = try_out(&written, &traces);
            assert!(!ended.unfinished, "no length of time in it is that long");
            ran += u64::from(ended.with_calls);
        }
    });
    println!("of {cases} systems {valid} are valid, {ran} ran to their end with calls");
    if !replaying() {
        assert!(valid * 10 >= cases * 9, "of {cases} systems only {valid} are valid");
        assert!(ran * 2 >= cases, "of {cases} systems only {ran} did something to the end");
    }
}

/// Whole systems in which some values are the greatest or the least that may be written: they are
/// refused with a place, end, or say what stopped them.
#[test]
fn hostile() {
    let (root, traces) = (schema(), traces());
    let (mut valid, mut ran, mut unfinished, mut events) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut reached = Reached::new();
    let cases = fuzz("hostile", CASES, |draw| {
        let of = *pick(draw, &[3, 10, 30, 100]);
        let mut author = Author::new(&root, draw).hostile(of);
        let Ok(written) = author.model(&traces) else { return };
        let ended = try_out(&written, &traces);
        valid += 1;
        ran += u64::from(ended.with_calls);
        unfinished += u64::from(ended.unfinished);
        events += ended.events;
        coverage::reach(&root, &root, &written.json, "Model", &mut reached);
    });
    let offered = coverage::everything(&root);
    let set = offered.intersection(&reached).count();
    println!(
        "of {cases} systems {valid} are valid, {ran} ran to their end with calls, {unfinished} \
         were not at their end after 400 days; {events} events; {set} of {} keys, variants and \
         presets",
        offered.len()
    );
    if !replaying() {
        assert!(valid * 10 >= cases * 8, "of {cases} systems only {valid} are valid");
        assert!(ran * 4 >= cases, "of {cases} systems only {ran} did something to the end");
    }
}

/// The systems above are drawn alike: whatever the schema offers comes up among them.
#[test]
fn every_key_and_variant_is_drawn() {
    let (root, traces) = (schema(), traces());
    let mut reached = Reached::new();
    let mut invalid = std::collections::BTreeMap::new();
    let (mut repairs, mut taken) = (Vec::new(), Taken::default());
    for seed in 1..=MODELS {
        let mut draw = trunksim::engine::random::RandomSource::new(seed, 0).at(0, 0, 0);
        match Author::after(&root, &mut draw, &mut taken).model(&traces) {
            Ok(written) => {
                repairs.push(written.repairs);
                coverage::reach(&root, &root, &written.json, "Model", &mut reached);
            }
            Err(refusal) => *invalid.entry(refusal).or_insert(0) += 1,
        }
    }
    let offered = coverage::everything(&root);
    let missing: Vec<&String> = offered.difference(&reached).collect();
    repairs.sort_unstable();
    println!("repairs: median {}, most {:?}", repairs[repairs.len() / 2], repairs.last());
    println!(
        "{} of {} reached; refused: {invalid:#?}",
        offered.len() - missing.len(),
        offered.len()
    );
    assert!(missing.is_empty(), "never set in {MODELS} models: {missing:#?}");
}
