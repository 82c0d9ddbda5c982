//! The files of a warm-up analysis: `warmup.json` as it is, the curves as a table, and a Welch plot
//! of every measure that is not always the same.

use super::tables::{number, table};
use super::{findings, json};
use crate::experiment::warmup::Warmup;

/// Name and bytes of every file.
#[must_use]
pub fn files(found: &Warmup) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![
        ("warmup.json".to_owned(), json::indented(found)),
        ("warmup.csv".to_owned(), curves(found)),
    ];
    files.extend(findings::warm_up(found).iter().flat_map(findings::files));
    files
}

/// A row per bin: its start, and of every measure the mean over the replications and Welch's moving
/// average of that.
fn curves(found: &Warmup) -> Vec<u8> {
    let mut header = vec!["start_s".to_owned()];
    for measure in &found.measures {
        header.extend([format!("{}_mean", measure.name), format!("{}_average", measure.name)]);
    }
    let bins = found.measures.first().map_or(0, |measure| measure.means.len());
    let rows = (0..bins).map(|bin| {
        let value =
            |values: &[Option<f64>]| number(values.get(bin).copied().flatten().unwrap_or(f64::NAN));
        let mut row = vec![number(bin as f64 * found.bin_s)];
        for measure in &found.measures {
            row.extend([value(&measure.means), value(&measure.average)]);
        }
        row
    });
    table(header, rows)
}
