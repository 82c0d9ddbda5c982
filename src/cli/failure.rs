//! What can go wrong with a command, and the exit code it gives.

use std::process::ExitCode;

use super::tell::{tell, tell_report};
use crate::input::InputError;
use crate::output::files::WriteError;
use crate::system::RunError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// A model or study that cannot mean anything.
    Input(Box<InputError>),
    /// An argument that names nothing.
    Usage(String),
    /// A run that stopped.
    Run(RunError),
    /// Runs of a study that stopped: how many, of how many, and the first reason.
    Runs { failed: usize, of: usize, first: String },
    /// The results say that an SLA is missed; which, and where.
    Sla(String),
    /// A file that could not be written.
    Write(WriteError),
    /// Anything else.
    Internal(String),
}

impl Failure {
    /// Says what went wrong, and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Input(error) => {
                // Already a report with its own headings.
                tell_report(*error);
                return ExitCode::from(2);
            }
            Self::Usage(text) => (text, 2),
            Self::Run(error) => (error.to_string(), 1),
            Self::Runs { failed, of, first } => (
                format!(
                    "{failed} of {of} runs stopped and count in no estimate (see the column \
                     `status` of runs.csv); the first: {first}"
                ),
                1,
            ),
            Self::Sla(text) => (text, 3),
            Self::Write(error) => (error.to_string(), 1),
            Self::Internal(text) => (text, 1),
        };
        tell(format!("error: {text}"));
        ExitCode::from(code)
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Input(Box::new(error))
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
