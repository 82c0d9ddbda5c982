//! The observer on facts made by hand.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::breaker::State;
use trunksim::system::Config;
use trunksim::system::ids::{CarrierId, ClientId, LegId, RequestId, Side, Slab, TrunkId};
use trunksim::system::observation::{CallRecord, Cause, Errand, Fate, Observation, Observer};
use trunksim::system::timeline::{
    BudgetBin, Carriage, Enrolment, Span, Timeline, TimelineRecorder, Window, badness,
};

use super::load;

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

fn fold(config: &Config, window: (u64, u64), facts: &[(u64, Observation)]) -> Timeline {
    let window = Window { from: at(window.0), until: at(window.1) };
    let mut recorder = TimelineRecorder::of(config, window);
    for (second, fact) in facts {
        recorder.observe(at(*second), fact);
    }
    recorder.finish()
}

fn told<S: Copy>(spans: &[Span<S>]) -> Vec<(S, u64, u64)> {
    let second = |t: SimTime| t.as_nanos() / 1_000_000_000;
    spans.iter().map(|s| (s.state, second(s.from), second(s.until))).collect()
}

fn request() -> RequestId {
    Slab::default().insert(())
}

const TRUNK: TrunkId = TrunkId(0);
const PRIMARY: LegId = LegId(0);
const SECONDARY: LegId = LegId(1);

#[test]
fn a_trunk_goes_there_and_back() {
    let config = load("models/apac.toml", &["horizon=10m"]).config;
    let started = Observation::FailoverStarted { trunk: TRUNK, cause: Cause::Fallback };
    let switched =
        |needed| Observation::FailedOver { trunk: TRUNK, cause: Cause::Fallback, needed };
    let arrived = |side| Observation::FailoverArrived { trunk: TRUNK, side };
    let back = Observation::FailbackStarted { trunk: TRUNK };
    let abandoned = Observation::FailoverAbandoned { trunk: TRUNK };
    let facts = [
        (5, started),
        (8, switched(false)),
        (8, arrived(Side::Secondary)),
        (20, back),
        (22, abandoned),
        (30, back),
        // On the spot.
        (30, arrived(Side::Primary)),
        // Given up before the trunk has switched: no failover.
        (40, started),
        (41, abandoned),
        (50, started),
        (52, switched(true)),
        (52, arrived(Side::Secondary)),
        (700, back),
    ];
    let timeline = fold(&config, (0, 600), &facts);
    use Carriage::{Primary, SecondaryNeeded, SecondaryUnneeded, Switching};
    let expected = [
        (Primary, 0, 5),
        (Switching, 5, 8),
        (SecondaryUnneeded, 8, 20),
        (Switching, 20, 22),
        (SecondaryUnneeded, 22, 30),
        (Primary, 30, 40),
        (Switching, 40, 41),
        (Primary, 41, 50),
        (Switching, 50, 52),
        (SecondaryNeeded, 52, 600),
    ];
    assert_eq!(told(&timeline.trunks[0].spans), expected);
    let moved: Vec<SimTime> = timeline.failovers.iter().map(|f| f.at).collect();
    assert_eq!(moved, [at(8), at(52)]);
    // The same, seen from the tenth second on.
    let part = fold(&config, (10, 25), &facts);
    let expected = [(SecondaryUnneeded, 10, 20), (Switching, 20, 22), (SecondaryUnneeded, 22, 25)];
    assert_eq!(told(&part.trunks[0].spans), expected);
    assert!(part.failovers.is_empty());
}

