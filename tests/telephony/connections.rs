//! TCP and TLS connections: who may open one, how long that is waited for, and what is lost.

use super::*;

/// A call a minute; the leg's connection is closed at 100 s by an outage of a millisecond.
fn calls_after_a_lost_flow(changes: &str) -> Run {
    run(&format!(
        "{FLOW_LOST}\n'trunks.T.arrivals' = {{ kind = 'periodic', every = '1m', phase = '30s' }}\n\
         'calls.talk' = '1s'\n'trunks.T.secondary.registration' = false\n\
         'carriers.b.connects' = false\n{changes}"
    ))
}

/// The SBC registers again at once, after the retry policy's wait, or when the binding is refreshed;
/// until then the leg takes no call, unless the carrier may connect.
#[test]
fn a_leg_that_lost_its_flow_registers_again_as_it_is_set_to() {
    for (setting, usable_again) in [("at_once", 100.1), ("retry_time", 130.1)] {
        let run = calls_after_a_lost_flow(&format!("'registration.on_flow_loss' = '{setting}'"));
        let bound =
            run.instants(|f| matches!(f, Observation::Registered { new_binding: true, .. }));
        assert_eq!(bound.len(), 1, "{setting}: {bound:?}");
        assert!((bound[0] - usable_again).abs() < 0.5, "{setting}: {bound:?}");
    }
    let lazy = "'registration.on_flow_loss' = 'at_refresh'\n'carriers.a.registrar.expires' = '20m'";
    let run = calls_after_a_lost_flow(lazy);
    let bound = run.instants(|f| matches!(f, Observation::Registered { new_binding: true, .. }));
    assert_eq!(bound.len(), 1, "{bound:?}");
    // A binding of any age up to its refresh at half of 20 minutes; calls meanwhile are lost.
    assert!(bound[0] <= 700.5, "{bound:?}");
    let lost = ((bound[0] - 30.0) / 60.0).floor() - 1.0;
    assert!(about(run.metric("calls_lost"), lost.max(0.0)), "{} {lost}", run.metric("calls_lost"));
    let connects = calls_after_a_lost_flow(&format!("{lazy}\n'carriers.a.connects' = true"));
    assert!(about(connects.metric("calls_lost"), 0.0));
}

/// A flow that had not registered yet is not replaced at once: the registrar answers nothing here.
#[test]
fn a_flow_without_a_registration_is_replaced_after_the_retry_policys_wait() {
    let run = calls_after_a_lost_flow(
        "'registration.initially_registered' = false\n'carriers.a.registrar.service' = '1h'\n\
         'registration.transaction_timeout' = '20m'",
    );
    let opened = run.instants(|f| matches!(f, Observation::ConnectionOpens { .. }));
    assert_eq!(opened.len(), 2, "{opened:?}");
    assert!(about(opened[1], 130.0), "{opened:?}");
}

/// An outage over TLS that closes connections costs a registration; one that is silent and shorter
/// than anything that would notice costs none. A registrar that forgets costs one over UDP too, once
/// the SBC refreshes.
#[test]
fn an_outage_closes_connections_or_is_silent() {
    let new_bindings = |run: &Run| run.metric("re_registrations");
    let none = "'trunks.T.arrivals' = { kind = 'none' }";
    let run = |changes: &str| {
        super::run(&format!(
            "{none}\n{changes}\nfaults = [{{ kind = 'carrier_outage', carrier = 'a', \
             at = '100s', for = '5s' }}]"
        ))
    };
    assert!(about(new_bindings(&run("'carriers.a.outage_kind' = 'closes'")), 1.0));
    assert!(about(new_bindings(&run("'carriers.a.outage_kind' = 'silent'")), 0.0));
    let udp = "'trunks.*.transport' = 'udp'";
    assert!(about(new_bindings(&run(udp)), 0.0));
    let forgetful = run(&format!("{udp}\n'carriers.a.registrar.forgets' = true"));
    assert!(about(new_bindings(&forgetful), 1.0));
}

