//! `trunksim run --timeline`: the run over time as pictures and as a trace.

use std::path::Path;

use super::Failure;
use crate::engine::time::{SimDuration, SimTime};
use crate::input::LoadedModel;
use crate::output::chart::{png, svg};
use crate::output::files;
use crate::output::timeline::{Origin, chart, trace};
use crate::system::timeline::{Timeline, TimelineRecorder, Window};
use crate::system::{RunResult, simulate_observed};

/// Which part of a run its timeline shows.
#[derive(Debug, clap::Args)]
pub(super) struct Part {
    /// Where the timeline and its trace begin, in simulated time: a part of the run in full detail
    #[arg(long, value_name = "TIME", requires = "timeline")]
    from: Option<SimDuration>,
    /// Where they end; without it, with the run
    #[arg(long, value_name = "TIME", requires = "timeline")]
    to: Option<SimDuration>,
}

impl Part {
    /// The part as a window of the run.
    pub(super) fn window(&self, loaded: &LoadedModel) -> Result<Window, Failure> {
        let end = loaded.config.horizon();
        let from = SimTime::ZERO + self.from.unwrap_or_default();
        let until = self.to.map_or(end, |to| SimTime::ZERO + to);
        if from >= end {
            return Err(Failure::Usage(format!(
                "--from {}: the run ends at {}",
                from - SimTime::ZERO,
                end - SimTime::ZERO
            )));
        }
        if until <= from {
            return Err(Failure::Usage(format!(
                "--to {} is not after --from {}",
                until - SimTime::ZERO,
                from - SimTime::ZERO
            )));
        }
        Ok(Window { from, until: until.min(end) })
    }
}

/// A run with the timeline of a part of it.
pub(super) fn record(
    loaded: &LoadedModel,
    replication: u64,
    window: Window,
) -> Result<(RunResult, Timeline), Failure> {
    let recorder = TimelineRecorder::of(&loaded.config, window);
    let seed = loaded.model.seed;
    let (result, recorder) = simulate_observed(&loaded.config, seed, replication, recorder)?;
    Ok((result, recorder.finish()))
}

/// Writes the timeline and, where a part of it is worth a closer look, that part: the same run
/// once more, with finer bins.
pub(super) fn write(
    folder: &Path,
    loaded: &LoadedModel,
    replication: u64,
    timeline: &Timeline,
) -> Result<(), Failure> {
    let seed = loaded.model.seed;
    let origin = Origin { model: loaded.model.name.clone(), seed, replication };
    files::write_whole(folder, "trace.json", &trace(timeline, &origin))?;
    let draw = |name: &str, timeline: &Timeline| -> Result<(), Failure> {
        let chart = chart(timeline, &origin);
        files::write_whole(folder, &format!("{name}.svg"), svg(&chart).as_bytes())?;
        files::write_whole(folder, &format!("{name}.png"), &png(&chart))?;
        Ok(())
    };
    draw("timeline", timeline)?;
    if let Some(window) = timeline.close_up() {
        let (_, close) = record(loaded, replication, window)?;
        draw("close-up", &close)?;
    }
    Ok(())
}
