//! One run: from a checked configuration, a seed and a replication to its metrics.

use super::config::Config;
use super::metrics::{Breakdown, Recorder, Series, Spread};
use super::observation::Observer;
use super::world::World;
use crate::engine::calendar::Calendar;
use crate::engine::random::RandomSource;
use crate::engine::simulation::{self, StopReason};
use crate::engine::time::{SimDuration, SimTime};

/// What a run gives.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// Values in the order of [`super::metrics::METRICS`]; not a number where nothing was
    /// observed.
    pub metrics: Vec<f64>,
    /// A row per trunk.
    pub trunks: Breakdown,
    /// A row per carrier.
    pub carriers: Breakdown,
    /// A row per bin of time.
    pub series: Series,
    /// How update latency and post-dial delay are distributed.
    pub latencies: Vec<Spread>,
    /// What the engine did.
    pub engine: EngineFigures,
}

/// What the engine did.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct EngineFigures {
    /// Events handled.
    pub events: u64,
    /// Events pending at once, at most.
    pub peak_pending: u64,
}

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
}

/// How long after the horizon the last things under way may end.
const DRAIN_MAX: SimDuration = SimDuration::from_secs(400 * 86_400);

/// Runs a model to its horizon, lets what is under way end, and measures.
///
/// # Errors
/// Where the run exceeds its budget, or a conservation law does not hold.
pub fn simulate(config: &Config, seed: u64, replication: u64) -> Result<RunResult, RunError> {
    simulate_observed(config, seed, replication, ()).map(|(result, ())| result)
}

/// As [`simulate`], with an observer of one's own beside the metrics.
///
/// # Errors
/// Where the run exceeds its budget, or a conservation law does not hold.
pub fn simulate_observed<O: Observer>(
    config: &Config,
    seed: u64,
    replication: u64,
    observer: O,
) -> Result<(RunResult, O), RunError> {
    let random = RandomSource::new(seed, replication);
    let mut calendar = Calendar::new();
    let mut world = World::new(config, random, (Recorder::new(config), observer));
    world.start(&mut calendar);
    let mut events = 0;
    for until in [config.horizon, config.horizon.saturating_add(DRAIN_MAX)] {
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
    world.check_conservation().map_err(|law| RunError::Conservation { seed, replication, law })?;
    let engine = EngineFigures { events, peak_pending: calendar.peak_len() as u64 };
    let (recorder, observer) = world.into_observer();
    Ok((recorder.finish(config, engine), observer))
}
