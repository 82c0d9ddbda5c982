//! Welch's plot: the mean of replications over the time of a run, its moving average, and where its
//! start is cut off.

use super::format::said;
use super::frame::{Frame, Surroundings};
use super::heading::{self, Look};
use super::ink::{BLACK, GREY, HATCH, Ink, PALETTE};
use super::kinds::Welch;
use super::legend::{Entry, Legend, REFERENCE_STROKE, Sample, Sketch, X_REFERENCE, Y_REFERENCE};
use super::picture::{Anchor, Picture, Place, Type};
use super::scale::Scale;

/// The means of single times.
const MEANS: Ink = Ink { rgb: (150, 150, 150), alpha: 1.0 };
/// How thick they and their average are drawn.
const STROKES: (f64, f64) = (1.0, 2.6);
/// Between the strokes over what is cut off.
const HATCHING: f64 = 10.0;
/// Number of places of the average that can be pointed at.
const SPOTS: usize = 60;

pub(super) fn lay_out(welch: &Welch, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &welch.title, &welch.subtitle, look);
    let around = Surroundings {
        x: &welch.x,
        y: &welch.y,
        title: &welch.title,
        legend: legend(welch),
        width: look.width,
        plot_height: look.plot_height,
        below: true,
    };
    let cut = welch.cut.as_ref().filter(|cut| cut.value.is_finite());
    let level = welch.level.as_ref().filter(|level| level.value.is_finite());
    let all =
        || welch.means.iter().chain(&welch.average).filter(|(x, y)| x.is_finite() && y.is_finite());
    let times: Vec<f64> = all().map(|(x, _)| *x).chain(cut.map(|cut| cut.value)).collect();
    let values: Vec<f64> = all().map(|(_, y)| *y).chain(level.map(|level| level.value)).collect();
    let scales = (Scale::rounded(&welch.x, &times), Scale::rounded(&welch.y, &values));
    let (frame, end) = around.draw(&mut picture, top, scales);
    if let Some(cut) = cut {
        hatch(&mut picture, &frame, frame.x(cut.value));
    }
    for run in unbroken(&frame, &welch.means) {
        picture.stroke(run, STROKES.0, MEANS);
    }
    if let Some(level) = level {
        let y = frame.y(level.value);
        let from = cut.map_or(frame.left, |cut| frame.x(cut.value));
        let path = [(from, y), (frame.right, y)];
        picture.dashed(&path, Y_REFERENCE, REFERENCE_STROKE, BLACK);
    }
    for run in unbroken(&frame, &welch.average) {
        picture.stroke(run, STROKES.1, PALETTE[0]);
    }
    if let Some(cut) = cut {
        let x = frame.x(cut.value);
        let path = [(x, frame.bottom), (x, frame.top)];
        picture.dashed(&path, X_REFERENCE, 2.0, PALETTE[1]);
    }
    if values.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        picture.text(middle, "nothing observed", Anchor::Middle, Type::regular(14.0, GREY));
    }
    put_spots(&mut picture, &frame, welch);
    picture.height = heading::note(&mut picture, &welch.note, end, look.width);
    picture
}

/// A line's pieces between gaps.
fn unbroken(frame: &Frame, points: &[(f64, f64)]) -> Vec<Vec<Place>> {
    let runs = points.split(|(x, y)| !x.is_finite() || !y.is_finite());
    let places = |run: &[(f64, f64)]| run.iter().map(|(x, y)| frame.at(*x, *y)).collect::<Vec<_>>();
    runs.filter(|run| run.len() > 1).map(places).collect()
}

/// What is cut off: strokes from the plot's left edge to the cut.
fn hatch(picture: &mut Picture, frame: &Frame, cut: f64) {
    let (left, height) = (frame.left, frame.bottom - frame.top);
    let width = cut - left;
    let mut foot = HATCHING;
    while foot < width + height {
        let from = (left + foot.min(width), frame.bottom - (foot - foot.min(width)));
        let rise = foot.min(height);
        picture.stroke(vec![from, (left + foot - rise, frame.bottom - rise)], 1.0, HATCH);
        foot += HATCHING;
    }
}

fn put_spots(picture: &mut Picture, frame: &Frame, welch: &Welch) {
    let every = welch.average.len().div_ceil(SPOTS).max(1);
    let seen = welch.average.iter().step_by(every).filter(|(x, y)| x.is_finite() && y.is_finite());
    for &(x, y) in seen {
        let words = [said(&welch.x, x), said(&welch.y, y)];
        picture.spot_around(frame.at(x, y), &words);
    }
}

fn legend(welch: &Welch) -> Legend {
    let line: Sketch = |picture, (x, y)| {
        picture.stroke(vec![(x - 17.0, y), (x + 17.0, y)], STROKES.1, PALETTE[0]);
    };
    let thin: Sketch = |picture, (x, y)| {
        picture.stroke(vec![(x - 17.0, y), (x + 17.0, y)], STROKES.0, MEANS);
    };
    let cut: Sketch = |picture, (x, y)| {
        picture.dashed(&[(x, y + 9.0), (x, y - 9.0)], X_REFERENCE, 2.0, PALETTE[1]);
    };
    let entry = |sample: Sample, label: &str| Entry { sample, label: label.to_owned() };
    let mut entries = vec![
        entry(Sample::Sketch(line), &welch.average_label),
        entry(Sample::Sketch(thin), "Mean of the replications"),
    ];
    entries.extend(welch.cut.as_ref().map(|level| entry(Sample::Sketch(cut), &level.label)));
    entries.extend(welch.level.as_ref().map(|level| entry(Sample::YReference, &level.label)));
    entries.retain(|entry| !entry.label.is_empty());
    Legend { heading: String::new(), entries }
}
