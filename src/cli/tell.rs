//! Messages beside results, on standard error. A message that cannot be written (the stream is
//! closed, the disk behind it full) does not stop the program: results are on standard output and in
//! files.

use std::fmt::Display;
use std::io::Write;

/// Says a line.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
