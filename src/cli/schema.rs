//! `trunksim schema`: the JSON Schema, for editors.

use clap::ValueEnum;

use super::Failure;
use crate::input;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of what
    of: Of,
}

#[derive(Copy, Clone, Debug, ValueEnum)]
enum Of {
    Model,
    Study,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    super::print(&input::schema(match args.of {
        Of::Model => input::Kind::Model,
        Of::Study => input::Kind::Study,
    }))
}
