//! Intervals hold the truth as often as they say. Model files are run by the engine, a thousand
//! studies each of a queue whose theory is exact; nominal 95 % intervals must hold the theory in
//! 93 to 97 % of these studies. Of 1000 draws that is about three standard errors to each side.

use rayon::prelude::*;
use toml::Table;
use trunksim::engine::statistics::mean_interval;
use trunksim::system::metrics::METRICS;
use trunksim::system::{Config, simulate};

use crate::theory::model;

const STUDIES: u64 = 1000;
const REPLICATIONS: u64 = 8;
const COVERED: std::ops::RangeInclusive<u32> = 930..=970;

/// How many of the studies hold each truth in their intervals.
fn covered(config: &Config, truths: &[(&str, f64)]) -> Vec<u32> {
    let columns: Vec<usize> = truths
        .iter()
        .map(|(name, _)| METRICS.iter().position(|m| m.name == *name).expect("a metric"))
        .collect();
    let study = |seed: u64| -> Vec<u32> {
        let runs: Vec<Vec<f64>> = (0..REPLICATIONS)
            .map(|r| simulate(config, seed, r).expect("the run ends").metrics)
            .collect();
        let holds = |(column, (_, truth)): (&usize, &(&str, f64))| {
            let values: Vec<f64> = runs.iter().map(|run| run[*column]).collect();
            u32::from(mean_interval(&values, 0.95).bounds().contains(*truth))
        };
        columns.iter().zip(truths).map(holds).collect()
    };
    let held: Vec<Vec<u32>> = (0..STUDIES).into_par_iter().map(study).collect();
    (0..truths.len()).map(|t| held.iter().map(|h| h[t]).sum()).collect()
}

fn check(table: &Table, truths: &[(&str, f64)]) {
    let covered = covered(&model::config(table), truths);
    println!("{truths:?}: {covered:?} of {STUDIES}");
    assert!(covered.iter().all(|c| COVERED.contains(c)), "{truths:?}: {covered:?} of {STUDIES}");
}

/// Warm-up and measured time.
fn times(table: &mut Table, warmup_s: f64, measured_s: f64) {
    model::set(table, "warmup", model::seconds(warmup_s));
    model::set(table, "horizon", model::seconds(warmup_s + measured_s));
    model::set(table, "series_bin", model::seconds(measured_s));
}

/// M/M/1 at half load: its relaxation time is 1/(μ(1 − √ρ)²) = 1.2 s, and 12 s forget the start.
#[test]
fn intervals_of_mm1_hold_the_load() {
    let mut table = model::read(include_str!("theory/models/api_server.toml"));
    model::set(&mut table, "tenants.0.arrivals", model::poisson(5.0));
    times(&mut table, 12.0, 60.0);
    check(&table, &[("api_utilization", 0.5)]);
}

/// Erlang A: twelve agents, a call every five seconds, talk of a minute and patience of half one.
#[test]
fn intervals_of_erlang_a_hold_occupancy_and_waits() {
    let (rate, talk, patience, agents) = (0.2, 60.0, 30.0, 12_u32);
    // Births and deaths; past 200 callers nothing is left.
    let mut weights = vec![1.0_f64];
    for callers in 1..=200_u32 {
        let talking = f64::from(callers.min(agents)) / talk;
        let leaving = f64::from(callers.saturating_sub(agents)) / patience;
        weights.push(weights[weights.len() - 1] * rate / (talking + leaving));
    }
    let total: f64 = weights.iter().sum();
    let mean = |of: &dyn Fn(u32) -> u32| {
        weights.iter().zip(0..).map(|(w, callers)| w * f64::from(of(callers))).sum::<f64>() / total
    };
    let occupancy = mean(&|callers| callers.min(agents)) / f64::from(agents);
    let abandoned = mean(&|callers| callers.saturating_sub(agents)) / patience;
    let measured_s = 1800.0;
    let mut table = model::read(include_str!("theory/models/agents.toml"));
    model::set(&mut table, "calls.talk", model::law("exponential", talk, None));
    model::set(&mut table, "calls.patience", model::law("exponential", patience, None));
    model::set(&mut table, "groups.0.agents", agents);
    model::set(&mut table, "trunks.0.arrivals", model::poisson(rate));
    times(&mut table, 10.0 * talk, measured_s);
    let truths = [("agent_occupancy", occupancy), ("calls_abandoned", abandoned * measured_s)];
    check(&table, &truths);
}
