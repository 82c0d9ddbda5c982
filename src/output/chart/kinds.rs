//! What the charts of comparisons, searches, sensitivity and single runs show, as plain data.

use super::data::{Axis, Better, Level};
use super::format::said;

/// An estimate with the ends of its interval, which need not be symmetrical about it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate, in its axis' unit; NaN without it.
    pub value: f64,
    /// Lower end of the interval; NaN without it.
    pub low: f64,
    /// Upper end of the interval; NaN without it.
    pub high: f64,
}

impl Default for Estimate {
    fn default() -> Self {
        Self { value: f64::NAN, low: f64::NAN, high: f64::NAN }
    }
}

impl Estimate {
    /// A mean with half its interval's width, which may be not a number.
    #[must_use]
    pub fn about(mean: f64, half_width: f64) -> Self {
        Self { value: mean, low: mean - half_width, high: mean + half_width }
    }

    /// The ends of the interval, where there is one of some width.
    pub(super) fn interval(&self) -> Option<(f64, f64)> {
        (self.low.is_finite() && self.high.is_finite() && self.low < self.high)
            .then_some((self.low, self.high))
    }

    /// Every value an axis must show for it.
    pub(super) fn seen(&self) -> impl Iterator<Item = f64> + use<> {
        let value = self.value.is_finite().then_some(self.value);
        let ends = self.interval().filter(|_| value.is_some()).map(|(low, high)| [low, high]);
        value.into_iter().chain(ends.into_iter().flatten())
    }

    /// In words, with its interval: `81.2 % (80.0 % to 82.4 %)`.
    pub(super) fn said(&self, axis: &Axis) -> String {
        if !self.value.is_finite() {
            return "nothing observed".to_owned();
        }
        let value = said(axis, self.value);
        match self.interval() {
            Some((low, high)) => format!("{value} ({} to {})", said(axis, low), said(axis, high)),
            None => value,
        }
    }
}

/// Paired differences of arms from a control, a row each, the best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The difference, arm less control. Differences of shares are percentage points: numbers
    /// with that unit.
    pub value: Axis,
    /// Which sign of a difference is the good one; none where neither is.
    pub better: Option<Better>,
    /// What the arms are compared with: `today`.
    pub control: String,
    /// The differences, in any order.
    pub rows: Vec<Difference>,
    /// Small print below; may be empty.
    pub note: String,
}

/// A row of a [`Forest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The arm.
    pub label: String,
    /// Arm less control, in the value axis' unit.
    pub difference: Estimate,
    /// Stands out: the recommended arm.
    pub highlight: bool,
}

/// Shares of a measure's variance by factor, those with the largest total first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tornado {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// What the bars measure: the share of variance, or an elementary effect in the measure's unit.
    pub value: Axis,
    /// What the dark bars are: `Alone (first order)`; empty without dark bars.
    pub first: String,
    /// What the light bars are: `With all interactions (total)`.
    pub total: String,
    /// The factors, in any order.
    pub bars: Vec<Bar>,
    /// What replication noise alone would look like, in the value axis' unit: a bar that does not
    /// reach beyond it says nothing.
    pub noise: Option<Level>,
    /// Small print below; may be empty.
    pub note: String,
}

/// A factor of a [`Tornado`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// The factor.
    pub label: String,
    /// What it does alone; NaN if it is not estimated separately.
    pub first: Estimate,
    /// What it does with its interactions; never less than `first`, but for noise.
    pub total: Estimate,
}

/// Candidates over two objectives, or over each pair of three or four.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Front {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// What candidates are judged by. Of two, the first is the x axis.
    pub objectives: Vec<Objective>,
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// Small print below; may be empty.
    pub note: String,
}

/// What candidates of a [`Front`] are judged by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objective {
    /// The measure.
    pub axis: Axis,
    /// Which direction is the good one.
    pub better: Better,
}

/// A candidate of a [`Front`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub label: String,
    /// Its estimate of each objective.
    pub values: Vec<Estimate>,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a candidate stands, by all objectives together.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Another is as good in every objective and better in one.
    #[default]
    Dominated,
    /// No other dominates it.
    Front,
    /// The one that is recommended.
    Recommended,
}

/// Distributions of one measure, each a line of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distributions {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The measure.
    pub x: Axis,
    /// What distinguishes the lines, above their legend; may be empty.
    pub legend: String,
    /// The lines, in the legend's order.
    pub lines: Vec<Distribution>,
    /// Small print below; may be empty.
    pub note: String,
}

/// A line of [`Distributions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// What it is of.
    pub label: String,
    /// Values in rising order, each with the share of all that does not exceed it, 0 to 1.
    pub steps: Vec<(f64, f64)>,
    /// Quantiles to mark and to print in the legend.
    pub quantiles: Vec<Quantile>,
}

/// A marked quantile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantile {
    /// What it is called: `p95`.
    pub name: String,
    /// The share that does not exceed it, 0 to 1.
    pub share: f64,
    /// Its value, in the measure's unit.
    pub value: f64,
}

/// The mean of replications over the time of a run, its moving average, and the cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Welch {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// Time since the start of the run.
    pub x: Axis,
    /// The measure.
    pub y: Axis,
    /// Time and mean over the replications; a mean that is not a number leaves a gap.
    pub means: Vec<(f64, f64)>,
    /// Time and moving average.
    pub average: Vec<(f64, f64)>,
    /// What the moving average is over: `Moving average over 21 min`.
    pub average_label: String,
    /// Until when values are cut off, and what found that: `MSER-5: 25 min`.
    pub cut: Option<Level>,
    /// The mean of what is left: `Mean after the cut: 81.2 %`.
    pub level: Option<Level>,
    /// Small print below; may be empty.
    pub note: String,
}
