//! Loops, alone and one under another: what ends a request, and how many tries it makes.

use proptest::prelude::*;

use super::*;
use crate::engine::random::{Draw, RandomSource};
use crate::engine::time::SimTime;
use crate::policies::budget::{Budget, Load};

const QUIET: Load = Load { active: 1, pending: 0 };

fn rng() -> Draw {
    RandomSource::new(1, 0).at(0, 0, 0)
}

fn at(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

fn seconds(s: u64) -> Hint {
    Hint::After(SimDuration::from_secs(s))
}

fn failed(outcome: Outcome, hint: Option<Hint>) -> Failed {
    Failed { outcome, hint, method: Method::Get }
}

fn preset(name: &str) -> RetrySpec {
    let preset = PRESETS.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("{name}"));
    toml::from_str(preset.settings).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn read(text: &str) -> RetrySpec {
    let spec: RetrySpec = toml::from_str(text).unwrap();
    assert_eq!(spec.check(), []);
    spec
}

/// The decision of a loop of its own that made `tries` and fails at `now_ms`.
fn decide(spec: &RetrySpec, tries: u32, now_ms: u64, failed: Failed) -> RetryDecision {
    let mut state = LoopState { tries, ..LoopState::starting(SimTime::ZERO) };
    let mut budget = Budget::new(&spec.budget);
    let budget = (&mut budget, QUIET);
    spec.decide(at(now_ms), &mut state, failed, SimTime::NEVER, budget, &mut rng())
}

/// A request whose tries all fail alike and at once: the waits before its retries.
fn waits(spec: &RetrySpec, failed: Failed, most: usize) -> Vec<SimDuration> {
    let mut loops = Loops::new(spec);
    let mut progress = Progress::new();
    let mut now = SimTime::ZERO;
    let mut waits = Vec::new();
    loops.start_try(&mut progress, 0, now);
    while waits.len() < most {
        let Step::Retry { level, after } =
            loops.fail(&mut progress, now, failed, QUIET, &mut rng())
        else {
            break;
        };
        waits.push(after);
        now += after;
        loops.start_try(&mut progress, level, now);
    }
    waits
}

#[test]
fn every_preset_parses_passes_its_checks_and_says_everything() {
    for preset in PRESETS {
        let table: toml::Table = preset.settings.parse().unwrap();
        let spec: RetrySpec =
            table.clone().try_into().unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        assert_eq!(spec.check(), [], "{}", preset.name);
        let written = toml::Table::try_from(&spec).unwrap();
        let left_out: Vec<&String> = written.keys().filter(|k| !table.contains_key(*k)).collect();
        assert!(left_out.is_empty(), "{} leaves out {left_out:?}", preset.name);
        for policy in ["backoff", "budget", "throttle"] {
            assert_eq!(written[policy], table[policy], "{} {policy}", preset.name);
        }
    }
}

#[test]
fn retry_after_takes_the_place_of_the_backoff_where_it_is_honoured() {
    let refused = failed(Outcome::TooManyRequests, Some(seconds(42)));
    let half = SimDuration::from_millis(500);
    let mut spec = RetrySpec::default();
    assert_eq!(decide(&spec, 1, 0, refused), RetryDecision::Retry { after: half });
    let rules = [
        (RetryAfter::Honoured, 42_000),
        (RetryAfter::HonouredUnlessZero, 42_000),
        (RetryAfter::HonouredAsMillis, 42),
        (RetryAfter::Added, 42_500),
        (RetryAfter::AtLeast, 42_000),
        (RetryAfter::AwsBounded, 5_500),
        (RetryAfter::Pushback, 42_000),
    ];
    for (rule, ms) in rules {
        spec.retry_after = rule;
        let after = SimDuration::from_millis(ms);
        assert_eq!(decide(&spec, 1, 0, refused), RetryDecision::Retry { after }, "{rule:?}");
        let silent = failed(Outcome::TimedOut, None);
        assert_eq!(decide(&spec, 1, 0, silent), RetryDecision::Retry { after: half }, "{rule:?}");
    }
    spec.retry_after = RetryAfter::Honoured;
    spec.retry_after_max = Some(SimDuration::from_secs(10));
    let after = SimDuration::from_secs(10);
    assert_eq!(decide(&spec, 1, 0, refused), RetryDecision::Retry { after });
}

#[test]
fn attempts_deadline_and_outcome_each_end_a_request() {
    let spec = RetrySpec {
        deadline: Some(SimDuration::from_secs(3)),
        retry_on: vec![Outcome::TooManyRequests].into(),
        ..RetrySpec::default()
    };
    let give_up = RetryDecision::GiveUp;
    let refused = failed(Outcome::TooManyRequests, None);
    assert_eq!(decide(&spec, 6, 0, refused), give_up(Reason::Attempts));
    assert_eq!(decide(&spec, 1, 2_500, refused), give_up(Reason::Deadline));
    let silent = failed(Outcome::TimedOut, None);
    assert_eq!(decide(&spec, 1, 0, silent), give_up(Reason::NotRetryable));
    let out = RetrySpec { wait_out_deadline: true, ..spec };
    let half = SimDuration::from_millis(500);
    assert_eq!(decide(&out, 1, 2_999, refused), RetryDecision::Retry { after: half });
    assert_eq!(decide(&out, 1, 3_000, refused), give_up(Reason::Deadline));
}

/// tenacity `stop_after_delay`: at the limit, not past it; backon `total_delay`: the wait that
/// would exceed it is not begun.
#[test]
fn elapsed_and_waits_are_bounded_at_their_edges() {
    let refused = failed(Outcome::TooManyRequests, None);
    let mut spec = RetrySpec { attempts: 1000, ..RetrySpec::default() };
    spec.elapsed_max = Some(SimDuration::from_secs(2));
    assert!(matches!(decide(&spec, 1, 1_999, refused), RetryDecision::Retry { .. }));
    assert_eq!(decide(&spec, 1, 2_000, refused), RetryDecision::GiveUp(Reason::Deadline));
    assert_eq!(waits(&spec, refused, 100).len(), 4);
    spec.elapsed_max = None;
    spec.waits_max = Some(SimDuration::from_millis(1_999));
    assert_eq!(waits(&spec, refused, 100).len(), 3);
    spec.waits_max = Some(SimDuration::from_secs(2));
    assert_eq!(waits(&spec, refused, 100).len(), 4);
}

/// gRPC A6: a pushback is waited exactly and resets the exponent; a negative or unreadable one
/// forbids the retry, and is charged to the throttle.
#[test]
fn grpc_pushback() {
    let spec = read(
        "attempts = 5\nretry_after = 'pushback'\nretry_on = ['503']\n\
         backoff = { kind = 'grpc', initial = '100ms', max = '1s', multiplier = 2.0, jitter = 0.0 }\n\
         budget = { kind = 'grpc_throttle', max_tokens = 10, ratio = 0.1 }",
    );
    let mut loops = Loops::new(&spec);
    let mut progress = Progress::new();
    let hints = [None, None, Some(Hint::After(SimDuration::ZERO)), None];
    let expected = [100, 200, 0, 100].map(SimDuration::from_millis);
    for (hint, after) in hints.into_iter().zip(expected) {
        loops.start_try(&mut progress, 0, SimTime::ZERO);
        let refused = failed(Outcome::Unavailable, hint);
        let step = loops.fail(&mut progress, SimTime::ZERO, refused, QUIET, &mut rng());
        assert_eq!(step, Step::Retry { level: 0, after });
    }
    let mut other = Progress::new();
    loops.start_try(&mut other, 0, SimTime::ZERO);
    let stop = failed(Outcome::Unavailable, Some(Hint::Unreadable));
    let step = loops.fail(&mut other, SimTime::ZERO, stop, QUIET, &mut rng());
    assert_eq!(step, Step::GiveUp(Reason::Pushback));
    let Budget::GrpcThrottle(throttle) = loops.budget(0) else { panic!() };
    assert_eq!(throttle.thousandths(), 5_000);
}

/// urllib3: 429 and 503 without the header are final, a time-out is not; a method left out is.
#[test]
fn some_answers_are_retried_only_with_the_header() {
    let new = preset("genesys_python_new");
    let refused = |hint| failed(Outcome::TooManyRequests, hint);
    assert!(waits(&new, refused(None), 100).is_empty());
    assert_eq!(waits(&new, refused(Some(seconds(1))), 100), [SimDuration::from_secs(1); 10]);
    assert_eq!(waits(&new, refused(Some(seconds(0))), 100), [SimDuration::ZERO; 10]);
    assert_eq!(waits(&new, failed(Outcome::TimedOut, None), 100), [SimDuration::ZERO; 10]);
    let old = preset("genesys_python_old");
    assert_eq!(waits(&old, refused(Some(seconds(1))), 100), [SimDuration::from_secs(1); 3]);
    let patch = Failed { method: Method::Patch, ..refused(Some(seconds(1))) };
    assert!(waits(&old, patch, 100).is_empty());
    let go = preset("genesys_go");
    assert_eq!(waits(&go, refused(Some(seconds(180))), 100).len(), 20);
    assert!(waits(&go, refused(Some(seconds(181))), 100).is_empty());
    let cli = preset("genesys_cli");
    assert_eq!(waits(&cli, refused(Some(seconds(42))), 100), [SimDuration::from_millis(42); 2]);
    assert_eq!(waits(&cli, refused(None), 100), [SimDuration::from_secs(3); 2]);
    assert!(waits(&cli, failed(Outcome::Unavailable, None), 100).is_empty());
}

/// .NET: 3 s four times, and at 12 s the 10 s of `MaxRetryTimeSec` are over.
#[test]
fn the_genesys_net_sdk_stops_by_time_or_by_number() {
    let spec = preset("genesys_dotnet");
    let failure = failed(Outcome::Unavailable, None);
    assert_eq!(waits(&spec, failure, 100), [SimDuration::from_secs(3); 4]);
    let quick = failed(Outcome::TooManyRequests, Some(seconds(0)));
    assert_eq!(waits(&spec, quick, 100), [SimDuration::ZERO; 6]);
}

/// A long poll that finds the quota empty waits its backoff, and then fails.
#[test]
fn a_long_poll_waits_before_it_fails() {
    let spec = read(
        "backoff = { kind = 'fixed', delay = '1s' }\n\
         budget = { kind = 'token_quota', capacity = 5, long_poll = true }",
    );
    let refused = failed(Outcome::Unavailable, None);
    let after = SimDuration::from_secs(1);
    let mut loops = Loops::new(&spec);
    let mut progress = Progress::new();
    loops.start_try(&mut progress, 0, SimTime::ZERO);
    let step = loops.fail(&mut progress, SimTime::ZERO, refused, QUIET, &mut rng());
    assert_eq!(step, Step::Retry { level: 0, after });
    loops.start_try(&mut progress, 0, at(1000));
    let step = loops.fail(&mut progress, at(1000), refused, QUIET, &mut rng());
    assert_eq!(step, Step::GiveUpAfter { level: 0, after });
    let step = loops.give_up(&mut progress, 0, at(2000), QUIET, &mut rng());
    assert!(matches!(step, Step::GiveUp(_)));
}

fn stacked(attempts: &[u32]) -> RetrySpec {
    let over = (attempts.len() > 1).then(|| Box::new(stacked(&attempts[1..])));
    RetrySpec { attempts: attempts[0], over, ..RetrySpec::default() }
}

/// 4 attempts in each of 3 layers are 64 at the bottom, 3 in each of 4 are 81.
#[test]
fn attempts_of_stacked_loops_multiply() {
    for (layers, product) in
        [(&[4; 3][..], 64), (&[3; 4], 81), (&[6, 11], 66), (&[1, 5], 5), (&[2; 8], 256)]
    {
        let spec = stacked(layers);
        assert_eq!(spec.check(), []);
        let made = waits(&spec, failed(Outcome::Unavailable, None), 1000).len() + 1;
        assert_eq!(made, product, "{layers:?}");
    }
    assert_eq!(stacked(&[1; DEPTH_MAX]).check(), []);
    assert_ne!(stacked(&[1; DEPTH_MAX + 1]).check(), []);
}

/// Tries that cannot be counted are refused, at the innermost loop that makes them too many.
#[test]
fn too_many_tries_together_are_refused() {
    const MILLION: u32 = 1_000_000;
    assert_eq!(stacked(&[MILLION; 3]).check(), []);
    assert_eq!(stacked(&[1, MILLION, MILLION, MILLION]).check(), []);
    let problems = stacked(&[5, 2, 3, MILLION, MILLION, MILLION]).check();
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.field.as_str(), problem.value.as_str()), ("over.over.attempts", "3"));
    let told = &problem.allowed;
    assert!(told.starts_with("must be at most 1: the loops under it make up to 1e18"));
    let every = stacked(&[MILLION; DEPTH_MAX]).check();
    assert_eq!(every.len(), 1, "{every:?}");
}

