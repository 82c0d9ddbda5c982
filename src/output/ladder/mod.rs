//! Sequence diagrams as text and as SVG: plain data in, text or bytes out. Nothing here knows the
//! system that a diagram is of.

mod columns;
mod layout;
mod svg;
mod text;

pub use svg::svg;
pub use text::{Signs, ascii, text};

use crate::engine::time::{SimDuration, SimTime};
use crate::system::story::diagram::Row;

/// A stretch without anything that is at least this long is marked.
const GAP_MIN: SimDuration = SimDuration::from_secs(1);

/// The stretch before a row, where it is long enough to be marked.
fn gap(before: Option<&Row>, row: &Row) -> Option<SimDuration> {
    use crate::system::story::diagram::Mark;
    let ended: SimTime = match before {
        Some(Row { mark: Mark::Skipped { until, .. }, .. }) => *until,
        Some(before) => before.at,
        None => return None,
    };
    Some(row.at.saturating_since(ended)).filter(|gap| *gap >= GAP_MIN)
}

/// A gap as people read it.
fn length(gap: SimDuration) -> String {
    let seconds = gap.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s later");
    }
    let whole = gap.as_nanos() / 1_000_000_000;
    format!("{} min {:02} s later", whole / 60, whole % 60)
}
