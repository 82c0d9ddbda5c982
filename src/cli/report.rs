//! `trunksim report`: the results in a folder as one HTML file.

use std::path::PathBuf;

use super::{Failure, print};
use crate::output::{files, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a study's results
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let page = report::render(&args.folder).map_err(|error| Failure::Usage(error.to_string()))?;
    let written = files::write_whole(&args.folder, report::REPORT, page.as_bytes())?;
    print(&format!("{}\n", written.display()))
}
