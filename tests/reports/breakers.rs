//! Circuit breakers that open at the first failure, never, late, or for the wrong length of time.

use trunksim::policies::breaker::State::{self, Closed, HalfOpen, Open};

use super::{ns, run};

const OPOSSUM: &str = "03-opossum-first-failure/base";

/// N successes, then failures; more than 50 % of the calls of the rolling window open it. S F is
/// 50 %: closed; S F F is 67 %: open at the third call. nodeshift/opossum #217, #232, #288.
#[test]
fn opossum_opens_at_strictly_more_than_its_share() {
    for (successes, opens_at_call) in [(1, 3), (2, 5), (3, 7)] {
        let limit = format!("api.limits.script.limiter.limit={successes}");
        let seen = run(OPOSSUM, &[&limit]);
        assert_eq!(seen.sent_before_open(), Some(opens_at_call), "{successes} successes");
    }
}

/// A volume threshold of 5 holds the decision back until the fifth call (1 success, 4 failures).
#[test]
fn opossum_waits_for_its_volume() {
    let limit = "api.limits.script.limiter.limit=1";
    let seen = run(OPOSSUM, &[limit, "client.breaker.machine.volume_threshold=5"]);
    assert_eq!(seen.sent_before_open(), Some(5));
}

const FIRST_FAILS: &str = "03-opossum-first-failure/first-fails";
const ALL_PASS: [&str; 2] = ["api.limits.script.limiter.limit=1000", "trunks.T.arrivals.every=3s"];

/// The first call is the only one of its window: 1 of 1 is more than 50 %. The reset timer makes it
/// half-open 30 s later to the nanosecond, and the next call, at 34 s, closes it.
/// nodeshift/opossum #481.
#[test]
fn opossum_opens_at_the_first_failure() {
    let seen = run(FIRST_FAILS, &ALL_PASS);
    let open = seen.first_open().expect("it opens");
    assert_eq!(open, seen.sent[0] + ns("1s"), "the attempt times out after a second");
    let states: Vec<State> = seen.moves.iter().map(|m| m.2).collect();
    assert_eq!(states, [Open, HalfOpen, Closed]);
    assert_eq!(seen.moves[1].0 - open, ns("30s"));
    assert_eq!(seen.sent.iter().filter(|at| **at > open && **at < seen.moves[2].0).count(), 1);
    assert!(seen.moves[2].0 - ns("34s") < ns("100ms"), "{}", seen.moves[2].0);
}

#[test]
fn opossum_stays_closed_while_it_warms_up_or_has_too_few_calls() {
    for key in ["allow_warm_up=true", "volume_threshold=5"] {
        let key = format!("client.breaker.machine.{key}");
        let seen = run(FIRST_FAILS, &[ALL_PASS[0], ALL_PASS[1], &key]);
        assert_eq!(seen.first_open(), None, "{key}");
    }
}

const EVERY_SECOND: [&str; 2] = ["trunks.T.arrivals.every=1s", "trunks.T.arrivals.phase=1s"];

/// 1 % of at least 10 calls. Ten successes and a failure: 1 of 11 opens at call 11. A failure first
/// is below the minimum, and a success is never looked at: the next failure, call 22, opens.
/// App-vNext/Polly #320.
#[test]
fn polly_evaluates_at_failures_above_its_minimum() {
    let opens = |model| run(model, &EVERY_SECOND).first_open();
    assert_eq!(opens("04-polly-thresholds/p320"), Some(ns("11050ms")));
    assert_eq!(opens("04-polly-thresholds/p320b"), Some(ns("22050ms")));
}

/// A ratio of 1.0 waits until no success is left in the sampling duration. Calls come every 200 ms
/// and fail from 20.2 s on, 50 ms later. Of ten windows the last that holds a success began at
/// 18.2 s (30 s of sampling); with 2 s the successes are gone at 22 s. App-vNext/Polly-Samples #60.
#[test]
fn polly_breaks_at_all_failures_only_when_the_last_success_has_left() {
    for (sampling, opens) in [("30s", "48250ms"), ("2s", "22050ms")] {
        let sampling = format!("client.breaker.machine.sampling_duration={sampling}");
        let seen = run("04-polly-thresholds/base", &[&sampling]);
        assert_eq!(seen.first_open(), Some(ns(opens)), "{sampling}");
    }
}

/// A share of several probes while half-open, which Polly lacks (#2381), in the generic breaker:
/// two successes of three probes close it.
#[test]
fn a_generic_breaker_decides_on_several_probes() {
    let machine = "client.breaker.machine={ kind = \"generic\", \
                   rule = { kind = \"consecutive\", failures = 4 }, open = \"10s\", \
                   half_open_probes = 3, half_open_successes = 2 }";
    // Failures from 20.2 to 25.1 s: opens at the fourth, half-open ten seconds later.
    let seen = run("04-polly-thresholds/base", &[machine, "faults.0.for=5s"]);
    let states: Vec<State> = seen.moves.iter().map(|m| m.2).collect();
    assert_eq!(states, [Open, HalfOpen, Closed]);
    let probes = |at: &&u64| **at >= seen.moves[1].0 && **at < seen.moves[2].0;
    assert_eq!(seen.sent.iter().filter(probes).count(), 2);
}

