//! The command as a user types it.

use assert_cmd::Command;

fn explain(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["explain", "tests/explain/burst.toml"]);
    command.args(arguments);
    command
}

fn output_of(arguments: &[&str]) -> String {
    let output = explain(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

fn refusal_of(arguments: &[&str]) -> String {
    let output = explain(arguments).assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn why_a_trunk_failed_over() {
    let why = ["--why", "failover", "--which", "first-unnecessary"];
    insta::assert_snapshot!("why_failover", output_of(&why));
    let ascii = output_of(&[&why[..], &["--ascii"]].concat());
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("why_failover_ascii", ascii);
}

#[test]
fn why_a_registration_timed_out() {
    insta::assert_snapshot!("why_registration", output_of(&["--why", "registration_timeout"]));
}

#[test]
fn a_call_from_its_invite_to_its_end() {
    insta::assert_snapshot!("call", output_of(&["--call", "TRK_01/3"]));
}

#[test]
fn the_diagram_goes_into_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new").join("ladder.svg");
    output_of(&["--call", "TRK_01/3", "--svg", file.to_str().unwrap()]);
    let svg = std::fs::read_to_string(file).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("<title>Call TRK_01/3: an agent answers 0.2 s after the INVITE"), "{svg}");
}

#[test]
fn what_is_not_there_is_an_answer() {
    let none = output_of(&["--why", "failover", "--horizon", "30s"]);
    assert_eq!(none, "In this run no trunk failed over.\n");
    let none = output_of(&["--why", "drop", "--trunk", "TRK_01", "--horizon", "30s"]);
    assert_eq!(none, "In this run no call was dropped on TRK_01.\n");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let refusals = [
        &["--trunk", "TRK_1"][..],
        &["--trunk", "Perth_Airport"],
        &["--call", "TRK_01"],
        &["--call", "TRK_01/x"],
        &["--call", "TRK_01/999"],
        &["--call", "TRK_01/3.7"],
        &["--call", "TKR_01/3"],
        &["--why", "failover", "--which", "99"],
        &["--why", "failover", "--which", "second"],
        &["--why", "timeout", "--which", "first-unnecessary", "--set", "policy.no_progress=1s"],
        &["--trunk", "TRK_01", "--from", "2m", "--to", "1m"],
        &["--trunk", "TRK_01", "--from", "3h"],
        &[],
    ];
    let told: Vec<String> = refusals
        .iter()
        .map(|arguments| format!("$ explain {}\n{}", arguments.join(" "), refusal_of(arguments)))
        .collect();
    insta::assert_snapshot!("refusals", told.join("\n"));
}
