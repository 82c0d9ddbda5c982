//! A sequence diagram as text: a column per lane, time at the left, and a line per row, or more
//! where the label does not fit on the arrow or beside the lane.

use super::columns::{self, Columns};
use super::gap;
use crate::engine::time::{SimDuration, SimTime};
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

/// A label beside or above its arrow has at least so much room, wherever the arrow is.
const ROOM_MIN: usize = 36;
/// Diagrams with more lines repeat the heads below.
const FEET_FROM: usize = 24;

struct Glyphs {
    life: char,
    pause: char,
    line: char,
    refused: char,
    broken: char,
    right: char,
    left: char,
    dot: char,
    failed: char,
}

const UNICODE: Glyphs = Glyphs {
    life: '│',
    pause: '┊',
    line: '─',
    refused: '╌',
    broken: '═',
    right: '▶',
    left: '◀',
    dot: '●',
    failed: '✗',
};
const PLAIN: Glyphs = Glyphs {
    life: '|',
    pause: ':',
    line: '-',
    refused: '.',
    broken: '=',
    right: '>',
    left: '<',
    dot: '*',
    failed: 'x',
};

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

/// The diagram as lines, each with its end, none wider than `width` where the heads of its lanes
/// fit there side by side. Lines carry no space at their ends.
#[must_use]
pub fn text(ladder: &Ladder, signs: Signs, width: usize) -> String {
    let spell = |text: &str| match signs {
        Signs::Unicode => text.to_owned(),
        Signs::Ascii => ascii(text),
    };
    let glyphs = match signs {
        Signs::Unicode => &UNICODE,
        Signs::Ascii => &PLAIN,
    };
    let names: Vec<String> = ladder.lanes.iter().map(|name| spell(name)).collect();
    let times = Times::of(&ladder.rows);
    let from = times.width() + 1;
    let columns = columns::columns(&names, &ladder.rows, spell, (from, width));
    let mut pen = Pen { glyphs, times, columns, lines: Vec::new() };
    pen.heads(true);
    let mut before: Option<&Row> = None;
    for row in &ladder.rows {
        if let Some(gap) = gap(before, row) {
            pen.pause(&short(gap));
        }
        let same =
            before.is_some_and(|b| b.at == row.at && !matches!(b.mark, Mark::Skipped { .. }));
        let time = if same { String::new() } else { times.written(row.at) };
        pen.row(row, &time, spell);
        before = Some(row);
    }
    if pen.lines.len() > FEET_FROM {
        pen.heads(false);
    }
    let ended = |line: &String| line.replace('\u{a0}', " ").trim_end().to_owned() + "\n";
    pen.lines.iter().map(ended).collect()
}

/// How instants are written: the hours only where there are some.
#[derive(Copy, Clone)]
struct Times {
    hours: bool,
}

impl Times {
    fn of(rows: &[Row]) -> Self {
        let hour = SimTime::ZERO + SimDuration::from_secs(3600);
        Self { hours: rows.iter().any(|row| row.at >= hour) }
    }

    fn written(self, at: SimTime) -> String {
        let all = clock(at);
        if self.hours { all } else { all.split_at(3).1.to_owned() }
    }

    const fn unit(self) -> &'static str {
        if self.hours { "h:min:s" } else { "min:s" }
    }

    const fn width(self) -> usize {
        if self.hours { 12 } else { 9 }
    }
}

/// A gap in little room: `+3.6 s`, `+1m02s`, `+2h05m`.
fn short(gap: SimDuration) -> String {
    let seconds = gap.as_secs_f64();
    let whole = gap.as_nanos() / 1_000_000_000;
    match whole {
        0..60 => format!("+{seconds:.1} s"),
        60..3600 => format!("+{}m{:02}s", whole / 60, whole % 60),
        _ => format!("+{}h{:02}m", whole / 3600, whole / 60 % 60),
    }
}

struct Pen<'a> {
    glyphs: &'a Glyphs,
    times: Times,
    columns: Columns,
    lines: Vec<String>,
}

