//! A leg: a trunk's access through one carrier, with its connection, registration and OPTIONS.

use super::config::LegConfig;
use super::event::Try;
use super::ids::CallId;
use super::keepalive::Options;
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::Limiter;

/// A leg.
#[derive(Debug)]
pub(super) struct Leg {
    /// Calls it carries.
    pub(super) calls: u32,
    pub(super) rate: Option<Limiter>,
    pub(super) connection: Connection,
    pub(super) registration: Registration,
    pub(super) options: Options,
    /// Messages sent over it; numbers their draws.
    pub(super) messages: u64,
}

impl Leg {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            calls: 0,
            rate: config.calls_per_s_max.as_ref().map(Limiter::new),
            connection: Connection::default(),
            registration: Registration::default(),
            options: Options::default(),
            messages: 0,
        }
    }
}

/// A TCP or TLS connection between carrier and SBC. A kept one costs nothing.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) state: ConnectionState,
    /// A connection was up before, so that TLS can resume its session.
    pub(super) resumable: bool,
    /// Makes answers to an earlier opening stale.
    pub(super) serial: Try,
    /// INVITEs that wait for it.
    pub(super) waiting: Vec<(CallId, Try)>,
}

/// Whether a connection is up.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum ConnectionState {
    #[default]
    Down,
    Opening,
    Up,
}

impl Connection {
    pub(super) fn is_up(&self) -> bool {
        self.state == ConnectionState::Up
    }

    pub(super) fn fall(&mut self) {
        self.state = ConnectionState::Down;
        self.serial = self.serial.wrapping_add(1);
        self.waiting.clear();
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
    /// Failures in a row.
    pub(super) failures: u32,
    /// Waits drawn so far.
    pub(super) waits: u64,
    pub(super) retransmissions: u16,
    pub(super) retransmit: Handle,
    /// `Min-Expires` of the last 423, which is asked for since.
    pub(super) min_expires: Option<SimDuration>,
    /// The binding is usable before this instant.
    pub(super) binding_until: SimTime,
    pub(super) expiry: Handle,
}

/// What a registration is doing; each phase owns its timer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Nothing: not wanted, or never started.
    Idle,
    /// TCP and TLS set-up; the timer is the connect time-out.
    Connecting { timer: Handle },
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
            waits: 0,
            retransmissions: 0,
            retransmit: Handle::NONE,
            min_expires: None,
            binding_until: SimTime::ZERO,
            expiry: Handle::NONE,
        }
    }
}

impl Registration {
    pub(super) const fn timer(&self) -> Handle {
        match self.phase {
            Phase::Idle => Handle::NONE,
            Phase::Connecting { timer }
            | Phase::Registering { timer, .. }
            | Phase::Registered { timer }
            | Phase::Waiting { timer } => timer,
        }
    }

    pub(super) fn is_bound(&self, now: SimTime) -> bool {
        now < self.binding_until
    }
}
