//! The commands as a user types them: results on standard output, errors with exit code 2,
//! byte-equal files on any number of threads, and sweeps that go on where they stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use trunksim::system::metrics::METRICS;

pub(crate) fn trunksim(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

pub(crate) fn output_of(arguments: &[&str]) -> String {
    output_and_code(arguments, 0)
}

/// What a command prints before it ends with `code`.
fn output_and_code(arguments: &[&str], code: i32) -> String {
    let output = trunksim(arguments).assert().code(code).get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

/// The files of a sweep that hold results: not the manifest (it holds the command line), the wall
/// times or the journal (whose lines stand in the order in which the runs ended).
pub(crate) fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named =
        entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()));
    let apart = ["manifest.json", "timing.json", "units.journal"];
    named.filter(|(name, _)| !apart.contains(&name.as_str())).collect()
}

fn sweep(folder: &Path, more: &[&str]) -> String {
    let mut arguments =
        vec!["sweep", "tests/studies/small.toml", "--out", folder.to_str().unwrap()];
    arguments.extend(more);
    output_of(&arguments)
}

#[test]
fn a_sweep_gives_the_same_bytes_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, again] = ["one", "two", "again"].map(|name| folder.path().join(name));
    sweep(&one, &["--jobs", "1"]);
    sweep(&two, &["--jobs", "2"]);
    sweep(&again, &["--jobs", "2"]);
    let expected = results(&one);
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    let tables = ["runs.csv", "runs.parquet", "summary.csv", "summary.parquet"];
    assert!(tables.iter().all(|table| names.contains(table)), "{names:?}");
    let others: Vec<&&str> = names.iter().filter(|name| !tables.contains(name)).collect();
    assert_eq!(others, [&"map.png", &"map.svg", &"sla.png", &"sla.svg", &"sweep.json"]);
    assert!(expected == results(&two), "one thread and two");
    assert!(expected == results(&again), "the same command twice");
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, cut] = ["whole", "cut"].map(|name| folder.path().join(name));
    sweep(&whole, &[]);
    // As if it had been killed in the middle of its eighth unit.
    let journal = fs::read_to_string(whole.join("units.journal")).unwrap();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 18, "a line per unit");
    fs::create_dir(&cut).unwrap();
    fs::write(cut.join("units.journal"), format!("{}{}", lines[..7].concat(), &lines[7][..200]))
        .unwrap();
    sweep(&cut, &[]);
    assert!(results(&whole) == results(&cut), "the results are those of one go");
    let timing: serde_json::Value =
        serde_json::from_slice(&fs::read(cut.join("timing.json")).unwrap()).unwrap();
    assert_eq!(timing["runs_taken_over"], 7);
}

#[test]
fn more_replications_leave_the_earlier_ones_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let row = |line: &&str| line.split(',').nth(1) != Some("3");
    sweep(folder.path(), &[]);
    let before = fs::read_to_string(folder.path().join("runs.csv")).unwrap();
    sweep(folder.path(), &["--replications", "4"]);
    let after = fs::read_to_string(folder.path().join("runs.csv")).unwrap();
    let kept: Vec<&str> = after.lines().filter(row).collect();
    assert_eq!(kept, before.lines().collect::<Vec<_>>());
    let timing: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("timing.json")).unwrap()).unwrap();
    assert_eq!((&timing["runs"], &timing["runs_taken_over"]), (&24.into(), &18.into()));
}

#[test]
fn a_sweep_prints_best_and_worst_with_intervals_and_the_files_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep(folder.path(), &[]);
    for expected in ["BEST 2", "WORST 2", " ± ", "runs.csv", "summary.csv", "sla.svg", "manifest"]
    {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["seed"], 1);
    assert_eq!(manifest["points"].as_array().unwrap().len(), 6);
    assert_eq!(manifest["model"]["horizon"], "12m");
    assert_eq!(manifest["files"].as_array().unwrap().len(), 2);
}

#[test]
fn the_interval_of_the_summary_is_that_of_the_runs() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path(), &[]);
    let read = |name: &str| {
        let mut reader = csv::Reader::from_path(folder.path().join(name)).unwrap();
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let column = move |row: &csv::StringRecord, column: &str| -> f64 {
            let at = header.iter().position(|h| h == column).unwrap();
            row[at].parse().unwrap()
        };
        (rows, column)
    };
    let (runs, run) = read("runs.csv");
    let (points, point) = read("summary.csv");
    assert_eq!((runs.len(), points.len()), (18, 6));
    for (index, row) in points.iter().enumerate() {
        let values: Vec<f64> =
            runs[index * 3..][..3].iter().map(|r| run(r, "service_level")).collect();
        let mean = values.iter().sum::<f64>() / 3.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        // t(0.975, 2 degrees of freedom) = 4.302653, as tables print it.
        let half = 4.302_653 * sd / 3.0_f64.sqrt();
        assert!((point(row, "service_level_mean") - mean).abs() < 1e-12);
        assert!((point(row, "service_level_high") - mean - half).abs() < 1e-6);
        assert!((mean - point(row, "service_level_low") - half).abs() < 1e-6);
    }
}

