//! Ctrl-C while a study runs: the runs so far are kept, and the message says how to go on.

use std::path::Path;

use super::tell::tell;

/// Exit code of a program that an interrupt ended: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// Says on an interrupt that the runs are kept in `folder`, and ends the program.
pub(super) fn keeps_runs(folder: &Path) {
    let folder = folder.to_owned();
    let stopped = move || {
        tell(format!(
            "\ninterrupted: the finished runs are kept in {}; the same command goes on from there",
            folder.display()
        ));
        std::process::exit(INTERRUPTED);
    };
    // A second study in the same process keeps the first handler; without one, an interrupt ends
    // the program all the same.
    let _ = ctrlc::set_handler(stopped);
}
