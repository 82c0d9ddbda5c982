//! Retries in the running system: amplification and success beside `analytic_n_retries.csv`, loops
//! one under another, and what each budget lets through in a total outage.

use rayon::prelude::*;
use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::experiment::overrides::assign;
use trunksim::experiment::plan::read_model;
use trunksim::policies::Outcome;
use trunksim::policies::breaker::State;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, Traces, simulate_observed};

use super::{number, rows};

const REPLICATIONS: u64 = 20;

/// Requests and attempts of every client.
#[derive(Clone, Debug, Default)]
struct Counts {
    requests: u64,
    succeeded: u64,
    attempts: u64,
    in_flight: u64,
    /// The most attempts under way at once.
    most: u64,
    retries: u64,
    throttled: u64,
    first_sent: Vec<SimTime>,
    /// Attempts sent before a breaker first opened.
    before_open: Option<u64>,
}

impl Observer for Counts {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::AttemptSent { attempt, .. } => {
                self.attempts += 1;
                self.in_flight += 1;
                self.most = self.most.max(self.in_flight);
                if attempt > 1 {
                    self.retries += 1;
                } else {
                    self.first_sent.push(now);
                }
            }
            Observation::AttemptEnded { outcome, .. } => {
                self.in_flight -= 1;
                assert_ne!(outcome, Outcome::TooManyRequests, "there is no limit");
            }
            Observation::RequestEnded { ok, .. } => {
                self.requests += 1;
                self.succeeded += u64::from(ok);
            }
            Observation::ClientThrottled { .. } => self.throttled += 1,
            Observation::BreakerMoved { to: State::Open, .. } => {
                self.before_open.get_or_insert(self.attempts);
            }
            _ => {}
        }
    }
}

impl Counts {
    fn amplification(&self) -> f64 {
        self.attempts as f64 / self.requests as f64
    }
}

fn run(changes: &str, replication: u64) -> Counts {
    let mut table: Table = include_str!("../models/failing_api.toml").parse().unwrap();
    let changes: Table = changes.parse().unwrap_or_else(|e| panic!("{e}: {changes}"));
    for (key, value) in &changes {
        assign(&mut table, key, value).unwrap();
    }
    let config = Config::new(&read_model(table).unwrap(), &Traces::default()).unwrap();
    simulate_observed(&config, 5, replication, Counts::default()).unwrap().1
}

fn each(changes: &str, value: impl Fn(&Counts) -> f64 + Sync) -> Vec<f64> {
    (0..REPLICATIONS).into_par_iter().map(|r| value(&run(changes, r))).collect()
}

/// The mean lies within four standard errors of the theory; without spread it is the theory.
fn agrees(values: &[f64], theory: f64, what: &str) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = 4.0 * (variance / n).sqrt() + 1e-12;
    assert!((mean - theory).abs() <= error, "{what}: {mean} instead of {theory} ± {error}");
}

#[test]
fn analytic_n_retries() {
    for row in rows(include_str!("../../cases/policies/analytic_n_retries.csv")) {
        let (f, n) = (number(&row, "f"), number(&row, "N"));
        let success = number(&row, "success_pct=100(1-f^(N+1))");
        let load = if f < 1.0 { (1.0 - f.powf(n + 1.0)) / (1.0 - f) } else { n + 1.0 };
        // The file is rounded; it is the same formula.
        assert!((success - 100.0 * (1.0 - f.powf(n + 1.0))).abs() < 1e-4);
        assert!((number(&row, "load_pct=100(1-f^(N+1))/(1-f)") - 100.0 * load).abs() < 1e-4);
        let changes = format!("api.failure_share = {f:?}\ntenants.0.retry.attempts = {}", n + 1.0);
        let what = format!("{row:?}");
        agrees(&each(&changes, Counts::amplification), load, &what);
        // The standard error of a share is known: at f = 0.01 no failure may be seen at all.
        let runs = each(&changes, |c| c.requests as f64);
        let succeeded = each(&changes, |c| c.succeeded as f64);
        let requests = runs.iter().sum::<f64>();
        let (share, theory) = (succeeded.iter().sum::<f64>() / requests, 1.0 - f.powf(n + 1.0));
        let error = 4.0 * (theory * (1.0 - theory) / requests).sqrt() + 1e-12;
        assert!((share - theory).abs() <= error, "{share} instead of {theory} ± {error}: {what}");
    }
}

