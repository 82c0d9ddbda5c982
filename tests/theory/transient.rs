//! Systems on their way: a backlog that is worked off, a trunk group that fills, a burst.

use toml::{Table, Value};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Snapshots, Values};
use super::model;
use super::study::{Measured, Runs, Study, listed};

const API_SERVER: &str = include_str!("models/api_server.toml");
const TRUNK_GROUP: &str = include_str!("models/trunk_group.toml");
/// Trunks in a model, independent of each other.
const TRUNKS: u32 = 100;
/// Standard deviations of the time to empty within which a queue is empty for certain: the law has
/// an exponential tail.
const SPREADS: f64 = 10.0;

/// When the station is empty for the first time.
struct FirstEmpty(Option<SimTime>);

impl Observer for FirstEmpty {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::ServerBusy { busy: 0, waiting: 0 } = *fact {
            self.0.get_or_insert(now);
        }
    }
}

fn measure_drain(runs: &Runs, case: &Case, requests: f64) -> Measured {
    let mut times = Values::default();
    for nth in 0..runs.amount as u64 {
        let (_, FirstEmpty(at)) = runs.run_again(0, nth, FirstEmpty(None));
        times.add((at.expect("the queue empties") - SimTime::ZERO).as_secs_f64());
    }
    Measured {
        values: vec![
            ("mean", times.mean()),
            ("variance", times.variance_about(case.theory("mean"))),
        ],
        chances: requests * times.len(),
        ..Measured::default()
    }
}

/// The backlog comes as a batch at the start, beside a Poisson stream. The run goes on for so long
/// that every queue has emptied.
fn check_drain(case: &Case) {
    let (backlog, arrivals) = (case.param("n"), case.param("arrival_rate"));
    let service = case.param("service_rate");
    let spare = service - arrivals;
    let spread = (backlog * (service + arrivals) / spare.powi(3)).sqrt();
    let longest = backlog / spare + SPREADS * spread;
    let mut table = model::read(API_SERVER);
    model::set(&mut table, "api.service", model::law("exponential", 1.0 / service, None));
    let mut stream = table["tenants"][0].as_table().expect("a tenant").clone();
    model::set(&mut stream, "arrivals", model::poisson(arrivals));
    let mut batch = stream.clone();
    model::set(&mut batch, "id", "backlog");
    let mut at_once = Table::new();
    model::set(&mut at_once, "kind", "periodic");
    model::set(&mut at_once, "every", "876000h");
    model::set(&mut at_once, "batch", case.count("n"));
    model::set(&mut batch, "arrivals", at_once);
    model::set(&mut table, "tenants", vec![Value::Table(batch), Value::Table(stream)]);
    model::set(&mut table, "horizon", model::seconds(longest));
    let requests = backlog + arrivals * longest;
    Study {
        whole_models: vec![table],
        measured_s: 10.0,
        measure: &|runs| measure_drain(runs, case, requests),
        ..Study::default()
    }
    .check(case);
}

/// Busy channels of each trunk at instants.
struct Channels(Snapshots);

impl Observer for Channels {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::ChannelsBusy { leg, busy } = *fact {
            self.0.set(now, leg.trunk().index(), busy);
        }
    }
}

