//! Figures as results hold them and sentences tell them: an estimate with its ends, a number rounded
//! to what its interval leaves certain, a point by the levels that set it apart.

use serde::{Deserialize, Deserializer, Serialize};

use super::plan::Plan;
use crate::engine::statistics::{Bounds, Interval};
use crate::system::metrics::Metric;

/// An estimate with the ends of its interval, in the metric's unit and not rounded. `null` stands
/// where nothing was observed, where there are too few values for an interval, and where an end is
/// not bounded.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
}

impl From<Bounds> for Estimate {
    fn from(bounds: Bounds) -> Self {
        let known = |value: f64| value.is_finite().then_some(value);
        Self { estimate: known(bounds.estimate), low: known(bounds.low), high: known(bounds.high) }
    }
}

impl From<Interval> for Estimate {
    fn from(interval: Interval) -> Self {
        interval.bounds().into()
    }
}

impl Estimate {
    /// The estimate; NaN without an estimate.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.estimate.unwrap_or(f64::NAN)
    }

    /// Half the width of the interval; NaN without an interval.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        match (self.low, self.high) {
            (Some(low), Some(high)) => (high - low) / 2.0,
            _ => f64::NAN,
        }
    }
}

/// Reads back a number from results, where `null` stands for NaN.
///
/// # Errors
/// Where it is something else.
pub fn or_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

/// How people read the numbers of a metric: shares in percent, the rest in their own unit.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Reading {
    /// What a value is multiplied by.
    pub factor: f64,
    /// The unit of a value, empty for counts and ratios.
    pub unit: &'static str,
    /// The unit of a difference of two: of percentages, points.
    pub unit_of_difference: &'static str,
    /// Whether it counts things, of which there are more or fewer; else it is higher or lower.
    pub counts: bool,
}

impl Reading {
    /// That of a number without a unit.
    pub const PLAIN: Self = Self { factor: 1.0, unit: "", unit_of_difference: "", counts: false };

    /// That of a metric.
    #[must_use]
    pub fn of(metric: &Metric) -> Self {
        let plain = |unit| Self { factor: 1.0, unit, unit_of_difference: unit, counts: false };
        match metric.unit {
            "share" => {
                Self { factor: 100.0, unit: "%", unit_of_difference: "points", counts: false }
            }
            "1/s" => plain("/s"),
            "calls" => Self { counts: true, ..plain("") },
            unit => plain(unit),
        }
    }

    /// A value with its interval and unit: `86.4 ± 0.8 %`; a dash without a value.
    #[must_use]
    pub fn value(&self, estimate: &Estimate) -> String {
        with_unit(self.number(estimate), self.unit)
    }

    /// A difference with its sign, interval and unit: `+1.9 ± 0.4 points`.
    #[must_use]
    pub fn difference(&self, difference: &Estimate) -> String {
        let sign = if difference.value() > 0.0 { "+" } else { "" };
        let number = self.number(difference);
        with_unit(format!("{sign}{number}"), self.unit_of_difference)
    }

    /// The size of a difference with its interval and unit: `1.9 ± 0.4 points`.
    #[must_use]
    pub fn size(&self, difference: &Estimate) -> String {
        let size = Estimate { estimate: difference.estimate.map(f64::abs), ..*difference };
        with_unit(self.number(&size), self.unit_of_difference)
    }

    fn number(&self, estimate: &Estimate) -> String {
        let (value, half) = (estimate.value() * self.factor, estimate.half_width() * self.factor);
        if value.is_nan() {
            return "-".to_owned();
        }
        let digits = digits(&[(value, half)]);
        match half.is_nan() {
            true => fixed(value, digits),
            false => format!("{} ± {}", fixed(value, digits), fixed(half, digits)),
        }
    }
}

fn with_unit(number: String, unit: &str) -> String {
    match (number.as_str(), unit) {
        ("-", _) | (_, "") => number,
        (_, "/s") => format!("{number}/s"),
        _ => format!("{number} {unit}"),
    }
}