#[test]
fn a_registration_is_lost_and_found() {
    let config = load("models/apac.toml", &["horizon=10m"]).config;
    let state = |leg, wanted, usable| Observation::Registration { leg, wanted, usable };
    let facts = [
        // A refresh without an answer is no loss while the binding holds.
        (10, Observation::RegistrationTimedOut { leg: PRIMARY }),
        (10, state(PRIMARY, true, true)),
        (20, state(PRIMARY, true, false)),
        (24, Observation::RegistrationTimedOut { leg: PRIMARY }),
        (24, state(PRIMARY, true, false)),
        (60, Observation::Registered { leg: PRIMARY, new_binding: true }),
        (60, state(PRIMARY, true, true)),
        (70, state(SECONDARY, true, false)),
        (75, Observation::RegistrationRefused { leg: SECONDARY }),
        (90, state(SECONDARY, false, false)),
        (95, state(SECONDARY, true, false)),
    ];
    let timeline = fold(&config, (0, 100), &facts);
    use Enrolment::{Failing, Off, Registered, Registering};
    let expected =
        [(Registered, 0, 20), (Registering, 20, 24), (Failing, 24, 60), (Registered, 60, 100)];
    assert_eq!(told(&timeline.registrations[0].spans), expected);
    let expected = [
        (Off, 0, 70),
        (Registering, 70, 75),
        (Failing, 75, 90),
        (Off, 90, 95),
        (Registering, 95, 100),
    ];
    assert_eq!(told(&timeline.registrations[1].spans), expected);
    assert_eq!(timeline.registrations[1].name, "TRK_APAC_01 singtel");
    assert_eq!(timeline.registration_timeouts.len(), 2);
}

#[test]
fn breakers_are_told_by_their_scope() {
    let config = load(
        "models/apac.toml",
        &["horizon=10m", "client.replicas=2", "client.breaker.scope=region"],
    )
    .config;
    let moved = |client, breaker, to| Observation::BreakerMoved {
        client: ClientId(client),
        breaker,
        to,
        capacity: true,
    };
    let facts = [
        (5, moved(1, 2, State::Open)),
        (15, moved(1, 2, State::HalfOpen)),
        (16, moved(1, 2, State::Closed)),
        // A tenant's does not count.
        (20, moved(2, 0, State::Open)),
    ];
    let timeline = fold(&config, (0, 100), &facts);
    let names: Vec<&str> = timeline.breakers.iter().map(|t| t.name.as_str()).collect();
    let expected = [
        "client 1: region anz",
        "client 1: region nea",
        "client 1: region sea",
        "client 2: region anz",
        "client 2: region nea",
        "client 2: region sea",
    ];
    assert_eq!(names, expected);
    let expected = [
        (State::Closed, 0, 5),
        (State::Open, 5, 15),
        (State::HalfOpen, 15, 16),
        (State::Closed, 16, 100),
    ];
    assert_eq!(told(&timeline.breakers[5].spans), expected);
    // Put together, a time in which it was open is one in which it was open, probes or not.
    let coarse = timeline.breakers[5].coarse(SimDuration::from_secs(20), badness);
    assert_eq!(told(&coarse), [(State::Open, 0, 20), (State::Closed, 20, 100)]);
    assert_eq!(timeline.openings.iter().map(|o| o.breaker).collect::<Vec<_>>(), [5]);
}

