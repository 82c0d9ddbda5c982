//! What is wrong with files, told to a person: the place, the key, the value found and what is
//! allowed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

/// A text that was read, with the name people know it by.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    text: NamedSource<Arc<str>>,
}

impl Source {
    pub(super) fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        let name = harmless(&name.into());
        let text: Arc<str> = text.into();
        let text = if text.chars().any(controls) { harmless(&text).into() } else { text };
        Arc::new(Self { text: NamedSource::new(&name, text), name })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn text(&self) -> &str {
        self.text.inner()
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text().get(..byte).unwrap_or(self.text());
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// Whether a character controls the terminal that shows it, or the order in which others are shown.
pub(super) fn controls(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with a mark for each character that controls, as many bytes long as that was.
fn harmless(text: &str) -> String {
    let mark = |c: char| match (controls(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '?',
        (true, 2) => '\u{bf}',
        (true, _) => '\u{fffd}',
    };
    text.chars().map(mark).collect()
}

/// A stretch of a source.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) source: Arc<Source>,
    pub(super) span: Range<usize>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) spot: Option<Spot>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: harmless(&message.into()), help: None, spot: None }
    }

    pub(super) fn at(self, source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { spot: Some(Spot { source: Arc::clone(source), span }), ..self }
    }

    /// A problem told in one sentence; what follows a semicolon is advice.
    pub(super) fn with_advice(text: &str) -> Self {
        match text.split_once("; ") {
            Some((message, advice)) => Self::new(message).help(advice),
            None => Self::new(text),
        }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(harmless(&help.into())), ..self }
    }

    /// `file:line:column: message (help)`.
    fn line(&self) -> String {
        let place = self.spot.as_ref().map_or_else(String::new, |spot| {
            let (line, column) = spot.source.position(spot.span.start);
            format!("{}:{line}:{column}: ", spot.source.name())
        });
        let help = self.help.as_ref().map_or_else(String::new, |h| format!(" ({h})"));
        format!("{place}{}{help}", self.message)
    }

    fn is_like(&self, other: &Self) -> bool {
        let place = |p: &Self| p.spot.as_ref().map(|s| (s.source.name().to_owned(), s.span.start));
        self.message == other.message && place(self) == place(other)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.spot.as_ref().map(|spot| &spot.source.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spot = self.spot.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, spot.span.clone()))))
    }
}

/// Problems past which the rest is only counted.
const SHOWN_MAX: usize = 20;

/// Why a file was refused: everything that is wrong with it, as far as could be told.
#[derive(Clone, Debug)]
pub struct InputError {
    /// At least one; none past [`SHOWN_MAX`].
    problems: Vec<Problem>,
    /// How many there are.
    count: usize,
}

impl InputError {
    /// `problems` must not be empty; what stands there twice is told once.
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        let mut kept: Vec<Problem> = Vec::new();
        let mut count = 0;
        for problem in problems {
            if kept.iter().any(|k| k.is_like(&problem)) {
                continue;
            }
            count += 1;
            if kept.len() < SHOWN_MAX {
                kept.push(problem);
            }
        }
        assert!(!kept.is_empty(), "an error needs a problem");
        Self { problems: kept, count }
    }

    /// The problems as plain lines: `file:line:column: what is wrong (what helps)`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(Problem::line)
    }

    fn single(&self) -> Option<&Problem> {
        if self.count == 1 { self.problems.first() } else { None }
    }
}

impl From<Problem> for InputError {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = self.single() {
            return problem.fmt(f);
        }
        write!(f, "{} problems", self.count)?;
        if self.count > self.problems.len() {
            write!(f, ", of which the first {} are shown", self.problems.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for InputError {}

impl Diagnostic for InputError {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.single().and_then(Diagnostic::help)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.single().and_then(Diagnostic::source_code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.single().and_then(Diagnostic::labels)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.single().is_some() {
            return None;
        }
        Some(Box::new(self.problems.iter().map(|p| p as &dyn Diagnostic)))
    }
}
