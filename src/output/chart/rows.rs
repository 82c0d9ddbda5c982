//! Rows of a chart below one another: labels on the left, figures on the right, a plot between them
//! with one scale for all.

use super::heading::{LABEL, TICK};
use super::ink::{AXIS, BLACK, GRID};
use super::picture::{Anchor, MIDDLE_EM, Picture, Type};
use super::scale::{Scale, TICKS, spread};

/// Between labels, plot and figures.
const GAP: f64 = 14.0;
/// Half the cap of an interval's bar.
const CAP: f64 = 4.5;

/// What stands beside a row's plot.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) figures: String,
    pub(super) bold: bool,
}

/// Where the rows stand in the picture.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    scale: Scale,
    /// Each row's top and height.
    spans: Vec<(f64, f64)>,
}

impl Rows {
    /// Puts labels and figures from `top` down, rows of at least `least` each, and the grid.
    pub(super) fn put(
        picture: &mut Picture,
        rows: &[Row],
        scale: Scale,
        (top, least): (f64, f64),
    ) -> Self {
        let width = picture.width;
        let labels: Vec<Vec<String>> =
            rows.iter().map(|row| set(row).wrap(&row.label, width * 0.3)).collect();
        let room = |row: &Row, text: &str| set(row).room(text);
        let label_room = rows
            .iter()
            .zip(&labels)
            .flat_map(|(row, lines)| lines.iter().map(move |line| room(row, line)));
        let left = label_room.fold(0.0, f64::max) + GAP;
        let figures = rows.iter().map(|row| room(row, &row.figures)).fold(0.0, f64::max);
        let mut spans = Vec::new();
        let mut y = top;
        for lines in &labels {
            let height = least.max(lines.len() as f64 * TICK.leading() + 10.0);
            spans.push((y, height));
            y += height;
        }
        let placed = Self { left, right: width - figures - GAP, top, bottom: y, scale, spans };
        placed.draw_grid(picture);
        for (index, (row, lines)) in rows.iter().zip(&labels).enumerate() {
            let (set, middle) = (set(row), placed.middle(index));
            picture.lines_around((left - GAP, middle), lines, Anchor::End, set);
            let baseline = middle + set.size * MIDDLE_EM;
            picture.text((width, baseline), row.figures.as_str(), Anchor::End, set);
        }
        placed
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.scale.share(value)
    }

    pub(super) fn middle(&self, row: usize) -> f64 {
        let (top, height) = self.spans[row];
        top + height / 2.0
    }

    /// The whole width of a row's plot can be pointed at.
    pub(super) fn spot(&self, picture: &mut Picture, row: usize, words: &[String]) {
        let (top, height) = self.spans[row];
        picture.spot((self.left, top), (self.right - self.left, height), words);
    }

    fn draw_grid(&self, picture: &mut Picture) {
        for (value, _) in self.scale.ticks(TICKS) {
            let x = self.x(value);
            let zero = self.scale.straddles_zero() && value.abs() < f64::MIN_POSITIVE;
            let ink = if zero { AXIS } else { GRID };
            picture.stroke(vec![(x, self.top), (x, self.bottom)], 1.0, ink);
        }
        picture.stroke(vec![(self.left, self.bottom), (self.right, self.bottom)], 1.0, AXIS);
    }

    /// The ticks' texts and the axis' label below the rows; returns where they end.
    pub(super) fn draw_axis(&self, picture: &mut Picture, label: &str) -> f64 {
        let baseline = self.bottom + 5.0 + TICK.size;
        for (value, text) in spread(self.scale.ticks(TICKS), |value| self.x(value), TICK) {
            picture.text((self.x(value), baseline), text, Anchor::Middle, TICK);
        }
        let lines = LABEL.wrap(label, self.right - self.left);
        let middle = f64::midpoint(self.left, self.right);
        picture.lines((middle, baseline + 7.0), &lines, Anchor::Middle, LABEL)
    }
}

/// How a row's words are set.
fn set(row: &Row) -> Type {
    if row.bold { Type::bold(12.0, BLACK) } else { TICK }
}

/// An interval's bar with its caps.
pub(super) fn whisker(picture: &mut Picture, (low, high): (f64, f64), y: f64, width: f64) {
    picture.stroke(vec![(low, y), (high, y)], width, BLACK);
    for x in [low, high] {
        picture.stroke(vec![(x, y - CAP), (x, y + CAP)], width, BLACK);
    }
}
