//! What a chart shows, as plain data.

use super::format::Format;
use super::kinds::{Distributions, Forest, Front, Tornado, Welch};
use super::lanes::Lanes;

/// One chart.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    /// Lines over a numeric factor.
    Curves(Curves),
    /// A colour and a number for each pair of two factors' levels.
    HeatMap(HeatMap),
    /// Arms of a comparison, each with its interval.
    Ranking(Ranking),
    /// Things side by side over one axis of time.
    Lanes(Lanes),
    /// Differences from a control, each with its interval.
    Forest(Forest),
    /// What each factor's uncertainty does to a measure.
    Tornado(Tornado),
    /// Candidates judged by several objectives, and those that none dominates.
    Front(Front),
    /// Distributions of a measure, as the share that does not exceed each value.
    Distributions(Distributions),
    /// A measure over the time of a run, and where its start is cut off.
    Welch(Welch),
    /// Several charts in one picture.
    Panels(Panels),
}

/// What is measured along an axis or a colour scale, and how its numbers are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What is measured, in the field's words: `Service level`.
    pub label: String,
    /// The unit, printed in brackets after the label; empty where the numbers carry their own
    /// (every [`Format`] but [`Format::Number`]).
    pub unit: String,
    /// Logarithmic. Zero has a place of its own before the break of such an axis; without any
    /// positive value the axis is linear.
    pub log: bool,
    /// How its numbers are written.
    pub format: Format,
    /// The range to show, to make charts comparable; chosen from the data if absent.
    pub range: Option<(f64, f64)>,
    /// Between which values the measure lies by its nature: no count is negative, no share above 1.
    /// The axis goes no farther, and an interval that does ends at its edge.
    pub limits: Option<(f64, f64)>,
}

impl Axis {
    /// The value nearest to this one that the measure can have.
    pub(super) fn possible(&self, value: f64) -> f64 {
        self.limits.map_or(value, |(least, most)| value.clamp(least, most))
    }
}

/// A measure over a numeric factor, a line per level of another factor, each with its interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The factor. Up to twelve levels are themselves the ticks.
    pub x: Axis,
    /// The measure.
    pub y: Axis,
    /// What distinguishes the lines (`Jitter`), above their legend; may be empty.
    pub legend: String,
    /// The lines, in the legend's order.
    pub lines: Vec<Line>,
    /// A value of the measure to compare with, such as the SLA's target.
    pub y_reference: Option<Level>,
    /// A level of the factor to compare with, such as today's setting.
    pub x_reference: Option<Level>,
    /// Small print below: replications, what the intervals are; may be empty.
    pub note: String,
}

/// One line of [`Curves`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The level of the factor that distinguishes the lines.
    pub label: String,
    /// Its points, in any order. A mean that is not a number leaves a gap.
    pub points: Vec<Point>,
    /// Markers only, not joined: where x is measured too, as on a Pareto front. The x axis then has
    /// round ticks.
    pub scattered: bool,
}

/// A mean at a level of the factor.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// The factor's level, in the x axis' unit.
    pub x: f64,
    /// The mean, in the y axis' unit; not a number where nothing was observed.
    pub mean: f64,
    /// Half the interval's width; zero or not a number where there is no interval.
    pub half_width: f64,
}

/// A value worth a line across the plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// Where it is, in the axis' unit.
    pub value: f64,
    /// What it is, for the legend: `Target 80 %`.
    pub label: String,
}

/// A measure over two factors' levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The factor of the columns, its unit in brackets: `Base delay`.
    pub x_label: String,
    /// Its levels, left to right.
    pub x_levels: Vec<String>,
    /// The factor of the rows.
    pub y_label: String,
    /// Its levels, top to bottom.
    pub y_levels: Vec<String>,
    /// The measure, and the colours' scale.
    pub value: Axis,
    /// Which end of the scale is the good one, and so the light one.
    pub better: Better,
    /// A row per level of y, a cell per level of x; a cell that is absent, or whose mean is not a
    /// number, is hatched.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// Cells to frame: today's setting, the recommended one.
    pub marks: Vec<CellMark>,
    /// Small print below; may be empty.
    pub note: String,
}

/// A mean in a [`HeatMap`].
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// The mean, in the value axis' unit.
    pub mean: f64,
    /// Half the interval's width; not a number where there is no interval to print.
    pub half_width: f64,
}

/// A framed cell, explained below the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellMark {
    /// Index into the levels of y.
    pub row: usize,
    /// Index into the levels of x.
    pub column: usize,
    /// Why it is framed: `Today's setting`.
    pub label: String,
}

/// Which values of a measure are the good ones. The good end of a colour scale is always the light
/// one, so that panels of different measures read alike.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Better {
    /// High values are good: service level.
    #[default]
    Higher,
    /// Low values are good: failovers, latency.
    Lower,
}

/// Arms compared by one measure, top to bottom, each a mean with its interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The measure.
    pub value: Axis,
    /// Which direction is the good one.
    pub better: Better,
    /// The arms, in the order to show them.
    pub arms: Vec<Arm>,
    /// A value of the measure to compare with: the SLA's target, or zero for differences.
    pub reference: Option<Level>,
    /// Small print below; may be empty.
    pub note: String,
}

/// One arm of a [`Ranking`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arm {
    /// What it is.
    pub label: String,
    /// Its mean, in the value axis' unit; not a number where nothing was observed.
    pub mean: f64,
    /// Half the interval's width; zero or not a number where there is no interval.
    pub half_width: f64,
    /// Stands out: today's policy, or the recommended one.
    pub highlight: bool,
}

/// Several charts in one picture, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panels {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// How many stand beside one another; at least one.
    pub columns: usize,
    /// The charts; the title of each is best just its measure.
    pub charts: Vec<Chart>,
    /// Small print below all; may be empty.
    pub note: String,
}