/// An inner loop's deadline ends its own call only; the outer loop's ends everything, and no inner
/// wait outlasts it.
#[test]
fn deadlines_belong_to_their_loop() {
    let mut spec = stacked(&[2, 100]);
    let inner = spec.over.as_mut().unwrap();
    inner.deadline = Some(SimDuration::from_millis(1_200));
    let refused = failed(Outcome::Unavailable, None);
    // 0, 500, 1000; the outer wait; 0, 500, 1000.
    assert_eq!(waits(&spec, refused, 100).len(), 5);
    spec.deadline = Some(SimDuration::from_millis(2_100));
    assert_eq!(waits(&spec, refused, 100).len(), 4);
    let mut loops = Loops::new(&spec);
    let mut progress = Progress::new();
    loops.start_try(&mut progress, 0, SimTime::ZERO);
    assert_eq!(loops.deadline(&progress), Some(at(1_200)));
    assert_eq!(loops.expired(&progress, at(1_199)), None);
    assert_eq!(loops.expired(&progress, at(1_200)), Some(1));
    let step = loops.expire(&mut progress, (1, Method::Get), at(1_200), QUIET, &mut rng());
    assert_eq!(step, Step::Retry { level: 0, after: SimDuration::from_millis(500) });
    assert_eq!(loops.deadline(&progress), Some(at(2_100)));
    assert_eq!(loops.expired(&progress, at(2_100)), Some(0));
}

