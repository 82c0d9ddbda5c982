//! `trunksim tune`: the same answer on any number of threads and when it goes on where it stopped,
//! a recommendation to paste, and the answer without a recommendation. That it finds what
//! brute force finds is shown in `tuning_claim`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use trunksim::experiment::record::{InMemory, Sample};
use trunksim::experiment::runner::{self, Unit};
use trunksim::experiment::tune::{FRESH, tune};
use trunksim::input;
use trunksim::output::table::Parts;
use trunksim::output::tuning;
use trunksim::system::metrics::index_of;
use trunksim::system::simulate;

const SMALL: &str = "tests/studies/tune.toml";

/// The small study with some of its text replaced, in a folder of its own.
fn variant(changes: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minimal.toml");
    let mut text = fs::read_to_string(SMALL).unwrap();
    let model = ("../../models/minimal.toml", models.to_str().unwrap());
    for (from, to) in std::iter::once(&model).chain(changes) {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let path = folder.path().join("study.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn command(study: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("tune").arg(study).arg("--out").arg(out).args(more);
    command
}

fn json(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("tune.json")).unwrap()).unwrap()
}

/// What `timing.json` says: runs, and those taken over.
fn runs(folder: &Path) -> (u64, u64) {
    let timing: Value =
        serde_json::from_slice(&fs::read(folder.join("timing.json")).unwrap()).unwrap();
    (timing["runs"].as_u64().unwrap(), timing["runs_taken_over"].as_u64().unwrap())
}

fn results(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let names = ["tune.json", "tune.csv", "front.csv", "runs.csv", "recommended.toml"];
    names.map(|name| (name, fs::read(folder.join(name)).unwrap())).into()
}

/// Files by name, in process.
fn tuned(study: &Path) -> BTreeMap<String, String> {
    let loaded = input::study(study, &[], None, None).unwrap_or_else(|e| panic!("{e}"));
    let plan = &loaded.plan;
    let mut source = InMemory::new(|units: &[Unit]| runner::outcomes(plan, units));
    let (units, result) = tune(plan, plan.study.tune.as_ref().unwrap(), &mut source).unwrap();
    let tables = tuning::tables(plan, Sample::new(&units, &source), &result);
    // None of them is longer than a part.
    let csv = |parts: Parts<'_>| parts.map(|part| part.csv()).collect::<Vec<_>>().concat();
    let tables = tables.into_iter().map(|(name, parts)| (format!("{name}.csv"), csv(parts)));
    let files = tables.chain(tuning::files(&result));
    files.map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn a_tuning_gives_what_it_gave_before() {
    let files = tuned(Path::new(SMALL));
    let result: Value = serde_json::from_str(&files["tune.json"]).unwrap();
    let answer: Vec<&str> =
        result["answer"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let shown = [
        answer.join("\n"),
        files["recommended.toml"].clone(),
        files["tune.csv"].clone(),
        files["front.csv"].clone(),
    ];
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("tune-small", shown.join("\n"));
    });
}

#[test]
fn a_tuning_gives_the_same_bytes_on_any_threads_and_when_it_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, cut] = ["one", "two", "cut"].map(|name| folder.path().join(name));
    command(Path::new(SMALL), &one, &["--jobs", "1"]).assert().success();
    command(Path::new(SMALL), &two, &["--jobs", "2"]).assert().success();
    assert!(results(&one) == results(&two), "one thread and two");
    let front = fs::read_to_string(one.join("front.svg")).unwrap();
    let title = front.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
    assert!(title.contains("Pareto front"), "{title}");
    // As if it had been killed in the middle of a unit, halfway.
    let journal = fs::read_to_string(one.join("units.journal")).unwrap();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let half = lines.len() / 2;
    fs::create_dir(&cut).unwrap();
    fs::write(
        cut.join("units.journal"),
        format!("{}{}", lines[..half].concat(), &lines[half][..99]),
    )
    .unwrap();
    command(Path::new(SMALL), &cut, &[]).assert().success();
    assert!(results(&one) == results(&cut), "the results are those of one go");
    assert_eq!(runs(&cut), (lines.len() as u64, half as u64));
}

#[test]
fn more_replications_are_run_on_top_of_the_earlier_ones() {
    let folder = tempfile::tempdir().unwrap();
    command(Path::new(SMALL), folder.path(), &[]).assert().success();
    let (before, taken_over) = runs(folder.path());
    assert_eq!(taken_over, 0);
    let rows = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let earlier = rows(fs::read_to_string(folder.path().join("runs.csv")).unwrap());
    command(Path::new(SMALL), folder.path(), &["--replications", "6"]).assert().success();
    let (after, taken_over) = runs(folder.path());
    let later = rows(fs::read_to_string(folder.path().join("runs.csv")).unwrap());
    let shared = earlier[1..].iter().filter(|row| later.contains(row)).count() as u64;
    assert!(taken_over == shared && shared >= 12 * 4, "{taken_over} {shared} of {before}");
    assert!(after > taken_over);
}

