//! Charts of a study's results: plain data in, SVG or PNG bytes out.
//!
//! A chart is laid out once, as a picture of lines, areas and texts, and painted twice
//! by plotters' backends; so the two files show the same. Nothing here knows a study, computes an
//! estimate or touches a file, and the same data give the same bytes on every thread and platform.
//!
//! Every line has a colour (Okabe and Ito 2008, distinguishable by colour-blind readers), a marker
//! and a dash of its own, so a chart survives a grey printer.

mod curves;
mod data;
mod description;
mod distributions;
mod forest;
mod format;
mod frame;
mod front;
mod heading;
mod heat_map;
mod ink;
mod kinds;
mod lane_layout;
mod lane_marks;
pub mod lanes;
mod legend;
mod line_style;
mod paint;
mod panels;
mod picture;
mod ranking;
mod rows;
mod scale;
mod tornado;
pub(super) mod typeface;
mod welch;

pub use data::{
    Arm, Axis, Better, Cell, CellMark, Chart, Curves, HeatMap, Level, Line, Panels, Point, Ranking,
};
pub use format::Format;
pub use kinds::{
    Bar, Candidate, Difference, Distribution, Distributions, Estimate, Forest, Front, Objective,
    Quantile, Standing, Tornado, Welch,
};
pub use paint::{png, svg};

use heading::Look;
use picture::Picture;

/// A chart's two files, by name and bytes: the SVG and the PNG.
#[must_use]
pub fn files(name: &str, chart: &Chart) -> [(String, Vec<u8>); 2] {
    [(format!("{name}.svg"), svg(chart).into_bytes()), (format!("{name}.png"), png(chart))]
}

/// Lays a chart out, at the size it takes in the given look.
fn lay_out(chart: &Chart, look: Look) -> Picture {
    match chart {
        Chart::Curves(curves) => curves::lay_out(curves, look),
        Chart::HeatMap(map) => heat_map::lay_out(map, look),
        Chart::Ranking(ranking) => ranking::lay_out(ranking, look),
        Chart::Lanes(lanes) => lane_layout::lay_out(lanes, look),
        Chart::Forest(forest) => forest::lay_out(forest, look),
        Chart::Tornado(tornado) => tornado::lay_out(tornado, look),
        Chart::Front(front) => front::lay_out(front, look),
        Chart::Distributions(distributions) => distributions::lay_out(distributions, look),
        Chart::Welch(welch) => welch::lay_out(welch, look),
        Chart::Panels(panels) => panels::lay_out(panels, look),
    }
}

/// A chart's title and subtitle.
fn words(chart: &Chart) -> (&str, &str) {
    match chart {
        Chart::Curves(chart) => (&chart.title, &chart.subtitle),
        Chart::HeatMap(chart) => (&chart.title, &chart.subtitle),
        Chart::Ranking(chart) => (&chart.title, &chart.subtitle),
        Chart::Forest(chart) => (&chart.title, &chart.subtitle),
        Chart::Tornado(chart) => (&chart.title, &chart.subtitle),
        Chart::Front(chart) => (&chart.title, &chart.subtitle),
        Chart::Distributions(chart) => (&chart.title, &chart.subtitle),
        Chart::Welch(chart) => (&chart.title, &chart.subtitle),
        Chart::Lanes(chart) => (&chart.title, &chart.subtitle),
        Chart::Panels(chart) => (&chart.title, &chart.subtitle),
    }
}
