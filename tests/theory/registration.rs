//! Registrations: refreshes that fail, flow recovery after RFC 5626, keep-alives, and all legs
//! registering again after an outage.

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::registration::{Failure, Next, RegistrationRetrySpec};
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Levels, Values, Window, extremes, ratio, span};
use super::model;
use super::study::{Measured, Runs, Study, listed, metric};

const REGISTRATIONS: &str = include_str!("models/registrations.toml");
/// Trunks in a model, each with a registration and an SBC of its own.
const TRUNKS: u32 = 100;

fn registrations(trunks: u32) -> Table {
    let mut table = model::read(REGISTRATIONS);
    model::set(&mut table, "trunks.0.count", trunks);
    model::set(&mut table, "sbcs.0.count", trunks);
    table
}

/// REGISTERs, bindings, and lapses.
#[derive(Default)]
struct Bindings {
    window: Option<Window>,
    sent: u64,
    bound: u64,
    new_binding: u64,
    lapsed: bool,
    /// REGISTERs before the first lapse.
    sent_before: u64,
}

impl Observer for Bindings {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let counts = u64::from(self.window.is_none_or(|window| window.holds(now)));
        match *fact {
            Observation::RegisterSent { .. } => {
                self.sent += counts;
                self.sent_before += u64::from(!self.lapsed);
            }
            Observation::Registered { new_binding, .. } => {
                self.bound += counts;
                self.new_binding += counts * u64::from(new_binding);
            }
            Observation::Registration { wanted: true, usable: false, .. } => self.lapsed = true,
            _ => {}
        }
    }
}

/// A lapse is a cycle whose tries before expiry all fail, of whatever length: the next may come at
/// the very instant.
fn measure_refreshes(runs: &Runs) -> Measured {
    let window = Some(runs.window);
    let (result, fold) = runs.run(0, Bindings { window, ..Bindings::default() });
    let seconds = f64::from(TRUNKS) * runs.window.seconds();
    let lapsed = metric(&result, "unregistered_fraction");
    Measured {
        values: vec![
            ("p_lapse_per_cycle", ratio(fold.new_binding, fold.bound)),
            ("mean_refresh_interval", seconds / fold.bound as f64),
            ("unregistered_fraction", lapsed),
            ("messages_per_hour", fold.sent as f64 / (seconds / 3600.0)),
        ],
        ratios: vec![
            ("mean_cycles_to_first_lapse", fold.bound as f64, fold.new_binding as f64),
            ("mean_lapse_duration_given_lapse", lapsed * seconds, fold.new_binding as f64),
        ],
        chances: fold.sent as f64,
        ..Measured::default()
    }
}

/// How often a binding is tried to be refreshed before it expires, where every try fails.
fn tries_before_expiry(mut table: Table, expires_s: f64) -> f64 {
    model::set(&mut table, "trunks.0.count", 1);
    model::set(&mut table, "sbcs.0.count", 1);
    model::set(&mut table, "carriers.0.registrar.failure_share", 1.0);
    model::set(&mut table, "horizon", model::seconds(2.0 * expires_s));
    let config = model::config(&table);
    let run = trunksim::system::simulate_observed(&config, 1, 0, Bindings::default());
    let (_, fold) = run.expect("the run ends");
    assert!(fold.lapsed, "the binding expired");
    fold.sent_before as f64
}

#[test]
fn refreshes_fail_as_renewal_reward_says() {
    for case in case::family("register") {
        let (expires, margin) = (case.param("expires"), case.param("margin"));
        let mut table = registrations(TRUNKS);
        let registrar = |key: &str| format!("carriers.0.registrar.{key}");
        model::set(&mut table, &registrar("expires"), model::seconds(expires));
        model::set(&mut table, &registrar("failure_share"), case.param("fail_prob"));
        model::set(&mut table, "registration.refresh_fraction", (expires - margin) / expires);
        let retry = model::seconds(case.param("retry"));
        model::set(&mut table, "registration.retry.interval", retry);
        let tries = tries_before_expiry(table.clone(), expires);
        Study {
            models: vec![table],
            warmup_s: 10.0 * expires,
            measured_s: 100.0 * expires,
            exact: vec![("attempts_before_expiry".to_owned(), tries)],
            measure: &measure_refreshes,
            ..Study::default()
        }
        .check(&case);
    }
}

