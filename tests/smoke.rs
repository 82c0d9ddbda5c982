//! First light.

use trunksim::system::metrics::METRICS;
use trunksim::system::{Config, Traces, simulate};

#[test]
fn the_minimal_model_runs() {
    let model = toml::from_str(include_str!("../models/minimal.toml")).unwrap();
    let config = Config::new(&model, &Traces::new()).unwrap();
    let result = simulate(&config, 1, 0).unwrap();
    for (metric, value) in METRICS.iter().zip(&result.metrics) {
        println!("{:32} {value:.4} {}", metric.name, metric.unit);
    }
    println!("{:?}", result.engine);
}
