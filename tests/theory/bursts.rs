//! Bursts: the two-state process by itself, offered to a finite trunk group, and to agents with a
//! finite queue.

use toml::Table;
use trunksim::engine::random::RandomSource;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::observation::{Fate, Observation, Observer, Refusal};

use super::agents;
use super::case::{self, Case};
use super::folds::{Levels, Values, Window, ratio};
use super::model;
use super::study::{Measured, Runs, Study, metric};
use super::trunks::{HOLDINGS_OF_WARMUP, trunk_group};

/// State 1 of the cases is the burst.
fn mmpp(case: &Case) -> Table {
    let mut arrivals = Table::new();
    model::set(&mut arrivals, "kind", "mmpp");
    model::set(&mut arrivals, "burst_rate_per_s", case.param("l1"));
    model::set(&mut arrivals, "quiet_rate_per_s", case.param("l2"));
    model::set(&mut arrivals, "burst_mean", model::seconds(1.0 / case.param("r1")));
    model::set(&mut arrivals, "quiet_mean", model::seconds(1.0 / case.param("r2")));
    arrivals
}

/// The trunk of the models.
const TRUNK: &str = "TRK_01";

/// The address of a trunk's draws: 64 bits of the hash of its kind and name
/// (`src/system/entity.rs`).
fn address_of_trunk(name: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"trunk\0").update(name.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The spells of the two-state process that modulates a trunk's arrivals. No observation tells
/// them; they are drawn once more from their documented addresses (`src/system/purpose.rs`:
/// purpose `ArrivalState`, entity trunk; index 0 the first state, then a spell each).
struct Spells {
    random: RandomSource,
    entity: u64,
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
        let entity = address_of_trunk(TRUNK);
        let first = random.at(Self::PURPOSE, entity, 0).uniform();
        let bursting = first < means[1] / (means[0] + means[1]);
        let mut spells = Self { random, entity, means, bursting, drawn: 0, until: SimTime::ZERO };
        spells.lengthen();
        spells
    }

    fn lengthen(&mut self) {
        self.drawn += 1;
        let uniform = self.random.at(Self::PURPOSE, self.entity, self.drawn).open_uniform();
        let seconds = -libm::log(uniform) * self.means[usize::from(self.bursting)];
        self.until += SimDuration::from_secs_f64(seconds);
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

impl<'a> Bursts<'a> {
    fn new(runs: &'a Runs<'a>, case: &Case) -> Self {
        let means = [1.0 / case.param("r2"), 1.0 / case.param("r1")];
        Self {
            runs,
            spells: Spells::new(runs, means),
            busy: Levels::new(runs.window),
            offered: [0; 2],
            blocked: [0; 2],
        }
    }
}

fn measure_mmpp_loss(runs: &Runs, case: &Case) -> Measured {
    let (result, fold) = runs.run(0, Bursts::new(runs, case));
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
        ..Measured::default()
    }
}

#[test]
fn bursts_on_a_finite_trunk_group_block_as_its_markov_chain_says() {
    for case in case::family("mmpp_loss") {
        let relaxation = 1.0 / (case.param("r1") + case.param("r2"));
        let slowest = case.param("mean_holding_s").max(relaxation);
        let mut table = trunk_group(&case);
        model::set(&mut table, "trunks.0.arrivals", mmpp(&case));
        Study {
            models: vec![table],
            warmup_s: HOLDINGS_OF_WARMUP * slowest,
            measured_s: 300.0 * slowest,
            measure: &|runs| measure_mmpp_loss(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}

/// When calls are offered: the gaps between them, and their numbers by windows of two lengths.
struct Counts {
    window: Window,
    last: Option<SimTime>,
    gaps: Values,
    /// Length of a window, and the calls in each.
    by_window: [(SimDuration, Vec<f64>); 2],
}

impl Counts {
    fn new(window: Window, lengths_s: [f64; 2]) -> Self {
        let by_window = lengths_s.map(|s| {
            let length = SimDuration::from_secs_f64(s);
            let windows = (window.until - window.from).as_nanos() / length.as_nanos();
            (length, vec![0.0; windows as usize])
        });
        Self { window, last: None, gaps: Values::default(), by_window }
    }
}

impl Observer for Counts {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if !matches!(fact, Observation::CallOffered { .. }) || !self.window.holds(now) {
            return;
        }
        if let Some(last) = self.last.replace(now) {
            self.gaps.add((now - last).as_secs_f64());
        }
        for (length, counts) in &mut self.by_window {
            let index = (now - self.window.from).as_nanos() / length.as_nanos();
            if let Some(count) = counts.get_mut(index as usize) {
                *count += 1.0;
            }
        }
    }
}

/// Covariance of neighbours about a mean that is known.
fn lag_one(values: &Values, mean: f64) -> f64 {
    let pairs = values.all().windows(2);
    let products: f64 = pairs.map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    products / (values.len() - 1.0)
}

/// Variances are taken about the mean that the process's own rates give. The limit of the index of
/// dispersion is that of the growth of the variance, which variance and twice the covariance of
/// neighbouring windows give as soon as windows further apart are independent.
fn measure_mmpp_counts(runs: &Runs, case: &Case, long_s: f64) -> Measured {
    let short_s = case.param("t");
    let (_, fold) = runs.run(0, Counts::new(runs.window, [short_s, long_s]));
    let (r1, r2) = (case.param("r1"), case.param("r2"));
    let rate = (case.param("l1") * r2 + case.param("l2") * r1) / (r1 + r2);
    let [(_, short), (_, long)] = fold.by_window;
    let mut counts = Values::default();
    short.iter().for_each(|c| counts.add(*c));
    let variance = counts.variance_about(Some(rate * short_s));
    let off: Vec<f64> = long.iter().map(|c| c - rate * long_s).collect();
    let growth: f64 = off.windows(2).map(|pair| pair[0] * (pair[0] + 2.0 * pair[1])).sum();
    let gaps = fold.gaps;
    let scatter = gaps.variance_about(Some(1.0 / rate));
    Measured {
        values: vec![
            ("mean_rate", gaps.len() / runs.window.seconds()),
            ("count_mean", counts.mean()),
            ("count_variance", variance),
            ("idc_t", variance / (rate * short_s)),
            ("idc_inf", growth / (off.len() - 1) as f64 / (rate * long_s)),
            ("interarrival_mean", gaps.mean()),
            ("interarrival_scv", scatter * rate * rate),
        ],
        ratios: vec![("interarrival_lag1_corr", lag_one(&gaps, 1.0 / rate), scatter)],
        chances: gaps.len(),
        ..Measured::default()
    }
}

/// Relaxation times of the process in a long window: neighbours but one are then correlated by
/// e⁻⁷, which is one part in ten thousand of the index.
const LONG_WINDOW: f64 = 7.0;

/// The process starts in its stationary state. A trunk with one channel loses nearly every call,
/// which is all that is needed: the calls are counted, not carried.
#[test]
fn bursts_come_as_the_two_state_process_says() {
    for case in case::family("mmpp_counts") {
        let long_s = LONG_WINDOW / (case.param("r1") + case.param("r2"));
        let mut table = model::read(include_str!("models/trunk_group.toml"));
        model::set(&mut table, "calls.talk", "1s");
        model::set(&mut table, "trunks.0.primary.channels", 1);
        model::set(&mut table, "trunks.0.arrivals", mmpp(&case));
        Study {
            models: vec![table],
            measured_s: 100.0 * long_s.max(case.param("t")),
            measure: &|runs| measure_mmpp_counts(runs, &case, long_s),
            ..Study::default()
        }
        .check(&case);
    }
}

/// A queue with bursts: how calls fared, and the group over time.
struct BurstyQueue<'a> {
    bursts: Bursts<'a>,
    agents: Levels,
    waiting: Levels,
    /// Of the calls that were not blocked.
    waits: Values,
    waited: u64,
    abandoned: u64,
}

impl Observer for BurstyQueue<'_> {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.bursts.observe(now, fact);
        match fact {
            Observation::AgentsBusy { busy, waiting, .. } => {
                self.agents.set(now, *busy as usize);
                self.waiting.set(now, *waiting);
            }
            Observation::CallEnded { record, .. }
                if self.bursts.runs.window.holds(record.offered_at) =>
            {
                let Some(queued_at) = record.queued_at else { return };
                let wait = record.answered_at.unwrap_or(now) - queued_at;
                self.waits.add(wait.as_secs_f64());
                self.waited += u64::from(!wait.is_zero());
                self.abandoned += u64::from(record.fate == Fate::Abandoned);
            }
            _ => {}
        }
    }
}

