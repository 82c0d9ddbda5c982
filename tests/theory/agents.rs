//! The agents' queue: Erlang C, and with abandonment Erlang A.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Fate, Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Values, Window};
use super::model;
use super::study::{Measured, Runs, Study, metric};

const AGENTS: &str = include_str!("models/agents.toml");
/// Relaxation times after which the start is forgotten.
const RELAXATIONS_OF_WARMUP: f64 = 12.0;

pub(super) fn agents(case: &Case) -> Table {
    let mut table = model::read(AGENTS);
    let talk = model::law("exponential", case.param("mean_service_s"), None);
    model::set(&mut table, "calls.talk", talk);
    model::set(&mut table, "groups.0.agents", case.count("agents"));
    if let Some(rate) = case.get("arrival_rate") {
        model::set(&mut table, "trunks.0.arrivals", model::poisson(rate));
    }
    if let Some(threshold) = case.get("T_s") {
        model::set(&mut table, "service_level.threshold", model::seconds(threshold));
    }
    table
}

/// The queue's length over time, and the waits of the calls offered in the window.
struct Queue {
    window: Window,
    waiting: Levels,
    served: Values,
    abandoned: Values,
}

impl Queue {
    fn new(window: Window) -> Self {
        let waits = Values::default;
        Self { window, waiting: Levels::new(window), served: waits(), abandoned: waits() }
    }
}

impl Observer for Queue {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match fact {
            Observation::AgentsBusy { waiting, .. } => self.waiting.set(now, *waiting),
            Observation::CallEnded { record, .. } if self.window.holds(record.offered_at) => {
                let queued_at = record.queued_at.expect("every call reaches the queue");
                let wait = (record.answered_at.unwrap_or(now) - queued_at).as_secs_f64();
                match record.fate {
                    Fate::Completed => self.served.add(wait),
                    Fate::Abandoned => self.abandoned.add(wait),
                    fate => panic!("a call of a queue ended as {fate:?}"),
                }
            }
            _ => {}
        }
    }
}

fn measure_erlang_c(runs: &Runs, case: &Case) -> Measured {
    let threshold = case.param("T_s");
    let (result, fold) = runs.run(0, Queue::new(runs.window));
    let mut waits = fold.served;
    let waited = waits.above(0.0);
    Measured {
        values: vec![
            ("p_wait", waited / waits.len()),
            ("mean_wait", metric(&result, "queue_wait_s_mean")),
            ("mean_queue", fold.waiting.finish().mean()),
            ("p_wait_gt_T", waits.above(threshold) / waits.len()),
            ("service_level_T", metric(&result, "service_level")),
            ("var_wait", waits.variance_about(case.theory("mean_wait"))),
            ("utilisation", metric(&result, "agent_occupancy")),
            ("p95_wait", waits.quantile(0.95)),
        ],
        ratios: vec![("mean_wait_given_wait", waits.sum(), waited)],
        chances: waits.len(),
        ..Measured::default()
    }
}

#[test]
fn callers_wait_as_erlang_c_says() {
    for case in case::family("erlang_c") {
        let service = case.param("mean_service_s");
        let capacity = case.param("agents") / service;
        let load = case.param("arrival_rate") / capacity;
        let relaxation = service + 1.0 / (capacity * (1.0 - load.sqrt()).powi(2));
        Study {
            models: vec![agents(&case)],
            warmup_s: RELAXATIONS_OF_WARMUP * relaxation,
            measured_s: 100.0 * relaxation,
            measure: &|runs| measure_erlang_c(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}

fn measure_erlang_a(runs: &Runs, threshold: f64) -> Measured {
    let (result, fold) = runs.run(0, Queue::new(runs.window));
    let (served, abandoned) = (fold.served, fold.abandoned);
    let offered = served.len() + abandoned.len();
    let soon = |waits: &Values| waits.len() - waits.above(threshold);
    Measured {
        values: vec![
            ("p_wait_offered", (served.above(0.0) + abandoned.len()) / offered),
            ("p_abandon", metric(&result, "calls_abandoned") / offered),
            ("mean_wait_all", metric(&result, "queue_wait_s_mean")),
            ("mean_queue", fold.waiting.finish().mean()),
            ("p_served_within_T", metric(&result, "service_level_end_to_end")),
            ("p_abandon_within_T", soon(&abandoned) / offered),
            ("utilisation", metric(&result, "agent_occupancy")),
            ("mean_wait_served", served.mean()),
        ],
        chances: offered,
        ..Measured::default()
    }
}

#[test]
fn callers_wait_and_leave_as_erlang_a_says() {
    for case in case::family("erlang_a") {
        let (service, patience) = (case.param("mean_service_s"), case.param("mean_patience_s"));
        let mut table = agents(&case);
        let law = model::law("exponential", patience, None);
        model::set(&mut table, "calls.patience", law);
        Study {
            models: vec![table],
            warmup_s: RELAXATIONS_OF_WARMUP * service.max(patience),
            measured_s: 200.0 * service.max(patience),
            measure: &|runs| measure_erlang_a(runs, case.param("T_s")),
            ..Study::default()
        }
        .check(&case);
    }
}
