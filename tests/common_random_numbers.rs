//! Arms of a comparison that share a seed share what chance decides, however differently they
//! behave; and a run is the same every time.

use std::collections::BTreeMap;

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::ids::ClientId;
use trunksim::system::observation::{Errand, Fate, Observation, Observer};
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

/// What chance decided of the calls, by the name of their trunk, and when tenants asked, by theirs.
type Named = BTreeMap<(String, u64), Vec<String>>;

/// Instants at which each tenant asks.
#[derive(Default)]
struct Tenants(BTreeMap<u32, Vec<SimTime>>);

impl Observer for Tenants {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::Requested { client, errand: Errand::Tenant, .. } = fact {
            self.0.entry(client.0).or_default().push(now);
        }
    }
}

fn by_name(table: &Table) -> (Named, Named) {
    let config = model::config(table);
    let names: Vec<String> = config.trunks().map(|(name, _)| name.to_owned()).collect();
    let observers = (Chance::default(), Tenants::default());
    let (_, (chance, tenants)) = simulate_observed(&config, 1, 0, observers).expect("the run ends");
    let mut calls = Named::new();
    let mut note = |key: &CallKey, what: String| {
        calls.entry((names[key.0 as usize].clone(), key.1)).or_default().push(what);
    };
    chance.offered.iter().for_each(|(key, at)| note(key, format!("offered {at}")));
    chance.talk.iter().for_each(|(key, talk)| note(key, format!("talk {talk}")));
    chance.patience.iter().for_each(|(key, wait)| note(key, format!("patience {wait}")));
    let asked = tenants.0.into_iter().flat_map(|(client, instants)| {
        let name = config.client(ClientId(client)).to_owned();
        (0u64..).zip(instants).map(move |(n, at)| ((name.clone(), n), vec![format!("{at}")]))
    });
    (calls, asked.collect())
}

/// Of an array of tables: in another order, with one more part before the others.
fn disarrange(table: &mut Table, key: &str, id: &str, changes: &[(&str, toml::Value)]) {
    let parts = table[key].as_array_mut().expect("an array");
    parts.reverse();
    let mut more = parts[0].as_table().expect("a table").clone();
    more.insert("id".to_owned(), toml::Value::from(id));
    for (key, value) in changes {
        more.insert((*key).to_owned(), value.clone());
    }
    parts.insert(0, more.into());
}

/// An entity's draws are addressed by its name: trunks, carriers, SBCs, groups, tenants and client
/// replicas that are added or reordered change nothing of what chance decides for the others.
#[test]
fn parts_that_come_and_move_leave_the_others_draws_alone() {
    let table = apac(&[("policy.fallback", r#""last_known""#)]);
    let base = by_name(&table);
    assert!(base.0.len() > 1000 && base.1.len() > 1000, "{} {}", base.0.len(), base.1.len());
    let none: toml::Value = toml::Table::from_iter([("kind".to_owned(), "none".into())]).into();
    type Change<'a> = &'a dyn Fn(&mut Table);
    let changes: [(&str, Change<'_>); 6] = [
        ("trunks", &|t| disarrange(t, "trunks", "NEW", &[])),
        ("carriers", &|t| disarrange(t, "carriers", "new", &[])),
        ("sbcs", &|t| disarrange(t, "sbcs", "new", &[("count", 1.into())])),
        ("groups", &|t| disarrange(t, "groups", "new", &[])),
        ("tenants", &|t| disarrange(t, "tenants", "new", &[("arrivals", none.clone())])),
        ("replicas", &|t| model::set(t, "client.replicas", 3)),
    ];
    for (what, change) in changes {
        let mut changed = table.clone();
        change(&mut changed);
        let other = by_name(&changed);
        for (one, other) in [(&base.0, &other.0), (&base.1, &other.1)] {
            for (key, draws) in one {
                // Whether a caller dials again is up to the system, and a talk or a patience shows
                // only where the call got that far.
                let Some(there) = other.get(key) else {
                    assert!(key.1 >= REDIAL, "{what}: {key:?} is gone");
                    continue;
                };
                let kind = |draw: &String| draw.split(' ').next().map(str::to_owned);
                for draw in draws {
                    let same = there.iter().find(|other| kind(other) == kind(draw));
                    assert!(
                        same.is_none_or(|same| same == draw),
                        "{what}: {key:?} {same:?} {draw}"
                    );
                }
            }
        }
    }
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
