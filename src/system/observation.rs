//! What a run reports while it goes: typed facts. Observers fold them into metrics, series and
//! traces; nothing they do flows back.

use super::event::{OptionsAnswer, RegisterAnswer, Response};
use super::ids::{CallId, CarrierId, ClientId, GroupId, LegId, RequestId, SbcId, Side, TrunkId};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::breaker::CallResult;

/// How a call ended. Every offered call gets exactly one.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// Answered by an agent and ended by the parties.
    Completed,
    /// Torn down after an agent had answered.
    DroppedTalking,
    /// Torn down while connected but not yet with an agent.
    DroppedWaiting,
    /// The caller hung up in the queue or in the flow.
    Abandoned,
    /// The caller hung up before the trunk answered.
    AbandonedSetup,
    /// No free channel, over the calls-per-second limit, or held back for an overloaded SBC, on
    /// every usable leg.
    Blocked,
    /// No usable leg: carrier down or not registered.
    Lost,
    /// The last INVITE tried went without an answer.
    TimedOut,
    /// The last INVITE tried was refused with 503.
    Rejected,
}

/// A call's whole story, told when it ends.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct CallRecord {
    /// The trunk it was offered to.
    pub trunk: TrunkId,
    /// Its number on that trunk; from bit 32 on, how often its caller had dialled before.
    pub index: u64,
    /// When its first INVITE was due.
    pub offered_at: SimTime,
    /// How it ended.
    pub fate: Fate,
    /// The leg it used last, if any.
    pub side: Option<Side>,
    /// INVITEs sent to a leg, the first included.
    pub attempts: u16,
    /// When the trunk answered (200).
    pub connected_at: Option<SimTime>,
    /// When it entered an agent group's queue.
    pub queued_at: Option<SimTime>,
    /// When an agent answered.
    pub answered_at: Option<SimTime>,
    /// The group it was routed to.
    pub group: Option<GroupId>,
}

impl CallRecord {
    /// What an index grows by when its caller dials again.
    pub(super) const REDIAL: u64 = 1 << 32;

    /// How often this caller had dialled before.
    #[must_use]
    pub const fn redials(&self) -> u32 {
        (self.index >> 32) as u32
    }
}

/// Why a leg could not take a call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The trunk has no such leg.
    Absent,
    /// The carrier is down.
    CarrierDown,
    /// The SBC is not registered on it.
    Unregistered,
    /// No free channel.
    Channels,
    /// Over the calls-per-second limit.
    Rate,
    /// Held back by the carrier, because the SBC is overloaded and asked for less.
    Throttled,
    /// No connection, and the carrier cannot open one.
    NoConnection,
    /// Held back by the carrier for the `Retry-After` of a 503.
    RetryAfter,
    /// The leg drains: its trunk has left it.
    Leaving,
}

/// Why a session could not be refreshed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Unrefreshed {
    /// The connection that the dialog was made over is gone, and the carrier cannot open another.
    FlowGone,
    /// No connection could be made.
    NoConnection,
    /// The refresh was sent and had no answer.
    NoAnswer,
}

/// What an API request is for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Errand {
    /// A call asks where to go.
    Lookup,
    /// A trunk's policy follows a change of availability.
    Update,
    /// The utilization monitor asks for a trunk's state.
    Poll,
    /// Another tenant's own business.
    Tenant,
}

/// Why a trunk fails over.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// The fallback of a failed or refused API request.
    Fallback,
    /// A circuit breaker opened.
    BreakerOpen,
    /// An API request failed.
    ApiFailure,
    /// INVITEs timed out.
    InviteTimeouts,
    /// The primary leg itself: registration, OPTIONS or link.
    LegDown,
}

