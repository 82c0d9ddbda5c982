//! An attempt as the server sees it: limiters, queue, service, answer.

use super::{Cal, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::limiter::stack::{self, StackAdmission};
use crate::system::event::Event;
use crate::system::ids::{AttemptId, GroupId};
use crate::system::observation::{Errand, Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::spec::RetryAfterSpec;
use crate::system::station::Offer;

/// A lost segment between client and API costs TCP this long at first (Linux's minimum).
const RETRANSMISSION: SimDuration = SimDuration::from_millis(200);

impl<O: Observer> World<'_, O> {
    /// How long an attempt or its answer takes between client and API, or `None` where it never
    /// arrives.
    pub(super) fn api_crossing(&mut self, id: AttemptId) -> Option<SimDuration> {
        let attempt = self.attempts.get(id)?;
        let client = attempt.client;
        let rtt = self.config.clients[client.index()]
            .rtt
            .unwrap_or_else(|| self.config.trunk(attempt.trunk).rtt_api);
        let mut way = rtt / 2 + self.api_network.delay;
        let loss = self.api_network.loss;
        if loss > 0.0 {
            let part = &mut self.clients[client.index()];
            part.messages += 1;
            let number = part.messages;
            let mut draw = self.draw(Purpose::ApiNetwork, client.0, number);
            let mut wait = RETRANSMISSION;
            for _ in 0..8 {
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

    pub(super) fn attempt_at_server(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get_mut(id).expect("an attempt stays until it is answered");
        attempt.came_at = now;
        let client = attempt.client;
        let path = &self.config.clients[client.index()].limiters;
        match stack::admit(&mut self.server.limiters, path, now, 1) {
            StackAdmission::Granted => {
                self.tally.attempts_admitted += 1;
                self.observe(
                    now,
                    Observation::LimiterAdmitted { client, delay: SimDuration::ZERO },
                );
                self.serve(now, id, cal);
            }
            StackAdmission::Delayed { until } => {
                self.tally.attempts_admitted += 1;
                attempt.limited = true;
                self.observe(now, Observation::LimiterAdmitted { client, delay: until - now });
                cal.schedule(until, Event::AttemptReleased(id));
            }
            StackAdmission::Denied { level, retry_at } => {
                self.tally.attempts_refused += 1;
                let retry_after = retry_after(&self.config.api.retry_after, now, retry_at);
                let limiter = path[level as usize];
                attempt.retry_after = retry_after;
                self.observe(now, Observation::LimiterRefused { client, limiter, retry_after });
                self.reply(now, id, Outcome::TooManyRequests, cal);
            }
        }
    }

    /// Whether the server fails on an attempt it has served.
    fn api_fails(&self, id: AttemptId) -> bool {
        let share = self.config.api.failure_share;
        let attempt = self.attempts.get(id).expect("not yet answered");
        share > 0.0
            && self.draw(Purpose::ApiFailure, attempt.entity, attempt.index).uniform() < share
    }

    /// The answer sets out for the client.
    fn reply(&mut self, now: SimTime, id: AttemptId, outcome: Outcome, cal: &mut Cal) {
        self.attempts.get_mut(id).expect("not yet answered").outcome = outcome;
        match self.api_crossing(id) {
            Some(way) => {
                cal.schedule(now + way, Event::AttemptAnswered(id));
            }
            None => self.lose_answer(id),
        }
    }

    /// The answer is lost: the client notices when its time-out runs out.
    fn lose_answer(&mut self, id: AttemptId) {
        let attempt = self.attempts.get_mut(id).expect("not yet answered");
        if attempt.abandoned {
            self.attempts.remove(id);
        } else {
            attempt.lost = true;
        }
    }

    /// Past the limiters: into the station.
    pub(super) fn serve(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        match self.server.station.offer(now, id) {
            Offer::Started => self.start_service(now, now, id, cal),
            Offer::Queued => {}
            Offer::Full => {
                let client = self.attempts.get(id).expect("not yet answered").client;
                self.observe(now, Observation::ServerFull { client });
                self.reply(now, id, Outcome::Unavailable, cal);
                return;
            }
        }
        self.observe_server(now);
    }

    fn observe_server(&mut self, now: SimTime) {
        let (busy, waiting) = (self.server.station.busy(), self.server.station.waiting());
        self.observe(now, Observation::ServerBusy { busy, waiting });
    }

    fn start_service(&mut self, now: SimTime, since: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (client, entity, index) = (attempt.client, attempt.entity, attempt.index);
        let mut draw = self.draw(Purpose::ApiService, entity, index);
        let service = self.config.api.service.sample(&mut draw).mul_f64(self.server.slowdown);
        self.observe(now, Observation::ServiceStarted { client, wait: now - since });
        cal.schedule(now + service, Event::AttemptServed(id));
    }

    /// The server is done: what was asked takes effect, whether or not the client still waits.
    pub(super) fn attempt_served(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        if let Some((since, next)) = self.server.station.finish() {
            self.start_service(now, since, next, cal);
        }
        self.observe_server(now);
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (client, trunk, errand) = (attempt.client, attempt.trunk, attempt.errand);
        let (need_at, limited, wasted) = (attempt.need_at, attempt.limited, attempt.abandoned);
        let sojourn = now - attempt.came_at;
        self.observe(now, Observation::Served { client, sojourn, wasted });
        if self.api_fails(id) {
            match wasted {
                true => drop(self.attempts.remove(id)),
                false => self.reply(now, id, Outcome::Unavailable, cal),
            }
            return;
        }
        let answer = match errand {
            Errand::Lookup => self.decide(trunk).0,
            Errand::Update => {
                let group: GroupId = self.decide(trunk);
                self.update_applies(now, trunk, group, (need_at, limited), cal);
                group.0
            }
            Errand::Poll => self.trunks[trunk.index()].counted,
            Errand::Tenant => 0,
        };
        if wasted {
            self.attempts.remove(id);
        } else {
            self.attempts.get_mut(id).expect("not yet answered").answer = answer;
            self.reply(now, id, Outcome::Ok, cal);
        }
    }
}

/// The `Retry-After` of a 429 whose limiter would admit at `retry_at`.
fn retry_after(spec: &RetryAfterSpec, now: SimTime, retry_at: SimTime) -> Option<SimDuration> {
    let exact = retry_at.saturating_since(now);
    match spec {
        RetryAfterSpec::WholeSeconds => {
            Some(SimDuration::from_secs(exact.as_nanos().div_ceil(1_000_000_000)))
        }
        RetryAfterSpec::Exact => Some(exact),
        RetryAfterSpec::Fixed { delay } => Some(*delay),
        RetryAfterSpec::Absent => None,
    }
}
