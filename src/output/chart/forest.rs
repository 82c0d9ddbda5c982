//! A forest plot: the difference of each arm from a control with its interval, beside the line of no
//! difference.

use super::data::Better;
use super::heading::{self, Look};
use super::ink::{AXIS, BLACK, GREY, Ink, PALETTE, WHITE};
use super::kinds::{Difference, Forest};
use super::legend::{Entry, Legend, Sample, Sketch};
use super::picture::{Anchor, Picture, Place, Type};
use super::rows::{Row, Rows};
use super::scale::Scale;

/// From one arm to the next, at least.
const ROW: f64 = 30.0;
/// Half a marker's size.
const REACH: f64 = 5.0;
/// Half the cap of an interval's bar.
const CAP: f64 = 4.5;
/// Marks a side of the line of no difference.
const SIDE: Type = Type::bold(12.0, GREY);
/// How much of the ground the good side's tint hides.
const TINT: f64 = 0.06;

/// On which side of no difference an interval leaves no doubt.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Side {
    /// Better; where neither side is, higher.
    Better,
    /// Worse; where neither side is, lower.
    Worse,
    Open,
}

pub(super) fn lay_out(forest: &Forest, look: Look) -> Picture {
    let mut picture = Picture { width: look.width, ..Picture::default() };
    let top = heading::put(&mut picture, &forest.title, &forest.subtitle, look);
    let mut arms: Vec<&Difference> = forest.rows.iter().collect();
    // What was never observed comes last.
    let merit = |arm: &Difference| match forest.better {
        _ if !arm.difference.value.is_finite() => f64::NEG_INFINITY,
        Some(Better::Lower) => -arm.difference.value,
        _ => arm.difference.value,
    };
    arms.sort_by(|a, b| merit(b).total_cmp(&merit(a)));
    let values = arms.iter().flat_map(|arm| arm.difference.seen()).chain([0.0]);
    let scale = Scale::rounded(&forest.value, &values.collect::<Vec<_>>());
    let rows = figures(forest, &arms);
    let side = SIDE.leading() + 6.0;
    let mut ground = Picture { width: look.width, ..Picture::default() };
    let rows = Rows::put(&mut ground, &rows, scale, (top + side, ROW));
    draw_sides(&mut picture, forest, &rows);
    picture.place(ground, (0.0, 0.0));
    let zero = rows.x(0.0);
    picture.stroke(vec![(zero, rows.top - 4.0), (zero, rows.bottom)], 1.6, BLACK);
    for (index, arm) in arms.iter().enumerate() {
        draw_arm(&mut picture, forest, &rows, arm, rows.middle(index));
        let words = [arm.label.clone(), arm.difference.said(&forest.value)];
        rows.spot(&mut picture, index, &words);
    }
    let end = rows.draw_axis(&mut picture, &heading::label(&forest.value));
    let end = legend(forest).rows(&mut picture, end + 10.0, look.width);
    picture.height = heading::note(&mut picture, &forest.note, end, look.width);
    picture
}

/// Labels, and differences with the ends of their intervals, in one notation.
fn figures(forest: &Forest, arms: &[&Difference]) -> Vec<Row> {
    let half = |arm: &&Difference| (arm.difference.high - arm.difference.low) / 2.0;
    let pairs: Vec<(f64, f64)> = arms.iter().map(|a| (a.difference.value, half(a))).collect();
    let notation = forest.value.format.notation_of(&pairs);
    let signed = |value: f64| {
        let text = notation.write(value);
        let zero = !text.chars().any(|digit| ('1'..='9').contains(&digit));
        if value > 0.0 && !zero { format!("+{text}") } else { text }
    };
    let write = |arm: &Difference| match arm.difference.interval() {
        _ if !arm.difference.value.is_finite() => "–".to_owned(),
        Some((low, high)) => {
            format!("{} ({} to {})", signed(arm.difference.value), signed(low), signed(high))
        }
        None => signed(arm.difference.value),
    };
    let row = |arm: &&Difference| Row {
        label: arm.label.clone(),
        figures: write(arm),
        bold: arm.highlight,
    };
    arms.iter().map(row).collect()
}

