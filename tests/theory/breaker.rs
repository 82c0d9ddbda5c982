//! The client's circuit breaker as a renewal process: the API fails at random, each call asks once.

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::breaker::State;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Values, Window, ratio};
use super::model;
use super::study::{Measured, Runs, Study};

const LOOKUPS: &str = include_str!("models/lookups.toml");
/// Mean cycles in the pilot, and before anything is measured.
const CYCLES: f64 = 100.0;
const CYCLES_OF_WARMUP: f64 = 10.0;
/// The share of the expected cycles that is looked at one by one. The number of cycles is fixed:
/// with all that end within the window instead, long ones would be cut off more often.
const CYCLES_KEPT: f64 = 0.8;

/// The breaker over time, and each of its closed spells.
struct Spells {
    window: Window,
    open_for: SimDuration,
    state: State,
    since: SimTime,
    open: Levels,
    /// Open by the clock, the wait for a probe left out.
    open_strictly: Levels,
    calls: u64,
    offered: u64,
    refused: u64,
    asked: u64,
    failed: u64,
    opened: u64,
    tripped: u64,
    calls_to_trip: Values,
    times_to_trip: Values,
    kept: usize,
}

impl Spells {
    fn new(window: Window, open_for: SimDuration, kept: usize) -> Self {
        Self {
            window,
            open_for,
            state: State::Closed,
            since: SimTime::ZERO,
            open: Levels::new(window),
            open_strictly: Levels::new(window),
            calls: 0,
            offered: 0,
            refused: 0,
            asked: 0,
            failed: 0,
            opened: 0,
            tripped: 0,
            calls_to_trip: Values::default(),
            times_to_trip: Values::default(),
            kept,
        }
    }

    fn moves(&mut self, now: SimTime, to: State) {
        let counts = u64::from(self.window.holds(now));
        if self.state == State::Closed {
            self.tripped += counts;
            if self.window.holds(self.since) && self.calls_to_trip.all().len() < self.kept {
                self.calls_to_trip.add(self.calls as f64);
                self.times_to_trip.add((now - self.since).as_secs_f64());
            }
        }
        if self.state == State::Open {
            self.open_strictly.set(self.since + self.open_for, 0);
        }
        (self.state, self.since, self.calls) = (to, now, 0);
        self.open.set(now, usize::from(to == State::Open));
        if to == State::Open {
            self.opened += counts;
            self.open_strictly.set(now, 1);
        }
    }
}

impl Observer for Spells {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let counts = u64::from(self.window.holds(now));
        match *fact {
            Observation::CallOffered { .. } => self.offered += counts,
            Observation::BreakerRefused { .. } => self.refused += counts,
            Observation::AttemptEnded { outcome, .. } => {
                self.calls += 1;
                self.asked += counts;
                self.failed += counts * u64::from(outcome == Outcome::Unavailable);
            }
            Observation::BreakerMoved { to, .. } => self.moves(now, to),
            _ => {}
        }
    }
}

fn measure(runs: &Runs, case: &Case, cycle_s: f64) -> Measured {
    let kept = (CYCLES_KEPT * runs.window.seconds() / cycle_s) as usize;
    let open_for = SimDuration::from_secs_f64(case.param("open_s"));
    let (_, mut fold) = runs.run(0, Spells::new(runs.window, open_for, kept));
    if fold.state == State::Open {
        fold.open_strictly.set(fold.since + open_for, 0);
    }
    let seconds = runs.window.seconds();
    let calls = fold.calls_to_trip;
    Measured {
        values: vec![
            ("mean_calls_to_trip", calls.mean()),
            ("var_calls_to_trip", calls.variance_about(case.theory("mean_calls_to_trip"))),
            ("mean_time_to_trip", fold.times_to_trip.mean()),
            ("fraction_time_open_strict", fold.open_strictly.finish().at(1)),
            ("fraction_time_open_until_probe", fold.open.finish().at(1)),
            ("fraction_calls_rejected", ratio(fold.refused, fold.offered)),
            ("trips_from_closed_per_s", fold.tripped as f64 / seconds),
            ("opens_per_s", fold.opened as f64 / seconds),
            ("fraction_backend_calls_failing", ratio(fold.failed, fold.asked)),
        ],
        chances: fold.offered as f64,
        ..Measured::default()
    }
}

fn rule(case: &Case) -> Table {
    let mut rule = Table::new();
    if case.get("window").is_some() {
        model::set(&mut rule, "kind", "failures_in_window");
        model::set(&mut rule, "size", case.count("window"));
        model::set(&mut rule, "min_calls", case.count("min_calls"));
        model::set(&mut rule, "failures", case.count("failures"));
    } else {
        model::set(&mut rule, "kind", "consecutive");
        model::set(&mut rule, "failures", case.count("k"));
    }
    rule
}

#[test]
fn a_breaker_opens_and_closes_as_renewal_theory_says() {
    for case in case::family("breaker") {
        let (rate, open_s) = (case.param("call_rate"), case.param("open_s"));
        let failing = case.param("fail_prob");
        let mut table = model::read(LOOKUPS);
        model::set(&mut table, "api.failure_share", failing);
        model::set(&mut table, "trunks.0.arrivals", model::poisson(rate));
        model::set(&mut table, "client.breaker.machine.rule", rule(&case));
        model::set(&mut table, "client.breaker.machine.open", model::seconds(open_s));
        // How long a cycle takes decides only how long the runs are.
        let calls = case.expected().iter().find(|(name, _)| name == "mean_calls_to_trip");
        let to_trip = calls.map_or(100.0, |(_, calls)| *calls) / rate;
        let cycle_s = to_trip + (open_s + 1.0 / rate) / (1.0 - failing);
        Study {
            models: vec![table],
            warmup_s: CYCLES_OF_WARMUP * cycle_s,
            measured_s: CYCLES * cycle_s,
            measure: &|runs| measure(runs, &case, cycle_s),
            ..Study::default()
        }
        .check(&case);
    }
}
