//! A chart in words, for who hears it: an SVG's title and description.

use super::data::{Chart, Curves, HeatMap, Ranking};
use super::heading::label;
use super::lanes::{Content, Lanes};

/// More bands than this are not told one by one.
const BANDS_MAX: usize = 20;

/// The title, and what else there is to say.
pub(super) fn description(chart: &Chart) -> (String, String) {
    match chart {
        Chart::Curves(curves) => (curves.title.clone(), of_curves(curves)),
        Chart::HeatMap(map) => (map.title.clone(), of_map(map)),
        Chart::Ranking(ranking) => (ranking.title.clone(), of_ranking(ranking)),
        Chart::Lanes(lanes) => (lanes.title.clone(), of_lanes(lanes)),
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

fn sentences(words: &[String]) -> String {
    let said = words.iter().map(|words| words.trim()).filter(|words| !words.is_empty());
    said.map(|words| if words.ends_with('.') { words.to_owned() } else { format!("{words}.") })
        .collect::<Vec<_>>()
        .join(" ")
}
