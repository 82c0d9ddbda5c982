//! Metrics mean what they say: each is held against counts folded from the observations of the same
//! run, or against a model whose figure is known.

#![allow(clippy::float_cmp, reason = "counts and times of these models are exact")]

mod agents;
mod calls;
mod latency;
mod limits;
mod openings;
mod recovery;
mod registration;

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::experiment::overrides::assign;
use trunksim::experiment::plan::read_model;
use trunksim::system::metrics::{Breakdown, METRICS, index_of};
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, RunResult, Traces, simulate_observed};

/// A model with some keys changed: `key = value` in TOML.
fn config(model: &str, changes: &str) -> Config {
    let mut table: Table = toml::from_str(model).unwrap();
    let changes: Table = toml::from_str(changes).unwrap();
    for (key, value) in &changes {
        assign(&mut table, key, value).unwrap();
    }
    Config::new(&read_model(table).unwrap(), &Traces::default()).unwrap()
}

/// Takes note of everything.
#[derive(Default)]
struct Notes(Vec<(SimTime, Observation)>);

impl Observer for Notes {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.push((now, *fact));
    }
}

fn observed(model: &str, changes: &str) -> (RunResult, Vec<(SimTime, Observation)>) {
    let (result, notes) =
        simulate_observed(&config(model, changes), 1, 0, Notes::default()).unwrap();
    (result, notes.0)
}

fn run(model: &str, changes: &str) -> RunResult {
    trunksim::system::simulate(&config(model, changes), 1, 0).unwrap()
}

fn metric(result: &RunResult, name: &str) -> f64 {
    result.metrics[index_of(name).unwrap_or_else(|| panic!("no metric {name}"))]
}

fn cell(table: &Breakdown, row: usize, column: &str) -> f64 {
    let index = table.columns.iter().position(|c| c.name == column);
    table.rows[row].1[index.unwrap_or_else(|| panic!("no column {column}"))]
}

#[track_caller]
fn close(got: f64, expected: f64) {
    let off = (got - expected).abs();
    assert!(off <= 1e-9 * expected.abs().max(1.0), "{got} for {expected}");
}

/// Every metric says where its values lie, and those of a unit lie where the unit says.
#[test]
fn every_metric_declares_its_bounds() {
    use trunksim::system::metrics::Bounds;
    for metric in METRICS {
        let of_a_share = matches!(metric.bounds, Bounds::Share | Bounds::SignedShare);
        assert_eq!(metric.unit == "share", of_a_share, "{}", metric.name);
        if metric.unit == "calls" {
            assert_eq!(metric.bounds, Bounds::Count, "{}", metric.name);
        }
    }
}
