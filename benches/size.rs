//! Large systems, in trunks per second: twice the trunks take twice the time, an outage included.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use toml::toml;
use trunksim::system::spec::Model;
use trunksim::system::{Config, Traces, simulate};

const TRUNKS: [u32; 3] = [2_000, 4_000, 8_000];

/// A system of so many trunks, over UDP or TLS, of which one part is out of service for a while.
fn system(trunks: u32, transport: &str, fault: Option<&str>) -> Config {
    let mut model = toml! {
        name = "large"
        horizon = "3m"
        warmup = "0s"
        carriers = [{ id = "c" }]
        sbcs = [{ id = "s" }]
        groups = [{ id = "g", agents = 100000 }]
        policy = { point = "edge_static" }
        [[trunks]]
        id = "T{n}"
        sbc = "s"
        groups = ["g"]
        arrivals = { kind = "poisson", rate_per_s = 0.05 }
        primary = { carrier = "c", channels = 60 }
    };
    let trunk = model["trunks"][0].as_table_mut().expect("a trunk");
    trunk.insert("count".to_owned(), trunks.into());
    trunk.insert("transport".to_owned(), transport.into());
    if let Some(kind) = fault {
        let (of, name) = if kind == "carrier_outage" { ("carrier", "c") } else { ("sbc", "s") };
        let mut fault = toml! { at = "100s" for = "20s" };
        fault.insert("kind".to_owned(), kind.into());
        fault.insert(of.to_owned(), name.into());
        model.insert("faults".to_owned(), vec![fault].into());
    }
    let model: Model = model.try_into().expect("the model is valid");
    Config::new(&model, &Traces::default()).expect("the model is valid")
}

fn outages(criterion: &mut Criterion) {
    let faults = [
        ("no outage", "tls", None),
        ("carrier_outage over tls", "tls", Some("carrier_outage")),
        ("sbc_restart over udp", "udp", Some("sbc_restart")),
    ];
    for (name, transport, fault) in faults {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for trunks in TRUNKS {
            let config = system(trunks, transport, fault);
            group.throughput(Throughput::Elements(u64::from(trunks)));
            group.bench_function(BenchmarkId::from_parameter(trunks), |bencher| {
                bencher.iter(|| simulate(&config, 1, 0).expect("it runs"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, outages);
criterion_main!(benches);
