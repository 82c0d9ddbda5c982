//! The story of a run: the facts that say what led to what, each with its instant, kept in the
//! order in which they happened. Runs are deterministic, so a run whose outcome raises a question
//! is run again with a [`Story`] beside the metrics.
//!
//! A fact's place in the story is its name here: a cause always has a smaller one than its effect,
//! also within an instant.

mod breaker;
mod burst;
pub mod causes;
pub mod diagram;
mod drawing;
pub mod label;
mod titles;
pub mod wording;

use rustc_hash::FxHashMap;

use super::ids::{CallId, RequestId, TrunkId};
use super::observation::{CallRecord, Fate, Observation, Observer};
use crate::engine::time::SimTime;

/// A fact and when it was.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Fact {
    /// When.
    pub at: SimTime,
    /// What.
    pub what: Observation,
}

/// Facts a story holds at most: about a gigabyte. A longer run has to be cut by its horizon.
const FACTS_MAX: usize = 10_000_000;

/// Keeps the facts of a run that say what led to what. Levels (channels and agents busy, queue
/// lengths, counted calls) are left out.
#[derive(Clone, Debug, Default)]
pub struct Story {
    facts: Vec<Fact>,
    requests: FxHashMap<RequestId, u32>,
    calls: FxHashMap<CallId, (TrunkId, u64)>,
    full: bool,
}

/// An outcome one may ask the causes of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A trunk starts to move to its secondary leg.
    Failover,
    /// A connected call is torn down.
    Drop,
    /// An INVITE goes without an answer.
    Timeout,
    /// A REGISTER, or the connection for it, goes without an answer.
    RegistrationTimeout,
}

impl Story {
    /// The facts, in the order in which they happened.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Whether the run was too long to be kept whole: what came later is missing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.full
    }

    /// The number of a request in the run, from 1 in the order of asking.
    #[must_use]
    pub fn request(&self, id: RequestId) -> u32 {
        self.requests.get(&id).copied().unwrap_or(0)
    }

    /// A call's trunk and its index there; see [`CallRecord::index`].
    #[must_use]
    pub fn call(&self, id: CallId) -> Option<(TrunkId, u64)> {
        self.calls.get(&id).copied()
    }

    /// The call of a trunk with that index.
    #[must_use]
    pub fn find_call(&self, trunk: TrunkId, index: u64) -> Option<CallId> {
        self.facts.iter().find_map(|fact| match fact.what {
            Observation::CallOffered { call, trunk: t, index: i } if t == trunk && i == index => {
                Some(call)
            }
            _ => None,
        })
    }

    /// How many callers dialled a trunk for the first time.
    #[must_use]
    pub fn callers_of(&self, trunk: TrunkId) -> u64 {
        let first = |fact: &&Fact| matches!(fact.what, Observation::CallOffered { trunk: t, index, .. } if t == trunk && index < CallRecord::REDIAL);
        self.facts.iter().filter(first).count() as u64
    }

    /// Places of the facts that a question may be about, of one trunk or of all.
    #[must_use]
    pub fn outcomes(&self, question: Question, trunk: Option<TrunkId>) -> Vec<usize> {
        let asked = |fact: &Fact| {
            let (asked, of) = match (question, fact.what) {
                (Question::Failover, Observation::FailedOver { trunk, .. }) => (true, trunk),
                (Question::Drop, Observation::CallEnded { record, .. }) => {
                    let torn = matches!(record.fate, Fate::DroppedTalking | Fate::DroppedWaiting);
                    (torn, record.trunk)
                }
                (Question::Timeout, Observation::InviteTimedOut { leg, .. }) => (true, leg.trunk()),
                (Question::RegistrationTimeout, Observation::RegistrationTimedOut { leg }) => {
                    (true, leg.trunk())
                }
                _ => return false,
            };
            asked && trunk.is_none_or(|trunk| trunk == of)
        };
        (0..self.facts.len()).filter(|&i| asked(&self.facts[i])).collect()
    }

    /// The last fact before place `before` that fits.
    fn last(&self, before: usize, fits: impl Fn(&Observation) -> bool) -> Option<usize> {
        self.facts[..before].iter().rposition(|fact| fits(&fact.what))
    }

    /// The places between two, the first included, whose facts fit.
    fn all(
        &self,
        places: std::ops::Range<usize>,
        fits: impl Fn(&Observation) -> bool,
    ) -> Vec<usize> {
        places.filter(|&i| fits(&self.facts[i].what)).collect()
    }

    fn at(&self, place: usize) -> SimTime {
        self.facts[place].at
    }
}

/// Whether a fact says what led to what, rather than how full something is.
const fn tells(fact: &Observation) -> bool {
    !matches!(
        fact,
        Observation::ChannelsBusy { .. }
            | Observation::AgentsBusy { .. }
            | Observation::ServerBusy { .. }
            | Observation::RegistrarBusy { .. }
            | Observation::RegisterReceived { .. }
            | Observation::TrunkCalls { .. }
            | Observation::Polled { .. }
            | Observation::PolicyInForce { .. }
            | Observation::ServiceStarted { .. }
            | Observation::Served { .. }
    )
}

impl Observer for Story {
    const QUEUES: bool = false;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if !tells(fact) {
            return;
        }
        if self.facts.len() >= FACTS_MAX {
            self.full = true;
            return;
        }
        match *fact {
            Observation::Requested { request, .. } => {
                let number = self.requests.len() as u32 + 1;
                self.requests.insert(request, number);
            }
            Observation::CallOffered { call, trunk, index } => {
                self.calls.insert(call, (trunk, index));
            }
            _ => {}
        }
        self.facts.push(Fact { at: now, what: *fact });
    }
}