#[test]
fn attempts_and_budgets_go_into_their_bins() {
    let config = load("models/apac.toml", &["horizon=10m", "client.replicas=2"]).config;
    let sent = |client| Observation::AttemptSent {
        request: request(),
        client: ClientId(client),
        attempt: 1,
    };
    let refused = |client| Observation::LimiterRefused {
        token: 0,
        request: request(),
        client: ClientId(client),
        limiter: 1,
        retry_after: None,
    };
    let left = |left| Observation::BudgetLeft { limiter: 0, left, of: 300 };
    let too_many = Observation::AttemptEnded {
        request: request(),
        client: ClientId(1),
        errand: Errand::Lookup,
        outcome: Outcome::TooManyRequests,
        limiter: Some(0),
    };
    let facts = [
        (0, sent(0)),
        (0, sent(1)),
        (1, sent(2)),
        (1, left(7)),
        (1, left(5)),
        (1, left(6)),
        (2, refused(1)),
        (2, too_many),
        (100, refused(0)),
        (100, refused(2)),
    ];
    let timeline = fold(&config, (0, 600), &facts);
    assert_eq!(timeline.bin, SimDuration::from_secs(1));
    let lane = |name: &str| timeline.clients.iter().find(|c| c.name == name).unwrap();
    let routing = lane("routing client");
    assert_eq!(
        (routing.bins[0].sent, routing.bins[2].refused, routing.bins[2].too_many),
        (2, 1, 1)
    );
    // More than a minute apart: two episodes.
    assert_eq!(routing.refusals.len(), 2);
    assert_eq!(lane("agent_scripts").bins[1].sent, 1);
    assert!(lane("agent_scripts").shares_budget && lane("monitor").shares_budget);
    assert!(!lane("dashboards").shares_budget);
    assert_eq!(timeline.limiters[0].bins[0], None);
    assert_eq!(timeline.limiters[0].bins[1], Some(BudgetBin { least: 5, of: 300 }));
    assert_eq!(timeline.limiters[1].refused, 3);
}

#[test]
fn calls_count_where_they_were_offered() {
    let config = load("models/apac.toml", &["horizon=10m"]).config;
    let ended =
        |offered: u64, queued: Option<u64>, answered: Option<u64>, fate| Observation::CallEnded {
            call: request(),
            record: CallRecord {
                trunk: TRUNK,
                index: 0,
                offered_at: at(offered),
                fate,
                side: Some(Side::Primary),
                attempts: 1,
                connected_at: queued.map(at),
                queued_at: queued.map(at),
                answered_at: answered.map(at),
                group: None,
            },
        };
    let facts = [
        (9, ended(9, None, None, Fate::Blocked)),
        (40, ended(10, Some(11), Some(15), Fate::Completed)),
        // In time of its queue entry, not of its offer.
        (60, ended(10, Some(20), Some(39), Fate::Completed)),
        (61, ended(50, Some(51), Some(52), Fate::DroppedTalking)),
        (63, ended(60, Some(60), None, Fate::Abandoned)),
        // Offered in the window, over after it.
        (200, ended(99, Some(99), Some(150), Fate::Completed)),
        (201, ended(100, Some(101), Some(102), Fate::DroppedTalking)),
    ];
    let timeline = fold(&config, (10, 100), &facts);
    let total = |of: fn(&trunksim::system::timeline::CallBin) -> u64| {
        timeline.calls.iter().map(of).sum::<u64>()
    };
    assert_eq!(total(|b| b.offered), 5);
    assert_eq!(total(|b| b.answered), 4);
    assert_eq!((total(|b| b.queued), total(|b| b.short_abandons)), (5, 1));
    assert_eq!((total(|b| b.in_time), total(|b| b.in_time_end_to_end)), (3, 2));
    assert_eq!((total(|b| b.dropped), timeline.calls[51].dropped), (1, 1));
    assert_eq!(timeline.calls[0].offered, 2);
    assert!((timeline.calls[0].service_level_end_to_end() - 0.5).abs() < f64::EPSILON);
    assert!(timeline.calls[5].service_level().is_nan());
}

#[test]
fn faults_are_told_with_their_times() {
    let config = load("models/apac.toml", &["horizon=1h"]).config;
    let down = |down| Observation::CarrierMoved { carrier: CarrierId(1), down };
    let facts = [
        (5, down(true)),
        (25, down(false)),
        (30, Observation::FaultMoved { fault: 0, on: true }),
        (95, down(true)),
    ];
    let timeline = fold(&config, (10, 100), &facts);
    let told: Vec<_> =
        timeline.faults.iter().map(|f| (f.label.as_str(), f.from, f.until)).collect();
    let expected = [
        ("singtel down", at(10), at(25)),
        ("35 % of sea agents log out", at(30), at(100)),
        ("singtel down", at(95), at(100)),
    ];
    assert_eq!(told, expected);
}
