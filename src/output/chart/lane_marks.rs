//! What goes through all lanes of a chart: bands, numbered moments, and the labels of both.

use super::ink::{BLACK, Ink, WHITE};
use super::lanes::{Band, Lanes, Shade};
use super::picture::{Anchor, MIDDLE_EM, Picture, Place, Type};

/// The radius of a moment's disc.
pub(super) const DISC: f64 = 7.5;
/// Between discs.
const DISC_GAP: f64 = 2.0;
/// Rows of labels of bands.
const LABEL_ROWS: usize = 4;
/// A fault's band that is narrower than this has no room for a hatch: it is darker instead.
const HATCHED_FROM: f64 = 10.0;
const NUMBER: Type = Type::bold(10.5, WHITE);
const BAND: Type = Type::bold(10.5, BLACK);
const FAULT: Ink = Ink { rgb: (90, 60, 120), alpha: 1.0 };
const TROUBLE: Ink = Ink { rgb: (213, 60, 0), alpha: 1.0 };
const ASIDE: Ink = Ink { rgb: (120, 120, 120), alpha: 1.0 };

/// The axis of time.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) range_s: (f64, f64),
}

impl Frame {
    /// Where an instant stands; what is outside stands at the end.
    pub(super) fn x(&self, at_s: f64) -> f64 {
        let (from, until) = self.range_s;
        let share = if until > from { (at_s - from) / (until - from) } else { 0.0 };
        self.left + (self.right - self.left) * share.clamp(0.0, 1.0)
    }

    /// Where bin `index` starts.
    pub(super) fn bin(&self, bin_s: f64, index: usize) -> f64 {
        self.x(self.range_s.0 + bin_s * index as f64)
    }
}

/// A path without places that add nothing: doubles, and those in the middle of a level stretch.
pub(super) fn without_doubles(path: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    let level = |a: f64, b: f64| (a - b).abs() < 1e-9;
    for place in path {
        if let [.., before, last] = kept[..] {
            let flat = level(before.1, last.1) && level(last.1, place.1);
            if flat || (level(last.0, place.0) && level(last.1, place.1)) {
                kept.pop();
            }
        }
        kept.push(place);
    }
    kept
}

/// A numbered disc.
pub(super) fn disc(picture: &mut Picture, (x, y): Place, number: usize) {
    picture.disc((x, y), DISC, BLACK);
    let baseline = y + NUMBER.size * MIDDLE_EM;
    picture.text((x, baseline), number.to_string(), Anchor::Middle, NUMBER);
}

/// The labels of bands and the discs of moments above the lanes; returns where they end.
pub(super) fn put_labels(picture: &mut Picture, lanes: &Lanes, frame: &Frame, top: f64) -> f64 {
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut more = 0;
    for band in lanes.bands.iter().filter(|band| !band.label.is_empty()) {
        let room = BAND.room(&band.label) + 14.0;
        let from = frame.x(band.range_s.0).min(frame.right - room).max(frame.left);
        let free = |row: &Vec<(f64, f64)>| row.iter().all(|&(a, b)| from + room <= a || b <= from);
        let row = match taken.iter().position(free) {
            Some(row) => row,
            None if taken.len() < LABEL_ROWS => {
                taken.push(Vec::new());
                taken.len() - 1
            }
            None => {
                more += 1;
                continue;
            }
        };
        taken[row].push((from, from + room));
        let y = top + row as f64 * BAND.leading();
        let (_, ink) = tint(band.shade);
        picture.rectangle((from, y + 3.0), (7.0, 7.0), ink);
        picture.text((from + 10.0, y + BAND.size), band.label.as_str(), Anchor::Start, BAND);
    }
    let mut top = top + taken.len() as f64 * BAND.leading() + 2.0;
    if more > 0 {
        let text = format!("… and {more} more, without a label here");
        picture.text((frame.left, top + BAND.size - 2.0), text, Anchor::Start, BAND);
        top += BAND.leading();
    }
    if lanes.moments.is_empty() {
        return top;
    }
    let centres =
        spread_out(&lanes.moments.iter().map(|m| frame.x(m.at_s)).collect::<Vec<_>>(), frame);
    let middle = top + DISC;
    let foot = middle + DISC + 12.0;
    for (index, (moment, centre)) in lanes.moments.iter().zip(centres).enumerate() {
        picture.stroke(vec![(centre, middle), (frame.x(moment.at_s), foot)], 0.9, BLACK);
        disc(picture, (centre, middle), index + 1);
    }
    foot
}

