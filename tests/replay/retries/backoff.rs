//! Waits of AWS, Polly, tenacity, urllib3 and backon.

use trunksim::engine::time::SimDuration;
use trunksim::policies::Outcome;
use trunksim::policies::backoff::{BackoffSpec, BackoffState, PollyGrowth, Retry, TenacityWait};
use trunksim::policies::budget::{Budget, Load};
use trunksim::policies::retry::{Failed, Hint, Loops, Method, Progress, Step};

use super::{Always, Row, assert_close, at, number, retry, rows, seconds};

fn wait(spec: &BackoffSpec, state: &mut BackoffState, number: u32, r: f64) -> f64 {
    assert_eq!(spec.check(), []);
    let retry = Retry { number, outcome: Outcome::Unavailable, elapsed: SimDuration::ZERO };
    spec.next(state, retry, &mut Always(r)).as_secs_f64()
}

fn once(spec: &BackoffSpec, number: u32, r: f64) -> f64 {
    wait(spec, &mut BackoffState::default(), number, r)
}

#[test]
fn polly_retry_delays() {
    for row in rows(include_str!("../../cases/policies/polly_retry_delay.csv")) {
        let spec = BackoffSpec::Polly {
            growth: match row["type"].as_str() {
                "Constant" => PollyGrowth::Constant,
                "Linear" => PollyGrowth::Linear,
                _ => PollyGrowth::Exponential,
            },
            delay: seconds(number(&row, "base_s")),
            max_delay: row["max_s"].parse().ok().map(seconds),
            jitter: row["jitter"] == "true",
        };
        let r = row["rand"].parse().unwrap_or(0.5);
        let value = once(&spec, number(&row, "attempt0") as u32 + 1, r);
        assert_close(value, number(&row, "expected_s"), &row);
    }
}

/// The decorrelated jitter keeps its state uncapped: the formula of policies.md §1a, step by step.
#[test]
fn pollys_decorrelated_jitter_keeps_its_uncapped_state() {
    let draws = [0.9, 0.1, 0.5, 0.99, 0.0, 0.3, 0.7];
    let spec = BackoffSpec::Polly {
        growth: PollyGrowth::Exponential,
        delay: seconds(2.0),
        max_delay: Some(seconds(5.0)),
        jitter: true,
    };
    let mut state = BackoffState::default();
    let mut last = 0.0;
    for (attempt, r) in draws.into_iter().enumerate() {
        let t: f64 = attempt as f64 + r;
        let next = t.exp2() * (4.0 * t).sqrt().tanh();
        let expected = ((next - last) * 2.0 / 1.4).min(5.0);
        last = next;
        assert_close(wait(&spec, &mut state, attempt as u32 + 1, r), expected, &attempt);
    }
}

#[test]
fn tenacity_waits() {
    for row in rows(include_str!("../../cases/policies/tenacity_waits.csv")) {
        let spec = BackoffSpec::Tenacity {
            wait: match row["wait"].as_str() {
                "exponential" => TenacityWait::Exponential,
                "random_exponential" => TenacityWait::RandomExponential,
                _ => TenacityWait::ExponentialJitter,
            },
            multiplier: seconds(number(&row, "multiplier")),
            exp_base: number(&row, "exp_base"),
            min: seconds(number(&row, "min")),
            max: Some(seconds(number(&row, "max"))),
            jitter: seconds(number(&row, "jitter")),
        };
        let value = once(&spec, number(&row, "attempt") as u32, number(&row, "r"));
        assert_close(value, number(&row, "wait_s"), &row);
    }
}

#[test]
fn urllib3_backoff_times() {
    for row in rows(include_str!("../../cases/policies/urllib3_backoff.csv")) {
        let spec = BackoffSpec::Urllib3 {
            factor: seconds(number(&row, "factor")),
            max: seconds(number(&row, "max")),
            jitter: seconds(number(&row, "jitter")),
        };
        let value = once(&spec, number(&row, "retry") as u32, number(&row, "r"));
        assert_close(value, number(&row, "wait_s"), &row);
    }
}

