//! Comparisons, sensitivity and warm-up laid into charts: estimates in, plain data for a drawing
//! out. Titles say what the estimates leave no doubt of.

use super::chart::{
    Axis, Bar, Better as Good, Difference, Estimate, Forest, Format, Level, Tornado, Welch,
};
use super::plots::capital;
use crate::engine::statistics::Bounds;
use crate::experiment::compare::paired::{Paired, Sign};
use crate::experiment::sensitivity::variance::Indices;
use crate::system::metrics::{Better, Metric};

/// Arms less a control by one metric: `arms` holds the name of each and its comparison
/// ([`crate::experiment::compare::paired::against_control`]).
#[must_use]
pub fn differences(
    metric: &Metric,
    control: &str,
    arms: &[(String, Paired)],
    recommended: Option<&str>,
    note: &str,
) -> Forest {
    let scale = Scale::of(metric);
    let better = good(metric);
    let sure = |sign: Sign| arms.iter().filter(move |(_, p)| Sign::of(&p.difference) == sign);
    let (up, down) = match better {
        Good::Higher => (Sign::More, Sign::Less),
        Good::Lower => (Sign::Less, Sign::More),
    };
    let gain = |paired: &Paired| paired.difference.mean.abs();
    let best = sure(up).reduce(|a, b| if gain(&b.1) > gain(&a.1) { b } else { a });
    let label = metric.label();
    let title = match (best, sure(down).count()) {
        (Some((name, paired)), worse) => {
            let more = if paired.difference.mean > 0.0 { "more" } else { "less" };
            let by = scale.said(gain(paired));
            let count = sure(up).count();
            let others = match (count, worse) {
                (1, 0) => String::new(),
                (count, 0) => format!("; {count} of {} are better", arms.len()),
                (count, worse) => {
                    format!("; {count} of {} are better, {worse} worse", arms.len())
                }
            };
            format!("{name}: {by} {more} {label} than {control}{others}")
        }
        (None, 0) => format!("None can be told from {control} by {label}"),
        (None, worse) => format!("None is better than {control} by {label}; {worse} are worse"),
    };
    let row = |(name, paired): &(String, Paired)| Difference {
        label: name.clone(),
        difference: Estimate {
            value: scale.factor * paired.difference.mean,
            low: scale.factor * paired.difference.low(),
            high: scale.factor * paired.difference.high(),
        },
        highlight: recommended == Some(name.as_str()),
    };
    Forest {
        title,
        subtitle: format!("{}: arm less {control}, paired by replication", capital(metric.meaning)),
        value: scale.axis(&format!("Difference in {label}")),
        better,
        control: control.to_owned(),
        rows: arms.iter().map(row).collect(),
        note: note.to_owned(),
    }
}

/// Shares of a metric's variance by factor, in the order of the indices, and the share that
/// replication noise explains ([`crate::experiment::sensitivity::noise::noise_share`]).
#[must_use]
pub fn shares(
    metric: &Metric,
    factors: &[String],
    indices: &Indices,
    noise: f64,
    note: &str,
) -> Tornado {
    let percent = |bounds: &Bounds| Estimate {
        value: 100.0 * bounds.estimate,
        low: 100.0 * bounds.low,
        high: 100.0 * bounds.high,
    };
    let bars = factors.iter().zip(indices.first.iter().zip(&indices.total));
    let bars: Vec<Bar> = bars
        .map(|(label, (first, total))| Bar {
            label: label.clone(),
            first: percent(first),
            total: percent(total),
        })
        .collect();
    let label = metric.label();
    // What lies above noise with its whole interval matters.
    let floor = if noise.is_finite() { 100.0 * noise } else { 0.0 };
    let mut sure: Vec<&Bar> = bars.iter().filter(|bar| bar.total.low > floor).collect();
    sure.sort_by(|a, b| b.total.value.total_cmp(&a.total.value));
    let title = match sure[..] {
        [] => format!("No factor does more to {label} than replication noise"),
        [only] => format!("{} alone decides {label}", only.label),
        [first, second, ..] => {
            format!(
                "{} matters most to {label}, then {}; {} of {} factors are above noise",
                first.label,
                second.label,
                sure.len(),
                bars.len()
            )
        }
    };
    Tornado {
        title,
        subtitle: format!("{}: shares of its variance over the factors' ranges", capital(&label)),
        value: Axis {
            label: "Share of the variance".to_owned(),
            unit: "%".to_owned(),
            ..Axis::default()
        },
        first: "Alone (first order)".to_owned(),
        total: "With all interactions (total)".to_owned(),
        bars,
        noise: noise.is_finite().then(|| Level {
            value: floor,
            label: format!("Replication noise: {}\u{a0}%", Format::Number.level(floor)),
        }),
        note: note.to_owned(),
    }
}

