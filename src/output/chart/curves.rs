//! A line chart: a measure over a numeric factor, with the interval of each mean.

use super::data::{Curves, Line, Point};
use super::format::said;
use super::frame::{self, Frame, INSET, LEGEND_GAP};
use super::heading::{self, LABEL, Look, TICK};
use super::ink::{BLACK, GREY};
use super::kinds::Estimate;
use super::legend::{Entry, Legend, REFERENCE_STROKE, Sample, X_REFERENCE, Y_REFERENCE};
use super::line_style::LineStyle;
use super::picture::{Anchor, Picture, Place, Type};
use super::scale::{LEVELS_MAX, Scale, TICKS};

/// How much of the ground an interval's band hides.
const BAND: f64 = 0.13;
/// Half the cap of an interval's bar.
const CAP: f64 = 3.5;

fn place(plot: &Frame, point: Point) -> Place {
    plot.at(point.x, point.mean)
}

/// The ends of a point's interval, if it has one.
fn interval(plot: &Frame, point: Point) -> Option<(f64, f64)> {
    (point.half_width > 0.0 && point.half_width.is_finite())
        .then(|| (plot.y(point.mean - point.half_width), plot.y(point.mean + point.half_width)))
}

pub(super) fn lay_out(curves: &Curves, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let lines: Vec<Line> = curves.lines.iter().map(sorted).collect();
    let top = heading::put(&mut picture, &curves.title, &curves.subtitle, look);
    let legend = legend(curves);
    // Beside the plot, unless it would take more room there than the plot has.
    let below = look.panel || legend.column_height() > look.plot_height;
    let beside = if below { 0.0 } else { legend.column_width() };
    let right = look.width - if beside > 0.0 { beside + LEGEND_GAP } else { 0.0 };

    let y_label = LABEL.wrap(&heading::label_below(&curves.title, &curves.y), right);
    let top = picture.lines((0.0, top), &y_label, Anchor::Start, LABEL) + 8.0;
    let y = Scale::rounded(&curves.y, &measured(curves, &lines));
    let ticks_width = y.ticks(TICKS).iter().map(|(_, text)| TICK.room(text)).fold(0.0, f64::max);
    let plot = Frame {
        left: ticks_width + 8.0,
        right,
        top,
        bottom: top + look.plot_height,
        inset: INSET,
        x: Scale::exact(&curves.x, &levels(curves, &lines)),
        y,
    };
    frame::draw_y_axis(&mut picture, &plot);
    let mut bottom = draw_x_axis(&mut picture, &plot, curves, &lines);
    draw_references(&mut picture, &plot, curves);
    draw_lines(&mut picture, &plot, &lines);
    put_spots(&mut picture, &plot, curves, &lines);
    if lines.iter().all(|line| line.points.iter().all(|point| !point.mean.is_finite())) {
        let middle = (f64::midpoint(plot.left, right), f64::midpoint(top, plot.bottom));
        let set = Type::regular(14.0, GREY);
        picture.text(middle, "nothing observed", Anchor::Middle, set);
    }
    if below {
        bottom = legend.rows(&mut picture, bottom + 12.0, look.width);
    } else {
        bottom = legend.column(&mut picture, (right + LEGEND_GAP, top)).max(bottom);
    }
    picture.height = heading::note(&mut picture, &curves.note, bottom, look.width);
    picture
}

/// A line with its points in the order of the factor.
fn sorted(line: &Line) -> Line {
    let mut line = line.clone();
    line.points.retain(|point| point.x.is_finite());
    line.points.sort_by(|a, b| a.x.total_cmp(&b.x));
    line
}

/// Every value the y axis must show.
fn measured(curves: &Curves, lines: &[Line]) -> Vec<f64> {
    let seen = lines.iter().flat_map(|line| &line.points).filter(|point| point.mean.is_finite());
    let ends = seen.flat_map(|point| {
        let half = if point.half_width.is_finite() { point.half_width } else { 0.0 };
        // An interval may reach below zero; a logarithmic axis need not, if no mean does.
        let low = point.mean - half;
        let low = if curves.y.log && low <= 0.0 { point.mean } else { low };
        [low, point.mean, point.mean + half]
    });
    ends.chain(curves.y_reference.as_ref().map(|reference| reference.value)).collect()
}

/// Every level the x axis must show, once, in order.
fn levels(curves: &Curves, lines: &[Line]) -> Vec<f64> {
    let points = lines.iter().flat_map(|line| line.points.iter().map(|point| point.x));
    let reference = curves.x_reference.as_ref().map(|reference| reference.value);
    let mut levels: Vec<f64> = points.chain(reference).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup_by(|a, b| a.total_cmp(b).is_eq());
    levels
}

