//! What the API answers besides 200: statuses of limits, failures by share, and outcomes from a
//! file.

#![allow(clippy::float_cmp, reason = "counts of these models are exact")]

use std::fs;

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::input;
use trunksim::policies::Outcome;
use trunksim::system::metrics::index_of;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{RunResult, simulate_observed};

use crate::command_line::output_of;

/// How attempts ended, each with its instant.
#[derive(Default)]
struct Ends {
    sent: Vec<SimTime>,
    ended: Vec<(SimTime, Outcome, Option<u32>)>,
}

impl Observer for Ends {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::AttemptSent { .. } => self.sent.push(now),
            Observation::AttemptEnded { outcome, limiter, .. } => {
                self.ended.push((now, outcome, limiter));
            }
            _ => {}
        }
    }
}

impl Ends {
    fn count(&self, outcome: Outcome) -> usize {
        self.ended.iter().filter(|(_, ended, _)| *ended == outcome).count()
    }

    /// Outcomes and how long each took, in whole milliseconds; attempts must not overlap.
    fn each(&self) -> Vec<(Outcome, u64)> {
        let took = |(at, ended): (&SimTime, &(SimTime, Outcome, Option<u32>))| {
            (ended.1, (ended.0 - *at).as_nanos() / 1_000_000)
        };
        self.sent.iter().zip(&self.ended).map(took).collect()
    }
}

/// The minimal model without limits and breaker; a call every ten seconds, the first after one. The
/// API is at no distance and serves in 10 ms.
fn run(csv: &str, settings: &[&str]) -> (RunResult, Ends) {
    let here = std::env::current_dir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let model = here.join("models/minimal.toml");
    fs::write(&path, format!("name = \"mine\"\ninclude = [{model:?}]\n")).unwrap();
    fs::write(folder.path().join("outcomes.csv"), csv).unwrap();
    let own = [
        "trunks.0.arrivals={ kind = \"periodic\", every = \"10s\", phase = \"1s\" }",
        "trunks.0.rtt_api=0s",
        "trunks.0.transport=udp",
        "trunks.0.primary.rtt=0s",
        "sbcs.0.invite=0s",
        "warmup=0s",
        "horizon=1m",
        "api.limits=[]",
        "api.service=10ms",
        "client.breaker.machine={ kind = \"generic\", rule = { kind = \"never\" } }",
    ];
    let settings: Vec<String> = own.iter().chain(settings).map(|s| (*s).to_owned()).collect();
    let loaded = input::model(&path, &settings).unwrap_or_else(|e| panic!("{e}"));
    simulate_observed(&loaded.config, 1, 0, Ends::default()).unwrap()
}

fn metric(result: &RunResult, name: &str) -> f64 {
    result.metrics[index_of(name).unwrap()]
}

const FILE: &str = "api.outcomes={ file = \"outcomes.csv\" }";
const ONCE: &str = "client.retry={ attempts = 1 }";

/// A row by number is for one request; what no row is about is served as without a file. A latency
/// takes the place of the service, a time-out is no answer at all.
#[test]
fn outcomes_by_request() {
    let csv = "request,status,latency_s,retry_after_s\n\
               1,500,0.25,\n\
               # The second is served as any.\n\
               3,503,,\n\
               4,timeout,0.1,\n\
               5,204,1.5,\n";
    let (result, ends) = run(csv, &[FILE, ONCE, "client.attempt_timeout=2s"]);
    let expected = [
        (Outcome::Status(500), 250),
        (Outcome::Ok, 10),
        (Outcome::Unavailable, 10),
        (Outcome::TimedOut, 2000),
        (Outcome::Ok, 1500),
        (Outcome::Ok, 10),
    ];
    assert_eq!(ends.each(), expected);
    let counts = ["api_other_errors", "api_503s", "api_timeouts", "api_429s"];
    assert_eq!(counts.map(|name| metric(&result, name)), [1.0, 1.0, 1.0, 0.0]);
}

/// A row by time holds until the next; one without a status ends what was before.
#[test]
fn outcomes_by_time() {
    let csv = "time_s,status\n0,200\n5,502\n25,\n35,401\n";
    let (_, ends) = run(csv, &[FILE, ONCE]);
    let outcomes: Vec<Outcome> = ends.ended.iter().map(|(_, outcome, _)| *outcome).collect();
    let (bad, denied) = (Outcome::Status(502), Outcome::Status(401));
    assert_eq!(outcomes, [Outcome::Ok, bad, bad, Outcome::Ok, denied, denied]);
}

