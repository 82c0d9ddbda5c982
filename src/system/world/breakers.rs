//! The breakers of the clients: asking them, telling them, and what follows when one opens.

use super::{Cal, World};
use crate::engine::time::SimTime;
use crate::policies::breaker::{CallResult, Permit, Scope, State, Verdict};
use crate::policies::limiter::stack;
use crate::system::ids::{ClientId, TrunkId};
use crate::system::observation::{Cause, Observation, Observer};

impl<O: Observer> World<'_, O> {
    fn breaker_index(&self, client: ClientId, trunk: TrunkId) -> usize {
        match self.config.clients[client.index()].breaker.scope {
            _ if self.clients[client.index()].breakers.len() == 1 => 0,
            Scope::Global => 0,
            Scope::Region => self.config.trunk(trunk).region as usize,
            Scope::Trunk => trunk.index(),
        }
    }

    /// Whether the breaker lets a call through.
    pub(super) fn ask_breaker(
        &mut self,
        now: SimTime,
        client: ClientId,
        trunk: TrunkId,
        cal: &mut Cal,
    ) -> Option<Permit> {
        let index = self.breaker_index(client, trunk);
        let breaker = &mut self.clients[client.index()].breakers[index];
        let before = breaker.state();
        let verdict = breaker.admit(now);
        self.breaker_moves(now, client, index, before, cal);
        match verdict {
            Verdict::Permit(permit) => Some(permit),
            Verdict::Refused { .. } => {
                let breaker = index as u32;
                self.observe(now, Observation::BreakerRefused { client, breaker, trunk });
                None
            }
        }
    }

    /// The result of a call goes back to the breaker that let it through.
    pub(super) fn tell_breaker(
        &mut self,
        now: SimTime,
        (client, trunk): (ClientId, TrunkId),
        permit: Permit,
        result: CallResult,
        cal: &mut Cal,
    ) {
        let index = self.breaker_index(client, trunk);
        let breaker = &mut self.clients[client.index()].breakers[index];
        let before = breaker.state();
        breaker.record(now, permit, result);
        self.breaker_moves(now, client, index, before, cal);
    }

    fn breaker_moves(
        &mut self,
        now: SimTime,
        client: ClientId,
        index: usize,
        before: State,
        cal: &mut Cal,
    ) {
        let to = self.clients[client.index()].breakers[index].state();
        if to == before {
            return;
        }
        let path = &self.config.clients[client.index()].limiters;
        let capacity = !stack::refuses(&self.server.limiters, path, now) && self.server.has_room();
        let breaker = index as u32;
        self.observe(now, Observation::BreakerMoved { client, breaker, to, capacity });
        if to == State::Open && self.config.failover.triggers.breaker_open {
            let behind: Vec<TrunkId> = (0..self.trunks.len() as u32)
                .map(TrunkId)
                .filter(|t| {
                    t.0 % self.config.replicas == client.0
                        && self.breaker_index(client, *t) == index
                })
                .collect();
            for trunk in behind {
                self.fail_over(now, trunk, Cause::BreakerOpen, cal);
            }
        }
    }
}
