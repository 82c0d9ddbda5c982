//! The API's limits under Poisson requests that are lost when refused.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Values, Window};
use super::model;
use super::study::{Measured, Runs, Study};

const API_LIMIT: &str = include_str!("models/api_limit.toml");
/// Times a bucket takes to fill, after which it has forgotten its start.
const FILLS_OF_WARMUP: f64 = 50.0;
/// Requests of a replication at least, so that a burst off by one is seen.
const REQUESTS: f64 = 15_000.0;

fn api_limit(case: &Case, limiter: &Table) -> Table {
    let mut table = model::read(API_LIMIT);
    let arrivals = model::poisson(case.param("arrival_rate"));
    model::set(&mut table, "tenants.0.arrivals", arrivals);
    model::set(&mut table, "api.limits.0.limiter", limiter.clone());
    table
}

/// Requests admitted and refused, in all and by periods of a length.
struct Decisions {
    window: Window,
    period_ns: u64,
    /// Admitted and refused, by period from the window's start.
    periods: Vec<[u64; 2]>,
}

impl Decisions {
    fn new(window: Window, period_ns: u64) -> Self {
        let periods = (window.until - window.from).as_nanos() / period_ns;
        Self { window, period_ns, periods: vec![[0; 2]; periods as usize] }
    }

    fn total(&self, which: usize) -> f64 {
        self.periods.iter().map(|p| p[which]).sum::<u64>() as f64
    }
}

impl Observer for Decisions {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let which = match fact {
            Observation::LimiterAdmitted { .. } => 0,
            Observation::LimiterRefused { .. } => 1,
            _ => return,
        };
        if self.window.holds(now) {
            let period = (now - self.window.from).as_nanos() / self.period_ns;
            self.periods[period as usize][which] += 1;
        }
    }
}

fn measure(runs: &Runs, case: &Case, period_s: f64) -> Measured {
    let period_ns = (period_s * 1e9).round() as u64;
    let (_, fold) = runs.run(0, Decisions::new(runs.window, period_ns));
    let (admitted, refused) = (fold.total(0), fold.total(1));
    let mut by_period = Values::default();
    fold.periods.iter().for_each(|p| by_period.add(p[0] as f64));
    let rejecting = fold.periods.iter().filter(|p| p[1] > 0).count() as f64;
    let offered = admitted + refused;
    Measured {
        values: vec![
            ("accept_prob", admitted / offered),
            ("reject_prob", refused / offered),
            ("accepted_rate", admitted / runs.window.seconds()),
            ("accepted_per_window_mean", by_period.mean()),
            (
                "accepted_per_window_var",
                by_period.variance_about(case.theory("accepted_per_window_mean")),
            ),
            ("p_window_has_reject", rejecting / by_period.len()),
        ],
        chances: offered,
        ..Measured::default()
    }
}

/// Windows are aligned with the start of the run, and independent: there is nothing to warm up.
#[test]
fn a_fixed_window_admits_as_its_poisson_sum_says() {
    for case in case::family("fixed_window") {
        let window = case.param("window_s");
        let mut limiter = Table::new();
        model::set(&mut limiter, "kind", "fixed_window");
        model::set(&mut limiter, "limit", case.count("limit"));
        model::set(&mut limiter, "window", model::seconds(window));
        model::set(&mut limiter, "anchor", "aligned");
        Study {
            models: vec![api_limit(&case, &limiter)],
            warmup_s: 0.0,
            measured_s: 100.0 * window,
            unit_s: window,
            measure: &|runs| measure(runs, &case, window),
            ..Study::default()
        }
        .check(&case);
    }
}

/// The limiters that a case describes: the steady bucket and GCRA decide alike, so that its theory
/// holds for both.
fn limiters(case: &Case) -> Vec<Table> {
    if case.get("tick_s").is_some() {
        let mut tick = Table::new();
        model::set(&mut tick, "kind", "tick_bucket");
        model::set(&mut tick, "tokens_per_fill", case.count("tokens_per_tick"));
        model::set(&mut tick, "fill_interval", model::seconds(case.param("tick_s")));
        model::set(&mut tick, "burst", case.count("capacity"));
        return vec![tick];
    }
    let steady = |kind: &str| {
        let mut limiter = Table::new();
        model::set(&mut limiter, "kind", kind);
        model::set(&mut limiter, "rate_per_s", case.param("refill_rate"));
        model::set(&mut limiter, "burst", case.count("burst"));
        limiter
    };
    vec![steady("token_bucket"), steady("gcra")]
}

#[test]
fn token_buckets_admit_as_the_queue_they_are_says() {
    for case in case::family("token_bucket") {
        let fill = match case.get("tick_s") {
            Some(tick) => case.param("capacity") / case.param("tokens_per_tick") * tick,
            None => case.param("burst") / case.param("refill_rate"),
        };
        for limiter in limiters(&case) {
            Study {
                models: vec![api_limit(&case, &limiter)],
                warmup_s: FILLS_OF_WARMUP * fill,
                measured_s: (500.0 * fill).max(REQUESTS / case.param("arrival_rate")),
                measure: &|runs| measure(runs, &case, 1.0),
                ..Study::default()
            }
            .check(&case);
        }
    }
}

/// A log of what the last window admitted is the loss system M/D/L/L: a request holds its place for
/// the window.
#[test]
fn a_sliding_log_refuses_as_erlang_b_says() {
    for case in case::family("sliding_log") {
        let window = case.param("window_s");
        let mut limiter = Table::new();
        model::set(&mut limiter, "kind", "sliding_log");
        model::set(&mut limiter, "limit", case.count("limit"));
        model::set(&mut limiter, "window", model::seconds(window));
        let study = Study {
            models: vec![api_limit(&case, &limiter)],
            warmup_s: FILLS_OF_WARMUP * window,
            measured_s: (300.0 * window).max(REQUESTS / case.param("arrival_rate")),
            measure: &|runs| measure(runs, &case, 1.0),
            ..Study::default()
        };
        study.check(&case);
        study.check_power(&case);
    }
}
