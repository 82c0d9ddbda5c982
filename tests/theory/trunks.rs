//! Trunk groups as loss systems: Erlang B, and bursts offered to a finite group.

use toml::Table;
use trunksim::engine::random::RandomSource;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer, Refusal};

use super::case::{self, Case};
use super::folds::{Levels, ratio};
use super::model;
use super::study::{ARRIVALS_MAX, Measured, Runs, Study, metric};

const TRUNK_GROUP: &str = include_str!("models/trunk_group.toml");
/// A loss system forgets its start within a few holding times.
const HOLDINGS_OF_WARMUP: f64 = 15.0;

fn trunk_group(case: &Case) -> Table {
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

fn measure_erlang_b(runs: &Runs) -> Measured {
    let (result, Channels(busy)) = runs.run(0, Channels(Levels::new(runs.window)));
    let busy = busy.finish();
    let offered = metric(&result, "calls_offered");
    Measured {
        values: vec![
            ("blocking", metric(&result, "calls_blocked") / offered),
            ("carried_erlang", busy.mean()),
            ("channel_utilisation", metric(&result, "utilization_true")),
            ("busy_variance", busy.variance()),
            ("p_idle_all", busy.at(0)),
        ],
        chances: offered,
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
            unit_s: 1.0,
            arrivals_max: ARRIVALS_MAX,
            wider: &[],
            measure: &measure_erlang_b,
        }
        .check(&case);
    }
}

/// The spells of the two-state process that modulates a trunk's arrivals. No observation tells
/// them; they are drawn anew from their documented addresses (`src/system/purpose.rs`: purpose
/// `ArrivalState`, entity trunk; index 0 the first state, then a spell each).
struct Spells {
    random: RandomSource,
    /// Mean length: quiet, burst.
    means: [f64; 2],
    bursting: bool,
    drawn: u64,
    until: SimTime,
}

impl Spells {
    const PURPOSE: u8 = 2;

    fn new(runs: &Runs, means: [f64; 2]) -> Self {
        let random = RandomSource::new(runs.seed, runs.replication);
        let first = random.at(Self::PURPOSE, 0, 0).uniform();
        let bursting = first < means[1] / (means[0] + means[1]);
        let mut spells = Self { random, means, bursting, drawn: 0, until: SimTime::ZERO };
        spells.lengthen();
        spells
    }

    fn lengthen(&mut self) {
        self.drawn += 1;
        let uniform = self.random.at(Self::PURPOSE, 0, self.drawn).open_uniform();
        let seconds = -libm::log(uniform) * self.means[usize::from(self.bursting)];
        self.until += trunksim::engine::time::SimDuration::from_secs_f64(seconds);
    }

    /// Whether `now`, never earlier than before, lies in a burst.
    fn bursting_at(&mut self, now: SimTime) -> bool {
        while now >= self.until {
            self.bursting = !self.bursting;
            self.lengthen();
        }
        self.bursting
    }
}

/// Busy channels, and calls offered and blocked in and outside bursts.
struct Bursts<'a> {
    runs: &'a Runs<'a>,
    spells: Spells,
    busy: Levels,
    offered: [u64; 2],
    blocked: [u64; 2],
}

impl Observer for Bursts<'_> {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::ChannelsBusy { busy, .. } => self.busy.set(now, busy as usize),
            Observation::CallOffered { .. } if self.runs.window.holds(now) => {
                self.offered[usize::from(self.spells.bursting_at(now))] += 1;
            }
            Observation::LegRefused { refusal: Refusal::Channels, .. }
                if self.runs.window.holds(now) =>
            {
                self.blocked[usize::from(self.spells.bursting_at(now))] += 1;
            }
            _ => {}
        }
    }
}

fn measure_mmpp_loss(runs: &Runs, case: &Case) -> Measured {
    let means = [1.0 / case.param("r2"), 1.0 / case.param("r1")];
    let fold = Bursts {
        runs,
        spells: Spells::new(runs, means),
        busy: Levels::new(runs.window),
        offered: [0; 2],
        blocked: [0; 2],
    };
    let (result, fold) = runs.run(0, fold);
    let busy = fold.busy.finish();
    let offered = metric(&result, "calls_offered");
    Measured {
        values: vec![
            ("mean_rate", offered / runs.window.seconds()),
            ("time_congestion", busy.at(case.param("channels") as usize)),
            ("call_congestion", metric(&result, "calls_blocked") / offered),
            ("mean_busy", busy.mean()),
            ("blocking_in_burst", ratio(fold.blocked[1], fold.offered[1])),
            ("blocking_outside_burst", ratio(fold.blocked[0], fold.offered[0])),
        ],
        chances: offered,
    }
}

/// State 1 of the cases is the burst.
#[test]
fn bursts_on_a_finite_trunk_group_block_as_its_markov_chain_says() {
    for case in case::family("mmpp_loss") {
        let (r1, r2) = (case.param("r1"), case.param("r2"));
        let slowest = case.param("mean_holding_s").max(1.0 / (r1 + r2));
        let mut table = trunk_group(&case);
        let mut arrivals = Table::new();
        model::set(&mut arrivals, "kind", "mmpp");
        model::set(&mut arrivals, "burst_rate_per_s", case.param("l1"));
        model::set(&mut arrivals, "quiet_rate_per_s", case.param("l2"));
        model::set(&mut arrivals, "burst_mean", model::seconds(1.0 / r1));
        model::set(&mut arrivals, "quiet_mean", model::seconds(1.0 / r2));
        model::set(&mut table, "trunks.0.arrivals", arrivals);
        Study {
            models: vec![table],
            warmup_s: HOLDINGS_OF_WARMUP * slowest,
            measured_s: 300.0 * slowest,
            unit_s: 1.0,
            arrivals_max: 2.0 * ARRIVALS_MAX,
            wider: &[],
            measure: &|runs| measure_mmpp_loss(runs, &case),
        }
        .check(&case);
    }
}
