//! What a file, a folder or a terminal can do to the program: each is refused with its place, or
//! does no harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use trunksim::engine::time::SimDuration;
use trunksim::input;
use trunksim::system::metrics::METRICS;
use trunksim::system::{RunError, simulate};

use crate::command_line::{results, trunksim};

/// The minimal model with more in front of its own text.
fn model(folder: &Path, text: &str) -> PathBuf {
    let minimal = std::env::current_dir().unwrap().join("models/minimal.toml");
    let path = folder.join("model.toml");
    let include =
        if text.contains("include =") { String::new() } else { format!("include = [{minimal:?}]") };
    fs::write(&path, format!("name = \"hostile\"\n{include}\n{text}\n")).unwrap();
    path
}

fn refusal(path: &Path) -> String {
    let error = input::model(path, &[]).expect_err("it is refused");
    error.lines().collect::<Vec<_>>().join("\n")
}

/// A study over the minimal model, with a trace of that name and contents.
fn study(folder: &Path, trace: &str, contents: &str) -> PathBuf {
    model(folder, "horizon = \"2m\"\nwarmup = \"0s\"");
    fs::write(folder.join(trace), contents).unwrap();
    let path = folder.join("study.toml");
    let text = format!(
        "name = \"study\"\nquestion = \"?\"\nmodel = \"model.toml\"\nreplications = 4\n\
         set = {{ trunks.TRK_01.arrivals = {{ kind = \"trace\", file = \"{trace}\" }} }}\n\
         [[factors]]\nname = \"tries\"\nkey = \"client.retry.attempts\"\nvalues = [1, 2]\n"
    );
    fs::write(&path, text).unwrap();
    path
}