/// A loop of 3 attempts over a library's 4 makes 12, over another layer's 2 makes 24.
#[test]
fn stacked_loops_multiply() {
    let over = "backoff = { kind = 'fixed', delay = '0s' }";
    let two =
        format!("tenants.0.retry = {{ attempts = 3, {over}, over = {{ attempts = 4, {over} }} }}");
    let three = format!(
        "tenants.0.retry = {{ attempts = 3, {over}, over = {{ attempts = 4, {over}, over = {{ attempts = 2, {over} }} }} }}"
    );
    for (spec, product) in [(&two, 12.0), (&three, 24.0)] {
        let outage = format!("api.failure_share = 1.0\n{spec}");
        agrees(&each(&outage, Counts::amplification), product, spec);
        let f: f64 = 0.5;
        let half = format!("api.failure_share = {f:?}\n{spec}");
        let theory = (1.0 - f.powf(product)) / (1.0 - f);
        agrees(&each(&half, Counts::amplification), theory, spec);
    }
}

/// Eight loops of two attempts each make 256 against a server that always fails, in a run; a
/// throttle in each of sixteen loops draws for itself.
#[test]
fn deep_stacks_multiply_too() {
    let stack = |depth: usize, own: &str| {
        let wait = "backoff = { kind = 'fixed', delay = '0s' }";
        let head = format!("{{ {own}, {wait}, over = ").repeat(depth - 1);
        format!("{head}{{ {own}, {wait} }}{}", " }".repeat(depth - 1))
    };
    let few = "api.failure_share = 1.0\nhorizon = '20s'\ntenants.0.retry = ";
    let counts = run(&format!("{few}{}", stack(8, "attempts = 2")), 0);
    assert!(counts.requests > 100, "{}", counts.requests);
    assert_eq!(counts.attempts, 256 * counts.requests);
    let own = "attempts = 1, throttle = { kind = 'google_sre' }";
    let counts = run(&format!("{few}{}", stack(16, own)), 0);
    assert_eq!(counts.attempts + counts.throttled, counts.requests);
}

fn outage(budget: &str) -> Counts {
    run(&format!("api.failure_share = 1.0\ntenants.0.retry.budget = {budget}"), 0)
}

/// 500 tokens pay for 100 retries of 5, 35 of 14; 10 of gRPC's for 3; Brooker's bucket for its size
/// and a tenth of the requests; a reserve and a share for no more than both.
#[test]
fn budgets_bound_the_retries_of_an_outage() {
    assert_eq!(outage("{ kind = 'token_quota' }").retries, 100);
    assert_eq!(outage("{ kind = 'token_quota', retry_cost = 14 }").retries, 35);
    // The fourth failure leaves 6 tokens, but is the last of four attempts; the fifth leaves half.
    assert_eq!(outage("{ kind = 'grpc_throttle', max_tokens = 10, ratio = 0.1 }").retries, 3);
    // tower deposits successes: in an outage the reserve is all there is. It skips a slot whenever more
    // than a slot's width has passed, and so may remember half of its ttl only.
    let tower = outage("{ kind = 'tps_budget', ttl = '10s', min_per_s = 1, percent = 0.2 }");
    assert!(tower.retries >= 10 && tower.retries <= 10 * 41, "{}", tower.retries);
    let finagle = outage("{ kind = 'retry_budget', ttl = '10s', min_per_s = 10, percent = 0.2 }");
    let windows = 200.0 / 10.0 + 1.0;
    assert!(finagle.retries as f64 <= 100.0 * windows + 0.2 * finagle.requests as f64);
    assert!(finagle.retries as f64 >= 0.2 * finagle.requests as f64);
    let bucket = outage("{ kind = 'adaptive_bucket', fill = 0.1, size = 5.0 }");
    // Up to one token and what the next request earns stay in the bucket.
    let spent = bucket.retries as f64 - 0.1 * bucket.requests as f64;
    assert!((3.8..=5.0).contains(&spent), "{spent}");
}

