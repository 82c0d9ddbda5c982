//! When a failover counts, whether it was needed, and which moves are given up.

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::ids::Side;
use trunksim::system::metrics::METRICS;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{RunResult, simulate_observed};

use crate::theory::model;

const MODEL: &str = r#"
name = "failovers"
horizon = "10m"
carriers = [{ id = "telstra" }, { id = "singtel" }]
sbcs = [{ id = "sbc" }]
groups = [{ id = "agents", agents = 50 }]
policy = { point = "edge_static" }

[[trunks]]
id = "TRK_01"
sbc = "sbc"
transport = "udp"
groups = ["agents"]
arrivals = { kind = "periodic", every = "10s" }
primary = { carrier = "telstra", channels = 50, rtt = "20ms", registration = true }
secondary = { carrier = "singtel", channels = 50, rtt = "20ms", registration = true }

[failover]
failback = false
"#;

/// Facts of moves, in whole seconds.
#[derive(Default)]
struct Moves(Vec<(u64, Move)>);

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Move {
    Begun,
    Made { needed: bool },
    GivenUp,
    On(Side),
}

impl Observer for Moves {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let moved = match *fact {
            Observation::FailoverStarted { .. } => Move::Begun,
            Observation::FailedOver { needed, .. } => Move::Made { needed },
            Observation::FailoverAbandoned { .. } => Move::GivenUp,
            Observation::SideChanged { side, .. } => Move::On(side),
            _ => return,
        };
        self.0.push(((now - SimTime::ZERO).as_secs_f64() as u64, moved));
    }
}

fn run(values: &[(&str, &str)]) -> (RunResult, Vec<(u64, Move)>) {
    let mut table = model::read(MODEL);
    for (path, value) in values {
        let value: Table = format!("v = {value}").parse().expect("TOML");
        model::set(&mut table, path, value["v"].clone());
    }
    let (result, moves) =
        simulate_observed(&model::config(&table), 1, 0, Moves::default()).expect("the run ends");
    (result, moves.0)
}

fn count(result: &RunResult, name: &str) -> u64 {
    result.metrics[METRICS.iter().position(|m| m.name == name).expect("a metric")] as u64
}

fn counts(result: &RunResult) -> [u64; 4] {
    ["failovers_begun", "failovers", "failovers_unnecessary", "failovers_given_up"]
        .map(|name| count(result, name))
}

const COLD: (&str, &str) = ("registration.standby", "'cold'");
const LINK: (&str, &str) = ("failover.triggers", "{ link_down = true }");
/// A registrar that takes 5 s over each of the two REGISTERs.
const SLOW: (&str, &str) = ("carriers.1.registrar.service", "'5s'");
/// The primary leg is usable as soon as its carrier is.
const PLAIN: (&str, &str) =
    ("trunks.0.primary", "{ carrier = 'telstra', channels = 50, rtt = '20ms' }");
/// Nothing is sent again meanwhile.
const ONCE: (&str, &str) = ("sip", "{ t1 = '20s', t2 = '20s' }");

/// A move begins with the primary carrier's outage of 3 s and arrives 10 s later, when the primary
/// leg is usable again: it was unnecessary at the moment of the switch, and counts then.
#[test]
fn made_before_the_break_a_failover_counts_when_it_arrives() {
    let outage = ("carriers.0.schedule", "[{ at = '60s', for = '3s' }]");
    let (result, moves) = run(&[COLD, LINK, SLOW, ONCE, PLAIN, outage]);
    let expected =
        [(60, Move::Begun), (70, Move::Made { needed: false }), (70, Move::On(Side::Secondary))];
    assert_eq!(moves, expected);
    assert_eq!(counts(&result), [1, 1, 1, 0]);
    // The window of measurement begins between the two: the switch counts.
    let (result, _) = run(&[COLD, LINK, SLOW, ONCE, PLAIN, outage, ("warmup", "'65s'")]);
    assert_eq!(counts(&result), [0, 1, 1, 0]);
}

