//! The legend of a line chart, beside or below the plot, never on it.

use super::heading::{LABEL, TICK};
use super::ink::BLACK;
use super::line_style::LineStyle;
use super::picture::{Anchor, Picture, Place};

/// The length of a sample.
const SAMPLE: f64 = 34.0;
/// Between a sample and its label.
const SAMPLE_GAP: f64 = 8.0;
/// Labels beside the plot wrap at this width.
const LABEL_MAX: f64 = 180.0;
/// Between entries.
const ROW_GAP: f64 = 7.0;
/// Between entries in a row.
const COLUMN_GAP: f64 = 22.0;
/// Across the plot, at a value of the measure.
pub(super) const Y_REFERENCE: &[f64] = &[6.0, 4.0];
/// Up the plot, at a level of the factor.
pub(super) const X_REFERENCE: &[f64] = &[1.5, 3.0];
/// How thick a reference line is.
pub(super) const REFERENCE_STROKE: f64 = 1.3;

/// Draws a sample around a place.
pub(super) type Sketch = fn(&mut Picture, Place);

/// What an entry shows a sample of.
#[derive(Copy, Clone, Debug)]
pub(super) enum Sample {
    Line(LineStyle),
    Marker(LineStyle),
    /// Whatever is drawn around a place: a bar, a mark of a kind of chart's own.
    Sketch(Sketch),
    YReference,
    XReference,
}

/// A sample and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) sample: Sample,
    pub(super) label: String,
}

/// What the lines of a plot are.
#[derive(Clone, Debug, Default)]
pub(super) struct Legend {
    pub(super) heading: String,
    pub(super) entries: Vec<Entry>,
}

impl Legend {
    /// The width of the legend beside a plot; zero without entries.
    pub(super) fn column_width(&self) -> f64 {
        if self.entries.is_empty() {
            return 0.0;
        }
        let labels = self.entries.iter().map(|entry| TICK.room(&entry.label).min(LABEL_MAX));
        let widest = labels.fold(0.0, f64::max) + SAMPLE + SAMPLE_GAP;
        widest.max(LABEL.room(&self.heading).min(LABEL_MAX))
    }

    /// The height of the legend beside a plot.
    pub(super) fn column_height(&self) -> f64 {
        self.column(&mut Picture::default(), (0.0, 0.0))
    }

    /// Entries below one another, from `top` down; returns where they end.
    pub(super) fn column(&self, picture: &mut Picture, (x, top): Place) -> f64 {
        let heading = LABEL.wrap(&self.heading, self.column_width() + 1.0);
        let mut y = picture.lines((x, top), &heading, Anchor::Start, LABEL);
        y += if heading.is_empty() { 0.0 } else { ROW_GAP };
        for entry in &self.entries {
            y = entry.put(picture, (x, y), LABEL_MAX + 1.0) + ROW_GAP;
        }
        y
    }

    /// Entries beside one another in as many rows as needed; returns where they end.
    pub(super) fn rows(&self, picture: &mut Picture, top: f64, width: f64) -> f64 {
        if self.entries.is_empty() {
            return top;
        }
        let heading = LABEL.wrap(&self.heading, width);
        let mut y = picture.lines((0.0, top), &heading, Anchor::Start, LABEL);
        y += if heading.is_empty() { 0.0 } else { ROW_GAP };
        let label_max = width - SAMPLE - SAMPLE_GAP;
        let (mut x, mut bottom) = (0.0, y);
        for entry in &self.entries {
            let taken = SAMPLE + SAMPLE_GAP + TICK.room(&entry.label).min(label_max);
            if x > 0.0 && x + taken > width {
                (x, y) = (0.0, bottom + ROW_GAP);
            }
            bottom = entry.put(picture, (x, y), label_max + 1.0).max(bottom);
            x += taken + COLUMN_GAP;
        }
        bottom
    }
}

impl Entry {
    fn put(&self, picture: &mut Picture, (x, y): Place, label_max: f64) -> f64 {
        // The middle of a small letter, which is where the eye expects a sample.
        let middle = y + TICK.size * 0.66;
        let centre = (x + SAMPLE / 2.0, middle);
        let across = [(x, middle), (x + SAMPLE, middle)];
        let up = [(centre.0, y - 1.0), (centre.0, y + TICK.leading())];
        match self.sample {
            Sample::Line(style) => {
                style.line(picture, &across);
                style.mark(picture, centre);
            }
            Sample::Marker(style) => style.mark(picture, centre),
            Sample::Sketch(draw) => draw(picture, centre),
            Sample::YReference => picture.dashed(&across, Y_REFERENCE, REFERENCE_STROKE, BLACK),
            Sample::XReference => picture.dashed(&up, X_REFERENCE, REFERENCE_STROKE, BLACK),
        }
        let lines = TICK.wrap(&self.label, label_max);
        let bottom = picture.lines((x + SAMPLE + SAMPLE_GAP, y), &lines, Anchor::Start, TICK);
        bottom.max(y + TICK.leading())
    }
}
