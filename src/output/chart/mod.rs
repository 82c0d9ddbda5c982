//! Charts of a study's results: plain data in, SVG or PNG bytes out.
//!
//! A chart is laid out once, as a picture of lines, areas and texts, and painted twice
//! by plotters' backends; so the two files show the same. Nothing here knows a study, computes an
//! estimate or touches a file, and the same data give the same bytes on every thread and platform.
//!
//! Every line has a colour (Okabe and Ito 2008, told apart by colour-blind readers), a marker and a
//! dash of its own, so a chart survives a grey printer.

mod curves;
mod data;
mod description;
mod format;
mod heading;
mod heat_map;
mod ink;
mod lane_layout;
mod lane_marks;
pub mod lanes;
mod legend;
mod line_style;
mod paint;
mod panels;
mod picture;
mod ranking;
mod scale;
pub(super) mod typeface;

pub use data::{
    Arm, Axis, Better, Cell, CellMark, Chart, Curves, HeatMap, Level, Line, Panels, Point, Ranking,
};
pub use format::Format;
pub use paint::{png, svg};

use heading::Look;
use picture::Picture;

/// Lays a chart out, at the size it takes in the given look.
fn lay_out(chart: &Chart, look: Look) -> Picture {
    match chart {
        Chart::Curves(curves) => curves::lay_out(curves, look),
        Chart::HeatMap(map) => heat_map::lay_out(map, look),
        Chart::Ranking(ranking) => ranking::lay_out(ranking, look),
        Chart::Lanes(lanes) => lane_layout::lay_out(lanes, look),
        Chart::Panels(panels) => panels::lay_out(panels, look),
    }
}
