//! However long and eventful a run is, what is written of it stays small, and says what it has put
//! together.

use serde_json::Value;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::output::chart::{png, svg};
use trunksim::output::timeline::{chart, trace};
use trunksim::policies::breaker::State;
use trunksim::system::observation::Cause;
use trunksim::system::timeline::{
    Carriage, Enrolment, Episode, Failover, Fault, Opening, RegistrationTimeout, Span, Timeline,
    Track,
};

use super::validator::{Event, Phase, read};
use super::{load, origin, whole};

const MOST: usize = 5_000_000;

/// Both are within bounds, and the trace is valid: its events, and what it says of itself.
fn bounded(name: &str, timeline: &Timeline) -> (Vec<Event>, Value) {
    let picture = svg(&chart(timeline, &origin()));
    assert!(picture.len() < MOST, "{name}: picture of {}", picture.len());
    let bytes = trace(timeline, &origin());
    assert!(bytes.len() < MOST, "{name}: trace of {}", bytes.len());
    let root: Value = serde_json::from_slice(&bytes).unwrap();
    let events = read(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    (events, root["otherData"].clone())
}

/// A day of a real run: two carriers that fail every half an hour, and bursts of another tenant.
#[test]
fn a_day_is_drawn_in_a_few_megabytes() {
    let spikes = "spikes = [{ at = '1m', for = '30s', rate_per_s = 8.0, every = '25m' }]";
    let arrivals = format!("tenants.0.arrivals={{ kind = 'spikes', rate_per_s = 0.2, {spikes} }}");
    let set = [
        "horizon=24h",
        "trunks.0.arrivals.rate_per_s=0.1",
        &arrivals,
        "carriers.0.outages={ time_to_failure = '30m', time_to_repair = '2m' }",
        "carriers.1.outages={ time_to_failure = '40m', time_to_repair = '1m' }",
    ];
    let timeline = whole(&load("tests/explain/burst.toml", &set));
    assert!(timeline.faults.len() > 40, "{}", timeline.faults.len());
    assert!(timeline.episodes.len() > 40, "{}", timeline.episodes.len());
    let (events, other) = bounded("a day", &timeline);
    assert_eq!(other["counter_bin_s"], 60.0);
    // Nothing needed to be put together: each state is there.
    assert_eq!(other["states_shorter_than_s_are_merged"], 0.0);
    let of = |pid: u64| {
        events.iter().filter(|e| e.phase == Phase::Complete && e.pid == pid).collect::<Vec<_>>()
    };
    assert_eq!(of(6).len(), timeline.registrations.iter().map(|t| t.spans.len()).sum::<usize>());
    let times = of(1).iter().map(|e| e.args["times"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(times, timeline.faults.len() as u64);
    let image = png(&chart(&timeline, &origin()));
    assert!(image.len() < MOST, "{}", image.len());
}

/// Far more trunks than a picture or a trace shows one by one.
#[test]
fn many_trunks_are_bounded_and_those_left_out_are_counted() {
    let many = load(
        "models/apac.toml",
        &["horizon=20m", "trunks.0.count=150", "trunks.0.id=TRK_{n}", "sbcs.0.count=15"],
    );
    let timeline = whole(&many);
    let (events, other) = bounded("many", &timeline);
    let legs = timeline.registrations.len();
    assert!(legs > 300, "{legs}");
    assert_eq!(other["threads_omitted"], legs - 200);
    let name = format!("Registrations (200 of {legs}");
    let named = |e: &&Event| e.args["name"].as_str().is_some_and(|n| n.starts_with(&name));
    assert_eq!(events.iter().filter(named).count(), 1);
}

/// Everything at once, all day: states that change every second, and a fault in every minute.
#[test]
fn the_worst_of_days_is_bounded_and_says_what_was_put_together() {
    let mut timeline = whole(&load("models/apac.toml", &["horizon=5m", "warmup=0s"]));
    let seconds = 86_400;
    let at = |second: u64| SimTime::ZERO + SimDuration::from_secs(second);
    timeline.bin = timeline.bin * (seconds / 300);
    timeline.window.until = at(seconds);
    fill(&mut timeline, 1);
    let fault = |n: u64| Fault {
        label: format!("carrier {} down", n % 7),
        from: at(n * 60),
        until: at(n * 60 + 90),
    };
    timeline.faults = (0..1439).map(fault).collect();
    let episode = |n: u64| Episode {
        from: at(n * 12),
        until: at(n * 12 + 1),
        refused: 3,
        ours: Some((at(n * 12), 1)),
    };
    timeline.episodes = (0..7200).map(episode).collect();
    for client in &mut timeline.clients {
        client.refusals = timeline.episodes.clone();
    }
    let every = (0..seconds).map(at);
    let move_to = |n: usize, at| {
        let needed = n.is_multiple_of(2);
        Failover { at, trunk: n % 15, cause: Cause::Fallback, needed }
    };
    timeline.failovers = every.clone().enumerate().map(|(n, at)| move_to(n, at)).collect();
    let opening = |at| Opening { at, breaker: 0, capacity: true };
    timeline.openings = every.clone().map(opening).collect();
    let timeout = |(n, at)| RegistrationTimeout { at, leg: n % 30 };
    timeline.registration_timeouts = every.enumerate().map(timeout).collect();

    // As many states as a picture tells apart, which is the most it can hold.
    let mut slower = timeline.clone();
    fill(&mut slower, 200);
    bounded("the fullest", &slower);
    let (events, other) = bounded("the worst", &timeline);
    let cell = other["states_shorter_than_s_are_merged"].as_f64().unwrap();
    assert!(cell >= 60.0, "{cell}");
    let name = format!("Trunks: carrier (in steps of {})", SimDuration::from_secs_f64(cell));
    assert!(events.iter().any(|e| e.args["name"] == name), "{name}");
    // Nothing is lost: what was put together is counted.
    let count = |name: &str| {
        let named = events.iter().filter(|e| e.name == name);
        named.map(|e| e.args["count"].as_u64().unwrap_or(1)).sum::<u64>()
    };
    assert_eq!(count("opens"), seconds);
    assert_eq!(count("registration timeout"), seconds);
    assert_eq!(count("failover, needed") + count("failover, unnecessary"), seconds);
    let sum = |key: &str| events.iter().filter_map(|e| e.args[key].as_u64()).sum::<u64>();
    assert_eq!(sum("times"), 1439);
}

/// Everything changes its state in every period of `period` seconds.
fn fill(timeline: &mut Timeline, period: u64) {
    for track in &mut timeline.breakers {
        restless(track, &[State::Closed, State::Open, State::HalfOpen], period);
    }
    let carriers = [Carriage::Switching, Carriage::SecondaryUnneeded, Carriage::Primary];
    for track in &mut timeline.trunks {
        restless(track, &carriers, period);
    }
    let registrations = [Enrolment::Registered, Enrolment::Failing, Enrolment::Registering];
    for track in &mut timeline.registrations {
        restless(track, &registrations, period);
    }
}

fn restless<S: Copy>(track: &mut Track<S>, states: &[S], period: u64) {
    let at = |n: u64| SimTime::ZERO + SimDuration::from_secs(n * period);
    let span = |n: u64| {
        let state = states[n as usize % states.len()];
        Span { state, from: at(n), until: at(n + 1) }
    };
    track.spans = (0..86_400 / period).map(span).collect();
}
