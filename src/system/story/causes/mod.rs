//! From an outcome back to its causes.
//!
//! Each [`Link`] rests on facts of the run, whose places it names. Where a fact names what led to it
//! (a request, a call, a breaker), the link follows the name. Where none does, it follows these
//! rules, which hold by the order in which the world reports:
//!
//! - A failover is due to the last [`FailoverAsked`](Observation::FailoverAsked) of its trunk that
//!   decided a move; that asking is due to the last fact of its cause before it.
//! - A breaker's refusal is due to its last opening; an opening in half-open state by a probe goes
//!   back to the first opening since it was last closed.
//! - A result told to a breaker is that of the request's last ended attempt before it; a 429 comes
//!   from the request's last refusal by a limiter before it.
//! - A limiter's refusals belong to one spell while no two are further apart than the time over which
//!   its whole budget comes again, or a second where that is shorter.
//! - A leg's flow is lost by the last change of side, end of a move or fall of a carrier or SBC at
//!   that instant.
//! - A leg registers because of the last move of its trunk to it since it was last registered.

mod legs;
mod limits;
mod moves;
mod requests;

use super::Story;
pub use super::burst::{Burst, Spike};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::system::config::Config;
use crate::system::ids::{CallId, CarrierId, ClientId, GroupId, LegId, RequestId, TrunkId};
use crate::system::observation::{Cause, Errand, Fate, Observation, Unrefreshed};

/// A step of the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// When it was; of something that lasts, when it began.
    pub at: SimTime,
    /// What was.
    pub step: Step,
    /// Places of the facts it rests on, ascending.
    pub facts: Vec<usize>,
}

/// How attempts that failed ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures(pub std::collections::BTreeMap<Outcome, u32>);

/// What refused a request within its client.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Its circuit breaker of that number.
    Breaker(u32),
    /// Its bulkhead.
    Bulkhead,
    /// Its own throttle or retry budget.
    Throttle,
}

/// What took the primary leg down.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// It is not registered.
    Registration,
    /// OPTIONS go unanswered.
    Options,
    /// Its carrier is down.
    Carrier,
}

/// What was, in a step of the way back.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are named after what they hold")]
pub enum Step {
    /// A trunk fails over to its secondary leg.
    Failover { trunk: TrunkId, cause: Cause, needed: bool },
    /// A trunk had started to move to its secondary leg, and was on its way.
    MoveBegun { trunk: TrunkId, cause: Cause },
    /// It had been asked to, and waited.
    Asked { trunk: TrunkId, wait: SimDuration },
    /// `count` INVITEs over its primary leg timed out.
    InviteTimeouts { trunk: TrunkId, count: u32 },
    /// Its primary leg is down.
    LegDown { trunk: TrunkId, down: Down },
    /// It starts to move back to its primary leg.
    Failback { trunk: TrunkId },
    /// It gave up moving.
    MoveGivenUp { trunk: TrunkId },

    /// A call, or an update of the trunk, took the fallback. Without a request the flow's deadline
    /// passed.
    FellBack { trunk: TrunkId, call: Option<CallId>, request: Option<RequestId> },
    /// A client refused a request itself, after `attempts` attempts.
    Refused { request: RequestId, client: ClientId, gate: Gate, attempts: u32 },
    /// A client gave a request up.
    GaveUp { request: RequestId, client: ClientId, errand: Errand, attempts: u32, failed: Failures },
    /// A call still waited for its look-up, asked for at `asked`, or had its answer only at
    /// `answered`.
    StillAsking {
        call: CallId,
        request: RequestId,
        asked: SimTime,
        answered: Option<SimTime>,
        failed: Failures,
    },
    /// The look-up waited for a connection of its client: all were held by these requests.
    ConnectionsHeld {
        request: RequestId,
        client: ClientId,
        connections: u32,
        holders: Vec<RequestId>,
    },
    /// A breaker opened on `failures` of `calls` it had counted (in the last `window`).
    BreakerOpened {
        client: ClientId,
        breaker: u32,
        calls: u32,
        failures: u32,
        window: Option<SimDuration>,
        failed: Failures,
    },
    /// A half-open breaker opened again on a probe's failure.
    BreakerReopened { client: ClientId, breaker: u32, outcome: Option<Outcome> },
    /// A limiter refused `refusals` of these attempts, and others refused `others`. It had been
    /// refusing since the link's instant, `spell` times up to its last refusal.
    Limited { limiter: u32, refusals: u32, others: u32, spell: u32, until: SimTime },
    /// The server answered `refusals` attempts with 503: full, over its limit, or shedding.
    ServerRefused { refusals: u32 },
    /// `attempts` attempts had no answer in time.
    Unanswered { attempts: u32 },
    /// The burst of requests that used the budget up.
    Burst(Burst),
    /// An agent group became scarce or available: the burst's updates write that down.
    AvailabilityTurned { group: GroupId, trunks: u32 },
    /// A fault was on.
    Fault { fault: u32 },

