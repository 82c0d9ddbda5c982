//! A check of traces against the public description of the trace event format ("Trace Event
//! Format", Google: JSON object form; fields per phase; nesting of complete events), written
//! without a look at any viewer.
//!
//! - The file is an object with `traceEvents`, an array of objects; `displayTimeUnit`, where there
//!   is one, is `ms` or `ns`.
//! - Every event has `ph`, `pid`, `tid`, `name`; all but metadata a `ts` in microseconds (ours are
//!   whole), not negative; events need not be sorted, but these are, which viewers read fastest.
//! - `X` has a `dur` that is not negative; those of a thread lie apart or one within another.
//! - `C` has `args` of numbers, at least one.
//! - `i` has a scope `s` of `g`, `p` or `t`.
//! - `M` is one of the described names with its argument; a thread with events has a name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What an event is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Complete,
    Counter,
    Instant,
    Metadata,
}

/// An event as read, its times in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) phase: Phase,
    pub(crate) pid: u64,
    pub(crate) tid: u64,
    pub(crate) name: String,
    pub(crate) ts: u64,
    pub(crate) dur: u64,
    pub(crate) args: Value,
}

/// The events of a valid trace, or what is wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Event>, String> {
    let root: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let unit = &root["displayTimeUnit"];
    if !(unit.is_null() || unit == "ms" || unit == "ns") {
        return Err(format!("displayTimeUnit is {unit}"));
    }
    let list = root["traceEvents"].as_array().ok_or("traceEvents is no array")?;
    let events: Vec<Event> = list
        .iter()
        .enumerate()
        .map(|(index, event)| one(event).map_err(|e| format!("event {index}: {e}: {event}")))
        .collect::<Result<_, _>>()?;
    let timed = || events.iter().filter(|e| e.phase != Phase::Metadata);
    if !timed().is_sorted_by_key(|e| e.ts) {
        return Err("not in the order of time".to_owned());
    }
    names(&events)?;
    nesting(&events)?;
    Ok(events)
}

fn one(event: &Value) -> Result<Event, String> {
    let text = |key: &str| event[key].as_str().ok_or(format!("{key} is no text"));
    let whole = |key: &str| event[key].as_u64().ok_or(format!("{key} is no whole number"));
    let micros = |key: &str| {
        let value = event[key].as_f64().ok_or(format!("{key} is no number"))?;
        let sound = value.is_finite() && value >= 0.0;
        if sound { Ok((value * 1000.0).round() as u64) } else { Err(format!("{key} is {value}")) }
    };
    let phase = match text("ph")? {
        "X" => Phase::Complete,
        "C" => Phase::Counter,
        "i" => Phase::Instant,
        "M" => Phase::Metadata,
        other => return Err(format!("phase {other}")),
    };
    let read = Event {
        phase,
        pid: whole("pid")?,
        tid: whole("tid")?,
        name: text("name")?.to_owned(),
        ts: if phase == Phase::Metadata { 0 } else { micros("ts")? },
        dur: if phase == Phase::Complete { micros("dur")? } else { 0 },
        args: event["args"].clone(),
    };
    if !(read.args.is_null() || read.args.is_object()) {
        return Err("args is no object".to_owned());
    }
    let known = |keys: &[&str]| {
        let all = event.as_object().into_iter().flat_map(|object| object.keys());
        let other = all.into_iter().find(|key| !keys.contains(&key.as_str()));
        other.map_or(Ok(()), |key| Err(format!("{key} has no place here")))
    };
    match phase {
        Phase::Complete => known(&["ph", "pid", "tid", "name", "ts", "dur", "args"])?,
        Phase::Counter => {
            known(&["ph", "pid", "tid", "name", "ts", "args"])?;
            let series = read.args.as_object().ok_or("a counter without args")?;
            if series.is_empty() || !series.values().all(Value::is_number) {
                return Err("a counter's args are numbers".to_owned());
            }
        }
        Phase::Instant => {
            known(&["ph", "pid", "tid", "name", "ts", "s", "args"])?;
            if !["g", "p", "t"].contains(&text("s")?) {
                return Err("an instant's scope".to_owned());
            }
        }
        Phase::Metadata => {
            known(&["ph", "pid", "tid", "name", "args"])?;
            let sound = match read.name.as_str() {
                "process_name" | "thread_name" | "process_labels" => {
                    read.args["name"].is_string() || read.args["labels"].is_string()
                }
                "process_sort_index" | "thread_sort_index" => read.args["sort_index"].is_i64(),
                _ => false,
            };
            if !sound {
                return Err("metadata of no known kind".to_owned());
            }
        }
    }
    Ok(read)
}

