//! Drawings on disk, made fit to stand in a page: the title and the description out of the drawing,
//! where a browser would show them over all of it, and into the page.

use super::folder::COMMANDS;
use super::manifest::Manifest;

/// A drawing in the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawing {
    /// The file it is from.
    pub(super) file: String,
    /// The command that drew it; nothing where its name does not say.
    pub(super) command: &'static str,
    /// Its place among the drawings: those of the command that decides first, those of one command
    /// in the study's order.
    pub(super) place: (usize, usize),
    /// What it shows, as a sentence; already escaped.
    pub(super) title: String,
    /// Its values in words, a sentence each; already escaped.
    pub(super) words: Vec<String>,
    /// Whether there are marks in it to point at.
    pub(super) marked: bool,
    /// The drawing, an `svg` element.
    pub(super) svg: String,
}

/// Which command draws a file of this name, by the way it names its files, and its place among
/// those of that command.
fn drawn_by(stem: &str, manifest: &Manifest) -> (&'static str, usize) {
    let of_the_study = manifest.plots.iter().position(|plot| plot.file == stem);
    let (kind, metric) = stem.split_once('-').unwrap_or((stem, ""));
    let metric = metric.replace('-', "_");
    let by_metric =
        || manifest.metrics.iter().position(|known| *known == metric).unwrap_or(usize::MAX);
    match (of_the_study, kind) {
        (Some(place), _) => ("sweep", place),
        (None, "front") => ("tune", 0),
        (None, "forest") => ("compare", by_metric()),
        (None, "tornado") => ("sensitivity", by_metric()),
        (None, _) => ("", 0),
    }
}

/// What no drawing of ours holds: each could run, load or restyle something in the page.
const FORBIDDEN: [&str; 8] =
    ["<script", "<style", "<foreignobject", "<image", "<use", "href", "javascript:", "url("];

/// A drawing from the text of its file; none where it is not one of shapes and words alone.
pub(super) fn drawing(file: &str, text: &str, manifest: &Manifest) -> Option<Drawing> {
    let text = &text[text.find("<svg")?..];
    let lower = text.to_lowercase();
    let handles = |attribute: &str| {
        let name = attribute.split('=').next().unwrap_or_default();
        attribute.contains('=') && name.starts_with("on") && name.len() > 2
    };
    let tags = lower.split('<').map(|tag| tag.split('>').next().unwrap_or_default());
    let harmless = !FORBIDDEN.iter().any(|word| lower.contains(word))
        && tags.clone().all(|tag| !tag.split_whitespace().any(handles));
    if !harmless || !lower.trim_end().ends_with("</svg>") {
        return None;
    }
    let (head, rest) = text.split_once('>')?;
    let (title, rest) = taken(rest, "title");
    let (description, rest) = taken(rest, "desc");
    // Their texts go into the page, where a tag would be one.
    if title.contains('<') || description.contains('<') {
        return None;
    }
    let head = head.replace(" role=\"img\"", "");
    let label = title.replace('"', "&quot;");
    let (command, place) = drawn_by(file.trim_end_matches(".svg"), manifest);
    // What no command is known to draw comes last.
    let of = COMMANDS.iter().position(|known| *known == command).unwrap_or(COMMANDS.len());
    Some(Drawing {
        file: file.to_owned(),
        command,
        place: (of, place),
        svg: format!("{head} role=\"img\" aria-label=\"{label}\">{}", rest.trim_end()),
        words: sentences(&description),
        marked: rest.contains("class=\"spot\""),
        title,
    })
}

/// A description by its sentences: a line of a plot is a sentence, and a paragraph of all these
/// sentences cannot be read.
fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some(end) = rest.find(". ") {
        found.push(rest[..=end].to_owned());
        rest = rest[end + 2..].trim_start();
    }
    found.extend((!rest.is_empty()).then(|| rest.to_owned()));
    found
}

/// The content of an element that comes first, and what follows it; nothing and all, where another
/// comes first.
fn taken<'a>(text: &'a str, name: &str) -> (String, &'a str) {
    let inner = || {
        let after = text.trim_start().strip_prefix(&format!("<{name}>"))?;
        after.split_once(&format!("</{name}>"))
    };
    inner().map_or((String::new(), text), |(content, rest)| (content.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::sample;
    use super::*;

    const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"9\">\n\
        <title>A \"b\" &amp; c</title>\n<desc>Words: on=1. More: 0.5, 2.</desc>\n<rect class=\"spot\" x=\"1\"><title>One</title></rect>\n\
        </svg>\n";

    #[test]
    fn a_drawing_gives_its_title_and_description_to_the_page() {
        let figure = drawing("a.svg", DRAWING, &sample()).unwrap();
        assert_eq!(figure.title, "A \"b\" &amp; c");
        assert_eq!(figure.words, ["Words: on=1.", "More: 0.5, 2."]);
        assert_eq!((figure.command, figure.place, figure.marked), ("sweep", (2, 1), true));
        assert!(figure.svg.contains("role=\"img\" aria-label=\"A &quot;b&quot; &amp; c\""));
        assert!(figure.svg.contains("<rect class=\"spot\" x=\"1\"><title>One</title></rect>"));
        assert!(!figure.svg.contains("<desc>") && figure.svg.ends_with("</svg>"));
    }

    #[test]
    fn drawings_of_the_command_that_decides_come_first() {
        let of = |stem: &str| drawn_by(stem, &sample());
        let stems = ["front", "forest-failovers", "later", "tornado-api-429s", "own-drawing"];
        let commands = ["tune", "compare", "sweep", "sensitivity", ""];
        assert_eq!(stems.map(of).map(|(command, _)| command), commands);
        assert!(of("forest-failovers").1 < of("forest-api_429s").1, "as the study ranks");
    }

    #[test]
    fn what_could_do_anything_else_is_left_out() {
        for bad in [
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=\"alert(1)\"></svg>",
            "<svg><rect OnClick='x'/></svg>",
            "<svg><a xlink:href=\"https://example.org\">x</a></svg>",
            "<svg><style>*{display:none}</style></svg>",
            "<svg><title><b>x</b></title></svg>",
            "<svg><rect",
            "no drawing",
        ] {
            assert_eq!(drawing("bad.svg", bad, &sample()), None, "{bad}");
        }
    }
}
