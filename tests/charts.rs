//! Charts: the same data give the same bytes, and nothing a study can find breaks a picture.

use crate::chart_samples as samples;
use trunksim::output::chart::lanes::{
    Band, Bins, Content, Lane, Lanes, Moment, Row, Run, Series, Shade, StateLook, States, Tone,
};
use trunksim::output::chart::{
    Arm, Axis, Better, Cell, CellMark, Chart, Curves, Format, HeatMap, Level, Line, Panels, Point,
    Ranking, png, svg,
};

const DELAYS_S: [f64; 7] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
const JITTERS: [&str; 4] = ["None", "Equal", "Full", "Decorrelated"];

fn axis(label: &str, format: Format, log: bool) -> Axis {
    Axis { label: label.to_owned(), format, log, ..Axis::default() }
}

fn line(label: &str, means: &[f64], half_widths: &[f64]) -> Line {
    let points = DELAYS_S.iter().zip(means.iter().zip(half_widths));
    let points = points.map(|(&x, (&mean, &half_width))| Point { x, mean, half_width });
    Line { label: label.to_owned(), points: points.collect(), scattered: false }
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

/// The shipped SDKs' retry policies.
fn sdks() -> Ranking {
    let arm = |label: &str, mean: f64, half_width: f64, highlight: bool| Arm {
        label: label.to_owned(),
        mean,
        half_width,
        highlight,
    };
    Ranking {
        title: "Only budgeted and full-jitter retries meet the SLA".to_owned(),
        subtitle: "APAC model, 12 calls/s at peak".to_owned(),
        value: axis("Service level", Format::Share, false),
        arms: vec![
            arm("Budgeted, full jitter", 0.871, 0.008, true),
            arm("Full jitter", 0.842, 0.009, false),
            arm("Go SDK", 0.774, 0.011, false),
            arm("Python SDK, new", 0.768, 0.013, false),
            arm("Python SDK, old", 0.701, 0.012, false),
            arm(".NET SDK", f64::NAN, f64::NAN, false),
            arm("Fixed 500 ms stacked over the SDK's own retries (today)", 0.583, 0.02, true),
        ],
        reference: Some(Level { value: 0.8, label: "SLA target 80 %".to_owned() }),
        note: "Means of 20 replications; bars are 95 % intervals.".to_owned(),
        ..Ranking::default()
    }
}

/// Candidates of a search, and which of them nothing beats.
fn front() -> Curves {
    let scattered = |label: &str, at: &[(f64, f64)]| Line {
        label: label.to_owned(),
        points: at.iter().map(|&(x, mean)| Point { x, mean, half_width: 0.006 }).collect(),
        scattered: true,
    };
    let front = [(3.1, 0.801), (4.4, 0.842), (6.9, 0.861), (12.3, 0.874)];
    let beaten = [(5.2, 0.79), (7.7, 0.832), (9.4, 0.851), (13.8, 0.858), (15.2, 0.81)];
    Curves {
        title: "Above 7 failovers an hour, service level hardly rises".to_owned(),
        x: axis("Failovers per hour", Format::Number, false),
        y: axis("Service level", Format::Share, false),
        lines: vec![
            Line { scattered: false, ..scattered("Pareto front", &front) },
            scattered("Beaten by another", &beaten),
        ],
        y_reference: Some(Level { value: 0.8, label: "SLA target 80 %".to_owned() }),
        ..Curves::default()
    }
}

/// A burst, a breaker and two trunks, over a minute.
fn lanes() -> Lanes {
    let series = |label: &str, tone, values: &[f64]| Series {
        label: label.to_owned(),
        tone,
        values: values.to_vec(),
    };
    let bins = Bins {
        bin_s: 10.0,
        stack: vec![
            series("ours", Tone::First, &[2.0, 2.0, 3.0, 4.0, 2.0, 0.0]),
            series("others", Tone::Second, &[0.0, 14.0, 13.5, 0.0, 0.0, 1.0]),
        ],
        ..Bins::default()
    };
    let level = Bins {
        y: Axis { range: Some((0.0, 1.0)), ..axis("", Format::Share, false) },
        bin_s: 10.0,
        lines: vec![series("of all", Tone::Bad, &[1.0, 0.4, 0.6, f64::NAN, 0.9, 1.0])],
        reference: Some(Level { value: 0.8, label: "target 80 %".to_owned() }),
        ..Bins::default()
    };
    let run = |look: usize, from: f64, until: f64| Run { look, range_s: (from, until) };
    let row = |label: &str, from: f64| Row {
        label: label.to_owned(),
        strips: vec![vec![run(0, 0.0, from), run(1, from, 50.0), run(0, 50.0, 60.0)]],
    };
    let look = |label: &str, tone, height| StateLook { label: label.to_owned(), tone, height };
    let states = States {
        looks: vec![look("primary", Tone::Calm, 0.25), look("secondary", Tone::Bad, 1.0)],
        rows: vec![row("TRK_1 Sydney", 21.0), row("TRK_2 Wollongong and surroundings", 23.5)],
    };
    let lane = |title: &str, content| Lane {
        title: title.to_owned(),
        detail: "per second".to_owned(),
        content,
    };
    let band = |from: f64, until: f64, label: &str, shade| Band {
        range_s: (from, until),
        label: label.to_owned(),
        shade,
    };
    let moment = |at_s: f64, text: &str| Moment { at_s, text: text.to_owned() };
    Lanes {
        title: "2 of 2 trunks fail over while others burst (0:10–0:30)".to_owned(),
        range_s: (0.0, 60.0),
        time: "Simulated time (min:s)".to_owned(),
        ticks: (0..=6).map(|n| (f64::from(n) * 10.0, format!("0:{n}0"))).collect(),
        bands: vec![
            band(0.0, 5.0, "warm-up", Shade::Aside),
            band(12.0, 30.0, "API refuses", Shade::Trouble),
            band(13.0, 28.0, "Fault: telstra down", Shade::Fault),
        ],
        moments: vec![moment(10.0, "0:10 a burst"), moment(10.5, "0:10 it begins to refuse")],
        lanes: vec![
            lane("API attempts", Content::Bins(bins)),
            lane("Carrier", Content::States(states)),
            lane("Service level", Content::Bins(level)),
        ],
        ..Lanes::default()
    }
}

fn gallery() -> Vec<(&'static str, Chart)> {
    vec![
        ("curves", Chart::Curves(service_level())),
        ("log_curves", Chart::Curves(latency())),
        ("heat_map", Chart::HeatMap(service_level_map())),
        ("three_maps", Chart::Panels(three_maps())),
        ("ranking", Chart::Ranking(sdks())),
        ("front", Chart::Curves(front())),
        ("mixed", Chart::Panels(mixed())),
        ("lanes", Chart::Lanes(lanes())),
    ]
}

/// What a study should not find, and will.
fn odd() -> Vec<(&'static str, Chart)> {
    let point = |x: f64, mean: f64, half_width: f64| Point { x, mean, half_width };
    let curves = |title: &str, x: Axis, y: Axis, points: Vec<Point>| {
        Chart::Curves(Curves {
            title: title.to_owned(),
            x,
            y,
            lines: vec![Line { label: "Only".to_owned(), points, scattered: false }],
            ..Curves::default()
        })
    };
    let (number, share) =
        (axis("Calls", Format::Number, false), axis("Share", Format::Share, false));
    let log = axis("Delay", Format::Seconds, true);
    let unseen = point(2.0, f64::NAN, f64::NAN);
    vec![
        ("odd_nothing", Chart::Curves(Curves::default())),
        ("odd_no_cell", Chart::HeatMap(HeatMap::default())),
        ("odd_no_arm", Chart::Ranking(Ranking::default())),
        ("odd_no_lane", Chart::Lanes(Lanes::default())),
        ("odd_no_chart", Chart::Panels(Panels::default())),
        ("odd_one", curves("One", number.clone(), number.clone(), vec![point(1.0, 3.0, 0.0)])),
        ("odd_unseen", curves("Unseen", number.clone(), number.clone(), vec![unseen])),
        (
            "odd_sure",
            curves(
                "All the same, and certain",
                number.clone(),
                share.clone(),
                vec![point(1.0, 1.0, 0.0), unseen, point(3.0, 1.0, 0.0)],
            ),
        ),
        (
            "odd_zero",
            curves(
                "Zero on logarithmic axes, and an interval that reaches below it",
                log.clone(),
                Axis { log: true, ..number.clone() },
                vec![point(0.0, 0.0, 0.0), point(0.1, 2.0, 3.0), point(1.0, 40.0, 9.0)],
            ),
        ),
        (
            "odd_nowhere",
            curves("A logarithm of nothing", log.clone(), log, vec![point(-1.0, -2.0, 0.5)]),
        ),
        (
            "odd_difference",
            curves(
                "A difference around zero",
                number.clone(),
                Axis { unit: "per hour".to_owned(), ..number.clone() },
                (0..40).map(|x| point(f64::from(x), f64::from(x) - 17.5, 4.0)).collect(),
            ),
        ),
        ("odd_infinite", curves("No bound", number, share, vec![point(1.0, f64::INFINITY, 1.0)])),
        ("odd_long", Chart::HeatMap(long_labels())),
        ("odd_many", Chart::Curves(many_lines())),
    ]
}

fn long_labels() -> HeatMap {
    let mut map = service_level_map();
    "decorrelated jitter, capped at thirty seconds, Retry-After honoured"
        .clone_into(&mut map.y_levels[3]);
    "whatever the SDK does by itself".clone_into(&mut map.x_levels[2]);
    "exponential_with_full_jitter".clone_into(&mut map.x_levels[3]);
    map.title = format!("{} and {}", map.title, map.title.to_lowercase());
    "Share of the calls that entered a queue and were answered within twenty seconds of that moment, \
     short abandons left out"
        .clone_into(&mut map.value.label);
    map
}

fn many_lines() -> Curves {
    let template = service_level();
    let lines = (0..14).map(|index| {
        let means = template.lines[index % 4].points.iter().map(|point| point.mean);
        let means: Vec<f64> = means.map(|mean| mean - 0.03 * index as f64).collect();
        let label =
            format!("Attempts {index}, and Retry-After honoured with a floor of one second");
        line(&label, &means, &[f64::NAN; 7])
    });
    Curves { lines: lines.collect(), ..template }
}

/// Every chart there is to try, likely and odd.
fn every_kind() -> Vec<(&'static str, Chart)> {
    [gallery(), odd(), samples::gallery(), samples::odd()].concat()
}

/// Small enough for its golden file to be read.
fn small_curves() -> Curves {
    let mut curves = service_level();
    curves.lines.truncate(2);
    for line in &mut curves.lines {
        line.points.truncate(3);
    }
    curves.lines[1].points[1].mean = f64::NAN;
    "Retries & jitter <full>".clone_into(&mut curves.title);
    curves
}

fn small_map() -> HeatMap {
    let mut map = service_level_map();
    map.x_levels.truncate(2);
    map.y_levels.truncate(2);
    map.cells.truncate(2);
    map.cells[1][1] = None;
    map.marks = vec![CellMark { row: 0, column: 1, label: "Today".to_owned() }];
    map
}

#[test]
fn curves_look_as_they_did() {
    insta::assert_snapshot!("curves", svg(&Chart::Curves(small_curves())));
}

#[test]
fn a_heat_map_looks_as_it_did() {
    insta::assert_snapshot!("heat_map", svg(&Chart::HeatMap(small_map())));
}

#[test]
fn a_ranking_looks_as_it_did() {
    let mut ranking = sdks();
    ranking.arms.drain(1..5);
    insta::assert_snapshot!("ranking", svg(&Chart::Ranking(ranking)));
}

#[test]
fn lanes_look_as_they_did() {
    insta::assert_snapshot!("lanes", svg(&Chart::Lanes(lanes())));
}

#[test]
fn panels_look_as_they_did() {
    let charts = vec![Chart::Curves(small_curves()), Chart::HeatMap(small_map())];
    let panels = Panels { title: "Both".to_owned(), columns: 2, charts, ..Panels::default() };
    insta::assert_snapshot!("panels", svg(&Chart::Panels(panels)));
}

#[test]
fn a_forest_looks_as_it_did() {
    let mut forest = samples::forest();
    forest.rows.truncate(5);
    insta::assert_snapshot!("forest", svg(&Chart::Forest(forest)));
}

#[test]
fn a_tornado_looks_as_it_did() {
    let mut tornado = samples::tornado();
    tornado.bars.truncate(3);
    insta::assert_snapshot!("tornado", svg(&Chart::Tornado(tornado)));
}

#[test]
fn a_front_looks_as_it_did() {
    let mut front = samples::front();
    // Half of the dominated are enough.
    let mut index = 0;
    front.candidates.retain(|candidate| {
        index += 1;
        candidate.standing != samples::DOMINATED || index % 6 == 0
    });
    insta::assert_snapshot!("front", svg(&Chart::Front(front)));
}

#[test]
fn a_front_of_more_objectives_looks_as_it_did() {
    let mut front = samples::four_objectives();
    front.candidates.truncate(6);
    insta::assert_snapshot!("front_of_four", svg(&Chart::Front(front)));
}

#[test]
fn distributions_look_as_they_did() {
    let mut distributions = samples::distributions();
    for line in &mut distributions.lines {
        let mut index = 0;
        line.steps.retain(|_| {
            index += 1;
            index % 20 == 0
        });
    }
    insta::assert_snapshot!("distributions", svg(&Chart::Distributions(distributions)));
}

#[test]
fn a_welch_plot_looks_as_it_did() {
    let mut welch = samples::welch();
    welch.means.truncate(60);
    welch.average.truncate(50);
    insta::assert_snapshot!("welch", svg(&Chart::Welch(welch)));
}

/// A PNG's width and height, from its header.
fn size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&bytes[12..16], b"IHDR");
    assert_eq!(&bytes[bytes.len() - 8..bytes.len() - 4], b"IEND");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// The value of an attribute of the first tag.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

