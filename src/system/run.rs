//! One run: from a checked configuration, a seed and a replication to its metrics.

use super::config::Config;
use super::metrics::{EngineFigures, OutOfBounds, Recorder, RunResult, check_bounds};
use super::observation::{Observation, Observer};
use super::world::{FINISH_MAX, World};
use crate::engine::calendar::Calendar;
use crate::engine::random::RandomSource;
use crate::engine::simulation::{self, StopReason};
use crate::engine::time::SimTime;

/// Why a run gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The model needs more events than its budget allows.
    #[error(
        "stopped at {at} of simulated time after {events} events: the budget is used up \
         (budget.events_max); offered load or retries may grow without bound"
    )]
    Events {
        /// When it stopped.
        at: SimTime,
        /// Events handled.
        events: u64,
    },
    /// The model needs more pending events than its budget allows.
    #[error(
        "stopped at {at} of simulated time with {pending} events pending: the budget is used up \
         (budget.pending_max); a queue may grow without bound"
    )]
    Pending {
        /// When it stopped.
        at: SimTime,
        /// Events pending.
        pending: u64,
    },
    /// No further event can happen, and requests still wait.
    #[error(
        "stuck at {at} of simulated time (seed {seed}, replication {replication}): {who}, and \
         no pending event can end the wait"
    )]
    Stuck {
        /// Replays the run.
        seed: u64,
        /// Replays the run.
        replication: u64,
        /// When the last thing happened.
        at: SimTime,
        /// Who waits, and for what.
        who: String,
    },
    /// Something takes longer than a run may take to end.
    #[error(
        "still under way {days} days after the horizon (seed {seed}, replication {replication}): \
         {who}; the next thing would happen at {next} of simulated time, so a length of time in \
         the model is too long",
        days = FINISH_MAX.as_secs_f64() / 86_400.0
    )]
    Unfinished {
        /// Replays the run.
        seed: u64,
        /// Replays the run.
        replication: u64,
        /// When the next thing would happen.
        next: SimTime,
        /// Who has not ended.
        who: String,
    },
    /// A conservation law does not hold, which is a bug of the simulator.
    #[error("a conservation law does not hold (seed {seed}, replication {replication}): {law}")]
    Conservation {
        /// Replays the run.
        seed: u64,
        /// Replays the run.
        replication: u64,
        /// Which law.
        law: String,
    },
    /// A figure lies outside its bounds, which is a bug of the simulator.
    #[error(
        "{figure} = {value} lies outside its bounds, {bounds} (seed {seed}, replication \
         {replication})",
        figure = out.figure,
        value = out.value,
        bounds = out.bounds
    )]
    Bounds {
        /// Replays the run.
        seed: u64,
        /// Replays the run.
        replication: u64,
        /// The figure, its value and the bounds.
        out: OutOfBounds,
    },
}

/// Runs a model to its horizon, lets what is under way end, and measures.
///
/// # Errors
/// Where the run exceeds its budget, a law does not hold, or a figure lies outside its bounds.
pub fn simulate(config: &Config, seed: u64, replication: u64) -> Result<RunResult, RunError> {
    run(config, seed, replication, ())
}

/// Runs [`simulate`] with an observer of one's own beside the metrics. The observer is told of
/// queues, of causes and effects, and of limiters' budgets if it asks for them.
///
/// # Errors
/// Where the run exceeds its budget, a law does not hold, or a figure lies outside its bounds.
pub fn simulate_observed<O: Observer>(
    config: &Config,
    seed: u64,
    replication: u64,
    mut observer: O,
) -> Result<(RunResult, O), RunError> {
    let mut tell = |now: SimTime, fact: &Observation| observer.observe(now, fact);
    let result = if O::BUDGETS {
        run_telling_all(config, seed, replication, &mut tell)
    } else {
        run_telling(config, seed, replication, &mut tell)
    };
    Ok((result?, observer))
}

/// Callback of an observed run. A call at run time: the world, which is large, is compiled
/// with this, and not once more with every observer there is.
type Tell<'a> = &'a mut dyn FnMut(SimTime, &Observation);

/// Tells of queues and links, and of limiters' budgets or not.
struct Teller<'a, const BUDGETS: bool>(Tell<'a>);

impl<const BUDGETS: bool> Observer for Teller<'_, BUDGETS> {
    const BUDGETS: bool = BUDGETS;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        (self.0)(now, fact);
    }
}

fn run_telling(config: &Config, seed: u64, n: u64, tell: Tell<'_>) -> Result<RunResult, RunError> {
    run(config, seed, n, Teller::<false>(tell))
}

