//! Simulated time: integer nanoseconds since the start of the run.
//!
//! Only `T + D`, `T − T` and `D ± D` exist, all checked: an overflow or a negative difference is a
//! bug and panics. A float becomes nanoseconds once, at parsing or sampling, rounded to the
//! nearest nanosecond, ties away from zero.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant of a run, in nanoseconds since its start.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime(u64);

/// A length of simulated time, in nanoseconds. In files it reads `500ms`, `4s`, `15m`, `1h 30m`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimDuration(u64);

const NANOS_PER_SEC: f64 = 1e9;

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Later than every event: "never".
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC
    }

    /// The time since `earlier`, or zero where `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// `self + d`, or [`SimTime::NEVER`] where that does not fit.
    #[must_use]
    pub const fn saturating_add(self, d: SimDuration) -> Self {
        Self(self.0.saturating_add(d.0))
    }

    /// `self − d`, or the start where `d` reaches before it.
    #[must_use]
    pub const fn saturating_sub(self, d: SimDuration) -> Self {
        Self(self.0.saturating_sub(d.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest length that can be held (584 years).
    pub const MAX: Self = Self(u64::MAX);

    /// A length in nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length in milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A length in whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// A length in seconds, rounded to the nearest nanosecond; too long a one becomes
    /// [`SimDuration::MAX`].
    ///
    /// # Panics
    /// Where `secs` is negative or not a number.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        assert!(secs >= 0.0, "a length of time cannot be {secs} s");
        Self(libm::round(secs * NANOS_PER_SEC) as u64)
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC
    }

    /// Milliseconds.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `factor` times as long, rounded to the nearest nanosecond.
    ///
    /// # Panics
    /// Where `factor` is negative or not a number.
    #[must_use]
    pub fn mul_f64(self, factor: f64) -> Self {
        assert!(factor >= 0.0, "a length of time cannot be multiplied by {factor}");
        Self(libm::round(self.0 as f64 * factor) as u64)
    }

    /// `self + other`, or [`SimDuration::MAX`] where that does not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self − other`, or zero where `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

// A file may name a century, and what is made of several such is no bug: sums and products end at
// the last instant and the longest length. A difference that turns negative is a bug.

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, d: SimDuration) -> Self {
        self.saturating_add(d)
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, d: SimDuration) {
        *self = *self + d;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.checked_sub(earlier.0).expect("an earlier instant lies later"))
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, d: Self) -> Self {
        self.saturating_add(d)
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, d: Self) {
        *self = *self + d;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, d: Self) -> Self {
        Self(self.0.checked_sub(d.0).expect("a length of time turns negative"))
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Div<u64> for SimDuration {
    type Output = Self;
    fn div(self, parts: u64) -> Self {
        Self(self.0 / parts)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.as_secs_f64())
    }
}

/// Units from the longest down: symbol and nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        let mut first = true;
        for (symbol, nanos) in UNITS {
            if rest >= nanos {
                let separator = if first { "" } else { " " };
                write!(f, "{separator}{}{symbol}", rest / nanos)?;
                rest %= nanos;
                first = false;
            }
        }
        Ok(())
    }
}

/// What a text that is no length of time gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a length of time: `{0}`; write a number with its unit, like 500ms, 4s, 15m, 1h 30m")]
pub struct DurationError(String);

impl FromStr for SimDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let refuse = || DurationError(text.to_owned());
        let parsed: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
        let nanos = u64::try_from(parsed.as_nanos()).map_err(|_| refuse())?;
        Ok(Self(nanos))
    }
}

impl Serialize for SimDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SimDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for SimDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "duration-text",
            "description": "A length of time with its unit: 500ms, 4s, 15m, 1h 30m",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_people_write_them() {
        for (text, nanos) in [
            ("500ms", 500_000_000),
            ("4s", 4_000_000_000),
            ("15m", 900_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("0s", 0),
            ("1s 500ms", 1_500_000_000),
        ] {
            let parsed: SimDuration = text.parse().unwrap();
            assert_eq!(parsed.as_nanos(), nanos, "{text}");
            assert_eq!(parsed.to_string(), text);
        }
        assert_eq!("1.5s".parse(), Ok(SimDuration::from_millis(1500)));
        for bad in ["-4s", "4", "four", "", "4 parsecs", "NaN"] {
            assert!(bad.parse::<SimDuration>().is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_round_to_the_nearest_nanosecond() {
        assert_eq!(SimDuration::from_secs_f64(1.5e-9).as_nanos(), 2);
        assert_eq!(SimDuration::from_secs_f64(0.4e-9).as_nanos(), 0);
        assert_eq!(SimDuration::from_secs_f64(f64::INFINITY), SimDuration::MAX);
    }

    /// A file may name centuries, and an overflow must not be a bug.
    #[test]
    fn sums_and_products_end_at_the_longest() {
        let century = SimDuration::from_secs(100 * 365 * 86_400);
        let (mut at, mut length) = (SimTime::ZERO, SimDuration::ZERO);
        for _ in 0..7 {
            at += century;
            length += century;
        }
        assert_eq!((at, length), (SimTime::NEVER, SimDuration::MAX));
        assert_eq!((at + century, length + century), (SimTime::NEVER, SimDuration::MAX));
        assert_eq!((century * 6, century * u64::MAX), (SimDuration::MAX, SimDuration::MAX));
        assert_eq!(century.mul_f64(1e9), SimDuration::MAX);
    }

    #[test]
    #[should_panic(expected = "cannot be -1 s")]
    fn a_negative_length_is_a_bug() {
        let _ = SimDuration::from_secs_f64(-1.0);
    }
}
