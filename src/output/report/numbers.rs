//! Numbers as a reader of the report wants them.

use crate::output::chart::fixed;

/// A number with its interval, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// `86.4 %`.
    pub(super) value: String,
    /// `85.6 to 87.2`; empty where there is none.
    pub(super) interval: String,
}

/// A value in the unit of a metric, with the ends of its interval where there is one. Decimals are
/// as fine as a third of half the interval's width, or three digits.
pub(super) fn figures(value: f64, interval: Option<(f64, f64)>, unit: &str) -> Figures {
    if !value.is_finite() {
        return Figures { value: "–".to_owned(), interval: String::new() };
    }
    let (factor, sign) = match unit {
        "share" => (100.0, "\u{a0}%".to_owned()),
        "" => (1.0, String::new()),
        unit => (1.0, format!("\u{a0}{unit}")),
    };
    let interval = interval.filter(|(low, high)| low.is_finite() && high.is_finite());
    let half = interval.map_or(0.0, |(low, high)| (high - low) / 2.0 * factor);
    let decimals = decimals(value * factor, half);
    let write = |number: f64| {
        let text = fixed(number * factor, decimals);
        // Beside an interval a zero means something; by itself it does not.
        if interval.is_none() && text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    Figures {
        value: format!("{}{sign}", write(value)),
        interval: interval
            .map_or_else(String::new, |(low, high)| format!("{} to {}", write(low), write(high))),
    }
}

fn decimals(value: f64, half_width: f64) -> usize {
    let whole = value.fract().abs() < 1e-9;
    let finest = match () {
        () if half_width > 0.0 => half_width / 3.0,
        () if whole || value.abs() < f64::MIN_POSITIVE => return 0,
        () => value.abs() / 100.0,
    };
    (-(libm::log10(finest) + 1e-9).floor()).clamp(0.0, 5.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_that_mean_something() {
        let written = |value, interval, unit| {
            let figures = figures(value, interval, unit);
            (figures.value.replace(['\u{a0}', '\u{2009}'], " "), figures.interval)
        };
        let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(written(0.8642, Some((0.856, 0.8724)), "share"), text("86.4 %", "85.6 to 87.2"));
        assert_eq!(written(12_345.678, None, ""), text("12 346", ""));
        assert_eq!(written(12.0, None, "ms"), text("12 ms", ""));
        assert_eq!(written(0.012_34, None, "1/s"), text("0.0123 1/s", ""));
        assert_eq!(written(3.0, Some((3.0, 3.0)), ""), text("3", "3 to 3"));
        assert_eq!(written(0.95, None, ""), text("0.95", ""));
        assert_eq!(written(0.95, Some((0.9, 1.0)), ""), text("0.95", "0.90 to 1.00"));
        assert_eq!(written(f64::NAN, None, "s"), text("–", ""));
    }
}
