//! The race: rungs of ever more replications, after each of which those points go that miss a
//! threshold for certain or cost more than another for certain.
//!
//! Rungs as in successive halving (Jamieson and Talwalkar, AISTATS 2016), cuts by the paired
//! interval as in racing (Birattari et al., GECCO 2002): whatever the interval leaves open stays,
//! and what is clearly worse goes even out of the best share. Feasibility comes first (Andradóttir
//! and Kim, Naval Research Logistics 2010), but few runs seldom tell that a point meets a threshold,
//! only that it misses one. So what cuts others is the cheapest point that seems to meet them all;
//! where it turns out not to, now or on fresh replications, those it had cut come back.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compare::goal::{Goal, from_best};
use super::super::compare::paired::paired;
use super::super::select::threshold::{Threshold, Verdict, feasibility, together};
use super::rules::{Arm, Rules};
use crate::engine::statistics::mean_interval;

/// How an arm stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Still in.
    In,
    /// It misses a threshold, by this number of replications.
    Missed(usize),
    /// A run failed, or gave no cost, among this number of runs.
    Failed(usize),
    /// In every replication of the race it gave the very values of this arm, which stands for it.
    Same(usize),
    /// It costs more than the arm `than`.
    Costlier {
        /// The arm.
        than: usize,
        /// Replications that show it.
        after: usize,
    },
}

/// What happened at a rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Replications of each arm in it.
    pub replications: usize,
    /// Arms that were in it.
    pub entered: usize,
    /// Arms that were found to miss a threshold or failed at it.
    pub dropped: Vec<usize>,
    /// Arms that came back, since what had cut them misses a threshold.
    pub back: Vec<usize>,
    /// The cheapest arm that meets every threshold by its means, by which others are cut.
    pub leader: Option<usize>,
    /// Arms cut.
    pub cut: Vec<usize>,
}

/// The race so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Race {
    /// These arms need this number of replications in all.
    More(Vec<usize>, usize),
    /// It is over; who is still in is a finalist.
    Over {
        /// By arm.
        standing: Vec<Standing>,
        /// The rungs there were.
        rungs: Vec<Rung>,
    },
}

impl Race {
    /// Runs the race on the values there are. Arms `unfit` are known from elsewhere not to meet
    /// every threshold.
    pub(super) fn of(rules: &Rules, arms: &[Arm], unfit: &BTreeSet<usize>) -> Self {
        let mut standing = vec![Standing::In; arms.len()];
        let mut rungs: Vec<Rung> = Vec::new();
        for n in rules.budgets() {
            if !rungs.is_empty() && left(&standing).len() <= rules.finalists {
                break;
            }
            let mut rung = Rung {
                replications: n,
                entered: left(&standing).len(),
                dropped: Vec::new(),
                back: Vec::new(),
                leader: None,
                cut: Vec::new(),
            };
            loop {
                let waiting = left(&standing);
                if waiting.iter().any(|arm| arms[*arm].replications() < n) {
                    return Self::More(waiting, n);
                }
                for arm in waiting {
                    if let Some(out) = judge(rules, &arms[arm], n, unfit.contains(&arm)) {
                        standing[arm] = out;
                        rung.dropped.push(arm);
                    }
                }
                let back = orphans(&standing);
                if back.is_empty() {
                    break;
                }
                back.iter().for_each(|arm| standing[*arm] = Standing::In);
                rung.back.extend(back);
            }
            cut(rules, arms, n, &mut standing, &mut rung);
            rungs.push(rung);
        }
        let last = rungs.last().map_or(0, |rung: &Rung| rung.replications);
        twins(arms, last, &mut standing);
        Self::Over { standing, rungs }
    }
}

/// Arms that gave the very same in all of `n` replications are one: the first stands for the others.
fn twins(arms: &[Arm], n: usize, standing: &mut [Standing]) {
    let bits = |arm: usize| -> Vec<u64> {
        let Arm { cost, held } = &arms[arm];
        let lists = std::iter::once(cost).chain(held);
        lists.flat_map(|values| values[..n].iter().map(|v| v.to_bits())).collect()
    };
    let mut known: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    for arm in left(standing) {
        let first = *known.entry(bits(arm)).or_insert(arm);
        if first != arm {
            standing[arm] = Standing::Same(first);
        }
    }
}

/// The arms still in.
pub(super) fn left(standing: &[Standing]) -> Vec<usize> {
    (0..standing.len()).filter(|arm| standing[*arm] == Standing::In).collect()
}

/// Why an arm cannot be the answer, as far as its first `n` replications say.
fn judge(rules: &Rules, arm: &Arm, n: usize, unfit: bool) -> Option<Standing> {
    if arm.fails_within(n) {
        return Some(Standing::Failed(n));
    }
    let verdict = || verdict(rules, arm, n, rules.verdict_in_race());
    (unfit || verdict() == Verdict::Missed).then_some(Standing::Missed(n))
}

/// What the first `n` replications of an arm say of all thresholds together.
pub(super) fn verdict(rules: &Rules, arm: &Arm, n: usize, confidence: f64) -> Verdict {
    together(&feasibility(&arm.held_until(n), &rules.thresholds, confidence))
}

/// Arms that were cut by one that has been found unfit since.
fn orphans(standing: &[Standing]) -> Vec<usize> {
    let unfit = |arm: usize| matches!(standing[arm], Standing::Missed(_) | Standing::Failed(_));
    let orphan =
        |arm: &usize| matches!(standing[*arm], Standing::Costlier { than, .. } if unfit(than));
    (0..standing.len()).filter(orphan).collect()
}

/// Cuts what is clearly costlier than the cheapest arm that meets every threshold by its means.
fn cut(rules: &Rules, arms: &[Arm], n: usize, standing: &mut [Standing], rung: &mut Rung) {
    let among = left(standing);
    let costs = |arm: usize| &arms[arm].cost[..n];
    let mean = |values: &[f64]| mean_interval(values, rules.confidence).mean;
    let means: Vec<f64> = among.iter().map(|arm| mean(costs(*arm))).collect();
    let seems_to_meet = |arm: &usize| {
        let held = arms[*arm].held.iter().zip(&rules.thresholds);
        held.into_iter().all(|(values, threshold)| match threshold {
            Threshold::AtMost(limit) => mean(&values[..n]) <= *limit,
            Threshold::AtLeast(limit) => mean(&values[..n]) >= *limit,
        })
    };
    let order = from_best(&means, Goal::Minimum).into_iter().map(|place| among[place]);
    let Some(leader) = order.into_iter().find(seems_to_meet) else { return };
    rung.leader = Some(leader);
    let confidence = rules.cut(arms.len());
    for arm in among {
        let behind = paired(costs(arm), costs(leader), confidence).difference;
        if arm != leader && behind.low() > 0.0 {
            standing[arm] = Standing::Costlier { than: leader, after: n };
            rung.cut.push(arm);
        }
    }
}
