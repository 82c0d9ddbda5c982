//! Timelines: what is folded agrees with the metrics of the same run, the trace is what its format
//! asks for, and both stay within their bounds.

mod bounds;
mod folding;
pub(crate) mod validator;

use std::fs;
use std::path::Path;

use trunksim::engine::time::SimTime;
use trunksim::input::{self, LoadedModel};
use trunksim::output::chart::{Chart, svg};
use trunksim::output::timeline::{Origin, chart, trace};
use trunksim::system::metrics::index_of;
use trunksim::system::timeline::finding::finding;
use trunksim::system::timeline::{Span, Timeline, TimelineRecorder, Track, Window};
use trunksim::system::{RunResult, simulate_observed};

use validator::{Phase, read};

fn load(path: &str, set: &[&str]) -> LoadedModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    input::model(&path, &set).unwrap_or_else(|e| panic!("{e}"))
}

/// A run with the timeline of the part that is measured.
fn measured(loaded: &LoadedModel) -> (RunResult, Timeline) {
    let config = &loaded.config;
    let window = Window { from: config.warmup(), until: config.horizon() };
    let recorder = TimelineRecorder::of(config, window);
    let (result, recorder) = simulate_observed(config, 1, 0, recorder).unwrap();
    (result, recorder.finish())
}

fn whole(loaded: &LoadedModel) -> Timeline {
    let recorder = TimelineRecorder::new(&loaded.config);
    simulate_observed(&loaded.config, 1, 0, recorder).unwrap().1.finish()
}

fn origin() -> Origin {
    Origin { model: "test".to_owned(), seed: 1, replication: 0 }
}

/// The first burst of the APAC model.
fn burst() -> LoadedModel {
    load("models/apac.toml", &["horizon=14m", "warmup=2m"])
}

fn same(result: &RunResult, metric: &str, counted: u64) {
    let value = result.metrics[index_of(metric).unwrap()];
    assert!((value - counted as f64).abs() < f64::EPSILON, "{metric}: {value}, not {counted}");
}

#[test]
fn counts_are_those_of_the_metrics_of_the_same_run() {
    let (result, timeline) = measured(&burst());
    let calls = |of: fn(&trunksim::system::timeline::CallBin) -> u64| {
        timeline.calls.iter().map(of).sum::<u64>()
    };
    same(&result, "calls_offered", calls(|bin| bin.offered));
    same(&result, "calls_answered", calls(|bin| bin.answered));
    same(&result, "invite_timeouts", calls(|bin| bin.invite_timeouts));
    let routing = &timeline.clients[0].bins;
    same(&result, "api_attempts", routing.iter().map(|bin| bin.sent).sum());
    same(&result, "api_429s", routing.iter().map(|bin| bin.too_many).sum());
    same(&result, "breaker_refusals", routing.iter().map(|bin| bin.breaker_refused).sum());
    let others = timeline.clients[1..].iter().flat_map(|client| &client.bins);
    same(&result, "api_429s_others", others.map(|bin| bin.too_many).sum());
    let count = |n: usize| n as u64;
    same(&result, "failovers", count(timeline.failovers.len()));
    let without = timeline.failovers.iter().filter(|f| !f.needed).count();
    same(&result, "failovers_unnecessary", count(without));
    same(&result, "breaker_openings", count(timeline.openings.len()));
    same(&result, "registration_timeouts", count(timeline.registration_timeouts.len()));
    let queued = calls(|bin| bin.queued) - calls(|bin| bin.short_abandons);
    let level = calls(|bin| bin.in_time) as f64 / queued as f64;
    let metric = |name: &str| result.metrics[index_of(name).unwrap()];
    assert!((metric("service_level") - level).abs() < f64::EPSILON);
    let level = calls(|bin| bin.in_time_end_to_end) as f64 / calls(|bin| bin.offered) as f64;
    assert!((metric("service_level_end_to_end") - level).abs() < f64::EPSILON);
    // Something of each kind happens.
    assert!(metric("api_429s") > 0.0 && metric("failovers") > 0.0, "a burst is in the run");
    // At the limiters: what was refused or let pass until the horizon was sent before.
    let seen =
        |of: fn(&trunksim::system::timeline::ClientBin) -> u64| routing.iter().map(of).sum::<u64>();
    assert!(seen(|bin| bin.admitted + bin.refused) <= seen(|bin| bin.sent) + 4, "4 connections");
    let by_limiter: u64 = timeline.limiters.iter().map(|l| l.refused).sum();
    let by_client = timeline.clients.iter().flat_map(|c| &c.bins).map(|b| b.refused).sum::<u64>();
    assert_eq!(by_limiter, by_client);
    let episodes: u64 = timeline.clients[0].refusals.iter().map(|e| e.refused).sum();
    assert_eq!(episodes, seen(|bin| bin.refused));
    let ours = timeline.episodes.iter().filter_map(|e| e.ours).map(|(_, n)| n).sum::<u64>();
    assert_eq!(ours, seen(|bin| bin.refused));
}

