//! The bulkheads of the clients: who may go on, who waits, and who is next when a place is free.
//!
//! An attempt takes its place after the breaker has let it through and before it has a connection,
//! as resilience4j nests them; where the connection is kept between attempts, after it has one. A
//! whole request takes its place before anything else.

use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::Permit;
use crate::policies::bulkhead::{BulkheadPlacement, Entry};
use crate::policies::concurrency::Place;
use crate::system::client::{Request, RequestState};
use crate::system::event::Event;
use crate::system::ids::{ClientId, RequestId};
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    /// Whether this client counts places for requests, or for attempts.
    pub(super) fn has_bulkhead(&self, client: ClientId, placement: BulkheadPlacement) -> bool {
        let config = &self.config.clients[client.index()];
        config.bulkhead.placement == placement && config.bulkhead.counts(&config.concurrency)
    }

    /// A request, or the attempt of one that holds `permit`, would enter. It goes on with a place,
    /// waits, or ends.
    pub(super) fn enter_bulkhead(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        opening: bool,
        cal: &mut Cal,
    ) {
        let client = self.request(id).client;
        let part = &mut self.clients[client.index()];
        match part.bulkhead.enter(now) {
            Entry::Enters(place) => self.with_place(now, id, permit, place, opening, cal),
            Entry::Waits { until } => {
                part.lobby.join(id, 0);
                let timer = if until == SimTime::NEVER {
                    Handle::NONE
                } else {
                    cal.schedule(until, Event::BulkheadWaitEnds(id))
                };
                self.request(id).state = RequestState::InLobby { permit, timer, opening };
            }
            Entry::Refused => self.bulkhead_refuses(now, id, permit, opening, cal),
        }
    }

    fn with_place(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        place: Place,
        opening: bool,
        cal: &mut Cal,
    ) {
        if opening {
            self.request(id).place = Some(place);
            self.open(now, id, cal);
        } else {
            self.with_connection(now, id, permit, Some(place), cal);
        }
    }

    /// The breaker's permit goes back unused, unless it counts what the bulkhead refuses. A whole
    /// request ends; a try has failed.
    pub(super) fn bulkhead_refuses(
        &mut self,
        now: SimTime,
        id: RequestId,
        permit: Option<Permit>,
        opening: bool,
        cal: &mut Cal,
    ) {
        let request = self.request(id);
        let (client, trunk) = (request.client, request.trunk);
        self.observe(now, Observation::BulkheadRefused { request: id, client, trunk });
        if let Some(permit) = permit {
            let result = self.config.clients[client.index()].breaker.classify(Outcome::Bulkhead);
            self.tell_breaker(now, (id, client, trunk), permit, result, cal);
        }
        if opening {
            return self.end_request(now, id, None, true, cal);
        }
        let depth = self.clients[client.index()].loops.depth();
        self.refuse_try(now, id, depth, Outcome::Bulkhead, cal);
    }

    /// A place is given back, with how it ended; the request that has waited longest gets it, and
    /// more requests where the limit has grown.
    pub(super) fn leave_bulkhead(
        &mut self,
        now: SimTime,
        client: ClientId,
        place: Place,
        outcome: Option<Outcome>,
        cal: &mut Cal,
    ) {
        let part = &mut self.clients[client.index()];
        part.left += 1;
        let number = part.left;
        let mut probe =
            self.draw(Purpose::LimitProbe, self.config.clients[client.index()].entity, number);
        let part = &mut self.clients[client.index()];
        part.bulkhead.leave(now, place, outcome, &mut probe);
        // Who goes on may end at once and give its place back: that is for the loop under way.
        if std::mem::replace(&mut part.admitting, true) {
            return;
        }
        loop {
            let part = &mut self.clients[client.index()];
            let Some(place) = part.bulkhead.next(now) else {
                part.admitting = false;
                return;
            };
            let next = part.lobby.next().expect("a waiting request is in the lobby");
            let RequestState::InLobby { permit, timer, opening } = self.request(next).state else {
                unreachable!("a request in the lobby waits for a place");
            };
            cal.cancel(timer);
            self.with_place(now, next, permit, place, opening, cal);
        }
    }

    /// A wait in the bulkhead's queue has reached its limit.
    pub(super) fn bulkhead_wait_ends(&mut self, now: SimTime, id: RequestId, cal: &mut Cal) {
        let Some(request) = self.requests.get(id) else { return };
        if let RequestState::InLobby { permit, opening, .. } = request.state {
            self.leave_lobby(id);
            self.bulkhead_refuses(now, id, permit, opening, cal);
        }
    }

    /// Which requests wait within their client, for want of what others there have.
    pub(in crate::system) fn stuck(&self) -> Option<String> {
        let mut parts = Vec::new();
        for (client, config) in self.config.clients.iter().enumerate() {
            let of = |waits: fn(&Request) -> bool| {
                self.requests.iter().filter(|r| r.client.index() == client && waits(r)).count()
            };
            let lobby = of(|r| matches!(r.state, RequestState::InLobby { .. }));
            let connected = of(|r| r.connected && matches!(r.state, RequestState::InLobby { .. }));
            let pool = of(|r| matches!(r.state, RequestState::Waiting { .. }));
            let placed = of(|r| matches!(r.state, RequestState::Waiting { place: Some(_), .. }));
            if lobby + pool > 0 {
                parts.push(format!(
                    "of {}, {lobby} wait for a place in the bulkhead ({connected} with a \
                     connection) and {pool} for a connection ({placed} with a place)",
                    config.name
                ));
            }
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What has not ended, by the law that says so, and whose requests it is of.
    pub(in crate::system) fn late(&self, law: &str) -> String {
        let mut parts = vec![law.to_owned()];
        for (client, config) in self.config.clients.iter().enumerate() {
            let requests = self.requests.iter().filter(|r| r.client.index() == client).count();
            let attempts = self.attempts.iter().filter(|a| a.client.index() == client).count();
            if requests + attempts > 0 {
                let name = &config.name;
                parts.push(format!("of {name}, {requests} requests and {attempts} attempts"));
            }
        }
        parts.join("; ")
    }

    /// It waits for a place no longer.
    pub(super) fn leave_lobby(&mut self, id: RequestId) {
        let client = self.request(id).client;
        let part = &mut self.clients[client.index()];
        assert!(part.lobby.leave(id), "who waits for a place is in the lobby");
        part.bulkhead.stop_waiting();
    }
}
