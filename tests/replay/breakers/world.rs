//! Breakers in a run: when their moves are seen, and what is drawn.

use trunksim::system::observation::{Observation, Observer};
use trunksim::system::simulate_observed;

use super::*;
use crate::theory::model;

const WORLD: &str = include_str!("world.toml");

/// Every move of a breaker.
#[derive(Default)]
struct Moves(Vec<(SimTime, State)>);

impl Observer for Moves {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::BreakerMoved { to, .. } = *fact {
            self.0.push((now, to));
        }
    }
}

fn moves(machine: &str, seed: u64) -> Vec<(SimTime, State)> {
    let mut table = model::read(WORLD);
    let machine: toml::Table = machine.parse().expect("it is TOML");
    model::set(&mut table, "client.breaker.machine", machine);
    let config = model::config(&table);
    simulate_observed(&config, seed, 0, Moves::default()).expect("the run ends").1.0
}

/// Nanoseconds spent in each stay in a state, with what followed.
fn stays(moves: &[(SimTime, State)], state: State) -> Vec<u64> {
    let pairs = moves.iter().zip(&moves[1..]);
    pairs.filter(|(m, _)| m.1 == state).map(|(m, n)| (n.0 - m.0).as_nanos()).collect()
}

/// Calls come every 100 s, so nothing but the timer can end the 30 s of opossum's open state.
#[test]
fn a_timers_move_is_seen_at_its_instant() {
    let seen = moves("kind = 'opossum'", 1);
    let open = stays(&seen, State::Open);
    assert!(open.len() >= 8, "{seen:?}");
    assert!(open.iter().all(|stay| *stay == 30 * SEC), "{open:?}");
    assert!(seen.windows(2).all(|pair| pair[0].1 != pair[1].1));
}

/// A breaker that waits for a call is open until it comes.
#[test]
fn a_calls_move_is_seen_at_the_call() {
    let seen = moves(
        "kind = 'resilience4j'\nwindow = { kind = 'count', size = 1 }\npermitted_half_open = 1\n\
         wait = { kind = 'fixed', delay = '30s' }",
        1,
    );
    let open = stays(&seen, State::Open);
    assert!(open.len() >= 8, "{seen:?}");
    assert!(open.iter().all(|stay| *stay > 99 * SEC && *stay < 101 * SEC), "{open:?}");
    let automatic = moves(
        "kind = 'resilience4j'\nwindow = { kind = 'count', size = 1 }\npermitted_half_open = 1\n\
         wait = { kind = 'fixed', delay = '30s' }\nautomatic_half_open = true",
        1,
    );
    assert!(stays(&automatic, State::Open).iter().all(|stay| *stay == 30 * SEC));
}

/// Hystrix opens at a snapshot: at a multiple of 500 ms, not at the result.
#[test]
fn a_snapshot_opens_between_calls() {
    let seen =
        moves("kind = 'hystrix'\nrequest_volume_threshold = 1\nerror_threshold_percentage = 1", 1);
    let (at, to) = seen[0];
    assert_eq!(to, State::Open);
    assert_eq!(at.as_nanos() % (500 * MS), 0);
}

/// Semian moves at its updates, between calls: at whole seconds.
#[test]
fn an_update_moves_between_calls() {
    let seen = moves("kind = 'semian'", 1);
    assert!(seen.len() >= 4, "{seen:?}");
    assert!(seen.iter().all(|(at, _)| at.as_nanos() % SEC == 0), "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].1 != pair[1].1));
    let open = stays(&seen, State::Open);
    assert!(open.iter().all(|stay| *stay >= 10 * SEC), "the window has to empty: {open:?}");
}

/// A pool of one is never ejected at the default cap; with the first one free it is, and returns
/// by a sweep.
#[test]
fn a_pool_of_one_needs_its_cap_lifted() {
    let settings = "kind = 'envoy_outlier'\nconsecutive_5xx = 1";
    assert_eq!(moves(settings, 1), []);
    let seen = moves(&format!("{settings}\nalways_eject_one_host = true"), 1);
    assert!(seen.len() >= 4, "{seen:?}");
    let returns = seen.iter().filter(|(_, to)| *to == State::Closed);
    assert!(returns.clone().count() > 0);
    assert!(returns.clone().all(|(at, _)| at.as_nanos() % (10 * SEC) == 0), "{seen:?}");
}

/// Jittered delays come from the run's own draws: the same again for a seed, others for another.
#[test]
fn delays_are_drawn_from_the_run() {
    let settings = "kind = 'failsafe'\nconsecutive = { failures = 1, backoff = { kind = \
                    'full_jittered', start = '200s', max = '200s' } }";
    let first = moves(settings, 1);
    assert!(first.len() >= 4, "{first:?}");
    assert_eq!(first, moves(settings, 1));
    assert!((2..6).any(|seed| moves(settings, seed) != first));
}
