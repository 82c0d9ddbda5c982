//! An attempt between client and server: the way there, the limiters, the way back.

use super::{Cal, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::limiter::stack::{self, Charge, StackAdmission};
use crate::policies::retry::Hint;
use crate::system::event::Event;
use crate::system::ids::{AttemptId, RequestId};
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::spec::{RetryAfterSpec, TokenRotation};

/// A lost segment between client and API costs TCP this long at first (Linux's minimum).
pub(super) const RETRANSMISSION: SimDuration = SimDuration::from_millis(200);
/// Times a segment is sent, each wait twice as long as the last, before the message is given up.
pub(super) const TRIES: u32 = 8;

/// Which way a message goes.
#[derive(Copy, Clone, Debug)]
pub(super) enum Way {
    /// To the API.
    There,
    /// To its client.
    Back,
}

impl<O: Observer> World<'_, O> {
    /// How long an attempt or its answer takes between client and API, or `None` where it never
    /// arrives.
    pub(super) fn api_crossing(&mut self, id: AttemptId, way: Way) -> Option<SimDuration> {
        if matches!(way, Way::There) {
            self.present_token(id);
        }
        let attempt = self.attempts.get(id)?;
        let (client, entity, index) = (attempt.client, attempt.entity, attempt.index);
        let rtt = self.config.clients[client.index()]
            .rtt
            .unwrap_or_else(|| self.config.trunk(attempt.trunk).rtt_api);
        let direction = way as u64;
        let mut way = rtt / 2 + self.api_network.delay;
        if let Some(law) = &self.config.api.network {
            let mut draw = self.draw(Purpose::ApiDelay, entity, 2 * index + direction);
            way += law.sample(&mut draw);
        }
        let loss = self.api_network.loss;
        if loss > 0.0 {
            let part = &mut self.clients[client.index()];
            part.messages += 1;
            let number = part.messages;
            let mut draw =
                self.draw(Purpose::ApiNetwork, self.config.clients[client.index()].entity, number);
            let mut wait = RETRANSMISSION;
            for _ in 0..TRIES {
                if draw.uniform() >= loss {
                    return Some(way);
                }
                way += wait;
                wait = wait * 2;
            }
            return None;
        }
        Some(way)
    }

    /// An attempt sets out with its client's token.
    fn present_token(&mut self, id: AttemptId) {
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        let config = &self.config.clients[attempt.client.index()];
        let part = &mut self.clients[attempt.client.index()];
        attempt.token = part.token;
        if config.rotation == TokenRotation::RoundRobin {
            part.token = config.token_after(part.token);
        }
    }

    /// An answer is back at the client: a 429 may make it present another token from now on. Of
    /// several 429s of one token the first does.
    pub(super) fn answer_arrives(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        if let Some(attempt) = self.attempts.get(id).filter(|attempt| !attempt.abandoned) {
            let (client, token) = (attempt.client, attempt.token);
            let config = &self.config.clients[client.index()];
            let part = &mut self.clients[client.index()];
            let moves = config.rotation == TokenRotation::On429 && part.token == token;
            if moves && attempt.outcome == Outcome::TooManyRequests {
                part.token = config.token_after(token);
            }
        }
        self.attempt_answered(now, id, cal);
    }

    pub(super) fn attempt_at_server(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get_mut(id).expect("an attempt stays until it is answered");
        attempt.came_at = now;
        let (client, request, token) = (attempt.client, attempt.request, attempt.token);
        let path = &self.config.clients[client.index()].charges[token as usize];
        let admission = stack::admit(&mut self.server.limiters, path, now);
        self.observe_budgets(now, path);
        if self.config.api.limit_headers && self.clients[client.index()].loops.reads_limits() {
            let limits = stack::headers(&self.server.limiters, path, now);
            self.attempts.get_mut(id).expect("not yet answered").limits = limits;
        }
        match admission {
            StackAdmission::Granted => {
                self.tally.attempts_admitted += 1;
                let (delay, held_by) = (SimDuration::ZERO, None);
                let admitted =
                    Observation::LimiterAdmitted { request, client, token, delay, held_by };
                self.observe(now, admitted);
                self.serve(now, id, cal);
            }
            StackAdmission::Delayed { level, until } => {
                self.tally.attempts_admitted += 1;
                self.is_limited(id, request);
                let (delay, held_by) = (until - now, Some(path[level as usize].limiter));
                let admitted =
                    Observation::LimiterAdmitted { request, client, token, delay, held_by };
                self.observe(now, admitted);
                cal.schedule(until, Event::AttemptReleased(id));
            }
            StackAdmission::Denied { level, retry_at } => {
                self.tally.attempts_refused += 1;
                self.is_limited(id, request);
                let limiter = path[level as usize].limiter;
                let until = now.saturating_add(self.server.limiters[limiter as usize].parks());
                let hint =
                    hint(&self.config.api.limiters[limiter as usize].retry_after, until, retry_at);
                let attempt = self.attempts.get_mut(id).expect("not yet answered");
                (attempt.hint, attempt.refused_by) = (hint, Some(limiter));
                if until > now {
                    cal.schedule(until, Event::AttemptRefused(id));
                } else {
                    self.attempt_refused(now, id, cal);
                }
            }
        }
    }

    /// A limiter refuses an attempt, once it has parked it.
    pub(super) fn attempt_refused(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (request, client, token) = (attempt.request, attempt.client, attempt.token);
        let limiter = attempt.refused_by.expect("a limiter refuses it");
        let retry_after = match attempt.hint {
            Some(Hint::After(length)) => Some(length),
            Some(Hint::Unreadable) | None => None,
        };
        let refused = Observation::LimiterRefused { request, client, token, limiter, retry_after };
        self.observe(now, refused);
        self.reply(now, id, self.config.api.limiters[limiter as usize].status, cal);
    }

    /// A limiter refuses or holds back an attempt: that marks its request, which may have given the
    /// attempt up by then, and the attempt, whose request may have ended.
    fn is_limited(&mut self, id: AttemptId, request: RequestId) {
        self.attempts.get_mut(id).expect("not yet answered").limited = true;
        if let Some(request) = self.requests.get_mut(request) {
            request.limited = true;
        }
    }

    fn observe_budgets(&mut self, now: SimTime, path: &[Charge]) {
        if !O::BUDGETS {
            return;
        }
        for &Charge { limiter, .. } in path {
            let part = &self.server.limiters[limiter as usize];
            let (left, of) = (part.remaining(now), part.capacity());
            self.observe(now, Observation::BudgetLeft { limiter, left, of });
        }
    }

    /// The answer sets out for the client.
    pub(super) fn reply(&mut self, now: SimTime, id: AttemptId, outcome: Outcome, cal: &mut Cal) {
        self.attempts.get_mut(id).expect("not yet answered").outcome = outcome;
        match self.api_crossing(id, Way::Back) {
            Some(way) => {
                cal.schedule(now + way, Event::AttemptAnswered(id));
            }
            None => self.lose_answer(id),
        }
    }

    /// The answer is lost: the client notices when its time-out runs out.
    pub(super) fn lose_answer(&mut self, id: AttemptId) {
        let attempt = self.attempts.get_mut(id).expect("not yet answered");
        if attempt.abandoned {
            self.attempts.remove(id);
        } else {
            attempt.lost = true;
        }
    }
}

/// The `Retry-After` of a refusal whose limiter would admit at `retry_at`. Where a cut has left less
/// than the request costs, no time can be told.
fn hint(spec: &RetryAfterSpec, now: SimTime, retry_at: SimTime) -> Option<Hint> {
    let told = matches!(spec, RetryAfterSpec::WholeSeconds | RetryAfterSpec::Exact);
    if told && retry_at == SimTime::NEVER {
        return None;
    }
    let exact = retry_at.saturating_since(now);
    Some(Hint::After(match spec {
        RetryAfterSpec::WholeSeconds => {
            SimDuration::from_secs(exact.as_nanos().div_ceil(1_000_000_000))
        }
        RetryAfterSpec::Exact => exact,
        RetryAfterSpec::Fixed { delay } => *delay,
        RetryAfterSpec::Absent => return None,
        RetryAfterSpec::Negative => return Some(Hint::Unreadable),
    }))
}
