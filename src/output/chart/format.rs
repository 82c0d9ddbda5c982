//! How a chart writes its numbers.

use super::data::Axis;

/// What a number is, and so how it is written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A plain number; its unit, if any, stands in the axis' label.
    #[default]
    Number,
    /// A share from 0 to 1, written `80 %`. Its axis never leaves 0 … 100 %.
    Share,
    /// A time in seconds, written `50 ms`, `5 s`, `10 min` or `1 h`.
    Seconds,
    /// A time in milliseconds, written as [`Format::Seconds`] is.
    Milliseconds,
}

/// No-break, so that a unit stays with its number.
const SPACE: char = '\u{a0}';
/// Between thousands (ISO 80000-1).
const THIN_SPACE: char = '\u{2009}';

impl Format {
    /// A level or a logarithmic tick by itself, in the unit that suits it, to three digits.
    #[must_use]
    pub fn level(self, value: f64) -> String {
        let (number, unit) = match self {
            Self::Number => (value, ""),
            Self::Share => (value * 100.0, "%"),
            Self::Seconds => in_own_unit(value),
            Self::Milliseconds => in_own_unit(value / 1000.0),
        };
        with_unit(&shortest(number), unit)
    }

    /// One notation for means, each with half its interval's width: enough decimals to tell the
    /// means apart and to print all but the narrowest intervals to a digit or two, but no more than
    /// one beyond what tells the means apart.
    pub(super) fn notation_of(self, estimates: &[(f64, f64)]) -> Notation {
        let means = estimates.iter().map(|(mean, _)| *mean).filter(|mean| mean.is_finite());
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        let largest = if low.is_finite() { low.abs().max(high.abs()) } else { 0.0 };
        let span = if high > low { high - low } else { largest };
        let telling = span / 50.0;
        let widths = estimates.iter().map(|(_, width)| *width);
        let mut widths: Vec<f64> = widths.filter(|w| w.is_finite() && *w > 0.0).collect();
        widths.sort_by(f64::total_cmp);
        let narrow = widths.get(widths.len() / 4).map_or(telling, |width| width / 2.0);
        self.notation(largest, telling.min(narrow).max(telling / 10.0))
    }

    /// One notation for numbers that are compared, such as the ticks of a linear axis.
    /// `largest` chooses the unit, `precision` is what the last digit must still tell.
    pub(super) fn notation(self, largest: f64, precision: f64) -> Notation {
        let (factor, unit) = match self {
            Self::Number => (1.0, ""),
            Self::Share => (100.0, "%"),
            Self::Seconds if largest.abs() < 1.0 => (1000.0, "ms"),
            Self::Seconds => (1.0, "s"),
            Self::Milliseconds if largest.abs() < 1000.0 => (1.0, "ms"),
            Self::Milliseconds => (0.001, "s"),
        };
        let decimals = (-exponent(precision * factor)).clamp(0, 4) as usize;
        Notation { factor, unit, decimals }
    }
}

/// A value by itself, with the unit of its axis.
pub(super) fn said(axis: &Axis, value: f64) -> String {
    match axis.format {
        Format::Number => with_unit(&Format::Number.level(value), &axis.unit),
        own => own.level(value),
    }
}

/// A factor, a unit and a number of decimals, shared by numbers that are compared.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Notation {
    factor: f64,
    unit: &'static str,
    decimals: usize,
}

impl Notation {
    pub(super) fn write(&self, value: f64) -> String {
        with_unit(&fixed(value * self.factor, self.decimals), self.unit)
    }

    /// Half an interval's width, without the unit: `±1.2`, and `±<0.1` where that is too small.
    pub(super) fn plus_minus(&self, half_width: f64) -> String {
        let number = fixed(half_width * self.factor, self.decimals);
        let vanishes = number.chars().all(|digit| matches!(digit, '0' | '.'));
        if vanishes && half_width > 0.0 {
            let mut least = number;
            least.pop();
            return format!("±<{least}1");
        }
        if vanishes { "±0".to_owned() } else { format!("±{number}") }
    }
}

/// Seconds in the unit a person would say them in.
fn in_own_unit(seconds: f64) -> (f64, &'static str) {
    let whole = |unit: f64| (seconds / unit).fract().abs() < 1e-9;
    match seconds.abs() {
        below if below < 1e-12 => (0.0, ""),
        below if below < 1.0 => (seconds * 1000.0, "ms"),
        above if above >= 3600.0 && whole(3600.0) => (seconds / 3600.0, "h"),
        above if above >= 120.0 && whole(60.0) => (seconds / 60.0, "min"),
        _ => (seconds, "s"),
    }
}

fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}{SPACE}{unit}") }
}

/// Three significant digits without trailing zeros; whole digits are all kept.
fn shortest(value: f64) -> String {
    let written = fixed(value, (2 - exponent(value)).clamp(0, 9) as usize);
    if written.contains('.') {
        written.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        written
    }
}

/// A number with `decimals` decimals, a true minus sign, and its thousands apart from 10 000 on.
pub(in crate::output) fn fixed(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let negative = value < 0.0 && plain.chars().any(|digit| ('1'..='9').contains(&digit));
    let mut text = String::from(if negative { "\u{2212}" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && whole.len() > 4 && (whole.len() - index) % 3 == 0 {
            text.push(THIN_SPACE);
        }
        text.push(digit);
    }
    text + fraction
}

/// The exponent of a number in scientific notation; zero for zero, NaN and infinities.
pub(super) fn exponent(value: f64) -> i32 {
    if value.abs() < f64::MIN_POSITIVE || !value.is_finite() {
        return 0;
    }
    // A tick of 0.3 computed as 3 × 0.1 is meant to be what it looks like.
    (libm::log10(value.abs()) + 1e-9).floor() as i32
}

/// Ten to the given power, correctly rounded within ±22.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    let power = (0..exponent.abs()).fold(1.0, |power: f64, _| power * 10.0);
    if exponent < 0 { 1.0 / power } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_said_as_a_person_would() {
        let said: Vec<String> = [0.0, 0.0005, 0.05, 0.2, 1.0, 1.5, 90.0, 120.0, 3600.0, 5400.0]
            .map(|seconds| Format::Seconds.level(seconds).replace(SPACE, " "))
            .to_vec();
        let expected =
            ["0", "0.5 ms", "50 ms", "200 ms", "1 s", "1.5 s", "90 s", "2 min", "1 h", "90 min"];
        assert_eq!(said, expected);
        assert_eq!(Format::Milliseconds.level(2500.0), "2.5\u{a0}s");
        assert_eq!(Format::Share.level(0.8), "80\u{a0}%");
        assert_eq!(Format::Number.level(-12_345.0), "\u{2212}12\u{2009}345");
        assert_eq!(Format::Number.level(0.1 + 0.2), "0.3");
    }

    #[test]
    fn compared_numbers_share_a_unit_and_decimals() {
        let notation = Format::Milliseconds.notation(2500.0, 500.0);
        assert_eq!(notation.write(500.0), "0.5\u{a0}s");
        let notation = Format::Share.notation_of(&[(0.35, 0.006), (0.93, 0.02), (0.6, f64::NAN)]);
        assert_eq!(notation.write(0.35), "35.0\u{a0}%");
        assert_eq!(notation.plus_minus(0.0004), "±<0.1");
        assert_eq!(notation.plus_minus(0.0), "±0");
    }

    #[test]
    fn a_negative_that_rounds_to_zero_has_no_sign() {
        assert_eq!(Format::Number.notation(1.0, 1.0).write(-0.2), "0");
    }
}
