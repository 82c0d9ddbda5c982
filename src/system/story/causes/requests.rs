//! Why a request had no answer: refused within its client, given up, or still waiting.

use super::super::breaker;
use super::{Failures, Gate, Step, Walk};
use crate::policies::Outcome;
use crate::policies::breaker::State;
use crate::system::config::FaultKind;
use crate::system::ids::{CallId, ClientId, RequestId};
use crate::system::observation::Observation;

impl Walk<'_> {
    /// Places of the request's attempts that failed before place `before`.
    pub(super) fn failed_attempts(&self, request: RequestId, before: usize) -> Vec<usize> {
        self.story.all(0..before, |fact| {
            matches!(*fact, Observation::AttemptEnded { request: r, outcome, .. }
                if r == request && outcome != Outcome::Ok)
        })
    }

    pub(super) fn failures(&self, ended: &[usize]) -> Failures {
        let mut failures = Failures::default();
        for &place in ended {
            if let Observation::AttemptEnded { outcome, .. } = self.story.facts[place].what {
                *failures.0.entry(outcome).or_default() += 1;
            }
        }
        failures
    }

    pub(super) fn request_over(&mut self, over: usize) {
        let Observation::RequestEnded { request, client, errand, attempts, refused, .. } =
            self.story.facts[over].what
        else {
            return;
        };
        if refused {
            return self.request_refused(over, request, client, attempts);
        }
        let ended = self.failed_attempts(request, over);
        let failed = self.failures(&ended);
        let asked = self.story.last(
            over,
            |fact| matches!(*fact, Observation::Requested { request: r, .. } if r == request),
        );
        let mut facts = ended.clone();
        facts.extend(asked);
        facts.push(over);
        let step = Step::GaveUp { request, client, errand, attempts, failed };
        self.push(self.story.at(over), step, facts);
        self.behind_failures(&ended);
    }

    pub(super) fn request_refused(
        &mut self,
        over: usize,
        request: RequestId,
        client: ClientId,
        attempts: u32,
    ) {
        let gate = |fact: &Observation| match *fact {
            Observation::BreakerRefused { request: r, breaker, .. } if r == request => {
                Some(Gate::Breaker(breaker))
            }
            Observation::BulkheadRefused { request: r, .. } if r == request => Some(Gate::Bulkhead),
            Observation::ClientThrottled { request: r, wait: None, .. } if r == request => {
                Some(Gate::Throttle)
            }
            _ => None,
        };
        let Some(place) = self.story.last(over, |fact| gate(fact).is_some()) else { return };
        let gate = gate(&self.story.facts[place].what).expect("found as such");
        let step = Step::Refused { request, client, gate, attempts };
        self.push(self.story.at(place), step, vec![place, over]);
        match gate {
            Gate::Breaker(breaker) => {
                let opened = self.story.last(place, |fact| {
                    matches!(*fact, Observation::BreakerMoved { client: c, breaker: b, to: State::Open, .. }
                        if c == client && b == breaker)
                });
                opened.into_iter().for_each(|opened| self.breaker_opened(opened));
            }
            Gate::Bulkhead | Gate::Throttle => {
                let ended = self.failed_attempts(request, over);
                self.behind_failures(&ended);
            }
        }
    }

    /// The attempt whose end a breaker was told at place `told`.
    pub(super) fn ended_before(&self, told: usize) -> Option<usize> {
        let Observation::BreakerTold { request, .. } = self.story.facts[told].what else {
            return None;
        };
        self.story.last(
            told,
            |fact| matches!(*fact, Observation::AttemptEnded { request: r, .. } if r == request),
        )
    }

    pub(super) fn breaker_opened(&mut self, opened: usize) {
        let Observation::BreakerMoved { client, breaker, .. } = self.story.facts[opened].what
        else {
            return;
        };
        let first = breaker::first_opening(self.story, (client, breaker), opened);
        if let Some(first) = first {
            let told = self.story.last(opened, |fact| {
                matches!(*fact, Observation::BreakerTold { client: c, breaker: b, probe: true, .. }
                    if c == client && b == breaker)
            });
            let ended = told.and_then(|told| self.ended_before(told));
            let outcome = ended.and_then(|ended| match self.story.facts[ended].what {
                Observation::AttemptEnded { outcome, .. } => Some(outcome),
                _ => None,
            });
            let facts = [Some(opened), told, ended].into_iter().flatten().collect();
            let step = Step::BreakerReopened { client, breaker, outcome };
            self.push(self.story.at(opened), step, facts);
            return self.breaker_opened(first);
        }
        let counted = breaker::counted(self.story, self.config, (client, breaker), opened);
        let ended: Vec<usize> =
            counted.failures.iter().filter_map(|told| self.ended_before(*told)).collect();
        let step = Step::BreakerOpened {
            client,
            breaker,
            calls: counted.calls,
            failures: counted.failures.len() as u32,
            window: counted.window,
            failed: self.failures(&ended),
        };
        let mut facts = counted.failures;
        facts.push(opened);
        self.push(self.story.at(opened), step, facts);
        self.behind_failures(&ended);
    }

    /// What the call's look-up was doing at place `at`.
    pub(super) fn still_asking(&mut self, at: usize, call: CallId) {
        let asks = self
            .story
            .last(at, |fact| matches!(*fact, Observation::CallAsks { call: c, .. } if c == call));
        let Some(asks) = asks else { return };
        let Observation::CallAsks { request, .. } = self.story.facts[asks].what else { return };
        let of = |fact: &Observation| match *fact {
            Observation::Requested { request: r, client, .. } if r == request => Some(client),
            _ => None,
        };
        let Some(client) = self.story.facts[..at].iter().rev().find_map(|f| of(&f.what)) else {
            return;
        };
        let over = self.story.last(
            at,
            |fact| matches!(*fact, Observation::RequestEnded { request: r, .. } if r == request),
        );
        let answered = over.map(|over| self.story.at(over));
        let ended = self.failed_attempts(request, at);
        let (asked, failed) = (self.story.at(asks), self.failures(&ended));
        let mut facts = ended.clone();
        facts.push(asks);
        self.push(asked, Step::StillAsking { call, request, asked, answered, failed }, facts);
        let last = self.story.last(at, |fact| {
            matches!(*fact, Observation::RequestWaits { request: r, .. }
                | Observation::AttemptSent { request: r, .. } if r == request)
        });
        match last.map(|place| (place, self.story.facts[place].what)) {
            Some((place, Observation::RequestWaits { .. })) => {
                self.connections_held(place, request, client);
            }
            _ if !ended.is_empty() => self.behind_failures(&ended),
            _ => {
                self.fault(at, |kind| {
                    matches!(kind, FaultKind::ApiSlowdown(_) | FaultKind::ApiNetwork { .. })
                });
            }
        }
    }

    /// Who held the client's connections when the request began to wait for one, at place `waits`.
    pub(super) fn connections_held(&mut self, waits: usize, request: RequestId, client: ClientId) {
        let config = &self.config.clients[client.index()];
        let mut held: Vec<(RequestId, usize)> = Vec::new();
        for (place, fact) in self.story.facts[..waits].iter().enumerate() {
            match fact.what {
                Observation::AttemptSent { request, client: c, .. }
                    if c == client && !held.iter().any(|(r, _)| *r == request) =>
                {
                    held.push((request, place));
                }
                Observation::RequestEnded { request, .. } => held.retain(|(r, _)| *r != request),
                Observation::AttemptEnded { request, .. } if !config.hold_connection => {
                    held.retain(|(r, _)| *r != request);
                }
                _ => {}
            }
        }
        let holders: Vec<RequestId> = held.iter().map(|(r, _)| *r).collect();
        let mut facts: Vec<usize> = held.iter().map(|(_, place)| *place).collect();
        facts.push(waits);
        let connections = config.connections;
        let step = Step::ConnectionsHeld { request, client, connections, holders: holders.clone() };
        self.push(self.story.at(waits), step, facts);
        let mut ended: Vec<usize> =
            holders.iter().flat_map(|holder| self.failed_attempts(*holder, waits)).collect();
        ended.sort_unstable();
        if ended.is_empty() {
            self.fault(waits, |kind| {
                matches!(kind, FaultKind::ApiSlowdown(_) | FaultKind::ApiNetwork { .. })
            });
        }
        self.behind_failures(&ended);
    }
}