/// An INVITE for a leg without connection waits for one where the carrier can connect, at most
/// `connect_timeout`; SYNs go out after 0, 1, 3, 7 s (RFC 6298).
#[test]
fn an_invite_waits_for_a_connection_as_long_as_it_may() {
    // The SBC is out of reach until 4.5 s; the call comes at 1 s.
    let call = |timeout: &str| {
        run(&format!(
            "'registration.connect_timeout' = '{timeout}'\n'trunks.*.primary.registration' = false\n\
             'trunks.T.transport' = 'tcp'\n'policy.route_attempts' = 1\n\
             faults = [{{ kind = 'sbc_restart', sbc = 's', outage_kind = 'silent', at = '0s', \
             for = '4500ms' }}]"
        ))
    };
    let early = call("2s");
    assert_eq!(early.fates(Fate::Lost), 10);
    assert!(about(early.calls()[0].0.as_secs_f64(), 3.0), "{}", early.calls()[0].0);
    // SYNs at 1, 2, 4 and 8 s: the last one gets through.
    let late = call("10s");
    assert_eq!(late.fates(Fate::Completed), 10);
    let connected = late.calls()[0].1.connected_at.expect("connected").as_secs_f64();
    assert!((8.0..8.1).contains(&connected), "{connected}");
}

/// A TLS leg whose first handshakes are lost is not dead for ever (`cases/world/tls1.toml`).
#[test]
fn lossy_minutes_do_not_silence_a_trunk() {
    let calm = case("world/tls0.toml", &[]).metric("calls_answered");
    let lossy = case("world/tls1.toml", &[]).metric("calls_answered");
    assert!(lossy >= 0.9 * calm && calm > 1000.0, "{lossy} of {calm}");
}

/// The connection that an SBC's restart closed is opened again (`cases/world/README.md`).
#[test]
fn no_call_times_out_after_an_sbc_has_restarted() {
    let fault = r#"faults=[{kind="sbc_restart",sbc="sbc",at="10m",for="1m"}]"#;
    for transport in ["tcp", "tls", "udp"] {
        let transport = format!("trunks.*.transport={transport}");
        let run = case("world/minimal.toml", &[&transport, fault, "warmup=12m"]);
        assert!(about(run.metric("calls_timed_out"), 0.0), "{transport}");
        assert!(run.metric("calls_answered") > 200.0, "{transport}");
    }
}

/// A carrier leaves an SBC alone for the Retry-After of its 503 (report 15): one call is rejected,
/// and about 300 more are not even offered to it.
#[test]
fn a_503_with_retry_after_takes_the_sbc_out() {
    let calls = |changes: &[&str]| {
        let run = case("reports/15-invite-503-retry-after/model.toml", changes);
        (run.metric("calls_rejected"), run.metric("calls_lost"))
    };
    let (rejected, lost) = calls(&["sbcs.s.retry_after=300s"]);
    assert!(rejected <= 2.0 && (298.0..=301.0).contains(&lost), "{rejected} {lost}");
    let (rejected, lost) = calls(&["sbcs.s.retry_after=300s", "carriers.c.honour_503_cap=20s"]);
    assert!(rejected <= 2.0 && (18.0..=21.0).contains(&lost), "{rejected} {lost}");
    let (rejected, lost) = calls(&["sbcs.s.retry_after=300s", "carriers.c.honour_503=false"]);
    assert!(rejected >= 9.0 && about(lost, 0.0), "{rejected} {lost}");
    let (rejected, lost) = calls(&[]);
    assert!(rejected >= 9.0 && about(lost, 0.0), "{rejected} {lost}");
    let (rejected, lost) = calls(&["carriers.c.fake_retry_after=60s"]);
    assert!(rejected <= 2.0 && (58.0..=61.0).contains(&lost), "{rejected} {lost}");
}
