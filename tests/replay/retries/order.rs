//! The order of retry, breaker, bulkhead and time-out of the presets in the running system, where it
//! can be seen: who holds a place between two tries, and what a breaker counts.

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::experiment::overrides::assign;
use trunksim::experiment::plan::read_model;
use trunksim::experiment::presets;
use trunksim::policies::Outcome;
use trunksim::policies::breaker::{CallResult, State};
use trunksim::system::ids::RequestId;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, Traces, simulate_observed};

/// What one client does.
#[derive(Clone, Debug, Default)]
struct Watched {
    requests: u32,
    succeeded: u32,
    attempts: u32,
    in_flight: u32,
    /// The most requests and the most attempts under way at once.
    most_open: usize,
    most_in_flight: u32,
    /// What the bulkhead and the breaker refused.
    no_place: u32,
    refused: u32,
    /// Results told to the breaker: failures, successes, ignored ones.
    told: [u32; 3],
    /// Attempts sent, and places refused, before the breaker first opened.
    before_open: Option<(u32, u32)>,
    timeouts: u32,
    longest: SimDuration,
    started: Vec<(RequestId, SimTime)>,
}

impl Observer for Watched {
    const LINKS: bool = true;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::Requested { request, .. } => {
                self.requests += 1;
                self.started.push((request, now));
                self.most_open = self.most_open.max(self.started.len());
            }
            Observation::RequestEnded { request, ok, .. } => {
                self.succeeded += u32::from(ok);
                let started = self.started.iter().position(|(r, _)| *r == request);
                let (_, at) = self.started.swap_remove(started.expect("it started"));
                self.longest = self.longest.max(now - at);
            }
            Observation::AttemptSent { .. } => {
                self.attempts += 1;
                self.in_flight += 1;
                self.most_in_flight = self.most_in_flight.max(self.in_flight);
            }
            Observation::AttemptEnded { outcome, .. } => {
                self.in_flight -= 1;
                self.timeouts += u32::from(outcome == Outcome::TimedOut);
            }
            Observation::BulkheadRefused { .. } => self.no_place += 1,
            Observation::BreakerRefused { .. } => self.refused += 1,
            Observation::BreakerTold { result, .. } => {
                let kind = match result {
                    CallResult::Failure => 0,
                    CallResult::Success => 1,
                    CallResult::Ignored => 2,
                };
                self.told[kind] += 1;
            }
            Observation::BreakerMoved { to: State::Open, .. } => {
                self.before_open.get_or_insert((self.attempts, self.no_place));
            }
            _ => {}
        }
    }
}

/// The system of `failing_api.toml` whose only client asks for each call of one trunk.
fn run(changes: &str) -> Watched {
    let mut table: Table = include_str!("../models/failing_api.toml").parse().unwrap();
    let common = "horizon = '60s'\ntenants.0.arrivals = { kind = 'none' }\ncalls.talk = '1s'\n\
                  trunks.0.arrivals = { kind = 'periodic', every = '300ms' }\n\
                  trunks.0.primary.channels = 1000\n\
                  policy = { point = 'per_invite', fallback = 'last_known' }\n\
                  client.coalesce = false\n\
                  client.breaker.machine = { kind = 'generic', rule = { kind = 'never' } }\n";
    for text in [common, changes] {
        let changes: Table = text.parse().unwrap_or_else(|e| panic!("{e}: {text}"));
        for (key, value) in &changes {
            assign(&mut table, key, value).unwrap();
        }
    }
    assert_eq!(presets::expand(&mut table).issues, []);
    let config = Config::new(&read_model(table).unwrap(), &Traces::default()).unwrap();
    simulate_observed(&config, 5, 0, Watched::default()).unwrap().1
}

/// Retry ( CircuitBreaker ( Bulkhead ( call ) ) ): each try takes a place, and a request that waits
/// for its next holds none. With a place for the whole request the same client refuses its own.
#[test]
fn resilience4js_retry_holds_no_place_between_tries() {
    let failing = "api.failure_share = 1.0\ntrunks.0.rtt_api = '10ms'\n\
                   client.retry = { preset = 'resilience4j' }\n";
    let bulkhead = |more: &str| {
        format!("client.bulkhead = {{ preset = 'resilience4j_bulkhead', concurrent = 1{more} }}")
    };
    // Tries at 0, 510 and 1020 ms, requests every 300 ms.
    let seen = run(&format!("{failing}{}", bulkhead("")));
    assert!(seen.requests > 150 && seen.most_open >= 3, "{seen:?}");
    assert_eq!((seen.most_in_flight, seen.no_place), (1, 0), "{seen:?}");
    assert_eq!(seen.attempts, 3 * seen.requests, "{seen:?}");
    let whole = run(&format!("{failing}{}", bulkhead(", placement = 'per_request'")));
    // One holds the place, and one asks for it.
    assert!(whole.no_place > 100 && whole.most_open == 2, "{whole:?}");
    assert_eq!(whole.attempts, 3 * (whole.requests - whole.no_place), "{whole:?}");
}

