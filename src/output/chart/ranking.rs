//! A ranking: arms of a comparison below one another, each a dot with its interval, and in figures.

use super::data::{Arm, Better, Ranking};
use super::heading::{self, LABEL, Look, TICK};
use super::ink::{AXIS, BLACK, GRID, Ink, PALETTE};
use super::kinds::Estimate;
use super::legend::{REFERENCE_STROKE, X_REFERENCE};
use super::picture::{Anchor, MIDDLE_EM, Picture, Type};
use super::scale::{Scale, TICKS, spread};

/// From one arm to the next, at least.
const ROW: f64 = 32.0;
/// A dot's size.
const RADIUS: f64 = 5.0;
/// Half the cap of an interval's bar.
const CAP: f64 = 4.5;
/// Between labels, plot and figures.
const GAP: f64 = 14.0;

/// Where the plot stands in the picture.
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    scale: Scale,
}

impl Plot {
    fn x(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.scale.share(value)
    }
}

pub(super) fn lay_out(ranking: &Ranking, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &ranking.title, &ranking.subtitle, look);
    let rows: Vec<(Vec<String>, String)> = rows(ranking, look);
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| set(true).room(text)).fold(0.0, f64::max)
    };
    let values: Vec<f64> = ranking.arms.iter().flat_map(ends).collect();
    let reference = ranking.reference.as_ref().map(|level| level.value);
    let values: Vec<f64> = values.into_iter().chain(reference).collect();
    let plot = Plot {
        left: widest(&mut rows.iter().flat_map(|(label, _)| label)) + GAP,
        right: look.width - widest(&mut rows.iter().map(|(_, figures)| figures)) - GAP,
        top: top + if ranking.reference.is_some() { TICK.leading() } else { 4.0 },
        scale: Scale::rounded(&ranking.value, &values),
    };
    let heights = rows.iter().map(|(label, _)| ROW.max(label.len() as f64 * TICK.leading() + 10.0));
    let heights: Vec<f64> = heights.collect();
    let bottom = plot.top + heights.iter().sum::<f64>();
    let axis_end = draw_axis(&mut picture, &plot, ranking, bottom);
    let mut y = plot.top;
    for ((arm, (label, figures)), height) in ranking.arms.iter().zip(&rows).zip(heights) {
        let middle = y + height / 2.0;
        draw_arm(&mut picture, &plot, arm, middle);
        if arm.mean.is_finite() {
            let value = Estimate::about(arm.mean, arm.half_width);
            let words = [arm.label.clone(), value.said(&ranking.value)];
            picture.spot((plot.left, y), (plot.right - plot.left, height), &words);
        }
        let set = set(arm.highlight);
        picture.lines_around((plot.left - GAP, middle), label, Anchor::End, set);
        let baseline = middle + set.size * MIDDLE_EM;
        picture.text((look.width, baseline), figures.as_str(), Anchor::End, set);
        y += height;
    }
    picture.height = heading::note(&mut picture, &ranking.note, axis_end, look.width);
    picture
}

fn set(highlight: bool) -> Type {
    if highlight { Type::bold(12.0, BLACK) } else { TICK }
}

fn ink(arm: &Arm) -> Ink {
    PALETTE[usize::from(arm.highlight)]
}

/// Each arm's label, wrapped, and its figures.
fn rows(ranking: &Ranking, look: Look) -> Vec<(Vec<String>, String)> {
    let pairs: Vec<(f64, f64)> =
        ranking.arms.iter().map(|arm| (arm.mean, arm.half_width)).collect();
    let notation = ranking.value.format.notation_of(&pairs);
    let figures = |arm: &Arm| match (arm.mean.is_finite(), arm.half_width.is_finite()) {
        (true, true) => {
            format!("{} {}", notation.write(arm.mean), notation.plus_minus(arm.half_width))
        }
        (true, false) => notation.write(arm.mean),
        (false, _) => "–".to_owned(),
    };
    let label_max = look.width * 0.3;
    let label = |arm: &Arm| set(arm.highlight).wrap(&arm.label, label_max);
    ranking.arms.iter().map(|arm| (label(arm), figures(arm))).collect()
}

/// What the axis must show of an arm.
fn ends(arm: &Arm) -> Vec<f64> {
    if !arm.mean.is_finite() {
        return Vec::new();
    }
    let half = if arm.half_width.is_finite() { arm.half_width } else { 0.0 };
    vec![arm.mean - half, arm.mean, arm.mean + half]
}

/// The grid, the reference and the axis' words; returns where these end.
fn draw_axis(picture: &mut Picture, plot: &Plot, ranking: &Ranking, bottom: f64) -> f64 {
    let ticks = plot.scale.ticks(TICKS);
    for (value, _) in &ticks {
        let x = plot.x(*value);
        let zero = plot.scale.straddles_zero() && value.abs() < f64::MIN_POSITIVE;
        let ink = if zero { AXIS } else { GRID };
        picture.stroke(vec![(x, plot.top), (x, bottom)], 1.0, ink);
    }
    if let Some(level) = ranking.reference.as_ref().filter(|level| level.value.is_finite()) {
        let x = plot.x(level.value);
        picture.dashed(&[(x, bottom), (x, plot.top)], X_REFERENCE, REFERENCE_STROKE, BLACK);
        let half = TICK.room(&level.label) / 2.0;
        let x = x.min(picture.width - half).max(half);
        picture.text((x, plot.top - 5.0), level.label.as_str(), Anchor::Middle, TICK);
    }
    picture.stroke(vec![(plot.left, bottom), (plot.right, bottom)], 1.0, AXIS);
    let baseline = bottom + 5.0 + TICK.size;
    for (value, text) in spread(ticks, |value| plot.x(value), TICK) {
        picture.text((plot.x(value), baseline), text, Anchor::Middle, TICK);
    }
    let label = heading::label(&ranking.value);
    let label = match ranking.better {
        _ if label.is_empty() => label,
        Better::Higher => format!("{label}, higher is better →"),
        Better::Lower => format!("← {label}, lower is better"),
    };
    let lines = LABEL.wrap(&label, plot.right - plot.left);
    let middle = f64::midpoint(plot.left, plot.right);
    picture.lines((middle, baseline + 7.0), &lines, Anchor::Middle, LABEL)
}

fn draw_arm(picture: &mut Picture, plot: &Plot, arm: &Arm, y: f64) {
    picture.stroke(vec![(plot.left, y), (plot.right, y)], 1.0, GRID);
    if !arm.mean.is_finite() {
        return;
    }
    let ink = ink(arm);
    if arm.half_width > 0.0 && arm.half_width.is_finite() {
        let (low, high) = (plot.x(arm.mean - arm.half_width), plot.x(arm.mean + arm.half_width));
        picture.stroke(vec![(low, y), (high, y)], 2.0, ink);
        for x in [low, high] {
            picture.stroke(vec![(x, y - CAP), (x, y + CAP)], 2.0, ink);
        }
    }
    let (x, reach) = (plot.x(arm.mean), RADIUS + 0.6);
    if arm.highlight {
        // A diamond, to stand out without its colour.
        picture.area(vec![(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], ink);
    } else {
        picture.disc((x, y), RADIUS, ink);
    }
}
