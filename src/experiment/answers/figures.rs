//! Numbers as people read them: with their unit, and with as many digits as their interval is
//! worth.

use crate::engine::statistics::Interval;
use crate::system::metrics::Metric;

/// An estimate with its interval: `86.4 ± 0.8 %`; a dash where there is none.
pub(super) fn estimate(metric: &Metric, estimate: Interval) -> String {
    written(metric, estimate, false)
}

/// A difference of two values of a metric with its interval: `+4.2 ± 0.8 points`, those of a share
/// being points of a percentage.
pub(super) fn difference(metric: &Metric, estimate: Interval) -> String {
    written(metric, estimate, true)
}

fn written(metric: &Metric, estimate: Interval, differs: bool) -> String {
    let Interval { mean, half_width, .. } = estimate;
    if mean.is_nan() {
        return "-".to_owned();
    }
    let (scale, digits, unit) = match metric.unit {
        "share" => (100.0, 1, if differs { " points" } else { " %" }),
        "ms" => (1.0, 0, " ms"),
        "s" => (1.0, 1, " s"),
        "min" => (1.0, 0, " min"),
        "1/s" => (1.0, 1, "/s"),
        _ => (1.0, if mean.abs() < 100.0 { 1 } else { 0 }, ""),
    };
    let (mean, half_width) = (mean * scale, half_width * scale);
    let digits = digits.max(needed(half_width));
    let sign = if differs && mean > 0.0 { "+" } else { "" };
    let spread =
        if half_width.is_nan() { String::new() } else { format!(" ± {half_width:.digits$}") };
    format!("{sign}{mean:.digits$}{spread}{unit}")
}

/// Digits after the point that a half-width needs to show one that is not 0: at most 4, and none
/// where so many do not suffice.
fn needed(half_width: f64) -> usize {
    let shows = |digits: &usize| half_width * [1.0, 10.0, 100.0, 1e3, 1e4][*digits] >= 0.5;
    (0..5).find(shows).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::metrics::{METRICS, index_of};

    fn metric(name: &str) -> &'static Metric {
        &METRICS[index_of(name).unwrap()]
    }

    fn interval(mean: f64, half_width: f64) -> Interval {
        Interval { mean, half_width, sd: 1.0, n: 10 }
    }

    #[test]
    fn an_estimate_has_its_unit_and_the_digits_of_its_interval() {
        let level = metric("service_level");
        assert_eq!(estimate(level, interval(0.8641, 0.0083)), "86.4 ± 0.8 %");
        assert_eq!(estimate(level, interval(0.012_345, 0.000_21)), "1.23 ± 0.02 %");
        assert_eq!(estimate(level, interval(0.5, 0.0)), "50.0 ± 0.0 %");
        assert_eq!(estimate(level, interval(0.5, 1e-16)), "50.0 ± 0.0 %");
        assert_eq!(estimate(level, interval(0.5, f64::NAN)), "50.0 %");
        assert_eq!(estimate(level, interval(f64::NAN, f64::NAN)), "-");
        assert_eq!(estimate(metric("failovers"), interval(123.4, 12.3)), "123 ± 12");
        assert_eq!(estimate(metric("failovers"), interval(3.13, 0.42)), "3.1 ± 0.4");
        assert_eq!(estimate(metric("api_429s"), interval(1234.0, 0.3)), "1234.0 ± 0.3");
    }

    #[test]
    fn a_difference_has_its_sign_and_shares_differ_by_points() {
        let level = metric("service_level");
        assert_eq!(difference(level, interval(0.042, 0.008)), "+4.2 ± 0.8 points");
        assert_eq!(difference(level, interval(-0.042, 0.008)), "-4.2 ± 0.8 points");
        let latency = metric("update_latency_ms_p95");
        assert_eq!(difference(latency, interval(212.0, 31.0)), "+212 ± 31 ms");
    }
}
