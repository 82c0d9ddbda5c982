//! A trunk's move to its other leg, as its controller decides.

use super::sessions::Farewell;
use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::failover::{Action, ActiveCalls, Controller, State, Switching};
use crate::system::event::Event;
use crate::system::ids::{LegId, Side, TrunkId};
use crate::system::observation::{Cause, Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    /// Something asks for the trunk to move to its secondary leg.
    pub(super) fn fail_over(&mut self, now: SimTime, trunk: TrunkId, cause: Cause, cal: &mut Cal) {
        if self.is_over(now) {
            return;
        }
        let stagger = self.stagger(trunk);
        let part = &mut self.trunks[trunk.index()];
        if let Some(controller) = &mut part.controller {
            let decides = controller.is_decided_by(now + stagger);
            let action = controller.event(now, stagger);
            if decides {
                part.cause = cause;
            }
            let wait = stagger;
            self.observe_link(now, Observation::FailoverAsked { trunk, cause, wait, decides });
            self.act(now, trunk, action, cal);
        }
    }

    fn stagger(&mut self, trunk: TrunkId) -> SimDuration {
        let longest = self.config.failover.stagger_max;
        if longest.is_zero() {
            return longest;
        }
        let part = &mut self.trunks[trunk.index()];
        part.triggers += 1;
        let number = part.triggers;
        longest
            .mul_f64(self.draw(Purpose::Stagger, self.config.trunk(trunk).entity, number).uniform())
    }

    pub(super) fn invite_timeout_counts(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        if self.is_over(now) {
            return;
        }
        let stagger = self.stagger(trunk);
        let part = &mut self.trunks[trunk.index()];
        if let Some(controller) = &mut part.controller {
            let (before, first) = (controller.state(), controller.is_decided_by(now + stagger));
            let action = controller.invite_timed_out(now, stagger);
            // Where it does not make up their number, it changes nothing.
            let decides = first && controller.state() != before;
            let (cause, wait) = (Cause::InviteTimeouts, stagger);
            if decides {
                part.cause = cause;
            }
            if self.config.failover.triggers.invite_timeouts.is_some() {
                self.observe_link(now, Observation::FailoverAsked { trunk, cause, wait, decides });
            }
            self.act(now, trunk, action, cal);
        }
    }

    /// The primary leg's registration, OPTIONS state or carrier may have changed.
    pub(super) fn primary_may_have_changed(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if leg.side() != Side::Primary || self.is_over(now) {
            return;
        }
        let triggers = &self.config.failover.triggers;
        let part = self.leg(leg);
        let wanted = part.registration.wanted;
        let down = (triggers.registration_lost && wanted && !self.is_registered(now, leg))
            || (triggers.options_down && part.options.down)
            || (triggers.link_down && self.carriers[self.leg_carrier(leg).index()].is_down());
        let trunk = leg.trunk();
        let part = &mut self.trunks[trunk.index()];
        if let Some(controller) = &mut part.controller {
            let wait = self.config.failover.hold_down;
            let (before, first) = (controller.state(), controller.is_decided_by(now + wait));
            let action = controller.condition(now, down);
            let after = controller.state();
            if down && matches!(after, State::OnPrimary { .. } | State::ToSecondary { .. }) {
                // Where it was down before, nothing changes.
                let (cause, decides) = (Cause::LegDown, first && after != before);
                self.observe_link(now, Observation::FailoverAsked { trunk, cause, wait, decides });
            }
            self.act(now, trunk, action, cal);
        }
    }

    pub(super) fn failover_wakes(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        self.trunks[trunk.index()].wake = Handle::NONE;
        if self.is_over(now) {
            return;
        }
        let old = self.heading(trunk).map(|side| LegId::new(trunk, side.other()));
        let usable = old.is_none_or(|leg| self.usable(now, leg).is_ok());
        let controller = self.trunks[trunk.index()].controller.as_mut();
        let action = controller.expect("a trunk with a wake-up has a controller").wake(now, usable);
        self.act(now, trunk, action, cal);
    }

    fn act(&mut self, now: SimTime, trunk: TrunkId, action: Option<Action>, cal: &mut Cal) {
        match action {
            None => {}
            Some(Action::MoveToSecondary) => {
                let cause = self.cause(trunk);
                self.observe(now, Observation::FailoverStarted { trunk, cause });
                self.start_move(now, trunk, Side::Secondary, cal);
            }
            Some(Action::MoveToPrimary) => {
                self.observe(now, Observation::FailbackStarted { trunk });
                self.start_move(now, trunk, Side::Primary, cal);
            }
            Some(Action::StayOnPrimary) => {
                self.give_up_move(now, trunk, Side::Secondary, cal);
                self.condition_asks_again(now, trunk);
            }
            Some(Action::StayOnSecondary) => self.give_up_move(now, trunk, Side::Primary, cal),
        }
        self.schedule_wake(now, trunk, cal);
    }

    /// What decided the last move to the secondary leg.
    fn cause(&self, trunk: TrunkId) -> Cause {
        let part = &self.trunks[trunk.index()];
        let by_condition = part.controller.as_ref().is_some_and(Controller::is_by_condition);
        if by_condition { Cause::LegDown } else { part.cause }
    }

    /// The side that a trunk on its way moves to.
    fn heading(&self, trunk: TrunkId) -> Option<Side> {
        match self.trunks[trunk.index()].controller.as_ref()?.state() {
            State::ToSecondary { .. } => Some(Side::Secondary),
            State::ToPrimary { .. } => Some(Side::Primary),
            State::OnPrimary { .. } | State::OnSecondary { .. } => None,
        }
    }

    fn schedule_wake(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        let part = &mut self.trunks[trunk.index()];
        cal.cancel(std::mem::replace(&mut part.wake, Handle::NONE));
        let deadline = part.controller.as_ref().and_then(|c| c.next_deadline());
        if let Some(at) = deadline {
            part.wake = cal.schedule(at.max(now), Event::FailoverWake(trunk));
        }
    }

    /// Makes the leg of `to` ready; where the old leg is left first, it is left now.
    fn start_move(&mut self, now: SimTime, trunk: TrunkId, to: Side, cal: &mut Cal) {
        let target = LegId::new(trunk, to);
        if self.config.failover.switching == Switching::BreakBeforeMake {
            self.switches(now, trunk, to, cal);
        }
        self.want_registration(now, target, true, cal);
        self.leg_may_be_ready(now, target, cal);
    }

    fn give_up_move(&mut self, now: SimTime, trunk: TrunkId, to: Side, cal: &mut Cal) {
        self.observe(now, Observation::FailoverAbandoned { trunk });
        if self.trunks[trunk.index()].active == to {
            // The old leg was left already, and is usable.
            self.change_side(now, trunk, to.other(), cal);
            self.want_registration(now, LegId::new(trunk, to.other()), true, cal);
        } else if !self.config.standby_is_warm() {
            self.want_registration(now, LegId::new(trunk, to), false, cal);
        }
    }

    /// On the primary leg again; where that is down, this asks for the next move.
    fn condition_asks_again(&mut self, now: SimTime, trunk: TrunkId) {
        let controller = self.trunks[trunk.index()].controller.as_ref();
        if let Some(State::OnPrimary { due: Some(due) }) = controller.map(Controller::state) {
            let (cause, wait, decides) = (Cause::LegDown, due - now, true);
            self.observe_link(now, Observation::FailoverAsked { trunk, cause, wait, decides });
        }
    }

    /// A leg may have become able to carry calls; a trunk on its way there arrives.
    pub(super) fn leg_may_be_ready(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let (trunk, side) = (leg.trunk(), leg.side());
        if self.heading(trunk) != Some(side) || self.usable(now, leg).is_err() {
            return;
        }
        let part = &mut self.trunks[trunk.index()];
        part.controller.as_mut().expect("looked at above").arrived(now);
        if part.active != side {
            self.switches(now, trunk, side, cal);
        }
        self.observe(now, Observation::FailoverArrived { trunk, side });
        self.condition_asks_again(now, trunk);
        self.schedule_wake(now, trunk, cal);
    }

    /// The trunk switches, as its move says.
    fn switches(&mut self, now: SimTime, trunk: TrunkId, to: Side, cal: &mut Cal) {
        if to == Side::Secondary {
            let primary = LegId::new(trunk, Side::Primary);
            let needed = self.usable(now, primary).is_err()
                || (self.config.options.is_some() && self.leg(primary).options.down);
            let cause = self.cause(trunk);
            self.observe(now, Observation::FailedOver { trunk, cause, needed });
        }
        self.change_side(now, trunk, to, cal);
    }

    /// The trunk's calls use `side` from now on. The leg that is left loses its calls or lets them
    /// end, and with cold standby its registration.
    fn change_side(&mut self, now: SimTime, trunk: TrunkId, side: Side, cal: &mut Cal) {
        self.trunks[trunk.index()].active = side;
        self.observe(now, Observation::SideChanged { trunk, side });
        let left = LegId::new(trunk, side.other());
        if self.config.failover.active_calls == ActiveCalls::Drop {
            self.drop_calls(now, left, Farewell::Sbc, cal);
        }
        if !self.config.standby_is_warm() {
            self.want_registration(now, left, false, cal);
        }
    }
}
