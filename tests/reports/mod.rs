//! Public reports of operators, retold as models: what happened to them happens in the simulator,
//! at the instants that follow from the library's documented rules. A file per kind of policy; each
//! test names its source. The models are in `data/`, a folder per report.

mod breakers;
mod limiters;
mod retries;
mod traces;

use std::path::{Path, PathBuf};

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::input::{self, InputError, LoadedModel};
use trunksim::policies::breaker::State;
use trunksim::system::observation::{Errand, Observation, Observer};
use trunksim::system::simulate_observed;

/// A model of a report: `03-opossum-first-failure/base`.
fn path(model: &str) -> PathBuf {
    Path::new("tests/reports/data").join(format!("{model}.toml"))
}

fn load(model: &str, overrides: &[&str]) -> Result<LoadedModel, InputError> {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    input::model(&path(model), &overrides)
}

/// Instants and lengths in nanoseconds, instants since the start.
#[derive(Default)]
struct Seen {
    calls: u64,
    /// When attempts of look-ups leave the client.
    sent: Vec<u64>,
    /// When a limiter lets an attempt pass, and for how long it holds the attempt back.
    passed: Vec<(u64, u64)>,
    /// When a limiter refuses.
    refused: Vec<u64>,
    /// When a breaker refuses.
    broken: Vec<u64>,
    /// When the client's own limiter refuses.
    throttled: Vec<u64>,
    /// Look-ups that had an answer.
    answered: u64,
    /// When which breaker moves, and its state from then on.
    moves: Vec<(u64, u32, State)>,
}

fn nanos(now: SimTime) -> u64 {
    (now - SimTime::ZERO).as_nanos()
}

impl Observer for Seen {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::CallOffered { .. } => self.calls += 1,
            Observation::AttemptSent { .. } => self.sent.push(nanos(now)),
            Observation::AttemptEnded { errand, .. } => assert_eq!(errand, Errand::Lookup),
            Observation::LimiterAdmitted { delay, .. } => {
                self.passed.push((nanos(now), delay.as_nanos()));
            }
            Observation::LimiterRefused { .. } => self.refused.push(nanos(now)),
            Observation::ClientThrottled { wait: None, .. } => self.throttled.push(nanos(now)),
            Observation::RequestEnded { ok, .. } => self.answered += u64::from(ok),
            Observation::BreakerRefused { .. } => self.broken.push(nanos(now)),
            Observation::BreakerMoved { breaker, to, .. } => {
                self.moves.push((nanos(now), breaker, to));
            }
            _ => {}
        }
    }
}

/// What is seen of a run with seed 1.
fn run(model: &str, overrides: &[&str]) -> Seen {
    let loaded = load(model, overrides).unwrap_or_else(|error| panic!("{error}"));
    simulate_observed(&loaded.config, 1, 0, Seen::default()).expect("the run ends").1
}

impl Seen {
    /// The instant of the first move to Open.
    fn first_open(&self) -> Option<u64> {
        self.moves.iter().find(|(_, _, to)| *to == State::Open).map(|(at, ..)| *at)
    }

    /// Attempts sent until the first move to Open.
    fn sent_before_open(&self) -> Option<usize> {
        let open = self.first_open()?;
        Some(self.sent.iter().filter(|at| **at <= open).count())
    }
}

/// A length as models write it, in nanoseconds.
fn ns(text: &str) -> u64 {
    let length: SimDuration = text.parse().expect("a length of time");
    length.as_nanos()
}
