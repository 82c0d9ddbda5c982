//! The plots of a study: its estimates laid into charts. Titles say what the chart shows, in the
//! study's own factors and numbers.

use super::chart::{
    self, Arm, Axis, Better as Good, Cell, Chart, Curves, Format, HeatMap, Level as Mark, Line,
    Panels, Point, Ranking,
};
use crate::experiment::plan::{Factor, Plan};
use crate::experiment::study::{PlotSpec, level_text};
use crate::experiment::summary::Summary;
use crate::system::metrics::{Better, METRICS, Metric, index_of};

/// Every plot of the study, as file name and bytes: an SVG and a PNG each.
#[must_use]
pub fn render(plan: &Plan, summary: &Summary<'_>) -> Vec<(String, Vec<u8>)> {
    plan.study
        .plots
        .iter()
        .flat_map(|spec| {
            let chart = lay_out(plan, summary, spec);
            let file = spec.parts().0;
            chart::files(file, &chart)
        })
        .collect()
}

/// The factors that go in lockstep with one, itself among them.
fn lockstep(plan: &Plan, factor: usize) -> impl Iterator<Item = usize> {
    let leader = |f: usize| plan.factors[f].with.unwrap_or(f);
    (0..plan.factors.len()).filter(move |f| leader(*f) == leader(factor))
}

/// A plot's slice of the study: two factors, the others fixed.
struct Slice<'a> {
    plan: &'a Plan,
    summary: &'a Summary<'a>,
    spanned: [usize; 2],
    fixed: Vec<usize>,
}

impl<'a> Slice<'a> {
    fn new(plan: &'a Plan, summary: &'a Summary<'a>, spec: &PlotSpec) -> Self {
        let (_, _, names, at) = spec.parts();
        let factor = |name: &str| plan.factor(name).expect("the plan has checked the plot");
        let level = |f: &Factor| {
            let text = level_text(at.get(&f.name)?);
            f.levels.iter().position(|l| l.label == text)
        };
        // A level is said of one factor of those in lockstep.
        let fixed = (0..plan.factors.len())
            .map(|f| lockstep(plan, f).find_map(|g| level(&plan.factors[g])).unwrap_or(0))
            .collect();
        Self { plan, summary, spanned: names.map(factor), fixed }
    }

    fn factor(&self, which: usize) -> &Factor {
        &self.plan.factors[self.spanned[which]]
    }

    /// The point at these levels of the two factors, unless it is left out.
    fn point(&self, first: usize, second: usize) -> Option<usize> {
        let mut levels = self.fixed.clone();
        for (factor, level) in self.spanned.into_iter().zip([first, second]) {
            lockstep(self.plan, factor).for_each(|f| levels[f] = level);
        }
        let kept = levels[self.spanned[0]] == first;
        self.plan.point_at(&levels).filter(|_| kept)
    }

    fn points(&self) -> Vec<usize> {
        let second = 0..self.factor(1).levels.len();
        let first = 0..self.factor(0).levels.len();
        first.flat_map(|x| second.clone().filter_map(move |y| self.point(x, y))).collect()
    }

