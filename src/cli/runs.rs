//! What every command that runs a study shares: which study, on how many threads, into which folder;
//! and the runs themselves, taken over from the journal where it holds them and noted in it as they
//! end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use serde_json::json;

use super::interrupt;
use super::progress::{Progress, Stopwatch};
use super::tell::note;
use super::{Failure, Overrides, Printed, pool, threads};
use crate::experiment::record::{Record, Source};
use crate::experiment::runner::{self, Outcome, Unit};
use crate::input::{self, LoadedStudy};
use crate::output::files;
use crate::output::journal::{JOURNAL, Journal};
use crate::output::manifest::{Earlier, FileHash, MANIFEST, manifest, outputs};
use crate::output::table::Parts;
use crate::system::RunError;

/// Which study, and how it is run.
#[derive(Debug, clap::Args)]
pub(super) struct StudyArgs {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Runs of each setting
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    replications: Option<u32>,
    /// Threads, at most one per core; without it, one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Folder for the results; without it, `output/` and its name
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Printed,
    /// Run every setting again, also those an earlier command has run into this folder
    #[arg(long)]
    fresh: bool,
}

impl StudyArgs {
    /// Loads and checks the study.
    pub(super) fn load(&self) -> Result<LoadedStudy, Failure> {
        let overrides = self.overrides.assignments();
        Ok(input::study(&self.study, &overrides, self.replications, self.overrides.seed)?)
    }

    /// Threads it runs on.
    pub(super) fn threads(&self) -> usize {
        threads(self.jobs)
    }
}

/// The runs of a study.
pub(super) struct Runs<'a> {
    loaded: &'a LoadedStudy,
    folder: PathBuf,
    journal: Journal,
    pool: rayon::ThreadPool,
    watch: Stopwatch,
    /// Units asked for, units that the journal held, and units that stopped with an error, with
    /// the first error.
    asked: usize,
    taken_over: usize,
    stopped: BTreeMap<Unit, RunError>,
    first_error: Option<String>,
}

impl<'a> Runs<'a> {
    /// Opens the folder of the results and starts the threads.
    pub(super) fn open(args: &StudyArgs, loaded: &'a LoadedStudy) -> Result<Self, Failure> {
        let plan = &loaded.plan;
        let folder = args.out.clone().unwrap_or_else(|| Path::new("output").join(&plan.study.name));
        let journal = Journal::open(&folder, plan, &program(loaded), args.fresh)?;
        if journal.damaged > 0 {
            let file = folder.join(JOURNAL);
            let (lines, runs) = match journal.damaged {
                1 => ("a line".to_owned(), "its run is"),
                n => (format!("{n} lines"), "their runs are"),
            };
            note(format!("{lines} of {} cannot be read: {runs} made again", file.display()));
        }
        if let Some(of) = Earlier::read(&folder).and_then(|earlier| earlier.differs(plan)) {
            note(format!("{} holds results {of}: they are replaced", folder.display()));
        }
        let pool = pool(args.jobs)?;
        interrupt::keeps_runs(&folder);
        let watch = Stopwatch::start();
        Ok(Self {
            loaded,
            folder,
            journal,
            pool,
            watch,
            asked: 0,
            taken_over: 0,
            stopped: BTreeMap::new(),
            first_error: None,
        })
    }

