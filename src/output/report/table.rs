//! A table of the page.

use super::numbers::figures;

/// A table that sorts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// What it lists.
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is to be said below it; may be empty.
    pub(super) note: String,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    /// What it means; may be empty.
    pub(super) meaning: String,
    /// Whether all its cells are numbers or empty.
    pub(super) numeric: bool,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// The interval of a number; may be empty.
    pub(super) interval: String,
    /// What it is sorted by: the number, not rounded, or nothing for a text.
    pub(super) sort: String,
}

impl Cell {
    /// A text; one that is a number or a length of time sorts as such.
    pub(super) fn text(text: &str) -> Self {
        Self { text: text.to_owned(), interval: String::new(), sort: sorted_by(text) }
    }

    /// A number of a unit, with its interval where there is one.
    pub(super) fn number(value: f64, interval: Option<(f64, f64)>, unit: &str) -> Self {
        let figures = figures(value, interval, unit);
        let sort = if value.is_finite() { value.to_string() } else { String::new() };
        Self { text: figures.value, interval: figures.interval, sort }
    }
}

/// The number a level stands for: of `500ms`, seconds.
fn sorted_by(text: &str) -> String {
    if let Ok(number) = text.parse::<f64>() {
        return if number.is_finite() { number.to_string() } else { String::new() };
    }
    let length = text.parse::<crate::engine::time::SimDuration>();
    length.map_or_else(|_| String::new(), |length| length.as_secs_f64().to_string())
}

impl Table {
    /// Whether a column holds numbers alone.
    pub(super) fn is_numeric(&self, column: &usize) -> bool {
        self.columns.get(*column).is_some_and(|column| column.numeric)
    }

    /// Marks the columns that hold numbers alone.
    pub(super) fn with_numeric_columns(mut self) -> Self {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cells = || self.rows.iter().filter_map(|row| row.get(index));
            let empty = |cell: &Cell| matches!(cell.text.as_str(), "" | "–");
            column.numeric = cells().any(|cell| !cell.sort.is_empty())
                && cells().all(|cell| !cell.sort.is_empty() || empty(cell));
        }
        self
    }
}