/// A model that includes the fragment after the model tuned is the point recommended: it gives the
/// runs that the tuning had.
#[test]
fn the_recommendation_can_be_pasted() {
    let files = tuned(Path::new(SMALL));
    let result: Value = serde_json::from_str(&files["tune.json"]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minimal.toml");
    fs::write(folder.path().join("recommended.toml"), &files["recommended.toml"]).unwrap();
    let model = folder.path().join("model.toml");
    let text = format!("name = \"pasted\"\ninclude = [{base:?}, \"recommended.toml\"]\n");
    fs::write(&model, text).unwrap();
    // The horizon is the study's, and what leads into a list stands in the fragment as a comment.
    let comments = files["recommended.toml"].lines().filter_map(|l| l.strip_prefix("# --set '"));
    let mut overrides: Vec<String> =
        comments.map(|l| l.strip_suffix('\'').unwrap().to_owned()).collect();
    assert_eq!(overrides, ["api.limits.*.limiter.limit=12", "trunks.*.arrivals.rate_per_s=0.3"]);
    overrides.extend(["horizon=8m", "warmup=1m"].map(str::to_owned));
    let loaded = input::model(&model, &overrides).unwrap_or_else(|e| panic!("{e}"));
    let point = result["recommended"]["point"].to_string();
    let mut reader = csv::Reader::from_reader(files["runs.csv"].as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mut compared = 0;
    for row in reader.records().map(Result::unwrap).filter(|row| row[0] == *point) {
        let replication: u64 = row[1].parse().unwrap();
        if !(replication < 2 || (FRESH..FRESH + 2).contains(&replication)) {
            continue;
        }
        let run = simulate(&loaded.config, loaded.model.seed, replication).unwrap();
        for metric in ["api_attempts", "fallbacks", "calls_offered", "post_dial_delay_ms_p95"] {
            let value: f64 = row[column(metric)].parse().unwrap();
            let own = run.metrics[index_of(metric).unwrap()];
            assert_eq!(own.to_bits(), value.to_bits(), "{metric} of replication {replication}");
        }
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn the_answer_fits_a_terminal_and_says_how_sure_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(Path::new(SMALL), folder.path(), &[]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let result = json(folder.path());
    assert_eq!(result["command"], "tune");
    for expected in
        ["Recommended: ", "95 % confidence", "The runner-up", "brute force", "[client.retry"]
    {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
    let paths = folder.path().to_str().unwrap();
    for line in text.lines().filter(|line| !line.contains(paths)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // What is printed to paste is what the file has.
    let fragment = fs::read_to_string(folder.path().join("recommended.toml")).unwrap();
    let fragment = fragment.split_once('\n').unwrap().1;
    assert!(text.contains(fragment));
    let runs = &result["runs"];
    let number = |key: &str| runs[key].as_f64().unwrap();
    assert!((number("race") + number("fresh") - number("total")).abs() < 0.5);
    let brute_force = 12.0 * number("replications_of_recommended");
    assert!((number("brute_force") - brute_force).abs() < 0.5);
}

#[test]
fn without_a_point_that_meets_the_sla_the_nearest_is_shown_and_the_exit_code_is_3() {
    let (folder, study) = variant(&[("at_least = 0.25", "at_least = 0.9999")]);
    let out = folder.path().join("out");
    let output = command(&study, &out, &[]).assert().code(3);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let error = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(text.contains("meets the SLA. The nearest: "), "{text}");
    assert!(error.contains("the SLA is met at none of 12 settings"), "{error}");
    let result = json(&out);
    assert_eq!(result["outcome"], "infeasible");
    // The nearest is the one with the greatest success ratio on the runs there are.
    let ratio = |candidate: &Value| candidate["metrics"]["api_success_ratio"]["mean"].as_f64();
    assert!(ratio(&result["recommended"]).unwrap() < 0.9999);
}

#[test]
fn points_whose_runs_stop_are_left_out_and_said() {
    let jitter = "key = \"client.retry.backoff.jitter\"\nvalues = [\"none\", \"full\"]";
    let budget = "levels = [{ label = \"free\" }, { label = \"bounded\", set = { budget.events_max \
                  = 1000 } }]";
    let (folder, study) = variant(&[(jitter, budget)]);
    let out = folder.path().join("out");
    let output = command(&study, &out, &[]).assert().code(1);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("6 settings have a run that stopped"), "{text}");
    let result = json(&out);
    assert_eq!(result["outcome"], "recommended");
    for point in result["points"].as_array().unwrap() {
        let bounded = point["levels"]["jitter"] == "bounded";
        assert_eq!(point["status"] == "failed", bounded, "{point}");
        let error = point["error"].as_str().unwrap_or_default();
        assert_eq!(error.contains("events_max"), bounded, "{point}");
    }
}

#[test]
fn a_study_that_says_nothing_of_tuning_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        command(Path::new("tests/studies/small.toml"), folder.path(), &[]).assert().code(2);
    let error = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(error.contains("has no section `[tune]`"), "{error}");
}

/// The genetic search: its points, a front run again on fresh replications, the same each time.
#[test]
fn a_search_picks_the_points_where_there_are_many() {
    let search = "indifference = 4.0\nsearch = { population = 4, generations = 3 }";
    let (_folder, study) = variant(&[("indifference = 4.0", search)]);
    let files = tuned(&study);
    assert!(files == tuned(&study), "the same search twice");
    let result: Value = serde_json::from_str(&files["tune.json"]).unwrap();
    let run = result["points_run"].as_u64().unwrap();
    assert!((2..12).contains(&run), "{run} of 12 points");
    assert_eq!(result["front"]["replications"], "fresh");
    for point in result["front"]["points"].as_array().unwrap() {
        assert_eq!(point["estimates"][0]["n"], 8);
    }
    assert_eq!(result["outcome"], "recommended");
    let (_folder, many) =
        variant(&[("indifference = 4.0", "indifference = 4.0\nenumerate_max = 11")]);
    let many: Value = serde_json::from_str(&tuned(&many)["tune.json"]).unwrap();
    assert_eq!(many["front"]["replications"], "fresh", "more points than are all run");
}
