//! Where everything in a drawn sequence diagram stands, in pixels. Every row has a strip of its
//! own, so nothing of one row can lie over anything of another; within a strip a label stands over
//! its arrow, and lanes stand far enough apart for it.

use super::{gap, length};
use crate::output::chart::typeface::{Weight, room, wrap, wrap_evenly};
use crate::system::story::diagram::{Ladder, Mark, Row, Tone};
use crate::system::story::label::clock;

/// Sizes of type, in pixels per em.
pub(super) const SIZE: f64 = 12.5;
pub(super) const TITLE_SIZE: f64 = 16.0;
/// Distances between lines of type.
const LEADING: f64 = 16.0;
const TITLE_LEADING: f64 = 21.0;
/// Around the whole.
const MARGIN: f64 = 20.0;
/// Between the times and the first lane's head.
const TIMES_GAP: f64 = 14.0;
/// Free ends of an arrow beside its label.
const LABEL_ROOM: f64 = 26.0;
/// A label wider than this is broken into lines.
const LABEL_MAX: f64 = 190.0;
/// The widest a note gets.
const NOTE_MAX: f64 = 250.0;
const NOTE_PADDING: f64 = 7.0;
/// A head's widest line.
const HEAD_MAX: f64 = 120.0;
const HEAD_PADDING: f64 = 9.0;
/// The least distance between two lanes.
const BETWEEN_MIN: f64 = 84.0;
/// Above a row.
const ROW_GAP: f64 = 9.0;
/// From the last line of a label down to its arrow.
const ARROW_DROP: f64 = 6.0;
const PAUSE: f64 = 30.0;
/// Diagrams with more rows repeat the heads below.
const FEET_FROM: usize = 16;

/// Which part of a text stands at its place.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
}

/// One thing to draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// A stretch of a lane's lifeline.
    Life { x: f64, from: f64, to: f64 },
    /// A break in a lifeline: time is left out.
    Break { x: f64, y: f64 },
    /// A message.
    Arrow { from: f64, to: f64, y: f64, tone: Tone },
    /// A note's frame.
    Frame { x: f64, y: f64, width: f64, height: f64, tone: Tone },
    /// A lane's head.
    Head { x: f64, y: f64, width: f64, height: f64 },
    /// A line of type on its baseline.
    Text { x: f64, y: f64, text: String, anchor: Anchor, style: Style },
}

/// How a line of type is set.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Title,
    Head,
    Label,
    Time,
}

impl Style {
    pub(super) const fn size(self) -> f64 {
        match self {
            Self::Title => TITLE_SIZE,
            Self::Head | Self::Label | Self::Time => SIZE,
        }
    }

    pub(super) const fn weight(self) -> Weight {
        match self {
            Self::Title | Self::Head => Weight::Bold,
            Self::Label | Self::Time => Weight::Regular,
        }
    }
}

/// A diagram laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

/// Lays a diagram out.
pub(super) fn lay_out(ladder: &Ladder) -> Layout {
    let columns = columns(ladder);
    let first = columns.first().copied().unwrap_or(MARGIN);
    let right = columns.last().copied().unwrap_or(first);
    let last_head = ladder.lanes.last().map_or(0.0, |name| head_width(name) / 2.0);
    let width = (right + last_head.max(30.0) + MARGIN).max(420.0);
    let mut pen = Pen {
        columns,
        width,
        y: MARGIN,
        lives_from: 0.0,
        layout: Layout { width, ..Layout::default() },
    };
    pen.title(&ladder.title);
    pen.heads(&ladder.lanes);
    pen.lives_from = pen.y;
    let mut before: Option<&Row> = None;
    for row in &ladder.rows {
        if let Some(gap) = gap(before, row) {
            pen.pause(&length(gap));
        }
        let same =
            before.is_some_and(|b| b.at == row.at && !matches!(b.mark, Mark::Skipped { .. }));
        pen.row(row, same);
        before = Some(row);
    }
    pen.y += ROW_GAP;
    pen.lives(pen.y);
    if ladder.rows.len() >= FEET_FROM {
        pen.heads(&ladder.lanes);
    }
    pen.layout.height = pen.y + MARGIN;
    // Lifelines lie under everything else.
    pen.layout.shapes.sort_by_key(|shape| !matches!(shape, Shape::Life { .. }));
    pen.layout
}

fn label_width(text: &str) -> f64 {
    room(text, SIZE, Weight::Regular)
}

fn head_lines(name: &str) -> Vec<String> {
    wrap(name, SIZE, Weight::Bold, HEAD_MAX)
}

fn head_width(name: &str) -> f64 {
    let lines = head_lines(name);
    let widest = lines.iter().map(|line| room(line, SIZE, Weight::Bold)).fold(0.0, f64::max);
    widest + 2.0 * HEAD_PADDING
}

