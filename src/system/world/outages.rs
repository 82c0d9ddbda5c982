//! Carriers and SBCs that go down and come up again, and what that leaves of connections, calls and
//! registrations.
//!
//! An outage that closes connections is the death of a process; over UDP there is nothing to close.
//! A carrier that is out, or an SBC that cannot be reached, gets no message and sends none. Its
//! established calls go on until a request in their dialog fails; those of an SBC that restarts are
//! gone with it.

use super::sessions::Farewell;
use super::{Cal, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;
use crate::system::ids::{ByeId, CallId, CarrierId, LegId, SbcId};
use crate::system::leg::Phase;
use crate::system::observation::{Fate, Observation, Observer};
use crate::system::spec::OutageKind;

impl<O: Observer> World<'_, O> {
    /// A carrier's outage begins or ends; several may overlap.
    pub(super) fn carrier_moves(
        &mut self,
        now: SimTime,
        carrier: CarrierId,
        (down, kind): (bool, OutageKind),
        cal: &mut Cal,
    ) {
        let part = &mut self.carriers[carrier.index()];
        let before = part.is_down();
        if down {
            part.outages += 1;
        } else {
            part.outages -= 1;
        }
        let turned = part.is_down() != before;
        let forgets = self.config.carriers[carrier.index()].registrar.forgets;
        if turned {
            self.observe(now, Observation::CarrierMoved { carrier, down });
        } else if !(down && kind == OutageKind::Closes) {
            return;
        }
        let legs = self.legs_where(|world, leg| world.leg_carrier(leg) == carrier);
        for &leg in &legs {
            if down && kind == OutageKind::Closes {
                self.carriers[carrier.index()].lost_flows = true;
                self.connection_closes(now, leg, cal);
            }
            if turned && down && forgets {
                self.forget_binding(now, leg, cal);
            }
            self.primary_may_have_changed(now, leg, cal);
        }
        if turned && !down {
            // The carrier's other customers register again where they lost flow or binding.
            if std::mem::take(&mut self.carriers[carrier.index()].lost_flows) || forgets {
                self.avalanche(now, carrier, cal);
            }
            for leg in legs {
                self.leg_may_be_ready(now, leg, cal);
            }
        }
    }

    /// A process at one end of the leg's connection has died: calls in set-up over it fail there,
    /// and the SBC gets over the loss as its registration is set to.
    fn connection_closes(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if !self.is_reliable(leg) {
            return;
        }
        self.flow_fails(now, leg, cal);
        for id in self.calls_on(leg) {
            if let Some(call) = self.calls.get(id).filter(|c| c.in_setup()) {
                let n = call.attempt;
                if call.leg() == Some(leg) {
                    self.leg_fails(now, id, n, cal);
                }
            }
        }
    }

    pub(super) fn legs_where(&self, wanted: impl Fn(&Self, LegId) -> bool) -> Vec<LegId> {
        self.all_legs().into_iter().filter(|l| wanted(self, *l)).collect()
    }

    /// The calls that use a leg, in an order that does not hang on which came and went.
    pub(super) fn calls_on(&self, leg: LegId) -> Vec<CallId> {
        let mut calls = self.leg(leg).calls.clone();
        calls.sort_unstable();
        calls
    }

    /// Tears down the connected calls of a leg.
    pub(super) fn drop_calls(
        &mut self,
        now: SimTime,
        leg: LegId,
        farewell: Farewell,
        cal: &mut Cal,
    ) {
        self.observe_link(now, Observation::CallsDropped { leg });
        for id in self.calls_on(leg) {
            // An agent freed by one drop may have answered, or a fallback moved, the next.
            let Some(call) = self.calls.get(id).filter(|c| c.leg() == Some(leg)) else { continue };
            let fate = match (call.in_setup(), call.answered_at.is_some()) {
                (true, _) => continue,
                (false, true) => Fate::DroppedTalking,
                (false, false) => Fate::DroppedWaiting,
            };
            self.end_call_by(now, id, fate, farewell, cal);
        }
    }

    /// An SBC goes down or comes up, or cannot be reached for a time; several may overlap.
    pub(super) fn sbc_moves(
        &mut self,
        now: SimTime,
        sbc: SbcId,
        (down, kind): (bool, OutageKind),
        cal: &mut Cal,
    ) {
        let part = &mut self.sbcs[sbc.index()];
        let is = match kind {
            OutageKind::Closes => &mut part.down,
            OutageKind::Silent => &mut part.cut_off,
        };
        if std::mem::replace(is, down) == down {
            return;
        }
        let legs = self.legs_where(|world, leg| world.sbc_of(leg) == sbc);
        match kind {
            OutageKind::Silent => {}
            OutageKind::Closes if down => self.sbc_dies(now, sbc, &legs, cal),
            OutageKind::Closes => self.sbc_starts_up(now, &legs, cal),
        }
        for leg in legs {
            self.primary_may_have_changed(now, leg, cal);
            self.leg_may_be_ready(now, leg, cal);
        }
    }

    /// The SBC's process ends: its queue, calls, connections and registrations are gone.
    fn sbc_dies(&mut self, now: SimTime, sbc: SbcId, legs: &[LegId], cal: &mut Cal) {
        let part = &mut self.sbcs[sbc.index()];
        part.serial = part.serial.wrapping_add(1);
        let in_service = part.in_service.take();
        let waiting = part.station.clear();
        part.notes_level(now);
        for &leg in legs {
            self.drop_calls(now, leg, Farewell::Silent, cal);
            // Its server transactions are forgotten: a retransmitted INVITE is a first one.
            for id in self.calls_on(leg) {
                let call = self.call(id);
                (call.at_sbc, call.trying_sent, call.answer) = (false, false, None);
                cal.cancel(std::mem::replace(&mut call.timers.flow, Handle::NONE));
            }
            self.forget_registration(leg, cal);
            self.connection_closes(now, leg, cal);
        }
        for job in in_service.into_iter().chain(waiting.into_iter().map(|(_, job)| job)) {
            if let SbcJob::Bye(bye) = job {
                self.bye_lost(now, bye, cal);
            }
        }
    }

    /// The SBC runs again, and registers the legs that should be.
    fn sbc_starts_up(&mut self, now: SimTime, legs: &[LegId], cal: &mut Cal) {
        for &leg in legs {
            let registration = &self.leg(leg).registration;
            if registration.wanted && matches!(registration.phase, Phase::Idle) {
                self.register_at_start(now, leg, cal);
            }
        }
    }

    /// A BYE reaches the SBC.
    pub(super) fn bye_at_sbc(&mut self, now: SimTime, id: ByeId, cal: &mut Cal) {
        let Some(leg) = self.leg_of_bye(id) else { return };
        let sbc = self.sbc_of(leg);
        if !self.sbc_offer(now, sbc, SbcJob::Bye(id), cal) {
            self.bye_lost(now, id, cal);
        }
    }
}
