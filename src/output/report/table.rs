//! A table of the page, made column by column. Figures are written as everywhere
//! ([`crate::experiment::figures`]): the values of a column with as many decimals as its intervals
//! ask for, each with half the width of its interval.

use crate::experiment::figures::{Estimate, Reading, digits, fixed};
use crate::system::metrics::{METRICS, index_of};

/// Rows of a table in the page; a file has the others.
const ROWS_MAX: usize = 1000;

/// Letters of a text that is broken rather than that it makes a table wide.
const LONG: usize = 26;

/// A table that sorts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// What it lists.
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    /// What is to be said below it; may be empty.
    pub(super) note: String,
    /// The file that holds all of its rows, and more of each.
    pub(super) file: &'static str,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    /// The unit of its values; may be empty.
    pub(super) unit: String,
    /// What it means; may be empty.
    pub(super) meaning: String,
    /// Whether it holds numbers.
    pub(super) numeric: bool,
    /// Whether it says what its row is about.
    pub(super) heads: bool,
    /// Whether its texts are to be broken.
    pub(super) long: bool,
    cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// How far it may be off; may be empty.
    pub(super) spread: String,
    /// What it is sorted by: the number, not rounded, or nothing for a text.
    pub(super) sort: String,
    pub(super) tone: Tone,
}

/// What a word says: colour and sign follow it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    Good,
    /// It is open.
    Open,
    Bad,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Open => "open",
            Self::Bad => "bad",
        }
    }

    /// That of a verdict's word.
    pub(super) fn of_verdict(word: &str) -> Self {
        match word {
            "met" => Self::Good,
            "missed" => Self::Bad,
            "undecided" => Self::Open,
            _ => Self::Plain,
        }
    }
}

/// A metric as people read it; one that this program does not know, by its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) label: String,
    pub(super) meaning: &'static str,
    pub(super) reading: Reading,
}

impl Measure {
    pub(super) fn of(name: &str) -> Self {
        match index_of(name).map(|metric| &METRICS[metric]) {
            Some(metric) => Self {
                label: metric.label(),
                meaning: metric.meaning,
                reading: Reading::of(metric),
            },
            None => Self { label: name.replace('_', " "), meaning: "", reading: Reading::PLAIN },
        }
    }
}

impl Table {
    pub(super) fn new(caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..Self::default() }
    }

    pub(super) fn with(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns.extend(columns);
        self
    }

    /// What is to be said below it, and which file holds all of it.
    pub(super) fn noted(mut self, note: impl Into<String>, file: &'static str) -> Self {
        self.note = note.into();
        self.file = file;
        self
    }

    /// How many rows it has in all.
    pub(super) fn count(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }

    /// Number of rows that the page shows.
    pub(super) fn shown(&self) -> usize {
        self.count().min(ROWS_MAX)
    }

    /// Whether it takes more than a page's width at its usual size.
    pub(super) fn is_wide(&self) -> bool {
        self.columns.len() > 8
    }

    /// The columns whose names do not say all.
    pub(super) fn explained(&self) -> Vec<&Column> {
        self.columns.iter().filter(|column| !column.meaning.is_empty()).collect()
    }

    pub(super) fn rows(&self) -> Vec<Vec<(&Column, &Cell)>> {
        let row = |row: usize| self.columns.iter().map(|c| (c, &c.cells[row])).collect();
        (0..self.shown()).map(row).collect()
    }
}

impl Column {
    fn new(name: impl Into<String>, cells: Vec<Cell>) -> Self {
        Self { name: name.into(), cells, ..Self::default() }
    }

    pub(super) fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    pub(super) fn meaning(mut self, meaning: &str) -> Self {
        meaning.clone_into(&mut self.meaning);
        self
    }

    /// A column that says what its rows are about.
    pub(super) fn heading(self) -> Self {
        Self { heads: true, ..self }
    }

    /// Texts; where all are numbers or lengths of time, they sort as such.
    pub(super) fn texts(
        name: impl Into<String>,
        texts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        let numbers: Option<Vec<String>> = texts.iter().map(|text| sorted_by(text)).collect();
        let numeric = numbers.is_some() && !texts.is_empty();
        let sorts = numbers.unwrap_or_else(|| vec![String::new(); texts.len()]);
        let long = texts.iter().any(|text| text.chars().count() > LONG);
        let cell = |(text, sort)| Cell { text, sort, ..Cell::default() };
        Self { numeric, long, ..Self::new(name, texts.into_iter().zip(sorts).map(cell).collect()) }
    }

