//! A table as Parquet, for programs that read columns: DuckDB, Polars, Arrow.
//!
//! The schema is the table's: text is a BYTE_ARRAY of the logical type String, whole numbers are
//! INT64, numbers DOUBLE. A column that may be empty is OPTIONAL, and null where nothing was
//! observed; no number is ever not a number. Units and meanings of the columns stand in the file's
//! metadata, as JSON under [`COLUMNS`].
//!
//! The bytes are a function of the table and of the program's version.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Map, Value, json};

use super::table::{Cells, Column, PART_ROWS, Table};

/// The key of the metadata under which the columns are described: an object with `unit` and
/// `meaning` of each column, by its name.
pub const COLUMNS: &str = "trunksim.columns";

/// Who wrote the file.
const CREATED_BY: &str = concat!(env!("CARGO_PKG_NAME"), " version ", env!("CARGO_PKG_VERSION"));

/// The table as Parquet.
///
/// # Panics
/// Where memory does not take the bytes.
#[must_use]
pub fn bytes(table: &Table) -> Vec<u8> {
    let all = || {
        let mut bytes = Vec::new();
        let mut file = PartsWriter::new(&mut bytes, table)?;
        file.rows(table)?;
        file.close()?;
        Ok::<_, ParquetError>(bytes)
    };
    all().expect("memory takes every table")
}

/// A file in the making.
pub struct PartsWriter<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> std::fmt::Debug for PartsWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PartsWriter")
    }
}

impl<W: Write + Send> PartsWriter<W> {
    /// A file with the columns of this table and no rows.
    ///
    /// # Errors
    /// Where the writer takes no bytes.
    pub fn new(writer: W, table: &Table) -> Result<Self, ParquetError> {
        let properties = Arc::new(properties(table));
        SerializedFileWriter::new(writer, schema(table)?, properties).map(Self)
    }