/// A measure over the time of a run: its mean over the replications in each bin, Welch's average of
/// that over `window` bins to each side, and the cut that MSER-5 found, in bins
/// ([`crate::experiment::estimate::warmup`]).
#[must_use]
pub fn warm_up(
    measure: &str,
    bin_min: f64,
    (means, average): (&[f64], &[f64]),
    window: usize,
    cut: Option<(usize, f64)>,
    note: &str,
) -> Welch {
    let at = |index: usize| index as f64 * bin_min;
    let timed = |values: &[f64]| values.iter().enumerate().map(|(i, v)| (at(i), *v)).collect();
    let minutes = |value: f64| format!("{}\u{a0}min", Format::Number.level(value));
    Welch {
        title: match cut {
            Some((0, _)) => format!("{measure}: the start is like the rest, nothing is cut off"),
            Some((cut, _)) => {
                format!("{measure}: the start is forgotten after {}", minutes(at(cut)))
            }
            None => {
                format!("{measure}: the run is too short, its start still shows after half of it")
            }
        },
        subtitle: String::new(),
        x: Axis {
            label: "Time since the start of the run".to_owned(),
            unit: "min".to_owned(),
            ..Axis::default()
        },
        y: Axis { label: measure.to_owned(), ..Axis::default() },
        means: timed(means),
        average: timed(average),
        average_label: format!("Moving average over {}", minutes(at(2 * window + 1))),
        cut: cut.map(|(cut, _)| Level {
            value: at(cut),
            label: format!("Cut by MSER-5 at {}", minutes(at(cut))),
        }),
        level: cut.map(|(_, mean)| Level {
            value: mean,
            label: format!("Mean after the cut: {}", Format::Number.level(mean)),
        }),
        note: note.to_owned(),
    }
}

/// How a difference of a metric is written: shares differ by percentage points.
struct Scale {
    factor: f64,
    unit: &'static str,
    format: Format,
}

impl Scale {
    fn of(metric: &Metric) -> Self {
        match metric.unit {
            "share" => Self { factor: 100.0, unit: "percentage points", format: Format::Number },
            "ms" => Self { factor: 1.0, unit: "", format: Format::Milliseconds },
            "s" => Self { factor: 1.0, unit: "", format: Format::Seconds },
            unit => Self { factor: 1.0, unit, format: Format::Number },
        }
    }

    fn said(&self, value: f64) -> String {
        let number = self.format.level(self.factor * value);
        if self.unit.is_empty() { number } else { format!("{number}\u{a0}{}", self.unit) }
    }

    fn axis(&self, label: &str) -> Axis {
        let (label, unit) = (label.to_owned(), self.unit.to_owned());
        Axis { label, unit, format: self.format, ..Axis::default() }
    }
}

const fn good(metric: &Metric) -> Good {
    match metric.better {
        Better::Lower => Good::Lower,
        Better::Higher | Better::Neither => Good::Higher,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::paired::paired;
    use crate::system::metrics::{METRICS, index_of};

    fn metric(name: &str) -> &'static Metric {
        &METRICS[index_of(name).unwrap()]
    }

    fn arm(name: &str, arm: [f64; 4]) -> (String, Paired) {
        (name.to_owned(), paired(&arm, &[0.5, 0.52, 0.49, 0.51], 0.95))
    }

    #[test]
    fn a_title_says_only_what_the_intervals_do() {
        let arms = [
            arm("full", [0.8, 0.83, 0.79, 0.81]),
            arm("equal", [0.6, 0.61, 0.6, 0.6]),
            arm("same", [0.5, 0.53, 0.47, 0.52]),
            arm("none", [0.3, 0.33, 0.29, 0.31]),
        ];
        let title = |name: &str, arms: &[(String, Paired)]| {
            differences(metric(name), "today", arms, None, "").title.replace('\u{a0}', " ")
        };
        assert_eq!(
            title("service_level", &arms),
            "full: 30.2 percentage points more service level than today; 2 of 4 are better, 1 worse"
        );
        assert_eq!(
            title("failovers", &arms[..3]),
            "None is better than today by failovers; 2 are worse"
        );
        assert_eq!(title("failovers", &arms[2..3]), "None can be told from today by failovers");
    }

    #[test]
    fn a_factor_matters_where_its_interval_is_above_noise() {
        let bounds =
            |estimate: f64| Bounds { estimate, low: estimate - 0.05, high: estimate + 0.05 };
        let indices = |totals: [f64; 2]| Indices {
            first: totals.map(|t| bounds(t / 2.0)).to_vec(),
            total: totals.map(bounds).to_vec(),
            pairs: Vec::new(),
            variance: 1.0,
        };
        let factors = ["limit", "delay"].map(str::to_owned);
        let chart = |totals: [f64; 2], noise: f64| {
            shares(metric("service_level"), &factors, &indices(totals), noise, "")
        };
        assert!(chart([0.3, 0.7], 0.02).title.starts_with("delay matters most to service level"));
        assert_eq!(chart([0.04, 0.7], 0.02).title, "delay alone decides service level");
        assert!(chart([0.04, 0.1], 0.06).title.starts_with("No factor"));
        assert!((chart([0.3, 0.7], 0.02).noise.unwrap().value - 2.0).abs() < 1e-12);
        assert_eq!(chart([0.3, 0.7], f64::NAN).noise, None);
    }

    #[test]
    fn a_cut_is_told_in_the_time_of_the_run() {
        let chart = warm_up("Calls", 5.0, (&[1.0, 2.0, 2.0], &[1.0, 1.7]), 1, Some((2, 2.0)), "");
        assert_eq!(
            chart.title.replace('\u{a0}', " "),
            "Calls: the start is forgotten after 10 min"
        );
        assert_eq!(chart.means[2], (10.0, 2.0));
        assert!(warm_up("Calls", 5.0, (&[], &[]), 1, None, "").title.contains("too short"));
    }
}
