//! The words around a chart: its title, subtitle and note, and the sizes they are set in.

use super::data::Axis;
use super::ink::{BLACK, GREY};
use super::picture::{Anchor, Picture, Type};
use super::typeface;

/// How large a chart is set.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// The width to fill; a heat map with many columns may take more.
    pub(super) width: f64,
    /// Of a line chart's plot.
    pub(super) plot_height: f64,
    /// One of several in a picture.
    pub(super) panel: bool,
    /// The least height of title and subtitle, which levels the plots of neighbours.
    pub(super) heading_floor: f64,
}

impl Look {
    /// A chart that is a picture by itself.
    pub(super) const WHOLE: Self =
        Self { width: 860.0, plot_height: 360.0, panel: false, heading_floor: 0.0 };
    /// One of several in a picture.
    pub(super) const PANEL: Self =
        Self { width: 460.0, plot_height: 250.0, panel: true, heading_floor: 0.0 };

    fn title(self) -> Type {
        Type::bold(if self.panel { 15.0 } else { 20.0 }, BLACK)
    }

    fn subtitle(self) -> Type {
        Type::regular(if self.panel { 12.0 } else { 13.5 }, GREY)
    }
}

/// Axis labels.
pub(super) const LABEL: Type = Type::bold(12.5, BLACK);
/// Ticks, and levels of a factor.
pub(super) const TICK: Type = Type::regular(12.0, BLACK);
/// Small print.
const NOTE: Type = Type::regular(11.0, GREY);
/// Below the heading.
const GAP: f64 = 14.0;

/// Title and subtitle at the top of a picture; returns where they end.
pub(super) fn put(picture: &mut Picture, title: &str, subtitle: &str, look: Look) -> f64 {
    let set = look.title();
    let title = typeface::wrap_evenly(title, set.size, set.weight, look.width);
    let mut bottom = picture.lines((0.0, 0.0), &title, Anchor::Start, set);
    let subtitle = look.subtitle().wrap(subtitle, look.width);
    if !subtitle.is_empty() {
        bottom = picture.lines((0.0, bottom + 3.0), &subtitle, Anchor::Start, look.subtitle());
    }
    let bottom = if bottom > 0.0 { bottom + GAP } else { 0.0 };
    bottom.max(look.heading_floor)
}

/// How high title and subtitle are.
pub(super) fn height(title: &str, subtitle: &str, look: Look) -> f64 {
    put(&mut Picture::default(), title, subtitle, look)
}

/// A note at the bottom; returns where it ends.
pub(super) fn note(picture: &mut Picture, note: &str, top: f64, width: f64) -> f64 {
    let lines = NOTE.wrap(note, width);
    if lines.is_empty() {
        return top;
    }
    picture.lines((0.0, top + 12.0), &lines, Anchor::Start, NOTE)
}

/// An axis' label, unless the title right above says the same.
pub(super) fn label_below(title: &str, axis: &Axis) -> String {
    let label = label(axis);
    if label == title { String::new() } else { label }
}

/// An axis' label with its unit.
pub(super) fn label(axis: &Axis) -> String {
    match (axis.label.as_str(), axis.unit.as_str()) {
        (label, "") => label.to_owned(),
        ("", unit) => unit.to_owned(),
        (label, unit) => format!("{label} ({unit})"),
    }
}
