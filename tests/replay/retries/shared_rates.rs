//! Adaptive token buckets in the running system.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::experiment::overrides::assign;
use trunksim::experiment::plan::read_model;
use trunksim::experiment::presets;
use trunksim::policies::Outcome;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, Traces, simulate_observed};

/// What each client waited for its own throttle, and met.
#[derive(Debug, Default)]
struct Watched {
    /// Client, instant and wait in seconds.
    waits: Vec<(u32, f64, f64)>,
    in_flight: u32,
    most: u32,
    refused: u32,
    ended: u32,
    failed: u32,
}

impl Observer for Watched {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::ClientThrottled { client, wait: Some(wait), .. } => {
                self.waits.push((client.0, now.as_secs_f64(), wait.as_secs_f64()));
            }
            Observation::AttemptSent { .. } => {
                self.in_flight += 1;
                self.most = self.most.max(self.in_flight);
            }
            Observation::AttemptEnded { outcome, .. } => {
                self.in_flight -= 1;
                self.refused += u32::from(outcome == Outcome::TooManyRequests);
            }
            Observation::RequestEnded { ok, .. } => {
                self.ended += 1;
                self.failed += u32::from(!ok);
            }
            _ => {}
        }
    }
}

fn run(model: &str, changes: &str) -> Watched {
    let mut table: Table = model.parse().unwrap();
    let changes: Table = changes.parse().unwrap_or_else(|e| panic!("{e}: {changes}"));
    for (key, value) in &changes {
        assign(&mut table, key, value).unwrap();
    }
    presets::expand(&mut table);
    let config = Config::new(&read_model(table).unwrap(), &Traces::default()).unwrap();
    simulate_observed(&config, 5, 0, Watched::default()).unwrap().1
}

/// One request at a time; each is tried until it succeeds, and far fewer tries are refused than
/// where a client asks again every half second.
#[test]
fn a_bucket_learns_the_rate_of_the_limit() {
    let common = "horizon = '600s'\napi.failure_share = 0.0\n\
                  tenants.0.arrivals = { kind = 'periodic', every = '1500ms' }\n\
                  api.limits = [{ name = 'all', per = 'org', limiter = \
                  { kind = 'token_bucket', rate_per_s = 0.4, burst = 4 } }]\n";
    let model = include_str!("../models/failing_api.toml");
    let of = |retry: &str| run(model, &format!("{common}{retry}"));
    let learnt = of("tenants.0.retry = { preset = 'atb' }\n\
                     tenants.0.bulkhead = { preset = 'atb' }");
    assert_eq!((learnt.most, learnt.failed, learnt.ended), (1, 0, 400));
    let plain = of("tenants.0.retry = { preset = 'fixed_500ms', attempts = 1000000 }\n\
                    tenants.0.bulkhead = { preset = 'atb' }");
    assert_eq!(plain.failed, 0);
    assert!(learnt.refused * 2 < plain.refused, "{} {}", learnt.refused, plain.refused);
}

/// A refusal of one replica pauses the other at its next report, after 30.5 s, for 28 s to 32 s,
/// and no replica that reports elsewhere.
#[test]
fn replicas_hear_of_each_others_refusals() {
    let watched = run(include_str!("../models/telemetry.toml"), "");
    assert!(watched.refused > 0);
    let of = |client| watched.waits.iter().filter(move |(c, ..)| *c == client);
    let pauses: Vec<f64> = of(1).map(|(_, at, wait)| at + wait).collect();
    let first = *pauses.first().expect("the second replica is paused");
    assert!((58.5..=62.5).contains(&first), "{pauses:?}");
    assert!(of(2).all(|(.., wait)| *wait < 10.0), "{:?}", of(2).collect::<Vec<_>>());
}

/// Without refusals no replica pauses.
#[test]
fn replicas_that_are_not_refused_do_not_pause() {
    let watched = run(include_str!("../models/telemetry.toml"), "api.limits = []");
    assert_eq!((watched.refused, watched.failed), (0, 0));
    assert!(watched.waits.iter().all(|(.., wait)| *wait < 10.0), "{:?}", watched.waits);
}

/// Ten requests a minute of a client that sends one after the other, asked for every two seconds.
fn headers(changes: &str) -> Watched {
    let common = "horizon = '600s'\napi.failure_share = 0.0\n\
                  tenants.0.arrivals = { kind = 'periodic', every = '2s' }\n\
                  tenants.0.bulkhead = { preset = 'atb' }\n\
                  api.limits = [{ name = 'all', per = 'org', limiter = \
                  { kind = 'fixed_window', limit = 10, window = '1m' } }]\n";
    run(include_str!("../models/failing_api.toml"), &format!("{common}{changes}"))
}

/// Who waits while something is left is never refused; without headers it is.
#[test]
fn pacing_by_headers_keeps_within_the_limit() {
    for preset in ["genesys_script_c", "ietf_ratelimit", "genesys_script_b", "spread"] {
        let retry = format!("tenants.0.retry = {{ preset = '{preset}', attempts = 1 }}\n");
        let paced = headers(&retry);
        assert_eq!((paced.refused, paced.failed), (0, 0), "{preset}");
        assert!(paced.waits.len() > 20, "{preset}: {:?}", paced.waits);
        let blind = "api.limit_headers = false\napi.retry_after = { kind = 'absent' }";
        let blind = headers(&format!("{retry}{blind}"));
        assert!(blind.refused > 100 && blind.waits.is_empty(), "{preset}: {}", blind.refused);
    }
}

/// Who waits for the reset after a refusal is refused once a minute.
#[test]
fn a_wait_until_the_reset_suffices() {
    for preset in ["genesys_script_a", "octokit_throttling", "python_gitlab", "okta_python"] {
        let waits = headers(&format!("tenants.0.retry = {{ preset = '{preset}' }}"));
        assert_eq!((waits.failed, waits.ended), (0, 300), "{preset}");
        assert!((25..=32).contains(&waits.refused), "{preset}: {}", waits.refused);
    }
}

/// prawcore waits for the window's even course of 10 minutes: of a minute's nothing is ahead until
/// all is used.
#[test]
fn prawcore_waits_for_a_window_of_its_own() {
    let waits = headers("tenants.0.retry = { preset = 'prawcore', attempts = 1 }");
    assert_eq!(waits.refused, 0);
}
