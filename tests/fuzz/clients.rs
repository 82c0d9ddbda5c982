//! Random clients of the API, and a tenant beside them, in a small fixed world: every gate in any
//! combination, presets and settings drawn, connections few and mostly kept. None gets stuck, and
//! every law holds. `FUZZ_CASES=10000` is the whole study.

use serde_json::{Value as Json, json};
use trunksim::engine::random::Draw;
use trunksim::system::spec::Model;

use super::author::Author;
use super::coverage::{self, Reached};
use super::grammar::{below, once_in};
use super::systems::{traces, try_out};
use super::{fuzz, replaying};

const CASES: u64 = 300;
/// Cases after which every policy, variant and preset has come up.
const ALL: u64 = 5000;

fn world() -> Json {
    let table: toml::Table = include_str!("clients.toml").parse().expect("it is TOML");
    serde_json::to_value(table).expect("a model can be written")
}

/// Loops that a retry loop is put under, one time out of eight.
fn deepen(retry: Json, draw: &mut Draw) -> Json {
    let mut retry = retry;
    if once_in(draw, 8) {
        for _ in 0..1 + below(draw, 10) {
            let attempts = 1 + below(draw, 2);
            let backoff = json!({ "kind": "fixed", "delay": "100ms" });
            retry = json!({ "attempts": attempts, "backoff": backoff, "over": retry });
        }
    }
    retry
}

/// A client with few connections, which it keeps every other time.
fn client(author: &mut Author<'_>) -> Json {
    let mut client = author.part_of(&["client"]);
    let draw = author.draw();
    let most = if once_in(draw, 4) { 40 } else { 3 };
    client["connections"] = json!(1 + below(draw, most));
    client["hold_connection"] = json!(once_in(draw, 2));
    client["replicas"] = json!(1 + below(draw, 2));
    if client["retry"].is_object() {
        client["retry"] = deepen(client["retry"].take(), draw);
    }
    client
}

/// A tenant that asks often, with few connections.
fn tenant(author: &mut Author<'_>) -> Json {
    let mut tenant = author.part_of(&["tenants", "items"]);
    let draw = author.draw();
    let rate = 1.0 + 4.0 * draw.uniform();
    tenant["arrivals"] = json!({ "kind": "poisson", "rate_per_s": rate });
    tenant["id"] = json!("tenant");
    tenant["connections"] = json!(1 + below(draw, 3));
    tenant
}

#[test]
fn clients() {
    let (root, traces) = (schemars::schema_for!(Model).to_value(), traces());
    let (mut valid, mut ran, mut reached) = (0_u64, 0_u64, Reached::new());
    let cases = fuzz("clients", CASES, |draw| {
        let mut author = Author::new(&root, draw).of_presets();
        let mut model = world();
        model["client"] = client(&mut author);
        model["tenants"] = json!([tenant(&mut author)]);
        if once_in(author.draw(), 4) {
            model["policy"]["point"] = json!("push");
        }
        match author.repaired(model, &traces) {
            Ok(written) => {
                valid += 1;
                let client = &root["properties"]["client"];
                coverage::reach(&root, client, &written.json["client"], "client", &mut reached);
                ran += u64::from(try_out(&written, &traces).with_calls);
            }
            Err(refusal) => println!("given up: {refusal}"),
        }
    });
    let offered = coverage::under(&root, &root["properties"]["client"], "client");
    let missing: Vec<&String> = offered.difference(&reached).collect();
    println!(
        "of {cases} models {valid} are valid, {ran} ran to their end with calls; their clients \
         reach {} of {} keys, variants and presets",
        offered.len() - missing.len(),
        offered.len()
    );
    if !replaying() || cases >= CASES {
        assert!(valid * 100 >= cases * 97, "of {cases} models only {valid} are valid");
        assert!(ran * 10 >= cases * 9, "of {cases} models only {ran} ran to their end");
    }
    if cases >= ALL {
        assert!(missing.is_empty(), "never set by {cases} clients: {missing:#?}");
    }
}
