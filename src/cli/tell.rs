//! What is said beside results, on standard error. Where nobody takes it (the stream is closed, or
//! the disk behind it full) that is no reason to stop: results are on standard output and in files.

use std::fmt::Display;
use std::io::Write;

/// Says a line.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
