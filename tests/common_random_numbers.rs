//! Arms of a comparison that share a seed share what chance decides, however differently they
//! behave; and a run is the same every time.

use std::collections::BTreeMap;

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::observation::{Fate, Observation, Observer};
use trunksim::system::simulate_observed;

use crate::theory::model;

const APAC: &str = include_str!("../models/apac.toml");

/// A call of a trunk, by its number there.
type CallKey = (u32, u64);

/// From here on the number says how often the caller had dialled before.
const REDIAL: u64 = 1 << 32;

/// What chance decided of the calls, as far as a run shows it.
#[derive(Default)]
struct Chance {
    /// When callers dialled for the first time; whether they dial again is up to the arm.
    offered: BTreeMap<CallKey, SimTime>,
    /// Of calls that ended by themselves, by the caller: who dials again has the same matter.
    talk: BTreeMap<CallKey, SimDuration>,
    /// Of callers who gave up, since they were connected.
    patience: BTreeMap<CallKey, SimDuration>,
    fates: BTreeMap<CallKey, Fate>,
}

impl Observer for Chance {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match fact {
            Observation::CallOffered { trunk, index, .. } if *index < REDIAL => {
                self.offered.insert((trunk.0, *index), now);
            }
            Observation::CallEnded { record, .. } => {
                let key = (record.trunk.0, record.index);
                self.fates.insert(key, record.fate);
                match (record.fate, record.answered_at, record.connected_at) {
                    (Fate::Completed, Some(answered_at), _) => {
                        self.talk.insert((key.0, key.1 % REDIAL), now - answered_at);
                    }
                    (Fate::Abandoned, _, Some(connected_at)) => {
                        self.patience.insert(key, now - connected_at);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The APAC model, short of agents so that callers lose their patience, with values set in it.
fn apac(values: &[(&str, &str)]) -> Table {
    let mut table = model::read(APAC);
    let groups = table["groups"].as_array().expect("groups").len();
    for group in 0..groups {
        model::set(&mut table, &format!("groups.{group}.agents"), 40);
    }
    for (path, value) in values {
        let value: Table = format!("v = {value}").parse().expect("TOML");
        model::set(&mut table, path, value["v"].clone());
    }
    table
}

fn arm(values: &[(&str, &str)], seed: u64) -> Chance {
    let config = model::config(&apac(values));
    simulate_observed(&config, seed, 0, Chance::default()).expect("the run ends").1
}

/// Every value that both arms show is the same; how many there are.
fn shared<V: PartialEq + std::fmt::Debug>(
    what: &str,
    one: &BTreeMap<CallKey, V>,
    other: &BTreeMap<CallKey, V>,
) -> usize {
    let both: Vec<_> = one.iter().filter_map(|(k, v)| Some((k, v, other.get(k)?))).collect();
    for (key, a, b) in &both {
        assert_eq!(a, b, "{what} of call {key:?}");
    }
    both.len()
}

#[test]
fn arms_with_the_same_seed_share_arrivals_talk_and_patience() {
    let exponential =
        r#"{ kind = "exponential", base = "1s", multiplier = 2.0, cap = "30s", jitter = "full" }"#;
    let arms: [&[(&str, &str)]; 5] = [
        &[("client.retry.backoff", exponential), ("client.retry.retry_after", r#""honoured""#)],
        &[("policy.fallback", r#""last_known""#)],
        &[("policy.point", r#""post_answer""#)],
        &[("policy.point", r#""push""#)],
        &[("policy.point", r#""edge_static""#), ("policy.fallback", r#""last_known""#)],
    ];
    let base = arm(&[], 1);
    assert!(base.offered.len() > 1000, "{} calls", base.offered.len());
    for values in arms {
        let other = arm(values, 1);
        assert_eq!(base.offered, other.offered, "arrivals: {values:?}");
        let talk = shared("talk", &base.talk, &other.talk);
        let patience = shared("patience", &base.patience, &other.patience);
        println!("{values:?}: {talk} talks and {patience} patiences in both arms");
        assert!(talk > 100 && patience > 100, "{values:?} shares {talk} and {patience}");
        assert_ne!(base.fates, other.fates, "the arms behave alike: {values:?}");
    }
    assert_ne!(base.offered, arm(&[], 2).offered, "another seed, other arrivals");
}

/// Hash of everything a run reports, in order.
struct Digest(blake3::Hasher);

impl Observer for Digest {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.update(format!("{now:?} {fact:?}\n").as_bytes());
    }
}

fn digest(table: &Table, seed: u64, replication: u64) -> blake3::Hash {
    let config = model::config(table);
    let digest = Digest(blake3::Hasher::new());
    let (_, digest) = simulate_observed(&config, seed, replication, digest).expect("the run ends");
    digest.0.finalize()
}

#[test]
fn a_run_reports_the_same_every_time() {
    let table = model::read(APAC);
    let first = digest(&table, 1, 0);
    assert_eq!(first, digest(&table, 1, 0));
    let elsewhere = std::thread::scope(|s| s.spawn(|| digest(&table, 1, 0)).join().expect("runs"));
    assert_eq!(first, elsewhere, "on another thread");
    assert_ne!(first, digest(&table, 2, 0), "another seed");
    assert_ne!(first, digest(&table, 1, 1), "another replication");
}
