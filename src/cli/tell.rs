//! Messages beside results, on standard error. A message that cannot be written (the stream is
//! closed, the disk behind it full) does not stop the program: results are on standard output and in
//! files.

use std::fmt::Display;
use std::io::Write;

use crate::input::{InputError, harmless};

/// Says a line, without what controls the terminal: names of files may hold anything.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(&line.to_string()));
}

/// Tells what is wrong with files, in the colours of the terminal.
pub(super) fn tell_report(error: InputError) {
    let _ = writeln!(std::io::stderr(), "{:?}", miette::Report::new(error));
}
