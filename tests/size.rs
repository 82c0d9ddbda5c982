//! What large studies and models take: memory per setting, per run, and time per trunk, each as the
//! growth between a small one and one that is several times as large.

#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use wait4::Wait4;

/// The most memory that the program held while it did this, in bytes.
fn peak(arguments: &[&str]) -> u64 {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("trunksim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let used = child.wait4().unwrap();
    assert!(used.status.success(), "{arguments:?}");
    used.rusage.maxrss
}

/// A study of that model over two factors of so many levels each.
fn study(folder: &Path, model: &str, levels: [usize; 2], replications: u32) -> String {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let mut text = format!(
        "name = \"size\"\nquestion = \"?\"\nmodel = {model:?}\nreplications = {replications}\n\
         set = {{ horizon = \"20s\", warmup = \"0s\", series_bin = \"1s\" }}\n"
    );
    for (key, count) in ["client.attempt_timeout", "policy.no_progress"].iter().zip(levels) {
        let values: Vec<String> = (1..=count).map(|n| format!("{}ms", 1000 + n)).collect();
        let name = key.rsplit('.').next().unwrap();
        let _ =
            write!(text, "[[factors]]\nname = \"{name}\"\nkey = \"{key}\"\nvalues = {values:?}\n");
    }
    let path = folder.join(format!("{levels:?}-{replications}.toml"));
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Bytes by which the peak of a command grows for each more, between `few` and `many` of something.
fn growth(few: (u64, &[&str]), many: (u64, &[&str])) -> u64 {
    peak(many.1).saturating_sub(peak(few.1)) / (many.0 - few.0)
}

/// A setting of a plan holds what tells it from the others, and no model.
#[test]
fn a_plan_grows_by_little_per_setting() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [[20, 50], [50, 80]].map(|l| study(folder.path(), "models/apac.toml", l, 1));
    let dry = |study| ["sweep", study, "--dry-run"];
    let each = growth((1_000, &dry(&few)), (4_000, &dry(&many)));
    println!("{each} bytes per setting");
    assert!(each < 2_000, "{each} bytes per setting");
}

/// Runs are read from the folder when they are needed.
#[test]
fn memory_grows_by_little_per_run() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [250, 1_000].map(|n| study(folder.path(), "models/minimal.toml", [2, 5], n));
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let sweep = |study| ["sweep", study, "--fresh", "--out", out];
    let each = growth((2_500, &sweep(&few)), (10_000, &sweep(&many)));
    println!("{each} bytes per run");
    assert!(each < 400, "{each} bytes per run");
}

/// A comparison with the best found grows with the settings and not with their pairs.
#[test]
fn a_comparison_grows_by_little_per_setting() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] =
        [[10, 50], [40, 50]].map(|l| study(folder.path(), "models/minimal.toml", l, 2));
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let compare = |study| ["compare", study, "--fresh", "--out", out];
    let each = growth((500, &compare(&few)), (2_000, &compare(&many)));
    println!("{each} bytes per setting");
    assert!(each < 10_000, "{each} bytes per setting");
}
