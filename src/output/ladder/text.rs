//! A sequence diagram as text: a column per lane, time at the left, and a line per row, or two
//! where the label does not fit on the arrow.

use super::{gap, length};
use crate::system::story::diagram::{Ladder, Mark, Row, Tone};
use crate::system::story::label::clock;

/// Which signs a diagram is drawn with.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Box-drawing characters and arrow heads.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// Width of the column with the times.
const TIMES: usize = 18;
/// A label up to this long gets room on its arrow.
const LABEL_MAX: usize = 32;
/// The least distance between two lanes.
const BETWEEN_MIN: usize = 10;

struct Glyphs {
    life: char,
    pause: char,
    line: char,
    refused: char,
    right: char,
    left: char,
    dot: char,
}

const UNICODE: Glyphs =
    Glyphs {
        life: '│', pause: '┊', line: '─', refused: '╌', right: '▶', left: '◀', dot: '●'
    };
const PLAIN: Glyphs =
    Glyphs { life: '|', pause: ':', line: '-', refused: '-', right: '>', left: '<', dot: '*' };

/// The text in ASCII: signs that have a spelling get it, any other becomes a question mark.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '…' => plain.push_str("..."),
            '×' => plain.push('x'),
            '→' => plain.push_str("->"),
            '←' => plain.push_str("<-"),
            '–' | '—' | '−' => plain.push('-'),
            '\u{a0}' | '\u{2009}' => plain.push(' '),
            sign if sign.is_ascii() => plain.push(sign),
            _ => plain.push('?'),
        }
    }
    plain
}

/// The diagram as lines, each with its end. Lines carry no space at their ends.
#[must_use]
pub fn text(ladder: &Ladder, signs: Signs) -> String {
    let spell = |text: &str| match signs {
        Signs::Unicode => text.to_owned(),
        Signs::Ascii => ascii(text),
    };
    let glyphs = match signs {
        Signs::Unicode => &UNICODE,
        Signs::Ascii => &PLAIN,
    };
    let names: Vec<String> = ladder.lanes.iter().map(|name| spell(name)).collect();
    let columns = columns(&names, &ladder.rows, spell);
    let pen = Pen { glyphs, columns };
    let mut lines = vec![pen.heads(&names)];
    let mut before: Option<&Row> = None;
    for row in &ladder.rows {
        if let Some(gap) = gap(before, row) {
            lines.push(pen.pause(0, &length(gap)));
        }
        let same =
            before.is_some_and(|b| b.at == row.at && !matches!(b.mark, Mark::Skipped { .. }));
        let time = if same { String::new() } else { clock(row.at) };
        pen.row(row, &time, spell, &mut lines);
        before = Some(row);
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Where the lanes stand.
fn columns(names: &[String], rows: &[Row], spell: impl Fn(&str) -> String) -> Vec<usize> {
    let width = |name: &String| name.chars().count();
    let mut between: Vec<usize> = names
        .windows(2)
        .map(|pair| {
            (width(&pair[0]).div_ceil(2) + width(&pair[1]).div_ceil(2) + 2).max(BETWEEN_MIN)
        })
        .collect();
    let mut arrows: Vec<(usize, usize, usize)> = rows
        .iter()
        .filter_map(|row| match &row.mark {
            Mark::Arrow { from, to, label } => {
                let label = spell(label).chars().count();
                Some((*from.min(to), *from.max(to), label)).filter(|a| a.2 <= LABEL_MAX)
            }
            _ => None,
        })
        .collect();
    // Short arrows first: they leave the long ones less to widen.
    arrows.sort_by_key(|(from, to, _)| to - from);
    for (from, to, label) in arrows {
        let there: usize = between[from..to].iter().sum();
        let missing = (label + 5).saturating_sub(there);
        if let Some(widest) = between[from..to].iter_mut().min() {
            *widest += missing;
        }
    }
    let first = TIMES + names.first().map_or(0, |name| width(name) / 2);
    let mut at = vec![first];
    for gap in between {
        at.push(at.last().expect("the first stands") + gap);
    }
    at.truncate(names.len());
    at
}

struct Pen<'a> {
    glyphs: &'a Glyphs,
    columns: Vec<usize>,
}

impl Pen<'_> {
    fn heads(&self, names: &[String]) -> String {
        let mut line = Line::default();
        for (name, at) in names.iter().zip(&self.columns) {
            line.put(at - name.chars().count() / 2, name);
        }
        line.0.iter().collect()
    }

    fn lives(&self, time: &str, sign: char) -> Line {
        let mut line = Line::default();
        line.put(0, time);
        for at in &self.columns {
            line.put(*at, &sign.to_string());
        }
        line
    }

    /// A line on which time is left out, or rows are, as it says from that place on.
    fn pause(&self, at: usize, what: &str) -> String {
        let mut line = self.lives("", self.glyphs.pause);
        line.put(at, what);
        line.0.iter().collect()
    }

    fn row(&self, row: &Row, time: &str, spell: impl Fn(&str) -> String, lines: &mut Vec<String>) {
        match &row.mark {
            Mark::Arrow { from, to, label } => {
                self.arrow((*from, *to), &spell(label), row.tone, time, lines);
            }
            Mark::Note { lane, text } => lines.push(self.note(*lane, &spell(text), time)),
            Mark::Skipped { lanes: (a, b), count, until } => {
                let what = spell(&format!("… {count} more, up to {}", clock(*until)));
                lines.push(self.pause(self.columns[*a.min(b)] + 2, &what));
            }
        }
    }

    fn arrow(
        &self,
        (from, to): (usize, usize),
        label: &str,
        tone: Tone,
        time: &str,
        lines: &mut Vec<String>,
    ) {
        let glyphs = self.glyphs;
        let (left, right) = (self.columns[from.min(to)], self.columns[from.max(to)]);
        let refused = matches!(tone, Tone::Refused | Tone::Failed);
        let sign = if refused { glyphs.refused } else { glyphs.line };
        let mut line = self.lives(time, glyphs.life);
        let length = label.chars().count();
        let span = right - left - 1;
        if length + 4 > span {
            let mut above = self.lives(time, glyphs.life);
            above.put(left + 2, label);
            lines.push(above.0.iter().collect());
            line = self.lives("", glyphs.life);
        }
        line.put(left + 1, &sign.to_string().repeat(span));
        if to > from {
            line.put(right - 1, &glyphs.right.to_string());
        } else {
            line.put(left + 1, &glyphs.left.to_string());
        }
        if length + 4 <= span {
            let start = left + 1 + (span - length - 2) / 2;
            line.put(start, &format!(" {label} "));
        }
        lines.push(line.0.iter().collect());
    }

    /// A dot on the lane, with the text to its right, or to its left where it would stick out.
    fn note(&self, lane: usize, text: &str, time: &str) -> String {
        let mut line = self.lives(time, self.glyphs.life);
        let at = self.columns[lane];
        let length = text.chars().count();
        let end = self.columns.last().copied().unwrap_or(at) + 4;
        line.put(at, &self.glyphs.dot.to_string());
        if at + 2 + length > end && at > TIMES + length + 2 {
            line.put(at - length - 2, &format!(" {text} "));
        } else {
            line.put(at + 1, &format!(" {text} "));
        }
        line.0.iter().collect()
    }
}

/// A line under construction: what is put later covers what is there.
#[derive(Default)]
struct Line(Vec<char>);

impl Line {
    fn put(&mut self, at: usize, text: &str) {
        for (i, sign) in text.chars().enumerate() {
            let place = at + i;
            if self.0.len() <= place {
                self.0.resize(place + 1, ' ');
            }
            self.0[place] = sign;
        }
    }
}
