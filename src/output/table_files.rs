//! The files that a table is written as.

use super::table::Table;

impl Table {
    /// The files that the table of this name is written as, name and bytes: `NAME.csv` and, with
    /// the feature `parquet`, `NAME.parquet`.
    #[must_use]
    pub fn files(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        Vec::from([
            (format!("{name}.csv"), self.csv()),
            #[cfg(feature = "parquet")]
            (format!("{name}.parquet"), super::parquet::bytes(self)),
        ])
    }
}
