//! The choice among finalists, on fresh replications: those of the race favour finalists that were
//! lucky in it. All finalists have the same fresh ones (common random numbers). Kim and Nelson's
//! procedure chooses among those that meet every threshold for certain. A finalist of which that is
//! not certain yet is run on only while it might cost less than the one chosen by more than the
//! difference that matters.

use super::super::compare::goal::{Goal, from_best};
use super::super::compare::paired::paired;
use super::super::select::kim_nelson::{Decision as Choice, Drop};
use super::super::select::threshold::Verdict;
use super::race::verdict;
use super::rules::{Arm, Rules};
use crate::engine::statistics::mean_interval;

/// What became of a finalist.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is chosen.
    Chosen,
    /// In its first fresh replications it gave the very costs of the arm that stands for it.
    Same(usize),
    /// It meets every threshold, and was not chosen.
    Beaten,
    /// It misses a threshold.
    Missed,
    /// It might cost less than the one chosen by more than the difference that matters, but that it
    /// meets the thresholds is not certain after as many replications as there are at most.
    Undecided,
    /// Whether or not it meets the thresholds, it does not cost less than the one chosen by more
    /// than the difference that matters.
    NoBetter,
    /// One of its runs failed.
    Failed,
}

/// The choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The arm.
    pub arm: usize,
    /// Fresh replications it was chosen after.
    pub after: usize,
    /// Whether the difference that matters was reached; where it was not, the cheapest by mean was
    /// taken at the most replications allowed.
    pub certain: bool,
    /// Arms it was chosen among, itself included.
    pub among: Vec<usize>,
}

/// The confirmation so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// These arms need this number of fresh replications in all.
    More(Vec<usize>, usize),
    /// It is over.
    Over {
        /// By finalist, in their order.
        finish: Vec<Finish>,
        /// Nothing where none meets every threshold for certain.
        chosen: Option<Chosen>,
    },
}

/// A finalist on its way.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// Its verdict is open.
    Open,
    Met,
    Missed,
    Failed,
}

/// Finalists with their fresh values and how far each has come.
struct Bench<'a> {
    rules: &'a Rules,
    fresh: &'a [Arm],
    finalists: &'a [usize],
    states: Vec<State>,
    /// Looks each has had.
    looked: Vec<usize>,
}

/// What is lacking: these arms need this number of fresh replications.
type Lacking = (Vec<usize>, usize);

impl Confirmation {
    /// Confirms `finalists` on the fresh values there are, by arm.
    pub(super) fn of(rules: &Rules, fresh: &[Arm], finalists: &[usize]) -> Self {
        let count = finalists.len();
        let (states, looked) = (vec![State::Open; count], vec![0; count]);
        let mut bench = Bench { rules, fresh, finalists, states, looked };
        match bench.run() {
            Err((arms, until)) => Self::More(arms, until),
            Ok((finish, chosen)) => Self::Over { finish, chosen },
        }
    }
}

