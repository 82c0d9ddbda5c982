//! Random settings and random events against every policy, and random models against the loader
//! and the simulator: nothing panics, and what is promised holds.
//!
//! Settings are drawn from the JSON Schema of each spec, so that a new algorithm or key is tried
//! as soon as it is there; only those that pass `check()` are used. A case is a function of its
//! seed: a failure prints it, and `FUZZ_SEED=n FUZZ_CASES=1 cargo test --test fuzz NAME` runs it
//! again. `FUZZ_SECONDS=n` goes on for n seconds per target instead of a number of cases.

mod author;
mod clients;
mod commands;
mod coverage;
mod grammar;
mod machines;
mod models;
mod shrink;
mod systems;
mod values;
mod watch;

use std::time::{Duration, Instant};

use trunksim::engine::random::{Draw, RandomSource};

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text}")))
}

#[expect(clippy::disallowed_methods, reason = "it bounds how long the tests run, nothing else")]
fn wall_clock() -> Instant {
    Instant::now()
}

/// Says how to run a case again when it panics.
struct Replay<'a> {
    target: &'a str,
    seed: u64,
}

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { target, seed } = self;
            eprintln!("again: FUZZ_SEED={seed} FUZZ_CASES=1 cargo test --test fuzz {target}");
        }
    }
}

/// Runs `case` on one seed after the other: `cases` of them, or as the environment says. Gives the
/// number of cases that were run.
fn fuzz(target: &str, cases: u64, mut case: impl FnMut(&mut Draw)) -> u64 {
    let first = variable("FUZZ_SEED").unwrap_or(1);
    let cases = variable("FUZZ_CASES").unwrap_or(cases);
    let until = variable("FUZZ_SECONDS").map(|s| wall_clock() + Duration::from_secs(s));
    let mut done = 0;
    while until.map_or(done < cases, |until| wall_clock() < until) {
        let seed = first + done;
        let replay = Replay { target, seed };
        case(&mut RandomSource::new(seed, 0).at(0, 0, 0));
        drop(replay);
        done += 1;
    }
    done
}

/// Whether a single case is being run again: then nothing is said about how many there were.
fn replaying() -> bool {
    variable("FUZZ_CASES").is_some()
}
