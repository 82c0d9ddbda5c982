//! Waits between the attempts of a request: sums of jittered waits, and retrying until success.

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::backoff::BackoffSpec;
use trunksim::system::observation::{Observation, Observer};

use super::case::{self, Case};
use super::folds::{Values, extremes, ratio};
use super::model;
use super::study::{Measured, Runs, Study, listed};

const RETRIES: &str = include_str!("models/retries.toml");
/// Requests of a replication in the pilot.
const REQUESTS: f64 = 500.0;

/// Requests, one after the other: their attempts and the waits between them.
#[derive(Default)]
struct Requests {
    since: SimTime,
    waits: Vec<f64>,
    by_retry: Vec<Values>,
    totals: Values,
    totals_of_success: Values,
    attempts: u64,
    requests: u64,
}

impl Observer for Requests {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::AttemptSent { attempt, .. } => {
                self.attempts += 1;
                if attempt > 1 {
                    self.waits.push((now - self.since).as_secs_f64());
                }
                self.since = now;
            }
            Observation::RequestEnded { ok, .. } => {
                self.requests += 1;
                let waits = std::mem::take(&mut self.waits);
                let retries = self.by_retry.len().max(waits.len());
                self.by_retry.resize_with(retries, Values::default);
                let total = waits.iter().sum();
                waits.iter().zip(&mut self.by_retry).for_each(|(wait, all)| all.add(*wait));
                self.totals.add(total);
                if ok {
                    self.totals_of_success.add(total);
                }
            }
            _ => {}
        }
    }
}

fn measure(runs: &Runs, case: &Case, bounds: (f64, f64)) -> Measured {
    let x = case.get("x").unwrap_or(0.0);
    let (_, fold) = runs.run(0, Requests::default());
    let totals = fold.totals;
    // To a nanosecond's rounding of each wait.
    let within = |total: &f64| *total > bounds.0 - 1e-6 && *total < bounds.1 + 1e-6;
    assert!(totals.all().iter().all(within), "waits outside {bounds:?}");
    let per_request = ratio(fold.attempts, fold.requests);
    Measured {
        values: vec![
            ("mean_total", totals.mean()),
            ("var_total", totals.variance_about(case.theory("mean_total"))),
            ("p_total_gt_x", totals.above(x) / totals.len()),
            ("mean_attempts", per_request),
            ("amplification", per_request),
            ("p_success", fold.totals_of_success.len() / totals.len()),
            ("mean_total_wait_all", totals.mean()),
            ("mean_total_wait_given_success", fold.totals_of_success.mean()),
        ],
        lists: vec![("mean_sleep", fold.by_retry.iter().map(Values::mean).collect())],
        chances: totals.len(),
        ..Measured::default()
    }
}

/// `lo` says how far below its ceiling a wait may be; without it the waits are decorrelated.
fn backoff(case: &Case) -> Table {
    let jitter = match case.get("lo") {
        None => "decorrelated",
        Some(0.0) => "full",
        Some(0.5) => "equal",
        Some(1.0) => "none",
        Some(lo) => panic!("{}: no jitter draws from {lo} of the ceiling on", case.id),
    };
    let mut backoff = Table::new();
    model::set(&mut backoff, "kind", "exponential");
    model::set(&mut backoff, "base", model::seconds(case.param("base")));
    model::set(&mut backoff, "multiplier", case.get("factor").unwrap_or(2.0));
    model::set(&mut backoff, "cap", model::seconds(case.param("cap")));
    model::set(&mut backoff, "jitter", jitter);
    backoff
}

#[test]
fn waits_add_up_as_their_distributions_say() {
    for case in case::family("backoff") {
        let retries = case.get("n").unwrap_or_else(|| case.param("max_retries")) as u32;
        let policy: BackoffSpec = backoff(&case).try_into().expect("a backoff");
        let ceilings: Vec<f64> = (1..=retries).map(|n| policy.ceiling(n).as_secs_f64()).collect();
        // The policy's own waits at the ends of its range, each after the one before.
        let [least, most] = extremes().map(|mut rng| {
            let mut previous = SimDuration::ZERO;
            let mut total = 0.0;
            for n in 1..=retries {
                previous = policy.delay(n, previous, &mut rng);
                total += previous.as_secs_f64();
            }
            total
        });
        let exact = [("min_total".to_owned(), least), ("max_total".to_owned(), most)];
        let exact = exact.into_iter().chain(listed("ceilings", &ceilings));
        let fails_at_first = case.get("fail_prob");
        let lowest = if fails_at_first.is_some() { 0.0 } else { least };
        let every = most + 1.0;
        let mut table = model::read(RETRIES);
        model::set(&mut table, "api.failure_share", fails_at_first.unwrap_or(1.0));
        model::set(&mut table, "tenants.0.arrivals.every", model::seconds(every));
        model::set(&mut table, "tenants.0.retry.attempts", retries + 1);
        model::set(&mut table, "tenants.0.retry.backoff", backoff(&case));
        Study {
            models: vec![table],
            measured_s: REQUESTS * every,
            unit_s: every,
            exact: exact.filter(|(name, _)| case.expects(name)).collect(),
            measure: &|runs| measure(runs, &case, (lowest, most)),
            ..Study::default()
        }
        .check(&case);
    }
}