#[test]
fn run_prints_one_object_with_every_metric() {
    let arguments = ["run", "models/minimal.toml", "--horizon", "20m", "--format", "json"];
    let text = output_of(&arguments);
    assert_eq!(text, output_of(&arguments), "the same command twice");
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    for metric in METRICS {
        assert!(object.get(metric.name).is_some(), "{}", metric.name);
    }
    assert_eq!(object["trunks"][0]["trunk"], "TRK_01");
    assert!(object["series"]["calls_offered"].as_array().unwrap().len() == 20);
    let other = output_of(&[&arguments[..], &["--seed", "2"]].concat());
    assert_ne!(text, other, "another seed gives another run");
}

#[test]
fn run_writes_tables_and_series() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    output_of(&["run", "models/minimal.toml", "--horizon", "10m", "--out", out]);
    for name in ["metrics.csv", "trunks.csv", "carriers.csv", "series.csv", "run.json"] {
        assert!(!fs::read(folder.path().join(name)).unwrap().is_empty(), "{name}");
    }
}

#[test]
fn the_table_says_what_the_operators_see() {
    let text = output_of(&["run", "models/apac.toml"]);
    for expected in ["429 Too Many Requests", "registration timeouts", "TRK_APAC_", "telstra"] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
    for line in text.lines().filter(|l| !l.starts_with("apac:") && !l.contains("simulated")) {
        assert!(line.chars().count() <= 80, "over 80 columns: {line}");
    }
}

#[test]
fn bad_input_and_usage_exit_with_2_and_a_reason() {
    for (arguments, reason) in [
        (vec!["run", "models/minimal.toml", "--set", "client.retry.atempts=3"], "attempts"),
        (vec!["run", "models/absent.toml"], "absent.toml"),
        (vec!["run", "models/minimal.toml", "--warmup", "2h"], "warmup"),
        (vec!["run", "models/minimal.toml", "--horizon", "soon"], "soon"),
        (vec!["sweep", "tests/studies/small.toml", "--jobs", "0"], "--jobs"),
        (vec!["walk"], "walk"),
    ] {
        let assert = trunksim(&arguments).assert().code(2);
        let output = assert.get_output();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(reason), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty(), "{arguments:?} prints no result");
    }
}

#[test]
fn a_run_past_its_budget_stops_with_1_and_says_where() {
    let arguments = ["run", "models/apac.toml", "--set", "budget.events_max=1000"];
    let assert = trunksim(&arguments).assert().code(1);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(text.contains("after 1000 events") && text.contains("budget.events_max"), "{text}");
}

#[test]
fn check_lists_what_would_run() {
    let text = output_of(&["check", "models/apac.toml", "tests/studies/small.toml"]);
    assert!(text.contains("15 trunks"), "{text}");
    assert!(text.contains("6 settings x 3 replications = 18 runs of 12m"), "{text}");
    let schema = output_of(&["schema", "study"]);
    assert!(serde_json::from_str::<serde_json::Value>(&schema).unwrap().is_object());
}

#[test]
fn a_dry_run_lists_the_points_and_runs_none() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("none");
    let arguments = ["sweep", "tests/good/sampled.toml", "--dry-run", "--out"];
    let text = output_of(&[arguments.as_slice(), &[out.to_str().unwrap()]].concat());
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(text.starts_with("0: deadline = "), "{text}");
    assert!(text.contains("8 settings x 3 replications of 12m = 24 runs, seed "), "{text}");
    assert!(!out.exists());
}

/// A limit of no calls offered is missed everywhere, and so are both thresholds together.
#[test]
fn a_sweep_says_which_thresholds_are_met() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // Missed everywhere: that has an exit code of its own.
    let text = output_and_code(&["sweep", "tests/good/sampled.toml", "--out", out], 3);
    let line = |head: &str| text.lines().find(|l| l.starts_with(head)).unwrap().to_owned();
    let all = "met at 0, undecided at 0, missed at 8";
    assert_eq!(line("calls_offered at most"), format!("calls_offered at most 0: {all}"));
    assert_eq!(line("all thresholds"), format!("all thresholds: {all}"));
    assert!(line("service_level at least").starts_with("service_level at least 0.8: met at "));
    let table = fs::read_to_string(folder.path().join("summary.csv")).unwrap();
    let mut rows = table.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let column = rows.next().unwrap().iter().position(|name| *name == "sla").unwrap();
    assert!(rows.all(|row| row[column] == "missed"), "{table}");
}

