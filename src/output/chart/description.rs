//! A chart in words, for who hears it: an SVG's title and description.

use super::data::{Chart, Curves, HeatMap, Ranking};
use super::format::said;
use super::heading::label;
use super::kinds::{Distributions, Forest, Front, Standing, Tornado, Welch};
use super::lanes::{Content, Lanes};
use super::tornado;

/// More bands than this are not told one by one.
const BANDS_MAX: usize = 20;

/// The title, and what else there is to say.
pub(super) fn description(chart: &Chart) -> (String, String) {
    match chart {
        Chart::Curves(curves) => (curves.title.clone(), of_curves(curves)),
        Chart::HeatMap(map) => (map.title.clone(), of_map(map)),
        Chart::Ranking(ranking) => (ranking.title.clone(), of_ranking(ranking)),
        Chart::Lanes(lanes) => (lanes.title.clone(), of_lanes(lanes)),
        Chart::Forest(forest) => (forest.title.clone(), of_forest(forest)),
        Chart::Tornado(tornado) => (tornado.title.clone(), of_tornado(tornado)),
        Chart::Front(front) => (front.title.clone(), of_front(front)),
        Chart::Distributions(lines) => (lines.title.clone(), of_distributions(lines)),
        Chart::Welch(welch) => (welch.title.clone(), of_welch(welch)),
        Chart::Panels(panels) => {
            let parts = panels.charts.iter().map(|chart| {
                let (title, text) = description(chart);
                sentences(&[title, text])
            });
            let words: Vec<String> =
                std::iter::once(panels.subtitle.clone()).chain(parts).collect();
            (panels.title.clone(), sentences(&words))
        }
    }
}

fn of_curves(curves: &Curves) -> String {
    let lines = curves.lines.iter().map(|line| {
        let points = line.points.iter().filter(|point| point.mean.is_finite()).map(|point| {
            let (x, y) = (curves.x.format.level(point.x), curves.y.format.level(point.mean));
            format!("{x}: {y}")
        });
        let name = if line.label.is_empty() { "Line" } else { &line.label };
        format!("{name}: {}", points.collect::<Vec<_>>().join(", "))
    });
    let axes = match (label(&curves.y), label(&curves.x)) {
        (y, x) if x.is_empty() => y,
        (y, x) => format!("{y} over {x}"),
    };
    let words: Vec<String> = [curves.subtitle.clone(), axes].into_iter().chain(lines).collect();
    sentences(&words)
}

fn of_map(map: &HeatMap) -> String {
    let rows = map.y_levels.iter().zip(&map.cells).map(|(level, cells)| {
        let cells = map.x_levels.iter().zip(cells).map(|(x, cell)| match cell {
            Some(cell) if cell.mean.is_finite() => {
                format!("{x}: {}", map.value.format.level(cell.mean))
            }
            _ => format!("{x}: nothing"),
        });
        format!("{level}: {}", cells.collect::<Vec<_>>().join(", "))
    });
    let axes = format!("{} by {} (rows) and {}", label(&map.value), map.y_label, map.x_label);
    let words: Vec<String> = [map.subtitle.clone(), axes].into_iter().chain(rows).collect();
    sentences(&words)
}

fn of_ranking(ranking: &Ranking) -> String {
    let arms = ranking.arms.iter().filter(|arm| arm.mean.is_finite());
    let arms = arms.map(|arm| format!("{}: {}", arm.label, ranking.value.format.level(arm.mean)));
    let words = [ranking.subtitle.clone(), label(&ranking.value)];
    sentences(&words.into_iter().chain(arms).collect::<Vec<_>>())
}

/// A timeline: its moments and bands, and which lanes there are.
fn of_lanes(lanes: &Lanes) -> String {
    let moments = lanes.moments.iter().map(|moment| moment.text.clone());
    let bands = lanes.bands.iter().filter(|band| !band.label.is_empty());
    let bands = bands.take(BANDS_MAX).map(|band| band.label.clone());
    let parts = lanes.lanes.iter().map(|lane| {
        let names: Vec<&str> = match &lane.content {
            Content::Bins(bins) => {
                bins.stack.iter().chain(&bins.lines).map(|s| s.label.as_str()).collect()
            }
            Content::States(states) => states.looks.iter().map(|l| l.label.as_str()).collect(),
        };
        format!("{} ({}): {}", lane.title, lane.detail, names.join(", "))
    });
    let words = std::iter::once(lanes.subtitle.clone()).chain(moments).chain(bands).chain(parts);
    sentences(&words.collect::<Vec<_>>())
}

fn of_forest(forest: &Forest) -> String {
    let rows = forest.rows.iter().filter(|row| row.difference.value.is_finite());
    let rows = rows.map(|row| format!("{}: {}", row.label, row.difference.said(&forest.value)));
    let words = [forest.subtitle.clone(), label(&forest.value)];
    sentences(&words.into_iter().chain(rows).collect::<Vec<_>>())
}

fn of_tornado(chart: &Tornado) -> String {
    let bars = chart.bars.iter().map(|bar| format!("{}: {}", bar.label, tornado::said(chart, bar)));
    let noise = chart.noise.iter().map(|level| level.label.clone());
    let words = [chart.subtitle.clone(), label(&chart.value)];
    sentences(&words.into_iter().chain(bars).chain(noise).collect::<Vec<_>>())
}

/// The dominated are only counted.
fn of_front(front: &Front) -> String {
    let shown = front.candidates.iter().filter(|c| c.standing != Standing::Dominated);
    let candidates = shown.map(|candidate| {
        let values = front.objectives.iter().zip(&candidate.values);
        let values = values.map(|(objective, value)| {
            format!("{} {}", objective.axis.label.to_lowercase(), value.said(&objective.axis))
        });
        let recommended = candidate.standing == Standing::Recommended;
        let name = if recommended { " (recommended)" } else { "" };
        format!("{}{name}: {}", candidate.label, values.collect::<Vec<_>>().join(", "))
    });
    let beaten = front.candidates.iter().filter(|c| c.standing == Standing::Dominated).count();
    let words = [front.subtitle.clone()].into_iter().chain(candidates);
    sentences(&words.chain([format!("Dominated by another: {beaten}")]).collect::<Vec<_>>())
}

fn of_distributions(distributions: &Distributions) -> String {
    let lines = distributions.lines.iter().map(|line| {
        let seen = line.quantiles.iter().filter(|quantile| quantile.value.is_finite());
        let quantiles = seen.map(|q| format!("{} {}", q.name, said(&distributions.x, q.value)));
        format!("{}: {}", line.label, quantiles.collect::<Vec<_>>().join(", "))
    });
    let words = [distributions.subtitle.clone(), label(&distributions.x)];
    sentences(&words.into_iter().chain(lines).collect::<Vec<_>>())
}

fn of_welch(welch: &Welch) -> String {
    let levels = [&welch.cut, &welch.level].into_iter().flatten();
    let levels = levels.map(|level| level.label.clone());
    let words = [welch.subtitle.clone(), format!("{} over time", label(&welch.y))];
    sentences(&words.into_iter().chain(levels).collect::<Vec<_>>())
}

fn sentences(words: &[String]) -> String {
    let said = words.iter().map(|words| words.trim()).filter(|words| !words.is_empty());
    said.map(|words| if words.ends_with('.') { words.to_owned() } else { format!("{words}.") })
        .collect::<Vec<_>>()
        .join(" ")
}
