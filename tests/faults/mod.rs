//! Faults: the combined effect of several follows from their set, and nothing of one that is over
//! remains.

mod laws;
mod rules;
mod worlds;

use rand::Rng;
use toml::Table;
use trunksim::engine::random::{Draw, RandomSource};
use trunksim::engine::time::SimTime;
use trunksim::system::metrics::METRICS;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, RunResult, simulate, simulate_observed};

use crate::theory::model;

/// A fault of each kind: its table without `at` and `for`, mild and severe.
const KINDS: [(&str, &str, &str); 8] = [
    ("carrier_outage", "carrier = 'telstra'", "carrier = 'telstra'"),
    ("api_brown_out", "slowdown = 3.0", "slowdown = 6.0"),
    ("api_limit_cut", "factor = 0.5", "factor = 0.05"),
    ("sbc_restart", "sbc = 'sbc1'", "sbc = 'sbc1'"),
    (
        "registrar_slowdown",
        "carrier = 'telstra', slowdown = 3.0",
        "carrier = 'telstra', slowdown = 8.0",
    ),
    (
        "leg_network",
        "carrier = 'telstra', delay = '5ms', loss = 0.1",
        "carrier = 'telstra', delay = '50ms', loss = 0.9",
    ),
    ("api_network", "delay = '5ms', loss = 0.1", "delay = '500ms', loss = 0.9"),
    ("agent_logout", "group = 'agents', share = 0.2", "group = 'agents', share = 0.9"),
];

/// A fault as models write it.
fn fault(kind: &str, settings: &str, at_s: u64, for_s: u64) -> String {
    format!("{{ kind = '{kind}', at = '{at_s}s', for = '{for_s}s', {settings} }}")
}

/// The model of this folder with faults and other values, in TOML.
fn table(faults: &[String], values: &[(&str, &str)]) -> Table {
    let mut table = model::read(include_str!("model.toml"));
    let list = format!("[{}]", faults.join(", "));
    for (path, value) in values.iter().copied().chain([("faults", list.as_str())]) {
        let value: Table =
            format!("v = {value}").parse().unwrap_or_else(|e| panic!("{value}: {e}"));
        model::set(&mut table, path, value["v"].clone());
    }
    table
}

fn config(faults: &[String], values: &[(&str, &str)]) -> Config {
    model::config(&table(faults, values))
}

/// All that a run reports.
#[derive(Default)]
struct Facts(Vec<(SimTime, Observation)>);

impl Observer for Facts {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.push((now, *fact));
    }
}

fn run(config: &Config) -> (RunResult, Facts) {
    simulate_observed(config, 1, 0, Facts::default()).expect("the run ends")
}

/// What a run reports but that faults begin and end.
fn without_faults(config: &Config) -> Vec<(SimTime, Observation)> {
    let mut facts = run(config).1.0;
    facts.retain(|(_, fact)| !matches!(fact, Observation::FaultMoved { .. }));
    facts
}

/// Two runs report the same; the first difference is shown.
fn assert_alike(what: &str, one: &[(SimTime, Observation)], other: &[(SimTime, Observation)]) {
    let differs = one.iter().zip(other).position(|(a, b)| a != b);
    if let Some(place) = differs {
        panic!("{what}: {:?} against {:?}", one[place], other[place]);
    }
    assert_eq!(one.len(), other.len(), "{what}");
}

/// Two runs are the same, facts and figures, to the last bit.
fn assert_same(what: &str, one: &Config, other: &Config) {
    let ((one, facts), (other, others)) = (run(one), run(other));
    assert_alike(what, &facts.0, &others.0);
    let bits = |result: &RunResult| -> Vec<u64> {
        result.metrics.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(bits(&one), bits(&other), "{what}");
    assert_eq!(one.engine, other.engine, "{what}");
}

fn metric(result: &RunResult, name: &str) -> f64 {
    result.metrics[METRICS.iter().position(|m| m.name == name).expect("a metric")]
}

/// A metric's values over seeds, which runs share.
fn over_seeds(config: &Config, name: &str, seeds: u64) -> Vec<f64> {
    let value = |seed| metric(&simulate(config, seed, 0).expect("the run ends"), name);
    (1..=seeds).map(value).collect()
}

/// The draws of a random set.
fn draw(set: u64) -> Draw {
    RandomSource::new(12, set).at(200, 0, 0)
}

fn below(draw: &mut Draw, n: u64) -> u64 {
    draw.next_u64() % n
}

/// A random set of faults that begin within `[60 s, until)`, several of one kind among them, and
/// scheduled outages of telstra.
fn random_set(set: u64, until: u64) -> (Vec<String>, Vec<String>) {
    let mut draw = draw(set);
    let kinds: Vec<_> = (0..3).map(|_| KINDS[below(&mut draw, 8) as usize]).collect();
    let mut when = |longest: u64| {
        let at = 60 + below(&mut draw, until - 60);
        (at, below(&mut draw, longest), below(&mut draw, 3), below(&mut draw, 2) == 0)
    };
    let faults = (0..8).map(|_| {
        let (at, length, which, mild) = when(240);
        let (kind, settings, severe) = kinds[which as usize];
        fault(kind, if mild { settings } else { severe }, at, length)
    });
    let faults: Vec<String> = faults.collect();
    let schedule = (0..3).map(|_| {
        let (at, length, ..) = when(60);
        format!("{{ at = '{at}s', for = '{length}s' }}")
    });
    let schedule = schedule.collect();
    (faults, schedule)
}

fn shuffled(list: &[String], draw: &mut Draw) -> Vec<String> {
    let mut list = list.to_vec();
    for place in (1..list.len()).rev() {
        list.swap(place, below(draw, place as u64 + 1) as usize);
    }
    list
}

fn value_list(list: &[String]) -> String {
    format!("[{}]", list.join(", "))
}
