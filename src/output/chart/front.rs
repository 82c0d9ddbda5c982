//! A Pareto front: candidates over two objectives, or over every pair of more.

use super::data::{Axis, Better};
use super::frame::{Frame, Surroundings};
use super::heading::{self, LABEL, Look};
use super::ink::{BLACK, Ink, PALETTE, WHITE};
use super::kinds::{Candidate, Front, Objective, Standing};
use super::legend::{Entry, Legend, Sample, Sketch};
use super::picture::{Picture, Place};
use super::scale::Scale;

/// Between the plots of pairs.
const GAP: (f64, f64) = (34.0, 26.0);
/// Plots beside one another.
const COLUMNS: usize = 3;
/// A dominated candidate.
const FAINT: Ink = Ink { rgb: (168, 168, 168), alpha: 1.0 };
/// Its interval.
const FAINTER: Ink = Ink { rgb: (218, 218, 218), alpha: 1.0 };
/// The line that joins a front.
const STAIRS: &[f64] = &[5.0, 3.0];

/// Two objectives, by their place.
type Pair = (usize, usize);

pub(super) fn lay_out(front: &Front, look: Look) -> Picture {
    let count = front.objectives.len();
    let pairs: Vec<Pair> = (0..count).flat_map(|x| (x + 1..count).map(move |y| (x, y))).collect();
    if let [pair] = pairs[..] {
        return alone(front, pair, look);
    }
    let columns = COLUMNS.min(pairs.len()).max(1);
    // Whole pictures of pairs are wider than those of one.
    let width = if look.panel { look.width } else { look.width.max(1040.0) };
    let each = (width - GAP.0 * (columns - 1) as f64) / columns as f64;
    let look = Look { width, ..look };
    let mut picture = Picture { width, ..Picture::default() };
    let mut y = heading::put(&mut picture, &front.title, &front.subtitle, look);
    for (index, row) in pairs.chunks(columns).enumerate() {
        y += if index > 0 { GAP.1 } else { 0.0 };
        let mut height = 0.0_f64;
        for (column, pair) in row.iter().enumerate() {
            let plot = small(front, *pair, each);
            height = height.max(plot.height);
            picture.place(plot, (column as f64 * (each + GAP.0), y));
        }
        y += height;
    }
    let end = legend(front).rows(&mut picture, y + 12.0, width);
    picture.height = heading::note(&mut picture, &front.note, end, width);
    picture
}

/// The only pair, as a whole picture.
fn alone(front: &Front, pair: Pair, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &front.title, &front.subtitle, look);
    let axes = axes(front, pair);
    let around = Surroundings {
        x: &axes.0,
        y: &axes.1,
        title: &front.title,
        legend: legend(front),
        width: look.width,
        plot_height: look.plot_height,
        below: look.panel,
    };
    let (frame, end) = around.draw(&mut picture, top, scales(front, pair));
    draw_stairs(&mut picture, &frame, front, pair);
    draw_candidates(&mut picture, &frame, front, pair);
    picture.height = heading::note(&mut picture, &front.note, end, look.width);
    picture
}

/// One pair of several.
fn small(front: &Front, pair: Pair, width: f64) -> Picture {
    let mut picture = Picture { width, ..Picture::default() };
    let axes = axes(front, pair);
    // Labels of one height, so that the plots of a row are level.
    let lines = |axis: &Axis| LABEL.wrap(&heading::label(axis), width).len();
    let most = front.objectives.iter().map(|o| lines(&directed(o))).max().unwrap_or(0);
    let top = (most - lines(&axes.1)) as f64 * LABEL.leading();
    let around = Surroundings {
        x: &axes.0,
        y: &axes.1,
        title: "",
        legend: Legend::default(),
        width,
        plot_height: 210.0,
        below: true,
    };
    let (frame, end) = around.draw(&mut picture, top, scales(front, pair));
    draw_candidates(&mut picture, &frame, front, pair);
    picture.height = end;
    picture
}

/// An objective's axis, its label saying which way is better.
fn directed(objective: &Objective) -> Axis {
    let way = match objective.better {
        Better::Higher => "higher\u{a0}is\u{a0}better",
        Better::Lower => "lower\u{a0}is\u{a0}better",
    };
    let label = heading::label(&objective.axis);
    Axis { label: format!("{label}, {way}"), unit: String::new(), ..objective.axis.clone() }
}

fn axes(front: &Front, (x, y): Pair) -> (Axis, Axis) {
    (directed(&front.objectives[x]), directed(&front.objectives[y]))
}

