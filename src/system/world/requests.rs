//! A request as its client sees it: bulkhead, breaker, connection, attempts, retries, end.

use super::attempts::Way;
use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::{CallResult, Permit, Placement};
use crate::policies::bulkhead::BulkheadPlacement;
use crate::policies::concurrency::Place;
use crate::policies::limit_headers::LimitMessage;
use crate::policies::retry::Failed;
use crate::system::client::{Attempt, RequestState};
use crate::system::event::Event;
use crate::system::ids::{AttemptId, RequestId};
use crate::system::observation::{Cause, Errand, Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    pub(super) fn request(&mut self, id: RequestId) -> &mut crate::system::client::Request {
        self.requests.get_mut(id).expect("the request is under way")
    }

    /// A request starts.
    pub(super) fn begin(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let request = self.requests.get(id).expect("just made");
        let (client, errand, trunk) = (request.client, request.errand, request.trunk);
        self.tally.requests_made += 1;
        self.observe(now, Observation::Requested { request: id, client, errand, trunk });
        if self.has_bulkhead(client, BulkheadPlacement::PerRequest) {
            return self.enter_bulkhead(now, id, None, true, cal);
        }
        self.open(now, id, cal);
    }

    /// A request has its place in the bulkhead, or needs none: its time runs from here.
    pub(super) fn open(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let request = self.requests.get_mut(id).expect("the request is under way");
        let (client, trunk) = (request.client, request.trunk);
        let config = &self.config.clients[client.index()];
        if let Some(deadline) = config.retry.deadline {
            request.deadline = cal.schedule(now + deadline, Event::RequestDeadline(id));
        }
        if config.breaker.placement == Placement::PerRequest {
            match self.ask_breaker(now, id, (client, trunk), cal) {
                Some(permit) => self.request(id).permit = Some(permit),
                None => return self.end_request(now, id, None, true, cal),
            }
        }
        self.start_try(now, id, 0, cal);
    }

    /// The next attempt: past breaker and bulkhead, and out as soon as there is a connection.
    pub(super) fn dispatch(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let request = self.request(id);
        let (client, trunk, connected) = (request.client, request.trunk, request.connected);
        let mut permit = None;
        if self.config.clients[client.index()].breaker.placement == Placement::PerAttempt {
            permit = self.ask_breaker(now, id, (client, trunk), cal);
            if permit.is_none() {
                let depth = self.clients[client.index()].loops.depth();
                return self.refuse_try(now, id, depth, Outcome::Refused, cal);
            }
        }
        if !connected && !self.clients[client.index()].may_connect() {
            self.bulkhead_refuses(now, id, permit, false, cal);
        } else if self.has_bulkhead(client, BulkheadPlacement::PerAttempt)
            && self.config.clients[client.index()].place_first
        {
            self.enter_bulkhead(now, id, permit, false, cal);
        } else {
            self.with_connection(now, id, permit, None, cal);
        }
    }

    /// An attempt that may leave does so as soon as there is a connection.
    pub(super) fn with_connection(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        place: Option<Place>,
        cal: &mut Cal,
    ) {
        let request = self.request(id);
        let (client, connected) = (request.client, request.connected);
        if connected || self.clients[client.index()].connect(id) {
            self.request(id).connected = true;
            self.connected(now, id, permit, place, cal);
        } else {
            self.request(id).state = RequestState::Waiting { permit, place };
            self.observe_link(now, Observation::RequestWaits { request: id, client });
        }
    }

    /// An attempt that has its connection leaves, or asks for the place it needs as well.
    fn connected(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        place: Option<Place>,
        cal: &mut Cal,
    ) {
        let client = self.request(id).client;
        if place.is_none() && self.has_bulkhead(client, BulkheadPlacement::PerAttempt) {
            self.enter_bulkhead(now, id, permit, false, cal);
        } else {
            self.send(now, id, permit, place, cal);
        }
    }

    /// An attempt leaves the client.
    pub(super) fn send(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        place: Option<Place>,
        cal: &mut Cal,
    ) {
        let request = self.request(id);
        request.attempts += 1;
        request.state = RequestState::InFlight;
        let attempt = Attempt {
            request: id,
            client: request.client,
            errand: request.errand,
            trunk: request.trunk,
            entity: request.entity,
            index: request.draw_index(),
            need_at: request.need_at,
            token: 0,
            permit,
            place,
            server_place: None,
            timeout: Handle::NONE,
            came_at: now,
            serving_until: None,
            abandoned: false,
            lost: false,
            limited: request.limited,
            refused_by: None,
            script: None,
            outcome: Outcome::TimedOut,
            hint: None,
            limits: None,
            answer: 0,
        };
        let (client, attempts) = (request.client, request.attempts);
        let config = &self.config.clients[client.index()];
        let part = &mut self.clients[client.index()];
        part.in_flight += 1;
        part.loops.on_attempt(now);
        let progress = &self.requests.get(id).expect("the request is under way").progress;
        let mut gives_up = now + config.attempt_timeout;
        if let Some(deadline) = part.loops.deadline(progress) {
            gives_up = gives_up.min(deadline);
        }
        let attempt = self.attempts.insert(attempt);
        let timeout = cal.schedule(gives_up, Event::AttemptTimesOut(attempt));
        self.attempts.get_mut(attempt).expect("just made").timeout = timeout;
        self.tally.attempts_sent += 1;
        self.observe(now, Observation::AttemptSent { request: id, client, attempt: attempts });
        match self.api_crossing(attempt, Way::There) {
            Some(way) => {
                cal.schedule(now + way, Event::AttemptAtServer(attempt));
            }
            None => {
                self.tally.attempts_lost += 1;
                self.attempts.get_mut(attempt).expect("just made").lost = true;
            }
        }
        if config.hedge.is_on() {
            self.hedge_after(now, id, attempt, cal);
        }
    }

    /// The server's answer reaches the client.
    pub(super) fn attempt_answered(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let Some(attempt) = self.attempts.remove(id) else { return };
        if !attempt.abandoned {
            cal.cancel(attempt.timeout);
            self.settle(now, &attempt, attempt.outcome, cal);
        }
    }

    /// The client gives the attempt up. What it sent goes on: the server still serves it.
    pub(super) fn attempt_times_out(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get_mut(id).expect("an answer cancels the time-out");
        attempt.abandoned = true;
        let settled = Attempt { timeout: Handle::NONE, ..*attempt };
        if attempt.lost {
            self.attempts.remove(id);
        }
        self.settle(now, &settled, Outcome::TimedOut, cal);
    }

    /// An attempt is over for its client: the breaker hears of it, and the request ends or waits
    /// to try again.
    fn settle(&mut self, now: SimTime, attempt: &Attempt, outcome: Outcome, cal: &mut Cal) {
        let (id, client, errand) = (attempt.request, attempt.client, attempt.errand);
        self.tally.attempts_settled += 1;
        let limiter = outcome.status().and(attempt.refused_by);
        let ended = Observation::AttemptEnded { request: id, client, errand, outcome, limiter };
        self.observe(now, ended);
        let config = &self.config.clients[client.index()];
        if let Some(permit) = attempt.permit {
            let result = config.breaker.classify(outcome);
            self.tell_breaker(now, (id, client, attempt.trunk), permit, result, cal);
        }
        if let Some(place) = attempt.place {
            self.leave_bulkhead(now, client, place, Some(outcome), cal);
        }
        if config.hedge.is_on() && !self.decides(now, attempt, outcome, cal) {
            self.clients[client.index()].in_flight -= 1;
            return;
        }
        let mut jitter = self.draw(Purpose::BackoffJitter, attempt.entity, attempt.index);
        let request = self.requests.get_mut(id).expect("the request is under way");
        let part = &mut self.clients[client.index()];
        if part.loops.reads_limits() {
            let answered = outcome != Outcome::TimedOut;
            let limits = (attempt.limits.filter(|_| answered), LimitMessage::Primary);
            let hint = attempt.hint.filter(|_| answered);
            part.loops.hears(&mut request.progress, now, outcome, limits, hint);
        }
        if outcome == Outcome::Ok {
            part.in_flight -= 1;
            part.loops.succeed(&mut request.progress, now);
            return self.end_request(now, id, Some(attempt.answer), false, cal);
        }
        let failed = Failed { outcome, hint: attempt.hint, method: config.method_of(errand) };
        let load = part.load();
        let step = part.loops.fail(&mut request.progress, now, failed, load, &mut jitter);
        part.in_flight -= 1;
        self.follow(now, id, step, cal);
    }

    pub(super) fn release_connection(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let request = self.request(id);
        if !std::mem::take(&mut request.connected) {
            return;
        }
        let client = request.client;
        let part = &mut self.clients[client.index()];
        part.freed += 1;
        // Who has it next may be refused and give it back: that is for the loop under way.
        if part.freed > 1 {
            return;
        }
        while self.clients[client.index()].freed > 0 {
            if let Some(next) = self.clients[client.index()].disconnect() {
                let waiting = self.request(next);
                let RequestState::Waiting { permit, place } = waiting.state else {
                    unreachable!("a request queued for a connection is in state Waiting");
                };
                waiting.connected = true;
                self.connected(now, next, permit, place, cal);
            }
            self.clients[client.index()].freed -= 1;
        }
    }

    /// A request is over, with the server's answer or without.
    pub(super) fn end_request(
        &mut self,
        now: SimTime,
        id: RequestId,
        answer: Option<u32>,
        refused: bool,
        cal: &mut Cal,
    ) {
        self.release_connection(now, id, cal);
        let mut request = self.requests.remove(id).expect("the request is under way");
        cal.cancel(request.deadline);
        self.clients[request.client.index()].loops.abandon(&mut request.progress, 0);
        self.tally.requests_ended += 1;
        let (client, errand, trunk, attempts) =
            (request.client, request.errand, request.trunk, request.attempts);
        let ok = answer.is_some();
        let ended =
            Observation::RequestEnded { request: id, client, errand, trunk, attempts, ok, refused };
        self.observe(now, ended);
        if let Some(permit) = request.permit {
            let breaker = &self.config.clients[client.index()].breaker;
            let result = match breaker.placement {
                _ if refused => CallResult::Ignored,
                Placement::PerCall => breaker.classify(request.last_outcome(ok)),
                _ if ok => CallResult::Success,
                _ => CallResult::Failure,
            };
            self.tell_breaker(now, (id, client, trunk), permit, result, cal);
        }
        if let Some(place) = request.place {
            // That it failed says that it was refused or timed out, whatever came last.
            let outcome = if ok { Outcome::Ok } else { Outcome::TimedOut };
            self.leave_bulkhead(now, client, place, Some(outcome), cal);
        }
        let ours = matches!(errand, Errand::Lookup | Errand::Update);
        match errand {
            Errand::Lookup => self.look_up_ends(now, id, &request, answer, cal),
            Errand::Update => self.update_ends(now, (id, &request), ok, cal),
            Errand::Poll => {
                if let Some(counted) = answer {
                    self.observe(now, Observation::Polled { trunk, counted });
                }
            }
            Errand::Tenant => {}
        }
        if ours && !ok && self.config.failover.triggers.api_failure {
            self.fail_over(now, trunk, Cause::ApiFailure, cal);
        }
    }
}
