//! Whole random systems through the program's commands: each ends with an exit code that its help
//! names, and nothing that it says is a bug of the simulator.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use trunksim::system::spec::Model;

use super::author::{Author, TRACE};
use super::fuzz;
use super::grammar::pick;
use super::systems::traces;

const CASES: u64 = 4;
/// Longest time that a command may take, machines under load included: it is there to find one that
/// goes on for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run that stops at its budget, or cannot end, says.
const STOPPED: [&str; 2] = ["the budget is used up", "days after the horizon"];

#[expect(clippy::disallowed_methods, reason = "another process runs, not simulated time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// Runs the program in a folder; whether the input is accepted. With code 1 it says which limit of
/// the model stopped a run.
fn command(folder: &Path, arguments: &[&str]) -> bool {
    let said = folder.join("said");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunksim"));
    command.current_dir(folder).args(arguments).stdout(Stdio::null());
    let mut child = command.stderr(fs::File::create(&said).unwrap()).spawn().unwrap();
    let begun = super::wall_clock();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{arguments:?} goes on for ever");
        }
        pause();
    };
    let said = fs::read_to_string(said).unwrap();
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    match status.code() {
        Some(0 | 3) => true,
        Some(1) if STOPPED.iter().any(|why| said.contains(why)) => true,
        Some(2) if said.contains("[model.toml:") => false,
        code => panic!("{arguments:?} gave {code:?}: {said}"),
    }
}

/// Whether the model is accepted: the trace that it names may lie past its horizon.
fn try_out(folder: &Path, model: &str) -> bool {
    fs::write(folder.join("model.toml"), model).unwrap();
    let trace: String = (1..60).map(|n| format!("{}\n", 3.7 * f64::from(n))).collect();
    fs::write(folder.join(TRACE), format!("time_s\n{trace}")).unwrap();
    let study = "name = \"study\"\nquestion = \"?\"\nmodel = \"model.toml\"\nreplications = 2\n\
                 [[factors]]\nname = \"seed\"\nkey = \"seed\"\nvalues = [1, 2]\n";
    fs::write(folder.join("study.toml"), study).unwrap();
    if !command(folder, &["check", "model.toml", "study.toml"]) {
        return false;
    }
    let mut commands = vec![
        vec!["run", "model.toml", "--out", "run", "--timeline", "run"],
        vec!["sweep", "study.toml", "--out", "study"],
        vec!["compare", "study.toml", "--out", "study"],
        vec!["report", "study"],
        vec!["warmup", "model.toml", "--replications", "2", "--out", "warmup"],
    ];
    for why in ["failover", "drop", "timeout", "registration_timeout"] {
        commands.push(vec!["explain", "model.toml", "--why", why]);
    }
    commands.iter().all(|arguments| command(folder, arguments))
}

#[test]
fn commands() {
    let root = schemars::schema_for!(Model).to_value();
    let mut accepted = 0;
    let cases = fuzz("commands", CASES, |draw| {
        let of = *pick(draw, &[0, 3, 10, 30]);
        let Ok(mut written) = Author::new(&root, draw).hostile(of).model(&traces()) else { return };
        // The trace is one of arrivals.
        if let Some(api) = written.json.get_mut("api").and_then(|api| api.as_object_mut()) {
            api.remove("outcomes");
        }
        let folder = tempfile::tempdir().unwrap();
        let text = toml::to_string(&written.json).expect("a model can be written");
        let tried = std::panic::catch_unwind(|| try_out(folder.path(), &text));
        accepted += u64::from(tried.unwrap_or_else(|panic| {
            eprintln!("the model:\n{text}");
            std::panic::resume_unwind(panic)
        }));
    });
    println!("of {cases} models {accepted} went through every command");
    assert!(accepted * 2 >= cases, "of {cases} models only {accepted} are accepted");
}
