//! The API's station as a queue: M/M/1, M/G/1, M/D/c, and M/M/c/K with a finite buffer.

use toml::{Table, Value};
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Values, Window};
use super::model;
use super::study::{Measured, Runs, Study, metric};

const API_SERVER: &str = include_str!("models/api_server.toml");
const RELAXATIONS_OF_WARMUP: f64 = 12.0;

fn api_server(case: &Case, service: Value) -> Table {
    let mut table = model::read(API_SERVER);
    model::set(&mut table, "api.service", service);
    let arrivals = model::poisson(case.param("arrival_rate"));
    model::set(&mut table, "tenants.0.arrivals", arrivals);
    table
}

fn exponential(case: &Case) -> Value {
    model::law("exponential", 1.0 / case.param("service_rate"), None)
}

/// The station over time, and what attempts met there.
struct Station {
    window: Window,
    in_system: Levels,
    waiting: Levels,
    waits: Values,
    sojourns: Values,
    came: u64,
    refused: u64,
}

impl Station {
    fn new(window: Window) -> Self {
        Self {
            window,
            in_system: Levels::new(window),
            waiting: Levels::new(window),
            waits: Values::default(),
            sojourns: Values::default(),
            came: 0,
            refused: 0,
        }
    }
}

impl Observer for Station {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::ServerBusy { busy, waiting } => {
                self.in_system.set(now, busy as usize + waiting);
                self.waiting.set(now, waiting);
            }
            _ if !self.window.holds(now) => {}
            Observation::AttemptSent { .. } => self.came += 1,
            Observation::ServerFull { .. } => self.refused += 1,
            Observation::ServiceStarted { wait, .. } => self.waits.add(wait.as_secs_f64()),
            Observation::Served { sojourn, .. } => self.sojourns.add(sojourn.as_secs_f64()),
            _ => {}
        }
    }
}

fn measure_mm1(runs: &Runs, case: &Case) -> Measured {
    let threshold = case.param("T_s");
    let (result, fold) = runs.run(0, Station::new(runs.window));
    let (in_system, mut sojourns) = (fold.in_system.finish(), fold.sojourns);
    Measured {
        values: vec![
            ("utilisation", metric(&result, "api_utilization")),
            ("mean_in_system", in_system.mean()),
            ("var_in_system", in_system.variance_about(case.theory("mean_in_system"))),
            ("mean_wait", fold.waits.mean()),
            ("p_wait_gt_T", fold.waits.above(threshold) / fold.waits.len()),
            ("mean_sojourn", sojourns.mean()),
            ("var_sojourn", sojourns.variance_about(case.theory("mean_sojourn"))),
            ("p_sojourn_gt_T", sojourns.above(threshold) / sojourns.len()),
            ("p95_sojourn", sojourns.quantile(0.95)),
        ],
        chances: fold.came as f64,
        ..Measured::default()
    }
}

#[test]
fn the_api_server_queues_as_mm1_says() {
    for case in case::family("mm1") {
        let rate = case.param("service_rate");
        let load = case.param("arrival_rate") / rate;
        let relaxation = 1.0 / (rate * (1.0 - load.sqrt()).powi(2));
        Study {
            models: vec![api_server(&case, exponential(&case))],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 200.0 * relaxation,
            unit_s: 1e-3,
            measure: &|runs| measure_mm1(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}

fn measure_mmck(runs: &Runs) -> Measured {
    let (result, fold) = runs.run(0, Station::new(runs.window));
    Measured {
        values: vec![
            ("blocking", fold.refused as f64 / fold.came as f64),
            ("mean_queue", fold.waiting.finish().mean()),
            ("mean_wait_accepted", fold.waits.mean()),
            ("p_wait_accepted", fold.waits.above(0.0) / fold.waits.len()),
            ("utilisation", metric(&result, "api_utilization")),
        ],
        chances: fold.came as f64,
        ..Measured::default()
    }
}

/// K counts those in service; the model's `queue` those who wait.
#[test]
fn the_api_server_refuses_as_a_finite_buffer_says() {
    for case in case::family("mmck") {
        let (servers, places) = (case.count("servers"), case.count("K"));
        let mut table = api_server(&case, exponential(&case));
        model::set(&mut table, "api.servers", servers);
        model::set(&mut table, "api.queue", places - servers);
        let service = 1.0 / case.param("service_rate");
        // A full buffer is worked off, or fills, in a time of this order.
        let relaxation = service * (1.0 + f64::from(places - servers).powi(2) / f64::from(servers));
        Study {
            models: vec![table],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 300.0 * relaxation,
            unit_s: 1e-3,
            measure: &measure_mmck,
            ..Study::default()
        }
        .check(&case);
    }
}

/// What the queue of one or several servers without limit is like.
fn measure_queue(runs: &Runs, case: &Case) -> Measured {
    let (result, fold) = runs.run(0, Station::new(runs.window));
    Measured {
        values: vec![
            ("utilisation", metric(&result, "api_utilization")),
            ("mean_wait", fold.waits.mean()),
            ("var_wait", fold.waits.variance_about(case.theory("mean_wait"))),
            ("mean_queue", fold.waiting.finish().mean()),
            ("mean_in_system", fold.in_system.finish().mean()),
            ("p_wait", fold.waits.above(0.0) / fold.waits.len()),
        ],
        chances: fold.came as f64,
        ..Measured::default()
    }
}

/// The case's law of service, its mean, and its squared coefficient of variation.
fn service(case: &Case) -> (Value, f64, f64) {
    let kind = case.word("service").expect("a law");
    if kind == "hyperexponential2" {
        let (p, rates) = (case.param("p"), [case.param("rate1"), case.param("rate2")]);
        let mean = p / rates[0] + (1.0 - p) / rates[1];
        let second = 2.0 * p / rates[0].powi(2) + 2.0 * (1.0 - p) / rates[1].powi(2);
        return (model::hyperexponential(p, rates), mean, second / mean.powi(2) - 1.0);
    }
    let mean = case.param("mean");
    // An Erlang law of k phases is a gamma law.
    let (kind, scv) = match (kind, case.get("k")) {
        ("erlang" | "erlang_k", Some(k)) => ("gamma", Some(1.0 / k)),
        _ => (kind, case.get("scv")),
    };
    let spread = scv.unwrap_or(if kind == "deterministic" { 0.0 } else { 1.0 });
    (model::law(kind, mean, scv), mean, spread)
}

/// The queue forgets its start the more slowly the more service varies.
#[test]
fn the_api_server_queues_as_pollaczek_and_khinchine_say() {
    for case in case::family("mg1") {
        let (law, mean, scv) = service(&case);
        let load = case.param("arrival_rate") * mean;
        let relaxation = mean * (1.0 + scv) / (1.0 - load.sqrt()).powi(2);
        Study {
            models: vec![api_server(&case, law)],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 200.0 * relaxation,
            unit_s: 1e-3,
            measure: &|runs| measure_queue(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}

#[test]
fn several_api_servers_queue_as_crommelin_says_of_constant_service() {
    for case in case::family("mdc") {
        let (service, servers) = (case.param("service_s"), case.param("servers"));
        let load = case.param("arrival_rate") * service / servers;
        let relaxation = service / (servers * (1.0 - load.sqrt()).powi(2));
        let mut table = api_server(&case, model::law("deterministic", service, None));
        model::set(&mut table, "api.servers", case.count("servers"));
        Study {
            models: vec![table],
            warmup_s: RELAXATIONS_OF_WARMUP * (relaxation + service),
            measured_s: 50.0 * relaxation,
            unit_s: 1e-3,
            measure: &|runs| measure_queue(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}
