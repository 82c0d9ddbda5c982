//! A timeline in the trace event format that Perfetto and chrome://tracing open (JSON object form;
//! "Trace Event Format", Google, public description).
//!
//! A process per kind of thing and a thread per thing; states are complete events ("X"), counts
//! and levels are counters ("C"), single happenings are instants ("i"), names are metadata ("M").
//! `ts` and `dur` are whole microseconds of simulated time since the start of the run.
//!
//! However long and eventful a run is, its trace is a few megabytes at most. What is put together
//! for that is said in the names of the processes it befalls, and in `otherData`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::counters::counters;
use super::{Origin, busiest};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::breaker::State;
use crate::system::observation::Cause;
use crate::system::timeline::{
    Carriage, Enrolment, Episode, Fault, Span, Timeline, Track, badness,
};

/// Threads per process: of more, those that change most are kept.
const THREADS_MAX: usize = 200;
/// States and instants: of more, those close to one another are put together.
const EVENTS_MAX: usize = 16_000;
/// Cells to put together what is too much, in seconds; beyond them, days, twice as many each time.
/// The first that suffices is taken.
const CELLS_S: [u64; 12] = [0, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400];
const DAY_S: u64 = 86_400;

/// The processes, in the order to show them.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Process {
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
    let kept = Kept::of(timeline);
    let days = std::iter::successors(Some(DAY_S), |days| days.checked_mul(2));
    let cells = CELLS_S.into_iter().chain(days).map(SimDuration::from_secs);
    let mut cell = SimDuration::ZERO;
    let mut events = Vec::new();
    for coarser in cells {
        cell = coarser;
        events = states(timeline, &kept, cell);
        // In a cell as long as all a thread has one of each kind.
        if events.len() <= EVENTS_MAX || cell >= timeline.window.length() {
            break;
        }
    }
    let levels = counters(timeline);
    events.extend(levels.events);
    // What starts together: the longer contains the shorter.
    events.sort_by_key(|event| (event.ts, std::cmp::Reverse(event.dur)));
    let lines = names(timeline, &kept, cell).into_iter().chain(events.iter().map(Event::to_json));
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    let window = timeline.window;
    let other = json!({
        "program": concat!("trunksim ", env!("CARGO_PKG_VERSION")),
        "model": origin.model,
        "seed": origin.seed,
        "replication": origin.replication,
        "clock": "simulated time",
        "from_s": window.from.as_secs_f64(),
        "until_s": window.until.as_secs_f64(),
        "counter_bin_s": levels.bin.as_secs_f64(),
        "counters_omitted": levels.omitted,
        "states_shorter_than_s_are_merged": cell.as_secs_f64(),
        "threads_omitted": kept.omitted(timeline),
    });
    let text = format!(
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{other},\"traceEvents\":[\n{}\n]}}\n",
        lines.join(",\n")
    );
    text.into_bytes()
}

/// The things that have a thread, by their places in the timeline; faults by their labels.
struct Kept<'a> {
    faults: Vec<(&'a str, Vec<&'a Fault>)>,
    labels: usize,
    clients: Vec<usize>,
    breakers: Vec<usize>,
    trunks: Vec<usize>,
    registrations: Vec<usize>,
}

impl<'a> Kept<'a> {
    fn of(timeline: &'a Timeline) -> Self {
        let mut faults: Vec<(&str, Vec<&Fault>)> = Vec::new();
        for fault in &timeline.faults {
            match faults.iter_mut().find(|(label, _)| *label == fault.label) {
                Some((_, list)) => list.push(fault),
                None => faults.push((&fault.label, vec![fault])),
            }
        }
        let labels = faults.len();
        faults.truncate(THREADS_MAX);
        Self {
            faults,
            labels,
            clients: (0..timeline.clients.len().min(THREADS_MAX)).collect(),
            breakers: busiest(&timeline.breakers, THREADS_MAX),
            trunks: busiest(&timeline.trunks, THREADS_MAX),
            registrations: busiest(&timeline.registrations, THREADS_MAX),
        }
    }

    /// How many things a process has, and how many have a thread.
    fn of_process(&self, timeline: &Timeline, process: Process) -> (usize, usize) {
        match process {
            Process::Faults => (self.labels, self.faults.len()),
            Process::Clients => (timeline.clients.len(), self.clients.len()),
            Process::Breakers => (timeline.breakers.len(), self.breakers.len()),
            Process::Trunks => (timeline.trunks.len(), self.trunks.len()),
            Process::Registrations => (timeline.registrations.len(), self.registrations.len()),
            Process::Limiters | Process::Calls => (0, 0),
        }
    }