/// A fact.
#[derive(Copy, Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the fields are named after what they hold")]
pub enum Observation {
    /// A call is offered.
    CallOffered { call: CallId, trunk: TrunkId, index: u64 },
    /// A leg refused a call.
    LegRefused { call: CallId, leg: LegId, refusal: Refusal },
    /// An INVITE leaves the carrier; `retransmission` counts from 0.
    InviteSent { call: CallId, leg: LegId, attempt: u16, retransmission: u16 },
    /// A response reaches the carrier.
    InviteAnswered { call: CallId, leg: LegId, response: Response },
    /// An INVITE's deadline passed: Timer B, or no progress after 100.
    InviteTimedOut { call: CallId, leg: LegId, after_trying: bool },
    /// A channel was taken or freed; `busy` now are.
    ChannelsBusy { leg: LegId, busy: u32 },
    /// The trunk answered the call.
    CallConnected { call: CallId, leg: LegId, post_dial_delay: SimDuration },
    /// A call entered a group's queue; `waiting` were there before it.
    CallQueued { call: CallId, group: GroupId, waiting: usize },
    /// An agent answered after `wait` in the queue.
    CallAnswered { call: CallId, leg: LegId, group: GroupId, wait: SimDuration },
    /// A call has ended.
    CallEnded { call: CallId, record: CallRecord },
    /// A caller will dial again, as call `index`, `after` this long.
    CallerWaits { trunk: TrunkId, index: u64, after: SimDuration },
    /// A group's agents: logged in, and busy with calls or wrap-up.
    AgentsBusy { group: GroupId, staffed: u32, busy: u32, waiting: usize },

    /// A message reached a full SBC queue and is gone.
    SbcDropped { sbc: SbcId },

    /// A request is made of the API.
    Requested { request: RequestId, client: ClientId, errand: Errand, trunk: TrunkId },
    /// An attempt leaves its client.
    AttemptSent { request: RequestId, client: ClientId, attempt: u32 },
    /// The limiters refused an attempt: `limiter` is the one that refuses for longest.
    LimiterRefused {
        request: RequestId,
        client: ClientId,
        /// The token presented, by its place among the client's.
        token: u32,
        limiter: u32,
        retry_after: Option<SimDuration>,
    },
    /// The limiters let an attempt pass at once, or after a delay: then `held_by` is the limiter
    /// that holds it back longest.
    LimiterAdmitted {
        request: RequestId,
        client: ClientId,
        /// The token presented, by its place among the client's.
        token: u32,
        delay: SimDuration,
        held_by: Option<u32>,
    },
    /// What a limiter on an attempt's path has left after it, of how many at most. Told only to who
    /// takes note of budgets.
    BudgetLeft { limiter: u32, left: u32, of: u32 },
    /// An attempt found the API's queue full.
    ServerFull { request: RequestId, client: ClientId },
    /// An attempt found as many at the server as its concurrency limit allows.
    ServerOverLimit { request: RequestId, client: ClientId },
    /// An attempt was sent away when its turn came, after `wait`.
    Shed { request: RequestId, client: ClientId, wait: SimDuration },
    /// An attempt whose client had given up was dropped when its turn came.
    DroppedAbandoned { client: ClientId },
    /// The API's station: in service and waiting.
    ServerBusy { busy: u32, waiting: usize },
    /// An attempt starts service after `wait`.
    ServiceStarted { client: ClientId, wait: SimDuration },
    /// An attempt was served `sojourn` after it came; `wasted` where its client had given up.
    Served { client: ClientId, sojourn: SimDuration, wasted: bool },
    /// An attempt is over for its client.
    AttemptEnded {
        request: RequestId,
        client: ClientId,
        errand: Errand,
        outcome: Outcome,
        /// The limiter whose refusal the answer is.
        limiter: Option<u32>,
    },
    /// An attempt is over because another of its request has decided.
    AttemptCancelled { request: RequestId, client: ClientId, errand: Errand },
    /// A request is over. `refused` says that a breaker, a bulkhead or a throttle of the client's
    /// own refused it.
    RequestEnded {
        request: RequestId,
        client: ClientId,
        errand: Errand,
        trunk: TrunkId,
        attempts: u32,
        ok: bool,
        refused: bool,
    },
    /// The circuit breaker refused an attempt or request.
    BreakerRefused { request: RequestId, client: ClientId, breaker: u32, trunk: TrunkId },
    /// The client's bulkhead refused an attempt or request.
    BulkheadRefused { request: RequestId, client: ClientId, trunk: TrunkId },
    /// The circuit breaker was seen in another state: at the call or result that moved it, or at
    /// the instant of its library's timer. `capacity` says of an opening that it is false: an
    /// attempt would have been served in time with a probability above the threshold's complement.
    BreakerMoved {
        client: ClientId,
        breaker: u32,
        to: crate::policies::breaker::State,
        capacity: bool,
    },
    /// A client's own throttle or limiter held an attempt back for `wait`, or refused it.
    ClientThrottled { request: RequestId, client: ClientId, wait: Option<SimDuration> },
    /// A trunk's routing policy is in force `latency` after the need of a call or update that asked
    /// for it; the call may have gone by then, or have taken the fallback. `limited` says that a
    /// limiter on the path refused or held back an attempt of the request.
    PolicyInForce { trunk: TrunkId, errand: Errand, latency: SimDuration, limited: bool },
    /// A call took the fallback, or an update of the trunk that failed brought it about: after the
    /// request that ended without an answer, or, without one, because the flow waited no longer.
    FellBack { trunk: TrunkId, call: Option<CallId>, request: Option<RequestId> },

