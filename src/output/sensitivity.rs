//! What a sensitivity analysis found, as a table and as JSON.

use super::json;
use super::table::{Table, with_ends};
use super::tables::{UNIT, named};
use crate::experiment::sensitivity::results::{
    Estimate, FactorSensitivity, MetricSensitivity, Sensitivity,
};

/// A row per metric and factor, the one that matters most first: the share of the metric's
/// variance that it explains alone and in all, or its effects over the whole range in the metric's
/// unit, with the ends of their intervals; fields of the other method are empty.
#[must_use]
pub fn table(found: &Sensitivity) -> Table {
    let rows: Vec<(&MetricSensitivity, &FactorSensitivity)> = found
        .metrics
        .iter()
        .flat_map(|metric| metric.factors.iter().map(move |factor| (metric, factor)))
        .collect();
    let mut draft = Table::of(&rows);
    draft.column("metric", "name of the metric", |(metric, _)| metric.metric.clone());
    draft.column("unit", UNIT, |(metric, _)| named(metric.unit.clone()));
    draft.column("factor", "name of the factor", |(_, factor)| factor.factor.clone());
    let about = ("share", "of `sobol`: the part of the metric's variance that it explains alone");
    draft.interval(with_ends("alone"), about, |(_, factor)| ends(factor.alone));
    let about = (
        "share",
        "of `sobol`: the part of the metric's variance that it explains with all its interactions",
    );
    draft.interval(with_ends("in_all"), about, |(_, factor)| ends(factor.in_all));
    let about = "of `morris`: mean size of its effects over its whole range, in the metric's unit";
    draft.interval(with_ends("effect"), about, |(_, factor)| ends(factor.effect));
    let about = "of `morris`: mean of its effects with their signs, in the metric's unit";
    draft.column("effect_mean", about, |(_, factor)| factor.effect_mean);
    let about = "of `morris`: standard deviation of its effects, in the metric's unit";
    draft.column("effect_sd", about, |(_, factor)| factor.effect_sd);
    let about = "mean in the upper half of its range less that in the lower half, in the metric's \
                 unit; empty where its levels have no order";
    draft.interval(with_ends("upper_less_lower"), about, |(_, f)| ends(f.upper_less_lower));
    let about = ("share", "part of the metric's variance between settings that is noise");
    draft.column("noise_share", about, |(metric, _)| metric.noise_share);
    let about = "replications that count: those in which every setting gave a value";
    draft.column("replications", about, |(metric, _)| metric.replications);
    draft.table()
}

fn ends(estimate: Option<Estimate>) -> [Option<f64>; 3] {
    estimate.map_or([None; 3], |e| [e.estimate, e.low, e.high].map(Some))
}

/// The results as JSON, indented.
///
/// # Panics
/// Where they cannot be written as JSON, which is a bug.
#[must_use]
pub fn json(found: &Sensitivity) -> Vec<u8> {
    json::indented(found)
}