fn measure_mmpp_queue(runs: &Runs, case: &Case) -> Measured {
    let levels = || Levels::new(runs.window);
    let fold = BurstyQueue {
        bursts: Bursts::new(runs, case),
        agents: levels(),
        waiting: levels(),
        waits: Values::default(),
        waited: 0,
        abandoned: 0,
    };
    let (_, fold) = runs.run(0, fold);
    let [quiet, burst] = [0, 1].map(|s| ratio(fold.bursts.blocked[s], fold.bursts.offered[s]));
    let offered: u64 = fold.bursts.offered.iter().sum();
    let blocked: u64 = fold.bursts.blocked.iter().sum();
    let places = case.param("K") as usize;
    Measured {
        values: vec![
            ("mean_rate", offered as f64 / runs.window.seconds()),
            ("time_congestion", fold.bursts.busy.finish().at(places)),
            ("call_congestion", ratio(blocked, offered)),
            ("mean_busy", fold.agents.finish().mean()),
            ("blocking_in_burst", burst),
            ("blocking_outside_burst", quiet),
            ("mean_queue", fold.waiting.finish().mean()),
            ("p_wait_or_block", ratio(fold.waited + blocked, offered)),
            ("mean_wait_accepted_incl_abandon", fold.waits.mean()),
            ("p_abandon_of_offered", ratio(fold.abandoned, offered)),
        ],
        chances: offered as f64,
        ..Measured::default()
    }
}

/// K counts those with an agent and those who wait: the trunk's channels, since a call holds one
/// in either case.
#[test]
fn bursts_before_impatient_callers_queue_as_their_markov_chain_says() {
    for case in case::family("mmpp_queue") {
        let patience = case.param("mean_patience_s");
        let relaxation = 1.0 / (case.param("r1") + case.param("r2"));
        let slowest = case.param("mean_service_s").max(patience).max(relaxation);
        let mut table = agents::agents(&case);
        model::set(&mut table, "trunks.0.arrivals", mmpp(&case));
        model::set(&mut table, "trunks.0.primary.channels", case.count("K"));
        model::set(&mut table, "calls.patience", model::law("exponential", patience, None));
        Study {
            models: vec![table],
            warmup_s: HOLDINGS_OF_WARMUP * slowest,
            measured_s: 300.0 * slowest,
            measure: &|runs| measure_mmpp_queue(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}
