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
use crate::system::spec::AbandonedSpec;
use crate::system::station::{Offer, Station};

impl Server {
    /// An idle server; `probe` is its limit's first draw.
    pub(super) fn new(api: &ApiConfig, mut probe: Draw) -> Self {
        let limited = api.concurrency != ConcurrencySpec::None;
        Self {
            limiters: api.limiters.iter().map(|(_, spec)| Limiter::new(spec)).collect(),
            station: Station::ordered(api.servers, api.queue, api.order),
            scales: vec![1.0; api.limiters.len()],
            shedding: Codel::new(&api.shedding),
            limit: limited.then(|| Concurrency::new(&api.concurrency, &mut probe)),
            ended: 0,
        }
    }

    /// Whether it would take one more.
    pub(super) fn has_room(&self) -> bool {
        !self.station.is_full() && self.limit.as_ref().is_none_or(|limit| !limit.is_full())
    }
}

impl<O: Observer> World<'_, O> {
    /// Past the limiters: into the station.
    pub(super) fn serve(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
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

    fn reply_unavailable(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let hint = self.config.api.retry_after_unavailable.map(Hint::After);
        self.attempts.get_mut(id).expect("not yet answered").hint = hint;
        self.reply(now, id, Outcome::Unavailable, cal);
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

    /// The server is done: what was asked takes effect, whether or not the client still waits.
    pub(super) fn attempt_served(&mut self, now: SimTime, id: AttemptId, cal: &mut Cal) {
        let fails = self.api_fails(id);
        self.attempts.get_mut(id).expect("not yet answered").serving_until = None;
        // A fault says nothing of the load.
        self.leave_server(now, id, (!fails).then_some(Outcome::Ok));
        self.take_next(now, cal);
        self.observe_server(now);
        let attempt = self.attempts.get(id).expect("not yet answered");
        let (client, trunk, errand) = (attempt.client, attempt.trunk, attempt.errand);
        let (need_at, limited, wasted) = (attempt.need_at, attempt.limited, attempt.abandoned);
        let key = attempt.key();
        let sojourn = now - attempt.came_at;
        self.observe(now, Observation::Served { client, sojourn, wasted });
        if fails {
            if wasted {
                self.attempts.remove(id);
            } else {
                self.reply_unavailable(now, id, cal);
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
