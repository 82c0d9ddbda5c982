//! The chain against the trace file of the same run, as `run --timeline` writes it.

use serde_json::Value;
use trunksim::engine::time::SimTime;
use trunksim::output::timeline::{Origin, trace};
use trunksim::system::simulate_observed;
use trunksim::system::story::causes::{self, Step};
use trunksim::system::story::{Question, Story};
use trunksim::system::timeline::TimelineRecorder;

use super::Run;
use crate::timeline::validator::{Event, Phase, read};

/// The events of the thread of that name.
fn thread<'a>(events: &'a [Event], process: &str, name: &str) -> Vec<&'a Event> {
    let named = |kind: &str, name: &str, pid: Option<u64>| {
        let mut all = events.iter().filter(|e| {
            e.name == kind && e.args["name"] == name && pid.is_none_or(|pid| e.pid == pid)
        });
        let found = all.next().unwrap_or_else(|| panic!("no {kind} {name}"));
        assert!(all.next().is_none(), "one {kind} {name}");
        (found.pid, found.tid)
    };
    let (pid, _) = named("process_name", process, None);
    let (_, tid) = named("thread_name", name, Some(pid));
    let of = |e: &&Event| (e.pid, e.tid) == (pid, tid) && e.phase != Phase::Metadata;
    events.iter().filter(of).collect()
}

/// In nanoseconds, but whole microseconds, as a trace has them.
fn cut(at: SimTime) -> u64 {
    at.as_nanos() / 1000 * 1000
}

fn is_at(event: &Event, at: SimTime) -> bool {
    event.ts == cut(at)
}

fn is_in(event: &Event, at: SimTime) -> bool {
    event.phase == Phase::Complete && event.ts <= cut(at) && cut(at) <= event.ts + event.dur
}

#[test]
fn every_link_of_the_first_unnecessary_failover_stands_in_the_trace_file() {
    let run = Run::whole();
    let recorder = TimelineRecorder::new(&run.config);
    let seed = run.config.seed();
    let (_, recorder) = simulate_observed(&run.config, seed, 0, recorder).unwrap();
    let origin = Origin { model: "apac".to_owned(), seed, replication: 0 };
    let file = trace(&recorder.finish(), &origin);
    let events = read(&file).unwrap();
    let root: Value = serde_json::from_slice(&file).unwrap();
    // At an hour nothing is put together: instants are exact.
    assert_eq!(root["otherData"]["states_shorter_than_s_are_merged"], 0.0);

    let unnecessary: Vec<&Event> =
        events.iter().filter(|e| e.name == "failover, unnecessary").collect();
    let links = chain(&run.story, &run.config);
    for link in &links {
        match &link.step {
            Step::Failover { trunk, .. } => {
                let (name, city) = run.config.trunks().nth(trunk.index()).unwrap();
                let thread = thread(&events, "Trunks: carrier", &format!("{name} {city}"));
                assert!(
                    thread.iter().any(|e| is_at(e, link.at) && e.name == "failover, unnecessary")
                );
                assert!(thread.iter().any(|e| is_at(e, link.at) && e.name == "switching"));
                assert!(is_at(unnecessary[0], link.at), "it is the first of all");
            }
            Step::FellBack { .. } => assert!(is_at(unnecessary[0], link.at)),
            Step::Refused { .. } => {
                let thread = thread(&events, "Circuit breakers", "all trunks");
                let state = thread.iter().find(|e| is_in(e, link.at)).unwrap();
                assert_eq!(state.name, "open");
            }
            Step::BreakerOpened { .. } => {
                let thread = thread(&events, "Circuit breakers", "all trunks");
                let opens: Vec<&&Event> = thread.iter().filter(|e| e.name == "opens").collect();
                assert!(is_at(opens[0], link.at), "it is the first");
                assert!(thread.iter().any(|e| e.name == "open" && is_at(e, link.at)));
            }
            Step::Limited { until, .. } => {
                let ours = thread(&events, "API clients", "routing client");
                assert!(ours.iter().any(|e| e.name == "refused by a limit" && is_in(e, *until)));
                let others = thread(&events, "API clients", "agent_scripts");
                let refused = |e: &&&Event| e.name == "refused by a limit";
                let begins = ours.iter().chain(&others).filter(refused).map(|e| e.ts).min();
                assert!(begins.unwrap() <= cut(link.at));
            }
            Step::Burst(burst) => {
                let name = format!("{}: attempts and refusals", run.config.client(burst.client));
                let sent = |e: &&Event| e.name == name && e.ts <= burst.until.as_nanos();
                let levels = events.iter().filter(sent);
                // What it sent in the bin after the burst began is beyond all it had sent before.
                let of = |e: &Event| e.args["sent"].as_u64().unwrap();
                let before = levels.clone().filter(|e| e.ts < burst.since.as_nanos());
                let since = levels.filter(|e| e.ts >= burst.since.as_nanos());
                let (before, since) = (before.map(of).max(), since.map(of).max());
                assert!(since > before, "{since:?} {before:?}");
            }
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(links.len(), 6);
}

fn chain(story: &Story, config: &trunksim::system::Config) -> Vec<causes::Link> {
    use trunksim::system::observation::Observation;
    let outcomes = story.outcomes(Question::Failover, None);
    let unnecessary = outcomes.into_iter().find(|place| {
        matches!(story.facts()[*place].what, Observation::FailedOver { needed: false, .. })
    });
    causes::why(story, config, unnecessary.unwrap())
}