/// Where the lanes stand: far enough apart for their heads and for the labels between them.
fn columns(ladder: &Ladder) -> Vec<f64> {
    let heads: Vec<f64> = ladder.lanes.iter().map(|name| head_width(name)).collect();
    let mut between: Vec<f64> = heads
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]) + 14.0)
        .map(|least| least.max(BETWEEN_MIN))
        .collect();
    let mut arrows: Vec<(usize, usize, f64)> = ladder
        .rows
        .iter()
        .filter_map(|row| match &row.mark {
            Mark::Arrow { from, to, label } => {
                let lines = wrap_evenly(label, SIZE, Weight::Regular, LABEL_MAX);
                let widest = lines.iter().map(|line| label_width(line)).fold(0.0, f64::max);
                Some((*from.min(to), *from.max(to), widest))
            }
            _ => None,
        })
        .collect();
    arrows.sort_by(|a, b| (a.1 - a.0).cmp(&(b.1 - b.0)).then(b.2.total_cmp(&a.2)));
    for (from, to, label) in arrows {
        let there: f64 = between[from..to].iter().sum();
        let missing = label + LABEL_ROOM - there;
        if missing > 0.0 {
            let each = missing / (to - from) as f64;
            between[from..to].iter_mut().for_each(|gap| *gap += each);
        }
    }
    let times = room("00:00:00.000", SIZE, Weight::Regular);
    let first = MARGIN + times + TIMES_GAP + heads.first().map_or(0.0, |head| head / 2.0);
    let mut at = vec![first];
    for gap in between {
        at.push(at.last().expect("the first stands") + gap);
    }
    at.truncate(ladder.lanes.len());
    at
}

struct Pen {
    columns: Vec<f64>,
    width: f64,
    y: f64,
    /// Where the stretch of lifelines under way began.
    lives_from: f64,
    layout: Layout,
}

impl Pen {
    fn text(&mut self, (x, y): (f64, f64), text: &str, anchor: Anchor, style: Style) {
        self.layout.shapes.push(Shape::Text { x, y, text: text.to_owned(), anchor, style });
    }

    fn title(&mut self, title: &str) {
        let lines = wrap(title, TITLE_SIZE, Weight::Bold, self.width - 2.0 * MARGIN);
        for line in lines {
            self.text((MARGIN, self.y + TITLE_SIZE), &line, Anchor::Start, Style::Title);
            self.y += TITLE_LEADING;
        }
        self.y += 8.0;
    }

    fn heads(&mut self, names: &[String]) {
        let lines: Vec<Vec<String>> = names.iter().map(|name| head_lines(name)).collect();
        let most = lines.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let height = most * LEADING + 10.0;
        for ((name, lines), x) in names.iter().zip(lines).zip(self.columns.clone()) {
            let width = head_width(name);
            let (left, top) = (x - width / 2.0, self.y);
            self.layout.shapes.push(Shape::Head { x: left, y: top, width, height });
            let above = (most - lines.len() as f64) * LEADING / 2.0;
            for (row, line) in lines.iter().enumerate() {
                let baseline = self.y + 5.0 + above + row as f64 * LEADING + SIZE;
                self.text((x, baseline), line, Anchor::Middle, Style::Head);
            }
        }
        self.y += height;
    }

    /// Draws the lifelines down to `to`.
    fn lives(&mut self, to: f64) {
        for x in self.columns.clone() {
            self.layout.shapes.push(Shape::Life { x, from: self.lives_from, to });
        }
    }

    fn pause(&mut self, what: &str) {
        let middle = self.y + ROW_GAP / 2.0 + PAUSE / 2.0;
        self.lives(middle - 5.0);
        for x in self.columns.clone() {
            self.layout.shapes.push(Shape::Break { x, y: middle });
        }
        self.text((MARGIN, middle + 4.5), what, Anchor::Start, Style::Time);
        self.lives_from = middle + 5.0;
        self.y += PAUSE;
    }

    fn time(&mut self, row: &Row, same: bool, baseline: f64) {
        if !same {
            self.text((MARGIN, baseline), &clock(row.at), Anchor::Start, Style::Time);
        }
    }

    fn row(&mut self, row: &Row, same: bool) {
        self.y += ROW_GAP;
        match &row.mark {
            Mark::Arrow { from, to, label } => {
                let (from, to) = (self.columns[*from], self.columns[*to]);
                self.arrow((from, to), label, row, same);
            }
            Mark::Note { lane, text } => self.note(self.columns[*lane], text, row, same),
            Mark::Skipped { lanes, count, until } => {
                let text = format!("… {count} more, up to {}", clock(*until));
                let x = f64::midpoint(self.columns[lanes.0], self.columns[lanes.1]);
                let half = label_width(&text) / 2.0;
                let x = x.min(self.width - MARGIN / 2.0 - half);
                self.text((x, self.y + SIZE), &text, Anchor::Middle, Style::Label);
                self.y += LEADING;
            }
        }
    }

