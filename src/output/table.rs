//! A table of results: columns of one kind each, which say what they hold; and the table as CSV.

use std::borrow::Cow;
use std::io::Write;

use crate::system::metrics::Metric;

/// Rows of a part of a table that is written in parts, and of a row group of its Parquet file: enough
/// for a reader that takes two thousand at once (DuckDB), and a few megabytes of memory.
pub const PART_ROWS: usize = 2048;

/// A table in parts, at least one: the same columns each, and the rows one after the other.
pub type Parts<'a> = Box<dyn Iterator<Item = Table> + 'a>;

/// A table: columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Rows of it.
    pub rows: usize,
    /// Its columns; no two have the same name, capital letters or not.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub about: About,
    /// Whether a cell of it may be empty, in this table or another that is made the same way.
    pub optional: bool,
    /// Its cells.
    pub cells: Cells,
}

/// What a column holds, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The unit of its numbers; `share` for parts of a whole, 0 to 1; empty without a unit.
    pub unit: String,
    /// What they are.
    pub meaning: String,
}

/// The cells of a column, of one kind; none where nothing was observed.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Words.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Finite numbers.
    Number(Vec<Option<f64>>),
}

impl Table {
    /// A table with a row for each of `rows`, to which columns are added.
    pub fn of<R>(rows: &[R]) -> Draft<'_, R> {
        Draft { rows, table: Self { rows: rows.len(), columns: Vec::new() } }
    }

    /// The table as CSV with a header: an empty field where nothing was observed, numbers as short
    /// as they can be read back exactly. A word that a spreadsheet would take for a formula has an
    /// apostrophe before it (OWASP, CSV injection).
    ///
    /// # Panics
    /// Where memory does not take the bytes.
    #[must_use]
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        self.csv_names(&mut writer).expect("memory takes every byte");
        self.csv_rows(&mut writer).expect("memory takes every byte");
        writer.into_inner().expect("memory takes every byte")
    }

    /// Writes the names of the columns.
    ///
    /// # Errors
    /// Where the writer takes no more.
    pub fn csv_names(&self, writer: &mut csv::Writer<impl Write>) -> csv::Result<()> {
        let names = self.columns.iter().map(|column| no_formula(column.name.as_str()));
        writer.write_record(names.map(Cow::into_owned))
    }

    /// Writes the rows.
    ///
    /// # Errors
    /// Where the writer takes no more.
    pub fn csv_rows(&self, writer: &mut csv::Writer<impl Write>) -> csv::Result<()> {
        (0..self.rows).try_for_each(|row| {
            let texts = self.columns.iter().map(|column| column.cells.text(row));
            writer.write_record(texts.map(Cow::into_owned))
        })
    }

    /// The table as its only part.
    #[must_use]
    pub fn whole<'a>(self) -> Parts<'a> {
        Box::new(std::iter::once(self))
    }
}

impl Cells {
    /// What stands in a row; nothing where the cell is empty.
    fn text(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Text(cells) => no_formula(cells[row].as_deref().unwrap_or_default()),
            Self::Integer(cells) => cells[row].map_or_else(String::new, |n| n.to_string()).into(),
            Self::Number(cells) => cells[row].map_or_else(String::new, |n| n.to_string()).into(),
        }
    }
}

/// A word as no spreadsheet calculates it.
fn no_formula(word: &str) -> Cow<'_, str> {
    // Spreadsheets in East Asian languages take the wide signs for the narrow ones.
    const SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let calculated = word.starts_with(SIGNS);
    if calculated && word.parse::<f64>().is_err() { format!("'{word}").into() } else { word.into() }
}

/// A table in the making, over rows of results.
#[derive(Debug)]
pub struct Draft<'r, R> {
    rows: &'r [R],
    table: Table,
}

impl<R> Draft<'_, R> {
    /// Adds a column: its name, what it holds, and how a row says it. The type of what the row says
    /// decides on the kind of the column, and on whether it may be empty.
    ///
    /// A name that a column has already (a factor may be called as the study likes) gets a
    /// number after its name.
    pub fn column<V: Value>(
        &mut self,
        name: impl Into<String>,
        about: impl Into<About>,
        value: impl Fn(&R) -> V,
    ) {
        let cells = self.rows.iter().map(|row| value(row).value()).collect();
        let column = Column {
            name: self.free(name.into()),
            about: about.into(),
            optional: V::OPTIONAL,
            cells: V::Kind::cells(cells),
        };
        self.table.columns.push(column);
    }

    /// Adds three columns: an estimate and the ends of its interval.
    pub fn interval<V: Value + Copy>(
        &mut self,
        names: [String; 3],
        about: impl Into<About>,
        value: impl Fn(&R) -> [V; 3],
    ) {
        let About { unit, meaning } = about.into();
        let meanings =
            ["", ": lower end of its interval", ": upper end of its interval"].into_iter();
        for (which, (name, end)) in names.into_iter().zip(meanings).enumerate() {
            let about = About { unit: unit.clone(), meaning: format!("{meaning}{end}") };
            self.column(name, about, |row| value(row)[which]);
        }
    }

    /// The table, with the columns it has now.
    #[must_use]
    pub fn table(self) -> Table {
        self.table
    }

    fn free(&self, name: String) -> String {
        let taken =
            |name: &str| self.table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        if !taken(&name) {
            return name;
        }
        let numbered = |n: u32| format!("{name}_{n}");
        (2..).map(numbered).find(|name| !taken(name)).expect("some number is free")
    }
}

/// The names of an estimate and of the ends of its interval: `mean`, `mean_low`, `mean_high`.
pub(super) fn with_ends(name: &str) -> [String; 3] {
    [name.to_owned(), format!("{name}_low"), format!("{name}_high")]
}

