//! The embedded typeface: how wide a text is, where it breaks, and its glyphs' shapes.
//!
//! Glyphs are placed here and not by plotters, which drops their left bearings: an `i` would stick
//! to the letter before it.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// What an SVG asks for: a browser takes the first it has.
pub(in crate::output) const FAMILY: &str = "Inter, Helvetica Neue, Helvetica, Arial, sans-serif";
const REGULAR: &[u8] = include_bytes!("fonts/TrunksimSans-Regular.otf");
const BOLD: &[u8] = include_bytes!("fonts/TrunksimSans-Bold.otf");
/// How heavy a text is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::output) enum Weight {
    Regular,
    Bold,
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    static FONTS: OnceLock<[FontRef<'static>; 2]> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        [REGULAR, BOLD].map(|bytes| FontRef::try_from_slice(bytes).expect("an embedded typeface"))
    });
    match weight {
        Weight::Regular => &fonts[0],
        Weight::Bold => &fonts[1],
    }
}

/// ab_glyph's scale, which is a height, for a size in pixels per em.
fn scale(font: &FontRef<'_>, size: f64) -> PxScale {
    let units = font.units_per_em().expect("an embedded typeface has units");
    PxScale::from(font.height_unscaled() / units * size as f32)
}

/// The width of a text in the embedded typeface, in pixels, for a size in pixels per em.
pub(in crate::output) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let font = font(weight);
    let scaled = font.as_scaled(scale(font, size));
    text.chars().map(|letter| f64::from(scaled.h_advance(font.glyph_id(letter)))).sum()
}

/// Calls `dot` for every pixel a text touches, with the share of the pixel it covers; the text
/// starts at `x` on the given baseline.
pub(super) fn draw(
    text: &str,
    size: f64,
    weight: Weight,
    (x, baseline): (f64, f64),
    mut dot: impl FnMut((i32, i32), f64),
) {
    let font = font(weight);
    let scaled = font.as_scaled(scale(font, size));
    let mut pen = x as f32;
    for letter in text.chars() {
        let mut glyph = scaled.scaled_glyph(letter);
        glyph.position = point(pen, baseline as f32);
        pen += scaled.h_advance(glyph.id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        let corner = (corner.x as i32, corner.y as i32);
        outline.draw(|x, y, covered| {
            let covered = f64::from(covered).clamp(0.0, 1.0);
            dot((corner.0 + x as i32, corner.1 + y as i32), covered);
        });
    }
}

/// The width to keep free for a text, whatever typeface shows it: DejaVu Sans is the widest that
/// a browser is likely to take.
pub(in crate::output) fn room(text: &str, size: f64, weight: Weight) -> f64 {
    let slack = match weight {
        Weight::Regular => 1.08,
        Weight::Bold => 1.18,
    };
    width(text, size, weight) * slack
}

/// Breaks a text at its spaces into lines that fit a width; a word wider than that is broken too,
/// after a sign within it if there is one. An empty text has no line.
pub(in crate::output) fn wrap(text: &str, size: f64, weight: Weight, width: f64) -> Vec<String> {
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
        let mut rest = word;
        while !fits(rest) {
            let (piece, after) = rest.split_at(break_within(rest, fits));
            if after.is_empty() {
                break;
            }
            lines.push(piece.to_owned());
            rest = after;
        }
        lines.push(rest.to_owned());
    }
    lines
}

/// Where to break a word that does not fit: at least one letter on.
fn break_within(word: &str, fits: impl Fn(&str) -> bool) -> usize {
    let ends = word.char_indices().map(|(at, letter)| (at + letter.len_utf8(), letter));
    let fitting: Vec<(usize, char)> = ends.take_while(|&(end, _)| fits(&word[..end])).collect();
    let sign = fitting.iter().rev().find(|(_, letter)| matches!(letter, '_' | '-' | '/' | '.'));
    let first = word.chars().next().map_or(0, char::len_utf8);
    sign.or(fitting.last()).map_or(first, |&(end, _)| end)
}

/// The same, with lines of about one length.
pub(in crate::output) fn wrap_evenly(
    text: &str,
    size: f64,
    weight: Weight,
    width: f64,
) -> Vec<String> {
    let lines = wrap(text, size, weight, width);
    let narrower = (1..20).map(|step| width * (1.0 - 0.025 * f64::from(step)));
    let tried = narrower.map(|width| wrap(text, size, weight, width));
    tried.take_while(|tried| tried.len() == lines.len()).last().unwrap_or(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_at_spaces_and_a_long_word_at_its_signs() {
        let wrap = |text: &str| wrap(text, 10.0, Weight::Regular, 60.0);
        assert_eq!(wrap("none at all today"), ["none at all", "today"]);
        assert_eq!(wrap("full_jitter_capped"), ["full_jitter_", "capped"]);
        assert_eq!(wrap("80\u{a0}% of"), ["80\u{a0}% of"]);
        assert!(wrap("wwwwwwwwwwwwwwwwwwww").len() > 1);
        assert!(wrap("").is_empty());
        assert_eq!(super::wrap("ab", 10.0, Weight::Regular, 0.0), ["a", "b"]);
    }

    #[test]
    fn every_sign_of_a_chart_has_a_glyph() {
        for weight in [Weight::Regular, Weight::Bold] {
            for letter in "±−×≤≥…–—µ→←°%\u{a0}\u{2009}".chars() {
                assert_ne!(font(weight).glyph_id(letter).0, 0, "{letter:?}");
            }
        }
    }
}