    fn arrow(&mut self, (from, to): (f64, f64), label: &str, row: &Row, same: bool) {
        // Lanes stand far enough apart for a label as broken there.
        let lines = match wrap_evenly(label, SIZE, Weight::Regular, LABEL_MAX) {
            lines if lines.len() == 1 => lines,
            _ => {
                let free = ((to - from).abs() - LABEL_ROOM + 1.0).max(LABEL_MAX);
                wrap_evenly(label, SIZE, Weight::Regular, free)
            }
        };
        for line in &lines {
            let place = (f64::midpoint(from, to), self.y + SIZE);
            self.text(place, line, Anchor::Middle, Style::Label);
            self.y += LEADING;
        }
        self.y += ARROW_DROP - (LEADING - SIZE) + 2.0;
        self.layout.shapes.push(Shape::Arrow { from, to, y: self.y, tone: row.tone });
        self.time(row, same, self.y + 4.0);
        self.y += 4.0;
    }

    /// A frame over the lane, moved so that it stays within the diagram.
    fn note(&mut self, x: f64, text: &str, row: &Row, same: bool) {
        let lines = wrap_evenly(text, SIZE, Weight::Regular, NOTE_MAX);
        let widest = lines.iter().map(|line| label_width(line)).fold(0.0, f64::max);
        let width = widest + 2.0 * NOTE_PADDING;
        let height = lines.len() as f64 * LEADING + 6.0;
        let times = MARGIN + room("00:00:00.000", SIZE, Weight::Regular) + 8.0;
        let left = (x - width / 2.0).min(self.width - MARGIN / 2.0 - width).max(times);
        let frame = Shape::Frame { x: left, y: self.y, width, height, tone: row.tone };
        self.layout.shapes.push(frame);
        self.time(row, same, self.y + 3.0 + SIZE);
        for (n, line) in lines.iter().enumerate() {
            let baseline = self.y + 2.5 + n as f64 * LEADING + SIZE;
            self.text((left + width / 2.0, baseline), line, Anchor::Middle, Style::Label);
        }
        self.y += height;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::{SimDuration, SimTime};

    fn row(ms: u64, mark: Mark) -> Row {
        Row { at: SimTime::ZERO + SimDuration::from_millis(ms), mark, tone: Tone::Plain }
    }

    /// The box a text takes.
    fn extent(shape: &Shape) -> Option<(f64, f64, f64, f64)> {
        let Shape::Text { x, y, text, anchor, style } = shape else { return None };
        let width = room(text, style.size(), style.weight());
        let left = match anchor {
            Anchor::Start => *x,
            Anchor::Middle => x - width / 2.0,
        };
        Some((left, y - style.size() * 0.8, left + width, y + style.size() * 0.25))
    }

    #[test]
    fn no_text_lies_over_another_or_sticks_out() {
        let label = "a label that is far too long for the two lanes it stands between".to_owned();
        let lanes = ["caller", "telstra registrar with a long name", "SBC_7", "client", "API"];
        let mut rows = Vec::new();
        for from in 0..lanes.len() {
            for to in 0..lanes.len() {
                if from != to {
                    let label = label.clone();
                    rows.push(row(rows.len() as u64 * 400, Mark::Arrow { from, to, label }));
                }
            }
            rows.push(row(rows.len() as u64 * 400, Mark::Note { lane: from, text: label.clone() }));
        }
        let until = SimTime::ZERO + SimDuration::from_secs(20);
        rows.push(row(12_000, Mark::Skipped { lanes: (3, 4), count: 3, until }));
        rows.push(row(90_000, Mark::Note { lane: 4, text: "late".to_owned() }));
        let title = "A title that is long enough to be broken into several lines ".repeat(4);
        let lanes = lanes.map(str::to_owned).to_vec();
        let layout = lay_out(&Ladder { title, lanes, rows });
        let extents: Vec<_> = layout.shapes.iter().filter_map(extent).collect();
        assert!(extents.len() > 60, "{}", extents.len());
        for (i, a) in extents.iter().enumerate() {
            assert!(a.0 >= 0.0 && a.1 >= 0.0, "{a:?}");
            assert!(a.2 <= layout.width && a.3 <= layout.height, "{a:?} in {layout:?}");
            for b in &extents[..i] {
                let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                assert!(apart, "{a:?} over {b:?}");
            }
        }
    }
}
