//! Sessions: refreshes that fail, BYEs that do not arrive, calls that go on being counted.

use super::*;

/// `cases/world/ghost.toml`: ten calls refreshed at 301 s over a flow that is gone. Columns: the
/// carrier's answer, who counts, when the calls end after their begin, seconds of ghost per call.
#[test]
fn a_call_that_is_not_refreshed_is_counted_until_its_session_ends() {
    let rows = [
        ("481", "proxy", 300.0, 300.0),
        ("481", "endpoint", 300.0, 268.0),
        ("silent", "proxy", 332.0, 268.0),
        ("silent", "endpoint", 332.0, 236.0),
        ("430", "proxy", 568.0, 32.0),
        ("430", "endpoint", 568.0, 0.0),
    ];
    for (dead_flow, counted_by, ends, ghost) in rows {
        let dead_flow = format!("carriers.a.dead_flow=\"{dead_flow}\"");
        let counted_by = format!("calls.counted_by={counted_by}");
        let run = case("world/ghost.toml", &[&dead_flow, &counted_by]);
        assert_eq!(run.fates(Fate::DroppedTalking), 10, "{dead_flow}");
        for (at, call) in run.calls() {
            let lasted = (at - call.connected_at.expect("connected")).as_secs_f64();
            assert!(about(lasted, ends), "{dead_flow} {counted_by}: {lasted}");
        }
        let counted = run.ghost_seconds() / 10.0;
        assert!(about(counted, ghost), "{dead_flow} {counted_by}: {counted}");
    }
}

/// Past the horizon what was offered before ends under the same rules.
#[test]
fn sessions_drop_after_the_horizon_too() {
    let run = case("world/ghost.toml", &["horizon=4m"]);
    assert_eq!(run.fates(Fate::DroppedTalking), 10);
    assert!(about(run.calls()[0].0.as_secs_f64(), 301.0), "{}", run.calls()[0].0);
    assert!(about(run.metric("calls_dropped"), 10.0));
}

/// A dialog outlives the registration of its leg: with a session that is never refreshed, with the
/// SBC as refresher, or where the carrier may connect, a lost flow costs nothing.
#[test]
fn a_dialog_outlives_its_flow_where_either_end_may_connect() {
    for (changes, dropped) in [
        ("", 10),
        ("'calls.session_refresher' = 'sbc'", 0),
        ("'carriers.a.connects' = true", 0),
        ("'calls.session_expires' = '1h'", 0),
        ("'trunks.*.transport' = 'udp'", 0),
        ("'trunks.*.primary.registration' = false", 0),
    ] {
        let run = run(&format!("{FLOW_LOST}\n{changes}"));
        assert_eq!(run.fates(Fate::DroppedTalking), dropped, "{changes}");
        assert_eq!(run.fates(Fate::Completed), 10 - dropped, "{changes}");
    }
}

/// A refresh by the SBC over the new connection gives the carrier its way back into the dialog: the
/// caller's BYE arrives.
#[test]
fn a_request_of_the_sbc_renews_the_dialogs_flow() {
    let by_sbc = run(&format!("{FLOW_LOST}\n'calls.session_refresher' = 'sbc'"));
    assert!(about(by_sbc.ghost_seconds(), 0.0), "{}", by_sbc.ghost_seconds());
    // Without one the caller hangs up into nothing: connected at 1 s, never refreshed, ended at
    // 1201 s. With Session-Expires of an hour an endpoint counts until 3569 s.
    let unrefreshed = run(&format!("{FLOW_LOST}\n'calls.session_expires' = '1h'"));
    let ghost = unrefreshed.ghost_seconds() / 10.0;
    assert!(about(ghost, 3600.0 - 32.0 - 1200.0), "{ghost}");
}

