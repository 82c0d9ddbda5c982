//! Traces of calls as an export of call records has them.

use super::{load, path, run};

const EPOCH: &str = "26-trace-past-horizon/model";

/// Unix time in place of seconds since the start: no call could ever be offered.
#[test]
fn a_trace_of_unix_time_is_refused_before_the_run() {
    let error = load(EPOCH, &[]).expect_err("all its arrivals lie past the horizon");
    let lines: Vec<String> = error.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["model.toml:8:", "arrivals.file", "epoch.csv", "1764316804.696", "horizon", "1h"] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
}

/// A horizon that holds some arrivals is accepted, however few; the others are not offered.
#[test]
fn a_trace_that_is_partly_past_the_horizon_is_accepted() {
    let model = "26-trace-past-horizon/relative";
    assert_eq!(run(model, &[]).calls, 300);
    assert_eq!(run(model, &["horizon=5m"]).calls, 36);
    assert_eq!(run(model, &["horizon=1s"]).calls, 1);
}

/// Tenants' requests come by traces as trunks' calls do.
#[test]
fn a_tenant_s_trace_of_unix_time_is_refused_as_well() {
    let tenant = "tenants=[{ id = \"desktops\", token = \"t\", endpoint = \"e\", \
                  arrivals = { kind = \"trace\", file = \"epoch.csv\" } }]";
    let error = load("26-trace-past-horizon/relative", &[tenant]).expect_err("all too late");
    let lines: Vec<String> = error.lines().collect();
    assert!(lines.len() == 1 && lines[0].contains("tenants.0.arrivals.file"), "{lines:?}");
}

/// A look at the first minutes of a long model refuses no trace: the horizon that counts is that of
/// the model's files where it is the longer one.
#[test]
fn a_shorter_horizon_of_the_command_line_refuses_no_trace() {
    let late = "26-trace-past-horizon/late";
    assert_eq!(run(late, &[]).calls, 2);
    assert_eq!(run(late, &["horizon=10m"]).calls, 0);
}

#[test]
fn check_says_how_many_arrivals_of_a_trace_count() {
    let model = path("26-trace-past-horizon/late");
    let mut program = assert_cmd::Command::cargo_bin("trunksim").expect("the program");
    let output = program.arg("check").arg(model).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("trace late.csv: 2 of 3 arrivals within the horizon"), "{text}");
}