/// Decimals for numbers that stand together, given as value and half-width: enough for one digit of
/// the least half-width, two where the first is 1 or 2 (Taylor, "An Introduction to Error
/// Analysis", section 2.2), but no more than one beyond what the greatest asks for, and four at
/// most. Without half-widths two, or none where all are whole.
#[must_use]
pub fn digits(numbers: &[(f64, f64)]) -> usize {
    const MOST: i32 = 4;
    let needed = |half: f64| {
        let power = libm::floor(libm::log10(half));
        // What rounds to 3 begins with a 3.
        let first = half / libm::pow(10.0, power);
        let decimals = i32::from(first < 2.95) - power.clamp(-100.0, 100.0) as i32;
        decimals.clamp(0, MOST)
    };
    // What rounding leaves of equal values is no half-width.
    let real = |(value, half): &&(f64, f64)| half.is_finite() && *half > value.abs() * 1e-12;
    let halves = || numbers.iter().filter(real).map(|(_, half)| *half);
    let least = halves().map(needed).max();
    let greatest = halves().map(needed).min();
    match (least, greatest) {
        (Some(most), Some(fewest)) => most.min(fewest + 1) as usize,
        _ if numbers
            .iter()
            .all(|(value, _)| value.is_nan() || (value - value.round()).abs() < 1e-9) =>
        {
            0
        }
        _ => 2,
    }
}

/// A number with `decimals` decimals; what rounds to nothing has no sign.
#[must_use]
pub fn fixed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        _ => text,
    }
}

/// A confidence in percent, as written: `95`, `99.5`.
#[must_use]
pub fn percent(confidence: f64) -> String {
    let text = format!("{:.6}", confidence * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The factors that are not the same at every point.
#[must_use]
pub fn varying(plan: &Plan) -> Vec<usize> {
    let first = &plan.points[0].levels;
    let varies = |f: &usize| plan.points.iter().any(|point| point.levels[*f] != first[*f]);
    (0..plan.factors.len()).filter(varies).collect()
}

/// A point by what sets it apart: `base = 50ms, jitter = full` of the factors that vary; where only
/// one does and its levels are words, its level alone.
#[must_use]
pub fn label(plan: &Plan, point: usize) -> String {
    let varying = varying(plan);
    let level = |f: &usize| &plan.factors[*f].levels[plan.points[point].levels[*f]];
    match varying.as_slice() {
        [] => plan.describe(point),
        [only] if level(only).number.is_none() => level(only).label.clone(),
        many => {
            let parts =
                many.iter().map(|f| format!("{} = {}", plan.factors[*f].name, level(f).label));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::metrics::{METRICS, index_of};

    fn around(estimate: f64, half: f64) -> Estimate {
        Bounds { estimate, low: estimate - half, high: estimate + half }.into()
    }

    fn reading(metric: &str) -> Reading {
        Reading::of(&METRICS[index_of(metric).unwrap()])
    }

    #[test]
    fn a_number_is_rounded_to_what_its_interval_leaves_certain() {
        let share = reading("service_level");
        assert_eq!(share.value(&around(0.86412, 0.00831)), "86.4 ± 0.8 %");
        assert_eq!(share.value(&around(0.86412, 0.00131)), "86.41 ± 0.13 %");
        assert_eq!(share.size(&around(-0.019, 0.0042)), "1.9 ± 0.4 points");
        assert_eq!(share.value(&around(0.86412, f64::NAN)), "86.41 %");
        assert_eq!(share.value(&around(f64::NAN, f64::NAN)), "-");
        let count = reading("failovers");
        assert_eq!(count.value(&around(1234.4, 56.0)), "1234 ± 56");
        assert_eq!(count.value(&around(7.0, 0.0)), "7 ± 0");
        assert_eq!(count.size(&around(-3.24, 0.41)), "3.2 ± 0.4");
        assert_eq!(share.difference(&around(0.042, 0.008)), "+4.2 ± 0.8 points");
        assert_eq!(share.difference(&around(-0.042, 0.008)), "-4.2 ± 0.8 points");
        let latency = reading("update_latency_ms_p95");
        assert_eq!(latency.difference(&around(212.0, 31.0)), "+212 ± 31 ms");
    }

    #[test]
    fn numbers_of_a_column_have_the_same_decimals() {
        assert_eq!(digits(&[(1.0, 0.4), (2.0, 33.0)]), 1);
        assert_eq!(digits(&[(1.0, 0.0004), (2.0, 33.0)]), 1);
        assert_eq!(digits(&[(1.0, 0.4), (2.0, 0.14)]), 2);
        assert_eq!(digits(&[(1.0, 1e-7)]), 4);
        assert_eq!(digits(&[(-2.0, 2.2e-16)]), 0);
        assert_eq!(digits(&[(-1.999_999_999_999_9, 2.2e-16)]), 0);
        assert_eq!(digits(&[(1.0, f64::NAN), (2.5, f64::NAN)]), 2);
        assert_eq!(digits(&[(1.0, 0.0), (f64::NAN, f64::NAN)]), 0);
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(-0.06, 1), "-0.1");
        assert_eq!([0.95, 0.57, 0.9975, 0.9].map(percent), ["95", "57", "99.75", "90"]);
    }
}
