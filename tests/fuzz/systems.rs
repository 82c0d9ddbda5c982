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
        let latency = (n % 3 > 0).then(|| SimDuration::from_millis(40 * n));
        let retry_after = (n % 4 == 0).then(|| SimDuration::from_secs(n % 7));
        (n % 6 > 0).then_some(ScriptedAnswer { outcome, latency, retry_after })
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

/// Runs a model; whether it came to its end and calls were offered.
fn run(written: &Written) -> bool {
    let mut watch = Watch::new(&written.model);
    let seen = simulate_observed(&written.config, 1, 0, &mut watch).map(|(result, _)| result);
    let again = simulate(&written.config, 1, 0);
    assert_eq!(printed(&seen), printed(&again), "the same run twice");
    match again {
        Ok(result) => {
            watch.finish();
            check_metrics(&result);
            watch.offered > 0
        }
        Err(RunError::Events { .. } | RunError::Pending { .. }) => false,
        Err(broken) => panic!("{broken}"),
    }
}

/// Runs a model. One that breaks something is printed, with all taken out of it that is not needed
/// for that.
pub(crate) fn try_out(written: &Written, traces: &Traces) -> bool {
    let attempt = |written: &Written| catch_unwind(AssertUnwindSafe(|| run(written)));
    attempt(written).unwrap_or_else(|panic| {
        let breaks = |json: &Json| match author::checked(json, traces) {
            Ok((model, config)) => {
                attempt(&Written { json: json.clone(), model, config, repairs: 0 }).is_err()
            }
            Err(_) => false,
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
            ran += u64::from(try_out(&written, &traces));
        }
    });
    println!("of {cases} systems {valid} are valid, {ran} ran to their end with calls");
    if !replaying() {
        assert!(valid * 10 >= cases * 9, "of {cases} systems only {valid} are valid");
        assert!(ran * 2 >= cases, "of {cases} systems only {ran} did something to the end");
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
