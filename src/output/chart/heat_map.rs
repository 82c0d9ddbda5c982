//! A heat map: a colour and a number for each pair of two factors' levels.

use super::data::{Better, Cell, HeatMap};
use super::format::Notation;
use super::heading::{self, LABEL, Look, TICK};
use super::ink::{self, AXIS, BLACK, BLANK, GREY, HATCH, WHITE};
use super::kinds::Estimate;
use super::picture::{Anchor, MIDDLE_EM, Picture, Place, Type};
use super::scale::{Scale, spread};

/// Between cells.
const GUTTER: f64 = 2.0;
/// No cell is wider than this.
const CELL_MAX: f64 = 112.0;
/// No cell is narrower than this.
const CELL_MIN: f64 = 46.0;
/// Beside the numbers of a cell.
const CELL_PADDING: f64 = 11.0;
/// The colour bar's size.
const BAR: (f64, f64) = (220.0, 11.0);
/// About how many ticks it has.
const BAR_TICKS: usize = 4;
/// Its ticks' texts, and its ends' meanings.
const BAR_TICK: Type = Type::regular(11.0, GREY);
/// How a framed cell's frame is dashed, by its place among the marks.
const FRAMES: [&[f64]; 3] = [&[], &[6.0, 3.0], &[2.0, 2.0]];

/// The map's cells in the picture.
struct Grid {
    left: f64,
    top: f64,
    cell: (f64, f64),
    rows: usize,
    columns: usize,
    number: Type,
    small: Type,
}

impl Grid {
    fn corner(&self, row: usize, column: usize) -> Place {
        (self.left + column as f64 * self.cell.0, self.top + row as f64 * self.cell.1)
    }

    fn right(&self) -> f64 {
        self.left + self.columns as f64 * self.cell.0
    }

    fn bottom(&self) -> f64 {
        self.top + self.rows as f64 * self.cell.1
    }
}

pub(super) fn lay_out(map: &HeatMap, look: Look) -> Picture {
    let mut picture = Picture::default();
    let means: Vec<f64> = seen(map).map(|cell| cell.mean).collect();
    let scale = Scale::exact(&map.value, &means);
    let pairs: Vec<(f64, f64)> = seen(map).map(|cell| (cell.mean, cell.half_width)).collect();
    let notation = map.value.format.notation_of(&pairs);

    let top = heading::put(&mut picture, &map.title, &map.subtitle, look);
    let top = draw_colour_bar(&mut picture, map, &scale, top, look);
    let y_label = LABEL.wrap(&map.y_label, look.width);
    let top = picture.lines((0.0, top), &y_label, Anchor::Start, LABEL) + 6.0;
    let grid = measure(map, notation, top, look);
    for row in 0..grid.rows {
        for column in 0..grid.columns {
            let cell = cell(map, row, column);
            let ground = cell.map(|cell| colour(map, &scale, cell.mean));
            draw_cell(&mut picture, &grid, grid.corner(row, column), cell.zip(ground), notation);
            put_spot(&mut picture, map, &grid, (row, column));
        }
    }
    draw_levels(&mut picture, map, &grid, look);
    let bottom = draw_x_labels(&mut picture, map, &grid);
    let bottom = draw_marks(&mut picture, map, &grid, bottom);
    let width = look.width.max(grid.right());
    picture.width = width;
    picture.height = heading::note(&mut picture, &map.note, bottom, width);
    picture
}

fn cell(map: &HeatMap, row: usize, column: usize) -> Option<Cell> {
    let cell = map.cells.get(row)?.get(column)?.as_ref().copied()?;
    cell.mean.is_finite().then_some(cell)
}

/// The cells with a value.
fn seen(map: &HeatMap) -> impl Iterator<Item = Cell> + '_ {
    let all = map.cells.iter().flatten().flatten().copied();
    all.filter(|cell| cell.mean.is_finite())
}

/// What a cell is, for who points at it.
fn put_spot(picture: &mut Picture, map: &HeatMap, grid: &Grid, (row, column): (usize, usize)) {
    let level = |label: &str, levels: &[String], index: usize| {
        levels.get(index).map_or_else(String::new, |level| format!("{label} {level}"))
    };
    let said = cell(map, row, column).map_or_else(
        || "nothing observed".to_owned(),
        |cell| Estimate::about(cell.mean, cell.half_width).said(&map.value),
    );
    let words =
        [level(&map.y_label, &map.y_levels, row), level(&map.x_label, &map.x_levels, column), said];
    picture.spot(grid.corner(row, column), grid.cell, &words);
}