    fn omitted(&self, timeline: &Timeline) -> usize {
        let of = |(process, _)| self.of_process(timeline, process);
        PROCESSES.into_iter().map(of).map(|(all, kept)| all - kept).sum()
    }
}

/// An event that has a time.
pub(super) struct Event<'a> {
    pub(super) phase: &'static str,
    pub(super) process: Process,
    pub(super) thread: usize,
    pub(super) name: Cow<'a, str>,
    pub(super) ts: SimTime,
    pub(super) dur: SimDuration,
    pub(super) args: Map<String, Value>,
}

impl Event<'_> {
    fn to_json(&self) -> Value {
        let mut event = json!({
            "ph": self.phase,
            "pid": self.process as u32,
            "tid": self.thread,
            "ts": micros(self.ts),
            "name": self.name,
        });
        let fields = event.as_object_mut().expect("an object");
        if self.phase == "X" {
            let until = micros(self.ts + self.dur);
            fields.insert("dur".into(), (until - micros(self.ts)).into());
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

/// Whole microseconds, cut off: of fractions viewers make floating-point numbers, in which spans
/// that meet may overlap.
fn micros(at: SimTime) -> u64 {
    at.as_nanos() / 1000
}

fn meta(process: Process, thread: usize, name: &str, args: &Value) -> Value {
    json!({ "ph": "M", "pid": process as u32, "tid": thread, "name": name, "args": args })
}

/// Names of processes and threads, and their order. What is left out or put together is said with
/// the process's name.
fn names(timeline: &Timeline, kept: &Kept<'_>, cell: SimDuration) -> Vec<Value> {
    let mut names = Vec::new();
    for (order, (process, name)) in PROCESSES.into_iter().enumerate() {
        let (all, shown) = kept.of_process(timeline, process);
        let fewer = (all > shown).then(|| format!("{shown} of {all}"));
        let coarse = (shown > 0 && !cell.is_zero()).then(|| format!("in steps of {cell}"));
        let said: Vec<String> = fewer.into_iter().chain(coarse).collect();
        let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
        let name = json!({ "name": format!("{name}{said}") });
        names.push(meta(process, 0, "process_name", &name));
        names.push(meta(process, 0, "process_sort_index", &json!({ "sort_index": order })));
    }
    let mut thread = |process: Process, place: usize, name: &str| {
        names.push(meta(process, place + 1, "thread_name", &json!({ "name": name })));
        names.push(meta(process, place + 1, "thread_sort_index", &json!({ "sort_index": place })));
    };
    for (place, (label, _)) in kept.faults.iter().enumerate() {
        thread(Process::Faults, place, label);
    }
    for &place in &kept.clients {
        thread(Process::Clients, place, &timeline.clients[place].name);
    }
    for &place in &kept.breakers {
        thread(Process::Breakers, place, &timeline.breakers[place].name);
    }
    for &place in &kept.trunks {
        thread(Process::Trunks, place, &timeline.trunks[place].name);
    }
    for &place in &kept.registrations {
        thread(Process::Registrations, place, &timeline.registrations[place].name);
    }
    names
}

/// States and instants, at least a cell long and a cell apart.
fn states<'a>(timeline: &'a Timeline, kept: &Kept<'a>, cell: SimDuration) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    for (place, (label, faults)) in kept.faults.iter().enumerate() {
        let spells = faults.iter().map(|fault| (fault.from, fault.until, 1));
        spell(&mut events, (Process::Faults, place, label, "times"), spells, cell);
    }
    for &place in &kept.clients {
        let of = |episode: &Episode| (episode.from, episode.until, episode.refused);
        let spells = timeline.clients[place].refusals.iter().map(of);
        let look = (Process::Clients, place, "refused by a limit", "refused");
        spell(&mut events, look, spells, cell);
    }
    let breakers = (Process::Breakers, &kept.breakers[..], &timeline.breakers[..]);
    tracks(&mut events, breakers, (cell, badness), |state| match state {
        State::Closed => "closed",
        State::HalfOpen => "half-open",
        State::Open => "open",
    });
    let trunks = (Process::Trunks, &kept.trunks[..], &timeline.trunks[..]);
    tracks(&mut events, trunks, (cell, |state| state), |state| match state {
        Carriage::Primary => "primary",
        Carriage::Switching => "switching",
        Carriage::SecondaryNeeded => "secondary, needed",
        Carriage::SecondaryUnneeded => "secondary, unnecessary",
    });
    let legs = (Process::Registrations, &kept.registrations[..], &timeline.registrations[..]);
    tracks(&mut events, legs, (cell, |state| state), |state| match state {
        Enrolment::Off => "not wanted",
        Enrolment::Registered => "registered",
        Enrolment::Registering => "registering",
        Enrolment::Failing => "failing",
    });
    instants(&mut events, timeline, kept, cell);
    events
}

