//! A sensitivity analysis as tornado plots: what each factor does to a metric.

use super::super::chart::{Axis, Bar, Chart, Estimate, Format, Level, Tornado};
use super::super::plots::capital;
use super::{Named, ROWS_MAX, axis_of_differences, name};
use crate::experiment::figures::{Reading, percent};
use crate::experiment::sensitivity::results::{
    Estimate as Found, FactorSensitivity, MetricSensitivity, Sensitivity,
};
use crate::system::metrics::{METRICS, index_of};

/// A tornado plot of each metric: `tornado-service-level`.
#[must_use]
pub fn shares(found: &Sensitivity) -> Vec<Named> {
    let tornado = |metric: &MetricSensitivity| {
        (name("tornado", &metric.metric), Chart::Tornado(tornado(found, metric)))
    };
    found.metrics.iter().map(tornado).collect()
}

fn tornado(found: &Sensitivity, metric: &MetricSensitivity) -> Tornado {
    let sobol = metric.factors.iter().any(|factor| factor.in_all.is_some());
    let chart = if sobol { of_variance(metric) } else { of_effects(metric) };
    let shown = match metric.factors.len() {
        few if few <= ROWS_MAX => String::new(),
        many => format!("The first {ROWS_MAX} of {many} factors; sensitivity.csv has all. "),
    };
    Tornado {
        title: title(metric, sobol),
        note: format!(
            "{shown}{} points of {} replications; lines are {}\u{a0}% intervals; seed {}",
            found.points,
            found.replications,
            percent(found.confidence),
            found.seed
        ),
        ..chart
    }
}

/// Sobol indices, in percent of the variance.
fn of_variance(metric: &MetricSensitivity) -> Tornado {
    let percent = |estimate: Option<Found>| scaled(estimate, 100.0);
    let bar = |factor: &FactorSensitivity| Bar {
        label: factor.label.clone(),
        first: percent(factor.alone),
        total: percent(factor.in_all),
    };
    let noise = 100.0 * metric.noise_share;
    Tornado {
        subtitle: format!(
            "{}: the share of its variance that each factor explains over its range",
            capital(&metric.label)
        ),
        value: Axis {
            label: "Share of the variance".to_owned(),
            unit: "%".to_owned(),
            limits: Some((f64::NEG_INFINITY, 100.0)),
            ..Axis::default()
        },
        first: "Alone (first order)".to_owned(),
        total: "With all interactions (total)".to_owned(),
        bars: metric.factors.iter().take(ROWS_MAX).map(bar).collect(),
        noise: noise.is_finite().then(|| Level {
            value: noise,
            label: format!("Replication noise: {}\u{a0}%", Format::Number.level(noise)),
        }),
        ..Tornado::default()
    }
}

/// Morris' effects, in the unit of the metric.
fn of_effects(metric: &MetricSensitivity) -> Tornado {
    let catalogued = index_of(&metric.metric).map(|index| &METRICS[index]);
    let factor = catalogued.map_or(1.0, |metric| Reading::of(metric).factor);
    let label = format!("Change of {} over the whole range", metric.label);
    let bar = |of: &FactorSensitivity| Bar {
        label: of.label.clone(),
        first: Estimate::default(),
        total: scaled(of.effect, factor),
    };
    Tornado {
        subtitle: format!(
            "{}: the mean size of what a move over a factor's whole range does (Morris' μ*)",
            capital(&metric.label)
        ),
        value: match catalogued {
            Some(metric) => axis_of_differences(metric, label),
            None => Axis { label, ..Axis::default() },
        },
        total: "Mean size of the effects".to_owned(),
        bars: metric.factors.iter().take(ROWS_MAX).map(bar).collect(),
        ..Tornado::default()
    }
}

/// Which factor moves the metric most, where its interval says so.
fn title(metric: &MetricSensitivity, sobol: bool) -> String {
    let label = &metric.label;
    let [first, rest @ ..] = metric.factors.as_slice() else {
        return format!("Nothing moves {label}");
    };
    if metric.replications == 0 {
        return format!("{}: at some point it has no value", capital(label));
    }
    if !metric.moves() {
        return format!("Nothing moves {label}: it is the same at every point");
    }
    let leads = match rest {
        [next, ..] if !metric.ranked() => format!(
            "{} seems to move {label} most; its interval does not keep it apart from {}",
            capital(&first.label),
            next.label
        ),
        _ => format!("{} moves {label} most", capital(&first.label)),
    };
    // Replication noise adds to what factors explain in all, and to nothing else.
    let surely = |f: &&FactorSensitivity| f.in_all.is_some_and(|all| all.low > metric.noise_share);
    match metric.factors.iter().filter(surely).count() {
        count if sobol && metric.noise_share.is_finite() => {
            format!("{leads}; {count} of {} factors are above noise", metric.factors.len())
        }
        _ => leads,
    }
}

fn scaled(estimate: Option<Found>, factor: f64) -> Estimate {
    estimate.map_or_else(Estimate::default, |found| Estimate {
        value: found.estimate * factor,
        low: found.low * factor,
        high: found.high * factor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(estimate: f64, half: f64) -> Found {
        Found { estimate, low: estimate - half, high: estimate + half }
    }

    /// Factors with their shares in all, each with an interval of 0.05 to both sides.
    fn metric(totals: &[(&str, f64)], noise_share: f64) -> MetricSensitivity {
        let factor = |(name, total): &(&str, f64)| FactorSensitivity {
            factor: (*name).to_owned(),
            label: (*name).to_owned(),
            with: Vec::new(),
            levels: Vec::new(),
            alone: Some(around(total / 2.0, 0.05)),
            in_all: Some(around(*total, 0.05)),
            effect: None,
            effect_mean: None,
            effect_sd: None,
            upper_less_lower: None,
        };
        MetricSensitivity {
            metric: "service_level".to_owned(),
            label: "service level".to_owned(),
            unit: "share".to_owned(),
            replications: 2,
            mean: 0.8,
            sd: 0.1,
            noise_share,
            factors: totals.iter().map(factor).collect(),
        }
    }

    #[test]
    fn a_factor_matters_where_its_interval_is_above_noise() {
        let said = |totals: &[(&str, f64)], noise: f64| title(&metric(totals, noise), true);
        assert_eq!(
            said(&[("delay", 0.7), ("limit", 0.3), ("rtt", 0.04)], 0.02),
            "Delay moves service level most; 2 of 3 factors are above noise"
        );
        assert_eq!(
            said(&[("delay", 0.34), ("limit", 0.3)], 0.02),
            "Delay seems to move service level most; its interval does not keep it apart from \
             limit; 2 of 2 factors are above noise"
        );
        let still = MetricSensitivity { sd: 0.0, ..metric(&[("delay", 0.7)], 0.02) };
        assert!(title(&still, true).starts_with("Nothing moves service level"));
        let unseen = MetricSensitivity { replications: 0, ..still };
        assert_eq!(title(&unseen, true), "Service level: at some point it has no value");
    }

    #[test]
    fn effects_of_morris_are_in_the_unit_of_the_metric() {
        let mut found = metric(&[("delay", 0.7)], f64::NAN);
        found.factors[0].effect = Some(around(0.12, 0.02));
        (found.factors[0].alone, found.factors[0].in_all) = (None, None);
        let chart = of_effects(&found);
        assert!((chart.bars[0].total.value - 12.0).abs() < 1e-9);
        assert!(chart.bars[0].first.value.is_nan() && chart.first.is_empty());
        assert_eq!(chart.value.unit, "points");
        assert_eq!(title(&found, false), "Delay moves service level most");
    }
}
