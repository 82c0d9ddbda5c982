//! What an attempt would meet at the opening of a breaker: the ground truth behind false openings.
//!
//! An opening is false where an attempt sent at that instant would have been served in time with a
//! probability above 1 − the failure rate that opens the breaker ([`MachineSpec::failure_rate`]).
//! An attempt that a limiter on its path would refuse now is not served; one that would be held back
//! waits first. One that finds the server's queue or concurrency limit full is not served. Otherwise
//! the state of the server decides: who is in service until when, who waits with which demand. The
//! attempt's own ways, losses and service demand are random: [`SAMPLES`] samples are drawn once per
//! run, under a purpose of their own, and every opening is judged by the same ones. In time means
//! before the client's attempt time-out. Where a file says how the next attempt ends
//! (`api.outcomes`), that decides. Who comes to the server later counts for nothing, and each
//! trunk behind the breaker counts alike.
//!
//! [`MachineSpec::failure_rate`]: crate::policies::breaker::MachineSpec::failure_rate

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::World;
use super::attempts::{RETRANSMISSION, TRIES};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::limiter::stack;
use crate::system::ids::{AttemptId, ClientId, TrunkId};
use crate::system::observation::Observer;
use crate::system::purpose::Purpose;
use crate::system::spec::AbandonedSpec;

/// Attempts that an opening is judged by: a probability is off by 0.01 or so.
const SAMPLES: u64 = 1000;

/// What is random about an attempt.
#[derive(Copy, Clone, Debug)]
pub(super) struct Prospect {
    service: SimDuration,
    /// The network's law, there and back.
    ways: [SimDuration; 2],
    /// Decides on losses, there and back.
    losses: [f64; 2],
}

/// What an attempt would meet at the server.
#[derive(Copy, Clone, Debug)]
struct Station {
    /// When the limiters let it pass, if it is there by then.
    passes: SimTime,
    /// When a server is free for it, if it is there by then.
    free: SimTime,
    /// Attempts in service then, itself included.
    busy: u32,
    /// How long the answer takes, where a file says it.
    scripted: Option<SimDuration>,
}

