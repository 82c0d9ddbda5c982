//! Lays out a lane chart: heading, moments, then lanes over one axis of time, each with its legend
//! beside it.

use super::heading::{self, LABEL, Look};
use super::ink::{AXIS, BLACK, GREY, GRID, Ink};
use super::lane_marks::{self, Frame};
use super::lanes::{Bins, Content, Lane, Lanes, Moment, States, Tone};
use super::legend::{REFERENCE_STROKE, Y_REFERENCE};
use super::picture::{Anchor, MIDDLE_EM, Picture, Place, Type};
use super::scale::{Scale, spread};

/// Of the whole chart: a laptop's screen with a browser's edges.
const WIDTH: f64 = 1180.0;
/// For legends, right of the lanes.
const LEGENDS: f64 = 205.0;
/// Between lanes and their legends, and rows and their names.
const GAP: f64 = 10.0;
/// Names of rows take no more than this.
const NAMES_MAX: f64 = 165.0;
/// The height of a lane of bins.
const BINS: f64 = 54.0;
/// The height of a strip of states: alone in its row, or one of several.
const STRIP: (f64, f64) = (9.5, 4.6);
/// Between strips of a row, and between rows.
const STRIP_GAP: (f64, f64) = (1.2, 2.7);
/// A row of states where there are few.
const STRIP_ALONE: f64 = 16.0;
/// Between a lane and the title of the next.
const LANE_GAP: f64 = 9.0;
/// Between entries of a lane's legend.
const ENTRY: f64 = 14.0;
const SAMPLE: f64 = 16.0;
const SMALL: Type = Type::regular(10.5, BLACK);
const DETAIL: Type = Type::regular(11.0, GREY);
const MOMENT: Type = Type::regular(12.0, BLACK);

/// What a colour is. Okabe and Ito's, of rising lightness in a grey print: bad, first, moving,
/// mild, second, calm.
pub(super) const fn ink(tone: Tone) -> Ink {
    let rgb = match tone {
        Tone::Calm => (196, 204, 210),
        Tone::First => (0, 114, 178),
        Tone::Second => (230, 159, 0),
        Tone::Rest => (170, 170, 170),
        Tone::Moving => (0, 0, 0),
        Tone::Mild => (86, 180, 233),
        Tone::Bad => (213, 60, 0),
        Tone::Plain => (90, 90, 90),
    };
    Ink { rgb, alpha: 1.0 }
}

pub(super) fn lay_out(lanes: &Lanes, look: Look) -> Picture {
    let look = Look { width: WIDTH, ..look };
    let mut picture = Picture { width: WIDTH, ..Picture::default() };
    let mut y = heading::put(&mut picture, &lanes.title, &lanes.subtitle, look) - 4.0;
    y = put_moments(&mut picture, &lanes.moments, y);
    let left = names_width(lanes) + GAP;
    let right = WIDTH - LEGENDS - GAP;
    let frame = Frame { left, right, range_s: lanes.range_s };
    let top = lane_marks::put_labels(&mut picture, lanes, &frame, y);
    let heights: Vec<f64> = lanes.lanes.iter().map(height).collect();
    let bottom = heights.iter().fold(top, |y, height| y + height + LANE_GAP) - LANE_GAP;
    lane_marks::put_bands(&mut picture, lanes, &frame, (top, bottom));
    put_ticks(&mut picture, lanes, &frame, (top, bottom));
    let mut y = top;
    for (lane, height) in lanes.lanes.iter().zip(&heights) {
        put_lane(&mut picture, lane, &frame, y);
        // Not through the titles.
        lane_marks::put_lines(&mut picture, lanes, &frame, (y + title_height(), y + height));
        y += height + LANE_GAP;
    }
    let middle = f64::midpoint(left, right);
    let below = bottom + 18.0 + LABEL.size;
    picture.text((middle, below + 4.0), lanes.time.as_str(), Anchor::Middle, LABEL);
    picture.height = heading::note(&mut picture, &lanes.note, below + 6.0, WIDTH);
    picture
}

