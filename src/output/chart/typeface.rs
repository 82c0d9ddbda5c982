//! The embedded typeface: how wide a text is, and where it breaks.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The family's name, which is also what an SVG asks for: a browser takes the first it has.
const FAMILY: &str = "Inter, Helvetica Neue, Helvetica, Arial, sans-serif";
const REGULAR: &[u8] = include_bytes!("fonts/TrunksimSans-Regular.otf");
const BOLD: &[u8] = include_bytes!("fonts/TrunksimSans-Bold.otf");
/// Ascender minus descender, in ems: (2728 + 680) / 2816. ab_glyph takes a size to mean that height.
pub(super) const HEIGHT_EM: f64 = 3408.0 / 2816.0;
/// Room left for a browser's other typeface, where the embedded one is missing.
const SLACK: f64 = 1.06;
/// Texts are measured large, for plotters rounds a width down to a whole pixel.
const MEASURED_AT: f64 = 1000.0;

/// How heavy a text is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The typeface at a size in ems of pixels, or as ab_glyph has it, by `HEIGHT_EM`.
pub(super) fn font(size: f64, weight: Weight) -> FontDesc<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let done = register_font(FAMILY, FontStyle::Normal, REGULAR)
            .and_then(|()| register_font(FAMILY, FontStyle::Bold, BOLD));
        assert!(done.is_ok(), "the embedded typeface is broken");
    });
    let style = match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
}

/// The exact width of a text in the embedded typeface, in pixels.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let measured = font(MEASURED_AT, weight).box_size(text);
    let (width, _) = measured.expect("the typeface is registered");
    f64::from(width) / MEASURED_AT * HEIGHT_EM * size
}

/// The width to keep free for a text, whatever typeface shows it.
pub(super) fn room(text: &str, size: f64, weight: Weight) -> f64 {
    width(text, size, weight) * SLACK
}

/// Breaks a text at its spaces into lines that fit a width; a word wider than that is broken too.
/// An empty text has no line.
pub(super) fn wrap(text: &str, size: f64, weight: Weight, width: f64) -> Vec<String> {
    let fits = |line: &str| room(line, size, weight) <= width;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        if let Some(line) = lines.last_mut() {
            let longer = format!("{line} {word}");
            if fits(&longer) {
                *line = longer;
                continue;
            }
        }
        let mut piece = String::new();
        for letter in word.chars() {
            piece.push(letter);
            if piece.chars().count() > 1 && !fits(&piece) {
                piece.pop();
                lines.push(std::mem::replace(&mut piece, letter.to_string()));
            }
        }
        lines.push(piece);
    }
    lines
}