/// Sweeps the study; what is said on standard error.
fn sweep(study: &Path, out: &Path) -> String {
    let arguments = ["sweep", study.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = trunksim(&arguments).assert().success().get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

const CALLS: &str = "time_s\n1\n20\n50\n";

/// A trace is part of a unit's key, whatever it is called.
#[test]
fn results_of_another_trace_are_not_taken_over() {
    for name in ["calls.csv", "calls.toml", "calls"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let path = study(folder.path(), name, CALLS);
        assert!(sweep(&path, &out).contains("(0 taken over"), "{name}");
        assert!(sweep(&path, &out).contains("(8 taken over"), "{name}");
        fs::write(folder.path().join(name), "time_s\n1\n20\n51\n").unwrap();
        assert!(sweep(&path, &out).contains("(0 taken over"), "{name}");
    }
}

/// So is the file of what an API answered.
#[test]
fn results_of_other_outcomes_are_not_taken_over() {
    for name in ["outcomes.csv", "outcomes.toml", "outcomes"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let path = study(folder.path(), "calls.csv", CALLS);
        fs::write(folder.path().join(name), "time_s,status\n1,200\n20,500\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let set = format!("set = {{ api.outcomes = {{ file = \"{name}\" }}, ");
        fs::write(&path, text.replace("set = { ", &set)).unwrap();
        assert!(sweep(&path, &out).contains("(0 taken over"), "{name}");
        assert!(sweep(&path, &out).contains("(8 taken over"), "{name}");
        fs::write(folder.path().join(name), "time_s,status\n1,200\n20,503\n").unwrap();
        assert!(sweep(&path, &out).contains("(0 taken over"), "{name}");
    }
}

/// A damaged line of the journal costs its unit and no other, and is told: also where it is no text
/// any more.
#[test]
fn a_damaged_line_of_the_journal_costs_that_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let path = study(folder.path(), "calls.csv", CALLS);
    sweep(&path, &out);
    let before = results(&out);
    let journal = out.join("units.journal");
    for (byte, to) in [(20, 0xff), (200, b'z'), (0, 0)] {
        let mut bytes = fs::read(&journal).unwrap();
        let third: usize = bytes.split_inclusive(|b| *b == b'\n').take(3).map(<[u8]>::len).sum();
        bytes[third + byte] = to;
        fs::write(&journal, bytes).unwrap();
        let said = sweep(&path, &out);
        assert!(said.contains("a line of") && said.contains("cannot be read"), "{said}");
        assert!(said.contains("(7 taken over"), "{said}");
        assert!(before == results(&out), "the same results");
        let bytes = fs::read(&journal).unwrap();
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        lines.remove(3);
        fs::write(&journal, lines.concat()).unwrap();
    }
}

/// Standard error is closed: the results are there nevertheless.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_stops_nothing() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let program = assert_cmd::cargo::cargo_bin!("trunksim");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stderr(full());
        command.stdout(Stdio::null()).status().unwrap().code()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = study(folder.path(), "calls.csv", CALLS);
    let [path, out] = [path, folder.path().join("out")];
    let [path, out] = [path.to_str().unwrap(), out.to_str().unwrap()];
    assert_eq!(run(&["run", "models/minimal.toml", "--horizon", "10m"]), Some(0));
    assert_eq!(run(&["sweep", path, "--out", out]), Some(0));
    assert_eq!(run(&["run", "tests/bad/rate_zero.toml"]), Some(2));
    assert_eq!(run(&["check", "tests/bad/rate_zero.toml", "tests/bad/horizon_zero.toml"]), Some(2));
}

/// More threads than the machine has cores are no more than these.
#[test]
fn as_many_jobs_as_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = study(folder.path(), "calls.csv", CALLS);
    let out = folder.path().join("out");
    let arguments =
        ["sweep", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--jobs", "65535"];
    trunksim(&arguments).assert().success();
    let timing = fs::read(out.join("timing.json")).unwrap();
    let timing: serde_json::Value = serde_json::from_slice(&timing).unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(timing["threads"], cores);
}

/// Only regular files are read, by their ending only models are included, and what does not hold
/// what it should is shown nowhere.
#[test]
fn foreign_files_are_neither_read_without_end_nor_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("secret"), "root:x:0:0\ntoken,hunter2\n").unwrap();
    fs::create_dir(at("folder.toml")).unwrap();
    let mut named = vec!["secret", "folder.toml"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("secret"), at("link.toml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("endless.toml")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe.toml")).status();
        assert!(made.unwrap().success());
        named.extend(["link.toml", "endless.toml", "/dev/zero", "pipe.toml"]);
    }
    for name in named {
        let said = refusal(&model(folder.path(), &format!("include = [\"{name}\"]")));
        assert!(said.contains("model.toml:3:"), "{name}: {said}");
        let study = at("study.toml");
        fs::write(&study, format!("name = \"s\"\nquestion = \"?\"\nmodel = \"{name}\"\n")).unwrap();
        let error = input::study(&study, &[], None, None).unwrap_err();
        let report = format!("{:?}", miette::Report::new(error));
        assert!(!said.contains("hunter2") && !report.contains("hunter2"), "{name}: {report}");
        assert!(!said.contains("root:x") && !report.contains("root:x"), "{name}: {report}");
    }
    let mut traces = vec!["secret", "folder.toml"];
    if cfg!(unix) {
        traces.push("/dev/zero");
    }
    for name in traces {
        let set = |key: &str, value: &str| {
            let path = model(folder.path(), "");
            let error = input::model(&path, &[format!("{key}={value}")]).unwrap_err();
            format!("{:?}", miette::Report::new(error))
        };
        let trace = format!("{{ kind = \"trace\", file = \"{name}\" }}");
        let reports = [
            set("trunks.TRK_01.arrivals", &trace),
            set("api.outcomes", &format!("{{ file = \"{name}\" }}")),
        ];
        for report in reports {
            assert!(!report.contains("hunter2") && !report.contains("root:x"), "{name}: {report}");
            let told = report.contains("not a regular file");
            assert_eq!(told, name != "secret", "{name}: {report}");
        }
    }
}

/// Files that include each other's includes are read once each: fifteen storeys of four rooms, each
/// of which includes the four below, are a milliard of ways to the bottom.
#[test]
fn a_file_that_many_include_is_read_once() {
    const STOREYS: usize = 13;
    const ROOMS: usize = 4;
    let folder = tempfile::tempdir().unwrap();
    let minimal = std::env::current_dir().unwrap().join("models/minimal.toml");
    for storey in 0..STOREYS {
        for room in 0..ROOMS {
            let below = |below: usize| format!("s{}r{below}.toml", storey - 1);
            let include: Vec<String> = match storey {
                0 => vec![minimal.display().to_string()],
                _ => (0..ROOMS).map(below).collect(),
            };
            let own = if (storey, room) == (3, 2) { "seed = 7\n" } else { "" };
            let text = format!("include = {include:?}\n{own}description = \"s{storey}r{room}\"\n");
            fs::write(folder.path().join(format!("s{storey}r{room}.toml")), text).unwrap();
        }
    }
    let top = format!("include = [\"s{0}r0.toml\", \"s{0}r3.toml\"]", STOREYS - 1);
    let loaded = input::model(&model(folder.path(), &top), &[]).unwrap();
    assert_eq!((loaded.model.seed, loaded.model.description.as_str()), (7, "s12r3"));
    assert_eq!(loaded.files.len(), 2 + ROOMS * (STOREYS - 1) + 2);
    // A wrong value is shown in the file whose it is.
    let room = folder.path().join("s3r2.toml");
    let text = fs::read_to_string(&room).unwrap().replace("seed = 7", "seed = -7");
    fs::write(&room, text).unwrap();
    let said = refusal(&model(folder.path(), &top));
    assert!(said.contains("s3r2.toml:2:"), "{said}");
}

/// The depth of includes is limited: thousands of files that include each other are refused.
#[test]
fn a_row_of_includes_ends() {
    let folder = tempfile::tempdir().unwrap();
    let minimal = std::env::current_dir().unwrap().join("models/minimal.toml");
    for n in 0..1000 {
        let text = format!("include = [\"i{}.toml\"]\n", n + 1);
        fs::write(folder.path().join(format!("i{n}.toml")), text).unwrap();
    }
    fs::write(folder.path().join("i1000.toml"), format!("include = [{minimal:?}]\n")).unwrap();
    let said = refusal(&folder.path().join("i0.toml"));
    assert!(said.contains("i15.toml:1:12: includes go deeper than 16 files"), "{said}");
    let loaded = input::model(&folder.path().join("i990.toml"), &[]).unwrap();
    assert_eq!(loaded.files.len(), 12);
}

/// No name, label or no such key takes hold of the terminal that shows it.
#[test]
fn control_characters_are_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        "description = \"\\u001b[2Jgone\"",
        "description = \"a\\u0000b\"",
        "description = \"abc\\u202ecba\"",
        "\"\\u001b[2J\" = 1",
        "[client.\"\\u0007\"]",
    ];
    for text in texts {
        let path = model(folder.path(), text);
        let error = input::model(&path, &[]).expect_err(text);
        let shown = format!("{}\n{}", error.lines().collect::<String>(), {
            let mut shown = String::new();
            let theme = miette::GraphicalTheme::unicode_nocolor();
            let handler = miette::GraphicalReportHandler::new_themed(theme).with_links(false);
            handler.render_report(&mut shown, &error).unwrap();
            shown
        });
        let controls =
            |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!shown.contains(controls), "{text}: {shown:?}");
    }
    let study = folder.path().join("study.toml");
    let text = "name = \"s\"\nquestion = \"?\"\nmodel = \"model.toml\"\n[[factors]]\nname = \"f\"\n\
                levels = [{ label = \"\\u001b[31m\", set = { seed = 1 } }]\n";
    model(folder.path(), "");
    fs::write(&study, text).unwrap();
    let error = input::study(&study, &[], None, None).unwrap_err();
    let said = error.lines().collect::<String>();
    assert!(said.contains("study.toml:6:") && said.contains("U+001B"), "{said}");
}

