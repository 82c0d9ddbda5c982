//! What a study says its points must keep to: thresholds of metrics, or of how often in a time
//! something is counted. Written as a table, or as a line such as
//! `failovers_unnecessary <= 2 per day`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Point};
use super::select::threshold::Threshold;
use crate::engine::time::SimDuration;
use crate::system::metrics::index_of;

/// A threshold on a metric: either `at_least` or `at_most`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
#[schemars(with = "Written")]
pub struct SlaSpec {
    /// The metric.
    pub metric: String,
    /// It must not be below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// It must not be above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// The limit is one per this time, instead of one for the whole measured time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// Whether it is written as a line, in which no key has a place of its own.
    #[serde(skip)]
    pub line: bool,
}

/// How a threshold is written.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// A line: the metric, `>=` or `<=`, the limit, and `per hour` or the like where it is a rate.
    Line(String),
    /// A table.
    Table(SlaTable),
}

/// A threshold on a metric: either `at_least` or `at_most`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlaTable {
    /// The metric.
    metric: String,
    /// It must not be below this, in the metric's unit.
    #[serde(default)]
    at_least: Option<f64>,
    /// It must not be above this, in the metric's unit.
    #[serde(default)]
    at_most: Option<f64>,
    /// For a metric that adds up over time: the limit is one per this time, instead of one for the
    /// whole measured time.
    #[serde(default)]
    per: Option<Per>,
}

impl TryFrom<Written> for SlaSpec {
    type Error = NoThreshold;

    fn try_from(written: Written) -> Result<Self, NoThreshold> {
        match written {
            Written::Line(line) => line.parse(),
            Written::Table(SlaTable { metric, at_least, at_most, per }) => {
                Ok(Self { metric, at_least, at_most, per, line: false })
            }
        }
    }
}

/// A time that something is counted in.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of 24 hours.
    Day,
}

impl Per {
    /// All units of time.
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length.
    #[must_use]
    pub const fn length(self) -> SimDuration {
        SimDuration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        })
    }
}

/// A line that is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a metric, `>=` or `<=`, and a number; like \"service_level >= 0.8\" or \
     \"failovers_unnecessary <= 2 per day\""
)]
pub struct NoThreshold;

impl FromStr for SlaSpec {
    type Err = NoThreshold;

    fn from_str(line: &str) -> Result<Self, NoThreshold> {
        let least = line.split_once(">=").or_else(|| line.split_once('≥'));
        let most = line.split_once("<=").or_else(|| line.split_once('≤'));
        let (metric, rest) = least.or(most).ok_or(NoThreshold)?;
        let (limit, per) = match rest.split_once(" per ") {
            None => (rest, None),
            Some((limit, time)) => {
                let known = Per::ALL.into_iter().find(|per| per.word() == time.trim());
                (limit, Some(known.ok_or(NoThreshold)?))
            }
        };
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| NoThreshold);
        let limit = match limit.trim().strip_suffix('%') {
            Some(percent) => number(percent)? / 100.0,
            None => number(limit)?,
        };
        let metric = metric.trim();
        if metric.is_empty() || metric.contains(char::is_whitespace) {
            return Err(NoThreshold);
        }
        let (at_least, at_most) =
            if least.is_some() { (Some(limit), None) } else { (None, Some(limit)) };
        Ok(Self { metric: metric.to_owned(), at_least, at_most, per, line: true })
    }
}

impl SlaSpec {
    /// The threshold as written, where exactly one limit is given.
    #[must_use]
    pub const fn written(&self) -> Option<Threshold> {
        match (self.at_least, self.at_most) {
            (Some(limit), None) => Some(Threshold::AtLeast(limit)),
            (None, Some(limit)) => Some(Threshold::AtMost(limit)),
            _ => None,
        }
    }

    /// The threshold for the metric of a run that measures so long: a limit per day is one of half
    /// as much for a run that measures half a day.
    #[must_use]
    pub fn threshold(&self, measured: SimDuration) -> Option<Threshold> {
        let times = 1.0 / self.scale(measured);
        self.written().map(|threshold| match threshold {
            Threshold::AtLeast(limit) => Threshold::AtLeast(limit * times),
            Threshold::AtMost(limit) => Threshold::AtMost(limit * times),
        })
    }

    /// What the metric of a run that measures so long is multiplied with to be held against the
    /// limit as written.
    #[must_use]
    pub fn scale(&self, measured: SimDuration) -> f64 {
        self.per.map_or(1.0, |per| per.length().as_secs_f64() / measured.as_secs_f64())
    }
}

impl fmt::Display for SlaSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        if let Some(threshold) = self.written() {
            write!(f, " {threshold}")?;
        }
        match self.per {
            Some(per) => write!(f, " per {}", per.word()),
            None => Ok(()),
        }
    }
}

impl Plan {
    /// What the metrics of a run of this point must keep to: the place of each metric, and its
    /// threshold in the metric's unit, rates made into numbers of the measured time.
    #[must_use]
    pub fn thresholds(&self, point: usize) -> Vec<(usize, Threshold)> {
        let measured = self.measured(point);
        let threshold = |sla: &SlaSpec| Some((index_of(&sla.metric)?, sla.threshold(measured)?));
        self.study.sla.iter().filter_map(threshold).collect()
    }

    /// How long a run of this point measures.
    #[must_use]
    pub fn measured(&self, point: usize) -> SimDuration {
        let Point { horizon, warmup, .. } = self.points[point];
        horizon.saturating_sub(warmup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_a_table_says() {
        let table = |text: &str| toml::from_str::<SlaSpec>(text).unwrap();
        for (line, text) in [
            ("service_level >= 0.80", "metric = \"service_level\"\nat_least = 0.8"),
            ("service_level>=80%", "metric = \"service_level\"\nat_least = 0.8"),
            ("api_429s ≤ 12", "metric = \"api_429s\"\nat_most = 12"),
            ("failovers <= 2 per day", "metric = \"failovers\"\nat_most = 2\nper = \"day\""),
        ] {
            assert_eq!(line.parse(), Ok(SlaSpec { line: true, ..table(text) }), "{line}");
        }
        for line in ["", "service_level", "a b >= 1", "a >= ", "a > 1", "a <= 2 per week", ">= 3"] {
            assert_eq!(line.parse::<SlaSpec>(), Err(NoThreshold), "{line}");
        }
    }

    #[test]
    fn a_rate_is_a_number_of_the_measured_time() {
        let sla: SlaSpec = "failovers <= 6 per day".parse().unwrap();
        let four_hours = SimDuration::from_secs(4 * 3600);
        assert_eq!(sla.threshold(four_hours), Some(Threshold::AtMost(1.0)));
        assert!((sla.scale(four_hours) - 6.0).abs() < 1e-12);
        assert_eq!(sla.to_string(), "failovers at most 6 per day");
        let sla: SlaSpec = "service_level >= 0.8".parse().unwrap();
        assert_eq!(sla.threshold(four_hours), Some(Threshold::AtLeast(0.8)));
    }
}
