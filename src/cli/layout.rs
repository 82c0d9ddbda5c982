//! Text for a terminal of 80 columns: prose broken at its words, tables whose headings are broken at
//! their words and whose numbers never are. Columns that do not fit beside each other stand in
//! further tables below, each with the keys of the rows. No colour is used.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::experiment::figures::{Estimate, digits, fixed};

/// Columns of a terminal.
pub(super) const WIDTH: usize = 80;
/// Between two columns of a table.
const GAP: usize = 2;
/// A column of text is not made narrower than this.
const TEXT_MIN: usize = 8;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    heading: String,
    cells: Vec<String>,
    right: bool,
}

impl Column {
    /// Text, which is broken at its words where there is no room.
    pub(super) fn text(heading: impl Into<String>, cells: Vec<String>) -> Self {
        Self { heading: heading.into(), cells, right: false }
    }

    /// Numbers, to the right.
    pub(super) fn numbers(heading: impl Into<String>, cells: Vec<String>) -> Self {
        Self { heading: heading.into(), cells, right: true }
    }

    /// Estimates times `factor` with half their intervals' widths, all with the same decimals; a
    /// dash without a value.
    pub(super) fn estimates(
        heading: impl Into<String>,
        estimates: &[Estimate],
        factor: f64,
    ) -> Self {
        let scaled = |e: &Estimate| (e.value() * factor, e.half_width() * factor);
        let numbers: Vec<(f64, f64)> = estimates.iter().map(scaled).collect();
        let digits = digits(&numbers);
        let text = |value: f64| if value.is_nan() { String::new() } else { fixed(value, digits) };
        let spread = numbers.iter().map(|(_, half)| text(*half).width()).max().unwrap_or(0);
        let cell = |(value, half): &(f64, f64)| match (value.is_nan(), half.is_nan()) {
            (true, _) => "-".to_owned(),
            (false, false) => format!("{} ± {:>spread$}", text(*value), text(*half)),
            (false, true) if spread == 0 => text(*value),
            (false, true) => format!("{}{:pad$}", text(*value), "", pad = spread + 3),
        };
        Self::numbers(heading, numbers.iter().map(cell).collect())
    }

    /// With something else in a row.
    pub(super) fn with(mut self, row: usize, cell: &str) -> Self {
        cell.clone_into(&mut self.cells[row]);
        self
    }

    /// How wide it is if nothing is broken but its heading.
    fn natural(&self) -> usize {
        let words = self.heading.split([' ', '_']).map(UnicodeWidthStr::width);
        words.chain(self.cells.iter().map(|cell| cell.width())).max().unwrap_or(0)
    }
}

/// Whether columns fit beside each other with no cell broken.
pub(super) fn fits(keys: &[Column], values: &[Column]) -> bool {
    width_of(keys.iter().chain(values).map(Column::natural)) <= WIDTH
}

fn width_of(widths: impl Iterator<Item = usize>) -> usize {
    widths.map(|w| w + GAP).sum::<usize>().saturating_sub(GAP)
}

/// The table of `keys` and `values`; further tables below it where they do not fit beside each
/// other. Ends with a newline.
pub(super) fn table(keys: &[Column], values: &[Column]) -> String {
    let mut widths: Vec<usize> = keys.iter().map(Column::natural).collect();
    let widest = values.iter().map(Column::natural).max().unwrap_or(0).min(WIDTH / 2);
    narrow(&mut widths, keys, WIDTH.saturating_sub(widest + GAP));
    let room = WIDTH.saturating_sub(width_of(widths.iter().copied()) + GAP);
    let mut tables = Vec::new();
    let mut rest = values;
    loop {
        let mut taken = 0;
        let mut used = 0;
        let mut value_widths = Vec::new();
        for column in rest {
            let width = column.natural().min(room);
            if taken > 0 && used + GAP + width > room {
                break;
            }
            used += width + if taken > 0 { GAP } else { 0 };
            taken += 1;
            value_widths.push(width);
        }
        let columns: Vec<&Column> = keys.iter().chain(&rest[..taken]).collect();
        let all: Vec<usize> = widths.iter().copied().chain(value_widths).collect();
        tables.push(rows(&columns, &all));
        rest = &rest[taken..];
        if rest.is_empty() {
            return tables.join("\n");
        }
    }
}

/// Makes the widest columns of text narrower until all fit into `room`, or none can be.
fn narrow(widths: &mut [usize], columns: &[Column], room: usize) {
    while width_of(widths.iter().copied()) > room {
        let text = (0..columns.len()).filter(|c| !columns[*c].right && widths[*c] > TEXT_MIN);
        let Some(widest) = text.max_by_key(|c| widths[*c]) else { return };
        widths[widest] -= 1;
    }
}

