//! Whole runs of shipped models, in events per second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trunksim::system::spec::Model;
use trunksim::system::{Config, Traces, simulate};

fn whole_runs(criterion: &mut Criterion) {
    let models = [
        ("apac.toml", include_str!("../models/apac.toml")),
        ("minimal.toml", include_str!("../models/minimal.toml")),
    ];
    let mut group = criterion.benchmark_group("whole run");
    for (name, text) in models {
        let model: Model = toml::from_str(text).expect("a shipped model is sound");
        let config = Config::new(&model, &Traces::default()).expect("a shipped model is sound");
        let events = simulate(&config, 1, 0).expect("it runs").engine.events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(name, |bencher| {
            bencher.iter(|| simulate(&config, 1, 0).expect("it runs"));
        });
    }
    group.finish();
}

criterion_group!(benches, whole_runs);
criterion_main!(benches);