    /// A trunk starts to move to its secondary leg.
    FailoverStarted { trunk: TrunkId, cause: Cause },
    /// A trunk fails over: its calls use the secondary leg from now on. The new leg is ready, or
    /// the old one is left before it is. `needed` says that the primary leg is not usable now, by
    /// the ground truth.
    FailedOver { trunk: TrunkId, cause: Cause, needed: bool },
    /// A trunk's calls now use this side.
    SideChanged { trunk: TrunkId, side: Side },
    /// The leg a trunk was moving to can carry its calls: the move is over.
    FailoverArrived { trunk: TrunkId, side: Side },
    /// A trunk starts to move back to its primary leg.
    FailbackStarted { trunk: TrunkId },
    /// A trunk gave up moving.
    FailoverAbandoned { trunk: TrunkId },

    /// A REGISTER leaves the SBC; `retransmission` counts from 0.
    RegisterSent { leg: LegId, retransmission: u16 },
    /// A REGISTER with `Expires: 0` leaves the SBC.
    UnregisterSent { leg: LegId },
    /// A REGISTER, one of ours or of others, reached a registrar.
    RegisterReceived { carrier: CarrierId },
    /// A registrar's servers: REGISTERs in hand and waiting.
    RegistrarBusy { carrier: CarrierId, busy: u32, waiting: usize },
    /// A registration attempt went without an answer.
    RegistrationTimedOut { leg: LegId },
    /// A registrar refused with 503.
    RegistrationRefused { leg: LegId },
    /// A registrar refused with 423: a longer interval has to be asked for.
    RegistrationTooBrief { leg: LegId },
    /// A leg gives up to register.
    RegistrationGivenUp { leg: LegId },
    /// The SBC held a REGISTER back, because the registrar is overloaded and asked for less.
    RegisterThrottled { leg: LegId },
    /// A binding was made or refreshed; `new_binding` if the leg had no usable binding before.
    Registered { leg: LegId, new_binding: bool },
    /// A leg that should be registered is, or is not.
    Registration { leg: LegId, wanted: bool, usable: bool },
    /// OPTIONS put a leg down or up.
    OptionsMoved { leg: LegId, down: bool },
    /// A carrier went down or came up.
    CarrierMoved { carrier: CarrierId, down: bool },

    /// True and platform-counted calls of a trunk changed.
    TrunkCalls { trunk: TrunkId, truly: u32, counted: u32 },
    /// The monitor learnt a trunk's counted calls.
    Polled { trunk: TrunkId, counted: u32 },
    /// A fault began or ended.
    FaultMoved { fault: u32, on: bool },

