//! What stands behind standard output and standard error: nothing, a full disk, a reader that goes
//! away. The program ends as it would, with no panic.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const RUN: &str = "run models/minimal.toml --horizon 10m";

/// Runs a line of the shell in which `$T` is the program; its exit code and what it says on
/// standard error, which the line has as its third stream.
fn shell(line: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let mut command = Command::new("sh");
    command.env("T", assert_cmd::cargo::cargo_bin!("trunksim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::null());
    command.args(["-c", &format!("exec 3>{}; {line}", said.display())]);
    (command.status().unwrap().code(), fs::read_to_string(said).unwrap())
}

#[test]
fn a_closed_stream_stops_nothing() {
    for closed in ["2>&-", ">&-", "<&- >&- 2>&-"] {
        assert_eq!(shell(&format!("$T {RUN} {closed}")).0, Some(0), "{closed}");
        let bad = shell(&format!("$T run tests/bad/rate_zero.toml {closed}"));
        assert_eq!(bad.0, Some(2), "{closed}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let sweep = format!("$T sweep tests/studies/small.toml --out {} >&- 2>&-", out.display());
    assert_eq!(shell(&sweep).0, Some(0));
    assert!(out.join("runs.csv").is_file());
}

/// The result is lost, so it is an error, and told where it can be.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_told() {
    let (code, said) = shell(&format!("$T {RUN} >/dev/full 2>&3"));
    assert_eq!((code, said.contains("error: standard output: ")), (Some(1), true), "{said}");
    assert_eq!(shell(&format!("$T {RUN} >/dev/full 2>/dev/full")).0, Some(1));
}

/// The code of the program goes through a file, as that of a pipe is its reader's.
fn code_before(reader: &str, command: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let line = format!("(sleep 0.3; {command}; echo $? >{0}) 2>&3 | {reader}", at("code"));
    let said = shell(&line).1;
    (fs::read_to_string(Path::new(&at("code"))).unwrap().trim().to_owned(), said)
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for command in [format!("$T {RUN}"), "$T schema model".to_owned()] {
        for reader in ["true", "head -n 1"] {
            let (code, said) = code_before(reader, &command);
            assert_eq!(code, "0", "{command} | {reader}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
    // The reader of standard error goes away: the code is that of the refusal.
    assert_eq!(code_before("true", "$T run tests/bad/rate_zero.toml 2>&1").0, "2");
}
