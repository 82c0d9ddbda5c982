//! Sentences of results as the page prints them, names in a typeface of their own.

use crate::experiment::figures;
use crate::output::plots::capital;

/// A sentence in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prose {
    pub(super) parts: Vec<Part>,
}

/// Letters of a sentence that is read at a glance: an assumption, two lines of large type.
const GLANCE: usize = 150;

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Whether it is a name as files have it.
    pub(super) code: bool,
    pub(super) text: String,
}

impl Prose {
    /// A sentence as it stands; what is between backticks is a name.
    pub(super) fn new(text: &str) -> Self {
        let paired = text.matches('`').count().is_multiple_of(2);
        let pieces: Vec<&str> = if paired { text.split('`').collect() } else { vec![text] };
        let part = |(place, piece): (usize, &&str)| Part {
            code: place % 2 == 1,
            text: (*piece).to_owned(),
        };
        let parts = pieces.iter().enumerate().map(part);
        Self { parts: parts.filter(|part| !part.text.is_empty()).collect() }
    }

    /// Whether it is short enough to be set large.
    pub(super) fn is_short(&self) -> bool {
        self.parts.iter().map(|part| part.text.chars().count()).sum::<usize>() <= GLANCE
    }

    /// A clause made a sentence: a capital letter and a full stop. A name at its head keeps its
    /// spelling.
    pub(super) fn sentence<'a>(clause: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let clause = clause.trim();
        let named = names.into_iter().any(|name| !name.is_empty() && clause.starts_with(name));
        let text = if named { clause.to_owned() } else { capital(clause) };
        let ended = text.trim_end_matches(')').ends_with(['.', '!', '?']);
        Self::new(&if ended { text } else { format!("{text}.") })
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The first sentence of a text, and the rest.
pub(super) fn first_of(text: &str) -> (&str, &str) {
    match text.find(". ") {
        Some(end) => (&text[..=end], text[end + 1..].trim_start()),
        None => (text, ""),
    }
}

/// A count with its noun: `1 run`, `2 runs`.
pub(super) fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// How often points were run: `3 replications of each of 12 points`.
pub(super) fn replications(least: usize, most: usize, points: usize) -> String {
    let runs = match (least, most) {
        (least, most) if least == most => counted(most, "replication"),
        (least, most) => format!("{least} to {most} replications"),
    };
    match points {
        1 => format!("{runs} of one setting"),
        _ => format!("{runs} of each of {points} settings"),
    }
}

/// Whose random numbers a point has.
pub(super) const fn draws(common: bool) -> &'static str {
    match common {
        true => "random numbers common to all settings",
        false => "random numbers of its own for each setting",
    }
}

/// `95 %` of 0.95, on one line.
pub(super) fn percent(share: f64) -> String {
    format!("{}\u{a0}%", figures::percent(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_out_and_clauses_become_sentences() {
        let parts = |prose: Prose| -> Vec<(bool, String)> {
            prose.parts.into_iter().map(|part| (part.code, part.text)).collect()
        };
        let text = |code: bool, text: &str| (code, text.to_owned());
        assert_eq!(
            parts(Prose::new("what `a` does")),
            [text(false, "what "), text(true, "a"), text(false, " does")]
        );
        assert_eq!(parts(Prose::new("a ` alone")), [text(false, "a ` alone")]);
        let sentence = |clause: &str| parts(Prose::sentence(clause, ["base = 1s", ""]));
        assert_eq!(sentence("2 of 3 may be best"), [text(false, "2 of 3 may be best.")]);
        assert_eq!(sentence("best mean"), [text(false, "Best mean.")]);
        assert_eq!(sentence("base = 1s: more"), [text(false, "base = 1s: more.")]);
        assert_eq!(sentence("Is it so?"), [text(false, "Is it so?")]);
        assert_eq!(sentence("It is. (All of it.)"), [text(false, "It is. (All of it.)")]);
        assert_eq!(first_of("One, 0.5. Two."), ("One, 0.5.", "Two."));
        assert_eq!(first_of("One."), ("One.", ""));
    }

    #[test]
    fn runs_are_counted_in_words() {
        assert_eq!(replications(3, 3, 12), "3 replications of each of 12 settings");
        assert_eq!(replications(1, 1, 1), "1 replication of one setting");
        assert_eq!(replications(10, 30, 2), "10 to 30 replications of each of 2 settings");
        assert_eq!(percent(0.995), "99.5\u{a0}%");
        assert_eq!(listed(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
    }
}
