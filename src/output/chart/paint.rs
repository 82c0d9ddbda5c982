//! A picture's bytes, painted by plotters' backends.
//!
//! An SVG's coordinates are whole tenths of a pixel, for plotters' are integers. A PNG is painted
//! three times finer than it is and averaged down, for plotters smooths no edge of a polygon.

use std::fmt::Debug;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};

use super::data::Chart;
use super::description::description;
use super::heading::Look;
use super::ink::{Ink, WHITE};
use super::picture::{Anchor, Mark, Picture, Place, Type};
use super::typeface::{self, FAMILY, Weight};

/// Around the chart, in pixels.
const MARGIN: f64 = 22.0;
/// Units of an SVG per pixel.
const SVG_UNITS: f64 = 10.0;
/// Pixels of a PNG per pixel of the layout: print and dense screens.
const PNG_SCALE: u32 = 2;
/// Samples per pixel of a PNG, each way.
const SAMPLES: u32 = 3;
/// plotters divides a font's size by this for an SVG.
const SVG_FONT_FACTOR: f64 = 1.24;
/// plotters shifts a text anchored at its top down by this many ems in an SVG.
const SVG_TOP_EM: f64 = 0.76;
/// 96 pixels per inch times `PNG_SCALE`, in pixels per metre.
const PIXELS_PER_METRE: u32 = 3780 * PNG_SCALE;

/// A chart as an SVG document, its texts as text.
#[must_use]
pub fn svg(chart: &Chart) -> String {
    let picture = framed(chart);
    let size = (units(picture.width, SVG_UNITS), units(picture.height, SVG_UNITS));
    let mut document = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut document, (size.0 as u32, size.1 as u32));
        for mark in &picture.marks {
            draw_vector(&mut backend, mark);
        }
        sure(backend.present());
    }
    // Only the root's tag is replaced: plotters' own has no title, and its unit is the pixel. What
    // can be pointed at lies above all that was drawn.
    let marks = document.split_once('\n').map_or("", |(_, marks)| marks);
    let marks = marks.strip_suffix("</svg>\n").unwrap_or(marks);
    let spots: String = picture.marks.iter().filter_map(spot).collect();
    let (title, text) = description(chart);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {} {}\">\n<title>{}</title>\n<desc>{}</desc>\n{marks}{spots}</svg>\n",
        picture.width,
        picture.height,
        size.0,
        size.1,
        escaped(&title),
        escaped(&text),
    )
}

/// A place to point at, as an SVG has it: its words are shown by a browser that hovers over it.
fn spot(mark: &Mark) -> Option<String> {
    let Mark::Spot { corner, size, words } = mark else { return None };
    let ((x, y), (width, height)) = (at(*corner, SVG_UNITS), at(*size, SVG_UNITS));
    Some(format!(
        "<rect class=\"spot\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         fill=\"none\" pointer-events=\"all\"><title>{}</title></rect>\n",
        escaped(words)
    ))
}

/// A chart as a PNG image, twice as wide and high in pixels as the SVG.
#[must_use]
pub fn png(chart: &Chart) -> Vec<u8> {
    let picture = framed(chart);
    let scale = f64::from(PNG_SCALE);
    let size = (units(picture.width, scale) as u32, units(picture.height, scale) as u32);
    let fine = (size.0 * SAMPLES, size.1 * SAMPLES);
    let mut samples = vec![255; 3 * fine.0 as usize * fine.1 as usize];
    {
        let mut backend = BitMapBackend::with_buffer(&mut samples, fine);
        for mark in &picture.marks {
            draw_raster(&mut backend, mark);
        }
        sure(backend.present());
    }
    encoded(&averaged(&samples, size), size)
}

/// What was painted: in memory, nothing can fail.
fn sure<T, E: Debug>(done: Result<T, E>) -> T {
    done.expect("painting in memory cannot fail")
}

/// The chart on white paper, with a margin.
fn framed(chart: &Chart) -> Picture {
    let inner = super::lay_out(chart, Look::WHOLE);
    let width = (inner.width + 2.0 * MARGIN).ceil();
    let height = (inner.height + 2.0 * MARGIN).ceil();
    let mut picture = Picture { width, height, marks: Vec::new() };
    picture.rectangle((0.0, 0.0), (width, height), WHITE);
    picture.place(inner, (MARGIN, MARGIN));
    picture
}

fn units(pixels: f64, per_pixel: f64) -> i32 {
    (pixels * per_pixel).round() as i32
}

fn at((x, y): Place, per_pixel: f64) -> (i32, i32) {
    (units(x, per_pixel), units(y, per_pixel))
}

fn style(ink: Ink, width: f64, per_pixel: f64) -> ShapeStyle {
    let (red, green, blue) = ink.rgb;
    let color = RGBAColor(red, green, blue, ink.alpha);
    ShapeStyle { color, filled: true, stroke_width: units(width, per_pixel).max(1) as u32 }
}

/// What plotters writes as the given size: its division must not leave sixteen digits.
fn svg_font_size(written: f64) -> f64 {
    let size = written * SVG_FONT_FACTOR;
    let near = [size, size.next_down(), size.next_up()];
    let exact = |size: &f64| (size / SVG_FONT_FACTOR).to_bits() == written.to_bits();
    near.into_iter().find(exact).unwrap_or(size)
}