/// The right command is named.
#[test]
fn a_study_is_not_run_and_a_model_not_swept() {
    for (arguments, help) in [
        (["run", "experiments/backoff.toml"], "trunksim sweep experiments/backoff.toml"),
        (["warmup", "tests/studies/small.toml"], "trunksim sweep tests/studies/small.toml"),
        (["sweep", "models/apac.toml"], "trunksim run models/apac.toml"),
        (["tune", "models/minimal.toml"], "trunksim run models/minimal.toml"),
    ] {
        let output = trunksim(&arguments).assert().code(2).get_output().stderr.clone();
        let said = String::from_utf8(output).unwrap();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(help), "{arguments:?}: {said}");
    }
}

/// Sources that turn often and bring nothing are stopped by the budget of events.
#[test]
fn what_a_source_does_counts_against_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let sources = [
        "{ kind = \"mmpp\", burst_rate_per_s = 1e-9, quiet_rate_per_s = 0.0, burst_mean = \"1ns\", \
         quiet_mean = \"1ns\" }",
        "{ kind = \"profile\", period = \"2ns\", steps = [{ at = \"0s\", rate_per_s = 1e-9 }, \
         { at = \"1ns\", rate_per_s = 0.0 }] }",
    ];
    for source in sources {
        for key in ["trunks.TRK_01.arrivals", "tenants.0.arrivals"] {
            let tenant = "[[tenants]]\nid = \"t\"\ntoken = \"t\"\nendpoint = \"e\"\n\
                          arrivals = { kind = \"poisson\", rate_per_s = 0.1 }";
            let text = format!("budget = {{ events_max = 5000 }}\n{tenant}");
            let path = model(folder.path(), &text);
            let loaded = input::model(&path, &[format!("{key}={source}")]).unwrap();
            let ended = simulate(&loaded.config, 1, 0);
            assert!(matches!(ended, Err(RunError::Events { .. })), "{key}: {ended:?}");
        }
    }
}