impl Bench<'_> {
    fn run(&mut self) -> Result<(Vec<Finish>, Option<Chosen>), Lacking> {
        let looks = self.rules.looks();
        let mut waiting: Vec<usize> = (0..self.finalists.len()).collect();
        while let Some(first) = waiting.first() {
            // The least run come first, together.
            let look = waiting.iter().fold(self.looked[*first], |l, f| l.min(self.looked[*f]));
            waiting.retain(|f| self.looked[*f] == look);
            self.look(&waiting, looks[look])?;
            let chosen = self.choose()?;
            waiting = (0..self.finalists.len())
                .filter(|f| self.looked[*f] < looks.len() && self.matters(*f, chosen.as_ref()))
                .collect();
        }
        let chosen = self.choose()?;
        Ok((self.finish(chosen.as_ref()), chosen))
    }

    /// Judges these finalists after `n` fresh replications.
    fn look(&mut self, waiting: &[usize], n: usize) -> Result<(), Lacking> {
        let arms: Vec<usize> = waiting.iter().map(|f| self.finalists[*f]).collect();
        if arms.iter().any(|arm| self.fresh[*arm].replications() < n) {
            return Err((arms, n));
        }
        let confidence = self.rules.verdict_on_fresh(self.finalists.len());
        for &f in waiting {
            let arm = &self.fresh[self.finalists[f]];
            self.looked[f] += 1;
            self.states[f] = match verdict(self.rules, arm, n, confidence) {
                _ if arm.fails_within(n) => State::Failed,
                Verdict::Met => State::Met,
                Verdict::Missed => State::Missed,
                Verdict::Undecided => State::Open,
            };
        }
        Ok(())
    }

    /// Whether it is open if a finalist meets the thresholds, and that matters: it might cost less
    /// than the one chosen by more than the difference that matters.
    fn matters(&self, f: usize, chosen: Option<&Chosen>) -> bool {
        if self.states[f] != State::Open {
            return false;
        }
        let (Some(chosen), Some(look)) = (chosen, self.looked[f].checked_sub(1)) else {
            return true;
        };
        let n = self.rules.looks()[look].min(chosen.after);
        let costs = |arm: usize| &self.fresh[arm].cost[..n];
        let confidence = self.rules.no_better(self.finalists.len());
        let less = paired(costs(self.finalists[f]), costs(chosen.arm), confidence).difference;
        less.low() <= -self.rules.indifference
    }

    /// Finalists that meet every threshold, those alike as one: each with the one that stands for it.
    fn met(&self) -> Vec<(usize, usize)> {
        let first = |f: usize| &self.fresh[self.finalists[f]].cost[..self.rules.fresh_first];
        let alike = |a: usize, b: usize| {
            first(a).iter().zip(first(b)).all(|(x, y)| x.to_bits() == y.to_bits())
        };
        let mut met: Vec<(usize, usize)> = Vec::new();
        for f in (0..self.finalists.len()).filter(|f| self.states[*f] == State::Met) {
            let stands = met.iter().map(|(_, by)| *by).find(|by| alike(*by, f));
            met.push((f, stands.unwrap_or(f)));
        }
        met
    }

    /// The choice among those that meet every threshold so far.
    fn choose(&self) -> Result<Option<Chosen>, Lacking> {
        let met = self.met();
        let among: Vec<usize> =
            met.iter().filter(|(f, by)| f == by).map(|(f, _)| self.finalists[*f]).collect();
        if among.is_empty() { Ok(None) } else { select(self.rules, self.fresh, &among).map(Some) }
    }

    fn finish(&self, chosen: Option<&Chosen>) -> Vec<Finish> {
        let met = self.met();
        let finish = |f: usize| match self.states[f] {
            State::Missed => Finish::Missed,
            State::Failed => Finish::Failed,
            State::Open if self.matters(f, chosen) => Finish::Undecided,
            State::Open => Finish::NoBetter,
            State::Met if chosen.is_some_and(|chosen| chosen.arm == self.finalists[f]) => {
                Finish::Chosen
            }
            State::Met => match met.iter().find(|(own, _)| *own == f) {
                Some((_, by)) if *by != f => Finish::Same(self.finalists[*by]),
                _ => Finish::Beaten,
            },
        };
        (0..self.finalists.len()).map(finish).collect()
    }
}

/// Kim and Nelson's choice, or which arms need how many fresh replications for it.
fn select(rules: &Rules, fresh: &[Arm], among: &[usize]) -> Result<Chosen, Lacking> {
    // A run that failed beyond the first ones counts as the costliest there is, and takes its arm
    // out of the choice.
    let cap = |arm: &usize| {
        let costs = &fresh[*arm].cost;
        let costs = costs[..costs.len().min(rules.fresh_most)].iter();
        costs.map(|c| if c.is_finite() { *c } else { f64::MAX / 1e6 }).collect::<Vec<f64>>()
    };
    let costs: Vec<Vec<f64>> = among.iter().map(cap).collect();
    let chosen = |place: usize, after: usize, certain: bool| Chosen {
        arm: among[place],
        after: after.max(rules.fresh_first),
        certain,
        among: among.to_vec(),
    };
    match rules.choice().decide(&costs).expect("every cost is a number") {
        Choice::Selected { arm, after, .. } => Ok(chosen(arm, after, true)),
        Choice::More { arms, until, drops } => {
            let have = arms.iter().map(|arm| costs[*arm].len()).min().unwrap_or(0);
            if have < rules.fresh_most {
                let asked = arms.iter().map(|arm| among[*arm]).collect();
                return Err((asked, until.min(rules.fresh_most)));
            }
            debug_assert!(drops.iter().all(|Drop { arm, .. }| !arms.contains(arm)));
            let mean = |arm: &usize| mean_interval(&costs[*arm], rules.confidence).mean;
            let means: Vec<f64> = arms.iter().map(mean).collect();
            let best = arms[from_best(&means, Goal::Minimum)[0]];
            Ok(chosen(best, have, false))
        }
    }
}