/// The same move, broken before it is made, counts when the trunk leaves its primary leg.
#[test]
fn broken_before_it_is_made_a_failover_counts_when_the_primary_is_left() {
    let outage = ("carriers.0.schedule", "[{ at = '60s', for = '3s' }]");
    let breaks = ("failover.switching", "'break_before_make'");
    let (result, moves) = run(&[COLD, LINK, SLOW, outage, breaks]);
    let expected =
        [(60, Move::Begun), (60, Move::Made { needed: true }), (60, Move::On(Side::Secondary))];
    assert_eq!(moves, expected);
    assert_eq!(counts(&result), [1, 1, 0, 0]);
}

/// A move that is given up before the switch is no failover.
#[test]
fn a_move_that_does_not_arrive_is_no_failover() {
    let outages = [
        ("carriers.0.schedule", "[{ at = '60s', for = '10s' }]"),
        ("carriers.1.schedule", "[{ at = '50s', for = '9m' }]"),
    ];
    let (result, moves) = run(&[LINK, outages[0], outages[1]]);
    assert_eq!(moves, [(60, Move::Begun), (90, Move::GivenUp)]);
    assert_eq!(counts(&result), [1, 0, 0, 1]);
}

/// Every observer means the same by a failover: the series' bins add up to the metric.
#[test]
fn the_series_counts_the_failovers_that_the_metric_counts() {
    let outages = "{ time_to_failure = '1m', time_to_repair = '20s' }";
    let (result, moves) = run(&[
        COLD,
        LINK,
        SLOW,
        ("carriers.0.outages", outages),
        ("failover.failback", "true"),
        ("failover.failback_delay", "'5s'"),
        ("failover.dwell_min", "'5s'"),
    ]);
    let made = moves.iter().filter(|(_, m)| matches!(m, Move::Made { .. })).count() as u64;
    let column = result.series.columns.iter().position(|c| c.name == "failovers").expect("it is");
    let in_bins: f64 = result.series.rows.iter().map(|row| row[column]).sum();
    assert!(made >= 2);
    assert_eq!((count(&result, "failovers"), in_bins as u64), (made, made));
}

const BREAKS: (&str, &str) = ("failover.switching", "'break_before_make'");
/// Each call asks an API that always fails, and that asks for a move.
const FAILING: [(&str, &str); 4] = [
    ("policy", "{ point = 'per_invite', fallback = 'last_known' }"),
    ("api.failure_share", "1.0"),
    ("failover.triggers", "{ api_failure = true }"),
    ("trunks.0.arrivals", "{ kind = 'periodic', every = '1h', phase = '60s' }"),
];

/// With warm standby the leg that was left at once is still registered: after 30 s the move is
/// given up, and calls use it again.
#[test]
fn a_move_that_breaks_first_goes_back_to_a_leg_that_is_still_usable() {
    let mut values = FAILING.to_vec();
    values.extend([BREAKS, ("carriers.1.schedule", "[{ at = '30s', for = '9m' }]")]);
    let (result, moves) = run(&values);
    // The call comes at 60 s; its request fails after the client's tries.
    let failed = moves[0].0;
    let expected = [
        (failed, Move::Begun),
        (failed, Move::Made { needed: false }),
        (failed, Move::On(Side::Secondary)),
        (failed + 30, Move::GivenUp),
        (failed + 30, Move::On(Side::Primary)),
    ];
    assert_eq!(moves, expected);
    assert_eq!(counts(&result), [1, 1, 1, 1]);
}

/// Where it is not usable (its carrier out, or with cold standby unregistered) the trunk goes on
/// trying.
#[test]
fn a_move_that_breaks_first_goes_on_while_the_old_leg_is_unusable() {
    let away = ("carriers.1.schedule", "[{ at = '30s', for = '9m' }]");
    let (_, moves) =
        run(&[LINK, BREAKS, away, ("carriers.0.schedule", "[{ at = '60s', for = '95s' }]")]);
    // Looked at 90, 120 and 150 s in vain; at 180 s the primary carrier is there again.
    assert_eq!(
        moves[2..],
        [(60, Move::On(Side::Secondary)), (180, Move::GivenUp), (180, Move::On(Side::Primary))][..]
    );
    let mut values = FAILING.to_vec();
    values.extend([BREAKS, away, COLD]);
    let (_, moves) = run(&values);
    assert_eq!(moves.len(), 3, "{moves:?}");
}