/// Over UDP refreshes and BYEs are retransmitted for 31.5 s: a silent outage shorter than that drops
/// no call and leaves no ghost, one that is longer drops those that refresh early in it.
#[test]
fn over_udp_a_short_silent_outage_costs_no_established_call() {
    let outage = |at: f64, length: f64| {
        run(&format!(
            "'trunks.*.transport' = 'udp'\n'carriers.a.registrar.expires' = '2h'\n\
             faults = [{{ kind = 'carrier_outage', outage_kind = 'silent', carrier = 'a', \
             at = '{}ms', for = '{}ms' }}]",
            at * 1000.0,
            length * 1000.0
        ))
    };
    // The refresh is due at 301.0 s.
    for (at, length, dropped) in [
        (300.5, 31.0, 0),
        (300.5, 33.0, 10),
        (290.0, 42.0, 0),
        (290.0, 44.0, 10),
        (400.0, 150.0, 0),
    ] {
        let run = outage(at, length);
        assert_eq!(run.fates(Fate::DroppedTalking), dropped, "{at} {length}");
        if dropped == 0 {
            assert!(about(run.ghost_seconds(), 0.0), "{at} {length}: {}", run.ghost_seconds());
        }
    }
    // The calls end at 1201 s: their BYEs get through at 1216.5 s, the copy after the outage.
    let run = outage(1200.0, 15.0);
    let ghost = run.ghost_seconds() / 10.0;
    assert!((15.4..15.6).contains(&ghost), "{ghost}");
}

/// What a leg that is left does with its calls. The trunk moves away at 100 s, for good.
#[test]
fn calls_of_a_leg_that_is_left_drain_or_are_abandoned_or_dropped() {
    let leave = r#"
faults = [{ kind = "registrar_slowdown", carrier = "a", at = "60s", for = "25m", slowdown = 1e6 }]
"carriers.a.registrar.expires" = "100s"
"failover.triggers.registration_lost" = true
"failover.switching" = "break_before_make"
"failover.failback" = false
"carriers.*.dead_flow" = "481"
"calls.counted_by" = "proxy"
"#;
    let run = |changes: &str| run(&format!("{leave}\n{changes}"));
    for unregister in ["at_leave", "after_last_call"] {
        let drained = run(&format!("'failover.unregister' = '{unregister}'"));
        assert_eq!(drained.fates(Fate::Completed), 10, "{unregister}");
        assert!(about(drained.ghost_seconds(), 0.0), "{unregister}");
    }
    let abandoned = run("'failover.active_calls' = 'abandon'");
    assert_eq!(abandoned.fates(Fate::DroppedTalking), 10);
    assert!(about(abandoned.ghost_seconds(), 3000.0), "{}", abandoned.ghost_seconds());
    let dropped = run("'failover.active_calls' = 'drop'");
    assert_eq!(dropped.fates(Fate::DroppedTalking), 10);
    assert!(about(dropped.ghost_seconds(), 0.0), "{}", dropped.ghost_seconds());
    // With warm standby the leg stays registered, and nothing is closed.
    let warm = run("'failover.active_calls' = 'abandon'\n'registration.standby' = 'warm'");
    assert_eq!(warm.fates(Fate::Completed), 10);
}

/// An SBC that restarts has no calls any more; one that cannot be reached for a while has.
#[test]
fn a_restarted_sbc_has_lost_its_calls_and_one_out_of_reach_has_not() {
    for (kind, dropped) in [("closes", 10), ("silent", 0)] {
        let run = run(&format!(
            "faults = [{{ kind = 'sbc_restart', sbc = 's', outage_kind = '{kind}', at = '100s', \
             for = '20s' }}]"
        ));
        assert_eq!(run.fates(Fate::DroppedTalking), dropped, "{kind}");
        let new_bindings =
            run.count(|f| matches!(f, Observation::Registered { new_binding: true, .. }));
        assert_eq!(new_bindings, usize::from(kind == "closes"), "{kind}");
        // Only the primary leg should be registered: 20 s of 30 minutes.
        let lacking = run.metric("unregistered_fraction") * 1800.0;
        let expected = if kind == "closes" { 20.0 } else { 0.0 };
        assert!((lacking - expected).abs() < 0.3, "{kind}: {lacking}");
    }
}

/// A silent outage is noticed by the refresh that has no answer: its call ends, and the SBC takes the
/// connection for dead and registers over another. One that nothing meets goes by unnoticed.
#[test]
fn a_silent_outage_is_noticed_by_a_request_without_answer() {
    for (at, dropped, new_binding) in [(290, 10, 1), (400, 0, 0)] {
        let run = run(&format!(
            "'calls.session_refresher' = 'sbc'\n'carriers.a.registrar.expires' = '4h'\n\
             faults = [{{ kind = 'carrier_outage', outage_kind = 'silent', carrier = 'a', \
             at = '{at}s', for = '50s' }}]"
        ));
        assert_eq!(run.fates(Fate::DroppedTalking), dropped, "{at}");
        let registered =
            run.count(|f| matches!(f, Observation::Registered { new_binding: true, .. }));
        assert_eq!(registered, new_binding, "{at}");
    }
}