/// When each leg was refused, and how long it waited then.
struct Waits {
    refused: Vec<Option<SimTime>>,
    waits: Vec<Vec<f64>>,
}

impl Observer for Waits {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::RegistrationRefused { leg } => {
                self.refused[leg.trunk().index()] = Some(now);
            }
            Observation::RegisterSent { leg, .. } => {
                let trunk = leg.trunk().index();
                if let Some(since) = self.refused[trunk] {
                    self.waits[trunk].push((now - since).as_secs_f64());
                }
            }
            _ => {}
        }
    }
}

fn measure_flow_recovery(runs: &Runs, case: &Case, failures: usize) -> Measured {
    let trunks = TRUNKS as usize;
    let mut waits = vec![Values::default(); failures];
    let mut totals = Values::default();
    for nth in 0..runs.amount as u64 {
        let fold = Waits { refused: vec![None; trunks], waits: vec![Vec::new(); trunks] };
        let (_, fold) = runs.run_again(0, nth, fold);
        for of_trunk in fold.waits {
            let first = &of_trunk[..failures];
            first.iter().zip(&mut waits).for_each(|(wait, by_number)| by_number.add(*wait));
            totals.add(first.iter().sum());
        }
    }
    Measured {
        values: vec![
            ("cum_mean", totals.mean()),
            ("cum_var", totals.variance_about(case.theory("cum_mean"))),
        ],
        lists: vec![("wait_mean", waits.iter().map(Values::mean).collect())],
        chances: totals.len(),
        ..Measured::default()
    }
}

/// The shortest and the longest wait of the policy are what it draws at the ends of its range.
fn check_flow_recovery(case: &Case) {
    let failures = case.count("failures");
    let (base, max) = (case.param("base"), case.param("max"));
    let mut retry = Table::new();
    model::set(&mut retry, "kind", "rfc5626");
    model::set(&mut retry, "base_all_down", model::seconds(base));
    model::set(&mut retry, "base_some_up", model::seconds(base));
    model::set(&mut retry, "max", model::seconds(max));
    let policy: RegistrationRetrySpec = retry.clone().try_into().expect("a retry policy");
    let [shortest, longest] = extremes().map(|mut rng| -> Vec<f64> {
        let wait = |n| match policy.next(Failure::NoAnswer, (n, n), true, &mut rng) {
            Next::After(wait) => wait.as_secs_f64(),
            next => panic!("{next:?}"),
        };
        (1..=failures).map(wait).collect()
    });
    let cumulated = |waits: &[f64]| waits.iter().sum::<f64>();
    let mut exact = vec![
        ("cum_min".to_owned(), cumulated(&shortest)),
        ("cum_max".to_owned(), cumulated(&longest)),
    ];
    exact.extend(listed("wait_min", &shortest));
    exact.extend(listed("wait_max", &longest));
    exact.extend(listed("upper_wait", &longest));
    let mut table = registrations(TRUNKS);
    model::set(&mut table, "registration.retry", retry);
    model::set(&mut table, "registration.initially_registered", false);
    model::set(&mut table, "carriers.0.registrar.failure_share", 1.0);
    let horizon = cumulated(&longest) + 1.0;
    model::set(&mut table, "horizon", model::seconds(horizon));
    Study {
        whole_models: vec![table],
        measured_s: 1.0,
        exact,
        measure: &|runs| measure_flow_recovery(runs, case, failures as usize),
        ..Study::default()
    }
    .check(case);
}

/// From when a carrier fails until each leg is found out to be down.
struct Detections {
    window: Window,
    failed: SimTime,
    delays: Values,
}

impl Observer for Detections {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::CarrierMoved { down: true, .. } => self.failed = now,
            Observation::OptionsMoved { down: true, .. } if self.window.holds(self.failed) => {
                self.delays.add((now - self.failed).as_secs_f64());
            }
            _ => {}
        }
    }
}

