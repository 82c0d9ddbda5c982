//! Queues in their steady state whose waits are textbook numbers, as the simulator's own agents
//! give them: M/M/1 at nine tenths of its load, and Erlang C of 10 agents with 8 erlangs and of 2
//! with 1.8.

use rayon::prelude::*;
use trunksim::engine::statistics::mean_interval;
use trunksim::system::metrics::index_of;
use trunksim::system::simulate;

use crate::theory::model;

const SERVICE_S: f64 = 10.0;
const REPLICATIONS: u64 = 24;

/// The wait in the queue is C·S/(c − a), with C the probability to wait: of a single server ρ, so
/// that S = 1 and ρ = 0.9 make a wait of 9 and a stay of 10.
#[test]
fn callers_wait_as_the_tables_say() {
    let cases = [(1_u32, 0.9, 0.9), (10, 8.0, 0.409_180_2), (2, 1.8, 0.852_632)];
    for (agents, load, waiting) in cases {
        let wait_s = waiting * SERVICE_S / (f64::from(agents) - load);
        // Births and deaths forget their start in 1/(cμ(1 − √ρ)²) or a few services.
        let busy = load / f64::from(agents);
        let relaxation_s =
            SERVICE_S / f64::from(agents) / (1.0 - f64::sqrt(busy)).powi(2) + 5.0 * SERVICE_S;
        let mut table = model::read(include_str!("../theory/models/agents.toml"));
        model::set(&mut table, "calls.talk", model::law("exponential", SERVICE_S, None));
        model::set(&mut table, "groups.0.agents", agents);
        model::set(&mut table, "trunks.0.arrivals", model::poisson(load / SERVICE_S));
        let (warmup_s, measured_s) = (10.0 * relaxation_s, 60.0 * relaxation_s);
        model::set(&mut table, "warmup", model::seconds(warmup_s));
        model::set(&mut table, "horizon", model::seconds(warmup_s + measured_s));
        model::set(&mut table, "series_bin", model::seconds(measured_s));
        let config = model::config(&table);
        let waits = index_of("queue_wait_s_mean").expect("a metric");
        let values: Vec<f64> = (0..REPLICATIONS)
            .into_par_iter()
            .map(|r| simulate(&config, 1, r).expect("the run ends").metrics[waits])
            .collect();
        let got = mean_interval(&values, 0.95);
        let error = got.sd / (REPLICATIONS as f64).sqrt();
        assert!((got.mean - wait_s).abs() < 4.0 * error, "{agents}, {load}: {got:?} for {wait_s}");
        assert!(error < 0.1 * wait_s, "{agents}, {load}: {got:?} says something");
    }
}