/// Envoy: with some hundred attempts under way a fifth of them may be retries; the bound of 3 is
/// kept by three at once.
#[test]
fn retries_at_once_are_bounded() {
    let slow = "horizon = '20s'\ntenants.0.rtt = '1s'\ntenants.0.arrivals.rate_per_s = 100.0\n";
    let amplification = |budget: &str| {
        let text = format!("{slow}api.failure_share = 1.0\ntenants.0.retry.budget = {budget}");
        let counts = run(&text, 0);
        (counts.amplification(), counts.retries, counts.most)
    };
    let (unbounded, ..) = amplification("{ kind = 'none' }");
    assert!((unbounded - 4.0).abs() < 1e-12);
    // In a steady state r of n attempts are retries, and r ≤ n/5: at most a quarter more than the
    // first attempts, which are n − r.
    let (share, retries, most) = amplification("{ kind = 'retry_concurrency' }");
    assert!(retries > 100 && most > 50, "{retries} {most}");
    assert!(share <= 1.25 + 0.05, "{share}");
    // Three at once, a second each, for 20 s and the drain.
    let (_, three, _) = amplification("{ kind = 'max_retries', max = 3 }");
    assert!((57..=72).contains(&three), "{three}");
}

/// A budget of the attempts started in 10 s: of those of a second each, ten times as many retries
/// at once as of those under way; hedges are attempts too, so that a round of two allows more.
#[test]
fn retries_at_once_are_a_share_of_the_attempts_started() {
    let slow = "horizon = '60s'\ntenants.0.rtt = '1s'\ntenants.0.arrivals.rate_per_s = 100.0\n\
                api.failure_share = 1.0\n";
    let retries = |interval: &str, hedge: &str| {
        let budget = format!("percent = 1.0, min_concurrency = 0{interval}");
        let text = format!(
            "{slow}{hedge}tenants.0.retry.budget = {{ kind = 'retry_concurrency', {budget} }}"
        );
        run(&text, 0).retries as f64
    };
    // Some hundred under way, of which one is a retry; a thousand started, of which ten are.
    let (now, started) = (retries("", ""), retries(", interval = '10s'", ""));
    assert!(started > 5.0 * now && started < 15.0 * now, "{started} against {now}");
    let both = "tenants.0.hedge = { attempts = 2, delay = '0s', non_fatal = [] }\n";
    let hedged = run(&format!("{slow}{both}tenants.0.retry.attempts = 1"), 0);
    assert!(hedged.attempts > hedged.requests * 3 / 2, "{} {}", hedged.attempts, hedged.requests);
    let doubled = hedged_retries(slow, both) / hedged_retries(slow, "");
    assert!((1.6..=2.4).contains(&doubled), "{doubled}");
}

/// Logical retries with a budget of the attempts started, whatever a round sends: requests whose
/// second round began.
fn hedged_retries(slow: &str, hedge: &str) -> f64 {
    let text = format!(
        "{slow}{hedge}tenants.0.retry.attempts = 2\ntenants.0.retry.budget = \
         {{ kind = 'retry_concurrency', percent = 1.0, min_concurrency = 0, interval = '10s' }}"
    );
    let counts = run(&text, 0);
    let rounds = if hedge.is_empty() { 1.0 } else { 2.0 };
    counts.attempts as f64 / rounds - counts.requests as f64
}

