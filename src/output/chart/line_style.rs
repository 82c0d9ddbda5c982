//! What tells one line from another: a colour, a marker and a dash.

use super::ink::{Ink, PALETTE, WHITE};
use super::picture::{Picture, Place};

/// Lengths drawn and skipped in turn; none is a solid line. Five, while there are seven colours
/// and six markers: a combination comes back after 210 lines.
const DASHES: [&[f64]; 5] = [&[], &[9.0, 3.5], &[2.2, 2.6], &[9.0, 3.0, 2.2, 3.0], &[16.0, 4.0]];
const MARKERS: [Marker; 6] = [
    Marker::Disc,
    Marker::Square,
    Marker::Triangle,
    Marker::Diamond,
    Marker::Ring,
    Marker::FallingTriangle,
];
/// How thick a line is.
const STROKE: f64 = 2.0;
/// Half a marker's size.
const REACH: f64 = 4.2;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
    FallingTriangle,
}

/// How one line is drawn.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct LineStyle {
    pub(super) ink: Ink,
    dash: &'static [f64],
    marker: Marker,
}

impl LineStyle {
    /// The style of the line with the given place in the legend.
    pub(super) const fn of(index: usize) -> Self {
        Self {
            ink: PALETTE[index % PALETTE.len()],
            dash: DASHES[index % DASHES.len()],
            marker: MARKERS[index % MARKERS.len()],
        }
    }

    pub(super) fn line(&self, picture: &mut Picture, path: &[Place]) {
        picture.dashed(path, self.dash, STROKE, self.ink);
    }

    /// The marker, with a white rim that parts it from the lines below.
    pub(super) fn mark(&self, picture: &mut Picture, at: Place) {
        self.shape(picture, at, REACH + 1.2, WHITE);
        self.shape(picture, at, REACH, self.ink);
        if self.marker == Marker::Ring {
            picture.disc(at, REACH - 1.9, WHITE);
        }
    }

    fn shape(&self, picture: &mut Picture, (x, y): Place, reach: f64, ink: Ink) {
        let outline = |corners: &[Place]| {
            corners.iter().map(|&(dx, dy)| (x + dx * reach, y + dy * reach)).collect::<Vec<_>>()
        };
        match self.marker {
            Marker::Disc | Marker::Ring => picture.disc((x, y), reach, ink),
            Marker::Square => picture
                .area(outline(&[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]), ink),
            Marker::Triangle => {
                picture.area(outline(&[(0.0, -1.2), (1.12, 0.8), (-1.12, 0.8)]), ink);
            }
            Marker::Diamond => {
                picture.area(outline(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]), ink);
            }
            Marker::FallingTriangle => {
                picture.area(outline(&[(0.0, 1.2), (1.12, -0.8), (-1.12, -0.8)]), ink);
            }
        }
    }
}