/// The moments in two columns, down the first and then the second; returns where they end.
fn put_moments(picture: &mut Picture, moments: &[Moment], top: f64) -> f64 {
    let rows = moments.len().div_ceil(2);
    let width = (WIDTH - GAP) / 2.0;
    let inner = width - 2.0 * lane_marks::DISC - 6.0;
    let texts: Vec<Vec<String>> = moments.iter().map(|m| MOMENT.wrap(&m.text, inner)).collect();
    let mut bottom = top;
    for (column, texts) in texts.chunks(rows.max(1)).enumerate() {
        let x = column as f64 * (width + GAP);
        let mut y = top;
        for (row, lines) in texts.iter().enumerate() {
            let number = column * rows + row + 1;
            let middle = y + MOMENT.leading() / 2.0;
            lane_marks::disc(picture, (x + lane_marks::DISC, middle), number);
            let text = (x + 2.0 * lane_marks::DISC + 6.0, y);
            y = picture.lines(text, lines, Anchor::Start, MOMENT) + 3.0;
        }
        bottom = bottom.max(y);
    }
    bottom + if moments.is_empty() { 0.0 } else { 4.0 }
}

fn names_width(lanes: &Lanes) -> f64 {
    let of = |lane: &Lane| match &lane.content {
        Content::States(states) => {
            states.rows.iter().map(|row| SMALL.room(&row.label)).fold(0.0, f64::max)
        }
        Content::Bins(_) => 40.0,
    };
    lanes.lanes.iter().map(of).fold(0.0, f64::max).min(NAMES_MAX)
}

/// The height of a lane with its title.
fn height(lane: &Lane) -> f64 {
    let inner = match &lane.content {
        Content::Bins(_) => BINS,
        Content::States(states) => {
            states.rows.iter().map(|row| row_height(states, row.strips.len())).sum::<f64>()
        }
    };
    title_height() + inner.max(legend(lane).len() as f64 * ENTRY)
}

fn title_height() -> f64 {
    LABEL.leading() + 4.5
}

fn strip_height(states: &States, strips: usize) -> f64 {
    match strips {
        _ if states.rows.len() <= 2 => STRIP_ALONE,
        0 | 1 => STRIP.0,
        _ => STRIP.1,
    }
}

fn row_height(states: &States, strips: usize) -> f64 {
    let each = strip_height(states, strips);
    strips as f64 * each + strips.saturating_sub(1) as f64 * STRIP_GAP.0 + STRIP_GAP.1
}

fn put_lane(picture: &mut Picture, lane: &Lane, frame: &Frame, top: f64) {
    let baseline = top + LABEL.size;
    picture.text((0.0, baseline), lane.title.as_str(), Anchor::Start, LABEL);
    let after = (LABEL.room(&lane.title) + 8.0).max(frame.left + 3.0);
    let room = frame.right - after;
    if let Some(line) = DETAIL.wrap(&lane.detail, room).first() {
        picture.text((after, baseline), line.as_str(), Anchor::Start, DETAIL);
    }
    let top = top + title_height();
    match &lane.content {
        Content::Bins(bins) => put_bins(picture, bins, frame, top),
        Content::States(states) => put_states(picture, states, frame, top),
    }
    for (row, entry) in legend(lane).iter().enumerate() {
        put_entry(picture, entry, (frame.right + GAP, top + row as f64 * ENTRY));
    }
}

/// What an entry of a lane's legend shows a sample of.
enum Sample {
    Area(Tone),
    Line(Tone, &'static [f64]),
    Bar(Tone, f64),
    Reference,
}

fn legend(lane: &Lane) -> Vec<(Sample, &str)> {
    match &lane.content {
        Content::Bins(bins) => {
            let areas = bins.stack.iter().rev().map(|s| (Sample::Area(s.tone), s.label.as_str()));
            let lines = bins.lines.iter().enumerate();
            let lines = lines.map(|(i, s)| (Sample::Line(s.tone, dash(i)), s.label.as_str()));
            let reference = bins.reference.iter().map(|r| (Sample::Reference, r.label.as_str()));
            lines.chain(areas).chain(reference).collect()
        }
        Content::States(states) => {
            let bar = |l: &'_ super::lanes::StateLook| Sample::Bar(l.tone, l.height);
            states.looks.iter().map(|look| (bar(look), look.label.as_str())).collect()
        }
    }
}

/// The dash pattern of a line, distinct besides its colour.
const fn dash(index: usize) -> &'static [f64] {
    match index {
        0 => &[],
        1 => &[4.5, 2.2],
        _ => &[1.6, 1.8],
    }
}

