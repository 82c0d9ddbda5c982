//! Results, on standard output.

use std::io::Write;

use super::failure::Failure;
use crate::input::harmless;

/// Prints a result, without what controls the terminal: it may name files. A reader that has gone
/// away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(harmless(text).as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
