//! Where the lanes of a sequence diagram in text stand: as near to one another as their heads
//! allow, and then, as far as the width goes, apart where most labels fit on their arrows for it.

use crate::system::story::diagram::{Mark, Row};

/// A head is broken into lines of this at most, where it can be.
const HEAD_MAX: usize = 9;
/// The least distance between two lanes.
const BETWEEN_MIN: usize = 5;
/// What an arrow takes besides its label: a stroke and a blank at either side, and its end.
pub(super) const AROUND_LABEL: usize = 5;

/// The lanes' heads and places.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Each head, in lines.
    pub(super) heads: Vec<Vec<String>>,
    /// Where each lane's line stands, from 0.
    pub(super) at: Vec<usize>,
    /// Where the lanes begin: the width of the column with the times.
    pub(super) from: usize,
    /// Where all ends: the width asked for, or what the heads need.
    pub(super) end: usize,
}

/// An arrow: from which lane to which, the lesser first, and how long its label is.
type Arrow = (usize, usize, usize);

/// Places the lanes of these names, right of the times, within a width where the heads allow.
pub(super) fn columns(
    names: &[String],
    rows: &[Row],
    spell: impl Fn(&str) -> String,
    (from, width): (usize, usize),
) -> Columns {
    let heads: Vec<Vec<String>> = names.iter().map(|name| head(name)).collect();
    let widths: Vec<usize> = heads.iter().map(|lines| widest(lines)).collect();
    let apart = |pair: &[usize]| (pair[0] - pair[0] / 2 + pair[1] / 2 + 1).max(BETWEEN_MIN);
    let mut between: Vec<usize> = widths.windows(2).map(apart).collect();
    let first = from + widths.first().map_or(0, |width| width / 2);
    let last = widths.last().map_or(0, |width| width - width / 2);
    let taken = first + between.iter().sum::<usize>() + last;
    let arrows: Vec<Arrow> = rows
        .iter()
        .filter_map(|row| match &row.mark {
            Mark::Arrow { from, to, label } => {
                Some((*from.min(to), *from.max(to), spell(label).chars().count()))
            }
            _ => None,
        })
        .collect();
    widen(&mut between, &arrows, width.saturating_sub(taken));
    let mut at = vec![first];
    for gap in between {
        at.push(at.last().expect("the first stands") + gap);
    }
    at.truncate(names.len());
    Columns { heads, at, from, end: width.max(taken) }
}

/// Spends what is spare where most labels come to fit for each column spent.
fn widen(between: &mut [usize], arrows: &[Arrow], mut spare: usize) {
    loop {
        let missing = |arrow: &Arrow| {
            let there: usize = between[arrow.0..arrow.1].iter().sum();
            (arrow.2 + AROUND_LABEL).saturating_sub(there)
        };
        let wanting: Vec<(&Arrow, usize)> = arrows
            .iter()
            .map(|arrow| (arrow, missing(arrow)))
            .filter(|(_, missing)| (1..=spare).contains(missing))
            .collect();
        let mut best: Option<(usize, usize, usize)> = None;
        for &(arrow, more) in &wanting {
            for gap in arrow.0..arrow.1 {
                let helps =
                    |(a, missing): &&(&Arrow, usize)| (a.0..a.1).contains(&gap) && *missing <= more;
                let fitting = wanting.iter().filter(helps).count();
                // Of equals the first: nothing depends on the order of a map.
                if best.is_none_or(|(_, most, cost)| fitting * cost > most * more) {
                    best = Some((gap, fitting, more));
                }
            }
        }
        let Some((gap, _, more)) = best else { return };
        between[gap] += more;
        spare -= more;
    }
}

fn widest(lines: &[String]) -> usize {
    lines.iter().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// A name in lines: broken at spaces, and a long word after its signs.
fn head(name: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split(' ') {
        let pieces = if word.chars().count() > HEAD_MAX {
            word.split_inclusive(['_', '-', '.']).collect()
        } else {
            vec![word]
        };
        for (n, piece) in pieces.into_iter().enumerate() {
            let blank = if n == 0 { " " } else { "" };
            match lines.last_mut() {
                Some(line)
                    if (line.chars().count() + blank.len() + piece.chars().count()) <= HEAD_MAX =>
                {
                    line.push_str(blank);
                    line.push_str(piece);
                }
                _ => lines.push(piece.to_owned()),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_break_where_names_do() {
        assert_eq!(head("singtel registrar"), ["singtel", "registrar"]);
        assert_eq!(head("agent_scripts"), ["agent_", "scripts"]);
        assert_eq!(head("SBC_12"), ["SBC_12"]);
        assert_eq!(head("client 1"), ["client 1"]);
        assert_eq!(head("unbreakable"), ["unbreakable"]);
        assert_eq!(head("crm-sync-night"), ["crm-sync-", "night"]);
    }

    #[test]
    fn what_is_spare_goes_where_most_labels_gain() {
        // Three of 9 between the first two lanes, one of 12 between the others.
        let arrows = [(0, 1, 9), (0, 1, 9), (0, 1, 8), (1, 2, 12)];
        let widened = |spare: usize| {
            let mut between = [8, 8];
            widen(&mut between, &arrows, spare);
            between
        };
        assert_eq!(widened(4), [8, 8]);
        assert_eq!(widened(5), [13, 8]);
        assert_eq!(widened(6), [14, 8]);
        assert_eq!(widened(14), [14, 8]);
        assert_eq!(widened(15), [14, 17]);
        assert_eq!(widened(99), [14, 17]);
    }
}