/// The breaker around each try of the outer loop sees two failures after 8 attempts, around each
/// attempt after 2, around each request after 24.
#[test]
fn a_breaker_stands_where_it_is_placed() {
    let no_wait = "backoff = { kind = 'fixed', delay = '0s' }";
    let common = format!(
        "api.failure_share = 1.0\ntenants.0.arrivals = {{ kind = 'none' }}\n\
         trunks.0.arrivals = {{ kind = 'periodic', every = '5s' }}\ncalls.talk = '1s'\n\
         policy = {{ point = 'per_invite', fallback = 'last_known' }}\n\
         client.retry = {{ attempts = 3, {no_wait}, over = {{ attempts = 4, {no_wait} }} }}\n"
    );
    for (placement, attempts) in [("per_attempt", 2), ("per_call", 8), ("per_request", 24)] {
        let breaker = format!(
            "client.breaker = {{ machine = {{ kind = 'generic', \
             rule = {{ kind = 'consecutive', failures = 2 }} }}, \
             failures = ['503'], placement = '{placement}' }}"
        );
        let counts = run(&format!("{common}{breaker}"), 0);
        assert_eq!(counts.before_open, Some(attempts), "{placement}");
    }
}

/// A client's own pace: no two tries closer than a tenth of a second, requests delayed, none lost.
#[test]
fn pacing_spaces_the_tries() {
    let pace = "tenants.0.retry.pace = { kind = 'gcra', rate_per_s = 20.0, burst = 1, \
                on_limit = { kind = 'delay', max = '1h' } }";
    let counts = run(&format!("api.failure_share = 0.0\n{pace}"), 0);
    assert_eq!(counts.succeeded, counts.requests);
    assert!(counts.throttled > 100, "{}", counts.throttled);
    let gap = SimDuration::from_millis(50);
    assert!(counts.first_sent.windows(2).all(|pair| pair[1] - pair[0] >= gap));
}

/// Google's throttle keeps most of an outage's requests at home, and none where all is well.
#[test]
fn adaptive_throttling_refuses_in_an_outage() {
    let throttle = "tenants.0.retry = { attempts = 1, throttle = { kind = 'google_sre' } }";
    let out = run(&format!("api.failure_share = 1.0\n{throttle}"), 0);
    assert!(out.attempts < out.requests / 10, "{} of {}", out.attempts, out.requests);
    assert_eq!(out.attempts + out.throttled, out.requests);
    let well = run(&format!("api.failure_share = 0.0\n{throttle}"), 0);
    assert_eq!((well.throttled, well.attempts), (0, well.requests));
}

/// Loops with deadlines of their own, long polls and throttles end every request, and the books of
/// the run balance (`simulate` checks them).
#[test]
fn every_request_ends() {
    let specs = [
        "{ attempts = 3, deadline = '700ms', over = { attempts = 5, deadline = '300ms', backoff = { kind = 'fixed', delay = '120ms' } } }",
        "{ attempts = 3, deadline = '700ms', wait_out_deadline = true, backoff = { kind = 'fixed', delay = '400ms' } }",
        "{ attempts = 3, budget = { kind = 'token_quota', capacity = 20, long_poll = true }, over = { attempts = 2, budget = { kind = 'token_quota', capacity = 20, long_poll = true } } }",
        "{ attempts = 1000000, backoff = { kind = 'tenacity' } }",
        "{ attempts = 3, throttle = { kind = 'aws_adaptive' }, pace = { kind = 'gcra', rate_per_s = 5.0, burst = 1, on_limit = { kind = 'delay', max = '300ms' } }, over = { attempts = 2, throttle = { kind = 'google_sre' } } }",
        "{ attempts = 2, deadline = '2s', over = { attempts = 3, deadline = '450ms', wait_out_deadline = true, backoff = { kind = 'fixed', delay = '200ms' } } }",
    ];
    for spec in specs {
        for connections in [1, 1000] {
            let changes = format!(
                "horizon = '30s'\napi.failure_share = 0.7\ntenants.0.rtt = '50ms'\n\
                 tenants.0.attempt_timeout = '90ms'\ntenants.0.connections = {connections}\n\
                 tenants.0.retry = {spec}"
            );
            let counts = run(&changes, 1);
            assert!(counts.requests > 100, "{spec}");
            assert_eq!(counts.in_flight, 0, "{spec}");
        }
    }
}
