//! The breakers of the clients: asking them, telling them, and what follows when one opens.
//!
//! A move is reported when it is seen: one that a call or result makes at that instant, and one
//! that a library's timer makes (opossum's and resilience4j's half-open timers, Hystrix' snapshots,
//! Envoy's sweeps, Semian's updates) at its own instant, to which a look is scheduled. A breaker
//! that waits for the next call to become half-open is open until that call. After the horizon no
//! look is scheduled.

use super::{Cal, World};
use crate::engine::time::SimTime;
use crate::policies::breaker::{CallResult, Permit, Scope, State, Verdict};
use crate::system::entity::Entity;
use crate::system::event::Event;
use crate::system::ids::{ClientId, RequestId, TrunkId};
use crate::system::observation::{Cause, Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    pub(super) fn breaker_index(&self, client: ClientId, trunk: TrunkId) -> usize {
        match self.config.clients[client.index()].breaker.scope {
            _ if self.clients[client.index()].breakers.len() == 1 => 0,
            Scope::Global => 0,
            Scope::Region => self.config.trunk(trunk).region as usize,
            Scope::Trunk => trunk.index(),
        }
    }

    /// Whose the delays of a client's breaker are: its own, or a region's or trunk's.
    fn breaker_entity(&self, client: ClientId, trunk: TrunkId) -> Entity {
        let config = &self.config.clients[client.index()];
        match config.breaker.scope {
            Scope::Global => config.entity,
            Scope::Region => config.entity.with(self.config.trunk(trunk).region_entity),
            Scope::Trunk => config.entity.with(self.config.trunk(trunk).entity),
        }
    }

    /// Whether the breaker lets a call of the request through.
    pub(super) fn ask_breaker(
        &mut self,
        now: SimTime,
        request: RequestId,
        (client, trunk): (ClientId, TrunkId),
        cal: &mut Cal,
    ) -> Option<Permit> {
        let index = self.breaker_index(client, trunk);
        let asks = self.request(request);
        asks.questions += 1;
        let (entity, question) = (asks.entity, asks.question_index());
        let mut chance = self.draw(Purpose::BreakerChance, entity, question);
        let verdict = self.clients[client.index()].breakers.admit(index, now, &mut chance);
        self.breaker_moves(now, client, index, cal);
        match verdict {
            Verdict::Permit(permit) => Some(permit),
            Verdict::Refused { .. } => {
                let breaker = index as u32;
                self.observe(now, Observation::BreakerRefused { request, client, breaker, trunk });
                None
            }
        }
    }

    /// The result of a call goes back to the breaker that let it through. The call has taken since
    /// then: a wait for a connection counts.
    pub(super) fn tell_breaker(
        &mut self,
        now: SimTime,
        (request, client, trunk): (RequestId, ClientId, TrunkId),
        permit: Permit,
        result: CallResult,
        cal: &mut Cal,
    ) {
        let index = self.breaker_index(client, trunk);
        let openings = self.clients[client.index()].watches[index].openings;
        let entity = self.breaker_entity(client, trunk);
        let mut delay = self.draw(Purpose::BreakerDelay, entity, u64::from(openings));
        let took = now.saturating_since(permit.given_at());
        if O::LINKS {
            self.observe_told(now, (request, client), index, permit, result);
        }
        let breakers = &mut self.clients[client.index()].breakers;
        breakers.record(index, now, permit, (result, took), &mut delay);
        self.breaker_moves(now, client, index, cal);
    }

    fn observe_told(
        &mut self,
        now: SimTime,
        (request, client): (RequestId, ClientId),
        index: usize,
        permit: Permit,
        result: CallResult,
    ) {
        let counts = self.clients[client.index()].breakers.counts(index, now);
        let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let told = Observation::BreakerTold {
            client,
            breaker: index as u32,
            request,
            result,
            since: permit.given_at(),
            probe: permit.state() == State::HalfOpen,
            calls_before: whole(counts.calls),
            failures_before: whole(counts.failures),
        };
        self.observe(now, told);
    }

    /// A library's timer is due at breaker `index`, or at its whole pool.
    pub(super) fn breaker_wakes(
        &mut self,
        now: SimTime,
        client: ClientId,
        index: u32,
        cal: &mut Cal,
    ) {
        for index in self.clients[client.index()].breakers.beside(index as usize) {
            self.breaker_moves(now, client, index, cal);
        }
    }

    fn breaker_moves(&mut self, now: SimTime, client: ClientId, index: usize, cal: &mut Cal) {
        let it = &mut self.clients[client.index()];
        let to = it.breakers.state(index, now);
        let watch = &mut it.watches[index];
        if to != watch.state {
            watch.state = to;
            watch.openings += u32::from(to == State::Open);
            self.breaker_moved(now, client, index, to, cal);
        }
        self.watch_breaker(client, index, cal);
    }

    fn breaker_moved(
        &mut self,
        now: SimTime,
        client: ClientId,
        index: usize,
        to: State,
        cal: &mut Cal,
    ) {
        let capacity = to == State::Open && self.opens_falsely(now, client, index);
        let breaker = index as u32;
        self.observe(now, Observation::BreakerMoved { client, breaker, to, capacity });
        if to == State::Open && self.config.failover.triggers.breaker_open {
            for trunk in self.trunks_behind(client, index) {
                self.fail_over(now, trunk, Cause::BreakerOpen, cal);
            }
        }
    }

    /// Schedules a look at a breaker that may move by itself.
    fn watch_breaker(&mut self, client: ClientId, index: usize, cal: &mut Cal) {
        let it = &mut self.clients[client.index()];
        let Some(at) = it.breakers.next_move(index) else { return };
        let first = it.breakers.beside(index).start;
        let watch = &mut it.watches[first];
        if at == watch.wake_at || at >= self.config.horizon {
            return;
        }
        cal.cancel(watch.wake);
        watch.wake = cal.schedule(at, Event::BreakerWakes(client, first as u32));
        watch.wake_at = at;
    }
}
