//! The continuous newsvendor of SimOpt (CNTNEWS-1): bought at 5, sold at 9, returned at 1, demand
//! of Burr's law with c = 2 and k = 20. The best quantity is the median of demand, 0.1878, and the
//! expected profit there 0.4635 (SimOpt's documentation).

use trunksim::engine::random::RandomSource;
use trunksim::engine::statistics::mean_interval;
use trunksim::experiment::estimate::stopping::{Decision, Precision, Stopping};

const QUANTITY: f64 = 0.1878;
const PROFIT: f64 = 0.4635;

fn profit(quantity: f64, seed: u64, replication: u64) -> f64 {
    let u = RandomSource::new(seed, replication).at(1, 0, 0).uniform();
    let demand = (libm::pow(1.0 - u, -1.0 / 20.0) - 1.0).sqrt();
    9.0 * demand.min(quantity) + (quantity - demand).max(0.0) - 5.0 * quantity
}

/// The median solves 1 − (1 + x²)⁻²⁰ = (9 − 5)/(9 − 1).
#[test]
fn the_best_quantity_is_the_median() {
    let median = (libm::pow(2.0, 0.05) - 1.0_f64).sqrt();
    assert!((median - QUANTITY).abs() < 5e-5, "{median}");
}

/// Run until the mean is known to 1 %: it is then within that of the published one (which is
/// rounded), in as many runs as the spread asks for.
#[test]
fn the_profit_is_found_to_the_precision_asked_for() {
    let rule = Stopping {
        first: 20,
        step: 200,
        most: 100_000,
        confidence: 0.999,
        targets: vec![Precision::Relative(0.01)],
    };
    let mut values = Vec::new();
    let runs = loop {
        match rule.decide(std::slice::from_ref(&values)) {
            Decision::Stop { runs, met } => {
                assert!(met);
                break runs;
            }
            Decision::More { until } => {
                let enough = 2 * until as u64;
                values = (0..enough).map(|r| profit(QUANTITY, 7, r)).collect();
            }
        }
    };
    let got = mean_interval(&values[..runs], 0.999);
    assert!((got.mean - PROFIT).abs() <= 0.01 * PROFIT + 5e-5, "{got:?}");
}
