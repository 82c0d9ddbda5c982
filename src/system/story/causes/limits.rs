//! Why attempts failed: limits and what used them up, the server, faults.

use super::super::burst;
use super::{SPELL_GAP_MIN, Step, TURN_BEFORE, Walk};
use crate::policies::Outcome;
use crate::system::config::FaultKind;
use crate::system::ids::{LegId, RequestId};
use crate::system::observation::{Errand, Observation};

impl Walk<'_> {
    /// Cause of failed attempts, by the most frequent kind: refused by a limiter, answered with an
    /// error by the server, or not answered in time.
    pub(super) fn behind_failures(&mut self, ended: &[usize]) {
        let (mut limited, mut failed, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
        for &place in ended {
            match self.story.facts[place].what {
                Observation::AttemptEnded { limiter: Some(_), .. } => limited.push(place),
                Observation::AttemptEnded { outcome: Outcome::TimedOut, .. } => {
                    unanswered.push(place);
                }
                Observation::AttemptEnded { .. } => failed.push(place),
                _ => {}
            }
        }
        let most = limited.len().max(failed.len()).max(unanswered.len());
        if most == 0 {
        } else if limited.len() == most {
            self.limited(&limited);
        } else if failed.len() == most {
            self.server_refused(&failed);
        } else {
            self.unanswered(&unanswered);
        }
    }

    pub(super) fn limiter_at(&self, place: usize) -> Option<u32> {
        match self.story.facts[place].what {
            Observation::LimiterRefused { limiter, .. } => Some(limiter),
            _ => None,
        }
    }

    pub(super) fn limited(&mut self, ended: &[usize]) {
        let refusal = |fact: &Observation| match *fact {
            Observation::LimiterRefused { request, .. } => Some(request),
            _ => None,
        };
        let refusals: Vec<usize> =
            ended.iter().filter_map(|e| self.of_attempt(*e, refusal)).collect();
        let count = |limiter: u32| {
            refusals.iter().filter(|r| self.limiter_at(**r) == Some(limiter)).count()
        };
        let limiters = 0..self.config.api.limiters.len() as u32;
        let Some(limiter) = limiters.rev().max_by_key(|l| count(*l)) else { return };
        let others = (refusals.len() - count(limiter)) as u32;
        let mut own: Vec<usize> =
            refusals.into_iter().filter(|r| self.limiter_at(*r) == Some(limiter)).collect();
        own.sort_unstable();
        let Some((&first, &last)) = own.first().zip(own.last()) else { return };
        let start = self.spell_start(limiter, first);
        let spell = (start..=last).filter(|&i| self.limiter_at(i) == Some(limiter)).count();
        let step = Step::Limited {
            limiter,
            refusals: own.len() as u32,
            others,
            spell: spell as u32,
            until: self.story.at(last),
        };
        own.push(start);
        self.push(self.story.at(start), step, own);
        let cut = |kind: &FaultKind| matches!(kind, FaultKind::ApiLimit { limiters, .. } if limiters.contains(&limiter));
        self.fault(start, cut);
        self.burst(Some(limiter), last);
    }

    /// The first refusal of the limiter's spell of refusing to which the one at `place` belongs.
    pub(super) fn spell_start(&self, limiter: u32, place: usize) -> usize {
        let spec = &self.config.api.limiters[limiter as usize].spec;
        let gap = burst::span(spec).max(SPELL_GAP_MIN);
        let mut start = place;
        for i in (0..place).rev() {
            if self.limiter_at(i) == Some(limiter) {
                if self.story.at(start) - self.story.at(i) > gap {
                    break;
                }
                start = i;
            }
        }
        start
    }

    pub(super) fn server_refused(&mut self, ended: &[usize]) {
        let refusal = |fact: &Observation| match *fact {
            Observation::ServerFull { request, .. }
            | Observation::ServerOverLimit { request, .. }
            | Observation::Shed { request, .. } => Some(request),
            _ => None,
        };
        let refusals: Vec<usize> =
            ended.iter().filter_map(|e| self.of_attempt(*e, refusal)).collect();
        // A server that fails of its own accord (`api.failure_share`, `api.failures`, `api.outcomes`) refuses nothing.
        let Some((&first, &last)) = refusals.first().zip(refusals.last()) else { return };
        let step = Step::ServerRefused { refusals: refusals.len() as u32 };
        self.push(self.story.at(first), step, refusals);
        self.fault(first, |kind| matches!(kind, FaultKind::ApiSlowdown(_)));
        self.burst(None, last);
    }

    pub(super) fn unanswered(&mut self, ended: &[usize]) {
        let Some((&first, &last)) = ended.first().zip(ended.last()) else { return };
        let step = Step::Unanswered { attempts: ended.len() as u32 };
        self.push(self.story.at(first), step, ended.to_vec());
        let slow = |kind: &FaultKind| {
            matches!(kind, FaultKind::ApiSlowdown(_) | FaultKind::ApiNetwork { .. })
        };
        if !self.fault(last, slow) {
            self.burst(None, last);
        }
    }

    pub(super) fn burst(&mut self, limiter: Option<u32>, until: usize) {
        let Some((burst, places)) = burst::behind(self.story, self.config, limiter, until) else {
            return;
        };
        let requests: Vec<RequestId> = places
            .iter()
            .filter_map(|place| match self.story.facts[*place].what {
                Observation::LimiterAdmitted { request, .. }
                | Observation::LimiterRefused { request, .. } => Some(request),
                _ => None,
            })
            .collect();
        let (since, first) = (burst.since, places[0]);
        self.push(since, Step::Burst(burst), places);
        let updates = self.story.all(0..until, |fact| {
            matches!(*fact, Observation::Requested { request, errand: Errand::Update, .. }
                if requests.contains(&request))
        });
        if 2 * updates.len() > requests.len() {
            let turned = self
                .story
                .last(first, |fact| matches!(fact, Observation::AvailabilityTurned { .. }));
            if let Some(place) = turned
                && since - self.story.at(place) <= TURN_BEFORE
                && let Observation::AvailabilityTurned { group, trunks } =
                    self.story.facts[place].what
            {
                self.push_at(place, Step::AvailabilityTurned { group, trunks });
            }
        }
    }

    /// The last fault of that kind, if it was on at place `at`.
    pub(super) fn fault(&mut self, at: usize, is: impl Fn(&FaultKind) -> bool) -> bool {
        let place = self.story.last(at + 1, |fact| {
            matches!(*fact, Observation::FaultMoved { fault, .. }
                if is(&self.config.faults[fault as usize].kind))
        });
        if let Some(place) = place
            && let Observation::FaultMoved { fault, on: true } = self.story.facts[place].what
        {
            self.push_at(place, Step::Fault { fault });
            return true;
        }
        false
    }

    /// A fault, or a carrier's own outage, that concerns the leg and was on at place `at`.
    pub(super) fn network_fault(&mut self, at: usize, leg: LegId) {
        let carrier = self.config.leg(leg).carrier;
        let sbc = self.config.trunk(leg.trunk()).sbc;
        let concerns = |kind: &FaultKind| match *kind {
            FaultKind::Carrier(c, _) | FaultKind::LegNetwork { carrier: c, .. } => c == carrier,
            FaultKind::Sbc(s, _) => s == sbc,
            _ => false,
        };
        if self.fault(at, concerns) {
            return;
        }
        let moved = self.story.last(
            at + 1,
            |fact| matches!(*fact, Observation::CarrierMoved { carrier: c, .. } if c == carrier),
        );
        if let Some(place) = moved
            && let Observation::CarrierMoved { down: true, .. } = self.story.facts[place].what
        {
            self.push_at(place, Step::CarrierDown { carrier });
        }
    }
}
