//! The results on disk are what `docs/results.md` says: every file, every column with its type, its
//! unit and whether it may be empty. And the Parquet files hold what the CSV files hold.

mod documentation;
mod readers;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::trunksim;

/// What every command leaves, in a folder that goes with it.
pub(crate) struct Results {
    folder: tempfile::TempDir,
}

/// A table as it lies on disk.
pub(crate) struct OnDisk {
    /// `runs`.
    pub(crate) name: String,
    pub(crate) csv: PathBuf,
    pub(crate) parquet: PathBuf,
    /// The folder's manifest; none of a single run.
    pub(crate) manifest: Option<serde_json::Value>,
}

impl Results {
    pub(crate) fn write() -> Self {
        let results = Self { folder: tempfile::tempdir().unwrap() };
        let run = |name: &str, code: i32, arguments: &[&str]| {
            let out = results.folder.path().join(name);
            let out = ["--out", out.to_str().unwrap()];
            trunksim(&[arguments, &out].concat()).assert().code(code);
        };
        let model = ["run", "models/minimal.toml", "--warmup", "0s", "--horizon"];
        run("run", 0, &[&model[..], &["10m"]].concat());
        // In half a second there is no call: distributions without a value.
        run("nothing", 0, &[&model[..], &["500ms"]].concat());
        // Runs of half of the points stop, and the code says so.
        for command in ["sweep", "compare", "tune"] {
            run(command, 1, &[command, "tests/results/study.toml"]);
        }
        run("warmup", 0, &["warmup", "models/minimal.toml", "--horizon", "20m"]);
        run("screened", 0, &["sensitivity", "tests/results/screened.toml"]);
        let sweep = results.folder.path().join("sweep");
        trunksim(&["report", sweep.to_str().unwrap()]).assert().success();
        results
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Every file there is.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let list = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).unwrap();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        list(self.path()).iter().flat_map(|folder| list(folder)).collect()
    }

    /// Every table there is.
    pub(crate) fn tables(&self) -> Vec<OnDisk> {
        let files = self.files();
        let csv = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "csv"));
        csv.map(|csv| {
            let manifest = fs::read(csv.with_file_name("manifest.json")).ok();
            OnDisk {
                name: csv.file_stem().unwrap().to_str().unwrap().to_owned(),
                parquet: csv.with_extension("parquet"),
                manifest: manifest.map(|bytes| serde_json::from_slice(&bytes).unwrap()),
                csv,
            }
        })
        .collect()
    }
}
