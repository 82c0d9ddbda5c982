//! `trunksim compare`: what it prints and writes, on any number of threads, with a sweep's runs, and
//! what it refuses. And what points with draws of their own are.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use trunksim::engine::statistics::mean_interval;
use trunksim::experiment::compare::correlation::correlation_interval;
use trunksim::experiment::compare::paired::paired;
use trunksim::experiment::plan::Plan;
use trunksim::experiment::runner::{self, Unit};
use trunksim::system::Traces;
use trunksim::system::metrics::index_of;

const STUDY: &str = "tests/studies/compare.toml";
const RESULTS: [&str; 4] = ["runs.csv", "ranking.csv", "comparison.csv", "compare.json"];

fn trunksim(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

/// Standard output, the list of files left out.
fn compare(folder: &Path, more: &[&str]) -> String {
    let arguments = [&["compare", STUDY, "--out", folder.to_str().unwrap()], more].concat();
    let output = trunksim(&arguments).assert().success().get_output().stdout.clone();
    let text = String::from_utf8(output).unwrap();
    let (results, files) = text.split_once("\nFILES\n").unwrap();
    for name in RESULTS {
        assert!(files.contains(name), "{name} in {files}");
    }
    results.to_owned()
}

fn json(folder: &Path, name: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn compare_prints_rankings_differences_and_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let text = compare(folder.path(), &[]);
    insta::assert_snapshot!("control", text);
    let result = json(folder.path(), "compare.json");
    assert_eq!(result["command"], "compare");
    assert_eq!((&result["control"], &result["control_named"]), (&0.into(), &true.into()));
    // The same callers call, whatever the staffing: no doubt, and no variance left.
    let offered = &result["metrics"][2];
    assert_eq!(offered["metric"], "calls_offered");
    assert_eq!(offered["differences"][0]["difference"]["estimate"], 0.0);
    assert_eq!(offered["differences"][0]["variance_ratio"], 0.0);
    for sentence in result["answer"].as_array().unwrap() {
        let words = sentence.as_str().unwrap().split_whitespace();
        assert!(words.into_iter().all(|word| text.contains(word)), "{sentence}");
    }
    // A forest plot of each metric, which says no more than the table.
    for metric in result["metrics"].as_array().unwrap() {
        let name = metric["metric"].as_str().unwrap().replace('_', "-");
        let file = folder.path().join(format!("forest-{name}.svg"));
        let picture = fs::read_to_string(file).unwrap();
        assert!(picture.contains("(Bonferroni)"), "{name}");
        for row in metric["differences"].as_array().unwrap() {
            let point = row["point"].as_u64().unwrap() as usize;
            let label = result["points"][point]["label"].as_str().unwrap();
            assert!(picture.contains(label), "{label} in {name}");
        }
    }
    insta::assert_snapshot!("all_pairs", compare(folder.path(), &["--all-pairs"]));
    let found =
        compare(folder.path(), &["--control", "agents = 26", "--metric", "utilization_mae"]);
    assert!(found.contains("control: setting 2, agents = 26, attempts = 3"), "{found}");
    assert!(found.contains("UTILIZATION MEAN ABSOLUTE ERROR"), "{found}");
}

#[test]
fn a_comparison_is_the_same_on_one_thread_and_on_two_and_runs_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let text = compare(&one, &["--jobs", "1"]);
    let sweep = ["sweep", STUDY, "--out", two.to_str().unwrap(), "--jobs", "2"];
    trunksim(&sweep).assert().success();
    let runs = fs::read(two.join("runs.csv")).unwrap();
    assert_eq!(text, compare(&two, &["--jobs", "2"]));
    let timing = json(&two, "timing.json");
    assert_eq!((&timing["runs"], &timing["runs_taken_over"]), (&12.into(), &12.into()));
    assert!(runs == fs::read(two.join("runs.csv")).unwrap(), "the runs of the sweep");
    for name in RESULTS {
        assert!(fs::read(one.join(name)).unwrap() == fs::read(two.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn a_sweep_writes_its_results_as_json_for_others_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    trunksim(&["sweep", STUDY, "--out", out]).assert().success();
    let result = json(folder.path(), "sweep.json");
    assert_eq!((&result["command"], &result["study"]), (&"sweep".into(), &"compare".into()));
    let points = result["points"].as_array().unwrap();
    let labels: Vec<&str> = points.iter().map(|p| p["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["agents = 16", "agents = 19", "agents = 26"]);
    assert_eq!(points[0]["levels"]["attempts"], "3");
    let mut reader = csv::Reader::from_path(folder.path().join("summary.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = reader.records().nth(1).unwrap().unwrap();
    let column = |name: &str| -> f64 {
        row[header.iter().position(|h| h == name).unwrap()].parse().unwrap()
    };
    let estimate = &points[1]["estimates"]["calls_abandoned"];
    assert_eq!(estimate["estimate"].as_f64(), Some(column("calls_abandoned_mean")));
    assert_eq!(estimate["high"].as_f64(), Some(column("calls_abandoned_high")));
}

#[test]
fn what_names_nothing_is_refused_before_anything_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("none");
    for (arguments, expected) in [
        (&["--metric", "service_levle"][..], "`service_levle`: no such metric; did you mean"),
        (
            &["--metric", "registrations_anew"],
            "no such metric; it is now called `re_registrations`",
        ),
        (&["--control", "agent = 19"], "`agent = 19`: no such factor; did you mean `agents`?"),
        (&["--control", "agents = 20"], "no such level of `agents`; there are: 16, 19, 26"),
        (&["--control", "attempts = 3"], "3 settings have these levels; name one of: agents"),
        (&["--control", "7"], "no setting `7`; they are numbered from 0 to 2"),
        (&["--control", "0", "--all-pairs"], "cannot be used with"),
    ] {
        let base = ["compare", STUDY, "--out", out.to_str().unwrap()];
        let failed = trunksim(&[&base, arguments].concat()).assert().code(2);
        let error = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let base = ["compare", "experiments/backoff.toml", "--all-pairs", "--out"];
    trunksim(&[&base, &[out.to_str().unwrap()][..]].concat()).assert().code(2);
    assert!(!out.exists());
}

/// Two arms of little difference, and such levels before and behind them as are asked for.
fn arms(common: bool, replications: u32, attempts: &str) -> Plan {
    let text = format!(
        "name = 'arms'\nquestion = 'Which?'\nmodel = ''\nreplications = {replications}\n\
         common_random_numbers = {common}\nset = {{ horizon = '10m', warmup = '1m' }}\n\
         [[factors]]\nname = 'attempts'\nkey = 'client.retry.attempts'\nvalues = [{attempts}]\n"
    );
    let base = include_str!("../models/minimal.toml").parse().unwrap();
    Plan::new(toml::from_str(&text).unwrap(), &base, &Traces::default()).unwrap()
}

fn values(plan: &Plan, point: usize) -> Vec<Vec<f64>> {
    let runs = u64::from(plan.study.replications);
    (0..runs)
        .map(|replication| runner::run_unit(plan, Unit { point, replication }).unwrap())
        .collect()
}

/// With common random numbers both arms have the same callers; with their own the counts of their
/// callers are independent (correlation 0, to four standard errors of Fisher's z) and have the same
/// mean, that of the arrivals: 0.1/s over nine minutes.
#[test]
fn points_with_their_own_draws_are_independent_and_have_the_same_means() {
    let offered = index_of("calls_offered").unwrap();
    let of = |common: bool| {
        let plan = arms(common, 100, "5, 6");
        [0, 1].map(|point| -> Vec<f64> {
            values(&plan, point).iter().map(|run| run[offered]).collect()
        })
    };
    let [a, b] = of(true);
    assert_eq!(a, b);
    let [x, y] = of(false);
    let got = paired(&x, &y, 0.95);
    // Four standard errors either way.
    let interval = correlation_interval(got.correlation, 100, 1.0 - 6.334e-5);
    assert!(interval.contains(0.0), "correlation {}", got.correlation);
    assert!((0.5..1.5).contains(&got.variance_ratio), "{}", got.variance_ratio);
    for arm in [&a, &x, &y] {
        let mean = mean_interval(arm, 0.95);
        let error = mean.sd / 10.0;
        assert!((mean.mean - 54.0).abs() < 4.0 * error, "{mean:?}");
    }
    assert!(x != a && y != a && x != y);
}

#[test]
fn further_points_and_replications_leave_own_draws_as_they_were() {
    let (few, many) = (arms(false, 2, "5, 6"), arms(false, 3, "1, 6, 2, 5"));
    // By their bits: what was not observed is no number, and equals nothing.
    let bits = |plan: &Plan, point: usize| -> Vec<Vec<u64>> {
        let runs = values(plan, point);
        runs.iter().map(|run| run.iter().map(|value| value.to_bits()).collect()).collect()
    };
    assert_eq!(bits(&few, 0)[..], bits(&many, 3)[..2]);
    assert_eq!(bits(&few, 1)[..], bits(&many, 1)[..2]);
    let seeds: Vec<u64> = (0..4).map(|point| many.seed_of(point)).collect();
    assert!((0..4).all(|p| seeds[..p].iter().all(|seed| *seed != seeds[p])), "{seeds:?}");
    let common = arms(true, 2, "5, 6");
    assert!([0, 1].iter().all(|point| common.seed_of(*point) == common.seed));
}

/// A study's own draws are other runs than those with common random numbers, in the same folder.
#[test]
fn the_journal_tells_own_draws_from_common_ones() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minimal.toml");
    let sweep = |common: bool| {
        let study = folder.path().join("study.toml");
        let text = format!(
            "name = 'arms'\nquestion = 'Which?'\nmodel = {model:?}\nreplications = 2\n\
             common_random_numbers = {common}\nset = {{ horizon = '10m', warmup = '1m' }}\n\
             [[factors]]\nname = 'attempts'\nkey = 'client.retry.attempts'\nvalues = [5, 6]\n"
        );
        fs::write(&study, text).unwrap();
        let arguments = ["compare", study.to_str().unwrap(), "--out", out.to_str().unwrap()];
        trunksim(&arguments).assert().success();
        let manifest = json(&out, "manifest.json");
        assert_eq!(manifest["common_random_numbers"], common);
        let said = manifest["random_numbers"].as_str().unwrap();
        assert_eq!(said.starts_with("common to all settings"), common, "{said}");
        json(&out, "timing.json")["runs_taken_over"].clone()
    };
    assert_eq!([sweep(true), sweep(false), sweep(true), sweep(false)], [0, 0, 4, 4]);
}
