//! What `sensitivity` prints: the answer in words, a table per metric, and the files written.

use std::fmt::Write;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table};

use super::layout::prose;
use super::run_table::{align_numbers, plain_table};
use crate::experiment::plan::Plan;
use crate::experiment::sensitivity::results::{
    Estimate, FactorSensitivity, MetricSensitivity, Sensitivity,
};
use crate::experiment::sensitivity::spec::MethodName;

pub(super) fn render(plan: &Plan, found: &Sensitivity, written: &[PathBuf]) -> String {
    let mut text = String::new();
    text.push_str(&prose(&format!("{}: {}", found.study, found.question), 2));
    let method = match found.method {
        MethodName::Morris => "elementary effects (Morris)",
        MethodName::Sobol => "shares of variance (Sobol)",
    };
    let horizon = plan.first.horizon;
    let same = plan.points.iter().all(|point| point.horizon == horizon);
    let sizes = format!(
        "{method} of {} factors: {} settings x {} replications{}, seed {}; {:.0} % intervals over \
         settings",
        found.metrics.first().map_or(0, |m| m.factors.len()),
        found.points,
        found.replications,
        if same { format!(" of {horizon}") } else { String::new() },
        found.seed,
        found.confidence * 100.0
    );
    text.push_str(&prose(&sizes, 2));
    text.push('\n');
    for metric in &found.metrics {
        let _ = writeln!(text, "{}\n{}\n", heading(metric), table(metric));
    }
    for (title, sentences) in [("ANSWER", &found.answer), ("WARNINGS", &found.warnings)] {
        if !sentences.is_empty() {
            let _ = writeln!(text, "{title}");
            sentences.iter().for_each(|s| text.push_str(&prose(s, 2)));
            text.push('\n');
        }
    }
    let _ = writeln!(text, "FILES");
    for path in written {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}

fn heading(metric: &MetricSensitivity) -> String {
    let noise = if metric.noise_share.is_nan() {
        "unknown".to_owned()
    } else {
        format!("{:.0} %", metric.noise_share * 100.0)
    };
    format!(
        "WHAT MOVES {}\nmean {}, standard deviation {} between settings, share of noise {noise}",
        metric.metric,
        number(metric, metric.mean),
        number(metric, metric.sd)
    )
}

fn table(metric: &MetricSensitivity) -> Table {
    let mut table = plain_table();
    table.set_content_arrangement(ContentArrangement::Disabled);
    let effects = metric.factors.first().is_some_and(|f| f.effect.is_some());
    let columns: [&str; 3] = if effects {
        ["effect over\nthe range", "mean with\nits sign", "standard\ndeviation"]
    } else {
        ["share\nalone", "share with\ninteractions", "upper half\nless lower"]
    };
    table.set_header(["factor", "from .. to", columns[0], columns[1], columns[2]]);
    for factor in &metric.factors {
        let mut row = vec![shortened(&factor.factor, 18), range(factor)];
        if effects {
            row.push(factor.effect.map_or_else(dash, |e| spread(metric, e)));
            row.push(factor.effect_mean.map_or_else(dash, |e| number(metric, e)));
            row.push(factor.effect_sd.map_or_else(dash, |e| number(metric, e)));
        } else {
            row.push(factor.alone.map_or_else(dash, share));
            row.push(factor.in_all.map_or_else(dash, share));
            row.push(factor.upper_less_lower.map_or_else(dash, |d| spread(metric, d)));
        }
        table.add_row(row);
    }
    align_numbers(&mut table, &[2, 3, 4]);
    table
}

fn dash() -> String {
    "-".to_owned()
}

fn range(factor: &FactorSensitivity) -> String {
    let levels = &factor.levels;
    let text = match levels.as_slice() {
        [] => dash(),
        [only] => only.clone(),
        list => format!("{}..{}", list[0], list[list.len() - 1]),
    };
    shortened(&text, 15)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(most - 1).collect::<String>())
}

fn share(share: Estimate) -> String {
    if share.estimate.is_nan() {
        return dash();
    }
    // Whole per cent without a minus before a nought.
    let p = |value: f64| (value * 100.0).round() + 0.0;
    format!("{:.0} % ({:.0}..{:.0})", p(share.estimate), p(share.low), p(share.high))
}

fn spread(metric: &MetricSensitivity, effect: Estimate) -> String {
    let half = effect.high - effect.estimate;
    let (size, unit) = scaled(metric, effect.estimate);
    format!("{size} ± {}{unit}", scaled(metric, half).0)
}

fn number(metric: &MetricSensitivity, value: f64) -> String {
    let (number, unit) = scaled(metric, value);
    format!("{number}{unit}")
}

/// A value and its unit: shares in per cent, three digits of what is small.
fn scaled(metric: &MetricSensitivity, value: f64) -> (String, String) {
    if value.is_nan() {
        return (dash(), String::new());
    }
    let (value, unit) = match metric.unit.as_str() {
        "share" => (value * 100.0, " %".to_owned()),
        "" | "calls" => (value, String::new()),
        unit => (value, format!(" {unit}")),
    };
    let number = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    (number, unit)
}
