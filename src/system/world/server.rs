//! The API server past its limiters: concurrency limit, queue, shedding, service.

use super::{Cal, Server, World};
use crate::engine::random::Draw;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::concurrency::{Concurrency, ConcurrencySpec};
use crate::policies::limiter::Limiter;
use crate::policies::retry::Hint;
use crate::policies::shedding::Codel;
use crate::system::config::ApiConfig;
use crate::system::event::Event;
use crate::system::ids::{AttemptId, GroupId};
use crate::system::observation::{Errand, Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::script::ScriptedAnswer;
use crate::system::spec::AbandonedSpec;
use crate::system::station::{Offer, Station};

impl Server {
    /// An idle server; `probe` is its limit's first draw.
    pub(super) fn new(api: &ApiConfig, mut probe: Draw) -> Self {
        let limited = api.concurrency != ConcurrencySpec::None;
        Self {
            limiters: api.limiters.iter().map(|limiter| Limiter::new(&limiter.spec)).collect(),
            station: Station::ordered(api.servers, api.queue, api.order),
            scales: vec![1.0; api.limiters.len()],
            shedding: Codel::new(&api.shedding),
            limit: limited.then(|| Concurrency::new(&api.concurrency, &mut probe)),
            ended: 0,
            passed: 0,
        }
    }

    /// Whether it would take one more.
    pub(super) fn has_room(&self) -> bool {
        !self.station.is_full() && self.limit.as_ref().is_none_or(|limit| !limit.is_full())
    }
}

impl<O: Observer> World<'_, O> {
    /// Past the limiters: into the station, unless a file says how long it takes.
    pub(super) fn serve(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        self.server.passed += 1;
        if let Some(answer) = self.scripted(now, self.server.passed) {
            self.attempts.get_mut(id).expect("not yet answered").script = Some(answer);
            if let Some(latency) = answer.latency {
                cal.schedule(now.saturating_add(latency), Event::AttemptScripted(id));
                return;
            }
        }
        if let Some(limit) = &mut self.server.limit {
            let place = limit.enter(now);
            let attempt = self.attempts.get_mut(id).expect("not yet answered");
            attempt.server_place = place;
            if place.is_none() {
                let (request, client) = (attempt.request, attempt.client);
                self.observe(now, Observation::ServerOverLimit { request, client });
                return self.reply_unavailable(now, id, cal);
            }
        }
        match self.server.station.offer(now, id) {
            Offer::Started => {
                if let Some(codel) = &mut self.server.shedding {
                    codel.sheds(now, SimDuration::ZERO);
                }
                self.start_service(now, now, id, cal);
            }
            Offer::Queued => {}
            Offer::Full => {
                let attempt = self.attempts.get(id).expect("not yet answered");
                let (request, client) = (attempt.request, attempt.client);
                self.observe(now, Observation::ServerFull { request, client });
                self.leave_server(now, id, None);
                self.reply_unavailable(now, id, cal);
                return;
            }
        }
        self.observe_server(now);
    }

    /// What a file says of the attempt that the limits let pass as `number`.
    pub(super) fn scripted(&self, now: SimTime, number: u64) -> Option<ScriptedAnswer> {
        self.config.api.script.as_ref()?.answer(now, number)
    }

    fn reply_unavailable(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let retry_after = self.config.api.retry_after_unavailable;
        self.reply_failure(now, id, (Outcome::Unavailable, retry_after), cal);
    }

    fn reply_failure(
        &mut self,
        now: SimTime,
        id: AttemptId,
        (outcome, retry_after): (Outcome, Option<SimDuration>),
        cal: &mut Cal,
    ) {
        self.attempts.get_mut(id).expect("not yet answered").hint = retry_after.map(Hint::After);
        self.reply(now, id, outcome, cal);
    }

    /// How the server fails on an attempt of its own accord, and its `Retry-After`: as the file
    /// says where one speaks of the attempt, otherwise by share. Nothing where it does not.
    fn own_failure(&self, id: AttemptId) -> Option<(Outcome, Option<SimDuration>)> {
        let attempt = self.attempts.get(id).expect("not yet answered");
        if let Some(ScriptedAnswer { outcome, retry_after, .. }) = attempt.script {
            return (outcome != Outcome::Ok).then_some((outcome, retry_after));
        }
        let failures = &self.config.api.failures;
        if failures.is_empty() {
            return None;
        }
        let draw = self.draw(Purpose::ApiFailure, attempt.entity, attempt.index).uniform();
        let failure = failures.iter().find(|failure| draw < failure.below)?;
        Some((failure.outcome, failure.retry_after))
    }

    /// The attempt is no longer at the server; its limit learns from how it ended there.
    fn leave_server(&mut self, now: SimTime, id: AttemptId, outcome: Option<Outcome>) {
        if self.server.limit.is_none() {
            return;
        }
        let attempt = self.attempts.get_mut(id).expect("not yet answered");
        let Some(place) = attempt.server_place.take() else { return };
        self.server.ended += 1;
        let mut probe = self.draw(Purpose::LimitProbe, self.config.api.entity, self.server.ended);
        if let Some(limit) = &mut self.server.limit {
            limit.leave(now, place, outcome, &mut probe);
        }
    }

    fn observe_server(&mut self, now: SimTime) {
        let (busy, waiting) = (self.server.station.busy(), self.server.station.waiting());
        self.observe(now, Observation::ServerBusy { busy, waiting });
    }

    fn start_service(&mut self, now: SimTime, since: SimTime, id: AttemptId, cal: &mut Cal) {
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (client, entity, index) = (attempt.client, attempt.entity, attempt.index);
        let mut draw = self.draw(Purpose::ApiService, entity, index);
        let mut service = self.config.api.service.sample(&mut draw);
        let per_busy = self.config.api.service_per_busy;
        if !per_busy.is_zero() {
            service += per_busy * u64::from(self.server.station.busy());
        }
        let service = self.config.slowdowns.api.taken(now, service);
        self.observe(now, Observation::ServiceStarted { client, wait: now - since });
        let until = now.saturating_add(service);
        self.attempts.get_mut(id).expect("not yet answered").serving_until = Some(until);
        cal.schedule(until, Event::AttemptServed(id));
    }

    /// A server is free: it takes the next of those who wait that is not sent away.
    fn take_next(&mut self, now: SimTime, cal: &mut Cal) {
        while let Some((since, next)) = self.server.station.finish() {
            if !self.turns_away(now, since, next, cal) {
                return self.start_service(now, since, next, cal);
            }
        }
    }

    /// Whether an attempt is dropped or shed now that its turn has come.
    fn turns_away(&mut self, now: SimTime, since: SimTime, id: AttemptId, cal: &mut Cal) -> bool {
        if self.config.api.abandoned == AbandonedSpec::Dropped {
            let attempt = self.attempts.get(id).expect("not yet answered");
            if attempt.abandoned {
                let client = attempt.client;
                self.leave_server(now, id, None);
                self.attempts.remove(id);
                self.observe(now, Observation::DroppedAbandoned { client });
                return true;
            }
        }
        let wait = now - since;
        let sheds = self.server.shedding.as_mut().is_some_and(|codel| codel.sheds(now, wait));
        if sheds {
            let attempt = self.attempts.get(id).expect("not yet answered");
            let (request, client) = (attempt.request, attempt.client);
            self.observe(now, Observation::Shed { request, client, wait });
            self.leave_server(now, id, Some(Outcome::Unavailable));
            self.reply_unavailable(now, id, cal);
        }
        sheds
    }

    /// The server is done with an attempt.
    pub(super) fn attempt_served(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let failure = self.own_failure(id);
        self.attempts.get_mut(id).expect("not yet answered").serving_until = None;
        // A fault says nothing of the load.
        self.leave_server(now, id, failure.is_none().then_some(Outcome::Ok));
        self.take_next(now, cal);
        self.observe_server(now);
        self.complete(now, id, failure, cal);
    }

    /// The latency that a file gives an attempt is over.
    pub(super) fn attempt_scripted(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let failure = self.own_failure(id);
        self.complete(now, id, failure, cal);
    }

    /// What was asked takes effect, whether or not the client still waits, and is answered; or the
    /// server fails.
    fn complete(
        &mut self,
        now: SimTime,
        id: AttemptId,
        failure: Option<(Outcome, Option<SimDuration>)>,
        cal: &mut Cal,
    ) {
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (client, trunk, errand) = (attempt.client, attempt.trunk, attempt.errand);
        let (need_at, limited, wasted) = (attempt.need_at, attempt.limited, attempt.abandoned);
        let key = attempt.key();
        let sojourn = now - attempt.came_at;
        self.observe(now, Observation::Served { client, sojourn, wasted });
        if let Some(failure) = failure {
            match failure {
                _ if wasted => {
                    self.attempts.remove(id);
                }
                (Outcome::TimedOut, _) => self.lose_answer(id),
                failure => self.reply_failure(now, id, failure, cal),
            }
            return;
        }
        let answer = match errand {
            Errand::Lookup => self.decide(trunk).0,
            Errand::Update => {
                let group: GroupId = self.decide(trunk);
                self.update_applies(now, trunk, group, (key, need_at, limited), cal);
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
