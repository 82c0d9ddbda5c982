//! Limiters at the edge of a window, and nginx's `limit_req` as five reports have it.

use super::{Seen, ns, run};

/// 120 requests in the second before the edge of a minute and 120 in the second after it, under 120
/// per minute. plausible/analytics #6497, candela #574, alisaifee/limits #120.
#[test]
fn a_fixed_window_lets_twice_its_limit_pass_at_the_edge() {
    let window = "limit = 120, window = \"1m\"";
    let rate = "rate_per_s = 2, burst = 120";
    let limiters = [
        (format!("kind = \"fixed_window\", {window}"), 240),
        (format!("kind = \"fixed_window\", {window}, anchor = \"first_request\""), 120),
        (format!("kind = \"sliding_log\", {window}"), 120),
        // The window before weighs (1 - 0.952 s / 60 s) at the end: room for one.
        (format!("kind = \"sliding_counter\", {window}"), 121),
        // What 1.952 s refill.
        (format!("kind = \"token_bucket\", {rate}"), 123),
        (format!("kind = \"gcra\", {rate}"), 123),
    ];
    for (limiter, passed) in limiters {
        let limiter = format!("api.limits.l.limiter={{ {limiter} }}");
        let seen = run("10-fixed-window-edge/model", &[&limiter]);
        assert_eq!(seen.passed.len(), passed, "{limiter}");
        assert_eq!(seen.refused.len(), 240 - passed, "{limiter}");
    }
}

/// The same with a client of which nothing says that it has a breaker: none cuts the requests off.
#[test]
fn a_client_without_a_written_breaker_has_no_breaker() {
    let seen = run("10-fixed-window-edge/default-breaker", &[]);
    assert_eq!((seen.passed.len(), seen.refused.len(), seen.broken.len()), (120, 120, 0));
    assert_eq!(seen.moves, []);
}

const NGINX: &str = "11-nginx-limit-req/model";

fn nginx(limiter: &str, batch: u32) -> Seen {
    let limiter = format!("api.limits.zone.limiter={{ kind = \"nginx_limit_req\", {limiter} }}");
    run(NGINX, &[&limiter, &format!("trunks.T.arrivals.batch={batch}")])
}

/// 60 per minute with a burst of 20: six at once take 5 s, one a second. serverfault 936670.
#[test]
fn nginx_spaces_a_burst_out() {
    let seen = nginx("rate = 60, per = \"minute\", burst = 20", 6);
    let delays: Vec<u64> = seen.passed.iter().map(|p| p.1 / ns("1s")).collect();
    assert_eq!(delays, [0, 1, 2, 3, 4, 5]);
    let seen = nginx("rate = 60, per = \"minute\", burst = 20", 25);
    assert_eq!((seen.passed.len(), seen.refused.len()), (21, 4));
    assert_eq!(seen.passed.iter().map(|p| p.1).max(), Some(ns("20s")));
}

/// 154 at once under 6000 per minute and a burst of 100. serverfault 630157.
#[test]
fn nginx_takes_its_burst_and_one() {
    let seen = nginx("rate = 6000, per = \"minute\", burst = 100", 154);
    assert_eq!((seen.passed.len(), seen.refused.len()), (101, 53));
}

/// What nginx refuses is a 503 unless `limit_req_status` says otherwise: whether a client that
/// retries a 429 comes back hangs on that.
#[test]
fn nginx_answers_503_unless_told_otherwise() {
    for (status, tries) in [(503, 5 + 1), (429, 5 * 3 + 1)] {
        let settings = [
            "api.limits.zone.limiter={ kind = \"nginx_limit_req\", rate = 6, burst = 0 }"
                .to_owned(),
            format!("api.limits.zone.status={status}"),
            "trunks.T.arrivals.batch=6".to_owned(),
            "client.retry={ attempts = 3, retry_on = [\"429\"], backoff = { kind = \"fixed\", \
             delay = \"1ms\" } }"
                .to_owned(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let seen = run(NGINX, &settings);
        assert_eq!((seen.passed.len(), seen.sent.len()), (1, tries), "status {status}");
    }
}

/// 6 per second are one per 167 ms: without a burst five of six at once are refused; a lower rate
/// with a burst of 5 and `nodelay` takes them all. openfoodfacts-infrastructure #304.
#[test]
fn nginx_needs_a_burst_and_not_a_rate() {
    let seen = nginx("rate = 6, burst = 0", 6);
    assert_eq!((seen.passed.len(), seen.refused.len()), (1, 5));
    let seen = nginx("rate = 1, burst = 5, nodelay = true", 6);
    assert_eq!((seen.passed.len(), seen.refused.len()), (6, 0));
    assert!(seen.passed.iter().all(|p| p.1 == 0));
}

/// 250 per second under 100 per second and a burst of 150: 100 a second get through, each after the
/// 1.5 s that the burst takes. alibaba/tengine #69.
#[test]
fn nginx_delays_by_its_burst_over_its_rate() {
    let seen = run("11-nginx-limit-req/tengine", &[]);
    let through = seen.passed.iter().map(|p| p.0 + p.1);
    let within = through.filter(|at| (ns("4s")..ns("9s")).contains(at)).count();
    assert!((499..=501).contains(&within), "{within}");
    let late = seen.passed.iter().filter(|p| p.0 > ns("5s"));
    assert!(late.clone().count() > 300);
    assert!(late.clone().all(|p| (ns("1490ms")..=ns("1500ms")).contains(&p.1)));
}

/// nginx counts in whole milliseconds: without a burst no rate above 1000 per second has any
/// effect, one request of each millisecond passes. openresty #553.
#[test]
fn nginx_passes_one_a_millisecond_at_most() {
    let seen = run("11-nginx-limit-req/openresty", &[]);
    let instants: std::collections::BTreeSet<u64> = seen.passed.iter().map(|p| p.0).collect();
    assert_eq!((seen.passed.len(), instants.len()), (2999, 2999));
}

/// Three permits every 10 s, a time-out of 12 s, ten calls 1 s into a cycle: three pass at once,
/// three at 10 s. The other four would wait 19 s; `acquirePermission` parks them for the 12 s and
/// refuses then, `reservePermission` refuses at once. With a timer of 4 s on the SBC the parked are
/// time-outs. resilience4j #822, #730.
#[test]
fn resilience4j_parks_whom_it_refuses() {
    let model = "12-resilience4j-ratelimiter/model";
    let seen = run(model, &[]);
    let seconds = |at: &[u64]| at.iter().map(|at| at / ns("1s")).collect::<Vec<_>>();
    assert_eq!(seconds(&seen.sent), [1, 1, 1, 10, 10, 10]);
    assert_eq!(seconds(&seen.throttled), [13; 4]);
    let reactive = run(model, &["client.retry.pace.refuses=at_once"]);
    assert_eq!(seconds(&reactive.sent), [1, 1, 1, 10, 10, 10]);
    assert_eq!(seconds(&reactive.throttled), [1; 4]);
}