/// The budget of the outer loop pays for its retries, the inner loop's for the inner ones.
#[test]
fn budgets_belong_to_their_loop() {
    let mut spec = stacked(&[3, 4]);
    spec.over.as_mut().unwrap().budget = BudgetSpec::TokenQuota {
        capacity: 20,
        retry_cost: 5,
        timeout_cost: 10,
        throttling_cost: 5,
        long_poll: false,
    };
    // 4 inner retries there are tokens for: 4 + 2 + 1 tries in the three outer ones.
    assert_eq!(waits(&spec, failed(Outcome::Unavailable, None), 100).len() + 1, 7);
}

/// Envoy: 20 % of what is under way; a retry counts until it ends, backoff included.
#[test]
fn concurrent_retries_are_counted_until_they_end() {
    let spec = RetrySpec {
        budget: BudgetSpec::RetryConcurrency { percent: 20.0, min_concurrency: 3, interval: None },
        ..RetrySpec::default()
    };
    let load = Load { active: 25, pending: 0 };
    let refused = failed(Outcome::Unavailable, None);
    let mut loops = Loops::new(&spec);
    let mut requests = std::array::from_fn::<_, 25, _>(|_| Progress::new());
    let mut retrying = Vec::new();
    for (i, progress) in requests.iter_mut().enumerate() {
        loops.start_try(progress, 0, SimTime::ZERO);
        match loops.fail(progress, SimTime::ZERO, refused, load, &mut rng()) {
            Step::Retry { .. } => retrying.push(i),
            step => assert_eq!(step, Step::GiveUp(Reason::Budget)),
        }
    }
    assert_eq!(retrying, [0, 1, 2, 3, 4]);
    loops.start_try(&mut requests[0], 0, at(500));
    loops.succeed(&mut requests[0], at(600));
    loops.abandon(&mut requests[1], 0);
    let Budget::Concurrency(retries) = loops.budget(0) else { panic!() };
    assert_eq!(retries.retries(), 3);
}

