//! Overload that outlives its cause, and what ends it: model files run by the engine.
//!
//! Tolerance is statistical: four standard errors over replications, or a paired 95 % interval.

mod bistable;
mod collapse;
mod conservation;

use rayon::prelude::*;
use toml::{Table, Value};
use trunksim::engine::statistics::mean_interval;
use trunksim::engine::time::SimTime;
use trunksim::experiment::overrides::assign;
use trunksim::policies::Outcome;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::simulate_observed;

use crate::theory::model;

/// What happened within each second.
#[derive(Clone, Default)]
struct Second {
    succeeded: u32,
    retries: u32,
    attempts: u32,
    refused: u32,
    /// At the server at its end, waiting or in service.
    at_server: usize,
}

/// A run, second by second.
struct Seconds {
    seconds: Vec<Second>,
    at_server: usize,
}

impl Seconds {
    fn at(&mut self, now: SimTime) -> Option<&mut Second> {
        let second = (now.as_nanos() / 1_000_000_000) as usize;
        self.seconds.get_mut(second)
    }
}

impl Observer for Seconds {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::ServerBusy { busy, waiting } = *fact {
            self.at_server = busy as usize + waiting;
        }
        let at_server = self.at_server;
        let Some(second) = self.at(now) else { return };
        second.at_server = at_server;
        match *fact {
            Observation::AttemptEnded { outcome: Outcome::Ok, .. } => second.succeeded += 1,
            Observation::AttemptEnded { outcome: Outcome::Unavailable, .. } => second.refused += 1,
            Observation::AttemptSent { attempt, .. } => {
                second.attempts += 1;
                second.retries += u32::from(attempt > 1);
            }
            _ => {}
        }
    }
}

/// Replications of a model with some keys changed.
fn runs(text: &str, changes: &str, replications: u64) -> Vec<Vec<Second>> {
    let mut table = model::read(text);
    let changes: Table = toml::from_str(changes).expect("the changes are TOML");
    for (key, value) in &changes {
        assign(&mut table, key, value).expect("the key exists");
    }
    run_table(&table, replications)
}

fn run_table(table: &Table, replications: u64) -> Vec<Vec<Second>> {
    let config = model::config(table);
    let seconds = (config.horizon().as_nanos() / 1_000_000_000) as usize;
    let empty = || Seconds { seconds: vec![Second::default(); seconds], at_server: 0 };
    (0..replications)
        .into_par_iter()
        .map(|r| simulate_observed(&config, 1, r, empty()).expect("it runs").1.seconds)
        .collect()
}

/// The mean of something over the seconds from `from` to `until`, a value per replication.
fn over(
    runs: &[Vec<Second>],
    from: usize,
    until: usize,
    what: impl Fn(&Second) -> f64,
) -> Vec<f64> {
    let mean =
        |run: &Vec<Second>| run[from..until].iter().map(&what).sum::<f64>() / (until - from) as f64;
    runs.iter().map(mean).collect()
}

fn goodput(runs: &[Vec<Second>], from: usize, until: usize) -> Vec<f64> {
    over(runs, from, until, |second| f64::from(second.succeeded))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Arm `a` less arm `b`, paired by replication: the lower end of the 95 % interval.
fn lead(a: &[f64], b: &[f64]) -> f64 {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let interval = mean_interval(&differences, 0.95);
    interval.mean - interval.half_width
}

/// Sets the arrivals of the only tenant.
fn set_arrivals(table: &mut Table, arrivals: Table) {
    model::set(table, "tenants.0.arrivals", Value::Table(arrivals));
}
