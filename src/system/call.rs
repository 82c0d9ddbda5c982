//! A call, from its first INVITE to its end.

use super::event::{Response, Try};
use super::ids::{GroupId, LegId, Side, TrunkId};
use super::observation::{CallRecord, Fate};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;

/// A call in progress.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) trunk: TrunkId,
    pub(super) index: u64,
    pub(super) offered_at: SimTime,
    pub(super) stage: Stage,
    /// The leg in use; its channel is taken while this is set.
    pub(super) side: Option<Side>,
    pub(super) last_side: Option<Side>,
    /// INVITEs sent to a leg; messages of an earlier one are stale.
    /// Its place among the calls of its leg.
    pub(super) seat: u32,
    pub(super) attempt: Try,
    pub(super) sent_at: SimTime,
    pub(super) at_sbc: bool,
    pub(super) trying_sent: bool,
    pub(super) retransmissions: u16,
    pub(super) connected_at: Option<SimTime>,
    pub(super) queued_at: Option<SimTime>,
    pub(super) answered_at: Option<SimTime>,
    /// Where it is routed, once decided.
    pub(super) group: Option<GroupId>,
    /// The second waiting room it stands in.
    pub(super) overflow: Option<GroupId>,
    /// The final response on its way to the carrier.
    pub(super) answer: Option<Answer>,
    pub(super) session: Session,
    pub(super) timers: Timers,
}

/// A final response, which is retransmitted until it arrives.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) response: Response,
    /// When it was sent first, and how often it was sent again.
    pub(super) since: SimTime,
    pub(super) copies: u32,
}

/// The session timer of a connected call (RFC 4028).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Session {
    /// The last refresh that succeeded, the call's begin at first.
    pub(super) refreshed_at: SimTime,
    /// The connection over which the carrier reaches the dialog.
    pub(super) flow: u32,
    pub(super) refresh: Refresh,
    pub(super) timer: Handle,
}

/// Where the refresh of a session stands; the session's timer is that of the state.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Refresh {
    /// Sent when the timer ends.
    Due,
    /// Sent since then, and sent again so often; the timer sends another or gives up.
    Sent { since: SimTime, copies: u32 },
    /// Waits for a connection, which has a deadline of its own.
    Connecting,
    /// It failed; the timer sends it again, or ends the session.
    Failed,
}

impl Session {
    const fn new(now: SimTime) -> Self {
        Self { refreshed_at: now, flow: 0, refresh: Refresh::Due, timer: Handle::NONE }
    }
}

/// Where a call stands.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The INVITE has no response yet: Timer B runs.
    Inviting,
    /// 100 has come: the no-progress timer runs.
    Proceeding,
    /// Answered by the flow, which asks where the call goes.
    Flow,
    /// In an agent group's waiting room.
    Queued,
    /// With an agent.
    Talking,
}

/// What is scheduled for a call. Each is cancelled with the stage it belongs to.
#[derive(Debug)]
pub(super) struct Timers {
    /// Timer B, or no progress.
    pub(super) deadline: Handle,
    pub(super) retransmit: Handle,
    /// Flow deadline, later the overflow.
    pub(super) flow: Handle,
    /// Patience in set-up, later in the queue, later the end of talk.
    pub(super) hang_up: Handle,
}

impl Timers {
    const NONE: Self = Self {
        deadline: Handle::NONE,
        retransmit: Handle::NONE,
        flow: Handle::NONE,
        hang_up: Handle::NONE,
    };
}

impl Call {
    pub(super) const fn new(trunk: TrunkId, index: u64, offered_at: SimTime) -> Self {
        Self {
            trunk,
            index,
            offered_at,
            stage: Stage::Inviting,
            side: None,
            last_side: None,
            seat: 0,
            attempt: 0,
            sent_at: offered_at,
            at_sbc: false,
            trying_sent: false,
            retransmissions: 0,
            connected_at: None,
            queued_at: None,
            answered_at: None,
            group: None,
            overflow: None,
            answer: None,
            session: Session::new(offered_at),
            timers: Timers::NONE,
        }
    }

    /// The leg in use.
    pub(super) fn leg(&self) -> Option<LegId> {
        self.side.map(|side| LegId::new(self.trunk, side))
    }

    /// Whether the trunk has not answered yet.
    pub(super) const fn in_setup(&self) -> bool {
        matches!(self.stage, Stage::Inviting | Stage::Proceeding)
    }

    pub(super) const fn record(&self, fate: Fate) -> CallRecord {
        CallRecord {
            trunk: self.trunk,
            index: self.index,
            offered_at: self.offered_at,
            fate,
            side: self.last_side,
            attempts: self.attempt,
            connected_at: self.connected_at,
            queued_at: self.queued_at,
            answered_at: self.answered_at,
            group: self.group,
        }
    }
}
