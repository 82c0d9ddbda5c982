//! Every state that waits for a message has a deadline and a way out: each message is lost once, by
//! a silent outage of the carrier at the instant of its way, and the wait ends.
//!
//! | wait | ends by |
//! |---|---|
//! | connection being opened: SYN, TLS handshake | `connect_timeout`; SYNs again (RFC 6298) |
//! | REGISTER | `transaction_timeout`; over UDP Timer E |
//! | INVITE without response | Timer B; over UDP Timer A |
//! | INVITE after 100 | `no_progress`, or Timer C |
//! | final response to an INVITE | sent again for 64·T1 |
//! | session refresh | 64·T1; after a failure every 10 s until the session ends |
//! | BYE | over UDP Timer E; the session's end |
//! | OPTIONS | `options.timeout` |
//! | API attempt, pool, bulkhead | `attempt_timeout` of what is ahead |

use super::*;

/// The system with one call at 1 s and the carrier silent for a time.
fn silent(at_ms: u64, for_ms: u64, changes: &str) -> Run {
    run(&format!(
        "'trunks.T.arrivals' = {{ kind = 'periodic', every = '24h', phase = '1s' }}\n\
         'calls.talk' = '60s'\n'sbcs.s.invite' = '2s'\n'policy.route_attempts' = 1\n\
         faults = [{{ kind = 'carrier_outage', outage_kind = 'silent', carrier = 'a', \
         at = '{at_ms}ms', for = '{for_ms}ms' }}]\n---\n{changes}"
    ))
}

/// When the call was connected and how it ended.
fn outcome(run: &Run) -> (Option<f64>, Fate) {
    let calls = run.calls();
    assert_eq!(calls.len(), 1);
    (calls[0].1.connected_at.map(SimTime::as_secs_f64), calls[0].1.fate)
}

/// INVITE out at 1 s, handled at 3.005 s; its 200 is lost and comes again T1 later, over every
/// transport (RFC 3261 §13.3.1.4).
#[test]
fn a_lost_200_comes_again_over_every_transport() {
    for transport in ["udp", "tcp", "tls"] {
        let run = silent(2900, 300, &format!("'trunks.T.transport' = '{transport}'"));
        let (connected, fate) = outcome(&run);
        assert_eq!(fate, Fate::Completed, "{transport}");
        let connected = connected.expect("connected");
        assert!((3.5..3.6).contains(&connected), "{transport}: {connected}");
    }
}

/// A lost INVITE comes again over UDP; over TCP and TLS Timer B ends it.
#[test]
fn a_lost_invite_comes_again_over_udp_and_times_out_else() {
    // The carrier is out when the INVITE has just left it: at 1 s + nothing.
    let late = "'trunks.T.primary.rtt' = '1s'\n'sbcs.s.invite' = '1ms'";
    let udp = silent(1200, 200, &format!("'trunks.T.transport' = 'udp'\n{late}"));
    assert_eq!(outcome(&udp).1, Fate::Completed);
    // Over TLS: the 200 is lost until Timer B (silent from before it to 40 s).
    let tls = silent(1200, 40_000, late);
    let (connected, fate) = outcome(&tls);
    assert_eq!((connected, fate), (None, Fate::TimedOut));
    assert!(about(tls.calls()[0].0.as_secs_f64(), 33.0), "{}", tls.calls()[0].0);
}

/// The SBC restarts after its 100: Timer C ends the wait, or the SBC's shorter timer.
#[test]
fn a_call_in_progress_whose_sbc_forgot_it_ends() {
    for (timer, ends) in [("", 182.0), ("'policy.no_progress' = '6s'", 7.0)] {
        let run = run(&format!(
            "'trunks.T.arrivals' = {{ kind = 'periodic', every = '24h', phase = '1s' }}\n\
             'trunks.T.transport' = 'udp'\n'policy.point' = 'per_invite'\n'policy.route_attempts' = 1\n\
             'api.service' = '3s'\n'client.attempt_timeout' = '10s'\n\
             faults = [{{ kind = 'sbc_restart', sbc = 's', at = '2s', for = '10s' }}]\n{timer}"
        ));
        let (connected, fate) = outcome(&run);
        assert_eq!((connected, fate), (None, Fate::TimedOut), "{timer}");
        assert!(about(run.calls()[0].0.as_secs_f64(), ends), "{timer} {}", run.calls()[0].0);
    }
}

