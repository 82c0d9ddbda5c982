//! What Kamailio did, a real proxy that tries a second destination in series when the first keeps
//! silent, gets no further or refuses. The simulator's carrier does the same over a trunk's legs:
//! `fr_timer` is its Timer B, `fr_inv_timer` its no-progress timer, `retr_timer2` the bound of its
//! Timer A.
//!
//! Every row of a recording is either held against the simulator or named as what it does not have:
//! Kamailio's own 100 to the caller, CANCEL and ACK, and the INVITE that its script sends to the
//! primary once more beside the secondary's (its failure route adds a branch to both).

use serde_json::Value;
use trunksim::system::Response;
use trunksim::system::ids::{LegId, Side};
use trunksim::system::observation::{Fate, Observation};

use super::{FOR_EVER, Log, run};
use crate::theory::model::seconds;

const TRACES: [&str; 4] = [
    include_str!("../cases/traces/kamailio_default_timers_silent.json"),
    include_str!("../cases/traces/kamailio_primary_100_then_silent_frinv10.json"),
    include_str!("../cases/traces/kamailio_primary_503.json"),
    include_str!("../cases/traces/kamailio_primary_silent_fr8.json"),
];

/// The call comes at 10 s; until then, and for so long after, something is wrong.
fn fault(kind: &str, for_ms: u64, what: &[(&str, toml::Value)]) -> toml::Value {
    let mut fault = toml::Table::new();
    fault.insert("kind".to_owned(), kind.into());
    fault.insert("at".to_owned(), "1s".into());
    fault.insert("for".to_owned(), format!("{}ms", 9000 + for_ms).into());
    fault.extend(what.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    toml::Value::Array(vec![toml::Value::Table(fault)])
}

/// What keeps the primary from answering as it should, and what the trunk does about it.
fn primary(replies: &[u64]) -> Vec<(&'static str, toml::Value)> {
    let slow = |for_ms| fault("api_brown_out", for_ms, &[("slowdown", 1_000_000.0.into())]);
    match replies {
        // Its INVITEs are under way for longer than the call lasts.
        [] => {
            let far = [("carrier", "telstra".into()), ("delay", FOR_EVER.into())];
            vec![("faults", fault("leg_network", 1_200_000, &far))]
        }
        // The first decision, asked for after the 100, takes longer than the call lasts.
        [100] => vec![("faults", slow(1000))],
        // It takes longer than the SBC waits, which refuses; the second does not.
        [503] => vec![
            ("faults", slow(1)),
            ("policy.flow_deadline", "2ms".into()),
            ("policy.fallback", "reject".into()),
        ],
        other => panic!("a primary that replies {other:?}"),
    }
}

fn replay(trace: &Value, bound: bool) -> Log {
    let input = |key: &str| seconds(trace["input"][key].as_f64().expect("a number") / 1000.0);
    let replies = |key: &str| -> Vec<u64> {
        let list = trace["input"][key].as_array().expect("a list");
        list.iter().map(|reply| reply.as_u64().expect("a code")).collect()
    };
    assert_eq!(replies("secondary_replies"), [100, 200], "the secondary answers");
    let mut carrier = toml::Table::new();
    carrier.insert("id".to_owned(), "singtel".into());
    let mut leg = toml::Table::new();
    leg.insert("carrier".to_owned(), "singtel".into());
    leg.insert("channels".to_owned(), 10.into());
    let mut values = vec![
        ("carriers", add_carrier(carrier)),
        ("trunks.0.secondary", toml::Value::Table(leg)),
        ("sip.t1", input("retr_timer1_ms")),
        ("sip.t2", input("retr_timer2_ms")),
        ("policy.timer_b", input("fr_timer_ms")),
        ("policy.no_progress", input("fr_inv_timer_ms")),
        ("policy.point", "per_invite".into()),
        ("api.service", "1ms".into()),
        ("client.attempt_timeout", FOR_EVER.into()),
        ("client.coalesce", false.into()),
        ("client.connections", 4.into()),
    ];
    if bound {
        values.push(("sip.invite_interval_max", input("retr_timer2_ms")));
    }
    values.extend(primary(&replies("primary_replies")));
    run(&values)
}

fn add_carrier(second: toml::Table) -> toml::Value {
    let mut first = toml::Table::new();
    first.insert("id".to_owned(), "telstra".into());
    toml::Value::Array(vec![toml::Value::Table(first), toml::Value::Table(second)])
}

/// Seconds since the call's first INVITE of what is picked.
fn instants(log: &Log, wanted: impl Fn(&Observation) -> bool) -> Vec<f64> {
    let first = |fact: &Observation| matches!(fact, Observation::InviteSent { .. });
    log.instants(first, wanted).into_iter().map(|ms| ms as f64 / 1000.0).collect()
}

fn invites(log: &Log, side: Side) -> Vec<f64> {
    let on = |leg: &LegId| leg.side() == side;
    instants(log, |fact| matches!(fact, Observation::InviteSent { leg, .. } if on(leg)))
}

/// The rows of a recording, by what they are.
#[derive(Default)]
struct Rows {
    primary: Vec<f64>,
    secondary: Vec<f64>,
    answered: Vec<f64>,
    /// What the simulator does not have; it comes with the first INVITE, or from the move to the
    /// secondary on.
    other: Vec<f64>,
}

fn rows(trace: &Value) -> Rows {
    let moved = trace["summary"]["first_secondary_invite_s"].as_f64().expect("an instant");
    let mut rows = Rows::default();
    for row in trace["observed"].as_array().expect("rows") {
        let at = row[0].as_f64().expect("an instant");
        let text = |i: usize| row[i].as_str().expect("a text");
        match (text(1), text(2)) {
            ("primary", "INVITE") if at < moved => rows.primary.push(at),
            ("secondary", "INVITE") => rows.secondary.push(at),
            ("caller", "200 X") => rows.answered.push(at),
            ("primary", "INVITE" | "CANCEL" | "ACK") if at >= moved => rows.other.push(at),
            ("caller", trying) if trying.starts_with("100 ") => rows.other.push(at),
            other => panic!("a row of another kind: {other:?}"),
        }
    }
    rows
}

fn near(id: &str, what: &str, real: &[f64], ours: &[f64], tolerance: f64) {
    println!("{id}, {what}: {real:?}, the simulator's {ours:?}");
    assert_eq!(real.len(), ours.len(), "{id}: {what}: {real:?} against {ours:?}");
    for (real, ours) in real.iter().zip(ours) {
        assert!((real - ours).abs() <= tolerance, "{id}: {what}: {real} s against {ours} s");
    }
}

#[test]
fn a_second_leg_is_tried_when_a_real_proxy_tried_it() {
    for text in TRACES {
        let trace: Value = serde_json::from_str(text).expect("the trace is JSON");
        let id = trace["id"].as_str().expect("an id");
        let tolerance = trace["tolerance_s"].as_f64().expect("a tolerance");
        let log = replay(&trace, true);
        let rows = rows(&trace);
        let whole = trace["observed"].as_array().map_or(0, Vec::len);
        let sorted = [&rows.primary, &rows.secondary, &rows.answered, &rows.other];
        assert_eq!(sorted.iter().map(|rows| rows.len()).sum::<usize>(), whole, "{id}");
        near(id, "primary", &rows.primary, &invites(&log, Side::Primary), tolerance);
        near(id, "secondary", &rows.secondary, &invites(&log, Side::Secondary), tolerance);
        let connected = |fact: &Observation| matches!(fact, Observation::CallConnected { .. });
        near(id, "answer", &rows.answered, &instants(&log, connected), tolerance);
        let completed = |fact: &Observation| matches!(fact, Observation::CallEnded { record, .. } if record.fate == Fate::Completed);
        assert_eq!(log.0.iter().filter(|(_, fact)| completed(fact)).count(), 1, "{id}");
    }
}

/// The primary behaves in the simulator as the recording says it did.
#[test]
fn the_primary_replies_as_recorded() {
    for text in TRACES {
        let trace: Value = serde_json::from_str(text).expect("the trace is JSON");
        let replies: Vec<u64> = trace["input"]["primary_replies"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let log = replay(&trace, true);
        let ours: Vec<u64> = log
            .0
            .iter()
            .filter_map(|(_, fact)| match fact {
                Observation::InviteAnswered { leg, response, .. }
                    if leg.side() == Side::Primary =>
                {
                    Some(match response {
                        Response::Trying => 100,
                        Response::Ok => 200,
                        Response::Unavailable => 503,
                    })
                }
                _ => None,
            })
            .collect();
        // The simulator's SBC answers 100 before it refuses.
        let ours = ours.strip_prefix(&[100][..]).filter(|_| replies == [503]).unwrap_or(&ours);
        assert_eq!(ours, replies);
    }
}

/// Without the bound Timer A goes on doubling, and the recording is not reproduced.
#[test]
fn the_bound_of_timer_a_is_what_makes_the_difference() {
    let trace: Value = serde_json::from_str(TRACES[0]).expect("the trace is JSON");
    assert_eq!(
        invites(&replay(&trace, false), Side::Primary),
        [0.0, 0.5, 1.5, 3.5, 7.5, 15.5],
        "RFC 3261, given up after 30 s"
    );
}
