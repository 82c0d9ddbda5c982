//! What SIPp did, a real user agent, over UDP on the loopback interface.
//!
//! SIPp looks at its timers every 10 ms (`-timer_resol`, default 10 ms) and starts the next from
//! when it got round to the last, so each interval between two requests is that much longer than
//! its timer at most, and never shorter but for the recording's last digit of 0.1 ms. Its lateness
//! adds up; the intervals, not the instants, are therefore held against the simulator's.
//!
//! Where SIPp gives up differs: it has no Timer B or F but a number of retransmissions
//! (`max_retrans`: 5 for INVITE and 10 for others by default, 6 in two of the traces), and gives
//! up when the one after the last would be due. So a trace may end before the simulator's 32 s,
//! and only its requests are compared.

use serde_json::Value;
use trunksim::system::observation::Observation;

use super::{FOR_EVER, Log, run};

const TRACES: [&str; 5] = [
    include_str!("../cases/traces/sipp_invite_default.json"),
    include_str!("../cases/traces/sipp_invite_rfc6.json"),
    include_str!("../cases/traces/sipp_invite_100_after3.json"),
    include_str!("../cases/traces/sipp_invite_200_after2.json"),
    include_str!("../cases/traces/sipp_register_t1_500.json"),
];
const TIMER_RESOLUTION_MS: f64 = 10.0;
const RECORDED_TO_MS: f64 = 0.1;

/// A system in the trace's place: silent, or answering when the trace's server did.
fn replay(trace: &Value) -> Log {
    let answer = &trace["observed"]["uas_events"][0];
    let answer_after = answer[0].as_f64().map(super::model::seconds);
    let silence = || FOR_EVER.into();
    match (trace["input"]["method"].as_str(), answer[1].as_u64()) {
        (Some("REGISTER"), None) => run(&[
            ("trunks.0.primary.registration", true.into()),
            ("carriers.0.registrar.service", silence()),
            ("carriers.0.registrar.queue", 0.into()),
        ]),
        (Some("INVITE"), None) => run(&[("sbcs.0.invite", silence())]),
        (Some("INVITE"), Some(200)) => run(&[("sbcs.0.invite", answer_after.expect("an instant"))]),
        (Some("INVITE"), Some(100)) => run(&[
            ("sbcs.0.invite", answer_after.expect("an instant")),
            ("policy.point", "per_invite".into()),
            ("api.service", "60s".into()),
            ("client.attempt_timeout", silence()),
        ]),
        other => panic!("a trace of another kind: {other:?}"),
    }
}

fn intervals(instants: &[f64]) -> Vec<f64> {
    instants.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn requests_go_out_when_a_real_user_agent_sent_them() {
    for text in TRACES {
        let trace: Value = serde_json::from_str(text).expect("the trace is JSON");
        let id = trace["id"].as_str().expect("an id");
        let real = trace["observed"]["request_arrivals_s"].as_array().expect("instants");
        let real: Vec<f64> = real.iter().map(|s| 1000.0 * s.as_f64().expect("a number")).collect();
        let log = replay(&trace);
        let sent = |fact: &Observation| {
            matches!(fact, Observation::InviteSent { .. } | Observation::RegisterSent { .. })
        };
        let ours = log.instants(sent, sent);
        assert!(ours.len() >= real.len(), "{id}: {ours:?} against {real:?}");
        if trace["observed"]["uas_events"].as_array().is_some_and(|events| !events.is_empty()) {
            assert_eq!(ours.len(), real.len(), "{id}: an answer ends retransmission");
        }
        let ours: Vec<f64> = ours[..real.len()].iter().map(|ms| *ms as f64).collect();
        for (real, ours) in intervals(&real).into_iter().zip(intervals(&ours)) {
            let late = real - ours;
            println!("{id}: {real:.1} ms, timer {ours:.1} ms");
            assert!(
                (-RECORDED_TO_MS..=TIMER_RESOLUTION_MS + RECORDED_TO_MS).contains(&late),
                "{id}: {real} ms between two requests, the simulator's timer {ours} ms"
            );
        }
    }
}
