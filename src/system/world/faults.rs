//! What goes wrong: timed faults and random outages.

use super::{Cal, Network, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::FaultKind;
use crate::system::event::Event;
use crate::system::ids::CarrierId;
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::slowdown::bounded;

impl<'c, O: Observer> World<'c, O> {
    pub(super) fn start_faults(&mut self, cal: &mut Cal) {
        let config = self.config;
        let happen = config.faults.iter().filter(|fault| fault.happens(config.horizon));
        let mut instants: Vec<SimTime> = happen.flat_map(|f| [f.at, f.until]).collect();
        instants.sort_unstable();
        instants.dedup();
        for at in instants.into_iter().filter(|at| *at < SimTime::NEVER) {
            cal.schedule(at, Event::FaultsMove);
        }
        for (g, group) in (0u32..).zip(&config.groups) {
            for &(at, agents) in &group.staffing {
                let event = Event::StaffingChanges(crate::system::ids::GroupId(g), agents);
                self.schedule_source(cal, at, event);
            }
        }
        for c in 0..config.carriers.len() as u32 {
            self.schedule_failure(SimTime::ZERO, CarrierId(c), cal);
        }
    }

    fn schedule_failure(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(law) = &self.config.carriers[carrier.index()].outages else { return };
        let number = self.carriers[carrier.index()].failures;
        let wait = law.time_to_failure.sample(&mut self.draw(
            Purpose::TimeToFailure,
            self.carrier_entity(carrier),
            number,
        ));
        self.schedule_source(cal, now.saturating_add(wait), Event::CarrierFails(carrier));
    }

    /// A random outage begins. An outage of length zero has no effect.
    pub(super) fn carrier_fails(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(law) = &self.config.carriers[carrier.index()].outages else { return };
        let crew = law.crew.map(|crew| crew as usize);
        let waits = crew.is_some_and(|crew| !self.crews[crew].is_empty());
        self.carriers[carrier.index()].failures += 1;
        if !waits && self.repair_time(carrier).is_zero() {
            return self.schedule_failure(now, carrier, cal);
        }
        if let Some(crew) = crew {
            self.crews[crew].push_back(carrier);
        }
        if !waits {
            self.repair_begins(now, carrier, cal);
        }
        let kind = self.config.carriers[carrier.index()].outage_kind;
        self.carrier_moves(now, carrier, (true, kind), cal);
    }

    fn repair_begins(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let repair = self.repair_time(carrier);
        cal.schedule(now.saturating_add(repair), Event::CarrierRepaired(carrier));
    }

    fn repair_time(&self, carrier: CarrierId) -> SimDuration {
        let Some(law) = &self.config.carriers[carrier.index()].outages else {
            return SimDuration::ZERO;
        };
        let number = self.carriers[carrier.index()].failures - 1;
        let mut draw = self.draw(Purpose::TimeToRepair, self.carrier_entity(carrier), number);
        law.time_to_repair.sample(&mut draw)
    }

    /// A random outage is over, and its crew goes to the next. Only here does the time to the next
    /// random one begin: a carrier has one process of random outages, besides scheduled ones.
    pub(super) fn carrier_repaired(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let law = self.config.carriers[carrier.index()].outages.as_ref();
        if let Some(crew) = law.and_then(|law| law.crew) {
            let failed = &mut self.crews[crew as usize];
            failed.pop_front();
            if let Some(&next) = failed.front() {
                self.repair_begins(now, next, cal);
            }
        }
        let kind = self.config.carriers[carrier.index()].outage_kind;
        self.carrier_moves(now, carrier, (false, kind), cal);
        self.schedule_failure(now, carrier, cal);
    }

    /// Faults begin or end, all those of this instant at once: where one follows upon another there
    /// is no gap between them.
    pub(super) fn faults_move(&mut self, now: SimTime, cal: &mut Cal) {
        let config = self.config;
        let happen = || (0u32..).zip(&config.faults).filter(|(_, f)| f.happens(config.horizon));
        let begin = happen().filter(|(_, fault)| fault.at == now).map(|fault| (fault, true));
        let end = happen().filter(|(_, fault)| fault.until == now).map(|fault| (fault, false));
        let moves = || begin.clone().chain(end.clone());
        for ((fault, _), on) in moves() {
            self.observe(now, Observation::FaultMoved { fault, on });
        }
        for ((_, fault), on) in moves() {
            self.fault_moves(now, &fault.kind, on, cal);
        }
    }

    /// The part that a fault concerns has what is in force now, by all faults of the kind.
    fn fault_moves(&mut self, now: SimTime, kind: &FaultKind, on: bool, cal: &mut Cal) {
        match *kind {
            FaultKind::Carrier(carrier, of) => self.carrier_moves(now, carrier, (on, of), cal),
            // Service takes as long as the configuration's `slowdowns` say.
            FaultKind::ApiSlowdown(_) | FaultKind::Registrar(..) => {}
            FaultKind::ApiLimit { ref limiters, .. } => {
                limiters.iter().for_each(|limiter| self.scale_limiter(now, *limiter));
            }
            FaultKind::Sbc(sbc, of) => {
                let same = |kind: &FaultKind| *kind == FaultKind::Sbc(sbc, of);
                let down = self.in_force(now).any(same);
                self.sbc_moves(now, sbc, (down, of), cal);
            }
            FaultKind::LegNetwork { carrier, .. } => {
                self.carriers[carrier.index()].network =
                    network(self.in_force(now).filter_map(|kind| match *kind {
                        FaultKind::LegNetwork { carrier: c, delay, loss } if c == carrier => {
                            Some((delay, loss))
                        }
                        _ => None,
                    }));
            }
            FaultKind::ApiNetwork { .. } => {
                self.api_network = network(self.in_force(now).filter_map(|kind| match *kind {
                    FaultKind::ApiNetwork { delay, loss } => Some((delay, loss)),
                    _ => None,
                }));
            }
            FaultKind::Agents(group, _) => {
                let share = self.in_force(now).filter_map(|kind| match *kind {
                    FaultKind::Agents(g, share) if g == group => Some(share),
                    _ => None,
                });
                let share = share.sum();
                let part = &mut self.groups[group.index()];
                let before = part.staffed();
                part.log_out(share);
                if part.staffed() != before {
                    self.agents_take_calls(now, group, cal);
                }
            }
        }
    }

    /// The faults in force, in the configuration's order. Sums and products of faults are formed in
    /// this order, which does not depend on the order of the model's file.
    fn in_force(&self, now: SimTime) -> impl Iterator<Item = &'c FaultKind> + use<'c, O> {
        let config = self.config;
        let in_force = config.faults.iter().filter(move |f| f.is_in_force(now, config.horizon));
        in_force.map(|fault| &fault.kind)
    }

    fn scale_limiter(&mut self, now: SimTime, limiter: u32) {
        let factors = self.in_force(now).filter_map(|kind| match kind {
            FaultKind::ApiLimit { factor, limiters } if limiters.contains(&limiter) => {
                Some(*factor)
            }
            _ => None,
        });
        let factor = bounded(factors.product());
        let before = std::mem::replace(&mut self.server.scales[limiter as usize], factor);
        if before.to_bits() != factor.to_bits() {
            self.server.limiters[limiter as usize].scale(now, factor);
        }
    }
}

/// The most that delays of faults come to together: less than a run may take to end.
const DELAY_MAX: SimDuration = SimDuration::from_secs(100 * 86_400);

/// What network faults add together: delays add up, and a message has to get past each loss.
fn network(faults: impl Iterator<Item = (SimDuration, f64)>) -> Network {
    let (mut delay, mut passed) = (SimDuration::ZERO, 1.0);
    for (longer, loss) in faults {
        delay = delay.saturating_add(longer).min(DELAY_MAX);
        passed *= 1.0 - loss;
    }
    Network { delay, loss: 1.0 - passed }
}
