//! What clients did on a real socket, within the tolerance the traces state.

use serde_json::Value;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::backoff::{BackoffSpec, Jitter, TenacityWait};
use trunksim::policies::budget::Load;
use trunksim::policies::retry::{
    Failed, Hint, Loops, Method, Progress, RetryAfter, RetrySpec, Step,
};

use super::{Always, retry, seconds};

/// Plays the script of a server against a retry loop; the last answer is repeated.
fn replay(text: &str, spec: &RetrySpec, method: Method) {
    assert_eq!(spec.check(), []);
    let trace: Value = serde_json::from_str(text).expect("the trace is JSON");
    let script = trace["input"]["server_script"].as_array().expect("a script");
    let mut loops = Loops::new(spec);
    let mut progress = Progress::new();
    let (mut now, mut gaps, mut requests) = (SimTime::ZERO, Vec::new(), 0);
    let ok = loop {
        let answer = &script[requests.min(script.len() - 1)];
        let level = 0;
        loops.start_try(&mut progress, level, now);
        requests += 1;
        let hint = answer[1].as_u64().map(|s| Hint::After(SimDuration::from_secs(s)));
        let outcome = match answer[0].as_u64() {
            Some(200) => break true,
            Some(429) => Outcome::TooManyRequests,
            Some(503) => Outcome::Unavailable,
            _ => Outcome::TimedOut,
        };
        let failed = Failed { outcome, hint, method };
        match loops.fail(&mut progress, now, failed, Load::default(), &mut Always(0.5)) {
            Step::Retry { after, .. } => {
                gaps.push(after.as_secs_f64());
                now += after;
            }
            Step::GiveUp(_) | Step::GiveUpAfter { .. } => break false,
        }
    };
    let id = &trace["id"];
    let observed = &trace["observed"];
    let tolerance = trace["tolerance_s"].as_f64().expect("a tolerance");
    assert_eq!(requests as u64, observed["n_requests"].as_u64().unwrap(), "{id}");
    assert_eq!(ok, observed["outcome"] == "ok", "{id}");
    let real: Vec<f64> =
        observed["gaps_s"].as_array().unwrap().iter().map(|g| g.as_f64().unwrap()).collect();
    assert_eq!(gaps.len(), real.len(), "{id}");
    for (gap, real) in gaps.iter().zip(&real) {
        assert!((gap - real).abs() <= tolerance, "{id}: {gaps:?} instead of {real:?}");
    }
}

macro_rules! trace {
    ($name:literal) => {
        include_str!(concat!("../../cases/traces/", $name, ".json"))
    };
}

#[test]
fn the_genesys_sdk_for_python() {
    let spec = retry("genesys_python_new");
    replay(trace!("sdk_429_no_retryafter"), &spec, Method::Get);
    replay(trace!("sdk_429_retryafter0_forever"), &spec, Method::Get);
    replay(trace!("sdk_429_retryafter1_then_ok"), &spec, Method::Get);
    replay(trace!("sdk_429_retryafter2_put"), &spec, Method::Put);
    replay(trace!("sdk_503_no_retryafter"), &spec, Method::Get);
    replay(trace!("sdk_conn_reset_forever"), &spec, Method::Get);
}

#[test]
fn tenacity() {
    let mut spec = retry("tenacity");
    spec.backoff = BackoffSpec::Tenacity {
        wait: TenacityWait::Exponential,
        multiplier: seconds(0.25),
        exp_base: 2.0,
        min: SimDuration::ZERO,
        max: Some(seconds(2.0)),
        jitter: SimDuration::ZERO,
    };
    replay(trace!("tenacity_expo"), &spec, Method::Get);
}

/// A status on the list of those to retry needs no header.
#[test]
fn urllib3() {
    let mut spec = retry("urllib3");
    spec.attempts = 5;
    spec.retry_after_needed = vec![Outcome::Unavailable].into();
    let (factor, max) = (seconds(0.5), seconds(120.0));
    spec.backoff = BackoffSpec::Urllib3 { factor, max, jitter: SimDuration::ZERO };
    replay(trace!("urllib3_backoff1"), &spec, Method::Get);
}

/// `PyPI` backoff: expo(base 2, factor 0.2, max 1.5) is a plain exponential.
#[test]
fn backoff() {
    let (base, cap) = (seconds(0.2), seconds(1.5));
    let mut spec = RetrySpec {
        attempts: 6,
        backoff: BackoffSpec::Exponential { base, multiplier: 2.0, cap, jitter: Jitter::None },
        ..RetrySpec::default()
    };
    replay(trace!("backoff_expo_nojitter"), &spec, Method::Get);
    spec.retry_after = RetryAfter::Honoured;
    replay(trace!("backoff_runtime_retryafter"), &spec, Method::Get);
}
