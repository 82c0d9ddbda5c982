//! Distributions: the share of all that does not exceed a value, as steps.

use super::data::Axis;
use super::format::{Format, said};
use super::frame::{Frame, Surroundings};
use super::heading::{self, Look, TICK};
use super::ink::{BLACK, GREY, WHITE};
use super::kinds::{Distribution, Distributions};
use super::legend::{Entry, Legend, REFERENCE_STROKE, Sample, X_REFERENCE};
use super::line_style::LineStyle;
use super::picture::{Anchor, MIDDLE_EM, Picture, Place, Type};
use super::scale::Scale;

/// Steps closer than this, in pixels, are drawn as one.
const CLOSE: f64 = 0.5;
/// Number of places of a line that can be pointed at, besides its quantiles.
const SPOTS: usize = 20;

pub(super) fn lay_out(distributions: &Distributions, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &distributions.title, &distributions.subtitle, look);
    let y = Axis {
        label: "Cumulative share".to_owned(),
        format: Format::Share,
        range: Some((0.0, 1.0)),
        ..Axis::default()
    };
    let around = Surroundings {
        x: &distributions.x,
        y: &y,
        title: &distributions.title,
        legend: legend(distributions),
        width: look.width,
        plot_height: look.plot_height,
        below: look.panel,
    };
    let values: Vec<f64> = distributions.lines.iter().flat_map(seen).map(|(x, _)| x).collect();
    let scales = (Scale::rounded(&distributions.x, &values), Scale::rounded(&y, &[]));
    let (frame, end) = around.draw(&mut picture, top, scales);
    draw_references(&mut picture, &frame, distributions);
    let styled = || (0..).map(LineStyle::of).zip(&distributions.lines);
    for (style, line) in styled() {
        let path = steps(&frame, line);
        if path.len() > 1 {
            style.line(&mut picture, &path);
        }
    }
    for (style, line) in styled() {
        for quantile in line.quantiles.iter().filter(|q| q.value.is_finite()) {
            style.mark(&mut picture, frame.at(quantile.value, quantile.share));
        }
        put_spots(&mut picture, &frame, &distributions.x, line);
    }
    if values.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        picture.text(middle, "nothing observed", Anchor::Middle, Type::regular(14.0, GREY));
    }
    picture.height = heading::note(&mut picture, &distributions.note, end, look.width);
    picture
}

/// The steps that can be shown.
fn seen(line: &Distribution) -> impl Iterator<Item = (f64, f64)> + '_ {
    line.steps.iter().copied().filter(|(value, share)| value.is_finite() && share.is_finite())
}

/// The path of a line: along, then up, from no share to the last one and on to the edge.
fn steps(frame: &Frame, line: &Distribution) -> Vec<Place> {
    let mut path: Vec<Place> = Vec::new();
    let mut height = frame.bottom;
    let last = line.steps.len().saturating_sub(1);
    for (index, (value, share)) in seen(line).enumerate() {
        let (x, y) = frame.at(value, share);
        let near = path.last().is_some_and(|(before, _)| x - before < CLOSE);
        if near && index != last {
            // The next step that is drawn goes up all the way.
            continue;
        }
        path.push((x, height));
        path.push((x, y));
        height = y;
    }
    if let Some(&(x, y)) = path.last()
        && x < frame.right
    {
        path.push((frame.right, y));
    }
    path
}

/// The shares of the marked quantiles, across the plot, named at its right edge.
fn draw_references(picture: &mut Picture, frame: &Frame, distributions: &Distributions) {
    let all = distributions.lines.iter().flat_map(|line| &line.quantiles);
    let mut marked: Vec<(f64, &str)> = all.map(|q| (q.share, q.name.as_str())).collect();
    marked.sort_by(|a, b| a.0.total_cmp(&b.0));
    marked.dedup_by(|a, b| a.1 == b.1);
    for (share, name) in marked {
        let y = frame.y(share);
        let from = frame.left + TICK.room(name) + 8.0;
        picture.dashed(&[(from, y), (frame.right, y)], X_REFERENCE, REFERENCE_STROKE, BLACK);
        let baseline = y + TICK.size * MIDDLE_EM;
        // On white, so that no line of the grid strikes it through.
        let corner = (frame.left + 2.0, y - TICK.size * 0.45);
        picture.rectangle(corner, (TICK.room(name) + 4.0, TICK.size * 0.9), WHITE);
        picture.text((frame.left + 4.0, baseline), name, Anchor::Start, TICK);
    }
}

fn put_spots(picture: &mut Picture, frame: &Frame, axis: &Axis, line: &Distribution) {
    let words = |name: String, value: f64| [line.label.clone(), name, said(axis, value)];
    let all: Vec<(f64, f64)> = seen(line).collect();
    let wanted = (1..SPOTS).map(|step| step as f64 / SPOTS as f64);
    let found = wanted.filter_map(|share| all.iter().find(|(_, reached)| *reached >= share));
    for &(value, share) in found {
        let name = format!("{} within", Format::Share.level(share));
        picture.spot_around(frame.at(value, share), &words(name, value));
    }
    for quantile in line.quantiles.iter().filter(|q| q.value.is_finite()) {
        let at = frame.at(quantile.value, quantile.share);
        picture.spot_around(at, &words(quantile.name.clone(), quantile.value));
    }
}

fn legend(distributions: &Distributions) -> Legend {
    let entry = |(index, line): (usize, &Distribution)| {
        let seen = line.quantiles.iter().filter(|q| q.value.is_finite());
        let figures: Vec<String> =
            seen.map(|q| format!("{}\u{a0}{}", q.name, said(&distributions.x, q.value))).collect();
        let separator = if line.label.is_empty() || figures.is_empty() { "" } else { ": " };
        let label = format!("{}{separator}{}", line.label, figures.join(", "));
        Entry { sample: Sample::Line(LineStyle::of(index)), label }
    };
    let entries = distributions.lines.iter().enumerate().map(entry);
    let entries = entries.filter(|entry| !entry.label.is_empty()).collect();
    Legend { heading: distributions.legend.clone(), entries }
}