/// The breaker counts each try, and what the bulkhead inside it refuses; one that does not name that
/// outcome does not.
#[test]
fn resilience4js_breaker_counts_each_try_and_each_refusal_of_the_bulkhead() {
    let three = "machine = { min_calls = 3, window = { kind = 'count', size = 3 } }";
    let breaker =
        |more: &str| format!("client.breaker = {{ preset = 'resilience4j', {three}{more} }}\n");
    let failing = "api.failure_share = 1.0\ntrunks.0.rtt_api = '10ms'\n\
                   trunks.0.arrivals.every = '5s'\nclient.retry = { preset = 'resilience4j' }\n";
    assert_eq!(run(&format!("{failing}{}", breaker(""))).before_open, Some((3, 0)));
    let slow = "api.failure_share = 0.0\ntrunks.0.rtt_api = '1s'\n\
                client.retry = { attempts = 1 }\n\
                client.bulkhead = { preset = 'resilience4j_bulkhead', concurrent = 1 }\n";
    // One answer takes a second; the three calls that come meanwhile find no place.
    assert_eq!(run(&format!("{slow}{}", breaker(""))).before_open, Some((1, 3)));
    let deaf = run(&format!("{slow}{}", breaker(", failures = ['429', '503', 'timeout']")));
    assert!(deaf.before_open.is_none() && deaf.told[2] == deaf.no_place, "{deaf:?}");
    let hystrix =
        "client.breaker = { preset = 'hystrix', machine = { request_volume_threshold = 3 } }";
    let before_open = run(&format!("{slow}{hystrix}")).before_open;
    assert!(before_open.is_some_and(|(sent, refused)| sent <= 2 && refused >= 3));
}

/// Retry is outside the breaker: it tries again after the open breaker's refusal, which sends
/// nothing and takes no place.
#[test]
fn resilience4js_retry_tries_again_when_its_breaker_is_open() {
    let seen = run("api.failure_share = 1.0\ntrunks.0.rtt_api = '10ms'\n\
         client.retry = { preset = 'resilience4j' }\n\
         client.breaker = { preset = 'resilience4j', machine = { min_calls = 3, \
         window = { kind = 'count', size = 3 } } }");
    let (attempts, requests) = (seen.attempts, seen.requests);
    assert_eq!(seen.refused + attempts, 3 * requests, "{seen:?}");
    assert!(seen.refused > 400 && seen.no_place == 0, "{seen:?}");
}

/// The standard handler: limiter ( total time-out ( retry ( breaker ( time-out ( call ) ) ) ) ).
#[test]
fn pollys_standard_handler() {
    let standard = "client.bulkhead = { preset = 'polly_concurrency_limiter', concurrent = 1 }\n\
                    client.retry = { preset = 'polly_v8', deadline = '3500ms', \
                    wait_out_deadline = true }\n\
                    client.breaker = { preset = 'polly_v8' }\nclient.attempt_timeout = '1s'\n";
    let silent = run(&format!("{standard}trunks.0.rtt_api = '20s'"));
    // 0 to 1 s, 2 s between, 3 s to the total time-out; the place is held all the while.
    assert_eq!(silent.longest, SimDuration::from_millis(3_500), "{silent:?}");
    assert!(silent.no_place > 100 && silent.most_open == 2, "{silent:?}");
    let sent = silent.requests - silent.no_place;
    assert_eq!((silent.attempts, silent.timeouts), (2 * sent, 2 * sent), "{silent:?}");
    assert_eq!(silent.told, [2 * sent, 0, 0], "{silent:?}");
}

/// Envoy's outlier detection counts each try, its cluster's limits are taken by each, and what they
/// refuse is neither retried nor counted.
#[test]
fn envoys_limits_and_ejections_are_per_try() {
    let envoy = "client.retry = { preset = 'envoy' }\n\
                 client.breaker = { preset = 'envoy_outlier', \
                 machine = { max_ejection_percent = 100 } }\n\
                 client.bulkhead = { preset = 'envoy_circuit_breaker', concurrent = 1 }\n";
    let failing = run(&format!("{envoy}api.failure_share = 1.0\ntrunks.0.rtt_api = '10ms'"));
    // Two requests of two tries, and the first of the third.
    assert_eq!(failing.before_open, Some((5, 0)), "{failing:?}");
    let slow = run(&format!("{envoy}api.failure_share = 0.0\ntrunks.0.rtt_api = '1s'"));
    assert!(slow.no_place > 100 && slow.before_open.is_none(), "{slow:?}");
    assert_eq!(slow.attempts + slow.no_place, slow.requests, "{slow:?}");
    assert_eq!(slow.told, [0, slow.attempts, slow.no_place], "{slow:?}");
}