/// A client that honours a `Retry-After` of the file waits it out; its list says which statuses it
/// tries again after, one by one or by class.
#[test]
fn retries_follow_what_the_file_answers() {
    let csv = "request,status,retry_after_s\n1,500,3\n2,409,\n3,200,\n4,409,\n5,200,\n";
    let retry = |on: &str| {
        format!(
            "client.retry={{ attempts = 3, retry_after = \"honoured\", retry_on = {on}, backoff = \
             {{ kind = \"fixed\", delay = \"500ms\" }} }}"
        )
    };
    let first_tries = |on: &str| {
        let (_, ends) = run(csv, &[FILE, &retry(on), "horizon=11s"]);
        let at = |at: &SimTime| (*at - SimTime::ZERO).as_nanos() / 1_000_000;
        ends.sent.iter().map(at).collect::<Vec<u64>>()
    };
    assert_eq!(first_tries("[\"5xx\", \"409\"]"), [1000, 4010, 4520]);
    assert_eq!(first_tries("[\"500\"]"), [1000, 4010]);
    assert_eq!(first_tries("[\"4xx\"]"), [1000]);
    assert_eq!(first_tries("[\"501\", \"timeout\"]"), [1000]);
}

/// Failures come in their shares, each with its own status, and the shares do not overlap: 5 sigma
/// of the binomial.
#[test]
fn failures_come_by_their_shares() {
    let settings = [
        ONCE,
        "trunks.0.arrivals={ kind = \"periodic\", every = \"1s\" }",
        "horizon=2h",
        "api.failure_share=0.1",
        "api.failures=[{ status = 500, share = 0.2 }, { status = 404, share = 0.05 }]",
    ];
    let (result, ends) = run("", &settings);
    let requests = metric(&result, "api_requests");
    assert!(requests > 3000.0, "{requests}");
    let shares = [
        (Outcome::Unavailable, 0.1),
        (Outcome::Status(500), 0.2),
        (Outcome::Status(404), 0.05),
        (Outcome::Ok, 0.65),
    ];
    for (outcome, share) in shares {
        let got = ends.count(outcome) as f64;
        let sigma = (requests * share * (1.0 - share)).sqrt();
        assert!((got - requests * share).abs() < 5.0 * sigma, "{outcome:?}: {got} of {requests}");
    }
    // The failures that are added take theirs from what was served well.
    let (_, before) = run("", &settings[..4]);
    assert_eq!(before.count(Outcome::Unavailable), ends.count(Outcome::Unavailable));
}

/// A limit answers with its own status and `Retry-After`, and what it refuses is told from a
/// failure of the server with the same status.
#[test]
fn a_limit_has_its_status_and_retry_after() {
    let limit = |keys: &str| {
        format!(
            "api.limits=[{{ name = \"l\", per = \"org\", limiter = {{ kind = \"fixed_window\", \
             limit = 1, window = \"1m\", anchor = \"aligned\" }}{keys} }}]"
        )
    };
    let honours = "client.retry={ attempts = 2, retry_on = [\"503\"], retry_after = \"honoured\", \
                   backoff = { kind = \"fixed\", delay = \"1s\" } }";
    let own = limit(", status = 503, retry_after = { kind = \"fixed\", delay = \"4s\" }");
    let (result, ends) = run("", &[&own, honours, "horizon=12s"]);
    let at: Vec<u64> =
        ends.sent.iter().map(|t| (*t - SimTime::ZERO).as_nanos() / 1_000_000).collect();
    assert_eq!(at, [1000, 11_000, 15_000], "Retry-After of 4 s");
    assert_eq!(ends.ended[1].1, Outcome::Unavailable);
    assert_eq!(ends.ended.iter().map(|end| end.2).collect::<Vec<_>>(), [None, Some(0), Some(0)]);
    // The second comes after the horizon and is not measured.
    assert_eq!([metric(&result, "api_503s"), metric(&result, "api_429s")], [1.0, 0.0]);
    let general = "api.retry_after={ kind = \"fixed\", delay = \"3s\" }";
    let (_, ends) = run("", &[&limit(", status = 503"), general, honours, "horizon=12s"]);
    assert_eq!(ends.sent[2] - ends.sent[1], SimDuration::from_secs(3), "as the API says");
    let (_, ends) = run("", &[&limit(""), honours, "horizon=12s"]);
    assert_eq!(ends.ended[1].1, Outcome::TooManyRequests, "429 where nothing is said");
}

/// An explanation names the status that the limit answers with, in words and in the diagram.
#[test]
fn an_explanation_names_the_status_of_the_limit() {
    let limits = ["--set", "api.limits.0.status=503", "--set", "api.limits.1.status=503"];
    let command = ["explain", "models/apac.toml", "--horizon", "15m", "--why", "failover"];
    let text = output_of(&[&command[..], &limits].concat());
    assert!(text.contains("× 503 up to") && text.contains("503 gateway_pace"), "{text}");
    assert!(!text.contains("429"), "{text}");
}
