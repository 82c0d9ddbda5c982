//! The units already run, kept while a study runs and afterwards: an interrupted study goes on
//! where it stopped, and one that is given more replications runs only the new ones.
//!
//! A line per unit, appended when it ends: its key, the bits of its metrics in hexadecimal, and a
//! checksum. A line that was cut off or damaged costs its unit and no other, and is counted; one that
//! belongs to another program or model counts for nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, Write};
use std::path::Path;
use std::sync::{Mutex, RwLock};

use super::files::WriteError;
use super::manifest::model_hash;
use crate::experiment::plan::Plan;
use crate::experiment::runner::Unit;
use crate::system::metrics::METRICS;

/// Name of the journal in the study's folder.
pub const JOURNAL: &str = "units.journal";

/// The units already run: where each stands in the file, from which it is read when it is needed.
#[derive(Debug)]
pub struct Journal {
    held: RwLock<BTreeMap<Key, u64>>,
    /// Key of each point: program, seed and model.
    points: Vec<u128>,
    writer: Mutex<File>,
    reader: Mutex<BufReader<File>>,
    /// Lines that were damaged.
    pub damaged: usize,
}

/// A point's key and the replication.
type Key = (u128, u64);

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
        let open = || -> std::io::Result<Self> {
            fs::create_dir_all(folder)?;
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).open(&path)?;
            if fresh {
                file.set_len(0)?;
            }
            let mut reader = BufReader::with_capacity(BUFFER, File::open(&path)?);
            let Contents { held, damaged, whole } = contents(&mut reader)?;
            if whole < file.metadata()?.len() {
                // A last line that was cut off must not run into the next.
                file.set_len(whole)?;
            }
            let key = |point| key_of_point(program, plan.seed_of(point), &model_hash(plan, point));
            Ok(Self {
                held: RwLock::new(held),
                points: (0..plan.points.len()).map(key).collect(),
                writer: Mutex::new(file),
                reader: Mutex::new(reader),
                damaged,
            })
        };
        open().map_err(|source| WriteError { path: path.clone(), source })
    }

    /// The metrics of a unit that has been run; none where they cannot be read back.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    #[must_use]
    pub fn get(&self, unit: Unit) -> Option<Vec<f64>> {
        match read(&self.line(unit)?) {
            Line::Unit(key, metrics) if key == self.key(unit) => Some(metrics),
            _ => None,
        }
    }

    /// One metric of a unit that has been run; none where it cannot be read back. The line was seen
    /// to be whole when the journal was opened, or when it was written.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    #[must_use]
    pub fn value(&self, unit: Unit, metric: usize) -> Option<f64> {
        let line = String::from_utf8(self.line(unit)?).ok()?;
        let values = line.strip_prefix(&named(self.key(unit)))?;
        let bits = values.split(' ').nth(1 + metric)?;
        u64::from_str_radix(bits, 16).ok().map(f64::from_bits)
    }

    /// Whether a unit has been run.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    #[must_use]
    pub fn holds(&self, unit: Unit) -> bool {
        self.held.read().expect("no writer panics").contains_key(&self.key(unit))
    }

    /// Notes a unit that has just been run; a unit that is there already is not changed.
    ///
    /// # Errors
    /// Where the file cannot be written.
    ///
    /// # Panics
    /// Where another thread panicked while it wrote.
    pub fn note(&self, unit: Unit, metrics: &[f64]) -> std::io::Result<()> {
        let key = self.key(unit);
        let line = write(key, metrics);
        let mut writer = self.writer.lock().expect("no writer panics");
        if self.holds(unit) {
            return Ok(());
        }
        writer.write_all(line.as_bytes())?;
        // Another command may append to the same file.
        let at = writer.stream_position()? - line.len() as u64;
        self.held.write().expect("no writer panics").insert(key, at);
        Ok(())
    }

    /// The line of a unit, as it stands in the file now.
    fn line(&self, unit: Unit) -> Option<Vec<u8>> {
        let at = *self.held.read().expect("no writer panics").get(&self.key(unit))?;
        let mut reader = self.reader.lock().expect("no reader panics");
        let here = reader.stream_position().ok()?;
        reader.seek_relative(at.wrapping_sub(here) as i64).ok()?;
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        Some(line)
    }

    fn key(&self, unit: Unit) -> Key {
        (self.points[unit.point], unit.replication)
    }
}

/// Bytes that are read at once: a few lines.
const BUFFER: usize = 1 << 14;

