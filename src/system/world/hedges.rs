//! Hedged requests: several attempts of one try under way at once.
//!
//! Each attempt has an outcome of its own, or is cancelled when another has decided. A cancelled
//! attempt is abandoned like one that timed out: the server goes on with it. It gives the breaker's
//! permit back unused, since its end says nothing of the server, and its place in the bulkhead.
//!
//! A hedge needs the breaker's permit and a place like any attempt, but does not wait: refused, the
//! round goes on with what is under way and sends no more. To the retry loops a round is one try, and
//! their throttles and pacing are passed once.

use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::{CallResult, Permit, Placement};
use crate::policies::bulkhead::BulkheadPlacement;
use crate::policies::concurrency::Place;
use crate::policies::hedge::HedgeMove;
use crate::policies::retry::Hint;
use crate::system::client::Attempt;
use crate::system::event::Event;
use crate::system::ids::{AttemptId, RequestId};
use crate::system::observation::{Observation, Observer};

impl<O: Observer> World<'_, O> {
    /// An attempt of a client that hedges has left: the next one may be due some time.
    pub(super) fn hedge_after(
        &mut self,
        now: SimTime,
        id: RequestId,
        attempt: AttemptId,
        cal: &mut Cal,
    ) {
        let client = self.request(id).client;
        let spec = &self.config.clients[client.index()].hedge;
        let request = self.request(id);
        request.flying.push(attempt);
        let round = request.round.get_or_insert_default();
        round.sent(spec, now);
        let next = round.next_deadline();
        self.set_hedge_timer(id, next, cal);
    }

    fn set_hedge_timer(&mut self, id: RequestId, next: Option<SimTime>, cal: &mut Cal) {
        let request = self.request(id);
        let timer = std::mem::replace(&mut request.hedge_timer, Handle::NONE);
        cal.cancel(timer);
        if let Some(next) = next {
            self.request(id).hedge_timer = cal.schedule(next, Event::HedgeDue(id));
        }
    }

    pub(super) fn hedge_due(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let Some(request) = self.requests.get_mut(id) else { return };
        request.hedge_timer = Handle::NONE;
        let due = request.round.as_ref().is_some_and(|round| round.is_due(now));
        if due && !self.send_hedge(now, id, cal) {
            self.end_request(now, id, None, false, cal);
        }
    }

    /// Sends another attempt, unless something forbids it; whether any is under way then.
    fn send_hedge(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) -> bool {
        if let Some((permit, place)) = self.pass_for_hedge(now, id, cal) {
            self.send(now, id, permit, place, cal);
            return true;
        }
        self.set_hedge_timer(id, None, cal);
        self.request(id).round.as_mut().is_some_and(|round| round.freeze())
    }

    fn pass_for_hedge(
        &mut self,
        now: SimTime,
        id: RequestId,
        cal: &mut Cal,
    ) -> Option<(Option<Permit>, Option<Place>)> {
        let request = self.request(id);
        let (client, trunk) = (request.client, request.trunk);
        let config = &self.config.clients[client.index()];
        let part = &self.clients[client.index()];
        let progress = &self.requests.get(id).expect("the request is under way").progress;
        let late = part.loops.deadline(progress).is_some_and(|deadline| now >= deadline);
        if late || !part.hedges.allows() {
            return None;
        }
        let permit = match config.breaker.placement {
            Placement::PerAttempt => Some(self.ask_breaker(now, id, (client, trunk), cal)?),
            Placement::PerCall | Placement::PerRequest => None,
        };
        if !self.has_bulkhead(client, BulkheadPlacement::PerAttempt) {
            return Some((permit, None));
        }
        let place = self.clients[client.index()].bulkhead.enter_now(now);
        if let (None, Some(permit)) = (place, permit) {
            let result = config.breaker.classify(Outcome::Bulkhead);
            self.tell_breaker(now, (id, client, trunk), permit, result, cal);
        }
        place.map(|place| (permit, Some(place)))
    }

    /// An attempt of a round is over for its client; whether it decides the round. Then the others
    /// are cancelled.
    pub(super) fn decides(
        &mut self,
        now: SimTime,
        attempt: &Attempt,
        outcome: Outcome,
        cal: &mut Cal,
    ) -> bool {
        let (id, client) = (attempt.request, attempt.client);
        let spec = &self.config.clients[client.index()].hedge;
        // This one has been taken out of the slab or marked as abandoned already.
        let mut flying = std::mem::take(&mut self.request(id).flying);
        flying.retain(|other| self.attempts.get(*other).is_some_and(|a| !a.abandoned));
        let throttle = &mut self.clients[client.index()].hedges;
        let request = self.requests.get_mut(id).expect("the request is under way");
        let round = request.round.as_mut().expect("a hedged request has a round");
        let pushback = match attempt.hint {
            Some(Hint::After(wait)) => Some(wait),
            Some(Hint::Unreadable) if spec.pushback => {
                round.freeze();
                None
            }
            Some(Hint::Unreadable) | None => None,
        };
        let what = round.settled(spec, throttle, now, outcome, pushback);
        let next = round.next_deadline();
        request.flying = flying;
        match what {
            HedgeMove::Send => {
                let over = !self.send_hedge(now, id, cal);
                if over {
                    self.request(id).round = None;
                }
                over
            }
            HedgeMove::Wait => {
                self.set_hedge_timer(id, next, cal);
                false
            }
            HedgeMove::Over => {
                self.set_hedge_timer(id, None, cal);
                let request = self.request(id);
                request.round = None;
                for other in std::mem::take(&mut request.flying) {
                    self.cancel_attempt(now, other, cal);
                }
                true
            }
        }
    }

    /// Whether the next attempt of the request's round is to come and none is under way, at a
    /// deadline: then the round is over. One under way times out at the same instant by itself.
    pub(super) fn awaits_hedge(&mut self, id: RequestId, cal: &mut Cal) -> bool {
        let none = self.request(id).round.as_ref().is_some_and(|round| round.in_flight() == 0);
        if none {
            self.set_hedge_timer(id, None, cal);
            self.request(id).round = None;
        }
        none
    }

    /// The client waits for an attempt no longer, because another has decided.
    fn cancel_attempt(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get_mut(id).expect("an attempt stays until it is answered");
        attempt.abandoned = true;
        let (request, client, errand) = (attempt.request, attempt.client, attempt.errand);
        let (trunk, lost, timeout) = (attempt.trunk, attempt.lost, attempt.timeout);
        let (permit, place) = (attempt.permit.take(), attempt.place.take());
        cal.cancel(timeout);
        if lost {
            self.attempts.remove(id);
        }
        self.clients[client.index()].in_flight -= 1;
        self.tally.attempts_settled += 1;
        self.observe(now, Observation::AttemptCancelled { request, client, errand });
        if let Some(permit) = permit {
            self.tell_breaker(now, (request, client, trunk), permit, CallResult::Ignored, cal);
        }
        if let Some(place) = place {
            self.leave_bulkhead(now, client, place, None, cal);
        }
    }
}