fn put_entry(picture: &mut Picture, (sample, label): &(Sample, &str), (x, y): Place) {
    let (height, middle) = (9.0, y + ENTRY / 2.0);
    let across = [(x, middle), (x + SAMPLE, middle)];
    match *sample {
        Sample::Area(tone) => {
            picture.rectangle((x, middle - height / 2.0), (SAMPLE, height), ink(tone));
        }
        Sample::Bar(tone, share) => {
            let part = height * share;
            let foot = middle + height / 2.0;
            picture.stroke(vec![(x, foot), (x + SAMPLE, foot)], 0.6, GRID);
            picture.rectangle((x, foot - part), (SAMPLE, part), ink(tone));
        }
        Sample::Line(tone, dash) => picture.dashed(&across, dash, 1.8, ink(tone)),
        Sample::Reference => picture.dashed(&across, Y_REFERENCE, REFERENCE_STROKE, BLACK),
    }
    let text = (x + SAMPLE + 6.0, middle + SMALL.size * MIDDLE_EM);
    if let Some(line) = shortened(label, LEGENDS - SAMPLE - 6.0) {
        picture.text(text, line, Anchor::Start, SMALL);
    }
}

/// A text cut off where there is no room for it.
fn shortened(text: &str, width: f64) -> Option<String> {
    if SMALL.room(text) <= width {
        return Some(text.to_owned());
    }
    let mut letters: Vec<char> = text.chars().collect();
    while !letters.is_empty() {
        letters.pop();
        let cut: String = letters.iter().chain(['…'].iter()).collect();
        if SMALL.room(&cut) <= width {
            return Some(cut);
        }
    }
    None
}

fn put_bins(picture: &mut Picture, bins: &Bins, frame: &Frame, top: f64) {
    let bottom = top + BINS;
    let count = bins.stack.iter().chain(&bins.lines).map(|s| s.values.len()).max().unwrap_or(0);
    let heights: Vec<f64> = (0..count).map(|bin| stacked(bins, bins.stack.len(), bin)).collect();
    let seen = bins.lines.iter().flat_map(|line| line.values.iter().copied());
    let reference = bins.reference.as_ref().map(|level| level.value);
    let values: Vec<f64> = heights.into_iter().chain(seen).chain(reference).chain([0.0]).collect();
    let scale = Scale::rounded(&bins.y, &values);
    let at = |value: f64| bottom - (bottom - top) * scale.share(value);
    for (value, text) in ends(&scale) {
        let y = at(value);
        picture.stroke(vec![(frame.left, y), (frame.right, y)], 0.8, GRID);
        let baseline = y + SMALL.size * MIDDLE_EM;
        picture.text((frame.left - 5.0, baseline), text, Anchor::End, SMALL);
    }
    for layers in 0..bins.stack.len() {
        put_layer(picture, bins, layers, frame, &at);
    }
    if let Some(level) = &bins.reference {
        let y = at(level.value);
        let across = [(frame.left, y), (frame.right, y)];
        picture.dashed(&across, Y_REFERENCE, REFERENCE_STROKE, BLACK);
    }
    for (index, line) in bins.lines.iter().enumerate() {
        for path in steps(&line.values, bins.bin_s, frame, &at) {
            picture.dashed(&path, dash(index), 1.5, ink(line.tone));
        }
    }
    picture.stroke(vec![(frame.left, bottom), (frame.right, bottom)], 0.8, AXIS);
}

/// The sum of the first `layers` of a bin.
fn stacked(bins: &Bins, layers: usize, bin: usize) -> f64 {
    let value = |series: &super::lanes::Series| series.values.get(bin).copied().unwrap_or(0.0);
    bins.stack[..layers].iter().map(value).filter(|v| v.is_finite()).sum()
}

