//! The one place that writes files. A file appears whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes `bytes` to `folder/name`, making the folder if need be: into a temporary file beside it,
/// which then takes the name in one step.
///
/// # Errors
/// Where the system refuses; a file of that name that was there stays as it was.
pub fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, WriteError> {
    let path = folder.join(name);
    let written = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        // A temporary file is its owner's alone; results are as readable as any new file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    };
    written().map_err(|source| WriteError { path: path.clone(), source })?;
    Ok(path)
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
