//! Where a value stands along an axis, and where its ticks are.

use super::data::Axis;
use super::format::{Format, exponent, power_of_ten};
use super::picture::Type;

/// The share of a logarithmic axis before its break, where zero is.
const ZERO_SLOT: f64 = 0.09;
/// Pixels between the texts of two ticks.
const TICK_GAP: f64 = 8.0;
/// About how many ticks a linear axis has; up to twice that on a logarithmic one.
pub(super) const TICKS: usize = 5;
/// A measure's axis is cut into no more intervals than this.
const INTERVALS_MAX: f64 = 6.0;
/// More levels than this are not ticks by themselves.
pub(super) const LEVELS_MAX: usize = 12;

/// The mapping of a value to a share of an axis, from 0 to 1.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// On a logarithmic axis: zero is shown, before a break.
    pub(super) zero: bool,
    format: Format,
    /// Between ticks, if the ends were rounded to it.
    step: Option<f64>,
}

impl Scale {
    /// From the least to the greatest value, exactly: for a factor, or a scale of colours.
    pub(super) fn exact(axis: &Axis, values: &[f64]) -> Self {
        let mut finite: Vec<f64> =
            values.iter().filter(|v| v.is_finite()).map(|v| axis.possible(*v)).collect();
        finite.sort_by(f64::total_cmp);
        let log = axis.log && finite.last().is_some_and(|&high| high > 0.0);
        let zero = log && finite.first().is_some_and(|&low| low <= 0.0);
        if log {
            finite.retain(|&value| value > 0.0);
        }
        let low = finite.first().copied().unwrap_or(0.0);
        let high = finite.last().copied().unwrap_or(0.0);
        let scale = Self { low, high, log, zero, format: axis.format, step: None };
        match axis.range {
            Some((low, high)) if low < high && (!log || low > 0.0) => Self { low, high, ..scale },
            _ => scale,
        }
    }

    /// The same, widened to round numbers: for a measure. Shares stay within 0 and 1.
    pub(super) fn rounded(axis: &Axis, values: &[f64]) -> Self {
        let exact = Self::exact(axis, values);
        if axis.range.is_some() {
            exact
        } else if exact.log {
            exact.rounded_log()
        } else {
            exact.rounded_linear()
        }
    }

    fn rounded_log(self) -> Self {
        let steps = |decade: i32| [1.0, 2.0, 5.0].map(|step| step * power_of_ten(decade));
        let first = exponent(self.low);
        let last = exponent(self.high);
        let mut below = steps(first).into_iter().filter(|&step| step <= self.low * (1.0 + 1e-9));
        let above = steps(last).into_iter().chain([power_of_ten(last + 1)]);
        let low = below.next_back().unwrap_or(self.low);
        let high = above.into_iter().find(|&step| step >= self.high * (1.0 - 1e-9));
        let high = high.unwrap_or(self.high);
        let high = if high > low { high } else { low * 2.0 };
        Self { low, high, ..self }
    }

    fn rounded_linear(self) -> Self {
        let (mut low, mut high) = (self.low, self.high);
        let least = match self.format {
            Format::Share => 0.05,
            _ => (low.abs().max(high.abs()) * 0.05).max(1e-9),
        };
        if low.abs().max(high.abs()) < f64::MIN_POSITIVE {
            // Nothing but zeros, or nothing at all.
            high = 1.0;
        } else if high - low < least {
            let middle = f64::midpoint(low, high);
            let all_positive = low >= 0.0;
            (low, high) = (middle - least / 2.0, middle + least / 2.0);
            low = if all_positive { low.max(0.0) } else { low };
        }
        if self.format == Format::Share {
            (low, high) = (low.clamp(0.0, 0.95), high.clamp(0.05, 1.0));
        }
        // Narrow steps waste least of the plot; the first that makes few enough is taken.
        let mut step = round_step((high - low) / (2.0 * INTERVALS_MAX));
        loop {
            let (first, last) = ((low / step + 1e-6).floor(), (high / step - 1e-6).ceil());
            if last - first <= INTERVALS_MAX {
                return Self { low: first * step, high: last * step, step: Some(step), ..self };
            }
            step = round_step(step * 1.9);
        }
    }

