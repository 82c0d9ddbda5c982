//! M. Brooker's retry simulation (simulator_example, `retry_sim.py`): clients of a server that fails
//! at a fixed rate, retrying by number, by an adaptive budget, or up to a share of failures.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use trunksim::engine::random::{Draw, RandomSource};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::backoff::{BackoffSpec, Jitter};
use trunksim::policies::budget::{BudgetSpec, Load};
use trunksim::policies::retry::{Failed, Loops, Method, Progress, RetrySpec, Step};

use super::{at, number, retry, rows};

const REPLICATIONS: u64 = 24;
const CLIENTS: usize = 100;
/// One way, on average.
const NETWORK_S: f64 = 0.01;
const RATE_PER_S: f64 = 10.0;
const LENGTH_S: f64 = 10.0;

fn exponential(draw: &mut Draw, mean_s: f64) -> SimDuration {
    SimDuration::from_secs_f64(-mean_s * draw.open_uniform().ln())
}

fn tries(attempts: u32, budget: BudgetSpec) -> RetrySpec {
    let backoff = BackoffSpec::Fixed { delay: SimDuration::ZERO, jitter: Jitter::None };
    RetrySpec { attempts, backoff, budget, ..RetrySpec::default() }
}

/// Calls made, and in percent of the calls: successes, and tries.
fn run(spec: &RetrySpec, failure_rate: f64, seed: u64) -> [f64; 3] {
    let mut draw = RandomSource::new(seed, 0).at(0, 0, 0);
    let mut loops = vec![Loops::new(spec); CLIENTS];
    let mut calls: Vec<Progress> = Vec::new();
    // When, whose, and the call whose answer comes; without one, a call starts.
    let mut queue: BinaryHeap<Reverse<(SimTime, usize, Option<usize>)>> = (0..CLIENTS)
        .map(|client| Reverse((SimTime::ZERO + exponential(&mut draw, NETWORK_S), client, None)))
        .collect();
    let (mut successes, mut tries) = (0.0, 0.0);
    while let Some(Reverse((now, client, call))) = queue.pop() {
        let call = match call {
            None => {
                let next = now + exponential(&mut draw, 1.0 / RATE_PER_S);
                if next < at(LENGTH_S) {
                    queue.push(Reverse((next, client, None)));
                }
                calls.push(Progress::new());
                calls.len() - 1
            }
            Some(call) if draw.uniform() >= failure_rate => {
                successes += 1.0;
                loops[client].succeed(&mut calls[call], now);
                continue;
            }
            Some(call) => {
                let failed =
                    Failed { outcome: Outcome::Unavailable, hint: None, method: Method::Get };
                let progress = &mut calls[call];
                match loops[client].fail(progress, now, failed, Load::default(), &mut draw) {
                    Step::Retry { .. } => call,
                    Step::GiveUp(_) | Step::GiveUpAfter { .. } => continue,
                }
            }
        };
        tries += 1.0;
        loops[client].start_try(&mut calls[call], 0, now);
        let answer = now + exponential(&mut draw, NETWORK_S) + exponential(&mut draw, NETWORK_S);
        queue.push(Reverse((answer, client, Some(call))));
    }
    let unique = calls.len() as f64;
    [unique, 100.0 * successes / unique, 100.0 * tries / unique]
}

/// The case is one run each: it lies within four standard deviations of a run, widened by what is
/// uncertain about the mean of these.
#[test]
fn brooker_retry_sim() {
    for row in rows(include_str!("../../cases/policies/brooker_retry_sim.csv")) {
        let spec = match row["strategy"].as_str() {
            "no" => tries(1, BudgetSpec::None),
            "n3" => tries(4, BudgetSpec::None),
            "ad" => retry("brooker_adaptive"),
            _ => tries(4, BudgetSpec::FailureRatio { max: 0.1 }),
        };
        let failure_rate = number(&row, "failure_rate");
        let runs: Vec<[f64; 3]> =
            (0..REPLICATIONS).into_par_iter().map(|seed| run(&spec, failure_rate, seed)).collect();
        let n = REPLICATIONS as f64;
        for (i, column) in ["unique_calls", "success_pct", "load_pct"].into_iter().enumerate() {
            let mean = runs.iter().map(|r| r[i]).sum::<f64>() / n;
            let variance = runs.iter().map(|r| (r[i] - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let expected = number(&row, column);
            // The file has two or three decimals.
            let error = 4.0 * (variance * (1.0 + 1.0 / n)).sqrt() + 0.005;
            assert!(
                (mean - expected).abs() <= error,
                "{column} {mean} instead of {expected} ± {error}: {row:?}"
            );
        }
    }
}
