//! A request between two attempts: its retry loops, the client's own throttles, its deadlines.

use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::random::Draw;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::{CallResult, Placement};
use crate::policies::retry::{Failed, Pass, Step};
use crate::system::client::{RequestState, Then};
use crate::system::event::Event;
use crate::system::ids::RequestId;
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;

/// Tries per request after the horizon at most: a client that never gives up would never end.
const DRAINING_TRIES_MAX: u64 = 1000;
/// A wait that ends later never ends.
const LATEST: SimTime = SimTime::from_nanos(u64::MAX / 2);

impl<O: Observer> World<'_, O> {
    /// Loop `level` of the request starts a try, and with it every loop under it.
    pub(super) fn start_try(&mut self, now: SimTime, id: RequestId, level: usize, cal: &mut Cal) {
        let request = self.requests.get_mut(id).expect("the request is under way");
        let (client, trunk) = (request.client, request.trunk);
        let loops = &mut self.clients[client.index()].loops;
        loops.start_try(&mut request.progress, level, now);
        if loops.depth() > 1 {
            self.reset_deadline(id, cal);
        }
        let placement = self.config.clients[client.index()].breaker.placement;
        if level == 0 && placement == Placement::PerCall {
            match self.ask_breaker(now, id, (client, trunk), cal) {
                Some(permit) => self.request(id).permit = Some(permit),
                None => return self.refuse_try(now, id, 1, Outcome::Refused, cal),
            }
        }
        self.pass_throttles(now, id, cal);
    }

    /// The try goes out once the client's own throttles and limiters let it pass.
    fn pass_throttles(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let request = self.requests.get_mut(id).expect("the request is under way");
        let client = request.client;
        if !self.clients[client.index()].loops.are_gated() {
            return self.dispatch(now, id, cal);
        }
        let index = request.gate_index();
        let mut draw = self.random.at(Purpose::ClientThrottle as u8, request.entity.0, index);
        let loops = &mut self.clients[client.index()].loops;
        match loops.pass(&mut request.progress, now, &mut draw) {
            Pass::Open => self.dispatch(now, id, cal),
            Pass::Later(until) => {
                self.wait(id, until, Then::Pass, cal);
                let wait = Some(until - now);
                self.observe(now, Observation::ClientThrottled { request: id, client, wait });
            }
            Pass::Refused(at) if at > now => {
                self.wait(id, at, Then::Refuse, cal);
            }
            Pass::Refused(_) => self.throttle_refuses(now, id, cal),
        }
    }

    /// The client's own throttle or limiter refuses a try, which ends its request.
    fn throttle_refuses(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let client = self.request(id).client;
        self.observe(now, Observation::ClientThrottled { request: id, client, wait: None });
        self.end_request(now, id, None, true, cal);
    }

    /// The client itself refuses a try of the loops up to `from`: they decide as on any failure.
    pub(super) fn refuse_try(
        &mut self,
        now: SimTime,
        id: RequestId,
        from: usize,
        outcome: Outcome,
        cal: &mut Cal,
    ) {
        let request = self.request(id);
        request.refusals += 1;
        let (client, errand) = (request.client, request.errand);
        let (entity, index) = (request.entity, request.try_index());
        let method = self.config.clients[client.index()].method_of(errand);
        let mut jitter = self.draw(Purpose::RefusalJitter, entity, index);
        let request = self.requests.get_mut(id).expect("the request is under way");
        let part = &mut self.clients[client.index()];
        let (failed, load) = (Failed { outcome, hint: None, method }, part.load());
        let step = part.loops.refuse(&mut request.progress, from, now, failed, load, &mut jitter);
        self.follow(now, id, step, cal);
    }

    /// What the loops make of a try that failed: the request waits or ends.
    pub(super) fn follow(&mut self, now: SimTime, id: RequestId, step: Step, cal: &mut Cal) {
        if !self.telemetry.is_empty() {
            let client = self.request(id).client;
            self.send_report(now, client);
        }
        let (level, after, then) = match step {
            Step::GiveUp(_) => {
                let refused = self.request(id).progress.last().is_refusal();
                return self.end_request(now, id, None, refused, cal);
            }
            Step::Retry { level, after } => (level, after, Then::Try(level as u8)),
            Step::GiveUpAfter { level, after } => (level, after, Then::GiveUp(level as u8)),
        };
        let until = now.saturating_add(after);
        let draining = self.draining(now);
        let request = self.request(id);
        if until > LATEST || draining && request.tries() >= DRAINING_TRIES_MAX {
            return self.end_request(now, id, None, false, cal);
        }
        let (client, trunk) = (request.client, request.trunk);
        self.wait(id, until, then, cal);
        let config = &self.config.clients[client.index()];
        let depth = self.clients[client.index()].loops.depth();
        if depth > 1 {
            self.reset_deadline(id, cal);
        }
        if !(config.hold_connection && level + 1 == depth) {
            self.release_connection(now, id, cal);
        }
        if level == 0
            && config.breaker.placement == Placement::PerCall
            && let Some(permit) = self.request(id).permit.take()
        {
            let result = config.breaker.classify(self.request(id).progress.last());
            self.tell_breaker(now, (id, client, trunk), permit, result, cal);
        }
    }

    /// The request waits, at most for as long as a run has to end.
    fn wait(&mut self, id: RequestId, until: SimTime, then: Then, cal: &mut Cal) {
        let last = self.waits_end().max(cal.now());
        let (until, then) = if until > last { (last, Then::End) } else { (until, then) };
        let timer = cal.schedule(until, Event::RequestRetries(id));
        self.request(id).state = RequestState::BackingOff { timer, then };
    }

    /// The end of a wait.
    pub(super) fn request_retries(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let Some(request) = self.requests.get_mut(id) else { return };
        let RequestState::BackingOff { then, .. } = request.state else {
            unreachable!("a request whose wait ends is in state BackingOff");
        };
        match then {
            Then::Try(level) => self.start_try(now, id, usize::from(level), cal),
            Then::Pass => self.pass_throttles(now, id, cal),
            Then::Refuse => self.throttle_refuses(now, id, cal),
            Then::End => self.end_request(now, id, None, false, cal),
            Then::GiveUp(level) => {
                let mut jitter = self.jitter_without_attempt(id);
                let request = self.requests.get_mut(id).expect("the request is under way");
                let part = &mut self.clients[request.client.index()];
                let (level, load) = (usize::from(level), part.load());
                let step = part.loops.give_up(&mut request.progress, level, now, load, &mut jitter);
                self.follow(now, id, step, cal);
            }
        }
    }

    /// The earliest deadline of a request's loops. An attempt under way times out at the same
    /// instant by itself.
    pub(super) fn request_deadline(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let Some(request) = self.requests.get_mut(id) else { return };
        let (client, trunk, state) = (request.client, request.trunk, request.state);
        let expired = self.clients[client.index()].loops.expired(&request.progress, now);
        let Some(level) = expired else { return };
        let (permit, place) = match state {
            RequestState::InFlight if self.awaits_hedge(id, cal) => (None, None),
            RequestState::InFlight => return,
            RequestState::InLobby { permit, timer, .. } => {
                cal.cancel(timer);
                self.leave_lobby(id);
                (permit, None)
            }
            RequestState::Waiting { permit, place } => {
                self.clients[client.index()].stop_waiting(id);
                (permit, place)
            }
            RequestState::BackingOff { timer, .. } => {
                cal.cancel(timer);
                (None, None)
            }
        };
        if let Some(place) = place {
            self.leave_bulkhead(now, client, place, None, cal);
        }
        if let Some(permit) = permit {
            self.tell_breaker(now, (id, client, trunk), permit, CallResult::Ignored, cal);
        }
        if level == 0 {
            return self.end_request(now, id, None, false, cal);
        }
        let mut jitter = self.jitter_without_attempt(id);
        let request = self.requests.get_mut(id).expect("the request is under way");
        let method = self.config.clients[client.index()].method_of(request.errand);
        let part = &mut self.clients[client.index()];
        let (at, load) = ((level, method), part.load());
        let step = part.loops.expire(&mut request.progress, at, now, load, &mut jitter);
        self.follow(now, id, step, cal);
    }

    /// The draw of a decision that no attempt's end asks for.
    fn jitter_without_attempt(&self, id: RequestId) -> Draw {
        let request = self.requests.get(id).expect("the request is under way");
        self.draw(Purpose::BackoffJitter, request.entity, request.draw_index() | 1 << 63)
    }

    /// Where loops stand one under another, each has a deadline of its own; the earliest is kept.
    fn reset_deadline(&mut self, id: RequestId, cal: &mut Cal) {
        let request = self.requests.get_mut(id).expect("the request is under way");
        cal.cancel(std::mem::replace(&mut request.deadline, Handle::NONE));
        let loops = &self.clients[request.client.index()].loops;
        if let Some(deadline) = loops.deadline(&request.progress) {
            request.deadline = cal.schedule(deadline, Event::RequestDeadline(id));
        }
    }
}