fn rows(columns: &[&Column], widths: &[usize]) -> String {
    let headings: Vec<Vec<String>> = columns
        .iter()
        .zip(widths)
        .map(|(column, width)| broken(&column.heading.replace('_', " "), *width))
        .collect();
    let height = headings.iter().map(Vec::len).max().unwrap_or(0);
    // Headings stand on their column.
    let mut lines: Vec<Vec<&str>> = (0..height)
        .map(|line| {
            let part = |h: &'_ Vec<String>| (line + h.len()).checked_sub(height);
            headings.iter().map(|h| part(h).map_or("", |l| h[l].as_str())).collect()
        })
        .collect();
    let count = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let cells: Vec<Vec<Vec<String>>> = (0..count)
        .map(|row| {
            let cell = |(column, width): (&&Column, &usize)| broken(&column.cells[row], *width);
            columns.iter().zip(widths).map(cell).collect()
        })
        .collect();
    for row in &cells {
        let height = row.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            lines.push(row.iter().map(|cell| cell.get(line).map_or("", String::as_str)).collect());
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut written = String::new();
        for ((part, column), width) in line.iter().zip(columns).zip(widths) {
            let space = " ".repeat(width.saturating_sub(part.width()));
            match column.right {
                true => written.extend([space.as_str(), part]),
                false => written.extend([part, space.as_str()]),
            }
            written.push_str("  ");
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// A text in lines of at most `width`, broken at spaces and, where a word is longer, inside it. A text
/// that fits is not changed, spaces included.
fn broken(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        let last = lines.last_mut().expect("there is a line");
        if !last.is_empty() && last.width() + 1 + word.width() <= width {
            last.push(' ');
            last.push_str(word);
            continue;
        }
        if !last.is_empty() {
            lines.push(String::new());
        }
        for letter in word.chars() {
            let last = lines.last_mut().expect("there is a line");
            if last.width() + letter.width().unwrap_or(0) > width && !last.is_empty() {
                lines.push(String::new());
            }
            lines.last_mut().expect("there is a line").push(letter);
        }
    }
    lines
}

/// Prose in lines of at most 80 columns, those after the first set in by `indent`; a figure keeps its
/// `±` and its `%`. Ends with a newline.
pub(super) fn prose(text: &str, indent: usize) -> String {
    let text = text.replace(" ± ", "\u{a0}±\u{a0}").replace(" %", "\u{a0}%");
    let mut lines = String::new();
    for (n, line) in broken(&text, WIDTH - indent).into_iter().enumerate() {
        if n > 0 {
            lines.push_str(&" ".repeat(indent));
        }
        lines.push_str(&line.replace('\u{a0}', " "));
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::statistics::Bounds;

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    fn around(estimate: f64, half: f64) -> Estimate {
        Bounds { estimate, low: estimate - half, high: estimate + half }.into()
    }

    #[test]
    fn numbers_stand_below_each_other() {
        let estimates =
            [around(1.25, 0.5), around(123.0, 11.0), around(f64::NAN, 1.0), around(3.0, f64::NAN)];
        let keys = [Column::text("arm", texts(&["a", "b", "c", "d"]))];
        let values = [Column::estimates("failovers per hour", &estimates, 1.0)];
        let got = table(&keys, &values);
        let lines: Vec<&str> = got.lines().collect();
        assert_eq!(
            lines,
            [
                "        failovers",
                "arm      per hour",
                "a      1.2 ±  0.5",
                "b    123.0 ± 11.0",
                "c               -",
                "d      3.0",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_stands_below_with_its_keys() {
        let column = |name: &str| Column::numbers(name, texts(&[&"9".repeat(30)]));
        let keys = [Column::text("arm", texts(&["first"]))];
        let got = table(&keys, &[column("one"), column("two"), column("three")]);
        let headings: Vec<Vec<&str>> = got
            .lines()
            .filter(|line| line.starts_with("arm"))
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(headings, [vec!["arm", "one", "two"], vec!["arm", "three"]]);
        assert_eq!(got.matches("first").count(), 2);
        assert!(!fits(&keys, &[column("one"), column("two"), column("three")]));
        assert!(fits(&keys, &[column("one"), column("two")]));
    }

    #[test]
    fn prose_is_broken_at_its_words() {
        let text = "word ".repeat(30);
        let got = prose(text.trim(), 2);
        assert_eq!(got.split_whitespace().count(), 30);
        assert!(got.lines().skip(1).all(|line| line.starts_with("  word")), "{got}");
        let figure = format!("{} 86.4 ± 0.8 % in time", "x".repeat(70));
        assert_eq!(prose(&figure, 2).lines().nth(1), Some("  86.4 ± 0.8 % in time"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever stands in it, a table keeps to the terminal, and all its words are there.
        #[test]
        fn nothing_is_wider_than_the_terminal(
            keys in prop::collection::vec("[a-z 漢]{0,60}", 1..5),
            values in prop::collection::vec("[0-9]{1,30}", 0..8),
        ) {
            let keys: Vec<Column> =
                keys.iter().map(|k| Column::text(k.as_str(), texts(&[k, "x"]))).collect();
            let values: Vec<Column> =
                values.iter().map(|v| Column::numbers("a heading", texts(&[v, "1"]))).collect();
            let got = table(&keys, &values);
            for line in got.lines() {
                prop_assert!(line.width() <= WIDTH, "{} columns: {line}", line.width());
            }
            let letters = |text: &str| text.chars().filter(|c| *c == '漢').count();
            let written: usize = keys.iter().map(|k| letters(&k.heading) * 2).sum();
            prop_assert!(letters(&got) >= written);
        }
    }
}
