//! What is on disk: the files of a study's folder, read but not interpreted.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::figures::{Figure, figure};

/// The commands that leave a JSON of their results, by the name of its file without `.json`, in the
/// order in which a reader wants them: what decides first.
pub(super) const COMMANDS: [&str; 4] = ["tune", "compare", "sensitivity", "sweep"];

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nothing there to report on.
    #[error("{path}: {problem}; {remedy}", path = path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        problem: String,
        /// Which command makes it.
        remedy: String,
    },
    /// A file that is not what its name says.
    #[error(
        "{path}: {problem}; the file was cut off or changed, and {remedy} writes it anew",
        path = path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// Which command writes it.
        remedy: String,
    },
}

/// A CSV file.
#[derive(Clone, Debug, Default)]
pub(super) struct Csv {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Csv {
    /// The place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

/// The results of a study.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) manifest: Value,
    /// Results of commands, by name, those that are there in the order of [`COMMANDS`].
    pub(super) found: Vec<(&'static str, Value)>,
    pub(super) summary: Option<Csv>,
    pub(super) timing: Option<Value>,
    pub(super) figures: Vec<Figure>,
    /// Drawings that are left out, since they hold more than shapes and words.
    pub(super) left_out: Vec<String>,
}

impl Results {
    /// The results of one command.
    pub(super) fn of(&self, command: &str) -> Option<&Value> {
        self.found.iter().find(|(name, _)| *name == command).map(|(_, value)| value)
    }

    /// The study as it was read.
    pub(super) fn study(&self) -> &Value {
        &self.manifest["study"]
    }
}

/// Reads a study's folder.
pub(super) fn read(folder: &Path) -> Result<Results, ReportError> {
    let missing = |problem: &str, remedy: String| ReportError::Missing {
        path: folder.to_owned(),
        problem: problem.to_owned(),
        remedy,
    };
    let anew = format!("`trunksim sweep STUDY --out {}` fills it", folder.display());
    if !folder.is_dir() {
        return Err(missing("there is no such folder", anew));
    }
    let Some(manifest) = json(folder, "manifest.json", "the command of the study")? else {
        return Err(match () {
            () if folder.join("units.journal").exists() => missing(
                "manifest.json is missing: a study was begun here and did not end",
                "the same command goes on where it stopped".to_owned(),
            ),
            () if folder.join("run.json").exists() => missing(
                "manifest.json is missing: these are the files of one run, and a report is of a \
                 study",
                "`trunksim sweep STUDY` makes one".to_owned(),
            ),
            () => missing("manifest.json is missing: no study has left its results here", anew),
        });
    };
    let remedy = format!("`{}`", command_line(&manifest));
    if !manifest["study"].is_object() || !manifest["model"].is_object() {
        return Err(ReportError::Broken {
            path: folder.join("manifest.json"),
            problem: "the study or its model is not in it".to_owned(),
            remedy,
        });
    }
    let mut found = Vec::new();
    for command in COMMANDS {
        let name = format!("{command}.json");
        let remedy = format!("`trunksim {command} STUDY --out {}`", folder.display());
        if let Some(value) = json(folder, &name, &remedy)? {
            found.push((command, value));
        }
    }
    let summary = csv_file(folder, "summary.csv", &remedy)?;
    if found.is_empty() && summary.is_none() {
        let files = COMMANDS.map(|command| format!("{command}.json")).join(", ");
        let problem = format!("there is none of summary.csv, {files}");
        return Err(missing(&problem, format!("{remedy} writes what it makes of these")));
    }
    let timing = json(folder, "timing.json", &remedy)?;
    let (figures, left_out) = drawings(folder, &manifest, &remedy)?;
    Ok(Results { manifest, found, summary, timing, figures, left_out })
}

/// The command line a study was made with, as one would type it.
pub(super) fn command_line(manifest: &Value) -> String {
    let words = manifest["command_line"].as_array().map_or(&[][..], Vec::as_slice);
    let mut words = words.iter().filter_map(Value::as_str);
    // The program's name is enough, wherever it lay.
    let program = words.next().and_then(|word| word.rsplit(['/', '\\']).next()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    let quoted = words.map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    std::iter::once(program.to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

/// A file as text; none where there is no such file.
fn text(folder: &Path, name: &str, remedy: &str) -> Result<Option<String>, ReportError> {
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(broken(folder, name, &error.to_string(), remedy)),
    }
}

fn broken(folder: &Path, name: &str, problem: &str, remedy: &str) -> ReportError {
    ReportError::Broken {
        path: folder.join(name),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn json(folder: &Path, name: &str, remedy: &str) -> Result<Option<Value>, ReportError> {
    let Some(text) = text(folder, name, remedy)? else { return Ok(None) };
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| broken(folder, name, &error.to_string(), remedy))?;
    if !value.is_object() {
        return Err(broken(folder, name, "it is no JSON object", remedy));
    }
    Ok(Some(value))
}

fn csv_file(folder: &Path, name: &str, remedy: &str) -> Result<Option<Csv>, ReportError> {
    let Some(text) = text(folder, name, remedy)? else { return Ok(None) };
    let failed = |error: csv::Error| broken(folder, name, &error.to_string(), remedy);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(failed)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        rows.push(row.map_err(failed)?.iter().map(str::to_owned).collect());
    }
    Ok(Some(Csv { header, rows }))
}

/// The drawings in the folder, those of the study's plots first and in their order, the others by
/// name; and the names of those that cannot be taken in.
fn drawings(
    folder: &Path,
    manifest: &Value,
    remedy: &str,
) -> Result<(Vec<Figure>, Vec<String>), ReportError> {
    let entries = fs::read_dir(folder)
        .map_err(|error| broken(folder, "", &error.to_string(), remedy))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".svg")).collect();
    let plots = manifest["study"]["plots"].as_array().map_or(&[][..], Vec::as_slice);
    let place = |name: &str| {
        let stem = name.trim_end_matches(".svg");
        plots.iter().position(|plot| plot["file"] == stem).unwrap_or(usize::MAX)
    };
    names.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
    let (mut taken, mut left_out) = (Vec::new(), Vec::new());
    for name in names {
        let Some(text) = text(folder, &name, remedy)? else { continue };
        match figure(&name, &text) {
            Some(figure) => taken.push(figure),
            None => left_out.push(name),
        }
    }
    Ok((taken, left_out))
}