fn colour(map: &HeatMap, scale: &Scale, mean: f64) -> ink::Ink {
    let share = scale.share(mean);
    ink::viridis(match map.better {
        Better::Higher => share,
        Better::Lower => 1.0 - share,
    })
}

/// What the colours mean, above the map; returns where it ends.
fn draw_colour_bar(
    picture: &mut Picture,
    map: &HeatMap,
    scale: &Scale,
    top: f64,
    look: Look,
) -> f64 {
    let label = LABEL.wrap(&heading::label_below(&map.title, &map.value), look.width);
    let top = picture.lines((0.0, top), &label, Anchor::Start, LABEL) + 4.0;
    let ends = match map.better {
        Better::Higher => ("worse", "better"),
        Better::Lower => ("better", "worse"),
    };
    let left = BAR_TICK.room(ends.0) + 8.0;
    let baseline = top + BAR.1 / 2.0 + BAR_TICK.size * MIDDLE_EM;
    picture.text((left - 8.0, baseline), ends.0, Anchor::End, BAR_TICK);
    picture.text((left + BAR.0 + 8.0, baseline), ends.1, Anchor::Start, BAR_TICK);
    let steps = 60;
    for step in 0..steps {
        // Each step reaches to the end, so that no seam shows between two.
        let from = BAR.0 * f64::from(step) / f64::from(steps);
        let share = (f64::from(step) + 0.5) / f64::from(steps);
        let share = if map.better == Better::Lower { 1.0 - share } else { share };
        picture.rectangle((left + from, top), (BAR.0 - from, BAR.1), ink::viridis(share));
    }
    let place = |value: f64| left + BAR.0 * scale.share(value);
    for (value, text) in spread(scale.ticks(BAR_TICKS), place, BAR_TICK) {
        let x = place(value);
        picture.stroke(vec![(x, top + BAR.1), (x, top + BAR.1 + 4.0)], 1.0, AXIS);
        let baseline = top + BAR.1 + 6.0 + BAR_TICK.size;
        picture.text((x, baseline), text, Anchor::Middle, BAR_TICK);
    }
    top + BAR.1 + 6.0 + BAR_TICK.leading() + 12.0
}

/// How wide the cells are: enough for their numbers, and for the levels' longest words.
fn measure(map: &HeatMap, notation: Notation, top: f64, look: Look) -> Grid {
    let (number, small) = if look.panel { (13.0, 10.0) } else { (14.5, 11.0) };
    let (number, small) = (Type::regular(number, BLACK), Type::regular(small, BLACK));
    let texts = seen(map).map(|cell| {
        let half = if cell.half_width.is_finite() { cell.half_width } else { 0.0 };
        number.room(&notation.write(cell.mean)).max(small.room(&notation.plus_minus(half)))
    });
    let words = map.x_levels.iter().flat_map(|level| level.split(' ')).map(|w| TICK.room(w));
    let needed =
        texts.fold(CELL_MIN, f64::max).max(words.fold(0.0, f64::max).min(CELL_MAX)) + CELL_PADDING;
    let left = levels_width(map, look) + 10.0;
    let columns = map.x_levels.len();
    let share = (look.width - left) / columns.max(1) as f64;
    Grid {
        left,
        top,
        cell: (share.min(CELL_MAX).max(needed), if look.panel { 44.0 } else { 48.0 }),
        rows: map.y_levels.len(),
        columns,
        number,
        small,
    }
}

/// The width of the rows' levels, wrapped where they are long.
fn levels_width(map: &HeatMap, look: Look) -> f64 {
    let widest = map.y_levels.iter().map(|level| TICK.room(level)).fold(0.0, f64::max);
    widest.min(levels_max(look))
}

fn levels_max(look: Look) -> f64 {
    if look.panel { 110.0 } else { 170.0 }
}

