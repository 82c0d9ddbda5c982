//! How faults of one kind in force at a time compose, kind by kind, seen in a run.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::observation::Observation;

use super::{Facts, config, fault, run};

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

/// Agents logged in, after each change of it.
fn staffed(facts: &Facts) -> Vec<(u64, u32)> {
    let mut seen = Vec::new();
    for (when, fact) in &facts.0 {
        if let Observation::AgentsBusy { group, staffed, .. } = fact
            && group.0 == 0
            && seen.last().is_none_or(|(_, last)| last != staffed)
        {
            seen.push(((*when - SimTime::ZERO).as_secs_f64() as u64, *staffed));
        }
    }
    seen
}

/// Shares add up, to all at most, of whatever the staffing has.
#[test]
fn shares_of_agents_add_up() {
    let share = |share: f64, at, length| {
        fault("agent_logout", &format!("group = 'agents', share = {share:?}"), at, length)
    };
    let faults =
        [share(0.5, 300, 300), share(0.2, 360, 60), share(0.4, 480, 60), share(0.3, 500, 20)];
    let (_, facts) =
        run(&config(&faults, &[("groups.0.staffing", "[{ at = '9m30s', agents = 20 }]")]));
    let expected = [
        (300, 25),
        (360, 15),
        (420, 25),
        (480, 5),
        (500, 0),
        (520, 5),
        (540, 25),
        (570, 10),
        (600, 20),
    ];
    let seen = staffed(&facts);
    assert_eq!(seen[seen.len() - expected.len()..], expected);
}

/// What the median caller waits for the SBC's first answer while two networks are slow and one is.
#[test]
fn delays_of_a_network_add() {
    let slow = |ms: u64, at, length| {
        fault("leg_network", &format!("carrier = 'telstra', delay = '{ms}ms'"), at, length)
    };
    let faults = [slow(100, 300, 300), slow(300, 360, 60)];
    let (_, facts) = run(&config(&faults, &[("sbcs.0.invite", "'0s'")]));
    let mut sent = std::collections::BTreeMap::new();
    let mut round_trip = |from: u64, until: u64| {
        let mut least = SimDuration::MAX;
        for (now, fact) in &facts.0 {
            match fact {
                Observation::InviteSent { call, retransmission: 0, .. } => {
                    sent.insert(format!("{call:?}"), *now);
                }
                Observation::InviteAnswered { call, .. } => {
                    if let Some(since) = sent.remove(&format!("{call:?}"))
                        && since >= at(from)
                        && *now < at(until)
                    {
                        least = least.min(*now - since);
                    }
                }
                _ => {}
            }
        }
        least.as_millis_f64().round() as u64
    };
    let trips = [(240, 300), (301, 360), (361, 420), (421, 600), (601, 700)]
        .map(|(from, until)| round_trip(from, until));
    assert_eq!(trips, [20, 220, 820, 220, 20]);
}

/// Losses are independent: of INVITEs' first copies through two networks that lose a half and three
/// fifths, a fifth arrives.
#[test]
fn losses_are_independent() {
    let lossy =
        |loss: f64| fault("leg_network", &format!("carrier = 'telstra', loss = {loss:?}"), 1, 7199);
    let values = [
        ("horizon", "'2h'"),
        ("trunks.0.secondary", "{ carrier = 'singtel', channels = 1000 }"),
        ("trunks.0.primary", "{ carrier = 'telstra', channels = 1000, rtt = '20ms' }"),
        ("trunks.0.arrivals", "{ kind = 'poisson', rate_per_s = 1.0 }"),
        ("policy", "{ point = 'edge_static' }"),
        ("failover.triggers", "{ }"),
    ];
    let (_, facts) = run(&config(&[lossy(0.5), lossy(0.6)], &values));
    let telstra = |leg: &trunksim::system::ids::LegId| leg.index().is_multiple_of(2);
    let count = |wanted: &dyn Fn(&Observation) -> bool| {
        facts.0.iter().filter(|(_, fact)| wanted(fact)).count() as f64
    };
    let sent = count(&|f| matches!(f, Observation::InviteSent { leg, .. } if telstra(leg)));
    let lost = count(&|f| matches!(f, Observation::InviteLost { leg, .. } if telstra(leg)));
    let (share, spread) = (lost / sent, (0.8 * 0.2 / sent).sqrt());
    assert!(sent > 20_000.0 && (share - 0.8).abs() < 4.0 * spread, "{share} of {sent}");
}

/// Slowdowns multiply, and all is then as before.
#[test]
fn slowdowns_multiply_and_leave_nothing_behind() {
    let slow =
        |by: f64, at, length| fault("api_brown_out", &format!("slowdown = {by:?}"), at, length);
    let faults = [slow(3.0, 300, 120), slow(0.7, 310, 90), slow(5.0, 330, 60)];
    let values = [("api.service", "'10ms'"), ("api.limits", "[]"), ("api.servers", "50")];
    let (_, facts) = run(&config(&faults, &values));
    let served = |from: u64, until: u64| -> Vec<u64> {
        let within = facts.0.iter().filter(|(now, _)| *now >= at(from) && *now < at(until));
        within
            .filter_map(|(_, fact)| match fact {
                Observation::Served { sojourn, .. } => Some(sojourn.as_nanos()),
                _ => None,
            })
            .collect()
    };
    for (from, until, nanos) in [
        (0, 300, 10_000_000),
        (301, 310, 30_000_000),
        (311, 330, 21_000_000),
        (331, 390, 105_000_000),
        (391, 400, 21_000_000),
        (401, 420, 30_000_000),
        (421, 1200, 10_000_000),
    ] {
        let served = served(from, until);
        assert!(!served.is_empty() && served.iter().all(|n| *n == nanos), "{from}: {served:?}");
    }
}

/// Cuts multiply on each limit, of all limits or of one by its name, and end one by one.
#[test]
fn cuts_of_limits_multiply() {
    let cut = |settings: &str, at, length| fault("api_limit_cut", settings, at, length);
    let faults = [
        cut("factor = 0.5", 300, 300),
        cut("factor = 0.4, limit = 'organization'", 300, 180),
        cut("factor = 0.5, limit = 'organization'", 300, 60),
    ];
    let limits = "[{ name = 'organization', per = 'org', \
                   limiter = { kind = 'fixed_window', limit = 100, window = '1m' } }]";
    let values = [
        ("api.limits", limits),
        ("trunks.0.arrivals", "{ kind = 'periodic', every = '500ms' }"),
        ("groups.0.agents", "500"),
        ("trunks.0.primary", "{ carrier = 'telstra', channels = 1000, rtt = '20ms' }"),
    ];
    let (_, facts) = run(&config(&faults, &values));
    let admitted = |from: u64| {
        let within = facts.0.iter().filter(|(now, _)| *now >= at(from) && *now < at(from + 60));
        within.filter(|(_, fact)| matches!(fact, Observation::LimiterAdmitted { .. })).count()
    };
    let seen = [240, 300, 360, 420, 480, 540, 600].map(admitted);
    assert_eq!(seen, [100, 10, 20, 20, 50, 50, 100]);
}

/// Two SBC restarts that overlap are one, which begins and ends with them.
#[test]
fn restarts_that_overlap_are_one() {
    let restart = |at, length| fault("sbc_restart", "sbc = 'sbc1'", at, length);
    let one = config(&[restart(300, 100)], &[]);
    let two = config(&[restart(300, 60), restart(340, 60)], &[]);
    super::assert_alike("restarts", &super::without_faults(&one), &super::without_faults(&two));
}