/// Places for discs as near as can be to those wanted, which rise, without touching.
fn spread_out(wanted: &[f64], frame: &Frame) -> Vec<f64> {
    let apart = 2.0 * DISC + DISC_GAP;
    // Groups of discs that touch: where the first stands, and how many they are.
    let mut groups: Vec<(f64, usize, f64)> = Vec::new();
    for &x in wanted {
        let mut group = (x, 1, x);
        while let Some(&(first, count, sum)) = groups.last() {
            if first + count as f64 * apart <= group.0 {
                break;
            }
            groups.pop();
            let (many, sum) = (count + group.1, sum + group.2);
            let middle = sum / many as f64;
            let first = middle - (many as f64 - 1.0) / 2.0 * apart;
            let last = frame.right - DISC - (many as f64 - 1.0) * apart;
            group = (first.min(last).max(frame.left + DISC), many, sum);
        }
        groups.push(group);
    }
    let of = |&(first, count, _): &(f64, usize, f64)| {
        (0..count).map(move |index| first + index as f64 * apart)
    };
    groups.iter().flat_map(of).collect()
}

/// A band's ground and its edge.
const fn tint(shade: Shade) -> (Ink, Ink) {
    match shade {
        Shade::Fault => (FAULT.thinned(0.07), FAULT),
        Shade::Trouble => (TROUBLE.thinned(0.10), TROUBLE),
        Shade::Aside => (ASIDE.thinned(0.10), ASIDE),
    }
}

pub(super) fn put_bands(picture: &mut Picture, lanes: &Lanes, frame: &Frame, ends: (f64, f64)) {
    for band in &lanes.bands {
        put_band(picture, band, frame, ends);
    }
}

fn put_band(picture: &mut Picture, band: &Band, frame: &Frame, (top, bottom): (f64, f64)) {
    let (left, right) = (frame.x(band.range_s.0), frame.x(band.range_s.1));
    let right = right.max(left + 1.0);
    let (ground, edge) = tint(band.shade);
    picture.rectangle((left, top), (right - left, bottom - top), ground);
    if band.shade == Shade::Fault && right - left < HATCHED_FROM {
        picture.rectangle((left, top), (right - left, bottom - top), edge.thinned(0.3));
    } else if band.shade == Shade::Fault {
        hatch(picture, (left, right), (top, bottom), edge.thinned(0.35));
        for x in [left, right] {
            picture.stroke(vec![(x, top), (x, bottom)], 0.8, edge);
        }
    }
}

/// Strokes that fall to the right, clipped to the band.
fn hatch(picture: &mut Picture, (left, right): Place, (top, bottom): (f64, f64), ink: Ink) {
    let (width, height) = (right - left, bottom - top);
    let mut foot = 9.0;
    while foot < width + height {
        let from = (left + (foot - height).max(0.0), bottom - foot.min(height));
        let to = (left + foot.min(width), bottom - (foot - width).max(0.0));
        picture.stroke(vec![from, to], 0.7, ink);
        foot += 9.0;
    }
}

/// Lines down from the moments through all lanes.
pub(super) fn put_lines(
    picture: &mut Picture,
    lanes: &Lanes,
    frame: &Frame,
    (top, bottom): (f64, f64),
) {
    for moment in &lanes.moments {
        let x = frame.x(moment.at_s);
        picture.dashed(&[(x, top), (x, bottom)], &[2.0, 2.6], 0.9, BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discs_stand_where_they_belong_unless_they_would_touch() {
        let frame = Frame { left: 0.0, right: 500.0, range_s: (0.0, 1.0) };
        let apart = 2.0 * DISC + DISC_GAP;
        assert_eq!(spread_out(&[50.0, 200.0], &frame), [50.0, 200.0]);
        let three = spread_out(&[100.0, 101.0, 300.0], &frame);
        assert!(three.windows(2).all(|pair| pair[1] - pair[0] > apart - 1e-9), "{three:?}");
        assert!((three[0] - (100.5 - apart / 2.0)).abs() < 1e-9);
        // At the edge they move in.
        let edge = spread_out(&[0.0, 1.0, 2.0, 499.0, 500.0], &frame);
        assert!((edge[0] - DISC).abs() < 1e-9 && edge[4] <= 500.0 - DISC + 1e-9, "{edge:?}");
    }

    #[test]
    fn a_level_stretch_needs_its_ends_only() {
        let path = [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (2.0, 3.0), (2.0, 3.0), (4.0, 3.0)];
        let kept = without_doubles(path.into_iter());
        assert_eq!(kept, [(0.0, 1.0), (2.0, 1.0), (2.0, 3.0), (4.0, 3.0)]);
    }
}