/// Pacing delays each try to its turn, and refuses what would wait too long.
#[test]
fn pacing_delays_every_try() {
    let spec = read(
        "[pace]\nkind = 'gcra'\nrate_per_s = 10.0\nburst = 1\non_limit = { kind = 'delay', max = '250ms' }",
    );
    let mut loops = Loops::new(&spec);
    let mut passes = Vec::new();
    for _ in 0..4 {
        let mut progress = Progress::new();
        loops.start_try(&mut progress, 0, SimTime::ZERO);
        let first = loops.pass(&mut progress, SimTime::ZERO, &mut rng());
        passes.push(first);
        if let Pass::Later(until) = first {
            assert_eq!(loops.pass(&mut progress, until, &mut rng()), Pass::Open);
        }
    }
    let refused = Pass::Refused(SimTime::ZERO);
    assert_eq!(passes, [Pass::Open, Pass::Later(at(100)), Pass::Later(at(200)), refused]);
}

/// A blocking limiter parks its caller for the whole time-out before it refuses.
#[test]
fn pacing_may_park_whom_it_refuses() {
    let passes = |refuses: &str| {
        let pace = "kind = 'cycles'\nlimit = 1\nperiod = '10s'\ntimeout = '3s'";
        let mut loops = Loops::new(&read(&format!("[pace]\n{pace}\n{refuses}")));
        [1000, 2000, 7000].map(|now| {
            let mut progress = Progress::new();
            loops.start_try(&mut progress, 0, at(now));
            loops.pass(&mut progress, at(now), &mut rng())
        })
    };
    let then = |refused| [Pass::Open, Pass::Refused(refused), Pass::Later(at(10_000))];
    assert_eq!(passes(""), then(at(5000)));
    assert_eq!(passes("refuses = 'at_once'"), then(at(2000)));
}

