//! What every command that runs a study shares: which study, on how many threads, into which folder;
//! and the runs themselves, taken over from the journal where it holds them and noted in it as they
//! end.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::json;

use super::progress::{self, Stopwatch};
use super::tell::tell;
use super::{Failure, Overrides, pool, threads};
use crate::experiment::runner::{self, Outcome, Unit};
use crate::input::{self, LoadedStudy};
use crate::output::files;
use crate::output::journal::{JOURNAL, Journal};
use crate::output::manifest::{FileHash, manifest};
use crate::output::table::Table;

/// Which study, and how it is run.
#[derive(Debug, clap::Args)]
pub(super) struct StudyArgs {
    /// The study
    study: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Runs of each point
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    replications: Option<u32>,
    /// Threads, at most one per core; without it, one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Folder for the results; without it, `output/` and its name
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run every point anew, even those an earlier command has run into this folder
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
    /// Units asked for, those of them the journal held, and those that stopped with an error, the
    /// first error with them.
    asked: usize,
    taken_over: usize,
    failed: usize,
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
            tell(format!("{lines} of {} cannot be read: {runs} made again", file.display()));
        }
        let pool = pool(args.jobs)?;
        let watch = Stopwatch::start();
        Ok(Self {
            loaded,
            folder,
            journal,
            pool,
            watch,
            asked: 0,
            taken_over: 0,
            failed: 0,
            first_error: None,
        })
    }

    /// The outcomes of `units`, in their order.
    pub(super) fn get(&mut self, units: &[Unit]) -> Result<Vec<Outcome>, Failure> {
        let (plan, journal) = (&self.loaded.plan, &self.journal);
        let bar = progress::bar(units.len());
        let taken_over = units.iter().filter(|unit| journal.holds(**unit)).count();
        if taken_over > 0 {
            bar.set_message(format!("({taken_over} taken over)"));
        }
        let unwritten: OnceLock<String> = OnceLock::new();
        let known = |unit: Unit| journal.get(unit).map(Ok);
        let done = |unit: Unit, outcome: &Outcome| {
            if let Ok(metrics) = outcome
                && let Err(error) = journal.note(unit, metrics)
            {
                let _ = unwritten.set(error.to_string());
            }
            bar.inc(1);
        };
        let outcomes = self.pool.install(|| runner::run(plan, units, known, done));
        bar.finish_and_clear();
        if let Some(error) = unwritten.into_inner() {
            return Err(Failure::Internal(format!("the journal of units: {error}")));
        }
        self.asked += units.len();
        self.taken_over += taken_over;
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            self.failed += 1;
            self.first_error.get_or_insert_with(|| error.to_string());
        }
        Ok(outcomes)
    }

    /// Writes the tables of the results, by name, and their other files, with the manifest and the
    /// timing, and gives their paths.
    pub(super) fn write(
        &self,
        tables: &[(&str, Table)],
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
        let mut all: Vec<_> = tables.iter().flat_map(|(name, table)| table.files(name)).collect();
        all.extend(files);
        all.push(("manifest.json".to_owned(), manifest(&self.loaded.plan, &command_line, &hashes)));
        all.push(("timing.json".to_owned(), format!("{timing:#}\n").into_bytes()));
        let mut written = Vec::new();
        for (name, bytes) in all {
            written.push(files::write_whole(&self.folder, &name, &bytes)?);
        }
        Ok(written)
    }

    /// Says how many runs there were and how long they took; an error where some stopped.
    pub(super) fn finish(self) -> Result<(), Failure> {
        tell(format!(
            "{} runs in {:.1} s ({} of them taken over from an earlier command)",
            self.asked,
            self.watch.elapsed().as_secs_f64(),
            self.taken_over
        ));
        match self.first_error {
            Some(first) => Err(Failure::Runs { failed: self.failed, of: self.asked, first }),
            None => Ok(()),
        }
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
