//! Where the figures of a run lie: bounds declared with the metrics and columns, and asserted at
//! the end of every run in every build. A figure that nothing was observed for is not a number and
//! lies anywhere; every other figure is finite.

use super::{METRICS, RunResult};
use crate::system::config::Config;

/// Where a figure lies.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Any number.
    Any,
    /// From 0 on.
    NotNegative,
    /// Whole numbers from 0 on.
    Count,
    /// From 1 on.
    AtLeastOne,
    /// From 0 to 1.
    Share,
    /// From −1 to 1.
    SignedShare,
    /// From 0 to the measured time, in seconds.
    MeasuredTime,
    /// From 0 to the horizon, in seconds.
    Horizon,
}

/// Rounding that a mean over time may bring: sums of 2³² intervals at double precision.
const ROUNDING: f64 = 1e-6;

impl Bounds {
    /// What the unit of a figure says of its bounds.
    pub(super) const fn of_unit(unit: &str) -> Self {
        match unit.as_bytes() {
            b"share" => Self::Share,
            b"" | b"calls" | b"per bin" => Self::Count,
            _ => Self::NotNegative,
        }
    }

    /// Lower and upper end in any run, however long.
    #[must_use]
    pub fn always(self) -> (f64, f64) {
        self.ends(&Length { horizon_s: f64::INFINITY, measured_s: f64::INFINITY })
    }

    /// Lower and upper end in a run whose horizon and measured time are these, in seconds.
    fn ends(self, run: &Length) -> (f64, f64) {
        match self {
            Self::Any => (f64::NEG_INFINITY, f64::INFINITY),
            Self::NotNegative | Self::Count => (0.0, f64::INFINITY),
            Self::AtLeastOne => (1.0, f64::INFINITY),
            Self::Share => (0.0, 1.0),
            Self::SignedShare => (-1.0, 1.0),
            Self::MeasuredTime => (0.0, run.measured_s),
            Self::Horizon => (0.0, run.horizon_s),
        }
    }

    /// Whether a value lies within these bounds.
    fn holds(self, value: f64, run: &Length) -> bool {
        let (low, high) = self.ends(run);
        let slack = if high.is_finite() { ROUNDING * high } else { 0.0 };
        let whole = self != Self::Count || value.fract() == 0.0;
        let lies = value.is_finite() && value >= low - slack && value <= high + slack;
        value.is_nan() || lies && whole
    }
}

/// How long a run is.
#[derive(Copy, Clone, Debug)]
pub(super) struct Length {
    horizon_s: f64,
    measured_s: f64,
}

impl Length {
    pub(super) fn of(config: &Config) -> Self {
        let horizon = config.horizon.saturating_since(crate::engine::time::SimTime::ZERO);
        let measured = config.horizon.saturating_since(config.warmup);
        Self { horizon_s: horizon.as_secs_f64(), measured_s: measured.as_secs_f64() }
    }
}

/// A figure outside its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    /// The metric, or table, row and column.
    pub figure: String,
    /// The value.
    pub value: String,
    /// The bounds.
    pub bounds: String,
}

/// Holds every figure of a run against its bounds.
///
/// # Errors
/// The first figure outside its bounds.
pub(in crate::system) fn check(result: &RunResult, config: &Config) -> Result<(), OutOfBounds> {
    let run = Length::of(config);
    for (metric, value) in METRICS.iter().zip(&result.metrics) {
        lies(metric.bounds, *value, &run, || metric.name.to_owned())?;
    }
    for (table, breakdown) in
        [("trunks", &result.trunks), ("carriers", &result.carriers), ("faults", &result.faults)]
    {
        for (row, values) in &breakdown.rows {
            for (column, value) in breakdown.columns.iter().zip(values) {
                lies(column.bounds, *value, &run, || format!("{table}, {row}, {}", column.name))?;
            }
        }
    }
    for row in &result.limits.rows {
        for (column, value) in result.limits.columns.iter().zip(&row.values) {
            lies(column.bounds, *value, &run, || {
                format!("limits, {}, {}", row.limit, column.name)
            })?;
        }
    }
    for row in &result.series.rows {
        for (column, value) in result.series.columns.iter().zip(row) {
            lies(column.bounds, *value, &run, || format!("series, {} s, {}", row[0], column.name))?;
        }
    }
    Ok(())
}

fn lies(
    bounds: Bounds,
    value: f64,
    run: &Length,
    figure: impl Fn() -> String,
) -> Result<(), OutOfBounds> {
    if bounds.holds(value, run) {
        return Ok(());
    }
    let (low, high) = bounds.ends(run);
    let whole = if bounds == Bounds::Count { "whole numbers, " } else { "" };
    let bounds = format!("{whole}{low} to {high}");
    Err(OutOfBounds { figure: figure(), value: value.to_string(), bounds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_their_ends_and_nothing_beyond() {
        let run = Length { horizon_s: 100.0, measured_s: 60.0 };
        let cases = [
            (Bounds::Any, [-1e300, 1e300], [f64::NEG_INFINITY, f64::INFINITY]),
            (Bounds::NotNegative, [0.0, 0.5], [-1e-9, f64::INFINITY]),
            (Bounds::Count, [0.0, 7.0], [-1.0, 0.5]),
            (Bounds::AtLeastOne, [1.0, 1.5], [0.99, f64::INFINITY]),
            (Bounds::Share, [0.0, 1.0], [-0.001, 1.001]),
            (Bounds::SignedShare, [-1.0, 1.0], [-1.001, 1.001]),
            (Bounds::MeasuredTime, [0.0, 60.0], [-0.1, 61.0]),
            (Bounds::Horizon, [0.0, 100.0], [-0.1, 101.0]),
        ];
        for (bounds, inside, outside) in cases {
            assert!(inside.iter().all(|v| bounds.holds(*v, &run)), "{bounds:?}");
            assert!(outside.iter().all(|v| !bounds.holds(*v, &run)), "{bounds:?}");
            assert!(bounds.holds(f64::NAN, &run), "{bounds:?}: nothing observed");
        }
        let error = lies(Bounds::Share, 1.2, &run, || "x".to_owned()).unwrap_err();
        assert_eq!((error.value.as_str(), error.bounds.as_str()), ("1.2", "0 to 1"));
    }
}