/// To the nanosecond: backon's arithmetic has 32 bits, and so have these figures.
#[test]
fn backon_delays() {
    for row in rows(include_str!("../../cases/policies/backon_delays.csv")) {
        let mut spec = retry("backon");
        spec.attempts = number(&row, "times") as u32 + 1;
        spec.waits_max = row["total_ms"].parse().ok().map(SimDuration::from_millis);
        spec.backoff = BackoffSpec::Backon {
            min_delay: SimDuration::from_millis(number(&row, "min_ms") as u64),
            factor: number(&row, "factor"),
            max_delay: Some(SimDuration::from_millis(number(&row, "max_ms") as u64)),
            jitter: false,
        };
        let mut loops = Loops::new(&spec);
        let mut progress = Progress::new();
        let (mut now, mut waits) = (at(0.0), Vec::new());
        loops.start_try(&mut progress, 0, now);
        let failed = Failed { outcome: Outcome::Unavailable, hint: None, method: Method::Get };
        while let Step::Retry { level, after } =
            loops.fail(&mut progress, now, failed, Load::default(), &mut Always(0.5))
        {
            waits.push(after.as_nanos().to_string());
            now += after;
            loops.start_try(&mut progress, level, now);
        }
        assert_eq!(waits.join(";"), row["waits_ns"], "{row:?}");
    }
}

/// A request of a preset whose attempts fail one after the other with a fixed uniform number.
fn aws_wait(name: &str, row: &Row, outcome: Outcome, attempt: u32, r: f64) -> f64 {
    let mut spec = retry(name);
    spec.attempts = 1000;
    spec.budget = trunksim::policies::budget::BudgetSpec::None;
    let hint = match row["header_ms"].parse::<i64>() {
        Ok(ms) if ms >= 0 => Some(Hint::After(SimDuration::from_millis(ms as u64))),
        _ if row["header_ms"].is_empty() => None,
        _ => Some(Hint::Unreadable),
    };
    let failed = Failed { outcome, hint, method: Method::Get };
    let mut loops = Loops::new(&spec);
    let mut progress = Progress::new();
    for _ in 0..attempt {
        loops.start_try(&mut progress, 0, at(0.0));
    }
    match loops.fail(&mut progress, at(0.0), failed, Load::default(), &mut Always(r)) {
        Step::Retry { after, .. } => after.as_secs_f64(),
        step => panic!("{step:?}: {row:?}"),
    }
}

#[test]
fn botocore_v21_delays() {
    for row in rows(include_str!("../../cases/policies/botocore_v21_delays.csv")) {
        let name = match row["service"].as_str() {
            "dynamodb" => "botocore_dynamodb_v21",
            _ => "botocore_standard_v21",
        };
        let throttled = row["throttled"] == "1";
        let outcome = if throttled { Outcome::TooManyRequests } else { Outcome::Unavailable };
        let (attempt, r) = (number(&row, "attempt") as u32, number(&row, "r"));
        assert_close(aws_wait(name, &row, outcome, attempt, r), number(&row, "delay_s"), &row);
    }
}

fn tokens(loops: &Loops) -> u32 {
    let Budget::TokenQuota(quota) = loops.budget(0) else { panic!("a quota") };
    quota.tokens()
}

#[test]
fn aws_retry_after_v21() {
    for row in rows(include_str!("../../cases/policies/aws_retry_after_v21.csv")) {
        let hint = match row["header"].parse::<i64>() {
            Ok(ms) if ms >= 0 => Hint::After(SimDuration::from_millis(ms as u64)),
            _ => Hint::Unreadable,
        };
        let failed =
            Failed { outcome: Outcome::Unavailable, hint: Some(hint), method: Method::Get };
        let mut loops = Loops::new(&retry("botocore_standard_v21"));
        let mut progress = Progress::new();
        loops.start_try(&mut progress, 0, at(0.0));
        let step = loops.fail(&mut progress, at(0.0), failed, Load::default(), &mut Always(1.0));
        let Step::Retry { level, after } = step else { panic!("{step:?}") };
        assert_close(after.as_secs_f64(), number(&row, "delay_s"), &row);
        assert_eq!(tokens(&loops), number(&row, "quota_after_failure") as u32);
        loops.start_try(&mut progress, level, at(10.0));
        loops.succeed(&mut progress, at(10.0));
        assert_eq!(tokens(&loops), number(&row, "quota_after_success") as u32);
    }
}

#[test]
fn aws_dynamodb_v21() {
    let mut loops = Loops::new(&retry("botocore_dynamodb_v21"));
    let mut progress = Progress::new();
    let failed = Failed { outcome: Outcome::Unavailable, hint: None, method: Method::Get };
    for row in rows(include_str!("../../cases/policies/aws_dynamodb_v21.csv")) {
        loops.start_try(&mut progress, 0, at(0.0));
        let step = loops.fail(&mut progress, at(0.0), failed, Load::default(), &mut Always(1.0));
        assert_eq!(tokens(&loops), number(&row, "quota") as u32);
        match (step, row["retryable"].as_str()) {
            (Step::Retry { after, .. }, "true") => {
                assert_close(after.as_secs_f64(), number(&row, "delay_s"), &row);
            }
            (Step::GiveUp(_), "false") => {}
            _ => panic!("{step:?}: {row:?}"),
        }
    }
}
