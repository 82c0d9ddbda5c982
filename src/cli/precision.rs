//! `--precision`: each point is run until its estimates are as precise as asked for. A round is
//! decided on a prefix of the replications and on nothing else, so that neither threads nor what
//! the journal holds can change where a point ends.

use std::str::FromStr;

use super::Failure;
use super::layout::prose;
use super::runs::Runs;
use crate::experiment::estimate::stopping::Precision;
use crate::experiment::plan::Plan;
use crate::experiment::precision::{PointRuns, PrecisionSpec, Rule};
use crate::experiment::record::Source;
use crate::experiment::runner::Unit;
use crate::experiment::study::StudySpec;

#[derive(Debug, clap::Args)]
pub(super) struct PrecisionArgs {
    /// Run each setting until the interval of the metric it is ranked by is this narrow: `2%` of the
    /// mean to each side, or `0.005` in the metric's unit
    #[arg(long, value_name = "HALF-WIDTH", conflicts_with = "replications")]
    precision: Option<Asked>,
}

/// A precision as typed.
#[derive(Copy, Clone, Debug, PartialEq)]
struct Asked(Precision);

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` must be above 0, like `2%` of the mean or `0.005`");
        let number = |text: &str| {
            let number = text.trim().parse::<f64>().ok();
            number.filter(|n| *n > 0.0 && n.is_finite()).ok_or_else(refused)
        };
        match text.strip_suffix('%') {
            Some(percent) => {
                let share = number(percent)? / 100.0;
                if share < 1.0 { Ok(Self(Precision::Relative(share))) } else { Err(refused()) }
            }
            None => Ok(Self(Precision::Absolute(number(text)?))),
        }
    }
}

impl PrecisionArgs {
    /// Lets the study ask for it; its own sizes of rounds stay.
    pub(super) fn apply(&self, study: &mut StudySpec) {
        let Some(Asked(precision)) = self.precision else { return };
        let asked = PrecisionSpec::of(study.rank.by.clone(), precision);
        let own = study.precision.take();
        study.precision = Some(match own {
            Some(own) => PrecisionSpec { targets: asked.targets, ..own },
            None => asked,
        });
    }
}

/// Makes the runs that count: as many of each point as the study says, or as its precision needs.
pub(super) fn make(runs: &mut Runs<'_>, plan: &Plan) -> Result<PointRuns, Failure> {
    if let Some(rule) = Rule::of(&plan.study) {
        return rule.make(plan.points.len(), runs);
    }
    let units: Vec<Unit> = plan.all_units().collect();
    runs.make(&units)?;
    Ok(PointRuns { units, imprecise: Vec::new() })
}

/// What was asked for, and where it was not reached, with what helps.
pub(super) fn render(plan: &Plan, runs: &PointRuns) -> String {
    let mut text = String::new();
    let Some(asked) = plan.precision_in_words() else { return text };
    let asked = format!("Each setting is run until it is as precise as this: {asked}.");
    text.push_str(&prose(&asked, 2));
    let worst = runs.imprecise.iter().max_by_key(|(point, needed)| (*needed, usize::MAX - point));
    if let Some((point, needed)) = worst {
        let remedy = if *needed == usize::MAX {
            "no number of runs would do: ask for an absolute precision".to_owned()
        } else {
            format!("about {needed} runs would do: raise `most` in `[precision]`, or ask for less")
        };
        let warning = format!(
            "warning: {} of {} settings are not, after {} runs. Farthest from it is {}: {remedy}.",
            runs.imprecise.len(),
            plan.points.len(),
            plan.replications().1,
            plan.describe(*point),
        );
        text.push_str(&prose(&warning, 2));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_or_a_width_is_read_and_nothing_else() {
        assert_eq!("2%".parse(), Ok(Asked(Precision::Relative(0.02))));
        assert_eq!("0.005".parse(), Ok(Asked(Precision::Absolute(0.005))));
        for text in ["", "%", "0", "0%", "-1", "100%", "nan", "inf", "two"] {
            assert!(text.parse::<Asked>().is_err(), "{text}");
        }
    }
}