    /// Adds the rows of a table with the same columns, in row groups.
    ///
    /// # Errors
    /// Where the writer takes no bytes.
    ///
    /// # Panics
    /// Where the table has fewer columns than the file.
    pub fn rows(&mut self, table: &Table) -> Result<(), ParquetError> {
        for from in (0..table.rows).step_by(PART_ROWS) {
            let rows = from..table.rows.min(from + PART_ROWS);
            let mut group = self.0.next_row_group()?;
            for column in &table.columns {
                let mut writer = group.next_column()?.expect("the schema has every column");
                write(column, rows.clone(), &mut writer)?;
                writer.close()?;
            }
            group.close()?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Where the writer takes no bytes.
    pub fn close(self) -> Result<(), ParquetError> {
        self.0.close().map(|_| ())
    }
}

fn schema(table: &Table) -> Result<TypePtr, ParquetError> {
    let field = |column: &Column| {
        let (physical, logical) = match column.cells {
            Cells::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cells::Integer(_) => (Physical::INT64, None),
            Cells::Number(_) => (Physical::DOUBLE, None),
        };
        let repetition = if column.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        Type::primitive_type_builder(&column.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()
            .map(Arc::new)
    };
    let fields = table.columns.iter().map(field).collect::<Result<_, _>>()?;
    Type::group_type_builder(env!("CARGO_PKG_NAME")).with_fields(fields).build().map(Arc::new)
}

fn properties(table: &Table) -> WriterProperties {
    let about = |column: &Column| {
        let about = &column.about;
        (column.name.clone(), json!({ "unit": about.unit, "meaning": about.meaning }))
    };
    let columns: Map<String, Value> = table.columns.iter().map(about).collect();
    let columns = KeyValue::new(COLUMNS.to_owned(), Value::from(columns).to_string());
    WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_key_value_metadata(Some(vec![columns]))
        .set_compression(Compression::SNAPPY)
        .build()
}

/// Writes some rows of a column.
fn write(
    column: &Column,
    rows: Range<usize>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let optional = column.optional;
    match &column.cells {
        Cells::Text(cells) => {
            let bytes = |text: &String| ByteArray::from(text.as_str());
            fill::<ByteArrayType, _>(writer, optional, &cells[rows], bytes)
        }
        Cells::Integer(cells) => fill::<Int64Type, _>(writer, optional, &cells[rows], |n| *n),
        Cells::Number(cells) => fill::<DoubleType, _>(writer, optional, &cells[rows], |n| *n),
    }
}

/// Writes the cells that hold something and, of a column that may be empty, which they are.
fn fill<T: DataType, C>(
    writer: &mut SerializedColumnWriter<'_>,
    optional: bool,
    cells: &[Option<C>],
    value: impl Fn(&C) -> T::T,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = cells.iter().flatten().map(value).collect();
    let holds: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    writer.typed::<T>().write_batch(&values, optional.then_some(&holds[..]), None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::super::table::{About, Always};
    use super::*;

    /// What the crate's own reader makes of the bytes.
    fn read(bytes: &[u8]) -> SerializedFileReader<File> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        std::fs::write(&path, bytes).unwrap();
        SerializedFileReader::new(File::open(path).unwrap()).unwrap()
    }

    fn rows(reader: &SerializedFileReader<File>) -> Vec<Vec<Field>> {
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        rows.map(|row| row.get_column_iter().map(|(_, field)| field.clone()).collect()).collect()
    }

    fn table(cells: &[(u64, &'static str, f64, Option<&'static str>)]) -> Table {
        let mut draft = Table::of(cells);
        draft.column("point", "its number", |row| row.0);
        draft.column("a.level, \"quoted\"", "its level", |row| row.1);
        draft.column("wait_ms", ("ms", "how long"), |row| row.2);
        draft.column("twice", ("s", "twice the point"), |row| Always(row.0 as f64 * 2.0));
        draft.column("=than", "another", |row| row.3);
        draft.table()
    }

    /// No spreadsheet opens these files: a text that looks like a formula is not changed.
    const CELLS: [(u64, &str, f64, Option<&str>); 4] = [
        (1, "µ, \"b\"\n", 0.1 + 0.2, None),
        (2, "", f64::NAN, Some("c")),
        (3, "=1+1", -0.0, None),
        (u32::MAX as u64 * 8, "c", f64::MIN_POSITIVE / 4.0, Some("")),
    ];

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let reader = read(&bytes(&table(&CELLS)));
        let got = rows(&reader);
        assert_eq!(got.len(), CELLS.len());
        for (got, (point, level, wait, than)) in got.iter().zip(CELLS) {
            let text = |text: &str| Field::Str(text.to_owned());
            assert_eq!(got[0], Field::Long(i64::try_from(point).unwrap()));
            assert_eq!(got[1], text(level));
            match got[2] {
                Field::Double(read) => assert_eq!(read.to_bits(), wait.to_bits()),
                ref other => assert!(wait.is_nan() && *other == Field::Null, "{other}"),
            }
            assert_eq!(got[3], Field::Double(point as f64 * 2.0));
            assert_eq!(got[4], than.map_or(Field::Null, text));
        }
    }

    #[test]
    fn the_schema_and_the_metadata_say_what_the_columns_hold() {
        let reader = read(&bytes(&table(&CELLS)));
        let file = reader.metadata().file_metadata();
        assert_eq!(file.created_by(), Some(CREATED_BY));
        let columns = file.schema_descr().columns().iter().map(|column| {
            let info = column.self_type().get_basic_info();
            (column.name(), column.physical_type(), info.logical_type_ref(), info.repetition())
        });
        let text = LogicalType::String;
        let expected = [
            ("point", Physical::INT64, None, Repetition::REQUIRED),
            ("a.level, \"quoted\"", Physical::BYTE_ARRAY, Some(&text), Repetition::REQUIRED),
            ("wait_ms", Physical::DOUBLE, None, Repetition::OPTIONAL),
            ("twice", Physical::DOUBLE, None, Repetition::REQUIRED),
            ("=than", Physical::BYTE_ARRAY, Some(&text), Repetition::OPTIONAL),
        ];
        assert_eq!(columns.collect::<Vec<_>>(), expected);
        let pairs = file.key_value_metadata().unwrap();
        let about = pairs.iter().find(|pair| pair.key == COLUMNS).unwrap().value.as_ref().unwrap();
        let about: Value = serde_json::from_str(about).unwrap();
        assert_eq!(about.as_object().unwrap().len(), 5);
        assert_eq!(about["wait_ms"], json!({ "unit": "ms", "meaning": "how long" }));
        assert_eq!(about["point"]["unit"], "");
    }

    #[test]
    fn groups_change_no_row_and_a_table_may_have_none() {
        let table = table(&CELLS);
        let whole = rows(&read(&bytes(&table)));
        let mut in_parts = Vec::new();
        let mut file = PartsWriter::new(&mut in_parts, &table).unwrap();
        for cells in CELLS.chunks(3) {
            file.rows(&super::tests::table(cells)).unwrap();
        }
        file.close().unwrap();
        let parts = read(&in_parts);
        assert_eq!((parts.num_row_groups(), parts.metadata().row_group(1).num_rows()), (2, 1));
        assert_eq!(rows(&parts), whole);
        let mut draft = Table::of(&[] as &[f64]);
        draft.column("share", About::from(("share", "a share")), |row| *row);
        let none = read(&bytes(&draft.table()));
        assert_eq!((none.num_row_groups(), rows(&none).len()), (0, 0));
        assert_eq!(none.metadata().file_metadata().schema_descr().num_columns(), 1);
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        assert_eq!(bytes(&table(&CELLS)), bytes(&table(&CELLS)));
    }
}