/// The names of a mean and of the ends of its interval: `OF_mean`, `OF_low`, `OF_high`.
pub(super) fn mean_and_ends(of: &str) -> [String; 3] {
    ["mean", "low", "high"].map(|part| format!("{of}_{part}"))
}

impl From<&str> for About {
    /// Of something without a unit.
    fn from(meaning: &str) -> Self {
        Self { unit: String::new(), meaning: meaning.to_owned() }
    }
}

impl From<(&str, &str)> for About {
    /// Unit and meaning.
    fn from((unit, meaning): (&str, &str)) -> Self {
        Self { unit: unit.to_owned(), meaning: meaning.to_owned() }
    }
}

impl From<&Metric> for About {
    fn from(metric: &Metric) -> Self {
        (metric.unit, metric.meaning).into()
    }
}

/// What can stand in a cell.
pub trait Value {
    /// Text, whole numbers or numbers.
    type Kind: Kind;
    /// Whether there may be none of it.
    const OPTIONAL: bool;
    /// The content of the cell.
    fn value(self) -> Option<Self::Kind>;
}

/// What a column holds.
pub trait Kind: Sized {
    /// Cells of this kind.
    fn cells(cells: Vec<Option<Self>>) -> Cells;
}

/// A number that there always is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Always(pub f64);

impl Kind for String {
    fn cells(cells: Vec<Option<Self>>) -> Cells {
        Cells::Text(cells)
    }
}

impl Kind for i64 {
    fn cells(cells: Vec<Option<Self>>) -> Cells {
        Cells::Integer(cells)
    }
}

impl Kind for f64 {
    fn cells(cells: Vec<Option<Self>>) -> Cells {
        Cells::Number(cells)
    }
}

impl Value for String {
    type Kind = Self;
    const OPTIONAL: bool = false;

    fn value(self) -> Option<Self> {
        Some(self)
    }
}

impl Value for &str {
    type Kind = String;
    const OPTIONAL: bool = false;

    fn value(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Value for u64 {
    type Kind = i64;
    const OPTIONAL: bool = false;

    fn value(self) -> Option<i64> {
        Some(i64::try_from(self).expect("counts are below 2⁶³"))
    }
}

impl Value for usize {
    type Kind = i64;
    const OPTIONAL: bool = false;

    fn value(self) -> Option<i64> {
        (self as u64).value()
    }
}

impl Value for f64 {
    type Kind = Self;
    const OPTIONAL: bool = true;

    /// NaN means not observed; an infinite end of an interval is left empty.
    fn value(self) -> Option<Self> {
        self.is_finite().then_some(self)
    }
}

impl Value for Always {
    type Kind = f64;
    const OPTIONAL: bool = false;

    fn value(self) -> Option<f64> {
        assert!(self.0.is_finite(), "this number there always is");
        Some(self.0)
    }
}

impl<V: Value> Value for Option<V> {
    type Kind = V::Kind;
    const OPTIONAL: bool = true;

    fn value(self) -> Option<V::Kind> {
        self.and_then(V::value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_value_decides_on_kind_and_emptiness() {
        let rows = [(1_usize, "a, \"b\"", 0.1, None), (2, "c", f64::NAN, Some(3_u64))];
        let mut draft = Table::of(&rows);
        draft.column("point", "its number", |row| row.0);
        draft.column("name", "its name", |row| row.1);
        draft.interval(with_ends("mean"), ("ms", "a mean"), |row| [row.2, f64::INFINITY, -0.0]);
        draft.column("than", "another", |row| row.3);
        draft.column("always", "a number", |row| Always(row.0 as f64 / 3.0));
        let table = draft.table();
        let optional: Vec<bool> = table.columns.iter().map(|column| column.optional).collect();
        assert_eq!(optional, [false, false, true, true, true, true, false]);
        assert_eq!(table.columns[0].cells, Cells::Integer(vec![Some(1), Some(2)]));
        assert_eq!(table.columns[2].cells, Cells::Number(vec![Some(0.1), None]));
        let about = &table.columns[3].about;
        let expected = ("ms", "a mean: lower end of its interval");
        assert_eq!((about.unit.as_str(), about.meaning.as_str()), expected);
        let csv = String::from_utf8(table.csv()).unwrap();
        let expected = "point,name,mean,mean_low,mean_high,than,always\n\
                        1,\"a, \"\"b\"\"\",0.1,,-0,,0.3333333333333333\n\
                        2,c,,,-0,3,0.6666666666666666\n";
        assert_eq!(csv, expected);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut draft = Table::of(&[1_u64]);
        for name in ["point", "Point", "point", "other"] {
            draft.column(name, "a number", |row| *row);
        }
        let names: Vec<String> =
            draft.table().columns.into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["point", "Point_2", "point_3", "other"]);
    }

    #[test]
    #[should_panic(expected = "always is")]
    fn what_always_is_there_is_not_left_out() {
        let mut draft = Table::of(&[f64::NAN]);
        draft.column("share", "a share", |row| Always(*row));
    }

    #[test]
    fn a_word_is_no_formula() {
        let words =
            ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "-0.5", "+2", "a=b", "", "−1", "＝A1"];
        let mut draft = Table::of(&words);
        draft.column("=HYPERLINK()", "words", |word| (*word).to_owned());
        let csv = String::from_utf8(draft.table().csv()).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        let expected = [
            "'=HYPERLINK()",
            "'=1+1",
            "'+cmd",
            "'-2+3",
            "'@SUM(A1)",
            "'\tx",
            "-0.5",
            "+2",
            "a=b",
            "\"\"",
            "−1",
            "'＝A1",
        ];
        assert_eq!(lines, expected);
    }
}