    /// The levels of the two factors at a point: `base delay 2s, jitter full`.
    fn name(&self, point: usize) -> String {
        let levels = &self.plan.points[point].levels;
        let part = |f: usize| {
            let factor = &self.plan.factors[f];
            format!("{} {}", factor.label, factor.levels[levels[f]].label)
        };
        let mut spanned = self.spanned.to_vec();
        spanned.dedup();
        spanned.into_iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// The same, and how many other points have the same mean of a metric.
    fn name_with_equals(&self, point: usize, metric: usize) -> String {
        let mean = |p: usize| self.summary.get(p, metric).mean;
        let equal = |p: &&usize| **p != point && mean(**p).total_cmp(&mean(point)).is_eq();
        match self.points().iter().filter(equal).count() {
            0 => self.name(point),
            equals => format!("{} and {equals} more", self.name(point)),
        }
    }

    /// The levels that are the same all over the plot.
    fn conditions(&self) -> String {
        let spanned = |f: usize| lockstep(self.plan, f).any(|g| self.spanned.contains(&g));
        let others = (0..self.plan.factors.len()).filter(|f| !spanned(*f));
        let parts: Vec<String> = others
            .map(|f| {
                let factor = &self.plan.factors[f];
                format!("{} {}", factor.label, factor.levels[self.fixed[f]].label)
            })
            .collect();
        parts.join(", ")
    }

    /// The points with a value of the metric that have the lowest and the highest mean, and whether
    /// the interval of their paired difference keeps them apart.
    fn extremes(&self, metric: usize) -> Option<(usize, usize, bool)> {
        let mean = |p: usize| self.summary.get(p, metric).mean;
        let mut seen = self.points();
        seen.retain(|p| !mean(*p).is_nan());
        seen.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)));
        let (low, high) = (*seen.first()?, *seen.last()?);
        let gap = self.summary.difference(high, low, metric);
        Some((low, high, gap.mean - gap.half_width > 0.0))
    }

    /// What the plot shows of a metric, as a sentence: where it is best, and how it is where it is
    /// worst, unless the paired interval cannot tell these two apart.
    fn finding(&self, metric: usize) -> String {
        let label = capital(&METRICS[metric].label());
        let Some((low, high, apart)) = self.extremes(metric) else {
            return format!("{label}: nothing was observed");
        };
        let shown = |point: usize| written(&METRICS[metric], self.summary.get(point, metric).mean);
        if !apart {
            return format!(
                "{label}: {} to {}; the replications cannot tell the best from the worst",
                shown(low),
                shown(high),
            );
        }
        let (best, worst, here, there) = match METRICS[metric].better {
            Better::Higher => (high, low, "best", "worst"),
            Better::Lower => (low, high, "best", "worst"),
            Better::Neither => (high, low, "highest", "lowest"),
        };
        format!(
            "{label}: {here} at {}, {}; {there} at {}, {}",
            self.name_with_equals(best, metric),
            shown(best),
            self.name_with_equals(worst, metric),
            shown(worst),
        )
    }

    /// The finding of the first metric whose best and worst can be told apart, and, if that is not
    /// the first of all, what can be said of the first.
    fn headline(&self, metrics: &[usize]) -> (String, Option<String>) {
        let apart = |m: &&usize| self.extremes(**m).is_some_and(|(_, _, apart)| apart);
        let lead = *metrics.iter().find(apart).unwrap_or(&metrics[0]);
        (self.finding(lead), (lead != metrics[0]).then(|| self.finding(metrics[0])))
    }
}

fn lay_out(plan: &Plan, summary: &Summary<'_>, spec: &PlotSpec) -> Chart {
    let slice = Slice::new(plan, summary, spec);
    let metrics: Vec<usize> = spec.parts().1.iter().filter_map(|name| index_of(name)).collect();
    let single = metrics.len() == 1;
    let (title, first) = slice.headline(&metrics);
    let first = first.map_or_else(String::new, |first| format!("{first}. "));
    let conditions = match slice.conditions() {
        none if none.is_empty() => none,
        some => format!(" Here: {some}."),
    };
    let subtitle = format!("{first}{}{conditions}", plan.study.question);
    let note = format!(
        "Means of {} replications with {:.0} % t intervals; all settings see the same arrivals; seed {}",
        match summary.replications() {
            (least, most) if least < most => format!("{least} to {most}"),
            (all, _) => all.to_string(),
        },
        summary.confidence * 100.0,
        plan.seed,
    );
    let panel = |metric: usize| match spec {
        PlotSpec::Curves { log, .. } => Chart::Curves(curves(&slice, metric, *log)),
        PlotSpec::HeatMap { .. } => Chart::HeatMap(heat_map(&slice, metric)),
        PlotSpec::Ranking { .. } => Chart::Ranking(ranking(&slice, metric)),
    };
    if single {
        match panel(metrics[0]) {
            Chart::Curves(chart) => Chart::Curves(Curves { title, subtitle, note, ..chart }),
            Chart::HeatMap(chart) => Chart::HeatMap(HeatMap { title, subtitle, note, ..chart }),
            Chart::Ranking(chart) => Chart::Ranking(Ranking { title, subtitle, note, ..chart }),
            other => other,
        }
    } else {
        let charts: Vec<Chart> = metrics.iter().map(|m| panel(*m)).collect();
        let most = if matches!(spec, PlotSpec::Ranking { .. }) { 1 } else { 3 };
        Chart::Panels(Panels { title, subtitle, columns: charts.len().min(most), charts, note })
    }
}

