//! Carriers that fail at random: alone, and in pairs of which one is to be up.

use toml::{Table, Value};
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Window};
use super::model;
use super::study::{Measured, Runs, Study};

const CARRIERS: &str = include_str!("models/carriers.toml");
const HOUR_S: f64 = 3600.0;
const HOURS_PER_YEAR: f64 = 8760.0;
/// Carriers, or pairs of them, in a model: independent of each other.
const PARTS: usize = 20;
/// Carriers that are looked at a single time each.
const ONCE: usize = 2000;
/// Repairs after which the start is forgotten: which carriers are down changes as fast as that.
const REPAIRS_OF_WARMUP: f64 = 15.0;

/// A model with carriers of these mean times to failure and repair, in hours. With crews, each pair
/// has one of its own.
fn carriers(kinds: &[(f64, f64)], parts: usize, crews: bool) -> Table {
    let mut table = model::read(CARRIERS);
    let one = |part: usize, kind: usize| {
        let exponential = |hours: f64| model::law("exponential", hours * HOUR_S, None);
        let mut carrier = Table::new();
        let first = part == 0 && kind == 0;
        let id = if first { "telstra".to_owned() } else { format!("carrier_{part}_{kind}") };
        model::set(&mut carrier, "id", id);
        model::set(&mut carrier, "outages.time_to_failure", exponential(kinds[kind].0));
        model::set(&mut carrier, "outages.time_to_repair", exponential(kinds[kind].1));
        if crews {
            model::set(&mut carrier, "outages.crew", format!("crew_{part}"));
        }
        Value::Table(carrier)
    };
    let all = (0..parts).flat_map(|part| (0..kinds.len()).map(move |kind| (part, kind)));
    let list: Vec<Value> = all.map(|(part, kind)| one(part, kind)).collect();
    model::set(&mut table, "carriers", list);
    table
}

/// Parts of several carriers each: how many of a part's carriers are down.
struct Outages {
    window: Window,
    each: usize,
    down: Vec<usize>,
    /// By part, over time.
    levels: Vec<Levels>,
    /// By carrier of a part.
    single: Vec<Levels>,
    failures: u64,
    /// Times that a whole part went down.
    blackouts: u64,
}

impl Outages {
    fn new(window: Window, parts: usize, each: usize) -> Self {
        let levels = |n: usize| (0..n).map(|_| Levels::new(window)).collect();
        Self {
            window,
            each,
            down: vec![0; parts],
            levels: levels(parts),
            single: levels(parts * each),
            failures: 0,
            blackouts: 0,
        }
    }

    /// The share of time that a part has `down` carriers down, mean over the parts.
    fn share(levels: Vec<Levels>, down: usize) -> f64 {
        let parts = levels.len() as f64;
        levels.into_iter().map(|level| level.finish().at(down)).sum::<f64>() / parts
    }
}

impl Observer for Outages {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let Observation::CarrierMoved { carrier, down } = *fact else { return };
        if now >= self.window.until {
            return;
        }
        let (part, counts) = (carrier.index() / self.each, u64::from(self.window.holds(now)));
        self.single[carrier.index()].set(now, usize::from(down));
        if down {
            self.down[part] += 1;
            self.failures += counts;
            self.blackouts += counts * u64::from(self.down[part] == self.each);
        } else {
            self.down[part] -= 1;
        }
        self.levels[part].set(now, self.down[part]);
    }
}

fn measure_one(runs: &Runs, span: Window) -> Measured {
    let (_, fold) = runs.run(0, Outages::new(runs.window, PARTS, 1));
    let (_, once) = runs.run(1, Outages::new(span, ONCE, 1));
    let failures = fold.failures as f64;
    let down = Outages::share(fold.levels, 1);
    let years = runs.window.seconds() / HOUR_S / HOURS_PER_YEAR;
    let down_at_t = once.down.iter().sum::<usize>() as f64 / ONCE as f64;
    Measured {
        values: vec![
            ("availability", 1.0 - down),
            ("unavailability", down),
            ("downtime_min_per_year", down * HOURS_PER_YEAR * 60.0),
            ("failures_per_year", failures / PARTS as f64 / years),
            ("availability_at_t_from_up", 1.0 - down_at_t),
            ("mean_interval_availability_0_t", Outages::share(once.levels, 0)),
        ],
        chances: failures,
        ..Measured::default()
    }
}

fn measure_two(runs: &Runs) -> Measured {
    let [apart, crew] = [0, 1].map(|i| runs.run(i, Outages::new(runs.window, PARTS, 2)).1);
    let (failures, blackouts) = (apart.failures as f64, apart.blackouts as f64);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (i, level) in apart.single.into_iter().enumerate() {
        if i % 2 == 0 { &mut first } else { &mut second }.push(level);
    }
    let both = Outages::share(apart.levels, 2);
    let hours = PARTS as f64 * runs.window.seconds() / HOUR_S;
    Measured {
        values: vec![
            ("availability_1", Outages::share(first, 0)),
            ("availability_2", Outages::share(second, 0)),
            ("parallel_availability", 1.0 - both),
            ("both_down_prob", both),
            ("both_down_episodes_per_year", blackouts / (hours / HOURS_PER_YEAR)),
            ("both_down_prob_single_repair_crew", Outages::share(crew.levels, 2)),
        ],
        ratios: vec![("mean_both_down_duration", both * hours, blackouts)],
        chances: failures,
        ..Measured::default()
    }
}

/// A carrier is up at the start, which is what the figures at `t_h` ask.
fn check_one(case: &Case) {
    let times = (case.param("mtbf_h"), case.param("mttr_h"));
    let t_s = case.param("t_h") * HOUR_S;
    let mut once = carriers(&[times], ONCE, false);
    model::set(&mut once, "horizon", model::seconds(t_s));
    let span = super::folds::span(0.0, t_s);
    Study {
        models: vec![carriers(&[times], PARTS, false)],
        whole_models: vec![once],
        warmup_s: REPAIRS_OF_WARMUP * times.1 * HOUR_S,
        measured_s: 20.0 * (times.0 + times.1) * HOUR_S,
        measure: &|runs| measure_one(runs, span),
        ..Study::default()
    }
    .check(case);
}

fn check_two(case: &Case) {
    let pair =
        ["1", "2"].map(|n| (case.param(&format!("mtbf{n}_h")), case.param(&format!("mttr{n}_h"))));
    let cycle = pair.map(|(up, down)| up + down).iter().fold(0.0, |a: f64, b| a.max(*b));
    let repair = pair.iter().fold(0.0, |a: f64, b| a.max(b.1));
    Study {
        models: vec![carriers(&pair, PARTS, false), carriers(&pair, PARTS, true)],
        warmup_s: REPAIRS_OF_WARMUP * repair * HOUR_S,
        measured_s: 100.0 * cycle * HOUR_S,
        measure: &measure_two,
        ..Study::default()
    }
    .check(case);
}

#[test]
fn carriers_are_up_as_alternating_renewal_says() {
    for case in case::family("availability") {
        match case.get("mtbf2_h") {
            Some(_) => check_two(&case),
            None => check_one(&case),
        }
    }
}
