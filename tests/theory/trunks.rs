//! Trunk groups as loss systems: Erlang B, and Engset where callers are finitely many.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::Levels;
use super::model;
use super::study::{Measured, Runs, Study, metric};

const TRUNK_GROUP: &str = include_str!("models/trunk_group.toml");
/// A loss system forgets its start within a few holding times.
pub(super) const HOLDINGS_OF_WARMUP: f64 = 15.0;

pub(super) fn trunk_group(case: &Case) -> Table {
    let mut table = model::read(TRUNK_GROUP);
    let kind = case.word("holding").unwrap_or("exponential");
    let talk = model::law(kind, case.param("mean_holding_s"), case.get("scv"));
    model::set(&mut table, "calls.talk", talk);
    model::set(&mut table, "trunks.0.primary.channels", case.count("channels"));
    table
}

/// Busy channels over time.
struct Channels(Levels);

impl Observer for Channels {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::ChannelsBusy { busy, .. } = *fact {
            self.0.set(now, busy as usize);
        }
    }
}

fn measure_erlang_b(runs: &Runs, case: &Case) -> Measured {
    let (result, Channels(busy)) = runs.run(0, Channels(Levels::new(runs.window)));
    let busy = busy.finish();
    let offered = metric(&result, "calls_offered");
    Measured {
        values: vec![
            ("blocking", metric(&result, "calls_blocked") / offered),
            ("carried_erlang", busy.mean()),
            ("channel_utilisation", metric(&result, "utilization_true")),
            ("busy_variance", busy.variance_about(case.theory("carried_erlang"))),
            ("p_idle_all", busy.at(0)),
        ],
        chances: offered,
        ..Measured::default()
    }
}

#[test]
fn a_trunk_group_blocks_as_erlang_b_says() {
    for case in case::family("erlang_b") {
        let holding = case.param("mean_holding_s");
        let rate = case.param("offered_erlang") / holding;
        let mut table = trunk_group(&case);
        model::set(&mut table, "trunks.0.arrivals", model::poisson(rate));
        Study {
            models: vec![table],
            warmup_s: HOLDINGS_OF_WARMUP * holding,
            measured_s: 300.0 * holding,
            measure: &|runs| measure_erlang_b(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}

fn measure_engset(runs: &Runs, channels: usize) -> Measured {
    let (result, Channels(busy)) = runs.run(0, Channels(Levels::new(runs.window)));
    let busy = busy.finish();
    let offered = metric(&result, "calls_offered");
    Measured {
        values: vec![
            ("time_congestion", busy.at(channels)),
            ("call_congestion", metric(&result, "calls_blocked") / offered),
            ("carried_erlang", busy.mean()),
        ],
        chances: offered,
        ..Measured::default()
    }
}

/// `alpha` is the rate at which an idle source calls, times the mean holding time.
#[test]
fn finitely_many_callers_are_blocked_as_engset_says() {
    for case in case::family("engset") {
        let holding = case.param("mean_holding_s");
        let idle = holding / case.param("alpha");
        let mut table = trunk_group(&case);
        let mut arrivals = Table::new();
        model::set(&mut arrivals, "kind", "finite_source");
        model::set(&mut arrivals, "sources", case.count("sources"));
        model::set(&mut arrivals, "idle", model::law("exponential", idle, None));
        model::set(&mut table, "trunks.0.arrivals", arrivals);
        Study {
            models: vec![table],
            warmup_s: HOLDINGS_OF_WARMUP * holding.max(idle),
            measured_s: 300.0 * holding,
            measure: &|runs| measure_engset(runs, case.count("channels") as usize),
            ..Study::default()
        }
        .check(&case);
    }
}