/// Each process and thread with events has one name.
fn names(events: &[Event]) -> Result<(), String> {
    let mut processes = BTreeSet::new();
    let mut threads = BTreeSet::new();
    for event in events.iter().filter(|e| e.phase == Phase::Metadata) {
        let fresh = match event.name.as_str() {
            "process_name" => processes.insert(event.pid),
            "thread_name" => threads.insert((event.pid, event.tid)),
            _ => true,
        };
        if !fresh {
            return Err(format!("{} of {}/{} twice", event.name, event.pid, event.tid));
        }
    }
    for event in events.iter().filter(|e| e.phase != Phase::Metadata) {
        let thread = (event.pid, event.tid);
        // A counter belongs to its process.
        let named = event.phase == Phase::Counter || threads.contains(&thread);
        if !(processes.contains(&event.pid) && named) {
            return Err(format!("{} has no name", event.name));
        }
    }
    Ok(())
}

/// Complete events of a thread lie apart or one within another.
fn nesting(events: &[Event]) -> Result<(), String> {
    let mut open: BTreeMap<(u64, u64), Vec<u64>> = BTreeMap::new();
    for event in events.iter().filter(|e| e.phase == Phase::Complete) {
        let stack = open.entry((event.pid, event.tid)).or_default();
        let until = event.ts + event.dur;
        while stack.last().is_some_and(|end| *end <= event.ts) {
            stack.pop();
        }
        if stack.last().is_some_and(|end| *end < until) {
            return Err(format!("{} at {} ns overlaps", event.name, event.ts));
        }
        stack.push(until);
    }
    Ok(())
}

/// The check finds what it is for.
#[test]
fn an_invalid_trace_is_refused() {
    let name = r#"{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"t"}}"#;
    let process = r#"{"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":"p"}}"#;
    let with = |events: &str| {
        let text = format!("{{\"traceEvents\":[{process},{name},{events}]}}");
        read(text.as_bytes()).map(|events| events.len())
    };
    let x = |ts: &str, dur: &str| {
        format!(r#"{{"ph":"X","pid":1,"tid":1,"name":"x","ts":{ts},"dur":{dur}}}"#)
    };
    assert_eq!(with(&format!("{},{}", x("0", "10"), x("2.5", "7.5"))), Ok(4));
    let bad = [
        x("-1", "1"),
        x("1", "-1"),
        x("\"1\"", "1"),
        format!("{},{}", x("5", "1"), x("4", "1")),
        format!("{},{}", x("0", "10"), x("5", "10")),
        r#"{"ph":"X","pid":1,"tid":1,"name":"x","ts":1}"#.to_owned(),
        r#"{"ph":"X","pid":1,"tid":2,"name":"x","ts":1,"dur":1}"#.to_owned(),
        r#"{"ph":"C","pid":1,"tid":0,"name":"c","ts":1,"args":{"a":"1"}}"#.to_owned(),
        r#"{"ph":"C","pid":1,"tid":0,"name":"c","ts":1}"#.to_owned(),
        r#"{"ph":"i","pid":1,"tid":1,"name":"i","ts":1,"s":"x"}"#.to_owned(),
        r#"{"ph":"M","pid":1,"tid":1,"name":"colour","args":{"name":"t"}}"#.to_owned(),
        r#"{"ph":"Q","pid":1,"tid":1,"name":"q","ts":1}"#.to_owned(),
        name.to_owned(),
    ];
    for events in bad {
        assert!(with(&events).is_err(), "{events}");
    }
}
