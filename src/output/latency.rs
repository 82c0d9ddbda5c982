//! How the latencies of one run are distributed: a table, and a plot of each.

use super::chart::{self, Axis, Chart, Distribution, Distributions, Format, Quantile};
use super::plots::capital;
use super::table::{Always, Table};
use crate::engine::statistics::Latencies;
use crate::system::RunResult;
use crate::system::metrics::Spread;
use crate::system::spec::Model;

/// The quantiles that are marked.
const QUANTILES: [(&str, f64); 2] = [("p95", 0.95), ("p99", 0.99)];

/// The plots of a run's latencies, as names and bytes: of each that was observed one as SVG and PNG
/// (`update-latency-cdf.svg`).
#[must_use]
pub fn plots(model: &Model, replication: u64, result: &RunResult) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for spread in result.latencies.iter().filter(|spread| spread.kinds[0].1.count() > 0) {
        let chart = Chart::Distributions(lay_out(model, replication, spread));
        let name = format!("{}-cdf", spread.name.replace('_', "-"));
        files.extend(chart::files(&name, &chart));
    }
    files
}

/// A row per value that occurred, to three digits: how many had it, and the share of all of its
/// kind that does not exceed it.
#[must_use]
pub fn table(latencies: &[Spread]) -> Table {
    let kinds = latencies.iter().flat_map(|s| s.kinds.iter().map(move |(kind, of)| (s, *kind, of)));
    let rows: Vec<_> = kinds
        .flat_map(|(spread, kind, of)| of.steps().map(move |step| (spread.name, kind, step)))
        .collect();
    let mut draft = Table::of(&rows);
    draft.column("measure", "`update_latency` or `post_dial_delay`", |(measure, ..)| *measure);
    draft.column("kind", "of which updates or calls: `all`, or one of two kinds", |row| row.1);
    let about = ("ms", "value, rounded up to three significant digits");
    draft.column("at_most_ms", about, |(.., (at_most_ms, ..))| Always(*at_most_ms));
    draft.column("count", "how many had this value", |(.., (_, count, _))| *count);
    let about = ("share", "cumulative share: part of all of this kind up to this value");
    draft.column("share", about, |(.., (.., share))| Always(*share));
    draft.table()
}

fn lay_out(model: &Model, replication: u64, spread: &Spread) -> Distributions {
    let [(_, all), (_, first), (other, second)] = &spread.kinds;
    // Where all are of one kind, that is said by its not being there.
    let told_apart = first.count() > 0 && second.count() > 0;
    let shown = if told_apart { &spread.kinds[..] } else { &spread.kinds[..1] };
    let label = spread.label;
    let mut title = format!(
        "{label}: 95\u{a0}% within {}, 99\u{a0}% within {}",
        within(all, 0.95),
        within(all, 0.99)
    );
    if told_apart {
        title.push_str(&format!("; those {other}, 95\u{a0}% within {}", within(second, 0.95)));
    }
    let count = |(kind, latencies): &(&str, Latencies)| format!("{} {kind}", latencies.count());
    let counts: Vec<String> = shown.iter().map(count).collect();
    Distributions {
        title,
        subtitle: format!(
            "{}. One run of {}, replication {replication}, seed {}.",
            capital(spread.meaning),
            model.name,
            model.seed
        ),
        x: Axis {
            label: label.to_owned(),
            log: true,
            format: Format::Milliseconds,
            ..Axis::default()
        },
        lines: shown.iter().map(|(kind, latencies)| line(kind, latencies)).collect(),
        note: format!("To three digits. Observed: {}.", counts.join(", ")),
        ..Distributions::default()
    }
}

fn line(kind: &str, latencies: &Latencies) -> Distribution {
    Distribution {
        label: capital(kind),
        steps: latencies.steps().map(|(value, _, share)| (value, share)).collect(),
        quantiles: QUANTILES
            .map(|(name, share)| Quantile {
                name: name.to_owned(),
                share,
                value: latencies.quantile_ms(share),
            })
            .to_vec(),
    }
}

fn within(latencies: &Latencies, share: f64) -> String {
    Format::Milliseconds.level(latencies.quantile_ms(share))
}
