//! What a lane chart shows, as plain data: things side by side over one axis of time.

use super::data::{Axis, Level};

/// Lanes one below the other over one axis of time, with marks that go through all lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lanes {
    /// The finding, as a sentence; wrapped as needed.
    pub title: String,
    /// What is shown and under which conditions; wrapped as needed, may be empty.
    pub subtitle: String,
    /// The ends of the time axis, in seconds.
    pub range_s: (f64, f64),
    /// What the time axis is, with its unit.
    pub time: String,
    /// Ticks of the time axis: where, in seconds, and their texts.
    pub ticks: Vec<(f64, String)>,
    /// Times that are shaded through all lanes.
    pub bands: Vec<Band>,
    /// Moments that are numbered, in the order of time, and told below the subtitle.
    pub moments: Vec<Moment>,
    /// The lanes, top to bottom.
    pub lanes: Vec<Lane>,
    /// Small print below; may be empty.
    pub note: String,
}

/// A time that is shaded through all lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its ends, in seconds.
    pub range_s: (f64, f64),
    /// What it is, above its start; empty for none.
    pub label: String,
    /// How it is shaded.
    pub shade: Shade,
}

/// How a band is shaded.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Something was broken from outside: hatched.
    Fault,
    /// Trouble of the system's own: tinted.
    Trouble,
    /// What does not count: grey.
    Aside,
}

/// A moment worth a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When, in seconds.
    pub at_s: f64,
    /// What happened, with its time.
    pub text: String,
}

/// One lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// What it shows.
    pub title: String,
    /// Unit and what else must be known, after the title.
    pub detail: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A measure by bins of time.
    Bins(Bins),
    /// States over time.
    States(States),
}

/// A measure by bins of equal width from the start of the time axis on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bins {
    /// The measure; its label and unit stand in the lane's title.
    pub y: Axis,
    /// The width of a bin, in seconds.
    pub bin_s: f64,
    /// Areas on top of one another, the first at the bottom.
    pub stack: Vec<Series>,
    /// Lines over them.
    pub lines: Vec<Series>,
    /// A value of the measure to compare with.
    pub reference: Option<Level>,
}

/// A value per bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is, for the legend.
    pub label: String,
    /// How it is coloured.
    pub tone: Tone,
    /// Its values; a gap where one is not a number.
    pub values: Vec<f64>,
}

/// States of several things over time, a row each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    /// The states there are.
    pub looks: Vec<StateLook>,
    /// The things, top to bottom.
    pub rows: Vec<Row>,
}

/// How a state is shown. The worse it is, the higher and the stronger its bar, so that states are
/// distinguishable without colours.
#[derive(Clone, Debug, PartialEq)]
pub struct StateLook {
    /// What it is, for the legend.
    pub label: String,
    /// How its bar is coloured.
    pub tone: Tone,
    /// How much of its strip its bar fills, from 0 to 1.
    pub height: f64,
}

/// A thing with one or more strips of states, one below the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// Its strips, each of runs in the order of time.
    pub strips: Vec<Vec<Run>>,
}

/// A state that holds for a while.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Run {
    /// Which of [`States::looks`].
    pub look: usize,
    /// Its ends, in seconds.
    pub range_s: (f64, f64),
}

/// What a colour means.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be, and so hardly seen.
    Calm,
    /// What is looked at first: our own.
    First,
    /// What is beside it: others.
    Second,
    /// The rest.
    Rest,
    /// On its way.
    Moving,
    /// A harm that was to be.
    Mild,
    /// A harm.
    Bad,
    /// A second line.
    Plain,
}
