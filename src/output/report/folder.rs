//! What is on disk: the files of a study's folder, read into what the commands wrote them from.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::drawing::{Drawing, drawing};
use super::manifest::Manifest;
use crate::experiment::compare::report::Comparison;
use crate::experiment::sensitivity::results::Sensitivity;
use crate::experiment::sweep_result::SweepResult;
use crate::experiment::tune::result::TuneResult;

/// The commands that leave a JSON of their results under their own name, in the order in which a
/// reader wants them: what decides first.
pub(super) const COMMANDS: [&str; 4] = ["tune", "compare", "sweep", "sensitivity"];

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
        "{path}: {problem}; the file was cut off or changed, or is of another version, and \
         {remedy} writes it anew",
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

/// How long it took.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Timing {
    pub(super) wall_s: f64,
    pub(super) runs: usize,
    #[serde(default)]
    pub(super) runs_taken_over: usize,
    pub(super) threads: usize,
}

/// A drawing that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) file: String,
    pub(super) why: &'static str,
}

/// The results of a study.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) manifest: Manifest,
    pub(super) tune: Option<TuneResult>,
    pub(super) compare: Option<Comparison>,
    pub(super) sweep: Option<SweepResult>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) timing: Option<Timing>,
    /// The drawings, those that belong to the answer first.
    pub(super) drawings: Vec<Drawing>,
    /// Drawings that are left out, and why.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether the recommendation stands in a file of its own.
    pub(super) fragment_file: bool,
}

/// Name of the file that holds the policy that `tune` recommends.
pub(super) const FRAGMENT: &str = "recommended.toml";

/// Reads a study's folder.
pub(super) fn read(folder: &Path) -> Result<Results, ReportError> {
    let files = Files { folder };
    let manifest = files.manifest()?;
    let own = format!("`{}`", manifest.typed());
    let of = |command: &str| match manifest.command() {
        Some(last) if last == command => own.clone(),
        _ => format!("`trunksim {command} STUDY --out {}`", folder.display()),
    };
    let results = Results {
        tune: files.results("tune", &of("tune"), |r: &TuneResult| &r.command)?,
        compare: files.results("compare", &of("compare"), |r: &Comparison| &r.command)?,
        sweep: files.results("sweep", &of("sweep"), |r: &SweepResult| &r.command)?,
        sensitivity: files
            .results("sensitivity", &of("sensitivity"), |r: &Sensitivity| &r.command)?,
        timing: files.json("timing.json", &own)?,
        drawings: Vec::new(),
        left_out: Vec::new(),
        fragment_file: folder.join(FRAGMENT).is_file(),
        manifest,
    };
    if results.is_empty() {
        let names = COMMANDS.map(|command| format!("{command}.json")).join(", ");
        return Err(ReportError::Missing {
            path: folder.to_owned(),
            problem: format!("there is none of {names}"),
            remedy: format!("{own} writes what it makes of these"),
        });
    }
    let (drawings, left_out) = files.drawings(&results.manifest, &own)?;
    Ok(Results { drawings, left_out, ..results })
}

impl Results {
    fn is_empty(&self) -> bool {
        self.tune.is_none()
            && self.compare.is_none()
            && self.sweep.is_none()
            && self.sensitivity.is_none()
    }
}

/// The files of a folder.
struct Files<'a> {
    folder: &'a Path,
}

impl Files<'_> {
    /// `manifest.json`, or what makes one.
    fn manifest(&self) -> Result<Manifest, ReportError> {
        let folder = self.folder;
        let missing = |problem: &str, remedy: String| ReportError::Missing {
            path: folder.to_owned(),
            problem: problem.to_owned(),
            remedy,
        };
        let anew = format!("`trunksim sweep STUDY --out {}` fills it", folder.display());
        if !folder.is_dir() {
            return Err(missing("there is no such folder", anew));
        }
        let (name, remedy) = ("manifest.json", "the command of the study");
        if let Some(manifest) = self.json::<Manifest>(name, remedy)? {
            return manifest.with_study().map_err(|problem| self.broken(name, &problem, remedy));
        }
        Err(match () {
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
        })
    }

    /// The results of a command; none where it has left none.
    fn results<T: DeserializeOwned>(
        &self,
        command: &str,
        remedy: &str,
        own: impl Fn(&T) -> &String,
    ) -> Result<Option<T>, ReportError> {
        let name = format!("{command}.json");
        let found: Option<T> = self.json(&name, remedy)?;
        match found.as_ref().map(own).filter(|own| own.as_str() != command) {
            Some(own) => {
                Err(self.broken(&name, &format!("it holds the results of `{own}`"), remedy))
            }
            None => Ok(found),
        }
    }

    /// A file as text; none where there is no such file.
    fn text(&self, name: &str, remedy: &str) -> Result<Option<String>, ReportError> {
        match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.broken(name, &error.to_string(), remedy)),
        }
    }

    fn broken(&self, name: &str, problem: &str, remedy: &str) -> ReportError {
        ReportError::Broken {
            path: self.folder.join(name),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// A JSON file; an error says which of its fields does not fit.
    fn json<T: DeserializeOwned>(
        &self,
        name: &str,
        remedy: &str,
    ) -> Result<Option<T>, ReportError> {
        let Some(text) = self.text(name, remedy)? else { return Ok(None) };
        let mut reader = serde_json::Deserializer::from_str(&text);
        let found: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let problem = match error.path().to_string().as_str() {
                "." | "?" => error.inner().to_string(),
                path => format!("`{path}`: {}", error.inner()),
            };
            self.broken(name, &problem, remedy)
        })?;
        reader.end().map_err(|error| self.broken(name, &error.to_string(), remedy))?;
        Ok(Some(found))
    }

    /// The drawings in the folder, and those that cannot be taken in.
    fn drawings(
        &self,
        manifest: &Manifest,
        remedy: &str,
    ) -> Result<(Vec<Drawing>, Vec<LeftOut>), ReportError> {
        let entries = fs::read_dir(self.folder)
            .map_err(|error| self.broken("", &error.to_string(), remedy))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = entries.filter(|name| name.ends_with(".svg")).collect();
        names.sort();
        let (mut taken, mut left_out) = (Vec::new(), Vec::new());
        for name in names {
            let Some(text) = self.text(&name, remedy)? else { continue };
            let why = match drawing(&name, &text, manifest) {
                Some(drawing) if manifest.wrote(&name, text.as_bytes()) => {
                    taken.push(drawing);
                    continue;
                }
                Some(_) => "no command of this study wrote it as it stands here",
                None => "it holds more than shapes and words",
            };
            left_out.push(LeftOut { file: name, why });
        }
        taken.sort_by_key(|drawing| drawing.place);
        Ok((taken, left_out))
    }
}