    /// Writes the tables of the results, by name, and their other files, with the manifest and the
    /// timing, and gives their paths.
    pub(super) fn write(
        &self,
        tables: Vec<(&str, Parts<'_>)>,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<Vec<PathBuf>, Failure> {
        let hash =
            |f: &input::SourceFile| FileHash::new(f.path.display().to_string(), f.text.as_bytes());
        let hashes: Vec<FileHash> = self.loaded.files.iter().map(hash).collect();
        let command_line: Vec<String> = std::env::args().collect();
        let timing = json!({
            "wall_s": self.watch.elapsed().as_secs_f64(),
            "runs": self.asked,
            "runs_taken_over": self.taken_over,
            "threads": self.pool.current_num_threads(),
        });
        let mut written = Vec::new();
        for (name, parts) in tables {
            written.extend(files::write_table(&self.folder, name, parts)?);
        }
        for (name, bytes) in files {
            written.push(files::write_whole(&self.folder, &name, &bytes)?);
        }
        let plan = &self.loaded.plan;
        let earlier = Earlier::read(&self.folder).filter(|e| !e.is_replaced_by(plan));
        let outputs = outputs(&self.folder, &written, earlier)?;
        let manifest = manifest(plan, &command_line, &hashes, &outputs);
        let timing = format!("{timing:#}\n").into_bytes();
        for (name, bytes) in [(MANIFEST, manifest), ("timing.json", timing)] {
            written.push(files::write_whole(&self.folder, name, &bytes)?);
        }
        Ok(written)
    }

    /// Says how many runs there were and how long they took; an error where some stopped.
    pub(super) fn finish(self) -> Result<(), Failure> {
        note(format!(
            "{} runs in {:.1} s ({} taken over from an earlier command)",
            self.asked,
            self.watch.elapsed().as_secs_f64(),
            self.taken_over
        ));
        match self.first_error {
            Some(first) => Err(Failure::Runs { failed: self.stopped.len(), of: self.asked, first }),
            None => Ok(()),
        }
    }
}

impl Record for Runs<'_> {
    fn outcome(&self, unit: Unit) -> Outcome {
        if let Some(error) = self.stopped.get(&unit) {
            return Err(error.clone());
        }
        // What cannot be read back is made again: it gives the same.
        self.journal.get(unit).map_or_else(|| runner::run_unit(&self.loaded.plan, unit), Ok)
    }

    fn value(&self, unit: Unit, metric: usize) -> Option<f64> {
        if self.stopped.contains_key(&unit) {
            return None;
        }
        let known = self.journal.value(unit, metric);
        known.or_else(|| self.outcome(unit).ok().map(|values| values[metric]))
    }
}

impl Source for Runs<'_> {
    type Error = Failure;

    fn make(&mut self, units: &[Unit]) -> Result<(), Failure> {
        let (plan, journal) = (&self.loaded.plan, &self.journal);
        let progress = Progress::new(units.len());
        let taken_over = units.iter().filter(|unit| journal.holds(**unit)).count();
        progress.taken_over(taken_over);
        let unwritten: OnceLock<String> = OnceLock::new();
        let stopped: Mutex<BTreeMap<usize, RunError>> = Mutex::default();
        let done = |place: usize, outcome: Option<Outcome>| {
            match outcome {
                Some(Ok(metrics)) => {
                    if let Err(error) = journal.note(units[place], &metrics) {
                        let _ = unwritten.set(error.to_string());
                    }
                }
                Some(Err(error)) => {
                    stopped.lock().expect("no thread panics").insert(place, error);
                }
                None => {}
            }
            progress.step();
        };
        self.pool.install(|| runner::run(plan, units, |unit| journal.holds(unit), done));
        progress.finish();
        if let Some(error) = unwritten.into_inner() {
            return Err(Failure::Internal(format!("the journal of units: {error}")));
        }
        self.asked += units.len();
        self.taken_over += taken_over;
        for (place, error) in stopped.into_inner().expect("no thread panicked") {
            self.first_error.get_or_insert_with(|| error.to_string());
            self.stopped.insert(units[place], error);
        }
        Ok(())
    }
}

/// What makes results of an earlier command results of this one: the same version and contents of
/// the simulator and the same data (the journal tells seeds and models apart itself).
fn program(loaded: &LoadedStudy) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(concat!(env!("CARGO_PKG_VERSION"), " ", env!("TRUNKSIM_BUILD")).as_bytes());
    for data in loaded.files.iter().filter(|file| file.is_data) {
        hasher.update(&(data.text.len() as u64).to_le_bytes());
        hasher.update(data.text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
