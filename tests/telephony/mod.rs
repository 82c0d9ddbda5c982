//! Dialogs, connections and registrations where carriers, SBCs and networks fail: small systems
//! whose right behaviour follows from an RFC or from arithmetic.

mod connections;
mod deadlines;
mod registrars;
mod sessions;

use std::path::Path;

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::experiment::overrides::assign;
use trunksim::input;
use trunksim::system::metrics::index_of;
use trunksim::system::observation::{CallRecord, Fate, Observation, Observer};
use trunksim::system::{RunResult, simulate_observed};

use crate::theory::model;

/// One trunk over two carriers, ten calls of twenty minutes at 1 s; nothing is random.
const SYSTEM: &str = r#"
name = "one trunk"
horizon = "30m"

[calls]
talk = "20m"
patience = "876000h"
session_expires = "10m"

[policy]
point = "edge_static"

[registration]
standby = "cold"

[[carriers]]
id = "a"

[[carriers]]
id = "b"

[[sbcs]]
id = "s"

[[groups]]
id = "g"
agents = 1000

[[trunks]]
id = "T"
sbc = "s"
groups = ["g"]
arrivals = { kind = "periodic", every = "24h", batch = 10, phase = "1s" }
primary = { carrier = "a", channels = 1000, rtt = "10ms", registration = true }
secondary = { carrier = "b", channels = 1000, rtt = "10ms", registration = true }
"#;

/// Everything that a run reports, with its result.
struct Run {
    result: RunResult,
    facts: Vec<(SimTime, Observation)>,
}

#[derive(Default)]
struct Facts(Vec<(SimTime, Observation)>);

impl Observer for Facts {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.push((now, *fact));
    }
}

/// The system with keys changed, as TOML; what stands after a line `---` wins.
fn run(changes: &str) -> Run {
    run_of(SYSTEM, changes)
}

fn run_of(text: &str, changes: &str) -> Run {
    let mut table: Table = text.parse().expect("TOML");
    for changes in changes.split("\n---\n") {
        let changes: Table = changes.parse().expect("TOML");
        for (key, value) in &changes {
            assign(&mut table, key, value).unwrap_or_else(|e| panic!("{key}: {e:?}"));
        }
    }
    observed(&model::config(&table))
}

fn observed(config: &trunksim::system::Config) -> Run {
    let (result, facts) =
        simulate_observed(config, config.seed(), 0, Facts::default()).expect("the run ends");
    Run { result, facts: facts.0 }
}

/// A model of `tests/cases`, with keys changed as by `--set`.
fn case(path: &str, changes: &[&str]) -> Run {
    let changes: Vec<String> = changes.iter().map(|c| (*c).to_owned()).collect();
    let loaded = input::model(&Path::new("tests/cases").join(path), &changes)
        .unwrap_or_else(|e| panic!("{path}: {e}"));
    observed(&loaded.config)
}

impl Run {
    fn metric(&self, name: &str) -> f64 {
        self.result.metrics[index_of(name).unwrap_or_else(|| panic!("no metric {name}"))]
    }

    fn count(&self, wanted: impl Fn(&Observation) -> bool) -> usize {
        self.facts.iter().filter(|(_, fact)| wanted(fact)).count()
    }

    /// When such facts were reported, in seconds.
    fn instants(&self, wanted: impl Fn(&Observation) -> bool) -> Vec<f64> {
        self.facts.iter().filter(|(_, f)| wanted(f)).map(|(at, _)| at.as_secs_f64()).collect()
    }

    /// The calls and when each ended.
    fn calls(&self) -> Vec<(SimTime, CallRecord)> {
        let ended = self.facts.iter().filter_map(|(at, fact)| match fact {
            Observation::CallEnded { record, .. } => Some((*at, *record)),
            _ => None,
        });
        ended.collect()
    }

    fn fates(&self, fate: Fate) -> usize {
        self.calls().iter().filter(|(_, call)| call.fate == fate).count()
    }

    /// How long each ghost was counted, summed over all, in seconds.
    fn ghost_seconds(&self) -> f64 {
        let (mut total, mut since, mut ghosts) = (0.0, SimTime::ZERO, 0.0);
        for (at, fact) in &self.facts {
            if let Observation::TrunkCalls { truly, counted, .. } = fact {
                total += ghosts * (*at - since).as_secs_f64();
                (since, ghosts) = (*at, f64::from(*counted) - f64::from(*truly));
            }
        }
        assert!(ghosts == 0.0, "ghosts are left");
        total
    }
}

/// Within a millisecond per kilosecond, which a few messages take.
fn about(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= 0.1 + expected.abs() * 1e-3
}

/// The primary's flow is lost at 100 s and comes back at once; the dialogs stay with the old one.
const FLOW_LOST: &str = r#"
faults = [{ kind = "carrier_outage", carrier = "a", at = "100s", for = "1ms" }]
"failover.triggers.registration_lost" = false
"#;