/// Mean and variance of the channels busy, and the share of trunks with all busy, at instants
/// `since` after `start`.
fn measure_channels(
    runs: &Runs,
    case: &Case,
    (start, since): (f64, &[f64]),
    channels: u32,
) -> Measured {
    let known = case.list("mean");
    let about = |(i, v): (usize, &Values)| v.variance_about(known.get(i).copied());
    let at = |s: &f64| SimTime::ZERO + SimDuration::from_secs_f64(start + s);
    let mut busy = vec![Values::default(); since.len()];
    for nth in 0..runs.amount as u64 {
        let instants = since.iter().map(at).collect();
        let fold = Channels(Snapshots::new(instants, TRUNKS as usize));
        let (_, Channels(fold)) = runs.run_again(0, nth, fold);
        for (levels, all) in fold.finish().into_iter().zip(&mut busy) {
            levels.into_iter().for_each(|level| all.add(f64::from(level)));
        }
    }
    let means: Vec<f64> = busy.iter().map(Values::mean).collect();
    let full = |v: &Values| v.above(f64::from(channels) - 0.5) / v.len();
    Measured {
        lists: vec![
            ("mean_busy", means.clone()),
            ("mean", means),
            ("variance", busy.iter().enumerate().map(about).collect()),
            ("p_all_busy", busy.iter().map(full).collect()),
        ],
        chances: busy[0].len(),
        ..Measured::default()
    }
}

fn trunks(arrivals: impl Into<Value>, holding_s: f64, channels: u32, horizon_s: f64) -> Table {
    let mut table = model::read(TRUNK_GROUP);
    model::set(&mut table, "calls.talk", model::law("exponential", holding_s, None));
    model::set(&mut table, "trunks.0.id", "TRK_{n}");
    model::set(&mut table, "trunks.0.count", TRUNKS);
    model::set(&mut table, "trunks.0.primary.channels", channels);
    model::set(&mut table, "trunks.0.arrivals", arrivals);
    model::set(&mut table, "horizon", model::seconds(horizon_s));
    model::set(&mut table, "series_bin", model::seconds(horizon_s));
    table
}

/// Times are in mean holding times.
fn check_filling(case: &Case) {
    let (holding, channels) = (case.param("mean_holding_s"), case.count("channels"));
    let rate = case.param("offered_erlang") / holding;
    let instants = case.list("t");
    let since: Vec<f64> = instants.iter().map(|t| t * holding).collect();
    let horizon = since.iter().fold(0.0, |a: f64, b| a.max(*b)) + 1e-3 * holding;
    Study {
        whole_models: vec![trunks(model::poisson(rate), holding, channels, horizon)],
        exact: listed("t", &instants),
        measure: &|runs| measure_channels(runs, case, (0.0, &since), channels),
        ..Study::default()
    }
    .check(case);
}

/// Before the burst the system is in its stationary state, which calls at a high rate within
/// `FILLING_S` from empty bring about exactly: a Poisson number of them is left then, of the mean
/// that the rate decides, and how long each stays on is exponential.
fn check_burst(case: &Case) {
    const FILLING_S: f64 = 1.0;
    let (quiet, burst) = (case.param("l0"), case.param("l1"));
    let (holding, length) = (case.param("mean_holding_s"), case.param("burst_s"));
    let filling = quiet / (1.0 - (-FILLING_S / holding).exp());
    let steps = [(0.0, filling), (FILLING_S, burst), (FILLING_S + length, quiet)];
    let step = |(at, rate): (f64, f64)| {
        let mut step = Table::new();
        model::set(&mut step, "at", model::seconds(at));
        model::set(&mut step, "rate_per_s", rate);
        Value::Table(step)
    };
    let mut arrivals = Table::new();
    model::set(&mut arrivals, "kind", "profile");
    model::set(&mut arrivals, "steps", steps.map(step).to_vec());
    let since = case.list("t");
    let last = since.iter().fold(0.0, |a: f64, b| a.max(*b));
    let horizon = FILLING_S + last + 1e-3 * holding;
    Study {
        whole_models: vec![trunks(arrivals, holding, 1_000_000, horizon)],
        exact: listed("t", &since),
        measure: &|runs| measure_channels(runs, case, (FILLING_S, &since), 1_000_000),
        ..Study::default()
    }
    .check(case);
}

#[test]
fn systems_on_their_way_are_where_theory_says() {
    for case in case::family("transient") {
        match () {
            () if case.get("burst_s").is_some() => check_burst(&case),
            () if case.get("channels").is_some() => check_filling(&case),
            () => check_drain(&case),
        }
    }
}
