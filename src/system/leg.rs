//! A leg: a trunk's access through one carrier, with its connection, registration and OPTIONS.

use super::config::LegConfig;
use super::event::{RegisterAnswer, Response, Try};
use super::ids::{ByeId, CallId};
use super::keepalive::Options;
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::Limiter;

/// A leg.
#[derive(Debug)]
pub(super) struct Leg {
    /// The calls it carries, in no order that means anything.
    pub(super) calls: Vec<CallId>,
    pub(super) rate: Option<Limiter>,
    pub(super) connection: Connection,
    pub(super) registration: Registration,
    pub(super) options: Options,
    /// It is left by its trunk and drains: no new call.
    pub(super) leaving: bool,
    /// Messages sent over it; numbers their draws.
    pub(super) messages: u64,
}

impl Leg {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            calls: Vec::new(),
            rate: config.calls_per_s_max.as_ref().map(Limiter::new),
            connection: Connection::default(),
            registration: Registration::default(),
            options: Options::default(),
            leaving: false,
            messages: 0,
        }
    }
}

/// A TCP or TLS connection between carrier and SBC. A kept one costs nothing.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) state: ConnectionState,
    /// A connection was up before, so that TLS can resume its session.
    pub(super) resumable: bool,
    /// Makes answers to an earlier opening stale.
    pub(super) serial: Try,
    /// Which connection it is: dialogs and bindings remember the one they were made over.
    pub(super) flow: u32,
    /// SYNs sent for the one being opened.
    pub(super) syns: u32,
    /// Gives an opening up.
    pub(super) deadline: Handle,
    /// The last message over it never arrived: TCP has no acknowledgement of it.
    pub(super) unacknowledged: bool,
    /// What is sent once it is up.
    pub(super) waiting: Vec<Waiting>,
}

/// What waits for a connection.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Waiting {
    /// An INVITE of the carrier.
    Invite(CallId, Try),
    /// A response of the SBC to an INVITE.
    Answer(CallId, Try, Response),
    /// A session refresh.
    Refresh(CallId),
    /// A BYE of the carrier.
    Bye(ByeId),
}

/// Whether a connection is up.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum ConnectionState {
    #[default]
    Down,
    Opening,
    Up,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            state: ConnectionState::Down,
            resumable: false,
            serial: 0,
            flow: 0,
            syns: 0,
            deadline: Handle::NONE,
            unacknowledged: false,
            waiting: Vec::new(),
        }
    }
}

impl Connection {
    pub(super) fn is_up(&self) -> bool {
        self.state == ConnectionState::Up
    }
}

/// The registration of a leg at its carrier's registrar: one transaction at a time
/// (RFC 3261 §10.2). The binding counts until it expires, whatever happens to its refresh.
#[derive(Debug)]
pub(super) struct Registration {
    /// Whether the leg should be registered now.
    pub(super) wanted: bool,
    pub(super) phase: Phase,
    /// Makes messages of an earlier transaction stale.
    pub(super) serial: Try,
    /// Failures in a row, and those among the failures that count towards giving up.
    pub(super) failures: u32,
    pub(super) counted: u32,
    /// Waits drawn so far.
    pub(super) waits: u64,
    pub(super) retransmissions: u16,
    pub(super) retransmit: Handle,
    /// `Min-Expires` of the last 423, which is asked for since.
    pub(super) min_expires: Option<SimDuration>,
    /// The registrar has a binding until this instant …
    pub(super) binding_until: SimTime,
    /// … made over this flow.
    pub(super) flow: u32,
    pub(super) expiry: Handle,
    /// Bindings granted; numbers the draws of their lifetimes.
    pub(super) granted: u64,
    /// The registrar's transaction.
    pub(super) server: ServerTransaction,
}

/// The registrar's side of a REGISTER transaction: it absorbs retransmissions until it answers, and
/// then repeats its answer (RFC 3261 §17.2.2).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum ServerTransaction {
    /// Nothing was accepted.
    #[default]
    None,
    /// The REGISTER of this serial was accepted.
    Trying(Try),
    /// It was answered.
    Completed(Try, RegisterAnswer),
}

/// What a registration is doing; each phase owns its timer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Nothing: not wanted, never started, or given up.
    Idle,
    /// TCP and TLS set-up, which has a deadline of its own.
    Connecting,
    /// A REGISTER is out; the timer is the transaction's deadline.
    Registering { timer: Handle, authenticated: bool },
    /// The binding holds; the timer is the refresh.
    Registered { timer: Handle },
    /// The last try failed; the timer starts the next.
    Waiting { timer: Handle },
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            wanted: false,
            phase: Phase::Idle,
            serial: 0,
            failures: 0,
            counted: 0,
            waits: 0,
            retransmissions: 0,
            retransmit: Handle::NONE,
            min_expires: None,
            binding_until: SimTime::ZERO,
            flow: 0,
            expiry: Handle::NONE,
            granted: 0,
            server: ServerTransaction::None,
        }
    }
}

impl Registration {
    pub(super) const fn timer(&self) -> Handle {
        match self.phase {
            Phase::Idle | Phase::Connecting => Handle::NONE,
            Phase::Registering { timer, .. }
            | Phase::Registered { timer }
            | Phase::Waiting { timer } => timer,
        }
    }

    pub(super) fn is_bound(&self, now: SimTime) -> bool {
        now < self.binding_until
    }
}
