//! Sessions of connected calls: their refreshes (RFC 4028), their BYEs, and the calls that the
//! platform goes on counting for want of one.
//!
//! A dialog outlives the registration of its leg: requests in it follow its route set (RFC 3261
//! §12.2). Over UDP either end reaches the other. Over TCP and TLS the SBC opens a connection where
//! it needs one; the carrier reaches the SBC over the connection that the dialog was made over, or
//! over which the SBC last sent a request in it, or where it may connect.

use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::sip::Method;
use crate::system::call::{Refresh, Session};
use crate::system::event::Event;
use crate::system::ids::{ByeId, CallId, LegId, TrunkId};
use crate::system::leg::Waiting;
use crate::system::observation::{Fate, Observation, Observer, Unrefreshed};
use crate::system::spec::{CountedBy, DeadFlow, Refresher};

/// Wait before a refresh that failed is sent again (assumption).
const REFRESH_AGAIN: SimDuration = SimDuration::from_secs(10);

/// Who tells the platform that a call has ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Farewell {
    /// The carrier, by BYE.
    Carrier,
    /// The SBC, which knows at once.
    Sbc,
    /// Neither: the platform is not told.
    Silent,
}

/// A BYE on its way to the platform; once it cannot arrive any more, a ghost.
#[derive(Debug)]
pub(super) struct Bye {
    leg: LegId,
    session: Session,
    /// When it was sent first, and how often it was sent again.
    since: SimTime,
    copies: u32,
    /// When the platform stops counting the call by itself.
    expiry: Handle,
}