/// Time spent in states, against the metrics' own integrals.
#[test]
fn time_in_states_is_that_of_the_metrics() {
    let (result, timeline) = measured(&burst());
    let metric = |name: &str| result.metrics[index_of(name).unwrap()];
    let total = |spans: &mut dyn Iterator<Item = (SimTime, SimTime)>| {
        spans.map(|(from, until)| (until - from).as_secs_f64()).sum::<f64>()
    };
    let window = (timeline.window.until - timeline.window.from).as_secs_f64();
    use trunksim::policies::breaker::State;
    let open = timeline.breakers.iter().flat_map(|t| &t.spans).filter(|s| s.state == State::Open);
    let share = total(&mut open.map(|s| (s.from, s.until))) / window;
    assert!((share - metric("breaker_open_fraction")).abs() < 1e-9, "{share}");
    use trunksim::system::timeline::Enrolment::{Failing, Off, Registering};
    let spans = || timeline.registrations.iter().flat_map(|t| &t.spans);
    let wanted = total(&mut spans().filter(|s| s.state != Off).map(|s| (s.from, s.until)));
    let lacking = spans().filter(|s| matches!(s.state, Registering | Failing));
    let share = total(&mut lacking.map(|s| (s.from, s.until))) / wanted;
    assert!((share - metric("unregistered_fraction")).abs() < 1e-9, "{share}");
    // Under break-before-make calls use a leg from the moment the trunk heads for it: the time on
    // the secondary is that of its stays and of the moves there.
    use trunksim::system::timeline::Carriage;
    let mut on_secondary = 0.0;
    for track in &timeline.trunks {
        let mut towards = Carriage::Primary;
        for span in &track.spans {
            let stays = !matches!(span.state, Carriage::Primary | Carriage::Switching);
            let moves_there = span.state == Carriage::Switching && towards == Carriage::Primary;
            if stays || moves_there {
                on_secondary += (span.until - span.from).as_secs_f64();
            }
            towards = if span.state == Carriage::Switching { towards } else { span.state };
        }
    }
    let share = on_secondary / window / timeline.trunks.len() as f64;
    assert!((share - metric("secondary_time_fraction")).abs() < 1e-9, "{share}");
}

fn covers<S: PartialEq>(track: &Track<S>, window: Window) {
    let spans: &[Span<S>] = &track.spans;
    assert_eq!(spans[0].from, window.from, "{}", track.name);
    assert_eq!(spans[spans.len() - 1].until, window.until, "{}", track.name);
    assert!(spans.iter().all(|s| s.from < s.until), "{}", track.name);
    let meets = |pair: &[Span<S>]| pair[0].until == pair[1].from && pair[0].state != pair[1].state;
    assert!(spans.windows(2).all(meets), "{}", track.name);
}

#[test]
fn states_cover_the_whole_run_without_gaps() {
    let timeline = whole(&burst());
    assert_eq!(timeline.window.from, SimTime::ZERO);
    assert_eq!((timeline.trunks.len(), timeline.registrations.len()), (15, 30));
    timeline.breakers.iter().for_each(|track| covers(track, timeline.window));
    timeline.trunks.iter().for_each(|track| covers(track, timeline.window));
    timeline.registrations.iter().for_each(|track| covers(track, timeline.window));
}

/// A part of a run is what the whole shows of that time.
#[test]
fn a_close_up_shows_the_same_run() {
    let loaded = burst();
    let timeline = whole(&loaded);
    let window = Window { from: timeline.bin_start(200), until: timeline.bin_start(400) };
    let recorder = TimelineRecorder::of(&loaded.config, window);
    let part = simulate_observed(&loaded.config, 1, 0, recorder).unwrap().1.finish();
    assert_eq!(part.bin, timeline.bin);
    assert_eq!(part.calls, timeline.calls[200..400]);
    for (part, whole) in part.clients.iter().zip(&timeline.clients) {
        assert_eq!(part.bins, whole.bins[200..400]);
    }
    for (part, whole) in part.registrations.iter().zip(&timeline.registrations) {
        for span in &part.spans {
            let middle = span.from + (span.until - span.from) / 2;
            let there = whole.spans.iter().find(|s| s.from <= middle && middle < s.until);
            assert_eq!(there.unwrap().state, span.state, "{}", whole.name);
        }
    }
}

#[test]
fn bins_put_together_keep_their_counts() {
    let timeline = whole(&burst());
    let coarse = timeline.with_bins_at_most(30);
    assert!(coarse.calls.len() <= 30 && coarse.calls.len() > 10);
    let offered = |t: &Timeline| t.calls.iter().map(|bin| bin.offered).sum::<u64>();
    assert_eq!(offered(&coarse), offered(&timeline));
    let sent = |t: &Timeline| t.clients[1].bins.iter().map(|bin| bin.sent).sum::<u64>();
    assert_eq!(sent(&coarse), sent(&timeline));
    let least = |t: &Timeline| t.limiters[0].bins.iter().flatten().map(|b| b.least).min();
    assert_eq!(least(&coarse), least(&timeline));
}