fn text_style(set: Type, anchor: Anchor) -> TextStyle<'static> {
    let size = svg_font_size(set.size * SVG_UNITS);
    let weight = match set.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    let h_pos = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    TextStyle {
        font: FontDesc::new(FontFamily::Name(FAMILY), size, weight),
        color: style(set.ink, 0.0, 1.0).color.to_backend_color(),
        pos: Pos::new(h_pos, VPos::Top),
    }
}

fn draw_vector(backend: &mut SVGBackend<'_>, mark: &Mark) {
    let unit = SVG_UNITS;
    let places = |path: &[Place]| path.iter().map(|&place| at(place, unit)).collect::<Vec<_>>();
    let done = match mark {
        Mark::Stroke { path, width, ink } => {
            backend.draw_path(places(path), &style(*ink, *width, unit))
        }
        Mark::Area { path, ink } => backend.fill_polygon(places(path), &style(*ink, 0.0, unit)),
        Mark::Disc { centre, radius, ink } => {
            let radius = units(*radius, unit).max(1) as u32;
            backend.draw_circle(at(*centre, unit), radius, &style(*ink, 0.0, unit), true)
        }
        Mark::Text { at: place, text, anchor, set } => {
            let top = (place.0, place.1 - SVG_TOP_EM * set.size);
            backend.draw_text(text, &text_style(*set, *anchor), at(top, unit))
        }
        Mark::Spot { .. } => Ok(()),
    };
    sure(done);
}

fn draw_raster(backend: &mut BitMapBackend<'_>, mark: &Mark) {
    let unit = f64::from(PNG_SCALE * SAMPLES);
    let done = match mark {
        Mark::Stroke { path, width, ink } => {
            draw_stroke(backend, path, *width, *ink);
            Ok(())
        }
        Mark::Area { path, ink } => {
            let places: Vec<_> = path.iter().map(|&place| at(place, unit)).collect();
            backend.fill_polygon(places, &style(*ink, 0.0, unit))
        }
        Mark::Disc { centre, radius, ink } => {
            let radius = units(*radius, unit).max(1) as u32;
            backend.draw_circle(at(*centre, unit), radius, &style(*ink, 0.0, unit), true)
        }
        Mark::Text { at, text, anchor, set } => {
            draw_text(backend, *at, text, *anchor, *set);
            Ok(())
        }
        Mark::Spot { .. } => Ok(()),
    };
    sure(done);
}

fn draw_text(
    backend: &mut BitMapBackend<'_>,
    (x, baseline): Place,
    text: &str,
    anchor: Anchor,
    set: Type,
) {
    let unit = f64::from(PNG_SCALE * SAMPLES);
    let width = typeface::width(text, set.size, set.weight);
    let left = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    };
    let color = style(set.ink, 0.0, unit).color;
    let start = (left * unit, baseline * unit);
    typeface::draw(text, set.size * unit, set.weight, start, |pixel, covered| {
        let ink = color.mix(covered).to_backend_color();
        sure(backend.draw_pixel(pixel, ink));
    });
}

/// A stroke as a rectangle per segment with round joints: plotters' own tears at sharp corners.
fn draw_stroke(backend: &mut BitMapBackend<'_>, path: &[Place], width: f64, ink: Ink) {
    let unit = f64::from(PNG_SCALE * SAMPLES);
    let style = style(ink, 0.0, unit);
    for ends in path.windows(2) {
        let ((x0, y0), (x1, y1)) = (ends[0], ends[1]);
        let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
        if length < 1e-9 {
            continue;
        }
        let (dx, dy) = ((y1 - y0) / length * width / 2.0, (x0 - x1) / length * width / 2.0);
        let corners =
            [(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)];
        sure(backend.fill_polygon(corners.map(|corner| at(corner, unit)), &style));
    }
    for &joint in path.iter().skip(1).rev().skip(1) {
        let radius = units(width / 2.0, unit).max(1) as u32;
        sure(backend.draw_circle(at(joint, unit), radius, &style, true));
    }
}

/// The mean of each pixel's samples.
fn averaged(samples: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let (width, every) = (width as usize, SAMPLES as usize);
    let row = 3 * width * every;
    let mut pixels = Vec::with_capacity(3 * width * height as usize);
    for rows in samples.chunks_exact(row * every) {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0_u32;
                for line in rows.chunks_exact(row) {
                    let first = 3 * x * every + channel;
                    sum += (0..every).map(|step| u32::from(line[first + 3 * step])).sum::<u32>();
                }
                let count = SAMPLES * SAMPLES;
                pixels.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    pixels
}

fn encoded(pixels: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat areas pack better as they are than as differences: half the size of the default.
    encoder.set_filter(png::FilterType::NoFilter);
    encoder.set_compression(png::Compression::Best);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: PIXELS_PER_METRE,
        yppu: PIXELS_PER_METRE,
        unit: png::Unit::Meter,
    }));
    let mut writer = sure(encoder.write_header());
    sure(writer.write_image_data(pixels));
    sure(writer.finish());
    bytes
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
