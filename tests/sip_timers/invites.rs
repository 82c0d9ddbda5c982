//! INVITE: Timers A and B, and what a provisional response ends.

use trunksim::system::Response;
use trunksim::system::observation::{Fate, Observation};

use super::{FOR_EVER, Log, TIMER_A_MS, TIMERS_B_AND_F_MS, run, sbc_down};

fn sent(fact: &Observation) -> bool {
    matches!(fact, Observation::InviteSent { .. })
}

fn sent_at(log: &Log) -> Vec<u64> {
    log.instants(sent, sent)
}

fn timed_out_at(log: &Log) -> Vec<u64> {
    log.instants(sent, |fact| {
        matches!(fact, Observation::InviteTimedOut { after_trying: false, .. })
    })
}

fn answered_at(log: &Log, response: Response) -> Vec<u64> {
    log.instants(
        sent,
        |fact| matches!(fact, Observation::InviteAnswered { response: r, .. } if *r == response),
    )
}

fn fates(log: &Log) -> Vec<Fate> {
    let fate = |fact: &Observation| match fact {
        Observation::CallEnded { record, .. } => Some(record.fate),
        _ => None,
    };
    log.0.iter().filter_map(|(_, fact)| fate(fact)).collect()
}

/// The ways an SBC keeps silent: it is busy with the INVITE for ever, or it is not there.
fn silences(transport: &str) -> [Log; 2] {
    let transport = ("trunks.0.transport", transport.into());
    [
        run(&[transport.clone(), ("sbcs.0.invite", FOR_EVER.into())]),
        run(&[transport, ("faults", sbc_down())]),
    ]
}

#[test]
fn on_udp_an_unanswered_invite_goes_out_as_timer_a_says_until_timer_b() {
    for log in silences("udp") {
        assert_eq!(sent_at(&log), TIMER_A_MS);
        assert_eq!(timed_out_at(&log), [TIMERS_B_AND_F_MS]);
        assert_eq!(fates(&log), [Fate::TimedOut]);
    }
}

#[test]
fn on_tcp_and_tls_an_unanswered_invite_goes_out_once() {
    for transport in ["tcp", "tls"] {
        let [busy, down] = silences(transport);
        assert_eq!(sent_at(&busy), [0], "{transport}");
        assert_eq!(timed_out_at(&busy), [TIMERS_B_AND_F_MS], "{transport}");
        assert_eq!(fates(&busy), [Fate::TimedOut], "{transport}");
        // Without a connection the leg has failed once that cannot be made.
        assert_eq!(sent_at(&down), [0], "{transport}");
        assert!(timed_out_at(&down).is_empty(), "{transport}");
        assert_eq!(fates(&down), [Fate::Lost], "{transport}");
    }
}

/// The routing decision takes longer than Timer B runs.
fn slow_lookup(transport: &str, trying_100: &str) -> Log {
    run(&[
        ("trunks.0.transport", transport.into()),
        ("policy.point", "per_invite".into()),
        ("policy.trying_100", trying_100.into()),
        ("api.service", "40s".into()),
        ("client.attempt_timeout", FOR_EVER.into()),
    ])
}

/// RFC 3261 §17.1.1.2: in "Proceeding" nothing is retransmitted and Timer B does not run.
#[test]
fn a_100_trying_ends_timers_a_and_b() {
    for transport in ["udp", "tls"] {
        let log = slow_lookup(transport, "before_lookup");
        assert_eq!(sent_at(&log), [0], "{transport}");
        assert_eq!(answered_at(&log, Response::Trying), [0], "{transport}");
        assert!(timed_out_at(&log).is_empty(), "{transport}");
        assert_eq!(answered_at(&log, Response::Ok), [40_000], "{transport}");
        assert_eq!(fates(&log), [Fate::Completed], "{transport}");
    }
}

#[test]
fn without_100_trying_a_slow_decision_runs_into_timer_b() {
    let log = slow_lookup("udp", "after_lookup");
    assert_eq!(sent_at(&log), TIMER_A_MS);
    assert_eq!(timed_out_at(&log), [TIMERS_B_AND_F_MS]);
    assert_eq!(fates(&log), [Fate::TimedOut]);
}

/// The no-progress timer takes over from Timer B with the 100, and runs from there.
#[test]
fn after_a_100_trying_the_no_progress_timer_runs() {
    let log = run(&[
        ("trunks.0.primary.rtt", "30ms".into()),
        ("policy.point", "per_invite".into()),
        ("policy.no_progress", "4s".into()),
        ("api.service", "40s".into()),
        ("client.attempt_timeout", FOR_EVER.into()),
    ]);
    assert_eq!(answered_at(&log, Response::Trying), [30]);
    let late =
        |f: &Observation| matches!(f, Observation::InviteTimedOut { after_trying: true, .. });
    assert_eq!(log.instants(sent, late), [4030]);
}