fn run_telling_all(
    config: &Config,
    seed: u64,
    n: u64,
    tell: Tell<'_>,
) -> Result<RunResult, RunError> {
    run(config, seed, n, Teller::<true>(tell))
}

fn run<O: Observer>(
    config: &Config,
    seed: u64,
    replication: u64,
    observer: O,
) -> Result<RunResult, RunError> {
    let random = RandomSource::new(seed, replication);
    let mut calendar = Calendar::new();
    let mut world = World::new(config, random, (Recorder::new(config), observer));
    world.start(&mut calendar);
    let mut events = 0;
    for until in [config.horizon, config.horizon.saturating_add(FINISH_MAX)] {
        let stop = simulation::run(&mut world, &mut calendar, until, config.budget, &mut events);
        let at = calendar.now();
        match stop {
            StopReason::Horizon | StopReason::Exhausted => {}
            StopReason::EventBudget => return Err(RunError::Events { at, events }),
            StopReason::PendingBudget => {
                return Err(RunError::Pending { at, pending: calendar.len() as u64 });
            }
        }
    }
    if let Some(who) = world.stuck().filter(|_| calendar.is_empty()) {
        return Err(RunError::Stuck { seed, replication, at: calendar.now(), who });
    }
    if let Err(law) = world.check_conservation() {
        return Err(match calendar.peek() {
            Some(next) => RunError::Unfinished { seed, replication, next, who: world.late(&law) },
            None => RunError::Conservation { seed, replication, law },
        });
    }
    let engine = EngineFigures { events, peak_pending: calendar.peak_len() as u64 };
    let recorder = world.into_observer().0;
    recorder.check().map_err(|law| RunError::Conservation { seed, replication, law })?;
    let result = recorder.finish(config, engine);
    check_bounds(&result, config).map_err(|out| RunError::Bounds { seed, replication, out })?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Places in the bulkhead, and connections that are kept between attempts: taken in the wrong
    /// order, requests wait for each other. The run says who waits for what.
    #[test]
    fn who_waits_for_each_other_is_named() {
        let overrides = ["client.concurrency.preset=netflix_vegas", "horizon=15m"];
        let overrides = overrides.map(str::to_owned);
        let loaded = crate::input::model(Path::new("models/apac.toml"), &overrides);
        let mut config = loaded.unwrap_or_else(|error| panic!("{error}")).config;
        assert!(config.clients[0].hold_connection);
        assert!(simulate(&config, 1, 0).is_ok());
        config.clients[0].place_first = true;
        let error = simulate(&config, 1, 0).expect_err("the order is cyclic");
        assert!(matches!(error, RunError::Stuck { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("of client, "), "{told}");
        assert!(told.contains("waits for a place") || told.contains("wait for a place"), "{told}");
        assert!(told.contains("a connection"), "{told}");
    }

    fn minimal(keys: &[&str]) -> Config {
        let overrides = [&["horizon=10m", "warmup=0s", "api.failure_share=0.5"][..], keys].concat();
        let overrides: Vec<String> = overrides.into_iter().map(str::to_owned).collect();
        let loaded = crate::input::model(Path::new("models/minimal.toml"), &overrides);
        loaded.unwrap_or_else(|error| panic!("{error}")).config
    }

    /// A client that waits for years, or tries for ever, is given up; that breaks no law.
    #[test]
    fn a_wait_beyond_the_run_ends_with_it() {
        for retry in [
            "client.retry={ attempts = 2, backoff = { kind = \"fixed\", delay = \"12000h\" } }",
            "client.retry={ attempts = 1000000, backoff = { kind = \"fixed\", delay = \"1000h\" } }",
            "client.retry={ attempts = 2, pace = { kind = \"cycles\", limit = 1, \
             period = \"12000h\", timeout = \"12000h\" } }",
        ] {
            let result = simulate(&minimal(&[retry]), 1, 0);
            assert!(result.is_ok(), "{retry}: {}", result.unwrap_err());
        }
    }

    /// What takes longer than a run has to end is named, and is no broken law.
    #[test]
    fn what_does_not_end_in_time_is_named() {
        let held = "api.limits.0.limiter={ kind = \"gcra\", rate_per_s = 0.000001, burst = 1, \
                    on_limit = { kind = \"delay\", max = \"120000h\" } }";
        let error = simulate(&minimal(&[held]), 1, 0).expect_err("attempts are held for years");
        assert!(matches!(error, RunError::Unfinished { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("400 days after the horizon"), "{told}");
        assert!(told.contains("of client, "), "{told}");
    }
}
