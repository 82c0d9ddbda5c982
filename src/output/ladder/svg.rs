//! A sequence diagram as SVG. What a colour says, a dash or a width says too.

use std::fmt::Write;

use super::layout::{Anchor, Shape, Style, lay_out};
use crate::output::chart::typeface::{FAMILY, Weight};
use crate::system::story::diagram::{Ladder, Mark, Tone};
use crate::system::story::label::clock;

/// How a tone is drawn: stroke, fill of a note, width, dash. Hues are Okabe and Ito's (2008).
const fn ink(tone: Tone) -> (&'static str, &'static str, f64, &'static str) {
    match tone {
        Tone::Plain => ("#444444", "#f6f6f6", 1.2, ""),
        Tone::Good => ("#00795a", "#eaf6f2", 1.4, ""),
        Tone::Refused => ("#c25400", "#fdf1e6", 1.4, "6 3"),
        Tone::Failed => ("#a3123a", "#fbe9ee", 2.2, ""),
        Tone::Decided => ("#0072b2", "#e8f2f9", 1.4, ""),
    }
}

/// The diagram as the bytes of an SVG file.
#[must_use]
pub fn svg(ladder: &Ladder) -> Vec<u8> {
    let layout = lay_out(ladder);
    let mut text = String::new();
    let (width, height) = (px(layout.width.ceil()), px(layout.height.ceil()));
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\">"
    );
    let _ = writeln!(text, "<title>{}</title>", escaped(&ladder.title));
    let _ = writeln!(text, "<desc>{}</desc>", escaped(&description(ladder)));
    let _ = writeln!(text, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    for shape in &layout.shapes {
        draw(shape, &mut text);
    }
    text.push_str("</svg>\n");
    text.into_bytes()
}

/// What the diagram says, for those who do not see it.
fn description(ladder: &Ladder) -> String {
    let name = |lane: &usize| ladder.lanes[*lane].as_str();
    let rows = ladder.rows.iter().map(|row| match &row.mark {
        Mark::Arrow { from, to, label } => {
            format!("{} {} to {}: {label}.", clock(row.at), name(from), name(to))
        }
        Mark::Note { lane, text } => format!("{} {}: {text}.", clock(row.at), name(lane)),
        Mark::Skipped { count, until, .. } => format!("{count} more up to {}.", clock(*until)),
    });
    rows.collect::<Vec<String>>().join(" ")
}

fn draw(shape: &Shape, out: &mut String) {
    let _ = match shape {
        Shape::Life { x, from, to } => writeln!(
            out,
            "<path d=\"M{} {}V{}\" stroke=\"#b0b0b0\" stroke-width=\"1\" stroke-dasharray=\"2 3\"/>",
            px(*x),
            px(*from),
            px(*to)
        ),
        Shape::Break { x, y } => writeln!(
            out,
            "<path d=\"M{} {}l10 -4M{} {}l10 -4\" stroke=\"#777777\" stroke-width=\"1.2\"/>",
            px(x - 5.0),
            px(y - 1.0),
            px(x - 5.0),
            px(y + 5.0)
        ),
        Shape::Arrow { from, to, y, tone } => arrow((*from, *to), *y, *tone, out),
        Shape::Frame { x, y, width, height, tone } => {
            let (stroke, fill, line, dash) = ink(*tone);
            writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"{fill}\" \
                 stroke=\"{stroke}\" stroke-width=\"{line}\"{}/>",
                px(*x),
                px(*y),
                px(*width),
                px(*height),
                dashed(dash)
            )
        }
        Shape::Head { x, y, width, height } => writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"#eeeeee\" \
             stroke=\"#777777\"/>",
            px(*x),
            px(*y),
            px(*width),
            px(*height)
        ),
        Shape::Text { x, y, text, anchor, style } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
            };
            writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor}{}>{}</text>",
                px(*x),
                px(*y),
                style.size(),
                look(*style),
                escaped(text)
            )
        }
    };
}

/// What sets a style apart; labels have a white rim, so that the lifelines under them do not
/// disturb.
const fn look(style: Style) -> &'static str {
    match (style, style.weight()) {
        (Style::Label, _) => {
            " fill=\"#1a1a1a\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" \
             paint-order=\"stroke\""
        }
        (Style::Time, _) => " fill=\"#555555\"",
        (_, Weight::Bold) => " fill=\"#1a1a1a\" font-weight=\"bold\"",
        (_, Weight::Regular) => " fill=\"#1a1a1a\"",
    }
}

fn arrow((from, to): (f64, f64), y: f64, tone: Tone, out: &mut String) -> std::fmt::Result {
    let (stroke, _, width, dash) = ink(tone);
    let back = if to > from { -9.0 } else { 9.0 };
    writeln!(
        out,
        "<path d=\"M{} {}H{}\" stroke=\"{stroke}\" stroke-width=\"{width}\"{}/>",
        px(from),
        px(y),
        px(to + back),
        dashed(dash)
    )?;
    writeln!(out, "<path d=\"M{} {}l{} -4.5v9z\" fill=\"{stroke}\"/>", px(to), px(y), px(back))
}

fn dashed(dash: &str) -> String {
    if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") }
}

/// A length to a tenth of a pixel, without an idle nought.
fn px(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
