//! TCP and TLS connections of legs: opening them, what waits for them, and what their loss leaves.
//!
//! `Down → Opening → Up`. An opening has a deadline; whatever waits for it is told of its failure.

use super::{Cal, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::event::{Event, Try};
use crate::system::ids::LegId;
use crate::system::leg::{ConnectionState, Waiting};
use crate::system::observation::{Observation, Observer};
use crate::system::spec::Transport;

/// The first SYN is followed by others after 1, 2, 4, … s (RFC 6298 §2: an initial time-out of 1 s
/// that doubles), so that they go out 0, 1, 3, 7, … s after the first.
const SYN_TIMEOUT: SimDuration = SimDuration::from_secs(1);

impl<O: Observer> World<'_, O> {
    /// Whether the SBC and the carrier are connected over the leg, or need not be.
    pub(super) fn is_connected(&self, leg: LegId) -> bool {
        !self.is_reliable(leg) || self.leg(leg).connection.is_up()
    }

    /// Sends `what` once the leg's connection is up; opens the connection if it is closed.
    pub(super) fn await_connection(
        &mut self,
        now: SimTime,
        leg: LegId,
        what: Waiting,
        cal: &mut Cal,
    ) {
        self.leg_mut(leg).connection.waiting.push(what);
        self.open_connection(now, leg, cal);
    }

    /// Opens the leg's connection: TCP 1 round trip; TLS 1.2 two more (one more where a session is
    /// resumed) and a handshake of the SBC's time (RFC 5246 §7.3). A message of it that is lost is
    /// noticed by the deadline.
    pub(super) fn open_connection(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let deadline = now + self.config.registration.connect_timeout;
        let connection = &mut self.leg_mut(leg).connection;
        if connection.state != ConnectionState::Down {
            return;
        }
        connection.state = ConnectionState::Opening;
        connection.serial = connection.serial.wrapping_add(1);
        connection.syns = 0;
        let serial = connection.serial;
        connection.deadline = cal.schedule(deadline, Event::ConnectionFails(leg, serial));
        self.observe_link(now, Observation::ConnectionOpens { leg });
        if self.config.trunk(leg.trunk()).transport == Transport::Tls {
            let sbc = self.sbc_of(leg);
            self.sbc_offer(now, sbc, SbcJob::Handshake(leg, serial), cal);
        } else {
            self.send_syn(now, leg, serial, cal);
        }
    }

    /// A SYN goes out; where it or its answer is lost, another follows.
    pub(super) fn send_syn(&mut self, now: SimTime, leg: LegId, serial: Try, cal: &mut Cal) {
        let connection = &mut self.leg_mut(leg).connection;
        if connection.serial != serial || connection.state != ConnectionState::Opening {
            return;
        }
        connection.syns += 1;
        let again = SYN_TIMEOUT * (1 << (connection.syns - 1).min(16));
        let (Some(there), Some(back)) = (self.packet_crosses(leg), self.packet_crosses(leg)) else {
            cal.schedule(now + again, Event::SynAgain(leg, serial));
            return;
        };
        let tls = self.config.trunk(leg.trunk()).transport == Transport::Tls;
        let resumes = self.config.registration.tls_resumption && self.leg(leg).connection.resumable;
        let more = match (tls, resumes) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
        let mut taken = there + back;
        for _ in 0..2 * more {
            match self.crossing(leg) {
                Some(way) => taken += way,
                None => return,
            }
        }
        cal.schedule(now + taken, Event::ConnectionUp(leg, serial));
    }

    pub(super) fn connection_up(&mut self, now: SimTime, leg: LegId, serial: Try, cal: &mut Cal) {
        let connection = &mut self.leg_mut(leg).connection;
        if connection.serial != serial || connection.state != ConnectionState::Opening {
            return;
        }
        cal.cancel(std::mem::replace(&mut connection.deadline, Handle::NONE));
        connection.state = ConnectionState::Up;
        connection.flow = connection.flow.wrapping_add(1);
        connection.resumable = true;
        connection.unacknowledged = false;
        let waiting = std::mem::take(&mut connection.waiting);
        self.observe_link(now, Observation::ConnectionUp { leg });
        for what in waiting {
            match what {
                Waiting::Invite(call, n) => self.carry_invite(now, call, n, cal),
                Waiting::Answer(call, n, response) => {
                    self.carry_answer(now, call, n, response, cal)
                }
                Waiting::Refresh(call) => self.carry_refresh(now, call, cal),
                Waiting::Bye(bye) => self.carry_bye(now, bye, cal),
            }
        }
        self.options_connected(now, leg, cal);
        self.registration_connected(now, leg, cal);
    }

    /// The opening has taken too long.
    pub(super) fn connection_fails(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        cal: &mut Cal,
    ) {
        let connection = &self.leg(leg).connection;
        if connection.serial == serial && connection.state == ConnectionState::Opening {
            self.fall(now, leg, cal);
            self.registration_unconnected(now, leg, cal);
        }
    }

    /// The leg has no connection any more, nor the prospect of one.
    pub(super) fn fall(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let connection = &mut self.leg_mut(leg).connection;
        if connection.state == ConnectionState::Down {
            return;
        }
        let was_up = connection.is_up();
        connection.state = ConnectionState::Down;
        connection.serial = connection.serial.wrapping_add(1);
        connection.unacknowledged = false;
        cal.cancel(std::mem::replace(&mut connection.deadline, Handle::NONE));
        let waiting = std::mem::take(&mut connection.waiting);
        if was_up {
            self.observe_link(now, Observation::FlowLost { leg });
            self.flow_takes_binding(leg, cal);
        }
        for what in waiting {
            match what {
                Waiting::Invite(call, n) => self.leg_fails(now, call, n, cal),
                Waiting::Answer(call, n, _) => self.answer_lost(now, call, n, cal),
                Waiting::Refresh(call) => self.refresh_failed(now, call, cal),
                Waiting::Bye(bye) => self.bye_lost(now, bye, cal),
            }
        }
    }

    /// A request over the leg has timed out. Where TCP has no acknowledgement of what was sent, its
    /// sender takes the connection for dead.
    pub(super) fn silence_noticed(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if self.leg(leg).connection.unacknowledged {
            self.fall(now, leg, cal);
        }
    }
}