/// Three settings of two lists, not nine; a plot along either of them holds every point.
#[test]
fn lists_in_lockstep_go_together_in_tables_and_plots() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    output_of(&["sweep", "tests/good/lockstep.toml", "--out", out]);
    let table = fs::read_to_string(folder.path().join("summary.csv")).unwrap();
    let settings: Vec<String> = table
        .lines()
        .skip(1)
        .map(|row| row.split(',').skip(1).take(3).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = ["0.1 1 6", "0.1 4 6", "0.2 1 12", "0.2 4 12", "0.3 1 12", "0.3 4 12"];
    assert_eq!(settings, expected);
    let cells = |file: &str, columns: [&str; 3]| {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        let about = text.lines().find(|l| l.starts_with("<desc>")).unwrap().to_owned();
        let (_, cells) = about.split_once(". 1: ").unwrap();
        columns.iter().zip(cells.split(", ")).for_each(|(column, cell)| {
            assert!(cell.starts_with(&format!("{column}: ")), "{about}");
        });
        let counts = cells.split(", ").map(|cell| cell.rsplit_once(": ").unwrap().1.to_owned());
        counts.collect::<Vec<_>>()
    };
    let leading = cells("leading.svg", ["0.1", "0.2", "0.3"]);
    assert_eq!(leading, cells("following.svg", ["6", "12", "12"]));
}

/// What a command says on standard error.
fn said_by(arguments: &[&str]) -> String {
    String::from_utf8(trunksim(arguments).assert().success().get_output().stderr.clone()).unwrap()
}

#[test]
fn results_of_another_seed_or_study_are_not_replaced_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let sweep = |study: &str, more: &[&str]| {
        said_by(&[&["sweep", study, "--out", out, "--replications", "2"], more].concat())
    };
    let small = "tests/studies/small.toml";
    assert!(!sweep(small, &[]).contains("replaced"));
    assert!(!sweep(small, &[]).contains("replaced"), "the same again");
    assert!(sweep(small, &["--seed", "7"]).contains("holds results of seed 1: they are replaced"));
    let longer = sweep(small, &["--seed", "7", "--horizon", "13m"]);
    assert!(longer.contains("holds results of other settings: they are replaced"), "{longer}");
    let other = sweep("tests/studies/screened.toml", &[]);
    assert!(other.contains("holds results of the study `small`: they are replaced"), "{other}");
    assert_eq!(said_by(&["sweep", small, "--out", out, "--replications", "2", "--quiet"]), "");
}

/// Ctrl-C: what to do is said, and the same command goes on.
#[cfg(unix)]
#[test]
fn an_interrupted_sweep_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let arguments = ["sweep", "experiments/backoff.toml", "--out", out.to_str().unwrap()];
    let mut program = std::process::Command::new(assert_cmd::cargo::cargo_bin!("trunksim"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    let said = fs::File::create(folder.path().join("said")).unwrap();
    let mut child = program.stdout(std::process::Stdio::null()).stderr(said).spawn().unwrap();
    // The first finished runs are on disk.
    let journal = out.join("units.journal");
    while fs::metadata(&journal).map_or(0, |file| file.len()) == 0 {
        std::thread::yield_now();
    }
    // The shell has its own `kill`; a program of that name need not be there.
    let interrupt = format!("kill -INT {}", child.id());
    let interrupted = std::process::Command::new("sh").args(["-c", &interrupt]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    assert!(said.contains("interrupted: the finished runs are kept in"), "{said}");
    assert!(said.contains("the same command goes on from there"), "{said}");
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = output_of(&["man", folder.path().to_str().unwrap()]);
    let manual = fs::read_to_string(folder.path().join("trunksim.1")).unwrap();
    assert!(manual.contains("Exit codes:"), "{manual}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = output_of(&["completions", shell]);
        for command in ["run", "sweep", "compare", "tune", "sensitivity", "explain", "warmup"] {
            assert!(script.contains(command), "{shell}: {command}");
            assert!(pages.contains(&format!("trunksim-{command}.1")), "{pages}");
        }
    }
    let page = fs::read_to_string(folder.path().join("trunksim-explain.1")).unwrap();
    assert!(page.contains("registration_timeout"), "{page}");
}

/// `--format json` prints what the JSON file of the results holds; `-` is standard input.
#[test]
fn results_are_printed_as_json_and_models_read_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for (command, study) in [
        ("sweep", "tests/studies/small.toml"),
        ("compare", "tests/studies/small.toml"),
        ("tune", "tests/studies/tune.toml"),
        ("sensitivity", "tests/studies/screened.toml"),
    ] {
        let printed = output_of(&[command, study, "--out", out, "--format", "json"]);
        let file = fs::read_to_string(folder.path().join(format!("{command}.json"))).unwrap();
        assert_eq!(printed, file, "{command}");
    }
    let warmup =
        ["warmup", "models/minimal.toml", "--horizon", "20m", "--out", out, "--format", "json"];
    let printed = output_of(&warmup);
    assert_eq!(printed, fs::read_to_string(folder.path().join("warmup.json")).unwrap());
    let model = fs::read_to_string("models/minimal.toml").unwrap();
    let from = |name: &str, text: String| {
        let ran = trunksim(&["run", name, "--horizon", "10m"]).write_stdin(text).assert();
        String::from_utf8(ran.success().get_output().stdout.clone()).unwrap()
    };
    assert_eq!(from("-", model.clone()), from("models/minimal.toml", String::new()));
    let wrong = model.replace("horizon =", "horzon =");
    let refused = trunksim(&["check", "-"]).write_stdin(wrong).assert().code(2);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("[-:"), "{said}");
}
