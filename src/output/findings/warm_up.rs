//! Warm-up as Welch plots: measures over the time of the runs, and where their start is cut off.

use super::super::chart::{Axis, Chart, Format, Level, Welch};
use super::super::plots::capital;
use super::{Named, name};
use crate::experiment::warmup::{Measure, Warmup};

/// A Welch plot of each measure that is not always the same: `warmup-connected-calls`.
#[must_use]
pub fn warm_up(found: &Warmup) -> Vec<Named> {
    let moving = found.measures.iter().filter(|measure| measure.moves());
    moving.map(|m| (name("warmup", &m.name), Chart::Welch(welch(found, m)))).collect()
}

fn welch(found: &Warmup, measure: &Measure) -> Welch {
    let bin_min = found.bin_s / 60.0;
    let timed = |values: &[Option<f64>]| {
        let at =
            |(i, value): (usize, &Option<f64>)| (i as f64 * bin_min, value.unwrap_or(f64::NAN));
        values.iter().enumerate().map(at).collect()
    };
    let minutes = |value: f64| format!("{}\u{a0}min", Format::Number.level(value));
    let label = capital(&measure.label());
    let cut_min = measure.cut_s.map(|seconds| seconds / 60.0);
    let format = if measure.unit == "ms" { Format::Milliseconds } else { Format::Number };
    Welch {
        title: match (cut_min, &measure.problem) {
            (Some(cut), _) if cut > 0.0 => {
                format!("{label}: steady state is reached after {}", minutes(cut))
            }
            (Some(_), _) => format!("{label}: steady state from the start, nothing is cut off"),
            (None, Some(problem)) => format!("{label}: no cut was found, {problem}"),
            (None, None) => format!("{label}: no cut was found"),
        },
        subtitle: format!(
            "{}; {} leaves out its first {}",
            match measure.unit.as_str() {
                "per bin" => format!("Counted in bins of {}", seconds(found.bin_s)),
                _ => format!("Means of bins of {}", seconds(found.bin_s)),
            },
            found.model,
            minutes(found.warmup_s / 60.0)
        ),
        x: Axis {
            label: "Time since the start of the run".to_owned(),
            unit: "min".to_owned(),
            ..Axis::default()
        },
        y: Axis {
            label: label.clone(),
            unit: match measure.unit.as_str() {
                "per bin" => format!("per {}", seconds(found.bin_s)),
                _ => String::new(),
            },
            format,
            ..Axis::default()
        },
        means: timed(&measure.means),
        average: timed(&measure.average),
        average_label: format!(
            "Moving average over {}",
            minutes((2 * found.window + 1) as f64 * bin_min)
        ),
        cut: cut_min
            .filter(|cut| *cut > 0.0)
            .map(|cut| Level { value: cut, label: format!("Cut by MSER-5 at {}", minutes(cut)) }),
        level: measure.mean_after.map(|mean| Level {
            value: mean,
            label: format!("Mean after the cut: {}", format.level(mean)),
        }),
        note: format!("Means of {} replications; seed {}", found.replications, found.seed),
    }
}

fn seconds(value: f64) -> String {
    Format::Seconds.level(value)
}
