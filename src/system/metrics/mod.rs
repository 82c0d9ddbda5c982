//! What a run measures: observers folded over what it reports.
//!
//! Counts of events are of those within [warm-up, horizon); figures of calls are of the calls
//! offered within it, whenever they end.

mod api;
mod bounds;
mod calls;
mod carriers;
mod catalog;
mod columns;
mod course;
mod faults;
mod legs;
mod limits;
mod recorder;
mod recovery;
mod renamed;
mod result;
mod series;
mod service_level;
mod utilization;

pub(super) use bounds::check as check_bounds;
pub use bounds::{Bounds, OutOfBounds};
pub use catalog::{Better, Family, METRICS, Metric, index_of};
pub use columns::Column;
pub use limits::{LimitRow, Limits};
pub use recorder::Recorder;
pub use renamed::no_such_metric;
pub use result::{EngineFigures, RunResult};

use super::config::Config;
use crate::engine::statistics::Latencies;
use crate::engine::time::{SimDuration, SimTime};

/// A table with a named row per trunk, carrier or fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// The columns after the row's name.
    pub columns: &'static [Column],
    /// Rows: name and values; not a number where nothing was observed.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A table with a row per bin of time, from the start of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Width of a bin.
    pub bin: SimDuration,
    /// The columns.
    pub columns: &'static [Column],
    /// Rows of values; not a number where nothing was observed.
    pub rows: Vec<Vec<f64>>,
}

/// The distribution of a latency in a run: of all, and of each of two kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Its name in files: `update_latency`.
    pub name: &'static str,
    /// Its name in words: `Update latency`.
    pub label: &'static str,
    /// What it is: from when until when.
    pub meaning: &'static str,
    /// The kinds and their latencies; the first is of all.
    pub kinds: [(&'static str, Latencies); 3],
}

/// The part of a run that is measured.
#[derive(Copy, Clone, Debug)]
struct Window {
    from: SimTime,
    until: SimTime,
}

impl Window {
    const fn of(config: &Config) -> Self {
        Self { from: config.warmup, until: config.horizon }
    }

    fn holds(self, now: SimTime) -> bool {
        now >= self.from && now < self.until
    }

    fn length_s(self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }
}

/// `part / whole`, or not a number where there is no whole.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}
