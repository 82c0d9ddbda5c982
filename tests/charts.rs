//! Charts: the same data give the same bytes, and nothing a study can find breaks a picture.

use std::fs;
use std::path::Path;

use trunksim::output::chart::{
    Axis, Better, Cell, CellMark, Chart, Curves, Format, HeatMap, Level, Line, Panels, Point, png,
    svg,
};

const DELAYS_S: [f64; 7] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
const JITTERS: [&str; 4] = ["None", "Equal", "Full", "Decorrelated"];

fn axis(label: &str, format: Format, log: bool) -> Axis {
    Axis { label: label.to_owned(), format, log, ..Axis::default() }
}

fn line(label: &str, means: &[f64], half_widths: &[f64]) -> Line {
    let points = DELAYS_S.iter().zip(means.iter().zip(half_widths));
    let points = points.map(|(&x, (&mean, &half_width))| Point { x, mean, half_width });
    Line { label: label.to_owned(), points: points.collect() }
}

/// Service level against the base delay.
fn service_level() -> Curves {
    let half = [0.021, 0.018, 0.016, 0.012, 0.009, 0.011, 0.014];
    Curves {
        title:
            "Full jitter from 500 ms on meets the 80 % target; without jitter no base delay does"
                .to_owned(),
        subtitle: "APAC model, 12 calls/s at peak, 5 attempts, multiplier 2, Retry-After ignored"
            .to_owned(),
        x: axis("Base delay", Format::Seconds, true),
        y: axis("Service level: answered within 20 s of queue entry", Format::Share, false),
        legend: "Jitter".to_owned(),
        lines: vec![
            line(JITTERS[0], &[0.512, 0.534, 0.561, 0.622, 0.664, 0.671, 0.598], &half),
            line(JITTERS[1], &[0.548, 0.583, 0.655, 0.742, 0.781, 0.766, 0.682], &half),
            line(JITTERS[2], &[0.571, 0.618, 0.707, 0.812, 0.853, 0.836, 0.744], &half),
            line(JITTERS[3], &[0.566, 0.622, 0.714, 0.801, 0.842, 0.848, 0.772], &half),
        ],
        y_reference: Some(Level { value: 0.8, label: "SLA target 80 %".to_owned() }),
        x_reference: None,
        note: "Means of 20 replications of a busy hour; bars and bands are 95 % intervals."
            .to_owned(),
    }
}

/// Update latency, over three decades, with today's setting and a mean that was never observed.
fn latency() -> Curves {
    let means = [
        [182.0, 190.0, 240.0, 411.0, 780.0, 1520.0, 3900.0],
        [150.0, 161.0, 212.0, 370.0, 690.0, 1330.0, 3350.0],
        [121.0, 133.0, f64::NAN, 262.0, 455.0, 870.0, 2140.0],
    ];
    let lines = JITTERS
        .iter()
        .zip(&means)
        .map(|(label, means)| line(label, means, &means.map(|mean| mean * 0.09)));
    Curves {
        title: "Every doubling of the base delay doubles the update latency beyond 500 ms"
            .to_owned(),
        subtitle: "APAC model, calls whose routing update was limited at least once".to_owned(),
        x: axis("Base delay", Format::Seconds, true),
        y: axis("Update latency, 95th percentile", Format::Milliseconds, true),
        legend: "Jitter".to_owned(),
        lines: lines.collect(),
        x_reference: Some(Level { value: 0.5, label: "Today: fixed 500 ms".to_owned() }),
        ..Curves::default()
    }
}

fn map(title: &str, value: Axis, better: Better, full: f64, half: f64) -> HeatMap {
    let cell = |row: usize, column: usize| {
        let share = 0.35 + 0.12 * row as f64 + 0.09 * column as f64;
        let share = if column > 4 { share - 0.14 * (column - 4) as f64 } else { share };
        let share = if better == Better::Lower { 1.1 - share } else { share };
        Some(Cell { mean: full * share.clamp(0.02, 0.98), half_width: half * (1.0 + row as f64) })
    };
    HeatMap {
        title: title.to_owned(),
        subtitle: String::new(),
        x_label: "Base delay".to_owned(),
        x_levels: ["50 ms", "100 ms", "200 ms", "500 ms", "1 s", "2 s", "5 s"]
            .map(str::to_owned)
            .to_vec(),
        y_label: "Jitter".to_owned(),
        y_levels: JITTERS.map(str::to_owned).to_vec(),
        value,
        better,
        cells: (0..4).map(|row| (0..7).map(|column| cell(row, column)).collect()).collect(),
        marks: Vec::new(),
        note: String::new(),
    }
}