/// One area of a stack; bins where it has no height are left out.
fn put_layer(
    picture: &mut Picture,
    bins: &Bins,
    layer: usize,
    frame: &Frame,
    at: &impl Fn(f64) -> f64,
) {
    let count = bins.stack[layer].values.len();
    let is_seen = |bin: usize| bins.stack[layer].values[bin] > 0.0;
    let mut bin = 0;
    while bin < count {
        let first = bin;
        while bin < count && is_seen(bin) {
            bin += 1;
        }
        let edge = |layers: usize, bin: usize| {
            let y = at(stacked(bins, layers, bin));
            [(frame.bin(bins.bin_s, bin), y), (frame.bin(bins.bin_s, bin + 1), y)]
        };
        if first < bin {
            let above = (first..bin).flat_map(|b| edge(layer + 1, b));
            let below = (first..bin).rev().flat_map(|b| {
                let [left, right] = edge(layer, b);
                [right, left]
            });
            picture
                .area(lane_marks::without_doubles(above.chain(below)), ink(bins.stack[layer].tone));
        }
        bin += 1;
    }
}

/// A line of steps, in a piece for every row of bins with values.
fn steps(values: &[f64], bin_s: f64, frame: &Frame, at: &impl Fn(f64) -> f64) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    let mut piece: Vec<Place> = Vec::new();
    for (bin, value) in values.iter().enumerate() {
        if value.is_finite() {
            let y = at(*value);
            piece.extend([(frame.bin(bin_s, bin), y), (frame.bin(bin_s, bin + 1), y)]);
        } else if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    pieces.into_iter().map(|piece| lane_marks::without_doubles(piece.into_iter())).collect()
}

/// The first and the last tick of a scale: a lane has room for no more.
fn ends(scale: &Scale) -> Vec<(f64, String)> {
    let mut ticks = scale.ticks(2);
    if ticks.len() > 2 {
        ticks.drain(1..ticks.len() - 1);
    }
    ticks
}

fn put_states(picture: &mut Picture, states: &States, frame: &Frame, top: f64) {
    let mut y = top;
    for row in &states.rows {
        let each = strip_height(states, row.strips.len());
        let height = row_height(states, row.strips.len()) - STRIP_GAP.1;
        if let Some(label) = shortened(&row.label, frame.left - GAP) {
            let baseline = y + height / 2.0 + SMALL.size * MIDDLE_EM;
            picture.text((frame.left - GAP + 4.0, baseline), label, Anchor::End, SMALL);
        }
        for (index, strip) in row.strips.iter().enumerate() {
            let foot = y + index as f64 * (each + STRIP_GAP.0) + each;
            for (place, look) in states.looks.iter().enumerate() {
                let part = each * look.height;
                let runs = strip.iter().filter(|run| run.look == place);
                // One outline for all: along the foot it has no height.
                let outline = runs.flat_map(|run| {
                    let (x0, x1) = (frame.x(run.range_s.0), frame.x(run.range_s.1));
                    [(x0, foot), (x0, foot - part), (x1, foot - part), (x1, foot)]
                });
                let outline: Vec<Place> = outline.collect();
                if part > 0.0 && !outline.is_empty() {
                    picture.area(outline, ink(look.tone));
                }
            }
        }
        y += height + STRIP_GAP.1;
    }
}

fn put_ticks(picture: &mut Picture, lanes: &Lanes, frame: &Frame, (top, bottom): (f64, f64)) {
    let within = |at: &f64| *at >= lanes.range_s.0 && *at <= lanes.range_s.1;
    let ticks: Vec<_> = lanes.ticks.iter().filter(|(at, _)| within(at)).cloned().collect();
    for (at, text) in spread(ticks, |at| frame.x(at), SMALL) {
        let x = frame.x(at);
        picture.stroke(vec![(x, top), (x, bottom + 4.0)], 0.7, GRID);
        picture.text((x, bottom + 5.0 + SMALL.size), text, Anchor::Middle, SMALL);
    }
    for x in [frame.left, frame.right] {
        picture.stroke(vec![(x, top), (x, bottom)], 0.7, AXIS);
    }
}
