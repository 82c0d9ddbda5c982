//! Numbers as people read them.

use crate::engine::statistics::Interval;
use crate::system::metrics::Metric;

/// A value of a metric with its unit: `86.4 %`, `1 240 ms`, `95`; a dash where there is none.
pub(super) fn value(metric: &Metric, value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    match metric.unit {
        "share" => format!("{:.1} %", value * 100.0),
        "ms" => format!("{value:.0} ms"),
        "s" => format!("{value:.1} s"),
        "min" => format!("{value:.0} min"),
        "1/s" => format!("{value:.2}/s"),
        _ => plain(value),
    }
}

/// An estimate with its interval: `86.4 ± 0.8 %`.
pub(super) fn estimate(metric: &Metric, estimate: Interval) -> String {
    let Interval { mean, half_width, .. } = estimate;
    if mean.is_nan() {
        return "-".to_owned();
    }
    let (scale, digits, unit) = match metric.unit {
        "share" => (100.0, 1, " %"),
        "ms" => (1.0, 0, " ms"),
        "s" => (1.0, 1, " s"),
        _ => (1.0, if mean.abs() < 100.0 { 1 } else { 0 }, ""),
    };
    let spread = if half_width.is_nan() {
        String::new()
    } else {
        format!(" ± {:.digits$}", half_width * scale)
    };
    format!("{:.digits$}{spread}{unit}", mean * scale)
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
