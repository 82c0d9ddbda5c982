//! A sensitivity analysis: the assumptions that matter, and by how much.

use super::answer::{Answer, Mark};
use super::prose::{Prose, draws, percent};
use super::table::{Column, Measure, Table, Tone, digits_of};
use crate::experiment::figures::{Estimate, fixed};
use crate::experiment::sensitivity::results::{FactorSensitivity, MetricSensitivity, Sensitivity};
use crate::experiment::sensitivity::spec::MethodName;
use crate::output::plots::capital;

/// What the analysis says.
pub(super) fn answer(found: &Sensitivity) -> Answer {
    let labels = || found.metrics.iter().map(|metric| metric.label.as_str());
    let method = match found.method {
        MethodName::Morris => "elementary effects (Morris)",
        MethodName::Sobol => "shares of variance (Sobol)",
    };
    let basis = format!(
        "{method} over {} settings, {} of each, with {}; {} intervals over the settings, each alone; \
         seed {}.",
        found.points,
        super::prose::counted(found.replications as usize, "replication"),
        draws(found.common_random_numbers),
        percent(found.confidence),
        found.seed
    );
    Answer {
        command: "sensitivity",
        of: String::new(),
        marks: found.metrics.iter().filter_map(mark).collect(),
        sentences: found.answer.iter().map(|text| Prose::new(text)).collect(),
        basis,
        warnings: found.warnings.iter().map(|text| Prose::sentence(text, labels())).collect(),
    }
}

/// Which factor matters most to a metric, as far as that is certain.
fn mark(metric: &MetricSensitivity) -> Option<Mark> {
    let label = capital(&metric.label);
    let first = metric.factors.first()?;
    Some(match (metric.moves(), metric.ranked()) {
        (false, _) => Mark::new(Tone::Plain, format!("{label}: nothing moves it")),
        (true, true) => Mark::new(Tone::Good, format!("{label}: {} matters most", named(first))),
        (true, false) => Mark::new(Tone::Open, format!("{label}: what matters most is open")),
    })
}

fn named(factor: &FactorSensitivity) -> &str {
    if factor.label.is_empty() { &factor.factor } else { &factor.label }
}

/// A table per metric.
pub(super) fn tables(found: &Sensitivity) -> Vec<Table> {
    found.metrics.iter().map(|metric| table(found, metric)).collect()
}

fn table(found: &Sensitivity, metric: &MetricSensitivity) -> Table {
    let factors = &metric.factors;
    let matters = factors.iter().map(|factor| match metric.matters(factor) {
        Some(true) => (Tone::Good, "matters".to_owned(), 0),
        None => (Tone::Open, "undecided".to_owned(), 1),
        Some(false) => (Tone::Plain, "hardly".to_owned(), 2),
    });
    let columns = match found.method {
        MethodName::Sobol => shares(metric),
        MethodName::Morris => effects(metric),
    };
    Table::new(format!("What moves {}", metric.label))
        .with([
            Column::texts("factor", factors.iter().map(name)).heading(),
            Column::texts("from … to", factors.iter().map(range)),
            Column::words("matters", matters).meaning(
                "Whether the whole interval lies above, or below, what is next to nothing: 5 % of \
                 the variance, or of the largest effect",
            ),
        ])
        .with(columns)
        .noted(note(found, metric), "sensitivity.csv")
}

/// `base delay (retry_base), with agents_sea`.
fn name(factor: &FactorSensitivity) -> String {
    let mut text = named(factor).to_owned();
    if text != factor.factor {
        text = format!("{text} ({})", factor.factor);
    }
    match factor.with.as_slice() {
        [] => text,
        others => format!("{text}, with {}", others.join(" and ")),
    }
}

fn range(factor: &FactorSensitivity) -> String {
    match factor.levels.as_slice() {
        [low, high] => format!("{low} … {high}"),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{} … {}", many[0], many[many.len() - 1]),
    }
}

const NONE: Estimate = Estimate { estimate: None, low: None, high: None };

/// Of each factor an estimate that it may have.
fn estimates(
    metric: &MetricSensitivity,
    of: fn(&FactorSensitivity) -> Option<Estimate>,
) -> Vec<Estimate> {
    metric.factors.iter().map(|factor| of(factor).unwrap_or(NONE)).collect()
}

fn shares(metric: &MetricSensitivity) -> Vec<Column> {
    let alone = estimates(metric, |f| f.alone.map(Into::into));
    let in_all = estimates(metric, |f| f.in_all.map(Into::into));
    vec![
        Column::ranges("in all", &in_all, 100.0, "%")
            .meaning("Share of the variance that it explains with all its interactions"),
        Column::ranges("alone", &alone, 100.0, "%")
            .meaning("Share of the variance that it explains by itself"),
        upper_less_lower(metric),
    ]
}

fn effects(metric: &MetricSensitivity) -> Vec<Column> {
    let reading = Measure::of(&metric.metric).reading;
    let unit = reading.unit_of_difference;
    let sizes = estimates(metric, |f| f.effect.map(Into::into));
    let bare = |of: fn(&FactorSensitivity) -> Option<f64>| -> Vec<Option<f64>> {
        metric.factors.iter().map(of).collect()
    };
    let (signed, sds) = (bare(|f| f.effect_mean), bare(|f| f.effect_sd));
    // They are as uncertain as the sizes are.
    let written = (reading.factor, digits_of(&sizes, reading.factor));
    vec![
        Column::ranges("effect over its range", &sizes, reading.factor, unit)
            .meaning("Mean size of the effect of the whole range (μ*)"),
        Column::numbers("with its sign", &signed, written)
            .unit(unit)
            .meaning("Mean of the effects with their signs (μ)"),
        Column::numbers("depends on others", &sds, written).unit(unit).meaning(
            "Standard deviation of the effects (σ): how much they depend on the other factors, or \
             on where in its range they are measured",
        ),
        upper_less_lower(metric),
    ]
}

fn upper_less_lower(metric: &MetricSensitivity) -> Column {
    let change = estimates(metric, |f| f.upper_less_lower.map(Into::into));
    Column::differences("upper half less lower", &change, Measure::of(&metric.metric).reading)
        .meaning("The mean in the upper half of its range less that in the lower, all else equal")
}

fn note(found: &Sensitivity, metric: &MetricSensitivity) -> String {
    let reading = Measure::of(&metric.metric).reading;
    let spreads = match found.method {
        MethodName::Morris => estimates(metric, |f| f.effect.map(Into::into)),
        MethodName::Sobol => estimates(metric, |f| f.upper_less_lower.map(Into::into)),
    };
    let digits = digits_of(&spreads, reading.factor);
    let bare = |value: f64| match (value.is_finite(), reading.unit) {
        (false, _) => "not known".to_owned(),
        (true, "" | "/s") => format!("{}{}", fixed(value * reading.factor, digits), reading.unit),
        (true, unit) => format!("{} {unit}", fixed(value * reading.factor, digits)),
    };
    let noise = match metric.noise_share {
        share if share.is_nan() => "how much of that is noise is not known".to_owned(),
        share => {
            let part = match share {
                share if share < 0.005 => "less than 1\u{a0}%".to_owned(),
                share => percent((share * 100.0).round() / 100.0),
            };
            format!(
                "{part} of the variance between settings is noise of {}, which looks like \
                 interaction",
                super::prose::counted(metric.replications, "replication")
            )
        }
    };
    format!(
        "Between the settings its mean is {} and its standard deviation {}; {noise}. Intervals are of \
         {}, each alone.",
        bare(metric.mean),
        bare(metric.sd),
        percent(found.confidence)
    )
}
