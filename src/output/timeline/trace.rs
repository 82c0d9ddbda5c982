//! A timeline in the trace event format that Perfetto and chrome://tracing open (JSON object form;
//! "Trace Event Format", Google, public description).
//!
//! A process per kind of thing and a thread per thing; states are complete events ("X"), counts
//! and levels are counters ("C"), single happenings are instants ("i"), names are metadata ("M").
//! `ts` and `dur` are microseconds of simulated time since the start of the run.

use serde_json::{Map, Value, json};

use super::{Origin, busiest};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::breaker::State;
use crate::system::observation::Cause;
use crate::system::timeline::{Carriage, Enrolment, Span, Timeline, Track};

/// Threads per process: of more, those that change most are kept.
const THREADS_MAX: usize = 200;
/// States and instants: of more, those close to one another are put together.
const EVENTS_MAX: usize = 16_000;
/// Cells to put together what is too much, in seconds; the first that suffices is taken.
const CELLS_S: [u64; 12] = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400];

/// The processes, in the order to show them.
#[derive(Copy, Clone)]
enum Process {
    Faults = 1,
    Clients,
    Limiters,
    Breakers,
    Trunks,
    Registrations,
    Calls,
}

const PROCESSES: [(Process, &str); 7] = [
    (Process::Faults, "Faults"),
    (Process::Clients, "API clients"),
    (Process::Limiters, "API limiters"),
    (Process::Breakers, "Circuit breakers"),
    (Process::Trunks, "Trunks: carrier"),
    (Process::Registrations, "Registrations"),
    (Process::Calls, "Calls"),
];

/// The trace as JSON.
#[must_use]
pub fn trace(timeline: &Timeline, origin: &Origin) -> Vec<u8> {
    let mut cell = SimDuration::ZERO;
    let mut events = states(timeline, cell);
    for coarser in CELLS_S.map(SimDuration::from_secs) {
        if events.len() > EVENTS_MAX {
            cell = coarser;
            events = states(timeline, cell);
        }
    }
    events.extend(counters(timeline));
    // What starts together: the longer contains the shorter.
    events.sort_by_key(|event| (event.ts, std::cmp::Reverse(event.dur)));
    let lines = names(timeline).into_iter().chain(events.iter().map(Event::to_json));
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    let other = json!({
        "program": concat!("trunksim ", env!("CARGO_PKG_VERSION")),
        "model": origin.model,
        "seed": origin.seed,
        "replication": origin.replication,
        "clock": "simulated time",
        "states_shorter_than_s_are_merged": cell.as_secs_f64(),
        "threads_omitted": omitted(timeline),
    });
    let text = format!(
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{other},\"traceEvents\":[\n{}\n]}}\n",
        lines.join(",\n")
    );
    text.into_bytes()
}

fn omitted(timeline: &Timeline) -> usize {
    let over = |count: usize| count.saturating_sub(THREADS_MAX);
    over(timeline.breakers.len()) + over(timeline.trunks.len()) + over(timeline.registrations.len())
}

/// An event that has a time.
struct Event {
    phase: &'static str,
    process: Process,
    thread: usize,
    name: String,
    ts: SimTime,
    dur: SimDuration,
    args: Map<String, Value>,
}

impl Event {
    fn to_json(&self) -> Value {
        let mut event = json!({
            "ph": self.phase,
            "pid": self.process as u32,
            "tid": self.thread,
            "ts": micros(self.ts.as_nanos()),
            "name": self.name,
        });
        let fields = event.as_object_mut().expect("an object");
        if self.phase == "X" {
            fields.insert("dur".into(), micros(self.dur.as_nanos()));
        }
        if self.phase == "i" {
            // On its thread.
            fields.insert("s".into(), "t".into());
        }
        if !self.args.is_empty() {
            fields.insert("args".into(), self.args.clone().into());
        }
        event
    }
}

/// Microseconds: whole where they are.
fn micros(nanos: u64) -> Value {
    if nanos.is_multiple_of(1000) { json!(nanos / 1000) } else { json!(nanos as f64 / 1000.0) }
}

fn meta(process: Process, thread: usize, name: &str, args: &Value) -> Value {
    json!({ "ph": "M", "pid": process as u32, "tid": thread, "name": name, "args": args })
}

/// Names of processes and threads, and their order.
fn names(timeline: &Timeline) -> Vec<Value> {
    let mut names = Vec::new();
    for (order, (process, name)) in PROCESSES.into_iter().enumerate() {
        names.push(meta(process, 0, "process_name", &json!({ "name": name })));
        names.push(meta(process, 0, "process_sort_index", &json!({ "sort_index": order })));
    }
    let mut thread = |process: Process, place: usize, name: &str| {
        names.push(meta(process, place + 1, "thread_name", &json!({ "name": name })));
        names.push(meta(process, place + 1, "thread_sort_index", &json!({ "sort_index": place })));
    };
    for (place, fault) in timeline.faults.iter().enumerate().take(THREADS_MAX) {
        thread(Process::Faults, place, &fault.label);
    }
    for (place, client) in timeline.clients.iter().enumerate().take(THREADS_MAX) {
        thread(Process::Clients, place, &client.name);
    }
    for place in busiest(&timeline.breakers, THREADS_MAX) {
        thread(Process::Breakers, place, &timeline.breakers[place].name);
    }
    for place in busiest(&timeline.trunks, THREADS_MAX) {
        thread(Process::Trunks, place, &timeline.trunks[place].name);
    }
    for place in busiest(&timeline.registrations, THREADS_MAX) {
        thread(Process::Registrations, place, &timeline.registrations[place].name);
    }
    names
}