    /// Whole numbers; a dash for none.
    pub(super) fn counts(
        name: impl Into<String>,
        counts: impl IntoIterator<Item = Option<usize>>,
    ) -> Self {
        let cell = |count: Option<usize>| match count {
            Some(count) => {
                Cell { text: count.to_string(), sort: count.to_string(), ..Cell::default() }
            }
            None => Cell { text: "–".to_owned(), ..Cell::default() },
        };
        let cells = counts.into_iter().map(cell).collect();
        Self { numeric: true, ..Self::new(name, cells) }
    }

    /// Words with what they say; they sort by `order`.
    pub(super) fn words(
        name: impl Into<String>,
        words: impl IntoIterator<Item = (Tone, String, usize)>,
    ) -> Self {
        let cell = |(tone, text, order): (Tone, String, usize)| Cell {
            text,
            tone,
            sort: order.to_string(),
            ..Cell::default()
        };
        Self::new(name, words.into_iter().map(cell).collect())
    }

    /// Verdicts on thresholds: `met`, `undecided` or `missed`, or nothing.
    pub(super) fn verdicts<'a>(
        name: impl Into<String>,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let word = |word: &'a str| {
            let tone = Tone::of_verdict(word);
            (tone, word.to_owned(), tone as usize)
        };
        Self::words(name, words.into_iter().map(word))
    }

    /// Values of a reading, `86.4 ± 0.8`, their unit in the heading.
    pub(super) fn values(name: impl Into<String>, estimates: &[Estimate], of: Reading) -> Self {
        let cells = written(estimates, of.factor, false, false);
        Self { numeric: true, ..Self::new(name, cells) }.unit(of.unit)
    }

    /// Differences of two values, with their signs.
    pub(super) fn differences(name: impl Into<String>, of: &[Estimate], reading: Reading) -> Self {
        let cells = written(of, reading.factor, true, false);
        Self { numeric: true, ..Self::new(name, cells) }.unit(reading.unit_of_difference)
    }

    /// Values whose intervals need not be even to both sides: `61 (52 to 70)`.
    pub(super) fn ranges(
        name: impl Into<String>,
        estimates: &[Estimate],
        factor: f64,
        unit: &str,
    ) -> Self {
        let cells = written(estimates, factor, false, true);
        Self { numeric: true, ..Self::new(name, cells) }.unit(unit)
    }

    /// Numbers without intervals, to `decimals` decimals.
    pub(super) fn numbers(
        name: impl Into<String>,
        numbers: &[Option<f64>],
        (factor, digits): (f64, usize),
    ) -> Self {
        let cell = |value: &Option<f64>| match value {
            Some(value) => Cell {
                text: fixed(value * factor, digits),
                sort: value.to_string(),
                ..Cell::default()
            },
            None => Cell { text: "–".to_owned(), ..Cell::default() },
        };
        Self { numeric: true, ..Self::new(name, numbers.iter().map(cell).collect()) }
    }

    /// Values of several readings below each other, each with its own unit.
    pub(super) fn mixed(name: impl Into<String>, values: &[(Reading, Estimate)]) -> Self {
        let cell = |(reading, estimate): &(Reading, Estimate)| {
            let text = reading.value(estimate);
            let (text, spread) = match text.split_once(" ± ") {
                Some((value, spread)) => (value.to_owned(), format!("± {spread}")),
                None => (text, String::new()),
            };
            Cell { text, spread, sort: sort(estimate), ..Cell::default() }
        };
        Self { numeric: true, ..Self::new(name, values.iter().map(cell).collect()) }
    }
}

fn sort(estimate: &Estimate) -> String {
    estimate.estimate.map_or_else(String::new, |value| value.to_string())
}

/// The decimals that the intervals of estimates ask for.
pub(super) fn digits_of(estimates: &[Estimate], factor: f64) -> usize {
    let scaled = |e: &Estimate| (e.value() * factor, e.half_width() * factor);
    digits(&estimates.iter().map(scaled).collect::<Vec<_>>())
}

/// The cells of estimates, all with as many decimals.
fn written(estimates: &[Estimate], factor: f64, signed: bool, uneven: bool) -> Vec<Cell> {
    let scaled = |e: &Estimate| (e.value() * factor, e.half_width() * factor);
    let digits = digits_of(estimates, factor);
    let cell = |estimate: &Estimate| {
        let (value, half) = scaled(estimate);
        if value.is_nan() {
            return Cell { text: "–".to_owned(), ..Cell::default() };
        }
        let text = fixed(value, digits);
        let end =
            |end: Option<f64>| end.map_or_else(|| "…".to_owned(), |e| fixed(e * factor, digits));
        let spread = match (uneven, half.is_nan()) {
            (true, _) if estimate.low.is_some() || estimate.high.is_some() => {
                format!("({} to {})", end(estimate.low), end(estimate.high))
            }
            (false, false) => format!("± {}", fixed(half, digits)),
            _ => String::new(),
        };
        let sign = if signed && value > 0.0 { "+" } else { "" };
        Cell { text: format!("{sign}{text}"), spread, sort: sort(estimate), ..Cell::default() }
    };
    estimates.iter().map(cell).collect()
}

