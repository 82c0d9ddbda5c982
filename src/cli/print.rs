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

/// How a result is printed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Printed {
    /// For people
    #[default]
    Table,
    /// One object, as in the JSON file of the results
    Json,
}

impl Printed {
    /// Prints a result as it was asked for.
    pub(super) fn print(self, table: impl FnOnce() -> String, json: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Table => print(&table()),
            Self::Json => print(&String::from_utf8_lossy(json)),
        }
    }
}