/// Budgets are reported only to observers that ask for budgets; the run itself is the same.
#[test]
fn a_run_that_is_watched_is_the_same_run() {
    let loaded = load("models/minimal.toml", &["horizon=10m", "warmup=1m"]);
    let (watched, _) = measured(&loaded);
    let alone = trunksim::system::simulate(&loaded.config, 1, 0).unwrap();
    assert_eq!(watched.engine, alone.engine);
    let bits = |r: &RunResult| r.metrics.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&watched), bits(&alone));
}

#[test]
fn the_title_states_what_the_run_shows() {
    let timeline = whole(&burst());
    let found = finding(&timeline);
    let moved = timeline.moved(&timeline.course().unwrap(), true);
    assert!(moved > 0);
    let head = format!("{moved} of 15 trunks fail over unnecessarily while the API refuses");
    assert!(found.title.starts_with(&head), "{}", found.title);
    assert!(found.moments.len() >= 4, "{:?}", found.moments);
    assert!(found.moments.is_sorted_by_key(|m| m.at));
    assert!(found.moments[0].text.starts_with("agent_scripts sends "), "{:?}", found.moments);
    let fault = "faults=[{ kind = 'carrier_outage', carrier = 'telstra', at = '3m', for = '2m' }]";
    let outage = whole(&load("models/apac.toml", &["horizon=7m", "warmup=1m", fault]));
    let found = finding(&outage);
    assert!(found.title.contains("each because its primary leg was unusable"), "{}", found.title);
    assert_eq!(found.moments[0].text, "fault: telstra down");
    let quiet = whole(&load("models/minimal.toml", &["horizon=10m", "warmup=1m"]));
    let title = finding(&quiet).title;
    assert!(title.starts_with("The API refuses the routing client nothing"), "{title}");
}

/// The trace says what the timeline says.
#[test]
fn the_trace_is_valid_and_says_what_the_timeline_says() {
    let timeline = whole(&burst());
    let events = read(&trace(&timeline, &origin())).unwrap_or_else(|e| panic!("{e}"));
    let named = |name: &str| events.iter().filter(|e| e.name == name).count();
    let unnecessary = timeline.failovers.iter().filter(|f| !f.needed).count();
    assert_eq!(named("failover, unnecessary"), unnecessary);
    assert_eq!(named("opens"), timeline.openings.len());
    assert_eq!(named("registration timeout"), timeline.registration_timeouts.len());
    let spans =
        |pid: u64| events.iter().filter(|e| e.phase == Phase::Complete && e.pid == pid).count();
    assert_eq!(spans(4), timeline.breakers.iter().map(|t| t.spans.len()).sum::<usize>());
    assert_eq!(spans(5), timeline.trunks.iter().map(|t| t.spans.len()).sum::<usize>());
    assert_eq!(spans(6), timeline.registrations.iter().map(|t| t.spans.len()).sum::<usize>());
    for phase in [Phase::Complete, Phase::Counter, Phase::Instant, Phase::Metadata] {
        assert!(events.iter().any(|e| e.phase == phase), "{phase:?}");
    }
    let tracks: Vec<&str> = events
        .iter()
        .filter(|e| e.name == "thread_name")
        .map(|e| e.args["name"].as_str().unwrap())
        .collect();
    for track in ["TRK_APAC_04 Perth", "all trunks", "agent_scripts", "TRK_APAC_04 singtel"] {
        assert!(tracks.contains(&track), "{track} in {tracks:?}");
    }
}

/// Small enough for its golden file to be read.
#[test]
fn a_timeline_looks_as_it_did() {
    let set = [
        "horizon=6m",
        "warmup=1m",
        "trunks.0.arrivals.rate_per_s=0.6",
        "api.limits.0.limiter.limit=30",
        "api.limits.0.limiter.window=60s",
    ];
    let loaded = load("models/minimal.toml", &set);
    let timeline = whole(&loaded);
    let document = svg(&chart(&timeline, &origin()));
    insta::assert_snapshot!("timeline", document);
    let Chart::Lanes(lanes) = chart(&timeline, &origin()) else { panic!("lanes") };
    assert!(document.contains(&format!("<title>{}</title>", lanes.title)));
}

#[test]
fn the_command_writes_pictures_and_trace() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["run", "models/apac.toml", "--horizon", "20m", "--timeline", out]);
    command.assert().success();
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = ["close-up.png", "close-up.svg", "timeline.png", "timeline.svg", "trace.json"];
    assert_eq!(names, expected);
    read(&fs::read(folder.path().join("trace.json")).unwrap()).unwrap();
    let title = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().find(|l| l.starts_with("<title>")).unwrap().to_owned()
    };
    assert!(title("timeline.svg").contains("while the API refuses"), "{}", title("timeline.svg"));
    assert!(title("close-up.svg").contains("while the API refuses"));
}