/// REGISTER, its 401, the second REGISTER, its 200: whichever is lost, the leg is registered in the
/// end, over every transport.
#[test]
fn whichever_message_of_a_registration_is_lost_it_is_tried_again() {
    for transport in ["udp", "tcp", "tls"] {
        for lost_ms in (0..400).step_by(20) {
            let run = run(&format!(
                "'trunks.T.arrivals' = {{ kind = 'none' }}\n'trunks.T.transport' = '{transport}'\n\
                 'registration.initially_registered' = false\n'trunks.T.primary.rtt' = '100ms'\n\
                 'registration.transaction_timeout' = '8s'\n\
                 faults = [{{ kind = 'carrier_outage', outage_kind = 'silent', carrier = 'a', \
                 at = '{lost_ms}ms', for = '20ms' }}]"
            ));
            let registered = run.instants(|f| matches!(f, Observation::Registered { .. }));
            assert!(!registered.is_empty(), "{transport} {lost_ms}");
            assert!(registered[0] < 40.0, "{transport} {lost_ms}: {}", registered[0]);
        }
    }
}

/// An INVITE that was given up before any response is not cancelled (RFC 3261 §9.1): the SBC asks
/// the API for it all the same. One that was given up after 100 is.
#[test]
fn an_invite_without_a_provisional_response_is_not_cancelled() {
    let requests = |changes: &str| {
        let run = run(&format!(
            "'trunks.T.arrivals' = {{ kind = 'periodic', every = '24h', phase = '1s' }}\n\
             'policy.point' = 'per_invite'\n'policy.route_attempts' = 1\n'sbcs.s.invite' = '3s'\n\
             'policy.timer_b' = '1s'\n---\n{changes}"
        ));
        (run.fates(Fate::TimedOut), run.metric("api_requests"))
    };
    assert_eq!(requests(""), (1, 1.0));
    assert_eq!(requests("'policy.point' = 'edge_static'"), (1, 0.0));
}

/// The world is empty in the end whatever is lost: a minute without the carrier, silent or closed,
/// or without the SBC, anywhere in the first minutes of a busy system.
#[test]
fn whatever_is_lost_the_run_ends_and_leaves_nothing() {
    let table: Table = include_str!("../../models/apac.toml").parse().expect("TOML");
    for (n, transport) in ["udp", "tcp", "tls"].iter().enumerate() {
        for at in (0..10).map(|k| 400 + 37 * k + n) {
            let mut table = table.clone();
            let kind = ["closes", "silent"][at % 2];
            let faults: Table = format!(
                "faults = [{{ kind = 'carrier_outage', outage_kind = '{kind}', carrier = 'telstra', \
                 at = '{at}s', for = '40s' }}, {{ kind = 'sbc_restart', outage_kind = '{kind}', \
                 sbc = 'SBC_6', at = '{}s', for = '50s' }}]",
                at + 20
            )
            .parse()
            .expect("TOML");
            for (key, value) in [
                ("trunks.*.transport", (*transport).into()),
                ("horizon", "12m".into()),
                ("faults", faults["faults"].clone()),
            ] {
                assign(&mut table, key, &value).expect("a key");
            }
            let config = model::config(&table);
            // The run itself checks that nothing is left.
            trunksim::system::simulate(&config, 1, 0)
                .unwrap_or_else(|error| panic!("{transport} {at}: {error}"));
        }
    }
}
