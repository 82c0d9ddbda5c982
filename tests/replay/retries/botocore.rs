//! botocore's standard mode before and after 1.44, outcome by outcome: the decision, the wait and
//! the quota of each row, for the presets of both versions.

use trunksim::engine::time::SimDuration;
use trunksim::policies::Outcome;
use trunksim::policies::budget::{Budget, BudgetSpec, Load};
use trunksim::policies::retry::{Failed, Hint, Loops, Method, Progress, RetrySpec, Step};

use super::{Always, Row, assert_close, at, number, retry, rows};

/// A version of the library.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Version {
    V135,
    V144,
}

/// Columns of a version: quota after, wait, decision.
const fn columns(version: Version) -> [&'static str; 3] {
    match version {
        Version::V135 => ["old_quota_after", "old_delay_s", "old_decision"],
        Version::V144 => ["quota_after", "delay_s", "decision"],
    }
}

/// Error codes of throttling, among those of the file.
const THROTTLING: [&str; 6] = [
    "ThrottlingException",
    "SlowDown",
    "Throttling",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ModeledThr",
];

/// What an outcome of the file is to the retry loop: a status without a code is itself, the codes of
/// the service come to it as the status of their kind. `None` is a success.
fn outcome(row: &Row, version: Version) -> Option<Outcome> {
    let not_retried = Outcome::Status(400);
    let (status, code) = row["outcome"].split_once(' ').unwrap_or((&row["outcome"], ""));
    Some(match (status, code) {
        ("200", _) => return None,
        ("conn", _) => Outcome::Unavailable,
        ("read_timeout" | "connect_timeout", _) => Outcome::TimedOut,
        // A modelled error says itself whether it is retried.
        (_, "Modeled") => Outcome::Unavailable,
        (_, code) if THROTTLING.contains(&code) => Outcome::TooManyRequests,
        ("429", "") if version == Version::V135 => not_retried,
        ("400" | "429", code) if !code.is_empty() => not_retried,
        (status, "") => status.parse().ok().and_then(Outcome::of_status).expect("a status"),
        other => panic!("{other:?}"),
    })
}

/// Only the header that the library reads.
fn hint(row: &Row) -> Option<Hint> {
    let value = row["headers"].strip_prefix("x-amz-retry-after=")?;
    Some(match value.parse::<u64>() {
        Ok(ms) => Hint::After(SimDuration::from_millis(ms)),
        Err(_) => Hint::Unreadable,
    })
}

/// The preset of a case, with its number of attempts and its quota. Up to 1.43 DynamoDB has no
/// quota of its own: an untouched number of attempts is 3.
fn spec(row: &Row, version: Version) -> RetrySpec {
    let long_polls = ["ReceiveMessage", "GetActivityTask"];
    let long_poll = long_polls.contains(&row["operation"].as_str());
    let dynamodb = row["service"].starts_with("dynamodb");
    let mut spec = retry(match (version, dynamodb, long_poll) {
        (Version::V135, ..) => "botocore_standard",
        (Version::V144, true, _) => "botocore_dynamodb_v21",
        (Version::V144, false, true) => "botocore_long_poll_v21",
        (Version::V144, false, false) => "botocore_standard_v21",
    });
    let most = number(row, "max_attempts_144") as u32;
    let own = dynamodb && most == 4;
    match (version, own) {
        // What the preset itself says.
        (_, true) => assert_eq!(spec.attempts, if version == Version::V135 { 3 } else { 4 }),
        (_, false) => spec.attempts = most,
    }
    let BudgetSpec::TokenQuota { capacity, .. } = &mut spec.budget else { panic!("a quota") };
    *capacity = number(row, "capacity") as u32;
    spec
}

fn tokens(loops: &Loops) -> u32 {
    let Budget::TokenQuota(quota) = loops.budget(0) else { panic!("a quota") };
    quota.tokens()
}

fn replay(case: &[Row], version: Version) {
    let [quota, delay, decision] = columns(version);
    let mut loops = Loops::new(&spec(&case[0], version));
    let (mut call, mut progress) = (case[0]["call"].clone(), Progress::new());
    for row in case {
        if row["call"] != call {
            (call, progress) = (row["call"].clone(), Progress::new());
        }
        loops.start_try(&mut progress, 0, at(0.0));
        let Some(outcome) = outcome(row, version) else {
            loops.succeed(&mut progress, at(0.0));
            assert_eq!(row[decision], "success");
            assert_eq!(tokens(&loops), number(row, quota) as u32, "{row:?}");
            continue;
        };
        let failed = Failed { outcome, hint: hint(row), method: Method::Get };
        let mut rng = Always(number(row, "rand"));
        let step = loops.fail(&mut progress, at(0.0), failed, Load::default(), &mut rng);
        assert_eq!(tokens(&loops), number(row, quota) as u32, "{row:?}");
        match (step, row[decision].as_str()) {
            (Step::Retry { after, .. }, "retry") => {
                assert_close(after.as_secs_f64(), number(row, delay), row);
            }
            (Step::GiveUp(_), "no retry") => {}
            (Step::GiveUpAfter { after, .. }, slept) => {
                assert_eq!(slept, format!("no retry (slept {})", after.as_secs_f64()), "{row:?}");
            }
            _ => panic!("{step:?}: {row:?}"),
        }
    }
}

#[test]
fn botocore_144_standard() {
    let rows = rows(include_str!("../../cases/policies/botocore_144_standard.csv"));
    let cases: Vec<&[Row]> = rows.chunk_by(|a, b| a["case"] == b["case"]).collect();
    assert_eq!((rows.len(), cases.len() > 20), (81, true));
    for case in cases {
        replay(case, Version::V144);
        replay(case, Version::V135);
    }
}

/// 35 retries after failures of a full quota where there were 100; as many as before after
/// throttling; the mean of the first wait is 25 ms where it was half a second.
#[test]
fn the_newer_version_retries_less_and_sooner() {
    let retries = |name: &str, outcome: Outcome| {
        let mut loops = Loops::new(&retry(name));
        let failed = Failed { outcome, hint: None, method: Method::Get };
        let mut first_wait = None;
        let granted = (0..1000).filter(|_| {
            let mut progress = Progress::new();
            loops.start_try(&mut progress, 0, at(0.0));
            let load = Load::default();
            match loops.fail(&mut progress, at(0.0), failed, load, &mut Always(0.5)) {
                Step::Retry { after, .. } => {
                    first_wait.get_or_insert(after.as_secs_f64());
                    true
                }
                _ => false,
            }
        });
        (granted.count(), first_wait.expect("the first is granted"))
    };
    let (failure, throttled) = (Outcome::Unavailable, Outcome::TooManyRequests);
    assert_eq!(retries("botocore_standard", failure), (100, 0.5));
    assert_eq!(retries("botocore_standard_v21", failure), (35, 0.025));
    assert_eq!(retries("botocore_adaptive_v21", failure), (35, 0.025));
    assert_eq!(retries("botocore_dynamodb_v21", failure), (35, 0.0125));
    assert_eq!(retries("botocore_standard", throttled), (100, 0.5));
    assert_eq!(retries("botocore_standard_v21", throttled), (100, 0.5));
}
