//! Messages beside results, on standard error. A message that cannot be written (the stream is
//! closed, the disk behind it full) does not stop the program: results are on standard output and in
//! files.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::input::{InputError, harmless};

/// Whether `--quiet` was given: then errors are the only messages.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Lets errors be the only messages from now on.
pub(super) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether errors are the only messages.
pub(super) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes a line, without what controls the terminal: names of files may hold anything.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(&line.to_string()));
}

/// Writes a line that is no error; nothing with `--quiet`.
pub(super) fn note(line: impl Display) {
    if !is_quiet() {
        tell(line);
    }
}

/// Tells what is wrong with files, in the colours of the terminal.
pub(super) fn tell_report(error: InputError) {
    let _ = writeln!(std::io::stderr(), "{:?}", miette::Report::new(error));
}
