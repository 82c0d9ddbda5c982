//! `trunksim man`: the manual, a page per command.

use std::path::PathBuf;

use clap_mangen::Man;

use super::{Failure, print};
use crate::output::files;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the pages, like ~/.local/share/man/man1
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn execute(args: &Args, mut program: clap::Command) -> Result<(), Failure> {
    program.build();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    let pages = std::iter::once(&program).chain(commands.filter(|c| c.get_name() != "help"));
    for command in pages {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut page = Vec::new();
        let rendered = Man::new(command.clone()).render(&mut page);
        rendered.map_err(|error| Failure::Internal(format!("the page {name}: {error}")))?;
        let written = files::write_whole(&args.folder, &format!("{name}.1"), &page)?;
        print(&format!("{}\n", written.display()))?;
    }
    Ok(())
}
