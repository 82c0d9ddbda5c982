//! Drawings on disk, made fit to stand in a page: the title and the description out of the drawing,
//! where a browser would show them over all of it, and into the page.

/// A drawing in the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// The file it is from.
    pub(super) file: String,
    /// What it shows, as a sentence; already escaped.
    pub(super) title: String,
    /// Its values in words; already escaped.
    pub(super) description: String,
    /// The drawing, an `svg` element.
    pub(super) svg: String,
}

/// What no drawing of ours holds: each could run, load or restyle something in the page.
const FORBIDDEN: [&str; 8] =
    ["<script", "<style", "<foreignobject", "<image", "<use", "href", "javascript:", "url("];

/// A drawing from the text of its file; none where it is not one of shapes and words alone.
pub(super) fn figure(file: &str, text: &str) -> Option<Figure> {
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
    let head = head.replace(" role=\"img\"", "");
    let label = title.replace('"', "&quot;");
    Some(Figure {
        file: file.to_owned(),
        svg: format!("{head} role=\"img\" aria-label=\"{label}\">{}", rest.trim_end()),
        title,
        description,
    })
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
    use super::*;

    const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"9\">\n\
        <title>A \"b\" &amp; c</title>\n<desc>Words: on=1.</desc>\n<rect x=\"1\"><title>One</title></rect>\n\
        </svg>\n";

    #[test]
    fn a_drawing_gives_its_title_and_description_to_the_page() {
        let figure = figure("a.svg", DRAWING).unwrap();
        assert_eq!(figure.title, "A \"b\" &amp; c");
        assert_eq!(figure.description, "Words: on=1.");
        assert!(figure.svg.contains("role=\"img\" aria-label=\"A &quot;b&quot; &amp; c\""));
        assert!(figure.svg.contains("<rect x=\"1\"><title>One</title></rect>"));
        assert!(!figure.svg.contains("<desc>") && figure.svg.ends_with("</svg>"));
    }

    #[test]
    fn what_could_do_anything_else_is_left_out() {
        for bad in [
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=\"alert(1)\"></svg>",
            "<svg><rect OnClick='x'/></svg>",
            "<svg><a xlink:href=\"https://example.org\">x</a></svg>",
            "<svg><style>*{display:none}</style></svg>",
            "<svg><rect",
            "no drawing",
        ] {
            assert_eq!(figure("bad.svg", bad), None, "{bad}");
        }
    }
}
