//! `trunksim run --timeline`: the run over time as pictures and as a trace.

use std::path::Path;

use super::Failure;
use crate::input::LoadedModel;
use crate::output::chart::{png, svg};
use crate::output::files;
use crate::output::timeline::{Origin, chart, trace};
use crate::system::timeline::{Timeline, TimelineRecorder};
use crate::system::{RunResult, simulate_observed};

/// A run with its timeline.
pub(super) fn record(
    loaded: &LoadedModel,
    replication: u64,
) -> Result<(RunResult, Timeline), Failure> {
    let recorder = TimelineRecorder::new(&loaded.config);
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
        let recorder = TimelineRecorder::of(&loaded.config, window);
        let (_, recorder) = simulate_observed(&loaded.config, seed, replication, recorder)?;
        draw("close-up", &recorder.finish())?;
    }
    Ok(())
}