/// Which side is which, above the rows, and a tint on the good one.
fn draw_sides(picture: &mut Picture, forest: &Forest, rows: &Rows) {
    let zero = rows.x(0.0);
    let good = match forest.better {
        Some(Better::Higher) => Some((zero, rows.right)),
        Some(Better::Lower) => Some((rows.left, zero)),
        None => None,
    };
    if let Some((from, to)) = good {
        let size = ((to - from).max(0.0), rows.bottom - rows.top);
        picture.rectangle((from, rows.top), size, PALETTE[0].thinned(TINT));
    }
    let (left, right) = match forest.better {
        Some(Better::Higher) => ("← worse", "better →"),
        Some(Better::Lower) => ("← better", "worse →"),
        None => ("← lower", "higher →"),
    };
    let than = |side: &str| match side.split_once(' ') {
        _ if forest.control.is_empty() => side.to_owned(),
        Some(("←", word)) => format!("← {word} than {}", forest.control),
        _ => side.replace(" →", &format!(" than {} →", forest.control)),
    };
    let baseline = rows.top - 8.0;
    // The long form where it has room on both sides, or the bare word.
    let fits = |text: &str, room: f64| SIDE.room(text) + 10.0 <= room;
    let room = (zero, picture.width - zero);
    let long = fits(&than(left), room.0) && fits(&than(right), room.1);
    let said = |side: &str| if long { than(side) } else { side.to_owned() };
    // A side without room has no difference on it either.
    if fits(&said(left), room.0) {
        picture.text((zero - 8.0, baseline), said(left), Anchor::End, SIDE);
    }
    if fits(&said(right), room.1) {
        picture.text((zero + 8.0, baseline), said(right), Anchor::Start, SIDE);
    }
}

fn side(forest: &Forest, arm: &Difference) -> Side {
    let good = match arm.difference.interval() {
        Some((low, _)) if low > 0.0 => Better::Higher,
        Some((_, high)) if high < 0.0 => Better::Lower,
        _ => return Side::Open,
    };
    if good == forest.better.unwrap_or_default() { Side::Better } else { Side::Worse }
}

const fn ink(side: Side) -> Ink {
    match side {
        Side::Better => PALETTE[0],
        Side::Worse => PALETTE[1],
        Side::Open => AXIS,
    }
}

fn draw_arm(picture: &mut Picture, forest: &Forest, rows: &Rows, arm: &Difference, y: f64) {
    if !arm.difference.value.is_finite() {
        return;
    }
    let side = side(forest, arm);
    if let Some((low, high)) = arm.difference.interval() {
        let (low, high) = (rows.x(low), rows.x(high));
        picture.stroke(vec![(low, y), (high, y)], 2.0, ink(side));
        for x in [low, high] {
            picture.stroke(vec![(x, y - CAP), (x, y + CAP)], 2.0, ink(side));
        }
    }
    mark(picture, (rows.x(arm.difference.value), y), side);
}

/// A disc where better, a square where worse, a ring where open.
fn mark(picture: &mut Picture, (x, y): Place, side: Side) {
    let ink = ink(side);
    match side {
        Side::Better => picture.disc((x, y), REACH + 0.5, ink),
        Side::Worse => {
            picture.rectangle((x - REACH, y - REACH), (2.0 * REACH, 2.0 * REACH), ink);
        }
        Side::Open => {
            picture.disc((x, y), REACH, ink);
            picture.disc((x, y), REACH - 2.0, WHITE);
        }
    }
}

/// What the marks mean, those that occur.
fn legend(forest: &Forest) -> Legend {
    let occurs = |wanted: Side| {
        let seen = |arm: &&Difference| arm.difference.value.is_finite();
        forest.rows.iter().filter(seen).any(|arm| side(forest, arm) == wanted)
    };
    let (better, worse) = match forest.better {
        Some(_) => ("Better", "Worse"),
        None => ("Higher", "Lower"),
    };
    let sample = |wanted: Side| -> (Sketch, &str) {
        match wanted {
            Side::Better => (|picture, at| mark(picture, at, Side::Better), better),
            Side::Worse => (|picture, at| mark(picture, at, Side::Worse), worse),
            Side::Open => {
                (|picture, at| mark(picture, at, Side::Open), "Undecided: the interval holds zero")
            }
        }
    };
    let kinds = [Side::Better, Side::Open, Side::Worse].into_iter().filter(|side| occurs(*side));
    let entries = kinds.map(|side| {
        let (draw, label) = sample(side);
        Entry { sample: Sample::Sketch(draw), label: label.to_owned() }
    });
    Legend { heading: String::new(), entries: entries.collect() }
}
