//! Overload control in a system: what a server gets done when it is offered more than it can do,
//! with its clients holding back as it asks and without. RFC 7339 and RFC 7415 are there to keep
//! that from collapsing.

use rayon::prelude::*;
use toml::Table;
use trunksim::engine::statistics::mean_interval;
use trunksim::engine::time::SimTime;
use trunksim::system::metrics::index_of;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{RunResult, simulate_observed};

use crate::theory::model;

const REPLICATIONS: u64 = 8;
const REGISTRAR: &str = include_str!("registrar.toml");
const SBC: &str = include_str!("sbc.toml");

/// What reaches a server, or would: requests sent, retransmissions among them.
#[derive(Default)]
struct Offered {
    invites: u64,
    registers: u64,
}

impl Observer for Offered {
    fn observe(&mut self, _: SimTime, fact: &Observation) {
        match fact {
            Observation::InviteSent { .. } => self.invites += 1,
            Observation::RegisterReceived { .. } => self.registers += 1,
            _ => {}
        }
    }
}

/// A model with the overload control of `scheme` at `path`, or without one.
fn runs(text: &str, path: &str, scheme: Option<&str>) -> Vec<(RunResult, Offered)> {
    let mut table: Table = model::read(text);
    if let Some(scheme) = scheme {
        let scheme: Table = scheme.parse().expect("the scheme is TOML");
        model::set(&mut table, path, toml::Value::Table(scheme));
    }
    let config = model::config(&table);
    let run = |r| simulate_observed(&config, 3, r, Offered::default()).expect("the run ends");
    (0..REPLICATIONS).into_par_iter().map(run).collect()
}

fn metric(runs: &[(RunResult, Offered)], name: &str) -> Vec<f64> {
    let index = index_of(name).expect("a metric");
    runs.iter().map(|(run, _)| run.metrics[index]).collect()
}

fn offered(runs: &[(RunResult, Offered)], of: impl Fn(&Offered) -> u64) -> Vec<f64> {
    runs.iter().map(|(_, offered)| of(offered) as f64).collect()
}

/// `a` is larger than `b`, paired by replication.
fn is_more(what: &str, a: &[f64], b: &[f64]) {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let interval = mean_interval(&differences, 0.999);
    println!("{what}: {a:?} against {b:?}: {} ± {}", interval.mean, interval.half_width);
    assert!(interval.mean > interval.half_width, "{what}: {a:?} against {b:?}");
}

const SCHEMES: [(&str, &str); 2] = [
    ("loss", "kind = 'loss'\nvalidity = '5s'\noccupancy = 0.95"),
    ("rate", "kind = 'rate'\nvalidity = '5s'"),
];

#[test]
fn a_controlled_sbc_answers_more_calls_of_fewer_invites() {
    let without = runs(SBC, "sbcs.0.overload", None);
    assert!(metric(&without, "invites_throttled").iter().all(|n| *n == 0.0));
    for (name, scheme) in SCHEMES {
        let with = runs(SBC, "sbcs.0.overload", Some(scheme));
        let of = |metric_name| (metric(&with, metric_name), metric(&without, metric_name));
        let (with_it, without_it) = of("calls_answered");
        is_more(&format!("{name}: goodput"), &with_it, &without_it);
        let (with_it, without_it) = of("sbc_drops");
        is_more(&format!("{name}: drops"), &without_it, &with_it);
        let (with_it, without_it) = of("calls_abandoned_setup");
        is_more(&format!("{name}: callers given up"), &without_it, &with_it);
        let invites = |o: &Offered| o.invites;
        let load = (offered(&without, invites), offered(&with, invites));
        is_more(&format!("{name}: offered load"), &load.0, &load.1);
        assert!(metric(&with, "invites_throttled").iter().all(|n| *n > 0.0));
    }
}

#[test]
fn a_controlled_registrar_makes_more_bindings_of_fewer_registers() {
    let path = "carriers.0.registrar.overload";
    let without = runs(REGISTRAR, path, None);
    assert!(metric(&without, "registers_throttled").iter().all(|n| *n == 0.0));
    for (name, scheme) in SCHEMES {
        let with = runs(REGISTRAR, path, Some(scheme));
        let goodput = |runs| metric(runs, "registrations");
        is_more(&format!("{name}: goodput"), &goodput(&with), &goodput(&without));
        let timeouts = |runs| metric(runs, "registration_timeouts");
        is_more(&format!("{name}: timeouts"), &timeouts(&without), &timeouts(&with));
        let registers = |o: &Offered| o.registers;
        let load = (offered(&without, registers), offered(&with, registers));
        is_more(&format!("{name}: offered load"), &load.0, &load.1);
        assert!(metric(&with, "registers_throttled").iter().all(|n| *n > 0.0));
    }
}

/// A server that is not overloaded asks for nothing: everything is as without control.
#[test]
fn control_does_nothing_where_there_is_no_overload() {
    let calm = SBC.replace("rate_per_s = 8.0", "rate_per_s = 1.0");
    let without = runs(&calm, "sbcs.0.overload", None);
    for (_, scheme) in SCHEMES {
        let with = runs(&calm, "sbcs.0.overload", Some(scheme));
        let of = |runs: &[(RunResult, Offered)]| -> Vec<Vec<String>> {
            let text = |run: &RunResult| run.metrics.iter().map(f64::to_string).collect();
            runs.iter().map(|(run, _)| text(run)).collect()
        };
        assert_eq!(of(&with), of(&without));
    }
}

/// Calls of trunks with priority are held back last (RFC 7339 §5.10.1).
#[test]
fn calls_with_priority_get_through_an_overloaded_sbc() {
    let mut table: Table = model::read(SBC);
    let trunk = table["trunks"][0].clone();
    let mut important = trunk.as_table().expect("a table").clone();
    important.insert("id".to_owned(), "VIP".into());
    important.insert("count".to_owned(), 1.into());
    important.insert("priority".to_owned(), 1.into());
    let trunks = table["trunks"].as_array_mut().expect("trunks");
    trunks.push(toml::Value::Table(important));
    let text = toml::to_string(&table).expect("a model");
    for (name, scheme) in SCHEMES {
        let with = runs(&text, "sbcs.0.overload", Some(scheme));
        for (run, _) in &with {
            let column = |wanted| {
                let at =
                    run.trunks.columns.iter().position(|c| c.name == wanted).expect("a column");
                let rows = run.trunks.rows.iter();
                rows.map(move |(id, values)| (id == "VIP", values[at])).collect::<Vec<_>>()
            };
            let (offered, blocked) = (column("calls_offered"), column("calls_blocked"));
            let share = |vip: bool| {
                let sum = |list: &[(bool, f64)]| {
                    list.iter().filter(|(v, _)| *v == vip).map(|(_, n)| n).sum::<f64>()
                };
                sum(&blocked) / sum(&offered)
            };
            println!("{name}: {} of the others, {} of these", share(false), share(true));
            assert!(share(false) > 0.1 && share(true) < share(false) / 4.0, "{name}");
        }
    }
}
