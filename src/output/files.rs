//! The one place that writes files. A file appears whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::table::Parts;

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes `bytes` to `folder/name`, making the folder if need be.
///
/// # Errors
/// Where the system refuses; a file of that name that was there stays as it was.
pub fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, WriteError> {
    let mut file = WholeFile::begin(folder, name)?;
    let written = file.write_all(bytes);
    file.finish(written)
}

/// A file in the making: a temporary one beside it, which takes its name in one step at the end.
#[derive(Debug)]
pub struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// Begins `folder/name`, making the folder if need be.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn begin(folder: &Path, name: &str) -> Result<Self, WriteError> {
        let path = folder.join(name);
        let made = fs::create_dir_all(folder).and_then(|()| NamedTempFile::new_in(folder));
        match made {
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(WriteError { path, source }),
        }
    }

    /// Gives the file its name, where all of it could be written.
    ///
    /// # Errors
    /// Where it could not; a file of that name that was there stays as it was.
    pub fn finish(self, written: io::Result<()>) -> Result<PathBuf, WriteError> {
        let Self { file, path } = self;
        let named = written.and_then(|()| {
            // A temporary file is its owner's alone; results are as readable as any new file.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            }
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)?;
            Ok(())
        });
        match named {
            Ok(()) => Ok(path),
            Err(source) => Err(WriteError { path, source }),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a table as `NAME.csv` and, with the feature `parquet`, `NAME.parquet`, one part after the
/// other; gives their paths.
///
/// # Errors
/// Where the system refuses; files of these names that were there stay as they were.
///
/// # Panics
/// Where the table has no part.
pub fn write_table(
    folder: &Path,
    name: &str,
    parts: Parts<'_>,
) -> Result<Vec<PathBuf>, WriteError> {
    let mut parts = parts.peekable();
    let first = parts.peek().expect("a table has at least one part");
    let mut csv_file = WholeFile::begin(folder, &format!("{name}.csv"))?;
    let mut csv = csv::Writer::from_writer(&mut csv_file);
    let mut written = first.csv_names(&mut csv);
    #[cfg(feature = "parquet")]
    let mut columns = WholeFile::begin(folder, &format!("{name}.parquet"))?;
    #[cfg(feature = "parquet")]
    let mut parquet = super::parquet::PartsWriter::new(&mut columns, first);
    for part in parts {
        written = written.and_then(|()| part.csv_rows(&mut csv));
        #[cfg(feature = "parquet")]
        {
            parquet = parquet.and_then(|mut file| file.rows(&part).map(|()| file));
        }
    }
    let written = written.map_err(io::Error::from).and_then(|()| csv.flush());
    drop(csv);
    #[cfg(feature = "parquet")]
    let ended = parquet.and_then(super::parquet::PartsWriter::close).map_err(io::Error::other);
    Ok(vec![
        csv_file.finish(written)?,
        #[cfg(feature = "parquet")]
        columns.finish(ended)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("study");
        write_whole(&inner, "a.csv", b"one").unwrap();
        write_whole(&inner, "a.csv", b"two").unwrap();
        assert_eq!(fs::read(inner.join("a.csv")).unwrap(), b"two");
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
        let blocked = write_whole(&inner.join("a.csv"), "b.csv", b"three").unwrap_err();
        assert!(blocked.to_string().contains("b.csv"), "{blocked}");
    }
}