fn measure_keepalive(runs: &Runs, case: &Case, shortest: f64, longest: f64) -> Measured {
    // What fails later is not found out before the run ends.
    let longest_delay = SimDuration::from_secs_f64(longest);
    let until = SimTime::ZERO + ((runs.window.until - SimTime::ZERO) - longest_delay);
    let (window, failed) = (Window { until, ..runs.window }, SimTime::ZERO);
    let (_, fold) = runs.run(0, Detections { window, failed, delays: Values::default() });
    let delays = fold.delays;
    // A delay of a whole interval, or of none, is within the law by a nanosecond's rounding.
    let within = |delay: &f64| *delay > shortest - 1e-8 && *delay < longest + 1e-8;
    assert!(delays.all().iter().all(within), "a delay outside {shortest} to {longest}");
    Measured {
        values: vec![
            ("detect_mean", delays.mean()),
            ("detect_var", delays.variance_about(case.theory("detect_mean"))),
            ("detect_min", shortest),
            ("detect_max", longest),
        ],
        chances: delays.len(),
        ..Measured::default()
    }
}

/// OPTIONS in the place of pings: one unanswered is enough. The carrier fails at instants that
/// know nothing of them, and is repaired only when every leg has noticed. What is random is the
/// delay; that it lies between the bounds expected is checked of every single one.
fn check_keepalive(case: &Case) {
    let (low, high, pong) = (case.param("lo"), case.param("hi"), case.param("pong"));
    let mut table = registrations(TRUNKS);
    let mut options = Table::new();
    model::set(&mut options, "interval", model::uniform(low, high));
    model::set(&mut options, "timeout", model::seconds(pong));
    model::set(&mut options, "down_after", 1);
    model::set(&mut options, "up_after", 1);
    model::set(&mut table, "options", options);
    model::set(&mut table, "trunks.0.primary.registration", false);
    let outages = |law: &str| format!("carriers.0.outages.{law}");
    // Up for so long at least that every leg is found up again.
    let up = model::uniform(2.0 * high, 12.0 * high);
    model::set(&mut table, &outages("time_to_failure"), up);
    model::set(&mut table, &outages("time_to_repair"), model::seconds(2.0 * (high + pong)));
    // The legs' phases are uniform over an interval at the start, which is nearly what they come
    // to; that is reached once the intervals drawn add up to a spread of half an interval.
    let spread = (high - low) / 12.0_f64.sqrt();
    let mean = (high + low) / 2.0;
    let intervals_of_warmup = (mean / spread).powi(2) / 4.0;
    Study {
        models: vec![table],
        warmup_s: intervals_of_warmup.max(10.0) * mean,
        measured_s: 100.0 * high,
        measure: &|runs| measure_keepalive(runs, case, pong, high + pong),
        ..Study::default()
    }
    .check(case);
}

#[test]
fn flows_recover_and_are_kept_alive_as_rfc_5626_says() {
    for case in case::family("rfc5626") {
        match case.get("pong") {
            Some(_) => check_keepalive(&case),
            None => check_flow_recovery(&case),
        }
    }
}

/// REGISTERs as they come to a registrar, second by second, and those it has not answered yet.
struct Rush {
    window: Window,
    by_second: Vec<f64>,
    backlog: Levels,
    most: usize,
    idle_since: SimTime,
}

impl Observer for Rush {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::RegisterReceived { .. } if self.window.holds(now) => {
                let second = (now - self.window.from).as_nanos() / 1_000_000_000;
                if let Some(count) = self.by_second.get_mut(second as usize) {
                    *count += 1.0;
                }
            }
            Observation::RegistrarBusy { busy, waiting, .. } => {
                let backlog = busy as usize + waiting;
                self.backlog.set(now, backlog);
                self.most = self.most.max(backlog);
                if backlog == 0 {
                    self.idle_since = now;
                }
            }
            _ => {}
        }
    }
}

/// The outage that everybody's flow is lost by ends here.
const OUTAGE_S: f64 = 1.0;

