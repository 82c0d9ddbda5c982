//! Reading a TOML file with the place of everything in it, and putting files together.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::SourceFile;
use super::origin::{Layer, Origins};
use super::report::{InputError, Problem, Source, Spot};
use crate::experiment::overrides::merge;

/// A TOML file that was read.
pub(super) struct Document {
    pub(super) source: Arc<Source>,
    pub(super) table: Table,
    pub(super) places: Layer,
}

/// Files put together to one table.
pub(super) struct Resolved {
    pub(super) table: Table,
    pub(super) origins: Origins,
    pub(super) files: Vec<SourceFile>,
}

/// Bytes of a model or study: fifty thousand trunks.
const MODEL_MAX: u64 = 16 << 20;

/// Bytes of a file beside a model: tens of millions of arrivals.
pub(super) const DATA_MAX: u64 = 256 << 20;

/// Reads a file of at most so many bytes as text; where that fails the problem is shown at `named`,
/// where there is one. What a file names must be a regular file: a device or a pipe may have no end.
pub(super) fn read(path: &Path, most: u64, named: Option<&Spot>) -> Result<String, Problem> {
    bytes(path, most, named.is_some())
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into()))
        .map_err(|error| {
            let reason = match error.kind() {
                ErrorKind::NotFound => "no such file".to_owned(),
                ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
                _ => error.to_string(),
            };
            let problem = Problem::new(format!("cannot read {}: {reason}", path.display()));
            match named {
                Some(spot) => problem.at(&spot.source, spot.span.clone()),
                None => problem,
            }
        })
}

/// What a path stands for that is no file: standard input.
const STANDARD_INPUT: &str = "-";

/// All of standard input. It is read once, also where a command asks for it twice.
fn standard_input(most: u64) -> io::Result<Vec<u8>> {
    static READ: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(bytes) = READ.get() {
        return Ok(bytes.clone());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(most + 1).read_to_end(&mut bytes)?;
    Ok(READ.get_or_init(|| bytes).clone())
}

fn bytes(path: &Path, most: u64, regular: bool) -> io::Result<Vec<u8>> {
    let all = |bytes: Vec<u8>| {
        let too_large = || io::Error::other(format!("larger than {} MiB", most >> 20));
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
    };
    if !regular && path == Path::new(STANDARD_INPUT) {
        return standard_input(most).and_then(all);
    }
    let metadata = std::fs::metadata(path)?;
    if regular && !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    // One byte more tells that there is more: also of what is no regular file and has no length.
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    all(bytes)
}

/// `file` as seen from `from`, a file beside it, without needless `..`.
pub(super) fn beside(from: &Path, file: &str) -> PathBuf {
    let joined = from.parent().unwrap_or(Path::new("")).join(file);
    let mut tidy = PathBuf::new();
    for part in joined.components() {
        match (part, tidy.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidy.pop();
            }
            (part, _) => tidy.push(part),
        }
    }
    // `a/link/../b` is not always `a/b`.
    match (tidy.canonicalize(), joined.canonicalize()) {
        (Ok(one), Ok(other)) if one != other => joined,
        _ => tidy,
    }
}

impl Document {
    /// Reads the file at `path`. A file named by another (`named`) must end in `.toml`: errors quote
    /// lines of the file, and lines of any other file must not be shown.
    pub(super) fn read(path: &Path, named: Option<&Spot>) -> Result<Self, Problem> {
        let toml = |path: &Path| path.extension().is_some_and(|ending| ending == "toml");
        let real = path.canonicalize();
        if let Some(spot) = named
            && !(toml(path) && real.as_deref().map_or(true, toml))
        {
            let message = format!("{} must be a file with the ending .toml", path.display());
            return Err(Problem::new(message).at(&spot.source, spot.span.clone()));
        }
        let text = read(path, MODEL_MAX, named)?;
        Self::parse(&path.display().to_string(), &text)
    }

    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        let source = Source::new(name, text);
        let broken = |error: &toml::de::Error| {
            let span = error.span().unwrap_or(0..0);
            let message = format!("not valid TOML: {}", error.message().replace('\n', ", "));
            Problem::new(message).at(&source, within(text, span))
        };
        let table: Table = toml::from_str(text).map_err(|e| broken(&e))?;
        let parsed = DeTable::parse(text).map_err(|e| broken(&e))?;
        let root = Spanned::new(parsed.span(), DeValue::Table(parsed.into_inner()));
        Ok(Self { places: Layer::of(&source, "", &root), table, source })
    }

    /// The file, as results name it.
    pub(super) fn file(&self, path: &Path) -> SourceFile {
        SourceFile { path: path.to_owned(), text: self.source.text().to_owned(), is_data: false }
    }
}

