//! A tornado plot: what each factor does to a measure, alone and with its interactions, the largest
//! first.

use super::data::Axis;
use super::heading::{self, Look, TICK};
use super::ink::{BLACK, GREY, Ink, PALETTE, WHITE};
use super::kinds::{Bar, Estimate, Tornado};
use super::legend::{Entry, Legend, REFERENCE_STROKE, Sample, Sketch, X_REFERENCE};
use super::picture::{Anchor, Picture, Place, Type};
use super::rows::{Row, Rows, whisker};
use super::scale::Scale;

/// From one factor to the next, at least.
const ROW: f64 = 44.0;
/// How thick a bar is.
const THICK: f64 = 13.0;
/// Between the two bars of a factor.
const BETWEEN: f64 = 2.0;
/// Between the strokes of a hatching.
const HATCHING: f64 = 6.0;
/// What the figures beside a factor are.
const HEADS: &str = "total / alone";
/// How thick an interval is drawn.
const WHISKER: f64 = 1.5;

pub(super) fn lay_out(tornado: &Tornado, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &tornado.title, &tornado.subtitle, look);
    let mut bars: Vec<&Bar> = tornado.bars.iter().collect();
    let size = |bar: &Bar| {
        let shown = [bar.total.value, bar.first.value].into_iter().find(|v| v.is_finite());
        shown.unwrap_or(f64::NEG_INFINITY)
    };
    bars.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let noise = tornado.noise.as_ref().filter(|level| level.value.is_finite());
    let values = bars.iter().flat_map(|bar| bar.first.seen().chain(bar.total.seen()));
    let values: Vec<f64> = values.chain([0.0]).chain(noise.map(|level| level.value)).collect();
    let scale = Scale::exact(&widened(tornado, &values), &values);
    let above = TICK.leading();
    let rows = Rows::put(&mut picture, &figures(tornado, &bars), scale, (top + above, ROW));
    for (index, bar) in bars.iter().enumerate() {
        draw_factor(&mut picture, &rows, bar, rows.middle(index), both(tornado));
    }
    let zero = rows.x(0.0);
    picture.stroke(vec![(zero, rows.top), (zero, rows.bottom)], 1.6, BLACK);
    if let Some(level) = noise {
        let x = rows.x(level.value);
        let path = [(x, rows.bottom), (x, rows.top)];
        picture.dashed(&path, X_REFERENCE, REFERENCE_STROKE + 0.3, BLACK);
        // To the right of its line, where the longest bars have their ends and words have room.
        let room = TICK.room(&level.label);
        let heads = if both(tornado) { Type::regular(12.0, GREY).room(HEADS) } else { 0.0 };
        let free = picture.width - heads - 36.0;
        let x = (x - 4.0).min(rows.right.min(free) - room).max(0.0);
        picture.text((x, rows.top - 5.0), level.label.as_str(), Anchor::Start, TICK);
    }
    for (index, bar) in bars.iter().enumerate() {
        rows.spot(&mut picture, index, &[bar.label.clone(), said(tornado, bar)]);
    }
    if !bars.is_empty() && both(tornado) {
        let heads = (look.width, rows.top - 5.0);
        picture.text(heads, HEADS, Anchor::End, Type::regular(12.0, GREY));
    }
    let end = rows.draw_axis(&mut picture, &heading::label(&tornado.value));
    let end = legend(tornado).rows(&mut picture, end + 10.0, look.width);
    picture.height = heading::note(&mut picture, &tornado.note, end, look.width);
    picture
}

/// Whether a factor has two bars, not only that of its total.
fn both(tornado: &Tornado) -> bool {
    tornado.bars.iter().any(|bar| bar.first.value.is_finite())
}

/// The axis with a range a little wider than what it shows: rounding it to ticks would leave a
/// great void below zero for an interval that reaches there.
fn widened(tornado: &Tornado, values: &[f64]) -> Axis {
    let possible = values.iter().map(|value| tornado.value.possible(*value));
    let ends = possible.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    let margin = (ends.1 - ends.0) * 0.04;
    let low = if ends.0 < 0.0 { ends.0 - margin } else { 0.0 };
    let high = tornado.value.possible(ends.1 + margin);
    let range = tornado.value.range.unwrap_or((low, high));
    Axis { range: (range.0 < range.1).then_some(range), ..tornado.value.clone() }
}