impl<O: Observer> World<'_, O> {
    /// Whether an opening of the breaker at `now` is false.
    pub(super) fn opens_falsely(&mut self, now: SimTime, client: ClientId, index: usize) -> bool {
        let needed = 1.0 - self.config.clients[client.index()].breaker.machine.failure_rate();
        self.served_in_time(now, client, index) > needed
    }

    /// The probability that an attempt sent at `now` would be served in time.
    fn served_in_time(&mut self, now: SimTime, client: ClientId, index: usize) -> f64 {
        let config = &self.config.clients[client.index()];
        let token = self.clients[client.index()].token as usize;
        let Some(passes) = stack::would_pass(&self.server.limiters, &config.charges[token], now)
        else {
            return 0.0;
        };
        let latest = now + config.attempt_timeout;
        let scripted = self.scripted(now, self.server.passed + 1);
        let succeeds = match scripted {
            Some(answer) => f64::from(u8::from(answer.outcome == Outcome::Ok)),
            None => 1.0 - self.config.api.failures.last().map_or(0.0, |failure| failure.below),
        };
        let scripted = scripted.and_then(|answer| answer.latency);
        let (free, busy) = match scripted {
            Some(_) => (passes, 0),
            None if succeeds <= 0.0 || !self.server.has_room() => return 0.0,
            None => match self.server_for(now, passes, latest) {
                Some(server) => server,
                None => return 0.0,
            },
        };
        if self.prospects.is_empty() {
            self.prospects = self.draw_prospects();
        }
        let station = Station { passes, free, busy, scripted };
        let behind = self.trunks_behind(client, index);
        let rtt = |sample: usize| match (config.rtt, behind.as_slice()) {
            (Some(rtt), _) => rtt,
            (None, []) => SimDuration::ZERO,
            (None, trunks) => self.config.trunk(trunks[sample % trunks.len()]).rtt_api,
        };
        let in_time = self.prospects.iter().enumerate().filter(|(sample, prospect)| {
            self.answered_at(now, prospect, rtt(*sample), station).is_some_and(|at| at < latest)
        });
        in_time.count() as f64 / self.prospects.len() as f64 * succeeds
    }

    /// When the answer to an attempt sent at `now` would be there; nothing where it is lost.
    fn answered_at(
        &self,
        now: SimTime,
        prospect: &Prospect,
        rtt: SimDuration,
        station: Station,
    ) -> Option<SimTime> {
        let way = |which: usize| {
            let way = rtt / 2 + self.api_network.delay + prospect.ways[which];
            Some(way + retransmissions(self.api_network.loss, prospect.losses[which])?)
        };
        let comes = (now + way(0)?).max(station.passes).max(station.free);
        let mut service = prospect.service;
        let per_busy = self.config.api.service_per_busy;
        if !per_busy.is_zero() {
            service += per_busy * u64::from(station.busy);
        }
        let takes = match station.scripted {
            Some(latency) => latency,
            None => self.config.slowdowns.api.taken(comes, service),
        };
        Some(comes + takes + way(1)?)
    }

    /// When a server is free for an attempt that comes at `comes`, and how many are busy then,
    /// itself included; nothing where that is after `latest`, or where it would be shed.
    fn server_for(&self, now: SimTime, comes: SimTime, latest: SimTime) -> Option<(SimTime, u32)> {
        let station = &self.server.station;
        let ends = self.attempts.ids().filter_map(|id| self.attempts.get(id)?.serving_until);
        let mut ends: BinaryHeap<Reverse<SimTime>> = ends.map(Reverse).collect();
        let busy_at = |ends: &BinaryHeap<Reverse<SimTime>>, at: SimTime| {
            1 + ends.iter().filter(|Reverse(end)| *end > at).count() as u32
        };
        if station.is_idle() {
            return Some((now, busy_at(&ends, comes)));
        }
        let mut queue: VecDeque<(SimTime, AttemptId)> = station.queue().collect();
        let mut codel = self.server.shedding.clone();
        while let Some(&Reverse(free)) = ends.peek() {
            if free > latest {
                return None;
            }
            let has_come = free >= comes;
            let waiting = queue.len() + usize::from(has_come);
            let takes_last = self.config.api.order.takes_last(waiting);
            if queue.is_empty() || has_come && takes_last {
                let wait = free.max(comes) - comes;
                let shed = codel.as_mut().is_some_and(|codel| codel.sheds(free.max(comes), wait));
                return (!shed).then(|| (free, busy_at(&ends, free.max(comes))));
            }
            let next = if takes_last { queue.pop_back() } else { queue.pop_front() };
            let Some((since, id)) = next else { break };
            let wait = free - since;
            let dropped = self.is_dropped(id);
            if !dropped && !codel.as_mut().is_some_and(|codel| codel.sheds(free, wait)) {
                ends.pop();
                ends.push(Reverse(free + self.service_of(id, free)));
            }
        }
        Some((now, 1))
    }

    /// Whether a waiting attempt is dropped when its turn comes, because its client has gone.
    fn is_dropped(&self, id: AttemptId) -> bool {
        let abandoned = self.attempts.get(id).is_none_or(|attempt| attempt.abandoned);
        abandoned && self.config.api.abandoned == AbandonedSpec::Dropped
    }

    /// How long a waiting attempt will be served from then on, with all servers busy.
    fn service_of(&self, id: AttemptId, from: SimTime) -> SimDuration {
        let Some(attempt) = self.attempts.get(id) else { return SimDuration::ZERO };
        let mut draw = self.draw(Purpose::ApiService, attempt.entity, attempt.index);
        let api = &self.config.api;
        let service = api.service.sample(&mut draw) + api.service_per_busy * u64::from(api.servers);
        self.config.slowdowns.api.taken(from, service)
    }

    /// The trunks whose requests this breaker judges.
    pub(super) fn trunks_behind(&self, client: ClientId, index: usize) -> Vec<TrunkId> {
        (0..self.trunks.len() as u32)
            .map(TrunkId)
            .filter(|t| self.replica_of(*t) == client && self.breaker_index(client, *t) == index)
            .collect()
    }

    fn draw_prospects(&self) -> Vec<Prospect> {
        let api = &self.config.api;
        let mut samples = Vec::new();
        for index in 0..SAMPLES {
            let mut draw = self.draw(Purpose::Prospect, api.entity, index);
            let losses = [draw.open_uniform(), draw.open_uniform()];
            let service = api.service.sample(&mut draw);
            let mut way =
                || api.network.as_ref().map_or(SimDuration::ZERO, |l| l.sample(&mut draw));
            samples.push(Prospect { service, ways: [way(), way()], losses });
        }
        samples
    }
}

/// What lost segments cost a message, where each is lost with probability `loss`; nothing where the
/// message never arrives. `chance` is uniform on (0, 1].
fn retransmissions(loss: f64, chance: f64) -> Option<SimDuration> {
    let (mut wait, mut all, mut lost) = (RETRANSMISSION, SimDuration::ZERO, loss);
    for _ in 0..TRIES {
        if chance > lost {
            return Some(all);
        }
        lost *= loss;
        all += wait;
        wait = wait * 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_doubles_the_wait_and_eight_are_too_many() {
        let ms = SimDuration::from_millis;
        for (loss, chance, cost) in [
            (0.0, 1e-300, Some(0)),
            (0.5, 0.51, Some(0)),
            (0.5, 0.5, Some(200)),
            (0.5, 0.2, Some(600)),
            (0.5, 0.004, Some(25_400)),
            (0.5, 0.003, None),
        ] {
            assert_eq!(retransmissions(loss, chance), cost.map(ms), "{loss} {chance}");
        }
    }
}