#[test]
fn nothing_a_study_can_find_breaks_a_picture() {
    for (name, chart) in every_kind() {
        let document = svg(&chart);
        assert!(!document.contains("NaN") && !document.contains("inf"), "{name}");
        assert!(document.ends_with("</svg>\n"), "{name}");
        let (width, height) = size(&png(&chart));
        assert_eq!(attribute(&document, "width"), (width / 2).to_string(), "{name}");
        assert_eq!(attribute(&document, "height"), (height / 2).to_string(), "{name}");
    }
}

#[test]
fn the_same_data_give_the_same_bytes_on_any_thread() {
    let mut charts =
        vec![Chart::Curves(small_curves()), Chart::HeatMap(small_map()), Chart::Ranking(sdks())];
    charts.extend([Chart::Forest(samples::forest()), Chart::Welch(samples::welch())]);
    for chart in charts {
        let once = (svg(&chart), png(&chart));
        let twice = std::thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| (svg(&chart), png(&chart))));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(twice.iter().all(|again| *again == once), "{chart:?}");
    }
}

/// A text's box in an SVG, in pixels: left, top, right, bottom.
struct Words {
    text: String,
    edges: [f64; 4],
}

/// Every text of a document, its width estimated from its letters.
fn words(document: &str) -> Vec<Words> {
    let tags = document.split("<text").skip(1);
    tags.map(|tag| {
        let number = |name: &str| attribute(tag, name).parse::<f64>().unwrap() / 10.0;
        let text = tag.split_once(">\n").unwrap().1.split_once("\n</text>").unwrap().0.to_owned();
        let (x, y, em) =
            (number("x"), number("y") + 0.76 * number("font-size"), number("font-size"));
        let width = 0.54 * em * text.chars().count() as f64;
        let left = match attribute(tag, "text-anchor") {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        Words { text, edges: [left, y - 0.7 * em, left + width, y] }
    })
    .collect()
}

#[test]
fn no_text_touches_another_or_leaves_the_picture() {
    for (name, chart) in every_kind() {
        let document = svg(&chart);
        let width: f64 = attribute(&document, "width").parse().unwrap();
        let height: f64 = attribute(&document, "height").parse().unwrap();
        let words = words(&document);
        for (index, one) in words.iter().enumerate() {
            let [left, top, right, bottom] = one.edges;
            let inside = left > 0.0 && top > 0.0 && right < width && bottom < height;
            assert!(inside, "{name}: {}", one.text);
            for other in &words[index + 1..] {
                let [l, t, r, b] = other.edges;
                let apart = right <= l || r <= left || bottom <= t || b <= top;
                assert!(apart, "{name}: {} on {}", one.text, other.text);
            }
        }
    }
}

#[test]
fn an_svg_can_be_heard() {
    let document = svg(&Chart::Curves(small_curves()));
    assert!(document.contains("<title>Retries &amp; jitter &lt;full&gt;</title>"));
    assert!(document.contains("None: 50\u{a0}ms: 51.2\u{a0}%, 100\u{a0}ms: 53.4\u{a0}%"));
}

#[test]
fn a_logarithmic_factor_has_its_own_levels_as_ticks() {
    let document = svg(&Chart::Curves(service_level()));
    let texts: Vec<String> = words(&document).into_iter().map(|words| words.text).collect();
    for tick in ["50\u{a0}ms", "200\u{a0}ms", "500\u{a0}ms", "1\u{a0}s", "5\u{a0}s", "80\u{a0}%"] {
        assert!(texts.iter().any(|text| text == tick), "{tick} in {texts:?}");
    }
}
