//! Runs until the estimates are as precise as asked: where a point ends is a function of its first
//! runs, whatever ran them and however many there are already.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use trunksim::engine::statistics::mean_interval;

use crate::command_line::{output_of, results, trunksim};

const STUDY: &str = "tests/studies/precise.toml";

fn sweep(folder: &Path, more: &[&str]) -> String {
    let arguments = [&["sweep", STUDY, "--out", folder.to_str().unwrap()], more].concat();
    output_of(&arguments)
}

/// The calls offered in each run, by point.
fn calls(folder: &Path) -> BTreeMap<usize, Vec<f64>> {
    let mut reader = csv::Reader::from_path(folder.join("runs.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|h| h == "calls_offered").unwrap();
    let mut points: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let runs = points.entry(row[0].parse().unwrap()).or_default();
        assert_eq!(row[1].parse(), Ok(runs.len()), "replications from 0 on, in order");
        runs.push(row[column].parse().unwrap());
    }
    points
}

/// Half the interval's width, as a share of 5 % of the mean as the rule has it.
fn of_the_precision(values: &[f64]) -> f64 {
    let got = mean_interval(values, 0.95);
    got.half_width / (got.mean * 0.05 / 1.05)
}

#[test]
fn each_point_is_run_until_it_is_precise_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep(folder.path(), &[]);
    let points = calls(folder.path());
    let counts: Vec<usize> = points.values().map(Vec::len).collect();
    assert_eq!(counts[0], 50, "thirty calls are not known to 5 % after 50 runs");
    assert!(counts.is_sorted_by(|a, b| a > b), "{counts:?}");
    assert!(of_the_precision(&points[&0]) > 1.0);
    for (point, values) in &points {
        let ends: Vec<usize> = (10..values.len()).step_by(10).collect();
        assert!(
            ends.iter().all(|n| of_the_precision(&values[..*n]) > 1.0),
            "{point}: none earlier"
        );
        assert!(*point == 0 || of_the_precision(values) <= 1.0, "{point}: precise at the end");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("3 settings x {} to 50 replications", counts[2]);
    for expected in [
        expected.as_str(),
        "calls_offered ± 5 % of its mean at 95 %",
        "warning: 1 of 3 settings are not, after 50 runs",
        "rate = 0.05: about ",
        "raise `most`",
    ] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
}

#[test]
fn neither_threads_nor_runs_that_are_there_already_change_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, threads, ahead, cut] =
        ["plain", "threads", "ahead", "cut"].map(|name| folder.path().join(name));
    sweep(&plain, &["--jobs", "1"]);
    sweep(&threads, &["--jobs", "2"]);
    assert!(results(&plain) == results(&threads), "one thread and two");
    // More runs of every point than the rule needs of any.
    sweep(&ahead, &["--replications", "55"]);
    let before = calls(&ahead);
    assert!(before.values().all(|runs| runs.len() == 55), "a number given by hand goes first");
    sweep(&ahead, &[]);
    assert!(results(&plain) == results(&ahead), "55 runs were there");
    let timing: serde_json::Value =
        serde_json::from_slice(&fs::read(ahead.join("timing.json")).unwrap()).unwrap();
    assert_eq!(timing["runs"], timing["runs_taken_over"], "nothing is run again");
    for (point, runs) in calls(&ahead) {
        assert_eq!(runs, before[&point][..runs.len()], "the runs that count are the first");
    }
    // Interrupted after a few.
    let journal = fs::read_to_string(plain.join("units.journal")).unwrap();
    let kept: Vec<&str> = journal.split_inclusive('\n').take(17).collect();
    fs::create_dir(&cut).unwrap();
    fs::write(cut.join("units.journal"), kept.concat()).unwrap();
    sweep(&cut, &[]);
    assert!(results(&plain) == results(&cut), "an interrupted sweep");
}

#[test]
fn the_flag_asks_for_the_metric_that_points_are_ranked_by() {
    let folder = tempfile::tempdir().unwrap();
    let [file, flag, width] = ["file", "flag", "width"].map(|name| folder.path().join(name));
    sweep(&file, &[]);
    sweep(&flag, &["--precision", "5%"]);
    assert!(results(&file) == results(&flag), "the study asks for the same");
    let text = sweep(&width, &["--precision", "100"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("calls_offered ± 100 at 95 %"), "{text}");
    assert!(calls(&width).values().all(|runs| runs.len() == 10));
    for wrong in [&["--precision", "0"][..], &["--precision", "2%", "--replications", "5"]] {
        trunksim(&[&["sweep", STUDY], wrong].concat()).assert().code(2);
    }
}

/// 180, 360 and 1440 calls an hour are offered; a third of the last are more than 22 agents take.
#[test]
fn each_threshold_of_few_points_has_a_line_with_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep(folder.path(), &[]);
    let lines: Vec<&str> = text.lines().filter(|l| l.contains("calls_offered ")).collect();
    let of = |point: &str| {
        let mut after = text.lines().skip_while(|line| *line != format!("rate = {point}"));
        let found = after.nth(1).unwrap_or_else(|| panic!("{lines:?} in:\n{text}"));
        (found.trim_start().to_owned(), after.next().unwrap().trim_start().to_owned())
    };
    assert!(of("0.05").0.starts_with("✓ calls_offered 1"), "{:?}", of("0.05"));
    assert!(of("0.4").0.starts_with("✗ calls_offered 14"), "{:?}", of("0.4"));
    let limit = " per hour, at most 400 per hour: ";
    assert!(of("0.1").0.contains(limit) && of("0.4").0.contains(limit), "{text}");
    assert!(of("0.05").0.ends_with("met") && of("0.4").0.ends_with("missed"), "{text}");
    assert!(of("0.05").1.contains("at least 20.0 %: met"), "{text}");
    let table = fs::read_to_string(folder.path().join("summary.csv")).unwrap();
    let column = table.lines().next().unwrap().split(',').position(|c| c == "sla").unwrap();
    let last = table.lines().last().unwrap().split(',').nth(column);
    assert_eq!(last, Some("missed"));
}
