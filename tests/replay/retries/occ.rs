//! The AWS Architecture Blog's simulator of clients that write one row under optimistic concurrency
//! control (aws-arch-backoff-simulator), with the backoffs of this crate.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use trunksim::engine::random::{Draw, RandomSource};
use trunksim::engine::time::SimDuration;
use trunksim::policies::Outcome;
use trunksim::policies::backoff::{BackoffSpec, BackoffState, Retry};

use super::{number, retry, rows};

const REPLICATIONS: u64 = 100;

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    Read,
    ReadAnswered(u64),
    Write(u64),
    WriteAnswered(bool),
}

/// |N(10, 2)| ms, by Box and Muller.
fn network(draw: &mut Draw) -> SimDuration {
    let radius = (-2.0 * draw.open_uniform().ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * draw.uniform()).cos();
    SimDuration::from_secs_f64((10.0 + 2.0 * normal).abs() / 1e3)
}

/// Time until every client has written, in ms, and writes tried.
fn run(clients: usize, backoff: Option<&BackoffSpec>, seed: u64) -> (f64, f64) {
    let mut draw = RandomSource::new(seed, clients as u64).at(0, 0, 0);
    let mut queue = BinaryHeap::new();
    let mut states = vec![(0u32, BackoffState::default()); clients];
    for client in 0..clients {
        queue.push(Reverse((network(&mut draw), client, Message::Read)));
    }
    let (mut version, mut calls, mut last) = (0, 0.0, SimDuration::ZERO);
    while let Some(Reverse((now, client, message))) = queue.pop() {
        last = now;
        let mut way = network(&mut draw);
        let next = match message {
            Message::Read => Message::ReadAnswered(version),
            Message::ReadAnswered(read) => Message::Write(read),
            Message::Write(read) => {
                calls += 1.0;
                let written = read == version;
                version += u64::from(written);
                Message::WriteAnswered(written)
            }
            Message::WriteAnswered(true) => continue,
            Message::WriteAnswered(false) => {
                let (failures, state) = &mut states[client];
                *failures += 1;
                if let Some(backoff) = backoff {
                    let retry =
                        Retry { number: *failures, outcome: Outcome::Unavailable, elapsed: now };
                    way += backoff.next(state, retry, &mut draw);
                }
                Message::Read
            }
        };
        queue.push(Reverse((now + way, client, next)));
    }
    (last.as_millis_f64(), calls)
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance)
}

/// Means over as many runs as the case's, within four standard errors of both.
#[test]
fn aws_backoff_occ() {
    for row in rows(include_str!("../../cases/policies/aws_backoff_occ.csv")) {
        let backoff = match row["Algorithm"].as_str() {
            "Exponential" => Some("aws_blog_exponential"),
            "Decorr" => Some("aws_blog_decorrelated_jitter"),
            "EqualJitter" => Some("aws_blog_equal_jitter"),
            "FullJitter" => Some("aws_blog_full_jitter"),
            _ => None,
        };
        let backoff = backoff.map(|name| retry(name).backoff);
        let clients = number(&row, "clients") as usize;
        let runs: Vec<(f64, f64)> = (0..REPLICATIONS)
            .into_par_iter()
            .map(|seed| run(clients, backoff.as_ref(), seed))
            .collect();
        let times: Vec<f64> = runs.iter().map(|r| r.0).collect();
        let calls: Vec<f64> = runs.iter().map(|r| r.1).collect();
        for (what, values) in [("time", times), ("calls", calls)] {
            let (mean, variance) = moments(&values);
            let theirs = number(&row, &format!("{what}_sd")).powi(2) / number(&row, "reps");
            let error = (variance / REPLICATIONS as f64 + theirs).sqrt();
            let expected = number(&row, &format!("{what}_mean"));
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "{what} {mean} instead of {expected} ± {error}: {row:?}"
            );
        }
    }
}