/// Service level by delay and jitter, two cells missing, two framed.
fn service_level_map() -> HeatMap {
    let value = axis("Service level", Format::Share, false);
    let mut map = map(
        "Jitter matters more than the delay: full jitter at 1 s is best",
        value,
        Better::Higher,
        0.98,
        0.006,
    );
    "APAC model, 12 calls/s at peak, 5 attempts".clone_into(&mut map.subtitle);
    map.cells[0][6] = None;
    map.cells[1][6] = Some(Cell { mean: f64::NAN, half_width: f64::NAN });
    map.marks = vec![
        CellMark { row: 2, column: 4, label: "Recommended".to_owned() },
        CellMark { row: 0, column: 3, label: "Today's setting".to_owned() },
    ];
    "Means of 20 replications; ± half the width of a 95 % interval.".clone_into(&mut map.note);
    map
}

/// The same settings judged by three measures.
fn three_maps() -> Panels {
    let titled = |title: &str, value, better, full, half| {
        Chart::HeatMap(map(title, value, better, full, half))
    };
    Panels {
        title: "The settings that meet the SLA are also those that fail over least".to_owned(),
        subtitle: "APAC model, 12 calls/s at peak, 5 attempts, multiplier 2".to_owned(),
        columns: 3,
        charts: vec![
            titled(
                "Service level",
                axis("Answered within 20 s", Format::Share, false),
                Better::Higher,
                0.98,
                0.004,
            ),
            titled(
                "Failovers",
                axis("Failovers per hour", Format::Number, false),
                Better::Lower,
                64.0,
                0.8,
            ),
            titled(
                "Refusals by the API",
                axis("429 answers per hour", Format::Number, false),
                Better::Lower,
                23_400.0,
                160.0,
            ),
        ],
        note: "Means of 20 replications of a busy hour; ± half the width of a 95 % interval."
            .to_owned(),
    }
}

/// Lines beside a map: both kinds in one picture, over two rows.
fn mixed() -> Panels {
    let short = |mut curves: Curves, title: &str| {
        title.clone_into(&mut curves.title);
        (curves.subtitle, curves.note) = (String::new(), String::new());
        Chart::Curves(curves)
    };
    Panels {
        title: "Full jitter at 1 s: the best service level at a tolerable latency".to_owned(),
        columns: 2,
        charts: vec![
            short(service_level(), "Service level"),
            short(latency(), "Update latency"),
            Chart::HeatMap(HeatMap { title: "Service level".to_owned(), ..service_level_map() }),
        ],
        ..Panels::default()
    }
}

fn gallery() -> Vec<(&'static str, Chart)> {
    vec![
        ("curves", Chart::Curves(service_level())),
        ("log_curves", Chart::Curves(latency())),
        ("heat_map", Chart::HeatMap(service_level_map())),
        ("three_maps", Chart::Panels(three_maps())),
        ("mixed", Chart::Panels(mixed())),
    ]
}

#[test]
#[ignore = "writes the pictures to target/gallery, to be looked at"]
fn draw_the_gallery() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    fs::create_dir_all(&folder).unwrap();
    for (name, chart) in gallery().into_iter().chain(odd()) {
        fs::write(folder.join(name).with_extension("svg"), svg(&chart)).unwrap();
        fs::write(folder.join(name).with_extension("png"), png(&chart)).unwrap();
    }
}

/// What a study should not find, and will.
fn odd() -> Vec<(&'static str, Chart)> {
    let nothing = Curves::default();
    let single = Curves {
        title: "One point".to_owned(),
        lines: vec![Line {
            label: "Only".to_owned(),
            points: vec![Point { x: 1.0, mean: 3.0, half_width: 0.0 }],
        }],
        ..Curves::default()
    };
    vec![("odd_nothing", Chart::Curves(nothing)), ("odd_single", Chart::Curves(single))]
}