    /// Both signs are shown.
    pub(super) fn straddles_zero(&self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    /// Where a value stands; what is outside stands at the end, what is not a number in the middle.
    pub(super) fn share(&self, value: f64) -> f64 {
        let before = if self.zero { ZERO_SLOT } else { 0.0 };
        if self.log && value <= 0.0 {
            return 0.0;
        }
        let of = |value: f64| if self.log { libm::log10(value) } else { value };
        let (low, high) = (of(self.low), of(self.high));
        let share = if high > low { (of(value) - low) / (high - low) } else { 0.5 };
        let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
        before + (1.0 - before) * share
    }

    /// Round values within the scale, each with its text.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        if !self.log {
            return self.linear_ticks(wanted);
        }
        let values = self.log_values(2 * wanted);
        if values.len() < 3 && !self.zero {
            return self.linear_ticks(wanted);
        }
        let zero = self.zero.then_some(0.0);
        zero.into_iter().chain(values).map(|value| (value, self.format.level(value))).collect()
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let largest = self.low.abs().max(self.high.abs());
        if self.high <= self.low {
            let notation = self.format.notation(largest, largest / 100.0);
            return vec![(self.low, notation.write(self.low))];
        }
        let step = self.step.unwrap_or(round_step((self.high - self.low) / wanted as f64));
        let notation = self.format.notation(largest, step);
        let first = (self.low / step - 1e-6).ceil();
        let last = (self.high / step + 1e-6).floor();
        let count = (last - first + 1.0).max(0.0) as usize;
        let values = (0..count).map(|index| (first + index as f64) * step);
        values.map(|value| (value, notation.write(value))).collect()
    }

    /// 1, 2 and 5 of each decade; only 1 where that is too many; only some decades at last.
    fn log_values(&self, most: usize) -> Vec<f64> {
        let (first, last) = (exponent(self.low), exponent(self.high));
        let within = |steps: &[f64], every: usize| -> Vec<f64> {
            (first..=last)
                .step_by(every)
                .flat_map(|decade| steps.iter().map(move |step| step * power_of_ten(decade)))
                .filter(|&v| v >= self.low * (1.0 - 1e-9) && v <= self.high * (1.0 + 1e-9))
                .collect()
        };
        let all = within(&[1.0, 2.0, 5.0], 1);
        if all.len() <= most {
            return all;
        }
        let decades = within(&[1.0], 1);
        if decades.len() <= most { decades } else { within(&[1.0], decades.len().div_ceil(most)) }
    }
}

/// The ticks whose texts stand clear of one another at the places given: the ends first, then the
/// rest from the start.
pub(super) fn spread(
    ticks: Vec<(f64, String)>,
    place: impl Fn(f64) -> f64,
    set: Type,
) -> Vec<(f64, String)> {
    let reach = |(value, text): &(f64, String)| {
        let half = set.room(text) / 2.0 + TICK_GAP / 2.0;
        (place(*value) - half, place(*value) + half)
    };
    let last = ticks.len().saturating_sub(1);
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut kept = vec![false; ticks.len()];
    for index in [0, last].into_iter().chain(1..last).filter(|&index| index < ticks.len()) {
        let (low, high) = reach(&ticks[index]);
        if taken.iter().all(|&(from, to)| high <= from || low >= to) {
            taken.push((low, high));
            kept[index] = true;
        }
    }
    ticks.into_iter().zip(kept).filter_map(|(tick, kept)| kept.then_some(tick)).collect()
}

/// The step of 1, 2 or 5 times a power of ten that is closest to the one wanted.
fn round_step(wanted: f64) -> f64 {
    if wanted < f64::MIN_POSITIVE || !wanted.is_finite() {
        return 1.0;
    }
    let decade = power_of_ten(exponent(wanted));
    match wanted / decade {
        factor if factor < 1.5 => decade,
        factor if factor < 3.5 => 2.0 * decade,
        factor if factor < 7.5 => 5.0 * decade,
        _ => 10.0 * decade,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis, values: &[f64]) -> Vec<String> {
        let scale = Scale::rounded(axis, values);
        scale.ticks(TICKS).into_iter().map(|(_, text)| text.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_measure_is_framed_by_ticks() {
        let share = Axis { format: Format::Share, ..Axis::default() };
        assert_eq!(
            ticks(&share, &[0.491, 0.862]),
            ["40 %", "50 %", "60 %", "70 %", "80 %", "90 %"]
        );
        assert_eq!(ticks(&share, &[1.0, 1.02]).last().unwrap(), "100 %");
        assert_eq!(ticks(&Axis::default(), &[0.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(
            ticks(&Axis::default(), &[-3.0, 5.0]),
            ["\u{2212}4", "\u{2212}2", "0", "2", "4", "6"]
        );
    }

    #[test]
    fn a_logarithmic_measure_too() {
        let counts = Axis { limits: Some((0.0, f64::INFINITY)), ..Axis::default() };
        assert_eq!(ticks(&counts, &[-3.0, 5.0]), ["0", "1", "2", "3", "4", "5"]);
        let log = Axis { log: true, format: Format::Milliseconds, ..Axis::default() };
        assert_eq!(ticks(&log, &[121.0, 900.0]), ["100 ms", "200 ms", "500 ms", "1 s"]);
        assert_eq!(ticks(&log, &[0.0, 20.0, 90.0]), ["0", "20 ms", "50 ms", "100 ms"]);
        let decades = ticks(&log, &[1.0, 2e6]);
        assert_eq!(decades[..3], ["1 ms", "10 ms", "100 ms"]);
    }

    #[test]
    fn zero_stands_before_the_break_of_a_logarithmic_axis() {
        let log = Axis { log: true, ..Axis::default() };
        let scale = Scale::exact(&log, &[0.0, 1.0, 100.0]);
        assert_eq!(
            [0.0, 1.0, 10.0, 100.0].map(|value| (scale.share(value) * 1000.0) as i32),
            [0, 90, 545, 1000]
        );
    }

    #[test]
    fn no_two_ticks_touch() {
        let set = Type::regular(12.0, super::super::ink::BLACK);
        let ticks = [1.0, 2.0, 3.0, 100.0].map(|value| (value, format!("{value} calls"))).to_vec();
        let kept = spread(ticks, |value| value * 5.0, set);
        assert_eq!(kept.iter().map(|(value, _)| *value as i32).collect::<Vec<_>>(), [1, 100]);
    }
}