/// A span that lies within the text, on whole characters.
fn within(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let floor = |mut byte: usize| {
        byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// Files an include may be away from the model.
const DEPTH_MAX: usize = 16;

/// Reads a model file and what it includes.
pub(super) fn resolve(path: &Path, named: Option<&Spot>) -> Result<Resolved, InputError> {
    let mut resolving = Resolving::default();
    let Known { source, table, layers } = resolving.file(path, named)?;
    let layers = layers.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok(Resolved { table, origins: Origins { root: source, layers }, files: resolving.files })
}

#[derive(Default)]
struct Resolving {
    /// The files that led here.
    above: Vec<PathBuf>,
    /// Files that have been read, with what they include: each is read once, however many include
    /// it.
    known: BTreeMap<PathBuf, Known>,
    files: Vec<SourceFile>,
}

/// A file with what it includes.
#[derive(Clone)]
struct Known {
    source: Arc<Source>,
    table: Table,
    /// Where its values stand: what comes later lies over what came before, and no file comes
    /// twice.
    layers: Vec<Arc<Layer>>,
}

impl Resolving {
    fn file(&mut self, path: &Path, named: Option<&Spot>) -> Result<Known, Problem> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(known) = self.known.get(&real) {
            return Ok(known.clone());
        }
        let document = Document::read(path, named)?;
        self.files.push(document.file(path));
        let mut own = document.table.clone();
        let includes = includes(&document, own.remove("include"))?;
        self.above.push(real.clone());
        let (mut table, mut layers) = (Table::new(), Vec::new());
        for (i, file) in includes.iter().enumerate() {
            let spot =
                document.places.get(&format!("include.{i}")).map(super::origin::Place::value);
            let target = beside(path, file);
            self.check(&target, spot.as_ref())?;
            let included = self.file(&target, spot.as_ref())?;
            merge("", &mut table, included.table);
            layers.retain(|l| !included.layers.iter().any(|other| Arc::ptr_eq(l, other)));
            layers.extend(included.layers);
        }
        self.above.pop();
        merge("", &mut table, own);
        layers.push(Arc::new(document.places));
        let known = Known { source: document.source, table, layers };
        self.known.insert(real, known.clone());
        Ok(known)
    }

    fn check(&self, target: &Path, named: Option<&Spot>) -> Result<(), Problem> {
        let refuse = |message: String| {
            let problem = Problem::new(message);
            Err(match named {
                Some(spot) => problem.at(&spot.source, spot.span.clone()),
                None => problem,
            })
        };
        if target.canonicalize().is_ok_and(|real| self.above.contains(&real)) {
            return refuse(format!("{} would include itself", target.display()));
        }
        if self.above.len() >= DEPTH_MAX {
            return refuse(format!("includes go deeper than {DEPTH_MAX} files"));
        }
        Ok(())
    }
}

fn includes(document: &Document, value: Option<Value>) -> Result<Vec<String>, Problem> {
    let refuse = |path: &str, message: &str| {
        let problem = Problem::new(message);
        let spot = document.places.get(path).map(super::origin::Place::value);
        Err(spot.map_or(problem.clone(), |s| problem.at(&s.source, s.span)))
    };
    let list = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return refuse("include", "`include` must be a list of files"),
    };
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for (i, value) in list.into_iter().enumerate() {
        match value {
            Value::String(file) if seen.insert(file.clone()) => files.push(file),
            Value::String(_) => {
                return refuse(&format!("include.{i}"), "this file is included twice");
            }
            _ => return refuse(&format!("include.{i}"), "`include` must be a list of files"),
        }
    }
    Ok(files)
}