/// A call every 10 ms, the first alone succeeds. The breaker reads its counts once per snapshot
/// interval: with 500 ms, 49 calls pass before it opens; with 10 ms it opens at 30 ms, two calls
/// made. spring-cloud-netflix #2276.
#[test]
fn hystrix_sees_what_its_snapshot_holds() {
    for (interval, opens, calls) in [("500ms", "500ms", 49), ("10ms", "30ms", 2)] {
        let interval = format!("client.breaker.machine.health_snapshot_interval={interval}");
        let seen = run("05-hystrix-snapshot/model", &[&interval]);
        assert_eq!(seen.first_open(), Some(ns(opens)), "{interval}");
        assert_eq!(seen.sent_before_open(), Some(calls), "{interval}");
    }
}

/// Trips at the hundredth failure in a row; half-open at the first call 10 s later. One probe that
/// fails is all that is made although `max_requests` is 5; five successes close it.
/// sony/gobreaker #53.
#[test]
fn gobreaker_makes_one_request_half_open_when_it_fails() {
    let seen = run("06-gobreaker-half-open/model", &[]);
    let moves: Vec<(u64, State)> = seen.moves.iter().map(|m| (m.0 / 1_000_000, m.2)).collect();
    let expected = [
        (10_050, Open),
        (20_100, HalfOpen),
        (20_150, Open),
        (30_200, HalfOpen),
        (30_250, Open),
        (40_300, HalfOpen),
        (40_710, Closed),
    ];
    assert_eq!(moves, expected);
    let sent = |from: u64, until: u64| {
        seen.sent.iter().map(|at| at / 1_000_000).filter(|at| (from..until).contains(at)).count()
    };
    assert_eq!((sent(10_050, 20_100), sent(20_100, 30_200)), (0, 1));
    assert_eq!(sent(40_300, 40_710), 5);
}

/// One of N hosts is ejected while 100·(ejected + 1)/N is at most the percentage.
/// envoyproxy/envoy #3263, #26877.
#[test]
fn envoy_ejects_up_to_its_percentage() {
    let hosts = [(10, 0), (33, 0), (34, 1), (50, 1), (66, 1), (67, 2), (100, 3)];
    for (percent, ejected) in hosts {
        for always_one in [false, true] {
            let percent = format!("client.breaker.machine.max_ejection_percent={percent}");
            let always = format!("client.breaker.machine.always_eject_one_host={always_one}");
            let seen = run("07-envoy-outlier/base", &[&percent, &always]);
            let opened = seen.moves.iter().filter(|m| m.2 == Open).map(|m| m.1);
            let opened: std::collections::BTreeSet<u32> = opened.collect();
            let expected = if always_one { ejected.max(1) } else { ejected };
            assert_eq!(opened.len(), expected, "{percent} {always}");
        }
    }
}

/// By failure percentage, a sweep every 30 s and a base time of 60 s: the multiplier falls only
/// after a whole interval back, so that ejections last 60, 120 and 180 s.
/// envoyproxy/envoy #26758, #27066.
#[test]
fn envoy_ejects_for_longer_each_time() {
    let mut overrides = vec!["horizon=10m".to_owned()];
    let keys = [
        "max_ejection_percent=100",
        "interval=30s",
        "base_ejection_time=60s",
        "enforcing_consecutive_5xx=false",
        "enforcing_success_rate=false",
        "enforcing_failure_percentage=true",
    ];
    overrides.extend(keys.map(|key| format!("client.breaker.machine.{key}")));
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    let seen = run("07-envoy-outlier/base5", &overrides);
    let of_first = seen.moves.iter().filter(|m| m.1 == seen.moves[0].1);
    let spells: Vec<(u64, State)> = of_first.map(|m| (m.0 / 1_000_000_000, m.2)).collect();
    let expected =
        [(30, Open), (90, Closed), (120, Open), (240, Closed), (270, Open), (450, Closed)];
    assert_eq!(spells[..6], expected);
}

/// Ten calls fail at 1.1 s and open the breaker for 1 s; the retry stands around it, and takes what
/// the breaker refuses for a failure like any other: all eleven come through in the end. A retry
/// that does not list refusals gives up at the first. resilience4j #1065, Polly #2181.
#[test]
fn a_retry_around_an_open_breaker_waits_it_out() {
    let model = "24-retry-against-open-breaker/model";
    let seen = run(model, &[]);
    assert_eq!((seen.calls, seen.answered), (11, 11));
    assert_eq!((seen.sent.len(), seen.broken.len()), (21, 22));
    let polly = run(model, &["client.retry={ preset = \"polly_v8\", attempts = 5 }"]);
    assert_eq!(polly.answered, 11);
    let seen = run(model, &["client.retry.retry_on=[\"429\", \"503\", \"timeout\"]"]);
    assert_eq!((seen.answered, seen.sent.len(), seen.broken.len()), (0, 10, 11));
}