/// The number a level stands for: of `500ms`, seconds.
fn sorted_by(text: &str) -> Option<String> {
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then(|| number.to_string());
    }
    let length = text.parse::<crate::engine::time::SimDuration>().ok()?;
    Some(length.as_secs_f64().to_string())
}

/// A threshold as results have it, `at least 0.8`, in the unit that people read the metric in.
pub(super) fn threshold(text: &str, reading: Reading) -> String {
    let Some((words, number)) = text.rsplit_once(' ') else { return text.to_owned() };
    let Ok(limit) = number.parse::<f64>() else { return text.to_owned() };
    // Three digits are what anybody sets.
    let limit = limit * reading.factor;
    let places = if limit.abs() >= 1.0 { 2 } else { 4 };
    let rounded = fixed(limit, places);
    let rounded = rounded.trim_end_matches('0').trim_end_matches('.');
    match reading.unit {
        "" => format!("{words} {rounded}"),
        "/s" => format!("{words} {rounded}/s"),
        unit => format!("{words} {rounded}\u{a0}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        crate::engine::statistics::Bounds { estimate: value, low, high }.into()
    }

    fn texts(column: &Column) -> Vec<(&str, &str)> {
        column.cells.iter().map(|cell| (cell.text.as_str(), cell.spread.as_str())).collect()
    }

    #[test]
    fn a_column_has_the_decimals_its_intervals_ask_for() {
        let share = Measure::of("service_level").reading;
        let none = estimate(f64::NAN, f64::NAN, f64::NAN);
        let column = Column::values(
            "a",
            &[estimate(0.8642, 0.856, 0.8724), estimate(0.5, 0.46, 0.54), none],
            share,
        );
        assert_eq!(texts(&column), [("86.4", "± 0.8"), ("50.0", "± 4.0"), ("–", "")]);
        assert_eq!(column.unit, "%");
        assert_eq!(column.cells[0].sort, "0.8642");
        assert_eq!(column.cells[2].sort, "");
        let column = Column::differences("d", &[estimate(0.02, 0.01, 0.03)], share);
        assert_eq!((texts(&column), column.unit.as_str()), (vec![("+2.0", "± 1.0")], "points"));
        let uneven = [estimate(0.61, 0.52, 0.75), estimate(0.3, f64::NAN, 0.4)];
        let column = Column::ranges("r", &uneven, 100.0, "%");
        assert_eq!(texts(&column), [("61", "(52 to 75)"), ("30", "(… to 40)")]);
        let column =
            Column::mixed("m", &[(share, uneven[0]), (Reading::PLAIN, estimate(3.0, 3.0, 3.0))]);
        assert_eq!(texts(&column)[1], ("3", "± 0"));
        assert_eq!(texts(&column)[0].0, "61");
    }

    #[test]
    fn levels_sort_by_what_they_stand_for_where_all_do() {
        let times = Column::texts("t", ["2s", "500ms"]);
        assert!(times.numeric && times.cells[1].sort == "0.5");
        let mixed = Column::texts("t", ["2s", "none"]);
        assert!(!mixed.numeric && mixed.cells[0].sort.is_empty());
        let verdicts = Column::verdicts("v", ["met", "missed", "undecided", ""]);
        let tones: Vec<Tone> = verdicts.cells.iter().map(|cell| cell.tone).collect();
        assert_eq!(tones, [Tone::Good, Tone::Bad, Tone::Open, Tone::Plain]);
    }

    #[test]
    fn a_threshold_is_read_in_the_metrics_unit() {
        let of = |text: &str, metric: &str| {
            threshold(text, Measure::of(metric).reading).replace('\u{a0}', " ")
        };
        assert_eq!(of("at least 0.8", "service_level"), "at least 80 %");
        assert_eq!(of("at most 0.041666666666666664", "failovers"), "at most 0.0417");
        assert_eq!(of("at most 250", "update_latency_ms_p95"), "at most 250 ms");
        assert_eq!(of("whatever", "failovers"), "whatever");
    }

    #[test]
    fn a_table_shows_no_more_rows_than_a_page_takes() {
        let table = Table::new("a").with([Column::counts("n", (0..1500).map(Some))]);
        assert_eq!((table.count(), table.shown(), table.rows().len()), (1500, 1000, 1000));
        assert!(!table.is_wide());
    }
}
