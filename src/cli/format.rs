//! Numbers as people read them.

use crate::system::metrics::Metric;

/// A value of a metric with its unit: `86.4 %`, `1 240 ms`, `95`; a dash without a value.
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

fn plain(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