/// `scale` times as many user agents, and as fast a registrar.
fn rush(case: &Case, scale: f64) -> Table {
    let (agents, recovery) = (case.param("N"), case.param("W"));
    let mut table = registrations(1);
    let carrier = |key: &str| format!("carriers.0.{key}");
    let mut outage = Table::new();
    model::set(&mut outage, "at", "0s");
    model::set(&mut outage, "for", model::seconds(OUTAGE_S));
    model::set(&mut table, &carrier("schedule"), vec![toml::Value::Table(outage)]);
    let service = model::seconds(1.0 / (case.param("cap") * scale));
    model::set(&mut table, &carrier("registrar.service"), service);
    model::set(&mut table, &carrier("registrar.servers"), 1);
    model::set(&mut table, &carrier("registrar.background.rate_per_s"), 0.0);
    model::set(&mut table, &carrier("registrar.background.bindings"), (agents * scale) as u32);
    model::set(&mut table, &carrier("registrar.background.recovery"), model::seconds(recovery));
    model::set(&mut table, "trunks.0.primary.registration", false);
    let all_registered = agents / case.param("cap") + 2.0 * recovery + OUTAGE_S;
    model::set(&mut table, "horizon", model::seconds(all_registered));
    table
}

impl Rush {
    /// Of U[W/2, W] after the outage.
    fn new(recovery_s: f64) -> Self {
        let window = span(OUTAGE_S + recovery_s / 2.0, OUTAGE_S + recovery_s);
        let by_second = vec![0.0; (recovery_s / 2.0) as usize];
        let backlog = Levels::new(window);
        Self { window, by_second, backlog, most: 0, idle_since: SimTime::ZERO }
    }
}

fn measure_rush(runs: &Runs, case: &Case) -> Measured {
    let recovery = case.param("W");
    let mean = case.param("N") / (recovery / 2.0);
    let mut counts = Values::default();
    let mut received = 0.0;
    for nth in 0..runs.amount as u64 {
        let (_, fold) = runs.run_again(0, nth, Rush::new(recovery));
        fold.by_second.iter().for_each(|count| counts.add(*count));
        received += fold.by_second.iter().sum::<f64>();
    }
    Measured {
        values: vec![
            ("offered_rate", received / counts.len()),
            ("mean_count_per_s", counts.mean()),
            ("var_count_per_s", counts.variance_about(Some(mean))),
            ("p_count_in_1s_gt_thr", counts.above(case.param("thr")) / counts.len()),
        ],
        chances: received,
        ..Measured::default()
    }
}

/// User agents in the limit in which the fluid takes their place; the system allows a million.
const FLUID: f64 = 900_000.0;

/// The fluid is the limit of many user agents at a registrar as many times as fast. How far from it
/// a finite number may be follows from the inequality of Dvoretzky, Kiefer and Wolfowitz (with
/// Massart's constant): the instants of N of them stray from their law by ε at most with
/// probability 1 − 2·exp(−2Nε²), and what a queue has to do by twice that.
fn check_fluid(case: &Case) {
    let (agents, cap) = (case.param("N"), case.param("cap"));
    let scale = (FLUID / agents).floor();
    let config = model::config(&rush(case, scale));
    let run =
        trunksim::system::simulate_observed(&config, case.seed(), 0, Rush::new(case.param("W")));
    let (_, fold) = run.expect("the run ends");
    let chance = 1e-4_f64;
    let astray = (-(chance / 2.0).ln() / (2.0 * agents * scale)).sqrt();
    let registered = (fold.idle_since - SimTime::ZERO).as_secs_f64() - OUTAGE_S;
    let limits = [
        ("fluid_peak_backlog", fold.most as f64 / scale, 2.0 * astray * agents),
        ("fluid_all_registered_at", registered, 2.0 * astray * agents / cap),
    ];
    for (name, value, error_max) in limits {
        let expected = case.expected().iter().find(|(n, _)| n == name).expect("expected").1;
        println!("{:16} {name:30} expected {expected} found {value} within {error_max}", case.id);
        assert!((value - expected).abs() <= error_max, "{}: {name} {value}", case.id);
    }
}

#[test]
fn everybody_re_registers_as_fluid_and_binomial_say() {
    for case in case::family("avalanche") {
        check_fluid(&case);
        let fluid = ["fluid_peak_backlog", "fluid_all_registered_at"];
        Study {
            whole_models: vec![rush(&case, 1.0)],
            measured_s: 20.0,
            elsewhere: &fluid,
            measure: &|runs| measure_rush(runs, &case),
            ..Study::default()
        }
        .check(&case);
    }
}