fn draw_cell(
    picture: &mut Picture,
    grid: &Grid,
    (x, y): Place,
    shown: Option<(Cell, ink::Ink)>,
    notation: Notation,
) {
    let size = (grid.cell.0 - GUTTER, grid.cell.1 - GUTTER);
    let middle = (x + size.0 / 2.0, y + size.1 / 2.0);
    let Some((cell, ground)) = shown else {
        picture.rectangle((x, y), size, BLANK);
        hatch(picture, (x, y), size);
        let set = Type { ink: GREY, ..grid.number };
        let room = set.room("–") / 2.0 + 5.0;
        picture.rectangle((middle.0 - room, middle.1 - 9.0), (2.0 * room, 18.0), BLANK);
        return picture.text((middle.0, middle.1 + set.size * MIDDLE_EM), "–", Anchor::Middle, set);
    };
    picture.rectangle((x, y), size, ground);
    let ink = ink::legible_on(ground);
    let (number, small) = (Type { ink, ..grid.number }, Type { ink, ..grid.small });
    let text = notation.write(cell.mean);
    if cell.half_width.is_finite() {
        picture.text((middle.0, middle.1 - 1.0), text, Anchor::Middle, number);
        let below = (middle.0, middle.1 + 4.0 + small.size);
        picture.text(below, notation.plus_minus(cell.half_width), Anchor::Middle, small);
    } else {
        picture.text((middle.0, middle.1 + number.size * MIDDLE_EM), text, Anchor::Middle, number);
    }
}

/// Rising lines across a rectangle.
fn hatch(picture: &mut Picture, (x, y): Place, (width, height): (f64, f64)) {
    let mut foot = 8.0;
    while foot < width + height {
        let from = (x + foot.min(width), y + (foot - width).max(0.0));
        let to = (x + (foot - height).max(0.0), y + foot.min(height));
        picture.stroke(vec![to, from], 1.0, HATCH);
        foot += 8.0;
    }
}

/// The rows' levels, beside them.
fn draw_levels(picture: &mut Picture, map: &HeatMap, grid: &Grid, look: Look) {
    for (row, level) in map.y_levels.iter().enumerate() {
        let lines = TICK.wrap(level, levels_max(look) + 1.0);
        let (_, y) = grid.corner(row, 0);
        let middle = y + (grid.cell.1 - GUTTER) / 2.0;
        picture.lines_around((grid.left - 10.0, middle), &lines, Anchor::End, TICK);
    }
}

/// The columns' levels below them, and the factor's name; returns where they end.
fn draw_x_labels(picture: &mut Picture, map: &HeatMap, grid: &Grid) -> f64 {
    let mut bottom = grid.bottom() + TICK.leading();
    for (column, level) in map.x_levels.iter().enumerate() {
        let lines = TICK.wrap(level, grid.cell.0 - 6.0);
        let (x, _) = grid.corner(0, column);
        let middle = x + (grid.cell.0 - GUTTER) / 2.0;
        let end = picture.lines((middle, grid.bottom() + 4.0), &lines, Anchor::Middle, TICK);
        bottom = bottom.max(end);
    }
    let middle = f64::midpoint(grid.left, grid.right());
    let label = LABEL.wrap(&map.x_label, grid.right() - grid.left);
    picture.lines((middle, bottom + 5.0), &label, Anchor::Middle, LABEL)
}

/// Frames around marked cells, and what they mean; returns where that ends.
fn draw_marks(picture: &mut Picture, map: &HeatMap, grid: &Grid, top: f64) -> f64 {
    let mut bottom = top;
    for (index, mark) in map.marks.iter().enumerate() {
        if mark.row >= grid.rows || mark.column >= grid.columns {
            continue;
        }
        let dash = FRAMES[index % FRAMES.len()];
        let size = (grid.cell.0 - GUTTER, grid.cell.1 - GUTTER);
        frame(picture, grid.corner(mark.row, mark.column), size, dash);
        let y = bottom + if index == 0 { 12.0 } else { 6.0 };
        frame(picture, (0.0, y - 1.0), (26.0, 18.0), dash);
        let lines = TICK.wrap(&mark.label, grid.right() - 34.0);
        bottom = picture.lines((34.0, y), &lines, Anchor::Start, TICK).max(y + 17.0);
    }
    bottom
}

/// Black on white, to show on every colour.
fn frame(picture: &mut Picture, (x, y): Place, (width, height): (f64, f64), dash: &[f64]) {
    let (left, top, right, bottom) = (x + 1.5, y + 1.5, x + width - 1.5, y + height - 1.5);
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    // The last side is drawn twice around the corner, so that the corner is closed.
    let closed: Vec<Place> = corners.into_iter().chain([(right, top)]).collect();
    picture.stroke(closed.clone(), 5.0, WHITE);
    picture.dashed(if dash.is_empty() { &closed } else { &corners }, dash, 2.4, BLACK);
}
