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

#[test]
fn the_apac_model_runs() {
    let text = std::fs::read_to_string(std::env::var("MODEL").unwrap_or("models/apac.toml".into()))
        .unwrap();
    let model = toml::from_str(&text).unwrap();
    let config = Config::new(&model, &Traces::new()).unwrap();
    let results: Vec<_> = (0..5).map(|r| simulate(&config, 1, r).unwrap()).collect();
    for (i, metric) in METRICS.iter().enumerate() {
        print!("{:32}", metric.name);
        for r in &results {
            print!(" {:12.4}", r.metrics[i]);
        }
        println!(" {}", metric.unit);
    }
    let r = &results[0];
    println!("{:?}", r.trunks.columns);
    for (n, row) in &r.trunks.rows {
        println!("{n} {row:.2?}");
    }
    println!("{:?}", r.carriers.columns);
    for (n, row) in &r.carriers.rows {
        println!("{n} {row:.2?}");
    }
}
