//! The files of a warm-up analysis: `warmup.json`, the curves as a table, and a Welch plot
//! of every measure that is not always the same.

use super::table::{Always, Table};
use super::tables::named;
use super::{findings, json};
use crate::experiment::warmup::Warmup;

/// Name and bytes of every file.
#[must_use]
pub fn files(found: &Warmup) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("warmup.json".to_owned(), json::indented(found))];
    files.extend(curves(found).files("warmup"));
    files.extend(findings::warm_up(found).iter().flat_map(findings::files));
    files
}

/// A row per measure and bin: the mean over the replications and Welch's moving average of that.
fn curves(found: &Warmup) -> Table {
    let bins = found.measures.iter().flat_map(|of| (0..of.means.len()).map(move |bin| (of, bin)));
    let rows: Vec<_> = bins.collect();
    let mut draft = Table::of(&rows);
    draft.column("measure", "name of the measure, as in series.csv", |(of, _)| of.name.clone());
    draft.column("unit", "its unit, as in series.csv", |(of, _)| named(of.unit.clone()));
    let about = ("s", "start of the bin, from the start of the run");
    draft.column("start_s", about, |(_, bin)| Always(*bin as f64 * found.bin_s));
    draft.column("mean", "mean over the replications", |(of, bin)| of.means[*bin]);
    let about = "Welch's moving average of the means; the last bins have no average";
    draft.column("average", about, |(of, bin)| of.average.get(*bin).copied().flatten());
    draft.table()
}
