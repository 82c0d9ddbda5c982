//! Blocked calls that overflow to a secondary carrier's channels.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::ids::{LegId, Side, TrunkId};
use trunksim::system::observation::{Fate, Observation, Observer, Refusal};

use super::case::{self, Case};
use super::folds::{Levels, Window, ratio};
use super::model;
use super::study::{Measured, Runs, Study};

const OVERFLOW: &str = include_str!("models/overflow.toml");
const HOLDINGS_OF_WARMUP: f64 = 15.0;

/// The parts of a case: one trunk with fresh traffic beside it, or several equal ones.
struct Parts {
    trunks: u32,
    erlang: f64,
    channels: u32,
    fresh_erlang: f64,
    holding_s: f64,
}

impl Parts {
    fn of(case: &Case) -> Self {
        let each = |name: &str| case.get(&format!("{name}_each")).or_else(|| case.get(name));
        Self {
            trunks: case.get("n_primary").map_or(1, |n| n as u32),
            erlang: each("primary_erlang").expect("primary_erlang"),
            channels: each("primary_channels").expect("primary_channels") as u32,
            fresh_erlang: case.get("fresh_secondary_erlang").unwrap_or(0.0),
            holding_s: case.param("mean_holding_s"),
        }
    }

    fn model(&self, secondary_channels: u32) -> Table {
        let mut table = model::read(OVERFLOW);
        let rate = |erlang: f64| model::poisson(erlang / self.holding_s);
        let talk = model::law("exponential", self.holding_s, None);
        model::set(&mut table, "calls.talk", talk);
        model::set(&mut table, "channel_groups.0.channels", secondary_channels);
        model::set(&mut table, "trunks.0.count", self.trunks);
        model::set(&mut table, "trunks.0.arrivals", rate(self.erlang));
        model::set(&mut table, "trunks.0.primary.channels", self.channels);
        if self.fresh_erlang > 0.0 {
            model::set(&mut table, "trunks.1.arrivals", rate(self.fresh_erlang));
        }
        table
    }
}

/// Who met blocking, and the shared secondary channels over time.
struct Overflow {
    window: Window,
    /// The trunk of fresh traffic comes after the others.
    fresh: TrunkId,
    secondary: Levels,
    offered: u64,
    overflowed: u64,
    lost: u64,
    fresh_offered: u64,
    fresh_lost: u64,
}

impl Overflow {
    fn new(window: Window, trunks: u32) -> Self {
        Self {
            window,
            fresh: TrunkId(trunks),
            secondary: Levels::new(window),
            offered: 0,
            overflowed: 0,
            lost: 0,
            fresh_offered: 0,
            fresh_lost: 0,
        }
    }

    fn is_primary_group(&self, leg: LegId) -> bool {
        leg.trunk() != self.fresh && leg.side() == Side::Primary
    }
}

impl Observer for Overflow {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match fact {
            Observation::ChannelsBusy { leg, busy } if !self.is_primary_group(*leg) => {
                self.secondary.set(now, *busy as usize);
            }
            Observation::LegRefused { leg, refusal: Refusal::Channels, .. }
                if self.is_primary_group(*leg) && self.window.holds(now) =>
            {
                self.overflowed += 1;
            }
            Observation::CallEnded { record, .. } if self.window.holds(record.offered_at) => {
                let lost = u64::from(record.fate == Fate::Blocked);
                let fresh = record.trunk == self.fresh;
                let (offered, lost_of) = match fresh {
                    true => (&mut self.fresh_offered, &mut self.fresh_lost),
                    false => (&mut self.offered, &mut self.lost),
                };
                *offered += 1;
                *lost_of += lost;
            }
            _ => {}
        }
    }
}

fn measure(runs: &Runs, case: &Case, parts: &Parts) -> Measured {
    let (_, fold) = runs.run(0, Overflow::new(runs.window, parts.trunks));
    let secondary = fold.secondary.finish();
    let lost_per_s = (fold.lost + fold.fresh_lost) as f64 / runs.window.seconds();
    let loss = ratio(fold.lost, fold.offered);
    let mut values = vec![
        ("primary_blocking", ratio(fold.overflowed, fold.offered)),
        ("loss_prob_primary_calls", loss),
        ("loss_prob", loss),
        ("loss_prob_fresh_calls", ratio(fold.fresh_lost, fold.fresh_offered)),
        ("secondary_blocking_of_overflow", ratio(fold.lost, fold.overflowed)),
        ("secondary_time_congestion", secondary.at(case.param("secondary_channels") as usize)),
        ("secondary_carried", secondary.mean()),
        ("lost_erlang_total", lost_per_s * parts.holding_s),
    ];
    let mut ratios = Vec::new();
    if case.expects("overflow_mean") {
        let (_, fold) = runs.run(1, Overflow::new(runs.window, parts.trunks));
        let unlimited = fold.secondary.finish();
        let (mean, about) = (unlimited.mean(), case.theory("overflow_mean"));
        let variance = unlimited.variance_about(about);
        values.push(("overflow_mean", mean));
        values.push(("overflow_variance", variance));
        ratios.push(("peakedness", variance, mean));
    }
    Measured {
        values,
        ratios,
        chances: (fold.offered + fold.fresh_offered) as f64,
        ..Measured::default()
    }
}

/// The moments of overflow traffic are those of the calls it would keep up on channels without
/// limit (Kosten), so they are measured on a second model that has them, without fresh traffic.
#[test]
fn blocked_calls_overflow_as_their_markov_chain_says() {
    for case in case::family("overflow") {
        let parts = Parts::of(&case);
        let unlimited = Parts { fresh_erlang: 0.0, ..Parts::of(&case) };
        Study {
            models: vec![parts.model(case.count("secondary_channels")), unlimited.model(1_000_000)],
            warmup_s: HOLDINGS_OF_WARMUP * parts.holding_s,
            measured_s: 300.0 * parts.holding_s,
            unit_s: 1e-3,
            measure: &|runs| measure(runs, &case, &parts),
            ..Study::default()
        }
        .check(&case);
    }
}
