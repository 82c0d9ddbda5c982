//! Traces of calls as an export of call records has them.

use super::{load, run};

const EPOCH: &str = "26-trace-past-horizon/model";

/// Unix time in place of seconds since the start: no call could ever be offered.
#[test]
fn a_trace_of_unix_time_is_refused_before_the_run() {
    let error = load(EPOCH, &[]).expect_err("all its arrivals lie past the horizon");
    let lines: Vec<String> = error.lines().map(|line| line.to_string()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["model.toml:8:", "arrivals.file", "epoch.csv", "1764316804.696", "horizon", "1h"] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
}

/// A horizon that holds some of them is accepted, however few; the others are not offered.
#[test]
fn a_trace_that_is_partly_past_the_horizon_is_accepted() {
    let model = "26-trace-past-horizon/relative";
    assert_eq!(run(model, &[]).calls, 300);
    assert_eq!(run(model, &["horizon=5m"]).calls, 36);
    assert_eq!(run(model, &["horizon=1s"]).calls, 1);
}
