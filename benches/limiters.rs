//! A request at each kind of limiter, beside the token bucket, in the same run.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::limiter::{Limiter, LimiterSpec};

/// Requests of one measured batch.
const REQUESTS: u64 = 10_000;
/// 300 a minute are allowed; twice as many come.
const GAP: SimDuration = SimDuration::from_millis(100);

/// The token bucket first: it is what the others are held against.
const KINDS: [&str; 8] = [
    r#"{ kind = "token_bucket", rate_per_s = 5.0, burst = 10 }"#,
    r#"{ kind = "tick_bucket", tokens_per_fill = 5, fill_interval = "1s", burst = 10 }"#,
    r#"{ kind = "gcra", rate_per_s = 5.0, burst = 10 }"#,
    r#"{ kind = "nginx_limit_req", rate = 5, burst = 10 }"#,
    r#"{ kind = "fixed_window", limit = 300, window = "1m" }"#,
    r#"{ kind = "sliding_log", limit = 300, window = "1m" }"#,
    r#"{ kind = "sliding_counter", limit = 300, window = "1m" }"#,
    r#"{ kind = "cycles", limit = 5, period = "1s", timeout = "2s" }"#,
];

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limiter admits");
    group.throughput(Throughput::Elements(REQUESTS));
    for text in KINDS {
        let table: toml::Table = toml::from_str(&format!("limiter = {text}")).expect("it is TOML");
        let spec: LimiterSpec = table["limiter"].clone().try_into().expect("it is a limiter");
        let kind = table["limiter"]["kind"].as_str().expect("it has a kind").to_owned();
        let (mut limiter, mut now) = (Limiter::new(&spec), SimTime::ZERO);
        group.bench_function(BenchmarkId::from_parameter(kind), |bencher| {
            bencher.iter(|| {
                for _ in 0..REQUESTS {
                    now += GAP;
                    black_box(limiter.admit(now, 1));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, admit);
criterion_main!(benches);
