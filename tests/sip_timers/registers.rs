//! REGISTER: Timers E and F.

use trunksim::system::observation::Observation;

use super::{FOR_EVER, Log, TIMER_E_MS, TIMERS_B_AND_F_MS, run};

/// Between a registration that failed and the next try.
const RETRY_MS: u64 = 30_000;

fn sent(fact: &Observation) -> bool {
    matches!(fact, Observation::RegisterSent { .. })
}

/// What the first transaction sent, in milliseconds since its first REGISTER.
fn sent_at(log: &Log) -> Vec<u64> {
    let all = log.instants(sent, sent);
    all.into_iter().take_while(|at| *at <= TIMERS_B_AND_F_MS).collect()
}

fn timed_out_at(log: &Log) -> Vec<u64> {
    log.instants(sent, |fact| matches!(fact, Observation::RegistrationTimedOut { .. }))
}

/// A registrar that is busy with the first REGISTER for ever and drops the others.
fn silence(transport: &str, register: &str, rtt: &str) -> Log {
    run(&[
        ("trunks.0.transport", transport.into()),
        ("trunks.0.primary.registration", true.into()),
        ("trunks.0.primary.rtt", rtt.into()),
        ("sbcs.0.register", register.into()),
        ("carriers.0.registrar.service", FOR_EVER.into()),
        ("carriers.0.registrar.queue", 0.into()),
        // The wait RETRY_MS after a failure: a fixed 30 s is the default.
    ])
}

#[test]
fn on_udp_an_unanswered_register_goes_out_as_timer_e_says_until_timer_f() {
    let log = silence("udp", "0s", "0s");
    assert_eq!(sent_at(&log), TIMER_E_MS);
    assert_eq!(timed_out_at(&log)[0], TIMERS_B_AND_F_MS);
    // The next try is a transaction of its own: its timers start over.
    let next = TIMERS_B_AND_F_MS + RETRY_MS;
    let second: Vec<u64> =
        log.instants(sent, sent)[TIMER_E_MS.len()..][..TIMER_E_MS.len()].to_vec();
    assert_eq!(second, TIMER_E_MS.map(|at| next + at));
    assert_eq!(timed_out_at(&log)[1], next + TIMERS_B_AND_F_MS);
}

#[test]
fn on_tcp_and_tls_an_unanswered_register_goes_out_once() {
    for transport in ["tcp", "tls"] {
        let log = silence(transport, "0s", "0s");
        assert_eq!(sent_at(&log), [0], "{transport}");
        assert_eq!(timed_out_at(&log)[0], TIMERS_B_AND_F_MS, "{transport}");
    }
}

/// What the registrar hears comes half a round trip later.
#[test]
fn registers_reach_the_registrar_half_a_round_trip_later() {
    let log = silence("udp", "0s", "24ms");
    let received = |fact: &Observation| matches!(fact, Observation::RegisterReceived { .. });
    let heard: Vec<u64> = log.instants(sent, received)[..TIMER_E_MS.len()].to_vec();
    assert_eq!(heard, TIMER_E_MS.map(|at| at + 12));
}

/// Timer E runs from when a REGISTER leaves, so that the SBC's time for each adds up as it does in
/// a real user agent; Timer F runs from when the transaction was begun, before the first left.
#[test]
fn the_time_an_sbc_takes_to_send_adds_up() {
    let log = silence("udp", "1ms", "0s");
    let mut expected = TIMER_E_MS;
    (0..).zip(&mut expected).for_each(|(sent, at)| *at += sent);
    assert_eq!(sent_at(&log), expected);
    assert_eq!(timed_out_at(&log)[0], TIMERS_B_AND_F_MS - 1);
}

/// A registrar that grants an hour and, where it says so, at least ten minutes, to SBCs that ask for
/// one minute.
fn brief(values: &[(&str, toml::Value)]) -> Log {
    let mut all =
        vec![("trunks.0.primary.registration", true.into()), ("registration.expires", "1m".into())];
    all.extend_from_slice(values);
    run(&all)
}

fn registered(fact: &Observation) -> bool {
    matches!(fact, Observation::Registered { .. })
}

fn too_brief(fact: &Observation) -> bool {
    matches!(fact, Observation::RegistrationTooBrief { .. })
}

/// A binding lasts as long as was asked for: refreshed at half of it.
#[test]
fn a_binding_is_granted_for_the_interval_asked_for() {
    let log = brief(&[]);
    assert!(log.instants(sent, too_brief).is_empty());
    assert_eq!(log.instants(sent, registered)[..4], [0, 30_000, 60_000, 90_000]);
}

/// RFC 3261 §10.2.8: after a 423 the REGISTER comes again with its Min-Expires, and those after it
/// ask for as much from the start.
#[test]
fn an_interval_too_brief_is_asked_for_again_as_long_as_it_must_be() {
    let log = brief(&[("carriers.0.registrar.min_expires", "10m".into())]);
    assert_eq!(log.instants(sent, too_brief), [0]);
    assert_eq!(log.instants(sent, registered)[..3], [0, 300_000, 600_000]);
    // Challenged, too brief, granted; then challenged and granted each time.
    assert_eq!(log.instants(sent, sent)[..7], [0, 0, 0, 300_000, 300_000, 600_000, 600_000]);
    let failed = |f: &Observation| {
        matches!(
            f,
            Observation::RegistrationTimedOut { .. } | Observation::RegistrationRefused { .. }
        )
    };
    assert!(log.instants(sent, failed).is_empty());
}

/// Who takes a 423 for any other failure tries in vain, as its retry policy says.
#[test]
fn without_heeding_min_expires_there_is_no_registration() {
    let log = brief(&[
        ("carriers.0.registrar.min_expires", "10m".into()),
        ("registration.honour_min_expires", false.into()),
    ]);
    assert!(log.instants(sent, registered).is_empty());
    assert_eq!(log.instants(sent, too_brief)[..3], [0, RETRY_MS, 2 * RETRY_MS]);
}
