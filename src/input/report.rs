//! What is wrong with files, told to a person: the place, the key, the value found and what is
//! allowed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, NamedSource, Severity, SourceCode,
    SourceSpan, SpanContents,
};

/// A text that was read, with the name people know it by.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    text: NamedSource<Arc<str>>,
}

impl Source {
    pub(super) fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        const BYTE_ORDER: char = '\u{feff}';
        let name = harmless(&name.into());
        let text: Arc<str> = text.into();
        // The mark of the byte order stands before the first character of some files.
        let own = text.strip_prefix(BYTE_ORDER).unwrap_or(&text);
        let text = match controlling(own) {
            None => text,
            Some(_) if own.len() < text.len() => format!("{BYTE_ORDER}{}", harmless(own)).into(),
            Some(_) => harmless(own).into(),
        };
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

/// Bytes on either side of a place that are shown of a line of megabytes.
const AROUND: usize = 2_000;

/// The largest character boundary up to `byte`.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0)
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = self.text.read_span(span, lines_before, lines_after)?;
        if whole.data().len() <= 2 * AROUND {
            return Ok(whole);
        }
        let text = self.text();
        let at = boundary(text, span.offset());
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        // Without lines around it, only the place is asked for.
        let before = if lines_before == 0 { 0 } else { AROUND };
        let start = boundary(text, at.saturating_sub(before)).max(line);
        let end = boundary(text, at + AROUND);
        let (line, column) = self.position(start);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &text.as_bytes()[start..end],
            (start, end - start).into(),
            line - 1,
            column - 1,
            1,
        )))
    }
}

/// Whether a character controls the terminal that shows it or the order in which others are shown,
/// ends a line, or shows nothing, so that two names look the same. Joiners, which some languages
/// write with, do not.
fn controls(c: char) -> bool {
    let lines = matches!(c, '\n' | '\t' | '\r');
    let format = matches!(
        c,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    (c.is_control() && !lines) || format
}

/// The characters of a text, and whether each controls. A return of the carriage does where no new
/// line follows: what comes next is shown over what stands there.
fn judged(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = characters.next()?;
        let returns = c == '\r' && characters.peek() != Some(&'\n');
        Some((c, returns || controls(c)))
    })
}

/// The first character of the text that controls.
pub(super) fn controlling(text: &str) -> Option<char> {
    judged(text).find_map(|(c, controls)| controls.then_some(c))
}

/// The text with a mark for each character that controls, as many bytes long as that was.
pub(crate) fn harmless(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for (c, controls) in judged(text) {
        match (controls, c.len_utf8()) {
            (false, _) => marked.push(c),
            (true, 1) => marked.push('?'),
            (true, 2) => marked.push('\u{bf}'),
            (true, 3) => marked.push('\u{fffd}'),
            (true, _) => marked.push_str("?\u{fffd}"),
        }
    }
    marked
}

/// A message without what controls and, where it quotes megabytes, without their middle.
fn message(text: &str) -> String {
    if text.len() <= 2 * AROUND {
        return harmless(text);
    }
    let tail = (text.len() - AROUND / 4..).find(|byte| text.is_char_boundary(*byte));
    harmless(&format!("{} … {}", &text[..boundary(text, AROUND)], &text[tail.unwrap_or(0)..]))
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
        Self { message: self::message(&message.into()), help: None, spot: None }
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
        Self { help: Some(message(&help.into())), ..self }
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
        self.spot.as_ref().map(|spot| spot.source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spot = self.spot.as_ref()?;
        let Range { start, end } = spot.span;
        let end = end.min(boundary(spot.source.text(), start + AROUND));
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, start..end.max(start)))))
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
