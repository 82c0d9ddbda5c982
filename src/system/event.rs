//! Everything that can be scheduled. An event holds ids, not payload: what it finds when it fires
//! is up to the state then, and an id whose thing is gone finds nothing.

use super::ids::{
    AttemptId, ByeId, CallId, CarrierId, ClientId, GroupId, LegId, RequestId, SbcId, TrunkId,
};
use crate::policies::overload::Feedback;

/// Which try of a call or a registration a message belongs to; a later try makes it stale.
pub(super) type Try = u16;

/// What the SBC tells the carrier about an INVITE.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// 100: the request is being worked on. Ends Timer B.
    Trying,
    /// 180 and 200: the call is answered by the flow.
    Ok,
    /// 503: try elsewhere.
    Unavailable,
}

/// What a registrar tells the SBC.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RegisterAnswer {
    /// 401: come again with credentials.
    Challenge,
    /// 200: the binding is made.
    Ok,
    /// 503, over the limit.
    Unavailable,
    /// 423: ask for a longer interval.
    TooBrief,
    /// Another final answer: the status with which the registrar fails.
    Failed,
}

/// What a carrier answers OPTIONS.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum OptionsAnswer {
    /// 200.
    Ok,
    /// 403: the leg should be registered and is not.
    Forbidden,
    /// 503: it is overloaded.
    Unavailable,
}

/// A scheduled event.
#[derive(Copy, Clone, Debug)]
pub(super) enum Event {
    CallArrives(TrunkId),
    CallerDials(TrunkId, u64),
    InviteAtSbc(CallId, Try, LegId),
    InviteRetransmit(CallId, Try),
    ResponseAtCarrier(CallId, Try, Response, Option<Feedback>),
    LateResponseAtCarrier(LegId, Option<Feedback>),
    AnswerAgain(CallId, Try),
    InviteDeadline(CallId, Try),
    FlowDeadline(CallId, Try),
    SetupHangUp(CallId),
    PatienceEnds(CallId),
    OverflowDue(CallId),
    TalkEnds(CallId),
    WrapUpEnds(GroupId),
    ByeAtSbc(ByeId),
    ByeAgain(ByeId),
    SessionExpires(ByeId),
    SessionTimer(CallId),
    SbcDone(SbcId, u32),

    SynAgain(LegId, Try),
    ConnectionUp(LegId, Try),
    ConnectionFails(LegId, Try),
    RegisterAtRegistrar(LegId, Try),
    RegistrarDone(CarrierId, u32, Try),
    RegisterAnswered(LegId, Try, RegisterAnswer, Option<Feedback>),
    RegisterRetransmit(LegId, Try),
    RegistrationTimer(LegId, Try),
    BindingExpires(LegId),
    BackgroundRegister(CarrierId),
    AvalancheRegister(CarrierId),

    OptionsDue(LegId),
    OptionsRetransmit(LegId, u32),
    OptionsAtCarrier(LegId, u32),
    OptionsAnswered(LegId, u32, OptionsAnswer),
    OptionsMissed(LegId, u32),

    TenantAsks(ClientId),
    PollDue(TrunkId),
    UpdateDue(TrunkId),
    AttemptAtServer(AttemptId),
    AttemptReleased(AttemptId),
    /// A limiter refuses an attempt that it has parked.
    AttemptRefused(AttemptId),
    AttemptServed(AttemptId),
    /// An attempt that takes no server is done: a file says how it ends.
    AttemptScripted(AttemptId),
    AttemptAnswered(AttemptId),
    AttemptTimesOut(AttemptId),
    RequestRetries(RequestId),
    HedgeDue(RequestId),
    BulkheadWaitEnds(RequestId),
    RequestDeadline(RequestId),
    BreakerWakes(ClientId, u32),
    TelemetryDue(ClientId),
    UpdateInForce(TrunkId, GroupId),

    FailoverWake(TrunkId),
    FaultsMove,
    CarrierFails(CarrierId),
    CarrierRepaired(CarrierId),
    StaffingChanges(GroupId, u32),
}

const _: () = assert!(size_of::<Event>() <= 16, "an event holds ids, not payload");
