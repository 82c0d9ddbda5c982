//! Counts and levels of a timeline as the counters of a trace.

use serde_json::{Map, Value, json};

use super::trace::{Event, Process};
use crate::engine::time::SimDuration;
use crate::system::timeline::Timeline;

/// Clients and limiters with counters of their own: of more, the busiest are kept.
const COUNTERS_MAX: usize = 12;
/// Changes of counters: where there are more, bins are put together.
const EVENTS_MAX: usize = 14_000;

/// The counters' changes, and how they came about.
pub(super) struct Counters<'a> {
    pub(super) events: Vec<Event<'a>>,
    /// The bins they count in.
    pub(super) bin: SimDuration,
    /// Clients and limiters without a counter.
    pub(super) omitted: usize,
}

/// Counts and levels, at the start of each bin in which they differ from the bin before.
pub(super) fn counters(timeline: &Timeline) -> Counters<'static> {
    let sent = |n: usize| timeline.clients[n].bins.iter().map(|bin| bin.sent).sum::<u64>();
    // The routing client in any case.
    let clients = greatest(timeline.clients.len(), |n| if n == 0 { u64::MAX } else { sent(n) });
    let on_path = |n: usize| u64::from(timeline.limiters[n].on_path) << 63;
    let limiters = greatest(timeline.limiters.len(), |n| on_path(n) | timeline.limiters[n].refused);
    let omitted = timeline.clients.len() + timeline.limiters.len() - clients.len() - limiters.len();
    let mut bins = timeline.calls.len() as u64;
    loop {
        let coarse = timeline.with_bins_at_most(bins.max(1));
        let events = changes(&coarse, &clients, &limiters);
        if events.len() <= EVENTS_MAX || bins <= 1 {
            return Counters { events, bin: coarse.bin, omitted };
        }
        bins /= 2;
    }
}

/// The places of the `count` heaviest things at most, in their own order; of equals the first.
fn greatest(count: usize, weight: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by_key(|place| std::cmp::Reverse(weight(*place)));
    places.truncate(COUNTERS_MAX);
    places.sort_unstable();
    places
}

fn changes(timeline: &Timeline, clients: &[usize], limiters: &[usize]) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    for &place in clients {
        let client = &timeline.clients[place];
        let name = format!("{}: attempts and refusals", client.name);
        counter(&mut events, timeline, (Process::Clients, name), |bin| {
            let bin = &client.bins[bin];
            vec![("sent", json!(bin.sent)), ("refused", json!(bin.refused))]
        });
    }
    for &place in limiters {
        let limiter = &timeline.limiters[place];
        let name = format!("{}: budget left", limiter.name);
        counter(&mut events, timeline, (Process::Limiters, name), |bin| {
            limiter.bins[bin].iter().map(|budget| ("least", json!(budget.least))).collect()
        });
    }
    let calls = &timeline.calls;
    counter(&mut events, timeline, (Process::Calls, "calls".to_owned()), |bin| {
        let bin = &calls[bin];
        vec![("offered", json!(bin.offered)), ("answered", json!(bin.answered))]
    });
    counter(&mut events, timeline, (Process::Calls, "torn down".to_owned()), |bin| {
        vec![("calls", json!(calls[bin].dropped))]
    });
    counter(&mut events, timeline, (Process::Calls, "INVITE timeouts".to_owned()), |bin| {
        vec![("INVITEs", json!(calls[bin].invite_timeouts))]
    });
    counter(&mut events, timeline, (Process::Calls, "service level, %".to_owned()), |bin| {
        let level = 100.0 * calls[bin].service_level_end_to_end();
        let known = level.is_finite().then(|| json!(libm::round(level * 10.0) / 10.0));
        known.into_iter().map(|level| ("in time", level)).collect()
    });
    events
}

/// A counter's values per bin; none where a bin has none.
fn counter(
    events: &mut Vec<Event<'static>>,
    timeline: &Timeline,
    (process, name): (Process, String),
    values: impl Fn(usize) -> Vec<(&'static str, Value)>,
) {
    let mut before: Option<Map<String, Value>> = None;
    for bin in 0..timeline.calls.len() {
        let values = values(bin).into_iter().map(|(key, value)| (key.to_owned(), value));
        let args: Map<String, Value> = values.collect();
        if args.is_empty() || before.as_ref() == Some(&args) {
            continue;
        }
        before = Some(args.clone());
        let (name, ts, dur) = (name.clone().into(), timeline.bin_start(bin), SimDuration::ZERO);
        events.push(Event { phase: "C", process, thread: 0, name, ts, dur, args });
    }
}
