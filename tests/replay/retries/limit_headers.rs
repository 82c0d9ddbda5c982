//! Waits by limit headers, beside the clients that read them.

use trunksim::engine::time::SimTime;
use trunksim::policies::Outcome;
use trunksim::policies::backoff::BackoffSpec;
use trunksim::policies::budget::Load;
use trunksim::policies::limit_headers::{LimitHeaders, LimitMessage};
use trunksim::policies::retry::{Failed, Hint, Loops, Method, Pass, Progress, RetrySpec, Step};

use super::{Always, Row, assert_close, at, number, retry, rows, seconds};

/// The number after `key=` in a case's input.
fn value(input: &str, key: &str) -> Option<f64> {
    let words = input.split([' ', ',', ';', '"']);
    let text = words.filter_map(|word| word.split_once('=')).find(|(name, _)| *name == key)?.1;
    Some(text.parse().unwrap_or_else(|e| panic!("{key} in {input}: {e}")))
}

/// Headers of an answer written at `date`.
fn limits(allowed: f64, remaining: f64, reset: Option<f64>, date: f64) -> LimitHeaders {
    LimitHeaders {
        allowed: allowed as u32,
        remaining: remaining as u32,
        reset: reset.map(at),
        date: at(date),
    }
}

/// The wait after try `tries` of a request that all fail alike, or nothing where it is given up.
fn after(
    spec: &RetrySpec,
    (tries, outcome): (u32, Outcome),
    now: SimTime,
    told: (Option<LimitHeaders>, LimitMessage),
    (hint, u): (Option<f64>, f64),
) -> Option<f64> {
    let mut loops = Loops::new(spec);
    assert!(loops.reads_limits() || told.0.is_none());
    let mut progress = Progress::new();
    (0..tries).for_each(|_| loops.start_try(&mut progress, 0, now));
    let hint = hint.map(|s| Hint::After(seconds(s)));
    loops.hears(&mut progress, now, outcome, told, hint);
    let failed = Failed { outcome, hint, method: Method::Get };
    match loops.fail(&mut progress, now, failed, Load::default(), &mut Always(u)) {
        Step::Retry { after, .. } => Some(after.as_secs_f64()),
        Step::GiveUp(_) => None,
        step => panic!("{step:?}"),
    }
}

/// The wait of a try at `asks` after an answer at `now` to an earlier one.
fn paced(
    name: &str,
    (now, asks): (f64, f64),
    limits: Option<LimitHeaders>,
    hint: Option<f64>,
) -> Option<f64> {
    let mut loops = Loops::new(&retry(name));
    let mut progress = Progress::new();
    loops.start_try(&mut progress, 0, at(now));
    let hint = hint.map(|s| Hint::After(seconds(s)));
    let told = (limits, LimitMessage::Primary);
    loops.hears(&mut progress, at(now), Outcome::Ok, told, hint);
    loops.succeed(&mut progress, at(now));
    let mut next = Progress::new();
    loops.start_try(&mut next, 0, at(asks));
    match loops.pass(&mut next, at(asks), &mut Always(0.5)) {
        Pass::Open => Some(0.0),
        Pass::Later(until) => Some((until - at(asks)).as_secs_f64()),
        pass @ Pass::Refused(_) => panic!("{pass:?}"),
    }
}

const REFUSED: Outcome = Outcome::TooManyRequests;

fn prawcore(input: &str) -> Option<f64> {
    let of = |key| value(input, key).unwrap();
    let (remaining, used, reset) = (of("remaining"), of("used"), of("reset"));
    let headers = limits(remaining.trunc() + used, remaining, Some(1000.0 + reset), 1000.0);
    let mut spec = retry("prawcore");
    let text = format!("kind = 'prawcore'\nwindow = '{}s'", of("window"));
    spec.throttle = toml::from_str(&text).unwrap();
    let mut loops = Loops::new(&spec);
    let mut progress = Progress::new();
    let told = (Some(headers), LimitMessage::Primary);
    loops.hears(&mut progress, at(1000.0), Outcome::Ok, told, None);
    loops.start_try(&mut progress, 0, at(1000.0));
    match loops.pass(&mut progress, at(1000.0), &mut Always(0.5)) {
        Pass::Later(until) => Some((until - at(1000.0)).as_secs_f64()),
        _ => Some(0.0),
    }
}