    /// An INVITE went without an answer, after 100 or without any.
    InviteTimedOut { call: CallId, leg: LegId, after_trying: bool },
    /// The INVITE was lost on the way or at the SBC.
    InviteLost { call: CallId, leg: LegId },
    /// The leg's connection was not up.
    NotConnected { leg: LegId },
    /// A connected call was torn down.
    Dropped { call: CallId, leg: LegId, fate: Fate },
    /// Its session could not be refreshed.
    Unrefreshed { call: CallId, leg: LegId, why: Unrefreshed },
    /// The leg's connection was gone.
    FlowLost { leg: LegId },
    /// All calls of the leg were torn down.
    CallsDropped { leg: LegId },
    /// A carrier went down.
    CarrierDown { carrier: CarrierId },

    /// A REGISTER (or the connection for it) went without an answer, the so-manieth since `sent`.
    RegistrationTimedOut { leg: LegId, connecting: bool, sent: SimTime },
    /// It had reached the registrar's queue behind `waiting` others, or found it full.
    RegisterQueued { leg: LegId, waiting: u32, taken: bool },
    /// It never reached the registrar.
    RegisterLost { leg: LegId },
    /// The binding was to be refreshed.
    Refresh { leg: LegId },
}

/// Links of a chain at most: a chain that goes on through failovers and back for the whole run
/// explains nothing.
const LINKS_MAX: usize = 24;
/// A limiter whose budget comes again faster is still in one spell of refusing for this long.
const SPELL_GAP_MIN: SimDuration = SimDuration::from_secs(1);
/// A change of availability may be this much older than the burst of updates it starts.
const TURN_BEFORE: SimDuration = SimDuration::from_secs(5);

/// The chain of causes of the fact at place `outcome`, the outcome itself first.
#[must_use]
pub fn why(story: &Story, config: &Config, outcome: usize) -> Vec<Link> {
    let mut walk = Walk { story, config, links: Vec::new() };
    match story.facts[outcome].what {
        Observation::FailedOver { .. } => walk.failover(outcome),
        Observation::InviteTimedOut { .. } => walk.invite_timed_out(outcome),
        Observation::CallEnded { .. } => walk.dropped(outcome),
        Observation::RegistrationTimedOut { leg } => walk.registration(outcome, leg),
        _ => {}
    }
    walk.links
}

struct Walk<'a> {
    story: &'a Story,
    config: &'a Config,
    links: Vec<Link>,
}

impl Walk<'_> {
    fn push(&mut self, at: SimTime, step: Step, mut facts: Vec<usize>) {
        facts.sort_unstable();
        facts.dedup();
        self.links.push(Link { at, step, facts });
    }

    fn push_at(&mut self, place: usize, step: Step) {
        self.push(self.story.at(place), step, vec![place]);
    }

    const fn is_long(&self) -> bool {
        self.links.len() >= LINKS_MAX
    }

    /// The last fact about an attempt of the same request before it ended.
    fn of_attempt(
        &self,
        ended: usize,
        fits: impl Fn(&Observation) -> Option<RequestId>,
    ) -> Option<usize> {
        let Observation::AttemptEnded { request, .. } = self.story.facts[ended].what else {
            return None;
        };
        self.story.last(ended, |fact| fits(fact) == Some(request))
    }
}