/// What a journal holds.
struct Contents {
    /// Where the line of each unit begins.
    held: BTreeMap<Key, u64>,
    damaged: usize,
    /// Length of its whole lines.
    whole: u64,
}

impl Contents {
    /// Takes what can be read of a line. Where the byte between two lines is damaged, both stand in
    /// one: the second is whole nevertheless.
    fn take(&mut self, line: &[u8]) {
        let unit = |from: usize| match read(&line[from..]) {
            Line::Unit(key, _) => Some((key, self.whole + from as u64)),
            Line::OfAnotherProgram | Line::Damaged => None,
        };
        let found = match read(line) {
            Line::Unit(key, _) => Some((key, self.whole)),
            Line::OfAnotherProgram => None,
            Line::Damaged => {
                self.damaged += 1;
                let last = line.len().saturating_sub(LINE_MAX).max(1)..line.len();
                last.filter(|from| begins_with_a_key(&line[*from..])).find_map(unit)
            }
        };
        self.held.extend(found);
    }
}

/// Digits of a point's key.
const KEY: usize = 32;
/// Bytes of the longest line: the key, twenty digits of a replication, sixteen of each metric, the
/// checksum, and what parts them.
const LINE_MAX: usize = KEY + 1 + 20 + 17 * METRICS.len() + 10;

fn begins_with_a_key(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits == KEY && line.get(KEY) == Some(&b'-')
}

fn contents(reader: &mut impl BufRead) -> std::io::Result<Contents> {
    let mut contents = Contents { held: BTreeMap::new(), damaged: 0, whole: 0 };
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let is_whole = line.ends_with(b"\n");
        contents.take(&line);
        if is_whole {
            contents.whole += line.len() as u64;
        }
        line.clear();
    }
    Ok(contents)
}

fn key_of_point(program: &str, seed: u64, model: &str) -> u128 {
    let hash = blake3::hash(format!("{program} {seed} {model}").as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    u128::from_be_bytes(*first)
}

/// A key as it begins a line.
fn named((point, replication): Key) -> String {
    format!("{point:032x}-{replication}")
}

fn write(key: Key, metrics: &[f64]) -> String {
    let mut line = named(key);
    for metric in metrics {
        let _ = write!(line, " {:x}", metric.to_bits());
    }
    let check = checksum(&line);
    let _ = writeln!(line, " {check}");
    line
}

/// What a line of the journal says.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Unit(Key, Vec<f64>),
    /// It has other metrics.
    OfAnotherProgram,
    Damaged,
}

fn read(line: &[u8]) -> Line {
    let parts = || {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (body, check) = line.rsplit_once(' ')?;
        let (key, values) = body.split_once(' ')?;
        let (point, replication) = key.split_once('-')?;
        let key = (u128::from_str_radix(point, 16).ok()?, replication.parse().ok()?);
        let bits = values.split(' ').map(|v| u64::from_str_radix(v, 16).ok().map(f64::from_bits));
        (checksum(body) == check).then_some((key, bits.collect::<Option<Vec<f64>>>()?))
    };
    match parts() {
        None => Line::Damaged,
        Some((key, metrics)) if metrics.len() == METRICS.len() => Line::Unit(key, metrics),
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
        let line = write((0xabc, 7), &metrics);
        let read = |line: &str| super::read(line.as_bytes());
        assert_eq!(read(&line), Line::Unit((0xabc, 7), metrics));
        assert_eq!(read(&line[..line.len() - 1]), Line::Damaged);
        assert_eq!(read(&line.replacen("abc", "abd", 1)), Line::Damaged);
        assert_eq!(super::read(b"\n"), Line::Damaged);
        assert_eq!(super::read(b"\xff\xfe\n"), Line::Damaged);
        assert_eq!(read(&write((0xabc, 7), &[1.0])), Line::OfAnotherProgram);
    }

    /// Any byte of the file may be damaged, those at the ends of lines too: at most one unit is
    /// lost.
    #[test]
    fn a_damaged_byte_costs_one_unit() {
        let metrics = vec![0.5; METRICS.len()];
        let lines: Vec<String> = (0..3).map(|r| write((1, r), &metrics)).collect();
        let file = lines.concat();
        for at in 0..file.len() {
            let mut bytes = file.clone().into_bytes();
            bytes[at] ^= 0x55;
            let got = contents(&mut &bytes[..]).unwrap();
            assert!(got.held.len() >= 2 && got.damaged == 1, "byte {at}: {:?}", got.held);
        }
    }
}