impl<O: Observer> World<'_, O> {
    /// When a session without refresh is over for the ends of the call: min(32 s, a third) before
    /// it expires (RFC 4028 §10).
    fn session_end(&self, session: &Session) -> SimTime {
        let expires = self.config.calls.session_expires;
        session.refreshed_at + (expires - (expires / 3).min(SimDuration::from_secs(32)))
    }

    /// When the platform stops counting a call whose session was not refreshed.
    fn count_end(&self, session: &Session) -> SimTime {
        match self.config.calls.counted_by {
            CountedBy::Endpoint => self.session_end(session),
            CountedBy::Proxy => session.refreshed_at + self.config.calls.session_expires,
        }
    }

    /// The session is fresh as of now; its next refresh is due after half its interval.
    pub(super) fn session_is_fresh(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let due = now + self.config.calls.session_expires / 2;
        let session = &mut self.call(id).session;
        session.refreshed_at = now;
        session.refresh = Refresh::Due;
        session.timer = cal.schedule(due, Event::SessionTimer(id));
    }

    /// The timer of the refresh's state.
    pub(super) fn session_timer(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.session.timer = Handle::NONE;
        let session = call.session;
        let leg = call.leg().expect("a connected call has a leg");
        if self.is_given_up(now) {
            return;
        }
        let late = now >= self.session_end(&session);
        match session.refresh {
            Refresh::Due => self.send_refresh(now, id, leg, cal),
            Refresh::Failed if late => self.session_is_over(now, id, cal),
            Refresh::Failed => self.send_refresh(now, id, leg, cal),
            Refresh::Sent { since, .. } if late || now >= since + self.config.sip.timer_b() => {
                let by_sbc = self.config.calls.session_refresher == Refresher::Sbc;
                if by_sbc && self.leg(leg).connection.unacknowledged {
                    self.flow_fails(now, leg, cal);
                }
                self.session_is_over(now, id, cal);
            }
            Refresh::Sent { .. } => self.send_refresh_copy(now, id, leg, cal),
            Refresh::Connecting => unreachable!("it waits for a connection, not for a timer"),
        }
    }

    fn send_refresh(&mut self, now: SimTime, id: CallId, leg: LegId, cal: &mut Cal) {
        self.call(id).session.refresh = Refresh::Sent { since: now, copies: 0 };
        if !self.is_reliable(leg) {
            return self.send_refresh_copy(now, id, leg, cal);
        }
        let by_sbc = self.config.calls.session_refresher == Refresher::Sbc;
        if by_sbc || self.config.leg(leg).connects {
            if self.leg(leg).connection.is_up() {
                return self.send_refresh_copy(now, id, leg, cal);
            }
            self.call(id).session.refresh = Refresh::Connecting;
            return self.await_connection(now, leg, Waiting::Refresh(id), cal);
        }
        if self.reaches_dialog(leg, self.calls.get(id).map(|c| c.session)) {
            return self.send_refresh_copy(now, id, leg, cal);
        }
        let carrier = self.leg_carrier(leg);
        match self.config.carriers[carrier.index()].dead_flow {
            // A carrier that is out answers nothing.
            _ if self.carriers[carrier.index()].is_down() => self.await_refresh(now, id, cal),
            DeadFlow::Silent => self.await_refresh(now, id, cal),
            DeadFlow::NoDialog => self.session_is_over(now, id, cal),
            DeadFlow::FlowFailed => self.refresh_failed(now, id, cal),
        }
    }

    /// Whether the carrier reaches the SBC in a dialog over the leg's connection.
    fn reaches_dialog(&self, leg: LegId, session: Option<Session>) -> bool {
        let connection = &self.leg(leg).connection;
        connection.is_up() && session.is_some_and(|s| s.flow == connection.flow)
    }

    /// A connection for the refresh is up.
    pub(super) fn carry_refresh(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let leg = call.leg().expect("a connected call has a leg");
        call.session.refresh = Refresh::Sent { since: now, copies: 0 };
        self.send_refresh_copy(now, id, leg, cal);
    }

    /// The refresh crosses and is answered, or another copy follows where one does.
    fn send_refresh_copy(&mut self, now: SimTime, id: CallId, leg: LegId, cal: &mut Cal) {
        if self.crossing(leg).is_none() || self.crossing(leg).is_none() {
            return self.await_refresh(now, id, cal);
        }
        if self.config.calls.session_refresher == Refresher::Sbc {
            self.call(id).session.flow = self.leg(leg).connection.flow;
        }
        self.session_is_fresh(now, id, cal);
    }

    /// No answer yet: another copy follows over UDP; 64·T1 after the first the wait ends.
    fn await_refresh(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let timers = self.config.sip;
        let call = self.call(id);
        let leg = call.leg().expect("a connected call has a leg");
        let session = call.session;
        let Refresh::Sent { since, copies } = session.refresh else {
            unreachable!("only a refresh that was sent is awaited")
        };
        let mut at = (since + timers.timer_b()).min(self.session_end(&session)).max(now);
        if !self.is_reliable(leg) {
            at = at.min(now + timers.interval(Method::NonInvite, copies));
        }
        let session = &mut self.call(id).session;
        session.refresh = Refresh::Sent { since, copies: copies + 1 };
        session.timer = cal.schedule(at, Event::SessionTimer(id));
    }

    /// The refresh failed otherwise than by silence or 481: it is tried again, while there is time.
    pub(super) fn refresh_failed(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let Some(call) = self.calls.get(id) else { return };
        let end = self.session_end(&call.session);
        let session = &mut self.call(id).session;
        session.refresh = Refresh::Failed;
        let at = (now + REFRESH_AGAIN).min(end).max(now);
        session.timer = cal.schedule(at, Event::SessionTimer(id));
    }

    /// The session is not refreshed any more: the refresher ends the call.
    fn session_is_over(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let call = self.call(id);
        let leg = call.leg().expect("a connected call has a leg");
        let (answered, session) = (call.answered_at.is_some(), call.session);
        let why = self.unrefreshed(leg, session);
        self.observe_link(now, Observation::SessionUnrefreshed { call: id, leg, why });
        let fate = if answered { Fate::DroppedTalking } else { Fate::DroppedWaiting };
        let farewell = match self.config.calls.session_refresher {
            Refresher::Carrier => Farewell::Carrier,
            Refresher::Sbc => Farewell::Sbc,
        };
        self.end_call_by(now, id, fate, farewell, cal);
    }

    /// Why the refresh under way does not succeed.
    fn unrefreshed(&self, leg: LegId, session: Session) -> Unrefreshed {
        let by_sbc = self.config.calls.session_refresher == Refresher::Sbc;
        let may_connect = !self.is_reliable(leg) || by_sbc || self.config.leg(leg).connects;
        match session.refresh {
            _ if !may_connect && !self.reaches_dialog(leg, Some(session)) => Unrefreshed::FlowGone,
            Refresh::Failed => Unrefreshed::NoConnection,
            _ => Unrefreshed::NoAnswer,
        }
    }

    /// The platform hears that a call has ended, or does not.
    pub(super) fn say_farewell(
        &mut self,
        now: SimTime,
        leg: LegId,
        session: Session,
        farewell: Farewell,
        cal: &mut Cal,
    ) {
        if farewell == Farewell::Sbc {
            return self.call_uncounted(now, leg.trunk());
        }
        let bye = Bye { leg, session, since: now, copies: 0, expiry: Handle::NONE };
        let bye = self.byes.insert(bye);
        match farewell {
            Farewell::Carrier => self.send_bye(now, bye, cal),
            Farewell::Sbc | Farewell::Silent => self.leave_ghost(now, bye, cal),
        }
    }

    /// The carrier sends a BYE, or sends it again.
    pub(super) fn send_bye(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let Some(bye) = self.byes.get(id) else { return };
        let (leg, session) = (bye.leg, bye.session);
        let connects = self.config.leg(leg).connects;
        let reaches = self.reaches_dialog(leg, Some(session)) || connects;
        if !self.is_reliable(leg) || (reaches && self.leg(leg).connection.is_up()) {
            self.carry_bye(now, id, cal);
        } else if connects {
            self.await_connection(now, leg, Waiting::Bye(id), cal);
        } else {
            self.leave_ghost(now, id, cal);
        }
    }

    pub(super) fn carry_bye(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let Some(bye) = self.byes.get(id) else { return };
        match self.crossing(bye.leg) {
            Some(way) => {
                cal.schedule(now + way, Event::ByeAtSbc(id));
            }
            None => self.bye_lost(now, id, cal),
        }
    }

    /// The BYE did not arrive. Over UDP it is sent again, by Timer E, for 64·T1 (RFC 3261
    /// §17.1.2.2).
    pub(super) fn bye_lost(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let timers = self.config.sip;
        let Some(bye) = self.byes.get_mut(id) else { return };
        let again = now + timers.interval(Method::NonInvite, bye.copies);
        bye.copies += 1;
        let goes_on = again < bye.since + timers.timer_b();
        if goes_on && !self.is_reliable(self.byes.get(id).expect("just seen").leg) {
            cal.schedule(again, Event::ByeAgain(id));
        }
        self.leave_ghost(now, id, cal);
    }

    /// Unless a BYE arrives, the platform counts the call until its session ends.
    fn leave_ghost(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let Some(bye) = self.byes.get(id) else { return };
        let until = self.count_end(&bye.session).max(now);
        let bye = self.byes.get_mut(id).expect("just seen");
        if bye.expiry == Handle::NONE {
            bye.expiry = cal.schedule(until, Event::SessionExpires(id));
        }
    }

    /// The platform stops counting a call: by BYE, or because its session is over.
    pub(super) fn farewell_ends(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let Some(bye) = self.byes.remove(id) else { return };
        cal.cancel(bye.expiry);
        self.call_uncounted(now, bye.leg.trunk());
    }

    /// The SBC that a BYE goes to.
    pub(super) fn leg_of_bye(&self, id: ByeId) -> Option<LegId> {
        self.byes.get(id).map(|bye| bye.leg)
    }

    fn call_uncounted(&mut self, now: SimTime, trunk: TrunkId) {
        let part = &mut self.trunks[trunk.index()];
        part.counted = part.counted.checked_sub(1).expect("the call was counted");
        self.observe_trunk(now, trunk);
    }
}