fn curves(slice: &Slice<'_>, metric: usize, log: bool) -> Curves {
    let (x, lines) = (slice.factor(0), slice.factor(1));
    let line = |l: usize| Line {
        label: lines.levels[l].label.clone(),
        points: (0..x.levels.len())
            .filter_map(|i| {
                let estimate = slice.summary.get(slice.point(i, l)?, metric);
                let (mean, half_width) = (estimate.mean, estimate.half_width);
                Some(Point { x: x.levels[i].number?, mean, half_width })
            })
            .collect(),
        scattered: false,
    };
    Curves {
        title: capital(&METRICS[metric].label()),
        x: factor_axis(x),
        y: Axis { log, ..metric_axis(&METRICS[metric]) },
        legend: capital(&lines.label),
        lines: (0..lines.levels.len()).map(line).collect(),
        y_reference: target(slice.plan, &METRICS[metric]),
        ..Curves::default()
    }
}

fn heat_map(slice: &Slice<'_>, metric: usize) -> HeatMap {
    let (x, y) = (slice.factor(0), slice.factor(1));
    let labels = |f: &Factor| f.levels.iter().map(|l| l.label.clone()).collect::<Vec<_>>();
    let cell = |row: usize, column: usize| {
        let estimate = slice.summary.get(slice.point(column, row)?, metric);
        Some(Cell { mean: estimate.mean, half_width: estimate.half_width })
    };
    HeatMap {
        title: capital(&METRICS[metric].label()),
        x_label: capital(&x.label),
        x_levels: labels(x),
        y_label: capital(&y.label),
        y_levels: labels(y),
        value: metric_axis(&METRICS[metric]),
        better: match METRICS[metric].better {
            Better::Lower => Good::Lower,
            Better::Higher | Better::Neither => Good::Higher,
        },
        cells: (0..y.levels.len())
            .map(|row| (0..x.levels.len()).map(|column| cell(row, column)).collect())
            .collect(),
        ..HeatMap::default()
    }
}

/// Best at the top; a level where nothing was observed stands last.
fn ranking(slice: &Slice<'_>, metric: usize) -> Ranking {
    let factor = slice.factor(0);
    let arm = |level: usize| {
        let estimate = slice.summary.get(slice.point(level, level)?, metric);
        let (label, highlight) = (factor.levels[level].label.clone(), false);
        Some(Arm { label, mean: estimate.mean, half_width: estimate.half_width, highlight })
    };
    let mut arms: Vec<Arm> = (0..factor.levels.len()).filter_map(arm).collect();
    let better = match METRICS[metric].better {
        Better::Lower => Good::Lower,
        Better::Higher | Better::Neither => Good::Higher,
    };
    let key = |arm: &Arm| match better {
        _ if arm.mean.is_nan() => f64::INFINITY,
        Good::Lower => arm.mean,
        Good::Higher => -arm.mean,
    };
    arms.sort_by(|a, b| key(a).total_cmp(&key(b)));
    Ranking {
        title: capital(&METRICS[metric].label()),
        value: metric_axis(&METRICS[metric]),
        better,
        arms,
        reference: target(slice.plan, &METRICS[metric]),
        ..Ranking::default()
    }
}

fn factor_axis(factor: &Factor) -> Axis {
    let format = if factor.unit == "s" { Format::Seconds } else { Format::Number };
    Axis { label: capital(&factor.label), log: factor.log, format, ..Axis::default() }
}

pub(super) fn metric_axis(metric: &Metric) -> Axis {
    let (unit, format) = match metric.unit {
        "share" => ("", Format::Share),
        "ms" => ("", Format::Milliseconds),
        "s" => ("", Format::Seconds),
        unit => (unit, Format::Number),
    };
    let limits = Some(metric.bounds.always());
    let unit = unit.to_owned();
    Axis { label: capital(&metric.label()), unit, format, limits, ..Axis::default() }
}

/// The model's target, for the service levels.
fn target(plan: &Plan, metric: &Metric) -> Option<Mark> {
    let value = plan.first.service_level.target;
    metric
        .name
        .starts_with("service_level")
        .then(|| Mark { value, label: format!("Target {:.0} %", value * 100.0) })
}

fn written(metric: &Metric, value: f64) -> String {
    match metric.unit {
        // No-break spaces: a number keeps its unit on its line.
        "share" => format!("{:.1}\u{a0}%", value * 100.0),
        "" => format!("{value:.1}"),
        "ms" => format!("{value:.0}\u{a0}ms"),
        unit => format!("{value:.1}\u{a0}{unit}"),
    }
}

/// A text with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
