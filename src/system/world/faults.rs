//! What goes wrong: timed faults and random outages.

use super::{Cal, Network, SbcJob, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::FaultKind;
use crate::system::event::Event;
use crate::system::ids::{CallId, CarrierId, LegId, SbcId};
use crate::system::observation::{Fate, Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    pub(super) fn start_faults(&mut self, cal: &mut Cal) {
        let config = self.config;
        // What would begin at the horizon or later does not happen: a run may be shorter than the
        // day its model describes.
        let faults = (0u32..).zip(&config.faults).filter(|(_, f)| f.at < config.horizon);
        for (i, fault) in faults {
            cal.schedule(fault.at, Event::FaultStarts(i));
            cal.schedule(fault.until, Event::FaultEnds(i));
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

    pub(super) fn carrier_fails(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(law) = &self.config.carriers[carrier.index()].outages else { return };
        self.carriers[carrier.index()].failures += 1;
        match law.crew {
            Some(crew) => {
                let failed = &mut self.crews[crew as usize];
                failed.push_back(carrier);
                if failed.len() == 1 {
                    self.repair_begins(now, carrier, cal);
                }
            }
            None => self.repair_begins(now, carrier, cal),
        }
        self.carrier_moves(now, carrier, true, cal);
    }

    fn repair_begins(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(law) = &self.config.carriers[carrier.index()].outages else { return };
        let number = self.carriers[carrier.index()].failures - 1;
        let mut draw = self.draw(Purpose::TimeToRepair, self.carrier_entity(carrier), number);
        let repair = law.time_to_repair.sample(&mut draw);
        cal.schedule(now.saturating_add(repair), Event::CarrierRepaired(carrier));
    }

    /// A random outage is over, and its crew goes to the next.
    pub(super) fn carrier_repaired(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let law = self.config.carriers[carrier.index()].outages.as_ref();
        if let Some(crew) = law.and_then(|law| law.crew) {
            let failed = &mut self.crews[crew as usize];
            failed.pop_front();
            if let Some(&next) = failed.front() {
                self.repair_begins(now, next, cal);
            }
        }
        self.carrier_moves(now, carrier, false, cal);
    }

    /// A carrier's outage begins or ends; several may overlap.
    pub(super) fn carrier_moves(
        &mut self,
        now: SimTime,
        carrier: CarrierId,
        down: bool,
        cal: &mut Cal,
    ) {
        let part = &mut self.carriers[carrier.index()];
        if down {
            part.outages += 1;
        } else {
            part.outages -= 1;
        }
        let turned = if down { part.outages == 1 } else { part.outages == 0 };
        if turned {
            self.observe(now, Observation::CarrierMoved { carrier, down });
            let legs = self.legs_where(|world, leg| world.leg_carrier(leg) == carrier);
            for &leg in &legs {
                if down {
                    self.drop_calls(now, leg, true, cal);
                    self.flow_fails(now, leg, cal);
                }
                self.primary_may_have_changed(now, leg, cal);
            }
            if !down {
                self.avalanche(now, carrier, cal);
                for leg in legs {
                    self.leg_may_be_ready(now, leg, cal);
                }
            }
        }
        if !down && self.config.carriers[carrier.index()].outages.is_some() && !self.draining(now) {
            self.schedule_failure(now, carrier, cal);
        }
    }

    fn legs_where(&self, wanted: impl Fn(&Self, LegId) -> bool) -> Vec<LegId> {
        self.all_legs().into_iter().filter(|l| wanted(self, *l)).collect()
    }

    /// The calls that use a leg.
    pub(super) fn calls_on(&self, leg: LegId) -> Vec<CallId> {
        if self.leg(leg).calls == 0 {
            return Vec::new();
        }
        let uses = |id: &CallId| self.calls.get(*id).is_some_and(|c| c.leg() == Some(leg));
        self.calls.ids().filter(uses).collect()
    }

    /// Tears down the calls of a leg: those connected, and with `set_up` those being set up too.
    pub(super) fn drop_calls(&mut self, now: SimTime, leg: LegId, set_up: bool, cal: &mut Cal) {
        self.observe_link(now, Observation::CallsDropped { leg });
        for id in self.calls_on(leg) {
            // An agent freed by one drop may have answered, or a fallback moved, the next.
            let Some(call) = self.calls.get(id).filter(|c| c.leg() == Some(leg)) else { continue };
            let fate = match (call.in_setup(), call.answered_at.is_some()) {
                (true, _) if !set_up => continue,
                (true, _) => Fate::Lost,
                (false, true) => Fate::DroppedTalking,
                (false, false) => Fate::DroppedWaiting,
            };
            self.end_call(now, id, fate, cal);
        }
    }

    pub(super) fn fault_moves(&mut self, now: SimTime, fault: u32, on: bool, cal: &mut Cal) {
        self.observe(now, Observation::FaultMoved { fault, on });
        let config = self.config;
        let factor = |by: f64| if on { by } else { 1.0 / by };
        match &config.faults[fault as usize].kind {
            FaultKind::Carrier(carrier) => self.carrier_moves(now, *carrier, on, cal),
            FaultKind::ApiSlowdown(by) => self.server.slowdown *= factor(*by),
            FaultKind::ApiLimit { factor: by, limiters } => {
                for &limiter in limiters {
                    self.server.limiters[limiter as usize].scale(now, if on { *by } else { 1.0 });
                }
            }
            FaultKind::Sbc(sbc) => self.sbc_moves(now, *sbc, on, cal),
            FaultKind::Registrar(carrier, by) => {
                self.carriers[carrier.index()].slowdown *= factor(*by)
            }
            FaultKind::LegNetwork { carrier, delay, loss } => {
                self.carriers[carrier.index()].network = network(on, *delay, *loss);
            }
            FaultKind::ApiNetwork { delay, loss } => self.api_network = network(on, *delay, *loss),
            FaultKind::Agents(group, share) => {
                self.groups[group.index()].log_out(if on { *share } else { 0.0 });
                self.agents_take_calls(now, *group, cal);
            }
        }
    }

    /// An SBC goes down or comes up: its calls, queue and connections are gone.
    fn sbc_moves(&mut self, now: SimTime, sbc: SbcId, down: bool, cal: &mut Cal) {
        let part = &mut self.sbcs[sbc.index()];
        if !down {
            part.down -= 1;
            return;
        }
        part.down += 1;
        part.serial = part.serial.wrapping_add(1);
        let in_service = part.in_service.take();
        let waiting = part.station.clear();
        part.notes_level(now);
        for job in in_service.into_iter().chain(waiting.into_iter().map(|(_, job)| job)) {
            if let SbcJob::Bye(trunk, since) = job {
                self.leave_ghost(now, trunk, since, cal);
            }
        }
        for leg in self.legs_where(|world, leg| world.sbc_of(leg) == sbc) {
            self.drop_calls(now, leg, false, cal);
            self.flow_fails(now, leg, cal);
            self.primary_may_have_changed(now, leg, cal);
        }
    }
}

fn network(on: bool, delay: SimDuration, loss: f64) -> Network {
    if on { Network { delay, loss } } else { Network::default() }
}
