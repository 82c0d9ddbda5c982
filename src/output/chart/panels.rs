//! Several charts in one picture, their plots level.

use super::data::{Chart, Panels};
use super::heading::{self, Look};
use super::picture::Picture;

/// Between charts.
const GAP: (f64, f64) = (40.0, 34.0);

pub(super) fn lay_out(panels: &Panels, look: Look) -> Picture {
    let columns = panels.columns.clamp(1, panels.charts.len().max(1));
    let rows = |look: Look| -> Vec<Vec<Picture>> {
        panels.charts.chunks(columns).map(|charts| lay_out_row(charts, look)).collect()
    };
    // Every chart is as wide as the widest needs to be.
    let needed = rows(Look::PANEL).iter().flatten().map(|chart| chart.width).fold(0.0, f64::max);
    let rows = rows(Look { width: needed, ..Look::PANEL });
    let width = needed * columns as f64 + GAP.0 * (columns - 1) as f64;

    let mut picture = Picture { width, ..Picture::default() };
    let look = Look { width, ..look };
    let mut y = heading::put(&mut picture, &panels.title, &panels.subtitle, look) + 4.0;
    for (index, row) in rows.into_iter().enumerate() {
        y += if index > 0 { GAP.1 } else { 0.0 };
        let height = row.iter().map(|picture| picture.height).fold(0.0, f64::max);
        for (column, chart) in row.into_iter().enumerate() {
            picture.place(chart, (column as f64 * (needed + GAP.0), y));
        }
        y += height;
    }
    picture.height = heading::note(&mut picture, &panels.note, y + 4.0, width);
    picture
}

/// The charts of a row, with headings of one height.
fn lay_out_row(charts: &[Chart], look: Look) -> Vec<Picture> {
    let heading_floor = charts
        .iter()
        .map(super::words)
        .map(|(title, subtitle)| heading::height(title, subtitle, look))
        .fold(0.0, f64::max);
    let look = Look { heading_floor, ..look };
    charts.iter().map(|chart| super::lay_out(chart, look)).collect()
}
