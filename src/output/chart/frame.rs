//! The frame of a plot with two measured axes: where values stand in it, its grid and its ticks.

use super::data::Axis;
use super::heading::{self, LABEL, TICK};
use super::ink::{AXIS, GRID};
use super::legend::Legend;
use super::picture::{Anchor, MIDDLE_EM, Picture, Place};
use super::scale::{Scale, TICKS, spread};

/// Between a plot's edge and its outermost levels, so that no marker sits on an axis.
pub(super) const INSET: f64 = 18.0;
/// Between a plot and the legend beside it.
pub(super) const LEGEND_GAP: f64 = 22.0;

/// Where a plot stands in the picture, and what its axes show.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Free at both ends of the x axis.
    pub(super) inset: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Frame {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.inset + self.across() * self.x.share(value)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.y.share(value)
    }

    pub(super) fn at(&self, x: f64, y: f64) -> Place {
        (self.x(x), self.y(y))
    }

    fn across(&self) -> f64 {
        self.right - self.left - 2.0 * self.inset
    }
}

/// What stands around a plot.
pub(super) struct Surroundings<'a> {
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    /// The chart's title: an axis that says the same needs no label.
    pub(super) title: &'a str,
    pub(super) legend: Legend,
    /// The whole picture's width.
    pub(super) width: f64,
    pub(super) plot_height: f64,
    /// The legend stands below the plot whatever room there is beside it.
    pub(super) below: bool,
}

impl Surroundings<'_> {
    /// The frame from `top` down, around what both scales show, with its axes drawn and the legend
    /// put; and where that ends.
    pub(super) fn draw(
        &self,
        picture: &mut Picture,
        top: f64,
        (x, y): (Scale, Scale),
    ) -> (Frame, f64) {
        let below = self.below || self.legend.column_height() > self.plot_height;
        let beside = if below { 0.0 } else { self.legend.column_width() };
        let right = self.width - if beside > 0.0 { beside + LEGEND_GAP } else { 0.0 };
        let y_label = LABEL.wrap(&heading::label_below(self.title, self.y), right);
        let top = picture.lines((0.0, top), &y_label, Anchor::Start, LABEL) + 8.0;
        let ticks = y.ticks(TICKS);
        let widest = ticks.iter().map(|(_, text)| TICK.room(text)).fold(0.0, f64::max);
        let bottom = top + self.plot_height;
        let frame = Frame { left: widest + 8.0, right, top, bottom, inset: INSET, x, y };
        draw_y_axis(picture, &frame);
        let ticks = frame.x.ticks(TICKS);
        for (value, _) in &ticks {
            let x = frame.x(*value);
            picture.stroke(vec![(x, frame.top), (x, bottom)], 1.0, GRID);
        }
        let mut end = draw_x_axis(picture, &frame, ticks, &heading::label(self.x));
        if below {
            end = self.legend.rows(picture, end + 12.0, self.width);
        } else {
            end = self.legend.column(picture, (right + LEGEND_GAP, top)).max(end);
        }
        (frame, end)
    }
}

/// The y axis: a line across the plot for each tick.
pub(super) fn draw_y_axis(picture: &mut Picture, frame: &Frame) {
    for (value, text) in frame.y.ticks(TICKS) {
        let y = frame.y(value);
        let zero = frame.y.straddles_zero() && value.abs() < f64::MIN_POSITIVE;
        let ink = if zero { AXIS } else { GRID };
        picture.stroke(vec![(frame.left, y), (frame.right, y)], 1.0, ink);
        picture.text((frame.left - 8.0, y + TICK.size * MIDDLE_EM), text, Anchor::End, TICK);
    }
    let (left, bottom) = (frame.left, frame.bottom);
    picture.stroke(vec![(left, bottom), (frame.right, bottom)], 1.0, AXIS);
    if frame.y.zero {
        let near = bottom - (bottom - frame.top) * 0.045;
        picture.stroke(vec![(left - 4.0, near + 4.0), (left + 4.0, near)], 1.0, AXIS);
        picture.stroke(vec![(left - 4.0, near), (left + 4.0, near - 4.0)], 1.0, AXIS);
    }
}

/// The x axis' ticks, those whose texts have room, and its label; returns where its words end.
pub(super) fn draw_x_axis(
    picture: &mut Picture,
    frame: &Frame,
    ticks: Vec<(f64, String)>,
    label: &str,
) -> f64 {
    let bottom = frame.bottom;
    for (value, _) in &ticks {
        let x = frame.x(*value);
        picture.stroke(vec![(x, bottom), (x, bottom + 5.0)], 1.0, AXIS);
    }
    let baseline = bottom + 8.0 + TICK.size;
    for (value, text) in spread(ticks, |value| frame.x(value), TICK) {
        picture.text((frame.x(value), baseline), text, Anchor::Middle, TICK);
    }
    if frame.x.zero {
        let near = frame.left + frame.inset + frame.across() * 0.045;
        picture.stroke(vec![(near - 4.0, bottom + 4.0), (near, bottom - 4.0)], 1.0, AXIS);
        picture.stroke(vec![(near, bottom + 4.0), (near + 4.0, bottom - 4.0)], 1.0, AXIS);
    }
    let label = LABEL.wrap(label, frame.right - frame.left);
    let middle = f64::midpoint(frame.left, frame.right);
    picture.lines((middle, baseline + 7.0), &label, Anchor::Middle, LABEL)
}