impl Pen<'_> {
    /// The names of the lanes, next to their lines: those above end there, those below begin.
    fn heads(&mut self, above: bool) {
        let most = self.columns.heads.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..most {
            let mut line = Line::default();
            if above && row + 1 == most {
                line.put(0, self.times.unit());
            }
            for (lines, at) in self.columns.heads.iter().zip(&self.columns.at) {
                let place = if above { (row + lines.len()).checked_sub(most) } else { Some(row) };
                if let Some(text) = place.and_then(|place| lines.get(place)) {
                    line.put(at - text.chars().count() / 2, text);
                }
            }
            self.lines.push(line.0.iter().collect());
        }
    }

    fn lives(&self, time: &str, sign: char) -> Line {
        let mut line = Line::default();
        line.put(0, time);
        for at in &self.columns.at {
            line.put(*at, &sign.to_string());
        }
        line
    }

    fn push(&mut self, line: &Line) {
        self.lines.push(line.0.iter().collect());
    }

    /// A line on which time is left out.
    fn pause(&mut self, what: &str) {
        let line = self.lives(what, self.glyphs.pause);
        self.push(&line);
    }

    fn row(&mut self, row: &Row, time: &str, spell: impl Fn(&str) -> String) {
        match &row.mark {
            Mark::Arrow { from, to, label } => {
                self.arrow((*from, *to), &spell(label), row.tone, time);
            }
            Mark::Note { lane, text } => self.note(*lane, &spell(text), row.tone, time),
            Mark::Skipped { lanes: (a, b), count, until } => {
                let until = self.times.written(*until);
                let what = spell(&format!("… {count} more, up to {until}"));
                let (start, lines) = self.above(self.columns.at[*a.min(b)], &what);
                for text in lines {
                    let mut line = self.lives("", self.glyphs.pause);
                    line.put(start, &text);
                    self.push(&line);
                }
            }
        }
    }

    /// Where a text above an arrow from that place on starts, and its lines.
    fn above(&self, left: usize, text: &str) -> (usize, Vec<String>) {
        let latest = self.columns.end.saturating_sub(text.chars().count().min(ROOM_MIN));
        let start = (left + 2).min(latest).max(self.columns.from);
        (start, wrapped(text, self.columns.end.saturating_sub(start)))
    }

    fn arrow(&mut self, (from, to): (usize, usize), label: &str, tone: Tone, time: &str) {
        let at = &self.columns.at;
        let (left, right) = (at[from.min(to)], at[from.max(to)]);
        let glyphs = self.glyphs;
        let sign = match tone {
            Tone::Refused => glyphs.refused,
            Tone::Failed => glyphs.broken,
            Tone::Plain | Tone::Good | Tone::Decided => glyphs.line,
        };
        let length = label.chars().count();
        let fits = length + columns::AROUND_LABEL <= right - left;
        let mut time = time;
        if !fits {
            let (start, lines) = self.above(left, label);
            for text in lines {
                let mut line = self.lives(time, glyphs.life);
                line.put(start, &text);
                self.push(&line);
                time = "";
            }
        }
        let mut line = self.lives(time, glyphs.life);
        let span = right - left - 1;
        line.put(left + 1, &sign.to_string().repeat(span));
        if to > from {
            line.put(right - 1, &glyphs.right.to_string());
        } else {
            line.put(left + 1, &glyphs.left.to_string());
        }
        if fits {
            line.put(left + 1 + (span - length - 2) / 2, &format!(" {label} "));
        }
        self.push(&line);
    }

    /// A sign on the lane with the text to its right, or to its left where there is more room.
    fn note(&mut self, lane: usize, text: &str, tone: Tone, time: &str) {
        let at = self.columns.at[lane];
        let length = text.chars().count();
        let right = self.columns.end.saturating_sub(at + 2);
        let left = at.saturating_sub(self.columns.from + 2);
        let is_right = length <= right || (length > left && right >= left);
        let sign = if tone == Tone::Failed { self.glyphs.failed } else { self.glyphs.dot };
        for (n, text) in wrapped(text, if is_right { right } else { left }).iter().enumerate() {
            let mut line = self.lives(if n == 0 { time } else { "" }, self.glyphs.life);
            if n == 0 {
                line.put(at, &sign.to_string());
            }
            if is_right {
                line.put(at + 1, &format!(" {text} "));
            } else {
                line.put(at - 2 - text.chars().count(), &format!(" {text} "));
            }
            self.push(&line);
        }
    }
}

/// A text in lines of at most `room` signs, broken at its spaces; a longer word is cut.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let signs: Vec<char> = word.chars().collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + signs.len() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ if signs.is_empty() => lines.push(String::new()),
            _ => lines.extend(signs.chunks(room).map(|piece| piece.iter().collect::<String>())),
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_takes_little_room() {
        let written = |ms| short(SimDuration::from_millis(ms));
        assert_eq!(written(3_640), "+3.6 s");
        assert_eq!(written(62_999), "+1m02s");
        assert_eq!(written(7_500_000), "+2h05m");
        assert!(written(86_400_000 * 9).len() <= 9);
    }

    #[test]
    fn a_text_is_broken_at_its_spaces_and_a_long_word_within() {
        assert_eq!(wrapped("none at all today", 11), ["none at all", "today"]);
        assert_eq!(wrapped("registration", 5), ["regis", "trati", "on"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