/// A factor's two values in words.
pub(super) fn said(tornado: &Tornado, bar: &Bar) -> String {
    let part = |name: &str, estimate: &Estimate| {
        let seen = estimate.value.is_finite();
        seen.then(|| format!("{} {}", name.to_lowercase(), estimate.said(&tornado.value)))
    };
    let parts = [part(&tornado.total, &bar.total), part(&tornado.first, &bar.first)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn figures(tornado: &Tornado, bars: &[&Bar]) -> Vec<Row> {
    let half = |estimate: &Estimate| (estimate.high - estimate.low) / 2.0;
    let values = bars.iter().flat_map(|bar| [bar.total, bar.first]);
    let pairs: Vec<(f64, f64)> = values.map(|estimate| (estimate.value, half(&estimate))).collect();
    let notation = tornado.value.format.notation_of(&pairs);
    let write = |estimate: &Estimate| {
        if estimate.value.is_finite() { notation.write(estimate.value) } else { "–".to_owned() }
    };
    let row = |bar: &&Bar| Row {
        label: bar.label.clone(),
        figures: match both(tornado) {
            true => format!("{} / {}", write(&bar.total), write(&bar.first)),
            false => write(&bar.total),
        },
        bold: false,
    };
    bars.iter().map(row).collect()
}

/// Both bars of a factor, each with its interval.
fn draw_factor(picture: &mut Picture, rows: &Rows, bar: &Bar, middle: f64, both: bool) {
    let above = if both { THICK + BETWEEN / 2.0 } else { THICK / 2.0 };
    let parts = [(bar.total, middle - above, true), (bar.first, middle + BETWEEN / 2.0, false)];
    for (estimate, top, total) in parts {
        if !estimate.value.is_finite() {
            continue;
        }
        let (from, to) = (rows.x(0.0), rows.x(estimate.value));
        let (left, width) = (from.min(to), (to - from).abs());
        fill(picture, (left, top), width, total);
        if let Some((low, high)) = estimate.interval() {
            let ends = (rows.x(low), rows.x(high));
            // White below, to show on the bar.
            let y = top + THICK / 2.0;
            picture.stroke(vec![(ends.0, y), (ends.1, y)], WHISKER + 2.0, WHITE);
            whisker(picture, ends, y, WHISKER);
        }
    }
}

/// The bar of a total effect is light and hatched, that of a first-order effect is dark.
fn fill(picture: &mut Picture, (left, top): Place, width: f64, total: bool) {
    let dark: Ink = PALETTE[0];
    if !total {
        picture.rectangle((left, top), (width, THICK), dark);
        return;
    }
    let light = PALETTE[6];
    picture.rectangle((left, top), (width, THICK), light.thinned(0.35));
    let mut foot = HATCHING / 2.0;
    while foot < width + THICK {
        // From the lower edge to the upper one, cut where the bar ends.
        let (from, to) = (foot.min(width), (foot - THICK).max(0.0));
        let (low, high) = (top + THICK - (foot - from), top + (THICK - foot).max(0.0));
        picture.stroke(vec![(left + from, low), (left + to, high)], 1.0, light);
        foot += HATCHING;
    }
    let (right, bottom) = (left + width, top + THICK);
    let outline = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    picture.stroke(outline, 1.2, dark);
}

fn legend(tornado: &Tornado) -> Legend {
    let total: Sketch = |picture, (x, y)| fill(picture, (x - 15.0, y - THICK / 2.0), 30.0, true);
    let first: Sketch = |picture, (x, y)| fill(picture, (x - 15.0, y - THICK / 2.0), 30.0, false);
    let entries = [(total, &tornado.total), (first, &tornado.first)]
        .into_iter()
        .filter(|(_, label)| !label.is_empty())
        .map(|(draw, label)| Entry { sample: Sample::Sketch(draw), label: label.clone() });
    Legend { heading: String::new(), entries: entries.collect() }
}
