//! The API's station as a queue: M/M/1, and M/M/c/K with a finite buffer.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Values, Window};
use super::model;
use super::study::{ARRIVALS_MAX, Measured, Runs, Study, metric};

const API_SERVER: &str = include_str!("models/api_server.toml");
const RELAXATIONS_OF_WARMUP: f64 = 12.0;
/// Correlations last so long in a loaded queue that the arrivals allowed reach only these widths.
const WIDER: [(&str, f64); 4] = [
    ("var_sojourn", 0.04),
    ("var_in_system", 0.04),
    ("p_sojourn_gt_T", 0.03),
    ("p_wait_gt_T", 0.03),
];

fn api_server(case: &Case) -> Table {
    let mut table = model::read(API_SERVER);
    let service = model::law("exponential", 1.0 / case.param("service_rate"), None);
    model::set(&mut table, "api.service", service);
    let arrivals = model::poisson(case.param("arrival_rate"));
    model::set(&mut table, "tenants.0.arrivals", arrivals);
    table
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

fn measure_mm1(runs: &Runs, threshold: f64) -> Measured {
    let (result, fold) = runs.run(0, Station::new(runs.window));
    let (in_system, mut sojourns) = (fold.in_system.finish(), fold.sojourns);
    Measured {
        values: vec![
            ("utilisation", metric(&result, "api_utilization")),
            ("mean_in_system", in_system.mean()),
            ("var_in_system", in_system.variance()),
            ("mean_wait", fold.waits.mean()),
            ("p_wait_gt_T", fold.waits.above(threshold) / fold.waits.len()),
            ("mean_sojourn", sojourns.mean()),
            ("var_sojourn", sojourns.variance()),
            ("p_sojourn_gt_T", sojourns.above(threshold) / sojourns.len()),
            ("p95_sojourn", sojourns.quantile(0.95)),
        ],
        chances: fold.came as f64,
    }
}

#[test]
fn the_api_server_queues_as_mm1_says() {
    for case in case::family("mm1") {
        let rate = case.param("service_rate");
        let load = case.param("arrival_rate") / rate;
        let relaxation = 1.0 / (rate * (1.0 - load.sqrt()).powi(2));
        Study {
            models: vec![api_server(&case)],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 200.0 * relaxation,
            unit_s: 1e-3,
            arrivals_max: ARRIVALS_MAX,
            wider: &WIDER,
            measure: &|runs| measure_mm1(runs, case.param("T_s")),
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
    }
}

/// K counts those in service; the model's `queue` those who wait.
#[test]
fn the_api_server_refuses_as_a_finite_buffer_says() {
    for case in case::family("mmck") {
        let (servers, places) = (case.count("servers"), case.count("K"));
        let mut table = api_server(&case);
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
            arrivals_max: ARRIVALS_MAX,
            wider: &[],
            measure: &measure_mmck,
        }
        .check(&case);
    }
}