fn legend(curves: &Curves) -> Legend {
    let lines = curves.lines.iter().enumerate().map(|(index, line)| Entry {
        sample: if line.scattered {
            Sample::Marker(LineStyle::of(index))
        } else {
            Sample::Line(LineStyle::of(index))
        },
        label: line.label.clone(),
    });
    let reference = |level: &Option<super::data::Level>, sample| {
        level.clone().map(|level| Entry { sample, label: level.label })
    };
    let references = [
        reference(&curves.y_reference, Sample::YReference),
        reference(&curves.x_reference, Sample::XReference),
    ];
    let entries = lines.chain(references.into_iter().flatten());
    let entries = entries.filter(|entry| !entry.label.is_empty()).collect();
    Legend { heading: curves.legend.clone(), entries }
}

/// Ticks at the factor's own levels, where these are few; returns where the axis' words end.
fn draw_x_axis(picture: &mut Picture, plot: &Frame, curves: &Curves, lines: &[Line]) -> f64 {
    let own = levels(&Curves { x_reference: None, ..curves.clone() }, lines);
    let measured = lines.iter().any(|line| line.scattered);
    let ticks = if own.len() <= LEVELS_MAX && !measured {
        own.into_iter().map(|level| (level, curves.x.format.level(level))).collect()
    } else {
        plot.x.ticks(TICKS)
    };
    frame::draw_x_axis(picture, plot, ticks, &heading::label(&curves.x))
}

fn draw_references(picture: &mut Picture, plot: &Frame, curves: &Curves) {
    if let Some(level) = curves.y_reference.as_ref().filter(|level| level.value.is_finite()) {
        let y = plot.y(level.value);
        let path = [(plot.left, y), (plot.right, y)];
        picture.dashed(&path, Y_REFERENCE, REFERENCE_STROKE, BLACK);
    }
    if let Some(level) = curves.x_reference.as_ref().filter(|level| level.value.is_finite()) {
        let x = plot.x(level.value);
        let path = [(x, plot.bottom), (x, plot.top)];
        picture.dashed(&path, X_REFERENCE, REFERENCE_STROKE, BLACK);
    }
}

/// Bands below all bars, bars below all lines, lines below all markers.
fn draw_lines(picture: &mut Picture, plot: &Frame, lines: &[Line]) {
    let styled: Vec<(LineStyle, Vec<Vec<Point>>)> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| (LineStyle::of(index), unbroken(line)))
        .collect();
    for (style, run) in styled.iter().flat_map(|(style, runs)| runs.iter().map(move |r| (style, r)))
    {
        draw_band(picture, plot, *style, run);
    }
    for (style, runs) in &styled {
        for &point in runs.iter().flatten() {
            draw_bar(picture, plot, *style, point);
        }
    }
    for (style, runs) in &styled {
        for run in runs.iter().filter(|run| run.len() > 1) {
            let path: Vec<Place> = run.iter().map(|&point| place(plot, point)).collect();
            style.line(picture, &path);
        }
    }
    for (style, runs) in &styled {
        for &point in runs.iter().flatten() {
            style.mark(picture, place(plot, point));
        }
    }
}

/// What each point is, for who points at it.
fn put_spots(picture: &mut Picture, plot: &Frame, curves: &Curves, lines: &[Line]) {
    for (line, point) in lines.iter().flat_map(|line| line.points.iter().map(move |p| (line, p))) {
        if point.mean.is_finite() {
            let at = format!("{} {}", curves.x.label, said(&curves.x, point.x));
            let value = Estimate::about(point.mean, point.half_width);
            let words = [line.label.clone(), at, value.said(&curves.y)];
            picture.spot_around(place(plot, *point), &words);
        }
    }
}

/// The points to be joined, run by run.
fn unbroken(line: &Line) -> Vec<Vec<Point>> {
    let seen = |point: &Point| point.mean.is_finite();
    if line.scattered {
        return line.points.iter().filter(|point| seen(point)).map(|&point| vec![point]).collect();
    }
    let runs = line.points.split(|point| !seen(point));
    runs.filter(|run| !run.is_empty()).map(<[Point]>::to_vec).collect()
}

fn draw_band(picture: &mut Picture, plot: &Frame, style: LineStyle, run: &[Point]) {
    if run.len() < 2 || run.iter().all(|&point| interval(plot, point).is_none()) {
        return;
    }
    let ends =
        |point: Point| interval(plot, point).unwrap_or((plot.y(point.mean), plot.y(point.mean)));
    let lower = run.iter().map(|&point| (plot.x(point.x), ends(point).0));
    let upper = run.iter().rev().map(|&point| (plot.x(point.x), ends(point).1));
    picture.area(lower.chain(upper).collect(), style.ink.thinned(BAND));
}

fn draw_bar(picture: &mut Picture, plot: &Frame, style: LineStyle, point: Point) {
    let Some((low, high)) = interval(plot, point) else { return };
    let x = plot.x(point.x);
    picture.stroke(vec![(x, low), (x, high)], 1.2, style.ink);
    for y in [low, high] {
        picture.stroke(vec![(x - CAP, y), (x + CAP, y)], 1.2, style.ink);
    }
}