fn message(input: &str) -> LimitMessage {
    if input.contains("msg=other") || input.contains("no secondary message") {
        LimitMessage::Other
    } else if input.contains("secondary") {
        LimitMessage::Secondary
    } else {
        LimitMessage::Primary
    }
}

fn status(input: &str) -> Option<Outcome> {
    Outcome::of_status(value(input, "status")? as u16)
}

/// GitHub's and GitLab's clients: the reset is an instant.
fn by_epoch(client: &str, input: &str) -> Option<f64> {
    let mut spec = retry(client);
    let now = value(input, "now").unwrap_or(1000.25);
    let index = value(input, "retry_index").or(value(input, "nth_retry").map(|n| n - 1.0));
    if let Some(factor) = value(input, "backoff_factor") {
        let (factor, none) = (seconds(factor), seconds(0.0));
        spec.backoff = BackoffSpec::Urllib3 { factor, max: seconds(120.0), jitter: none };
    }
    let names = ["RateLimit-Reset", "X-RateLimit-Reset", "x-ratelimit-reset"];
    let reset = names.into_iter().find_map(|name| value(input, name));
    let remaining =
        value(input, "x-ratelimit-remaining").or(value(input, "remaining")).unwrap_or(0.0);
    let headers = reset.map(|reset| limits(100.0, remaining, Some(reset), now.floor()));
    let hint = value(input, "Retry-After").or(value(input, "retry-after"));
    let tries = index.unwrap_or(0.0) as u32 + 1;
    let outcome = status(input).unwrap_or(REFUSED);
    after(&spec, (tries, outcome), at(now), (headers, message(input)), (hint, 0.5))
}

/// Okta's: an instant, by the server's clock; of several the smallest.
fn by_date(client: &str, input: &str) -> Option<f64> {
    let date = value(input, "Date").unwrap();
    let reset = value(input, "X-Rate-Limit-Reset").unwrap_or_else(|| {
        let words = input.split([' ', ',']).filter_map(|word| word.parse::<f64>().ok());
        words.fold(f64::INFINITY, f64::min)
    });
    let headers = limits(100.0, 0.0, Some(reset), date);
    // The client's own clock does not matter.
    let told = (Some(headers), LimitMessage::Primary);
    after(&retry(client), (1, REFUSED), at(5000.0), told, (None, 0.5))
}

fn stainless(input: &str) -> Option<f64> {
    let hint = value(input, "retry-after-ms").map(|ms| ms / 1000.0);
    let hint = hint.or(value(input, "retry-after"));
    let mut spec = retry("stainless");
    // The cases go beyond its two retries.
    spec.attempts = 10;
    let tries = value(input, "retry_index").unwrap_or(0.0) as u32 + 1;
    let told = (None, LimitMessage::Primary);
    let u = value(input, "rand").unwrap_or(0.0);
    after(&spec, (tries, REFUSED), at(1000.0), told, (hint, u))
}

fn genesys(client: &str, input: &str) -> Option<f64> {
    const NOW: f64 = 1000.0;
    if client == "genesys_script_a" {
        let reset = value(input, "inin-ratelimit-reset").map(|s| NOW + s);
        let outcome = status(input).expect("a status");
        let headers = reset.map(|reset| limits(300.0, 0.0, Some(reset), NOW));
        let told = (headers, LimitMessage::Primary);
        return after(&retry(client), (1, outcome), at(NOW), told, (None, 0.5));
    }
    let (allowed, count) = (value(input, "allowed").unwrap(), value(input, "count").unwrap());
    let reset = value(input, "reset").map(|s| NOW + s);
    let age = input.rsplit_once("last response=").map_or(0.0, |(_, age)| age.parse().unwrap());
    let headers = limits(allowed, allowed - count, reset, NOW);
    paced(client, (NOW, NOW + age), Some(headers), None)
}

