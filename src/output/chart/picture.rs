//! A chart laid out: marks in pixels, the origin at the top left, ready to be painted.

use super::ink::Ink;
use super::typeface::Weight;

/// A place, in pixels to the right and down.
pub(super) type Place = (f64, f64);

/// Half a figure's height, in ems: how far below the middle of a line its baseline is.
pub(super) const MIDDLE_EM: f64 = 0.36;

/// How far from a marker's middle it can be pointed at.
const SPOT: f64 = 9.0;

/// Which part of a text stands at its place.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set: size in pixels per em.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
}

impl Type {
    pub(super) const fn regular(size: f64, ink: Ink) -> Self {
        Self { size, weight: Weight::Regular, ink }
    }

    pub(super) const fn bold(size: f64, ink: Ink) -> Self {
        Self { size, weight: Weight::Bold, ink }
    }

    /// The distance between lines.
    pub(super) fn leading(&self) -> f64 {
        self.size * 1.32
    }

    /// See [`super::typeface::room`].
    pub(super) fn room(&self, text: &str) -> f64 {
        super::typeface::room(text, self.size, self.weight)
    }

    /// See [`super::typeface::wrap`].
    pub(super) fn wrap(&self, text: &str, width: f64) -> Vec<String> {
        super::typeface::wrap(text, self.size, self.weight, width)
    }
}

/// One thing to paint.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// A stroke through places.
    Stroke { path: Vec<Place>, width: f64, ink: Ink },
    /// A filled polygon.
    Area { path: Vec<Place>, ink: Ink },
    /// A filled circle.
    Disc { centre: Place, radius: f64, ink: Ink },
    /// A text whose baseline is at `at`.
    Text { at: Place, text: String, anchor: Anchor, set: Type },
    /// Nothing to see: what is said to who points at a place. Only an SVG has it.
    Spot { corner: Place, size: (f64, f64), words: String },
}

/// Marks, painted in their order, and the size they take.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
}

impl Picture {
    pub(super) fn stroke(&mut self, path: Vec<Place>, width: f64, ink: Ink) {
        self.marks.push(Mark::Stroke { path, width, ink });
    }

    /// A stroke interrupted by `dash`: lengths drawn and skipped in turn; none is a whole stroke.
    pub(super) fn dashed(&mut self, path: &[Place], dash: &[f64], width: f64, ink: Ink) {
        if dash.is_empty() {
            return self.stroke(path.to_vec(), width, ink);
        }
        for piece in cut(path, dash) {
            self.stroke(piece, width, ink);
        }
    }

    pub(super) fn area(&mut self, path: Vec<Place>, ink: Ink) {
        self.marks.push(Mark::Area { path, ink });
    }

    pub(super) fn rectangle(&mut self, (x, y): Place, (width, height): (f64, f64), ink: Ink) {
        self.area(vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)], ink);
    }

    pub(super) fn disc(&mut self, centre: Place, radius: f64, ink: Ink) {
        self.marks.push(Mark::Disc { centre, radius, ink });
    }

    pub(super) fn text(&mut self, at: Place, text: impl Into<String>, anchor: Anchor, set: Type) {
        self.marks.push(Mark::Text { at, text: text.into(), anchor, set });
    }

    /// What is said to who points at a rectangle: the words there are, in their order.
    pub(super) fn spot(&mut self, corner: Place, size: (f64, f64), words: &[String]) {
        let said: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
        self.marks.push(Mark::Spot { corner, size, words: said.join(": ") });
    }

    /// The same around a marker.
    pub(super) fn spot_around(&mut self, (x, y): Place, words: &[String]) {
        self.spot((x - SPOT, y - SPOT), (2.0 * SPOT, 2.0 * SPOT), words);
    }

    /// Lines of text one below the other, the first with its top at `y`; returns where they end.
    pub(super) fn lines(
        &mut self,
        (x, y): Place,
        lines: &[String],
        anchor: Anchor,
        set: Type,
    ) -> f64 {
        for (row, line) in lines.iter().enumerate() {
            let baseline = y + row as f64 * set.leading() + set.size;
            self.text((x, baseline), line.as_str(), anchor, set);
        }
        y + lines.len() as f64 * set.leading()
    }

    /// Lines of text one below the other, their middle at `y`.
    pub(super) fn lines_around(
        &mut self,
        (x, y): Place,
        lines: &[String],
        anchor: Anchor,
        set: Type,
    ) {
        let above = lines.len().saturating_sub(1) as f64 * set.leading() / 2.0;
        let top = y - above + set.size * (MIDDLE_EM - 1.0);
        self.lines((x, top), lines, anchor, set);
    }

    /// Puts another picture's marks into this one, its origin at the given place.
    pub(super) fn place(&mut self, other: Self, (dx, dy): Place) {
        let shift = |(x, y): Place| (x + dx, y + dy);
        self.marks.extend(other.marks.into_iter().map(|mark| match mark {
            Mark::Stroke { path, width, ink } => {
                Mark::Stroke { path: path.into_iter().map(shift).collect(), width, ink }
            }
            Mark::Area { path, ink } => {
                Mark::Area { path: path.into_iter().map(shift).collect(), ink }
            }
            Mark::Disc { centre, radius, ink } => Mark::Disc { centre: shift(centre), radius, ink },
            Mark::Text { at, text, anchor, set } => Mark::Text { at: shift(at), text, anchor, set },
            Mark::Spot { corner, size, words } => Mark::Spot { corner: shift(corner), size, words },
        }));
    }
}

/// The drawn pieces of a path under a dash, which runs on around corners.
fn cut(path: &[Place], dash: &[f64]) -> Vec<Vec<Place>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Place> = path.first().copied().into_iter().collect();
    let (mut turn, mut left) = (0, dash[0]);
    for ends in path.windows(2) {
        let (from, to) = (ends[0], ends[1]);
        let length = ((to.0 - from.0) * (to.0 - from.0) + (to.1 - from.1) * (to.1 - from.1)).sqrt();
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let share = done / length;
            let at = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if turn % 2 == 0 {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![at];
            }
            turn += 1;
            left = dash[turn % dash.len()];
        }
        left -= length - done;
        if turn % 2 == 0 {
            piece.push(to);
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}