fn scales(front: &Front, (x, y): Pair) -> (Scale, Scale) {
    let scale = |objective: usize| {
        let shown = front.candidates.iter().filter_map(|c| c.values.get(objective));
        let values: Vec<f64> = shown.flat_map(|estimate| estimate.seen()).collect();
        Scale::rounded(&front.objectives[objective].axis, &values)
    };
    (scale(x), scale(y))
}

/// The estimates of a pair, where both are there.
fn estimates(candidate: &Candidate, (x, y): Pair) -> Option<(super::Estimate, super::Estimate)> {
    let (x, y) = (*candidate.values.get(x)?, *candidate.values.get(y)?);
    (x.value.is_finite() && y.value.is_finite()).then_some((x, y))
}

/// What two objectives dominate is bounded by steps through the front.
fn draw_stairs(picture: &mut Picture, frame: &Frame, front: &Front, pair: Pair) {
    let among = front.candidates.iter().filter(|c| c.standing != Standing::Dominated);
    let seen = among.filter_map(|candidate| estimates(candidate, pair));
    let mut places: Vec<Place> = seen.map(|(x, y)| (x.value, y.value)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let x_first = front.objectives[pair.0].better == Better::Lower;
    let mut path: Vec<Place> = Vec::new();
    for (index, &(x, y)) in places.iter().enumerate() {
        if index > 0 {
            // The corner that both neighbours dominate, or nearly so.
            let before = places[index - 1];
            let corner = if x_first { (x, before.1) } else { (before.0, y) };
            path.push(frame.at(corner.0, corner.1));
        }
        path.push(frame.at(x, y));
    }
    if path.len() > 1 {
        picture.dashed(&path, STAIRS, 1.4, PALETTE[0]);
    }
}

/// The dominated below the front, the recommended above all.
fn draw_candidates(picture: &mut Picture, frame: &Frame, front: &Front, pair: Pair) {
    let mut order: Vec<&Candidate> = front.candidates.iter().collect();
    order.sort_by_key(|candidate| candidate.standing);
    let seen = || order.iter().filter_map(|c| estimates(c, pair).map(|at| (*c, at)));
    for (candidate, (x, y)) in seen() {
        let (ink, width) = match candidate.standing {
            Standing::Dominated => (FAINTER, 1.0),
            Standing::Front => (PALETTE[0], 1.2),
            Standing::Recommended => (PALETTE[1], 2.0),
        };
        let at = frame.at(x.value, y.value);
        if let Some((low, high)) = x.interval() {
            picture.stroke(vec![(frame.x(low), at.1), (frame.x(high), at.1)], width, ink);
        }
        if let Some((low, high)) = y.interval() {
            picture.stroke(vec![(at.0, frame.y(low)), (at.0, frame.y(high))], width, ink);
        }
    }
    for (candidate, (x, y)) in seen() {
        mark(picture, frame.at(x.value, y.value), candidate.standing);
    }
    for (candidate, (x, y)) in seen() {
        let axis = |objective: usize| &front.objectives[objective].axis;
        let part = |axis: &Axis, value: &super::Estimate| {
            format!("{} {}", axis.label.to_lowercase(), value.said(axis))
        };
        let both = format!("{}; {}", part(axis(pair.0), &x), part(axis(pair.1), &y));
        picture.spot_around(frame.at(x.value, y.value), &[candidate.label.clone(), both]);
    }
}

/// A small grey disc, a blue disc, or a large diamond.
fn mark(picture: &mut Picture, (x, y): Place, standing: Standing) {
    match standing {
        Standing::Dominated => picture.disc((x, y), 2.6, FAINT),
        Standing::Front => {
            picture.disc((x, y), 5.4, WHITE);
            picture.disc((x, y), 4.4, PALETTE[0]);
        }
        Standing::Recommended => {
            for (reach, ink) in [(10.5, WHITE), (9.0, BLACK), (7.0, PALETTE[1])] {
                let corners = vec![(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)];
                picture.area(corners, ink);
            }
        }
    }
}

fn legend(front: &Front) -> Legend {
    let occurs = |standing| front.candidates.iter().any(|c| c.standing == standing);
    let kinds: [(Standing, Sketch, &str); 3] = [
        (Standing::Recommended, |p, at| mark(p, at, Standing::Recommended), "Recommended"),
        (Standing::Front, |p, at| mark(p, at, Standing::Front), "Pareto front: none is better"),
        (Standing::Dominated, |p, at| mark(p, at, Standing::Dominated), "Dominated by another"),
    ];
    let shown = kinds.into_iter().filter(|(standing, ..)| occurs(*standing));
    let entries = shown
        .map(|(_, draw, label)| Entry { sample: Sample::Sketch(draw), label: label.to_owned() });
    Legend { heading: String::new(), entries: entries.collect() }
}
