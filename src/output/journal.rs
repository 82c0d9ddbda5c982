//! The units already run, kept while a study runs and afterwards: an interrupted study goes on
//! where it stopped, and one that is given more replications runs only the new ones.
//!
//! A line per unit, appended when it ends: its key, the bits of its metrics in hexadecimal, and a
//! checksum. A line that was cut off or damaged costs its unit and no other, and is counted; one that
//! belongs to another program or model counts for nothing.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, RwLock};

use super::files::WriteError;
use super::manifest::model_hash;
use crate::experiment::plan::Plan;
use crate::experiment::runner::Unit;
use crate::system::metrics::METRICS;

/// Name of the journal in the study's folder.
pub const JOURNAL: &str = "units.journal";

/// The units already run.
#[derive(Debug)]
pub struct Journal {
    known: RwLock<BTreeMap<String, Vec<f64>>>,
    /// Key of each point: program, seed and model.
    points: Vec<String>,
    file: Mutex<File>,
    /// Lines that were damaged.
    pub damaged: usize,
}

impl Journal {
    /// Opens the journal in `folder`. `program` identifies the program: results of another are not
    /// taken over. With `fresh` what is there is thrown away.
    ///
    /// # Errors
    /// Where the folder or file cannot be made, read or written.
    pub fn open(
        folder: &Path,
        plan: &Plan,
        program: &str,
        fresh: bool,
    ) -> Result<Self, WriteError> {
        let path = folder.join(JOURNAL);
        let failed = |source| WriteError { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) if !fresh => bytes,
            Err(error) if !fresh && error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => Vec::new(),
        };
        let points: Vec<String> = (0..plan.points.len())
            .map(|point| key_of_point(program, plan.seed_of(point), &model_hash(plan, point)))
            .collect();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut known = BTreeMap::new();
        let mut damaged = usize::from(whole < bytes.len());
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            match read(line) {
                Line::Unit(key, metrics) => {
                    known.insert(key, metrics);
                }
                Line::OfAnotherProgram => {}
                Line::Damaged => damaged += 1,
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(!fresh)
            .truncate(fresh)
            .open(&path)
            .map_err(failed)?;
        if whole < bytes.len() {
            // A last line that was cut off must not run into the next.
            file.set_len(whole as u64).map_err(failed)?;
        }
        Ok(Self { known: RwLock::new(known), points, file: Mutex::new(file), damaged })
    }

    /// The metrics of a unit that has been run.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    #[must_use]
    pub fn get(&self, unit: Unit) -> Option<Vec<f64>> {
        self.known.read().expect("no writer panics").get(&self.key(unit)).cloned()
    }

    /// Whether a unit has been run.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    #[must_use]
    pub fn holds(&self, unit: Unit) -> bool {
        self.known.read().expect("no writer panics").contains_key(&self.key(unit))
    }

    /// Notes a unit that has just been run; one that is there already is left as it is.
    ///
    /// # Errors
    /// Where the file cannot be written.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    pub fn note(&self, unit: Unit, metrics: &[f64]) -> std::io::Result<()> {
        if self.holds(unit) {
            return Ok(());
        }
        let key = self.key(unit);
        self.file.lock().expect("no writer panics").write_all(write(&key, metrics).as_bytes())?;
        self.known.write().expect("no writer panics").insert(key, metrics.to_vec());
        Ok(())
    }

    fn key(&self, unit: Unit) -> String {
        format!("{}-{}", self.points[unit.point], unit.replication)
    }
}

fn key_of_point(program: &str, seed: u64, model: &str) -> String {
    let hash = blake3::hash(format!("{program} {seed} {model}").as_bytes());
    hash.to_hex()[..32].to_owned()
}

fn write(key: &str, metrics: &[f64]) -> String {
    let values: Vec<String> = metrics.iter().map(|v| format!("{:x}", v.to_bits())).collect();
    let line = format!("{key} {}", values.join(" "));
    let check = checksum(&line);
    format!("{line} {check}\n")
}

/// What a line of the journal says.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Unit(String, Vec<f64>),
    /// It has other metrics.
    OfAnotherProgram,
    Damaged,
}

fn read(line: &[u8]) -> Line {
    let parts = || {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (body, check) = line.rsplit_once(' ')?;
        let (key, values) = body.split_once(' ')?;
        let bits = values.split(' ').map(|v| u64::from_str_radix(v, 16).ok().map(f64::from_bits));
        (checksum(body) == check).then_some((key, bits.collect::<Option<Vec<f64>>>()?))
    };
    match parts() {
        None => Line::Damaged,
        Some((key, metrics)) if metrics.len() == METRICS.len() => {
            Line::Unit(key.to_owned(), metrics)
        }
        Some(_) => Line::OfAnotherProgram,
    }
}

fn checksum(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex()[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_to_the_bit_and_a_damaged_one_not_at_all() {
        let metrics: Vec<f64> = (0..METRICS.len()).map(|i| 0.1 * i as f64).collect();
        let line = write("abc-7", &metrics);
        let read = |line: &str| super::read(line.as_bytes());
        assert_eq!(read(&line), Line::Unit("abc-7".to_owned(), metrics));
        assert_eq!(read(&line[..line.len() - 1]), Line::Damaged);
        assert_eq!(read(&line.replacen("abc", "abd", 1)), Line::Damaged);
        assert_eq!(read("\n"), Line::Damaged);
        assert_eq!(super::read(b"\xff\xfe\n"), Line::Damaged);
        assert_eq!(read(&write("abc-7", &[1.0])), Line::OfAnotherProgram);
    }
}
