//! `trunksim completions`: what a shell completes after the program's name.

use clap_complete::Shell;

use super::{Failure, print};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn execute(args: &Args, mut program: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "trunksim", &mut script);
    print(&String::from_utf8_lossy(&script))
}
