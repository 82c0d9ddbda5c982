//! Callers who dial again as a retrial queue: the orbit of those who wait to.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Fate, Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Window, ratio};
use super::model;
use super::study::{Measured, Runs, Study};

const RELAXATIONS_OF_WARMUP: f64 = 12.0;
/// As often as the system allows: no caller in the cases gives up for having dialled too often.
const DIALS_MAX: u32 = 1000;

/// Dialling, and who waits to dial again, over time.
struct Orbit {
    window: Window,
    busy: Levels,
    orbit: Levels,
    waiting: usize,
    /// Of fresh calls and of repeated ones: offered and blocked.
    offered: [u64; 2],
    blocked: [u64; 2],
    joined: u64,
}

impl Orbit {
    fn move_to(&mut self, now: SimTime, waiting: usize) {
        self.waiting = waiting;
        self.orbit.set(now, waiting);
    }
}

/// From here on an index says that its caller had dialled before.
const REDIAL: u64 = 1 << 32;

impl Observer for Orbit {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let counts = u64::from(self.window.holds(now));
        match fact {
            Observation::ChannelsBusy { busy, .. } => self.busy.set(now, *busy as usize),
            Observation::CallOffered { index, .. } => {
                let repeated = *index >= REDIAL;
                self.offered[usize::from(repeated)] += counts;
                if repeated {
                    self.move_to(now, self.waiting - 1);
                }
            }
            Observation::CallEnded { record, .. } if record.fate == Fate::Blocked => {
                self.blocked[usize::from(record.redials() > 0)] += counts;
            }
            Observation::CallerWaits { .. } => {
                self.joined += counts;
                self.move_to(now, self.waiting + 1);
            }
            _ => {}
        }
    }
}

fn measure(runs: &Runs, case: &Case, servers: usize) -> Measured {
    let levels = || Levels::new(runs.window);
    let fold = Orbit {
        window: runs.window,
        busy: levels(),
        orbit: levels(),
        waiting: 0,
        offered: [0; 2],
        blocked: [0; 2],
        joined: 0,
    };
    let (_, fold) = runs.run(0, fold);
    let (busy, orbit) = (fold.busy.finish(), fold.orbit.finish());
    let [fresh, repeated] = fold.offered;
    let attempts = fresh + repeated;
    let blocked: u64 = fold.blocked.iter().sum();
    let lost = ratio(blocked - fold.joined, fresh);
    let seconds = runs.window.seconds();
    Measured {
        values: vec![
            ("p_busy", busy.at(servers)),
            ("p_all_busy", busy.at(servers)),
            ("mean_busy", busy.mean()),
            ("mean_orbit", orbit.mean()),
            ("orbit_variance", orbit.variance_about(case.theory("mean_orbit"))),
            ("p_orbit_empty", orbit.at(0)),
            // Little's law: all the time in orbit, over the calls.
            ("mean_time_in_orbit", orbit.mean() * seconds / fresh as f64),
            ("p_first_attempt_blocked", ratio(fold.blocked[0], fresh)),
            ("retry_rate", repeated as f64 / seconds),
            ("attempts_per_call", ratio(attempts, fresh)),
            ("attempt_blocking", ratio(blocked, attempts)),
            ("p_lost", lost),
            ("p_eventually_served", 1.0 - lost),
        ],
        chances: attempts as f64,
        ..Measured::default()
    }
}

fn model(case: &Case) -> Table {
    let mut table = model::read(include_str!("models/trunk_group.toml"));
    let exponential = |rate: &str| model::law("exponential", 1.0 / case.param(rate), None);
    model::set(&mut table, "calls.talk", exponential("service_rate"));
    model::set(&mut table, "calls.redial.after", exponential("retry_rate"));
    model::set(&mut table, "calls.redial.after_failure", case.param("H"));
    model::set(&mut table, "calls.redial.max", DIALS_MAX);
    model::set(&mut table, "trunks.0.primary.channels", case.count("servers"));
    model::set(&mut table, "trunks.0.arrivals", model::poisson(case.param("arrival_rate")));
    table
}

#[test]
fn callers_who_dial_again_orbit_as_retrial_queues_say() {
    for case in case::family("retrial") {
        let servers = case.param("servers");
        let load = case.param("arrival_rate") / (case.param("service_rate") * servers);
        let time = 1.0 / case.param("service_rate") + 1.0 / case.param("retry_rate");
        // Who gives up keeps the system stable at any load.
        let spare = (1.0 - load * case.param("H")).max(0.1);
        let relaxation = time / (spare * spare);
        Study {
            models: vec![model(&case)],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 30.0 * relaxation,
            measure: &|runs| measure(runs, &case, servers as usize),
            ..Study::default()
        }
        .check(&case);
    }
}