    // Causes and effects: reported to observers that ask for them ([`Observer::LINKS`]).
    /// A call waits for the answer of a request; `shared` where the request was under way already.
    CallAsks { call: CallId, request: RequestId, shared: bool },
    /// A request waits for a connection of its client: all are in use.
    RequestWaits { request: RequestId, client: ClientId },
    /// A breaker is told the result of a call it let through at `since`, as a probe or not. What it
    /// had counted before, where its library has such figures.
    BreakerTold {
        client: ClientId,
        breaker: u32,
        request: RequestId,
        result: CallResult,
        since: SimTime,
        probe: bool,
        calls_before: u32,
        failures_before: u32,
    },
    /// An agent group became scarce or available: these many trunks' policies are due.
    AvailabilityTurned { group: GroupId, trunks: u32 },
    /// Something asks a trunk's controller to move to the secondary leg, after `wait` at least:
    /// the stagger of an event, the hold-down of the primary leg's condition. Each INVITE time-out
    /// that counts towards the trigger is one. `decides` tells whether the next move is due to it:
    /// the trunk is on its primary leg, and no earlier move was decided before.
    FailoverAsked { trunk: TrunkId, cause: Cause, wait: SimDuration, decides: bool },
    /// An INVITE is lost: a carrier or SBC that is down, a full SBC queue, the network, or a
    /// connection that could not be made or broke.
    InviteLost { call: CallId, leg: LegId },
    /// A leg's connection is being opened.
    ConnectionOpens { leg: LegId },
    /// A leg's connection is up.
    ConnectionUp { leg: LegId },
    /// A leg's connection is gone, and with it the flow of its calls' dialogs.
    FlowLost { leg: LegId },
    /// A call's session could not be refreshed over its leg.
    SessionUnrefreshed { call: CallId, leg: LegId, why: Unrefreshed },
    /// The calls of a leg are torn down.
    CallsDropped { leg: LegId },
    /// A REGISTER of ours reached its registrar's queue, behind `waiting` others; not `taken` where
    /// the queue was full.
    RegisterQueued { leg: LegId, waiting: u32, taken: bool },
    /// OPTIONS leave the SBC; `retransmission` counts from 0.
    OptionsSent { leg: LegId, retransmission: u16 },
    /// An answer to OPTIONS reaches the SBC, the first of its transaction.
    OptionsAnswered { leg: LegId, answer: OptionsAnswer },
    /// The SBC has read a registrar's answer.
    RegisterAnswered { leg: LegId, answer: RegisterAnswer },
}

/// An observer that folds what a run reports. `()` costs nothing.
pub trait Observer {
    /// Whether it takes note of who waits: callers one by one, and the queues of registrars. There
    /// are many such facts, and what measures every run needs none.
    const QUEUES: bool = true;
    /// Whether it takes note of what led to what, fact by fact. What measures every run needs none
    /// of it.
    const LINKS: bool = true;

    /// Whether it takes note of what limiters have left: a fact per limiter of every attempt.
    const BUDGETS: bool = false;

    /// Takes note of a fact.
    fn observe(&mut self, now: SimTime, fact: &Observation);
}

impl Observer for () {
    const QUEUES: bool = false;
    const LINKS: bool = false;

    fn observe(&mut self, _: SimTime, _: &Observation) {}
}

impl<O: Observer> Observer for &mut O {
    const QUEUES: bool = O::QUEUES;
    const LINKS: bool = O::LINKS;
    const BUDGETS: bool = O::BUDGETS;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        (**self).observe(now, fact);
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    const QUEUES: bool = A::QUEUES || B::QUEUES;
    const LINKS: bool = A::LINKS || B::LINKS;
    const BUDGETS: bool = A::BUDGETS || B::BUDGETS;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.observe(now, fact);
        self.1.observe(now, fact);
    }
}