/// What a source does between arrivals is no arrival.
#[test]
fn a_turn_of_a_source_is_no_arrival() {
    // A client that asks twice is refused.
    const LIMIT: &str = "api.limits.0.limiter.limit=1";
    let folder = tempfile::tempdir().unwrap();
    let tenant = "[[tenants]]\nid = \"t\"\ntoken = \"t\"\nendpoint = \"e\"\n\
                  arrivals = { kind = \"poisson\", rate_per_s = 0.1 }\n";
    let source = "{ kind = \"mmpp\", burst_rate_per_s = 1e-9, quiet_rate_per_s = 0.0, \
                  burst_mean = \"1ns\", quiet_mean = \"1ns\" }";
    let path = model(folder.path(), tenant);
    let mut set = ["horizon=5ms", "warmup=0s", "series_bin=5ms", LIMIT].map(str::to_owned).to_vec();
    set.extend(["trunks.TRK_01", "tenants.0"].map(|key| format!("{key}.arrivals={source}")));
    let loaded = input::model(&path, &set).unwrap_or_else(|error| panic!("{error}"));
    let result = simulate(&loaded.config, 1, 0).unwrap();
    assert!(result.engine.events > 1000, "{}", result.engine.events);
    for metric in ["calls_offered", "api_429s_others"] {
        let index = METRICS.iter().position(|m| m.name == metric).unwrap();
        assert!(result.metrics[index] < 0.5, "{metric}: {}", result.metrics[index]);
    }
}

/// The dotted keys below `value` that hold a length of time; of a list, its first element.
fn lengths(path: &str, value: &serde_json::Value, found: &mut Vec<String>) {
    let at = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    match value {
        serde_json::Value::Object(table) => {
            table.iter().for_each(|(key, inner)| lengths(&at(key), inner, found));
        }
        serde_json::Value::Array(list) => {
            list.first().into_iter().for_each(|inner| lengths(&at("0"), inner, found));
        }
        serde_json::Value::String(text) if text.parse::<SimDuration>().is_ok() => {
            found.push(path.to_owned());
        }
        _ => {}
    }
}

/// A length of time may be the greatest or the least that can be written, wherever it stands: the
/// model is refused, or the run ends, or says what stopped it. No law is broken and nothing
/// overflows.
#[test]
fn the_greatest_and_least_lengths_of_time() {
    let apac = Path::new("models/apac.toml");
    let set = |key: &str, value: &str| {
        let own = ["horizon=1m", "warmup=0s", "series_bin=10s", "budget.events_max=100000"];
        let mut settings: Vec<String> = own.iter().map(|s| (*s).to_owned()).collect();
        settings.push(format!("{key}={value}"));
        input::model(apac, &settings)
    };
    let mut keys = Vec::new();
    let model = serde_json::to_value(&set("seed", "1").unwrap().model).unwrap();
    lengths("", &model, &mut keys);
    assert!(keys.len() > 60, "{keys:?}");
    let (mut ended, mut stopped) = (0, 0);
    for key in keys.iter().filter(|key| *key != "horizon") {
        for value in ["876000h", "1ns", "0s"] {
            let Ok(loaded) = set(key, value) else { continue };
            match simulate(&loaded.config, 1, 0) {
                Ok(_) => ended += 1,
                Err(
                    RunError::Events { .. }
                    | RunError::Pending { .. }
                    | RunError::Unfinished { .. },
                ) => stopped += 1,
                Err(broken) => panic!("{key} = {value}: {broken}"),
            }
        }
    }
    assert!(ended > 60 && stopped > 5, "{ended} ended, {stopped} stopped");
}