/// What the client refuses itself is retried where it is listed, by the loop that it stands in, and
/// says nothing to throttles.
#[test]
fn a_refusal_of_ones_own_is_retried_where_it_is_listed() {
    let step = |outer: &str, inner: &str, outcome, from| {
        let text = format!(
            "attempts = 3\nretry_on = [{outer}]\n[over]\nattempts = 2\nretry_on = [{inner}]"
        );
        let mut loops = Loops::new(&read(&text));
        let mut progress = Progress::new();
        loops.start_try(&mut progress, 0, SimTime::ZERO);
        let failed = Failed { outcome, hint: None, method: Method::Get };
        loops.refuse(&mut progress, from, SimTime::ZERO, failed, Load::default(), &mut rng())
    };
    let after = SimDuration::from_millis(500);
    let retry = |level| Step::Retry { level, after };
    let no = Step::GiveUp(Reason::NotRetryable);
    assert_eq!(step("'429'", "'refused'", Outcome::Refused, 2), retry(1));
    assert_eq!(step("'refused'", "'429'", Outcome::Refused, 2), retry(0));
    assert_eq!(step("'429'", "'refused'", Outcome::Refused, 1), no);
    assert_eq!(step("'bulkhead'", "'429'", Outcome::Bulkhead, 2), retry(0));
    assert_eq!(step("'429'", "'429'", Outcome::Refused, 2), no);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_wait_ends_past_the_deadline_and_no_try_is_one_too_many(
        attempts in 1u32..20, made in 1u32..20, now_s in 0u64..100, wait_s in 0u64..100,
    ) {
        let deadline = SimDuration::from_secs(50);
        let spec = RetrySpec {
            attempts,
            deadline: Some(deadline),
            retry_after: RetryAfter::Honoured,
            ..RetrySpec::default()
        };
        let refused = failed(Outcome::TooManyRequests, Some(seconds(wait_s)));
        if let RetryDecision::Retry { after } = decide(&spec, made, now_s * 1000, refused) {
            prop_assert!(made < attempts);
            prop_assert!(SimDuration::from_secs(now_s) + after < deadline);
        }
    }

    /// However loops are stacked, a request makes at most the product of their attempts.
    #[test]
    fn tries_are_at_most_the_product(
        layers in prop::collection::vec(1u32..5, 1..=6), ends in prop::collection::vec(0u8..3, 0..700),
    ) {
        let spec = stacked(&layers);
        let mut loops = Loops::new(&spec);
        let mut progress = Progress::new();
        let mut now = SimTime::ZERO;
        let mut made = 1;
        loops.start_try(&mut progress, 0, now);
        for end in ends {
            let outcome = [Outcome::TooManyRequests, Outcome::Unavailable, Outcome::TimedOut][end as usize];
            let step = loops.fail(&mut progress, now, failed(outcome, None), QUIET, &mut rng());
            let Step::Retry { level, after } = step else { break };
            now += after;
            made += 1;
            loops.start_try(&mut progress, level, now);
        }
        prop_assert!(made <= layers.iter().product::<u32>());
    }
}
