//! What the commands of studies found, laid into charts: their results in, plain data for a drawing
//! out, and nothing estimated. Titles say what the estimates leave no doubt of.

mod differences;
mod front;
mod shares;
mod warm_up;

pub use differences::differences;
pub use front::front;
pub use shares::shares;
pub use warm_up::warm_up;

use super::chart::{self, Axis, Better as Good, Chart, Estimate, Format};
use crate::experiment::figures;
use crate::system::metrics::{Better, Metric};

/// A chart with the name of its files.
pub type Named = (String, Chart);

/// The files of a chart: an SVG and a PNG.
#[must_use]
pub fn files((name, chart): &Named) -> [(String, Vec<u8>); 2] {
    chart::files(name, chart)
}

/// Rows of a chart at most: more cannot be read.
const ROWS_MAX: usize = 24;

/// The name of a picture of one metric: `tornado-service-level`.
fn name(kind: &str, metric: &str) -> String {
    format!("{kind}-{}", metric.replace('_', "-"))
}

/// How the values of a metric are written along an axis.
fn format(metric: &Metric) -> Format {
    match metric.unit {
        "ms" => Format::Milliseconds,
        "s" => Format::Seconds,
        _ => Format::Number,
    }
}

/// The axis of a metric's differences: those of shares are points.
fn axis_of_differences(metric: &Metric, label: String) -> Axis {
    let (format, unit) = (format(metric), figures::Reading::of(metric).unit_of_difference);
    // A length of time is written with its unit.
    let unit = if format == Format::Number { unit.trim_start_matches('/') } else { "" };
    Axis { label, unit: unit.to_owned(), format, ..Axis::default() }
}

/// An estimate in the unit of an axis.
fn scaled(estimate: &figures::Estimate, factor: f64) -> Estimate {
    let end = |end: Option<f64>| end.map_or(f64::NAN, |value| value * factor);
    Estimate { value: end(estimate.estimate), low: end(estimate.low), high: end(estimate.high) }
}

const fn good(metric: &Metric) -> Option<Good> {
    match metric.better {
        Better::Lower => Some(Good::Lower),
        Better::Higher => Some(Good::Higher),
        Better::Neither => None,
    }
}
