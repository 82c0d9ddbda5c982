//! Why a trunk moved: what asked for it, and what took the leg it left.

use super::super::drawing;
use super::{Down, Step, Walk};
use crate::policies::breaker::State;
use crate::system::ids::{LegId, Side, TrunkId};
use crate::system::observation::{Cause, Errand, Observation};

impl Walk<'_> {
    /// Why a trunk failed over, or started to move, at a place.
    pub(super) fn failover(&mut self, place: usize) {
        if self.is_long() {
            return;
        }
        match self.story.facts[place].what {
            Observation::FailoverStarted { trunk, cause } => {
                self.push_at(place, Step::MoveBegun { trunk, cause });
                self.move_begun(place, trunk, cause);
            }
            Observation::FailedOver { trunk, cause, needed } => {
                self.push_at(place, Step::Failover { trunk, cause, needed });
                let started = self.story.last(
                    place,
                    |f| matches!(*f, Observation::FailoverStarted { trunk: t, .. } if t == trunk),
                );
                let Some(started) = started else { return };
                if self.story.at(started) < self.story.at(place) {
                    self.push_at(started, Step::MoveBegun { trunk, cause });
                }
                self.move_begun(started, trunk, cause);
            }
            _ => {}
        }
    }

    /// What asked for the move that began at place `started`.
    fn move_begun(&mut self, started: usize, trunk: TrunkId, cause: Cause) {
        let at = self.story.at(started);
        // Of all who asked, the last who decided it; who asked for a later instant did not.
        let asked = |place: usize| match self.story.facts[place].what {
            Observation::FailoverAsked { trunk: t, wait, decides: true, .. } if t == trunk => {
                Some((place, wait))
            }
            _ => None,
        };
        let Some((place, wait)) = (0..started).rev().find_map(asked) else { return };
        if self.story.at(place) < at {
            self.push_at(place, Step::Asked { trunk, wait });
        }
        self.asked_for(place, trunk, cause);
    }

    /// What asked for the move of the trunk, before place `before`.
    pub(super) fn asked_for(&mut self, before: usize, trunk: TrunkId, cause: Cause) {
        let story = self.story;
        let found = |fits: &dyn Fn(&Observation) -> bool| story.last(before, fits);
        match cause {
            Cause::Fallback => {
                let at =
                    found(&|f| matches!(*f, Observation::FellBack { trunk: t, .. } if t == trunk));
                at.into_iter().for_each(|place| self.fell_back(place));
            }
            Cause::BreakerOpen => {
                let at = found(&|f| {
                    matches!(*f, Observation::BreakerMoved { client, breaker, to: State::Open, .. }
                        if drawing::guards(self.config, (client, breaker), trunk))
                });
                at.into_iter().for_each(|place| self.breaker_opened(place));
            }
            Cause::ApiFailure => {
                let at = found(&|f| {
                    matches!(*f, Observation::RequestEnded { trunk: t, errand, ok: false, .. }
                        if t == trunk && matches!(errand, Errand::Lookup | Errand::Update))
                });
                at.into_iter().for_each(|place| self.request_over(place));
            }
            Cause::InviteTimeouts => self.invite_timeouts(before, trunk),
            Cause::LegDown => self.leg_down(before, trunk),
        }
    }

    pub(super) fn invite_timeouts(&mut self, before: usize, trunk: TrunkId) {
        let primary = LegId::new(trunk, Side::Primary);
        let triggers = &self.config.failover.triggers;
        let count = triggers.invite_timeouts.as_ref().map_or(1, |t| t.count);
        let mut places = self.story.all(
            0..before,
            |fact| matches!(*fact, Observation::InviteTimedOut { leg, .. } if leg == primary),
        );
        let places = places.split_off(places.len().saturating_sub(count as usize));
        let Some((&first, &last)) = places.first().zip(places.last()) else { return };
        let count = places.len() as u32;
        self.push(self.story.at(first), Step::InviteTimeouts { trunk, count }, places);
        self.invite_timed_out(last);
    }

    pub(super) fn leg_down(&mut self, before: usize, trunk: TrunkId) {
        let leg = LegId::new(trunk, Side::Primary);
        let carrier = self.config.leg(leg).carrier;
        // What the model does not count as the leg being down did not ask for the move.
        let triggers = &self.config.failover.triggers;
        let fell = |fact: &Observation| match *fact {
            Observation::Registration { leg: l, wanted: true, usable: false } if l == leg => {
                triggers.registration_lost.then_some(Down::Registration)
            }
            Observation::OptionsMoved { leg: l, down: true } if l == leg => {
                triggers.options_down.then_some(Down::Options)
            }
            Observation::CarrierMoved { carrier: c, down: true } if c == carrier => {
                triggers.link_down.then_some(Down::Carrier)
            }
            _ => None,
        };
        let Some(place) = self.story.last(before, |fact| fell(fact).is_some()) else { return };
        let down = fell(&self.story.facts[place].what).expect("found as such");
        self.push_at(place, Step::LegDown { trunk, down });
        let at = self.story.at(place);
        let timed_out = self.story.last(
            place,
            |fact| matches!(*fact, Observation::RegistrationTimedOut { leg: l } if l == leg),
        );
        match timed_out.filter(|p| down == Down::Registration && self.story.at(*p) == at) {
            Some(timed_out) => self.registration(timed_out, leg),
            None => self.network_fault(place, leg),
        }
    }

    pub(super) fn fell_back(&mut self, place: usize) {
        let Observation::FellBack { trunk, call, request } = self.story.facts[place].what else {
            return;
        };
        self.push_at(place, Step::FellBack { trunk, call, request });
        match (request, call) {
            (Some(request), _) => {
                let over = self.story.last(place, |fact| {
                    matches!(*fact, Observation::RequestEnded { request: r, .. } if r == request)
                });
                over.into_iter().for_each(|over| self.request_over(over));
            }
            (None, Some(call)) => self.still_asking(place, call),
            (None, None) => {}
        }
    }

    /// Why the leg was left, or fell, at place `left`.
    pub(super) fn leg_left(&mut self, left: usize, leg: LegId) {
        let trunk = leg.trunk();
        let at = self.story.at(left);
        let moved = self.story.last(left, |fact| {
            matches!(*fact, Observation::SideChanged { trunk: t, side }
                if t == trunk && side != leg.side())
                || matches!(*fact, Observation::FailoverAbandoned { trunk: t } if t == trunk)
        });
        match moved.filter(|moved| self.story.at(*moved) == at) {
            Some(place) => match self.story.facts[place].what {
                Observation::SideChanged { side, .. } => self.moved(place, trunk, side),
                _ => self.push_at(place, Step::MoveGivenUp { trunk }),
            },
            None => self.network_fault(left, leg),
        }
    }

    /// Why the trunk moved to that side at or before place `at`.
    pub(super) fn moved(&mut self, at: usize, trunk: TrunkId, side: Side) {
        if side == Side::Primary {
            let back = self.story.last(
                at + 1,
                |fact| matches!(*fact, Observation::FailbackStarted { trunk: t } if t == trunk),
            );
            back.into_iter().for_each(|back| self.push_at(back, Step::Failback { trunk }));
        }
        let started = self.story.last(at + 1, |fact| {
            matches!(*fact,
                Observation::FailoverStarted { trunk: t, .. }
                | Observation::FailedOver { trunk: t, .. } if t == trunk)
        });
        started.into_iter().for_each(|started| self.failover(started));
    }
}
