//! What intervals say, in words that claim no more.

use super::super::compare::paired::Sign;
use super::super::figures::{Estimate, Reading};
use crate::engine::statistics::Interval;
use crate::system::metrics::{Better, Metric};

/// A paired difference at a level of a factor, and whether it is for the better (`More`).
#[derive(Clone, Debug)]
pub(super) struct AtLevel {
    pub(super) label: String,
    pub(super) sign: Sign,
    pub(super) difference: Interval,
}

/// `3.1 ± 0.4 fewer`, or `no significant difference (−0.5 ± 1.7)`.
pub(super) fn compared(metric: &Metric, difference: Interval) -> String {
    if difference.mean.is_nan() {
        return "not to be compared (nothing was observed)".to_owned();
    }
    let (more, less) = match metric.unit {
        "" | "calls" if metric.adds_up() && !metric.name.ends_with("_cost") => ("more", "fewer"),
        "min" => ("more", "less"),
        _ => ("higher", "lower"),
    };
    let (reading, shown) = (Reading::of(metric), Estimate::from(difference));
    match Sign::of(&difference) {
        Sign::More => format!("{} {more}", reading.size(&shown)),
        Sign::Less => format!("{} {less}", reading.size(&shown)),
        // The same value in every replication.
        Sign::Open if difference.mean.abs() + difference.half_width <= 0.0 => {
            format!("no difference ({})", reading.difference(&shown))
        }
        Sign::Open => format!("no significant difference ({})", reading.difference(&shown)),
    }
}

/// How many of how many others are not significantly different from the best.
pub(super) fn rivals((open, others): (usize, usize)) -> String {
    match (open, others) {
        (0, 1) => "(The other setting is significantly different.)".to_owned(),
        (0, _) => format!("(All {others} other settings are significantly different.)"),
        (1, 1) => "(The other setting is not significantly different.)".to_owned(),
        _ => format!("({open} of {others} other settings are not significantly different.)"),
    }
}

/// Groups in order: `a (1.0 ± 0.2), b (1.2 ± 0.3) [neighbours not significantly different]; then c
/// (3.4 ± 0.5)`.
pub(super) fn groups(groups: impl Iterator<Item = Vec<String>>) -> String {
    let said = groups.map(|group| match &group[..] {
        [only] => only.clone(),
        many => format!("{} [neighbours not significantly different]", many.join(", ")),
    });
    said.collect::<Vec<_>>().join("; then ")
}

/// Where the sign changes: `at load 1.5`. Where some levels are undecided, a change at no level is
/// not certain.
pub(super) fn crossing(along: &str, levels: &[AtLevel]) -> String {
    let mut decided = levels.iter().filter(|at| at.sign != Sign::Open);
    let first = decided.next().map(|at| at.sign);
    let turned = decided.find(|at| Some(at.sign) != first);
    let open = levels.iter().any(|at| at.sign == Sign::Open);
    let certain = if open { " with certainty" } else { "" };
    match (turned, levels) {
        (Some(at), _) => format!("at {along} {}", at.label),
        (None, [only]) => format!("not at {along} {}{certain}", only.label),
        (None, [from, .., to]) => {
            format!("at no {along} from {} to {}{certain}", from.label, to.label)
        }
        (None, []) => format!("at no {along}"),
    }
}

/// Level by level: `better from 0.5 to 1 (+5.1 ± 0.8 to +2.0 ± 0.9 points), no significant
/// difference at 1.5 (…), worse at 2 (…)`.
pub(super) fn stretches(metric: &Metric, levels: &[AtLevel]) -> String {
    let (better, worse) = match metric.better {
        Better::Neither => ("higher", "lower"),
        Better::Higher | Better::Lower => ("better", "worse"),
    };
    let parts: Vec<String> = levels
        .chunk_by(|a, b| a.sign == b.sign)
        .map(|stretch| {
            let word = match stretch[0].sign {
                Sign::More => better,
                Sign::Less => worse,
                Sign::Open => "no significant difference",
            };
            let shown = |at: &AtLevel| Reading::of(metric).difference(&at.difference.into());
            match stretch {
                [from, .., to] => {
                    let labels = format!("from {} to {}", from.label, to.label);
                    format!("{word} {labels} ({} to {})", shown(from), shown(to))
                }
                [at] => format!("{word} at {} ({})", at.label, shown(at)),
                [] => String::new(),
            }
        })
        .collect();
    parts.join(", ")
}
