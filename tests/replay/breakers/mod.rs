//! Breakers of libraries replayed: recorded runs of the real ones, the sequences of their own tests, and
//! sequences worked out by hand from their algorithms, with the instants beside each edge.

mod failsafe;
mod gobreaker;
mod hystrix;
mod linkerd;
mod opossum;
mod outlier;
mod polly;
mod pybreaker;
mod resilience4j;
mod semian;
mod world;

use serde_json::Value;
use trunksim::engine::random::{Draw, RandomSource};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::breaker::{
    Breaker, BreakerSpec, CallResult, Counts, MachineSpec, Permit, State, Verdict,
};

const MS: u64 = 1_000_000;
const SEC: u64 = 1000 * MS;

/// A breaker and a generator for its delays; instants are nanoseconds since it was made.
struct Rig {
    breaker: Breaker,
    rng: Draw,
}

impl Rig {
    /// The machine of these settings.
    fn new(settings: &str) -> Self {
        let machine: MachineSpec = toml::from_str(settings).expect("the settings have their shape");
        let spec = BreakerSpec { machine, ..BreakerSpec::default() };
        assert_eq!(spec.check(), []);
        Self { breaker: Breaker::new(&spec.machine), rng: RandomSource::new(1, 0).at(1, 0, 0) }
    }

    fn ask(&mut self, at: u64) -> Option<Permit> {
        match self.breaker.admit(SimTime::from_nanos(at), &mut self.rng) {
            Verdict::Permit(permit) => Some(permit),
            Verdict::Refused { .. } => None,
        }
    }

    /// A call that is let through.
    fn begin(&mut self, at: u64) -> Permit {
        self.ask(at).expect("the call is let through")
    }

    fn tell(&mut self, at: u64, permit: Permit, result: CallResult) {
        self.tell_slow(at, permit, result, SimDuration::ZERO);
    }

    fn tell_slow(&mut self, at: u64, permit: Permit, result: CallResult, took: SimDuration) {
        self.breaker.record(SimTime::from_nanos(at), permit, result, took, &mut self.rng);
    }

    /// Calls that are let through and answered at once, one for each letter: `S`uccess, `F`ailure,
    /// `I`gnored.
    fn calls(&mut self, at: u64, results: &str) {
        for letter in results.chars() {
            let permit = self.begin(at);
            let result = match letter {
                'S' => CallResult::Success,
                'F' => CallResult::Failure,
                'I' => CallResult::Ignored,
                other => panic!("{other}"),
            };
            self.tell(at, permit, result);
        }
    }

    fn refuses(&mut self, at: u64) -> bool {
        self.ask(at).is_none()
    }

    fn state(&mut self, at: u64) -> State {
        self.breaker.state(SimTime::from_nanos(at))
    }

    fn counts(&mut self, at: u64) -> Counts {
        self.breaker.counts(SimTime::from_nanos(at))
    }
}

/// The rows of a recorded run.
fn trace(text: &str, columns: &[&str]) -> Vec<Vec<Value>> {
    let trace: Value = serde_json::from_str(text).expect("the trace is JSON");
    let written: Vec<&str> =
        trace["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!(written, columns);
    let rows: Vec<Vec<Value>> = trace["observed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_array().unwrap().clone())
        .collect();
    assert!(rows.len() >= 100, "a trace of {} rows", rows.len());
    rows
}

fn name(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half_open",
    }
}

/// Makes the call of a row, and its result at once.
fn call(rig: &mut Rig, at: u64, fails: bool) -> bool {
    let Some(permit) = rig.ask(at) else { return false };
    rig.tell(at, permit, if fails { CallResult::Failure } else { CallResult::Success });
    true
}

/// Follows a recorded run whose results come late, with random calls and results interleaved:
/// whether each call was let through, the state after each event, and what `counts` picks of the
/// figures beside it.
fn follow(rig: &mut Rig, text: &str, columns: [&str; 3], counts: fn(&Counts) -> [u64; 3]) {
    let head = ["t_ms", "event", "call", "called_backend", "state_after"];
    let columns: Vec<&str> =
        head.into_iter().chain(columns).filter(|column| !column.is_empty()).collect();
    let mut under_way = std::collections::BTreeMap::new();
    for (n, row) in trace(text, &columns).iter().enumerate() {
        let at = row[0].as_u64().unwrap() * MS;
        let call = row[2].as_u64().unwrap();
        let result = match row[1].as_str().unwrap() {
            "ask" => {
                let permit = rig.ask(at);
                assert_eq!(permit.is_some(), row[3] == 1, "row {n}: {row:?}");
                under_way.extend(permit.map(|permit| (call, permit)));
                None
            }
            "success" => Some(CallResult::Success),
            "failure" => Some(CallResult::Failure),
            "ignored" => Some(CallResult::Ignored),
            other => panic!("row {n}: {other}"),
        };
        if let Some(result) = result {
            rig.tell(at, under_way.remove(&call).expect("it is under way"), result);
        }
        assert_eq!(name(rig.state(at)), row[4].as_str().unwrap(), "row {n}: {row:?}");
        let found = counts(&rig.counts(at));
        for (found, written) in found.iter().zip(&row[5..]) {
            assert_eq!(Some(*found), written.as_u64(), "row {n}: {row:?}");
        }
    }
}