fn complete<'a>(
    process: Process,
    place: usize,
    name: &'a str,
    (from, until): (SimTime, SimTime),
) -> Event<'a> {
    Event {
        phase: "X",
        process,
        thread: place + 1,
        name: name.into(),
        ts: from,
        dur: until - from,
        args: Map::new(),
    }
}

/// Spells of a thread, each with a number; those that overlap or are less than a cell apart are
/// one, and their numbers are added.
fn spell<'a>(
    events: &mut Vec<Event<'a>>,
    (process, place, name, number): (Process, usize, &'a str, &str),
    spells: impl Iterator<Item = (SimTime, SimTime, u64)>,
    cell: SimDuration,
) {
    let mut merged: Vec<(SimTime, SimTime, u64)> = Vec::new();
    for (from, until, count) in spells {
        match merged.last_mut() {
            Some(last) if from < last.1.saturating_add(cell) => {
                last.1 = last.1.max(until);
                last.2 += count;
            }
            _ => merged.push((from, until, count)),
        }
    }
    for (from, until, count) in merged {
        let mut event = complete(process, place, name, (from, until));
        event.args.insert(number.to_owned(), count.into());
        events.push(event);
    }
}

/// The states of tracks by their names; of several within a cell the worst.
fn tracks<S: Copy + PartialEq, B: Ord>(
    events: &mut Vec<Event<'_>>,
    (process, kept, tracks): (Process, &[usize], &[Track<S>]),
    (cell, badness): (SimDuration, impl Fn(S) -> B),
    name: impl Fn(S) -> &'static str,
) {
    for &place in kept {
        let event = |s: &Span<S>| complete(process, place, name(s.state), (s.from, s.until));
        events.extend(tracks[place].coarse(cell, &badness).iter().map(event));
    }
}

fn instants(events: &mut Vec<Event<'_>>, timeline: &Timeline, kept: &Kept<'_>, cell: SimDuration) {
    let mut merged = Merged { events, cell, last: BTreeMap::new() };
    for opening in &timeline.openings {
        let arg = Some(("server_had_capacity", opening.capacity.into()));
        let of = (Process::Breakers, opening.breaker, &kept.breakers[..]);
        merged.put(of, "opens", opening.at, arg);
    }
    for failover in &timeline.failovers {
        let name = if failover.needed { "failover, needed" } else { "failover, unnecessary" };
        let arg = Some(("cause", cause(failover.cause).into()));
        let of = (Process::Trunks, failover.trunk, &kept.trunks[..]);
        merged.put(of, name, failover.at, arg);
    }
    for timeout in &timeline.registration_timeouts {
        let of = (Process::Registrations, timeout.leg, &kept.registrations[..]);
        merged.put(of, "registration timeout", timeout.at, None);
    }
}

/// Instants, of which those of a thread and name within a cell are one, with their number.
struct Merged<'e, 'a> {
    events: &'e mut Vec<Event<'a>>,
    cell: SimDuration,
    /// The last event of each process, thread and name.
    last: BTreeMap<(Process, usize, &'static str), usize>,
}

impl Merged<'_, '_> {
    fn put(
        &mut self,
        (process, place, kept): (Process, usize, &[usize]),
        name: &'static str,
        at: SimTime,
        arg: Option<(&str, Value)>,
    ) {
        if kept.binary_search(&place).is_err() {
            return;
        }
        let key = (process, place, name);
        if let Some(&last) = self.last.get(&key) {
            let before = &mut self.events[last];
            if at < before.ts.saturating_add(self.cell) {
                let count = before.args.get("count").and_then(Value::as_u64).unwrap_or(1);
                before.args.insert("count".into(), (count + 1).into());
                if let Some((key, value)) = arg
                    && before.args.get(key) != Some(&value)
                {
                    before.args.insert(key.to_owned(), "of several kinds".into());
                }
                return;
            }
        }
        self.last.insert(key, self.events.len());
        let args = arg.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (name, dur, thread) = (name.into(), SimDuration::ZERO, place + 1);
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