/// Of a list, the item that the simulated server would send: least left, then latest reset.
fn ietf(input: &str) -> Option<f64> {
    const NOW: f64 = 1000.0;
    let items = input.split(',').filter_map(|item| {
        let (r, t) = (value(item, "r")?, value(item, "t")?);
        Some((r as u32, t as u32))
    });
    let tightest = items.min_by_key(|(r, t)| (*r, std::cmp::Reverse(*t)));
    let headers =
        tightest.map(|(r, t)| limits(1000.0, f64::from(r), Some(NOW + f64::from(t)), NOW));
    let hint = input.split_once("Retry-After: ").map(|(_, s)| s.parse().unwrap());
    paced("ietf_ratelimit", (NOW, NOW), headers, hint)
}

#[test]
fn header_pacing() {
    let check = |row: &Row| {
        let input = row["input"].as_str();
        let wait = match row["client"].as_str() {
            "prawcore" => prawcore(input),
            client @ ("python_gitlab" | "pygithub" | "octokit_throttling") => {
                by_epoch(client, input)
            }
            "okta_python" => by_date("okta_python", input),
            "okta_go_v2" => by_date("okta_go", input),
            "stainless_openai" => stainless(input),
            "ietf_draft" => ietf(input),
            client => genesys(client, input),
        };
        match row["wait_s"].as_str() {
            "no retry" | "GithubException" => assert_eq!(wait, None, "{row:?}"),
            _ => {
                let wait = wait.unwrap_or_else(|| panic!("given up: {row:?}"));
                assert_close(wait, number(row, "wait_s"), row);
            }
        }
    };
    rows(include_str!("../../cases/policies/header_pacing.csv")).iter().for_each(check);
}

/// Half the wait is random, at least half a second; a 429 is not retried.
#[test]
fn stripe_waits() {
    let spec = RetrySpec { attempts: 10, ..retry("stripe_python") };
    let wait = |tries, u| {
        let told = (None, LimitMessage::Primary);
        after(&spec, (tries, Outcome::Unavailable), at(0.0), told, (None, u))
    };
    for (tries, u, expected) in
        [(1, 0.0, 0.5), (1, 1.0, 0.5), (2, 0.5, 0.75), (3, 0.0, 1.0), (8, 0.0, 2.5), (8, 1.0, 5.0)]
    {
        assert_close(wait(tries, u).unwrap(), expected, &(tries, u));
    }
    let told = (None, LimitMessage::Primary);
    assert_eq!(after(&spec, (1, REFUSED), at(0.0), told, (None, 0.5)), None);
}

/// Our own: a try each t/r, in the order of asking.
#[test]
fn what_is_left_is_spread_over_the_time_left() {
    let mut loops = Loops::new(&retry("spread"));
    let mut progress = Progress::new();
    loops.start_try(&mut progress, 0, at(0.0));
    let headers = limits(60.0, 20.0, Some(40.0), 0.0);
    let told = (Some(headers), LimitMessage::Primary);
    loops.hears(&mut progress, at(0.0), Outcome::Ok, told, None);
    loops.succeed(&mut progress, at(0.0));
    let passes: Vec<Pass> = (0..4)
        .map(|_| {
            let mut next = Progress::new();
            loops.start_try(&mut next, 0, at(1.0));
            loops.pass(&mut next, at(1.0), &mut Always(0.5))
        })
        .collect();
    assert_eq!(passes, [2.0, 4.0, 6.0, 8.0].map(|s| Pass::Later(at(s))));
}
