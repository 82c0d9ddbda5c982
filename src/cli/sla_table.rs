//! What the runs say of the study's thresholds: of few points a line each, with the value that was
//! found; of many how many keep to each.

use std::fmt::Write;

use super::format;
use super::layout::prose;
use crate::engine::statistics::Interval;
use crate::experiment::figures::Reading;
use crate::experiment::plan::Plan;
use crate::experiment::select::threshold::{Threshold, Verdict, together};
use crate::experiment::sla::SlaSpec;
use crate::experiment::summary::Summary;
use crate::system::metrics::{METRICS, index_of};

/// What an interval says of a threshold, and the interval.
type Judged = (Verdict, Interval);

/// Points up to which each one is listed.
const FEW: usize = 6;

/// The verdicts of a study; nothing where it has no thresholds.
pub(super) fn render(plan: &Plan, summary: &Summary<'_>) -> String {
    let study = &plan.study;
    if study.sla.is_empty() {
        return String::new();
    }
    let judged: Vec<Vec<Judged>> =
        (0..plan.points.len()).map(|point| summary.judged(plan, point)).collect();
    let mut text = format!(
        "SLA of {} settings, by the whole interval ({:.0} % per setting, all thresholds)\n",
        plan.points.len(),
        summary.confidence * 100.0
    );
    if plan.points.len() <= FEW {
        for (point, verdicts) in judged.iter().enumerate() {
            text.push_str(&prose(&plan.describe(point), 2));
            for (sla, (verdict, interval)) in study.sla.iter().zip(verdicts) {
                let line = line(plan, point, sla, *verdict, *interval);
                text.push_str(&prose(&format!("  {line}"), 4));
            }
        }
    } else {
        text.push_str(&counts(plan, &judged));
    }
    if judged.iter().flatten().any(|(verdict, _)| *verdict == Verdict::Undecided) {
        text.push_str("Undecided: more replications, or --precision, narrow the interval.\n");
    }
    text.push('\n');
    text
}

/// `✓ service_level 86.4 ± 0.8 %, at least 80.0 %: met`.
fn line(plan: &Plan, point: usize, sla: &SlaSpec, verdict: Verdict, interval: Interval) -> String {
    let mark = match verdict {
        Verdict::Met => '✓',
        Verdict::Undecided => '?',
        Verdict::Missed => '✗',
    };
    let metric = &METRICS[index_of(&sla.metric).expect("the plan has checked the metric")];
    let scale = sla.scale(plan.measured(point));
    let Interval { mean, half_width, .. } = interval;
    let scaled = Interval { mean: mean * scale, half_width: half_width * scale, ..interval };
    let per = sla.per.map_or_else(String::new, |per| format!(" per {}", per.word()));
    let limit = match sla.written().expect("the plan has checked the threshold") {
        Threshold::AtLeast(limit) => format!("at least {}", format::value(metric, limit)),
        Threshold::AtMost(limit) => format!("at most {}", format::value(metric, limit)),
    };
    let found = Reading::of(metric).value(&scaled.into());
    format!("{mark} {} {found}{per}, {limit}{per}: {}", metric.name, verdict.word())
}

/// At how many points each threshold is met, undecided and missed.
fn counts(plan: &Plan, judged: &[Vec<Judged>]) -> String {
    let counts = |of: &dyn Fn(&[Judged]) -> Verdict| {
        let words = [Verdict::Met, Verdict::Undecided, Verdict::Missed].map(|verdict| {
            let count = judged.iter().filter(|point| of(point) == verdict).count();
            format!("{} at {count}", verdict.word())
        });
        words.join(", ")
    };
    let mut text = String::new();
    for (i, sla) in plan.study.sla.iter().enumerate() {
        text.push_str(&prose(&format!("{sla}: {}", counts(&|point| point[i].0)), 2));
    }
    if plan.study.sla.len() > 1 {
        let all = |point: &[Judged]| {
            together(&point.iter().map(|(verdict, _)| *verdict).collect::<Vec<_>>())
        };
        let _ = writeln!(text, "all thresholds: {}", counts(&all));
    }
    text
}