/// States and instants, none of them shorter or closer to the next than a cell.
fn states(timeline: &Timeline, cell: SimDuration) -> Vec<Event> {
    let mut events = Vec::new();
    for (place, fault) in timeline.faults.iter().enumerate().take(THREADS_MAX) {
        let span = (fault.from, fault.until);
        events.push(complete(Process::Faults, place, &fault.label, span));
    }
    for (place, client) in timeline.clients.iter().enumerate().take(THREADS_MAX) {
        for episode in &client.refusals {
            let span = (episode.from, episode.until);
            let mut event = complete(Process::Clients, place, "refused (429)", span);
            event.args.insert("refused".into(), episode.refused.into());
            events.push(event);
        }
    }
    tracks(&mut events, Process::Breakers, &timeline.breakers, cell, |state| match state {
        State::Closed => "closed",
        State::HalfOpen => "half-open",
        State::Open => "open",
    });
    tracks(&mut events, Process::Trunks, &timeline.trunks, cell, |state| match state {
        Carriage::Primary => "primary",
        Carriage::Switching => "switching",
        Carriage::SecondaryNeeded => "secondary, needed",
        Carriage::SecondaryUnneeded => "secondary, unnecessary",
    });
    tracks(
        &mut events,
        Process::Registrations,
        &timeline.registrations,
        cell,
        |state| match state {
            Enrolment::Off => "not wanted",
            Enrolment::Registered => "registered",
            Enrolment::Registering => "registering",
            Enrolment::Failing => "failing",
        },
    );
    instants(&mut events, timeline, cell);
    events
}

fn complete(process: Process, place: usize, name: &str, span: (SimTime, SimTime)) -> Event {
    Event {
        phase: "X",
        process,
        thread: place + 1,
        name: name.to_owned(),
        ts: span.0,
        dur: span.1 - span.0,
        args: Map::new(),
    }
}

fn tracks<S: Copy + Ord>(
    events: &mut Vec<Event>,
    process: Process,
    tracks: &[Track<S>],
    cell: SimDuration,
    name: impl Fn(S) -> &'static str,
) {
    for place in busiest(tracks, THREADS_MAX) {
        let event = |s: &Span<S>| complete(process, place, name(s.state), (s.from, s.until));
        events.extend(tracks[place].coarse(cell).iter().map(event));
    }
}

fn instants(events: &mut Vec<Event>, timeline: &Timeline, cell: SimDuration) {
    let mut merged = Merged { events, cell, last: Vec::new() };
    let breakers = busiest(&timeline.breakers, THREADS_MAX);
    for opening in &timeline.openings {
        let args = [("server_had_capacity", opening.capacity.into())];
        merged.put((Process::Breakers, opening.breaker, &breakers), "opens", opening.at, args);
    }
    let trunks = busiest(&timeline.trunks, THREADS_MAX);
    for failover in &timeline.failovers {
        let name = if failover.needed { "failover, needed" } else { "failover, unnecessary" };
        let args = [("cause", cause(failover.cause).into())];
        merged.put((Process::Trunks, failover.trunk, &trunks), name, failover.at, args);
    }
    let legs = busiest(&timeline.registrations, THREADS_MAX);
    for timeout in &timeline.registration_timeouts {
        let (at, place) = (timeout.at, timeout.leg);
        merged.put((Process::Registrations, place, &legs), "registration timeout", at, []);
    }
}

/// Instants, of which those of a thread within a cell are one, with their number.
struct Merged<'a> {
    events: &'a mut Vec<Event>,
    cell: SimDuration,
    /// The last event of each process and thread.
    last: Vec<((u32, usize), usize)>,
}

impl Merged<'_> {
    fn put<const N: usize>(
        &mut self,
        (process, place, kept): (Process, usize, &[usize]),
        name: &'static str,
        at: SimTime,
        args: [(&str, Value); N],
    ) {
        if kept.binary_search(&place).is_err() {
            return;
        }
        let key = (process as u32, place);
        let slot = self.last.iter().position(|(of, _)| *of == key);
        if let Some(slot) = slot {
            let before = &mut self.events[self.last[slot].1];
            if before.name == name && at < before.ts.saturating_add(self.cell) {
                let count = before.args.get("count").and_then(Value::as_u64).unwrap_or(1);
                before.args.insert("count".into(), (count + 1).into());
                return;
            }
        }
        let index = self.events.len();
        match slot {
            Some(slot) => self.last[slot].1 = index,
            None => self.last.push((key, index)),
        }
        let args = args.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (name, dur) = (name.to_owned(), SimDuration::ZERO);
        let thread = place + 1;
        self.events.push(Event { phase: "i", process, thread, name, ts: at, dur, args });
    }
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Fallback => "fallback",
        Cause::BreakerOpen => "breaker opened",
        Cause::ApiFailure => "API request failed",
        Cause::InviteTimeouts => "INVITE timeouts",
        Cause::LegDown => "primary leg down",
    }
}

/// Clients and limiters with counters of their own: of more, the first.
const COUNTERS_MAX: usize = 12;

/// Counts and levels, at the start of each bin in which they differ from the bin before.
fn counters(timeline: &Timeline) -> Vec<Event> {
    let mut events = Vec::new();
    for client in timeline.clients.iter().take(COUNTERS_MAX) {
        let name = format!("{}: attempts and 429s", client.name);
        counter(&mut events, timeline, (Process::Clients, name), |bin| {
            let bin = &client.bins[bin];
            vec![("sent", json!(bin.sent)), ("refused", json!(bin.refused))]
        });
    }
    for limiter in timeline.limiters.iter().take(COUNTERS_MAX) {
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
    events: &mut Vec<Event>,
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
        let (name, ts, dur) = (name.clone(), timeline.bin_start(bin), SimDuration::ZERO);
        events.push(Event { phase: "C", process, thread: 0, name, ts, dur, args });
    }
}
