//! What goes wrong: timed faults, random outages, and the OPTIONS that notice.

use super::{Cal, Network, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::FaultKind;
use crate::system::event::{Event, Try};
use crate::system::ids::{CarrierId, LegId};
use crate::system::observation::{Observation, Observer};
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
        let kind = self.config.carriers[carrier.index()].outage_kind;
        self.carrier_moves(now, carrier, (true, kind), cal);
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
        let kind = self.config.carriers[carrier.index()].outage_kind;
        self.carrier_moves(now, carrier, (false, kind), cal);
        if !self.draining(now) {
            self.schedule_failure(now, carrier, cal);
        }
    }

    pub(super) fn fault_moves(&mut self, now: SimTime, fault: u32, on: bool, cal: &mut Cal) {
        self.observe(now, Observation::FaultMoved { fault, on });
        let config = self.config;
        let factor = |by: f64| if on { by } else { 1.0 / by };
        match &config.faults[fault as usize].kind {
            FaultKind::Carrier(carrier, kind) => {
                self.carrier_moves(now, *carrier, (on, *kind), cal)
            }
            FaultKind::ApiSlowdown(by) => self.server.slowdown *= factor(*by),
            FaultKind::ApiLimit { factor: by, limiters } => {
                for &limiter in limiters {
                    self.server.limiters[limiter as usize].scale(now, if on { *by } else { 1.0 });
                }
            }
            FaultKind::Sbc(sbc, kind) => self.sbc_moves(now, *sbc, (on, *kind), cal),
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

    /// The first OPTIONS of each leg comes at any time within the interval.
    pub(super) fn start_options(&mut self, cal: &mut Cal) {
        let Some((options, _)) = &self.config.options else { return };
        let interval = SimDuration::from_secs_f64(options.interval.mean_s());
        for leg in self.all_legs() {
            let phase = self.draw(Purpose::OptionsPhase, self.config.leg(leg).entity, 0).uniform();
            let first = SimTime::ZERO + interval.mul_f64(phase);
            self.schedule_source(cal, first, Event::OptionsDue(leg));
        }
    }

    pub(super) fn options_due(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let Some((_, interval)) = &self.config.options else { return };
        let number = u64::from(self.leg(leg).options.serial);
        let interval = interval.sample(&mut self.draw(
            Purpose::OptionsInterval,
            self.config.leg(leg).entity,
            number,
        ));
        self.schedule_source(cal, now + interval, Event::OptionsDue(leg));
        self.leg_mut(leg).options.retries = 0;
        self.send_options(now, leg, cal);
    }

    fn send_options(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let Some((config, _)) = &self.config.options else { return };
        let options = &mut self.leg_mut(leg).options;
        options.serial = options.serial.wrapping_add(1);
        let serial = options.serial;
        options.timeout = cal.schedule(now + config.timeout, Event::OptionsMissed(leg, serial));
        let sbc = self.sbc_of(leg);
        self.sbc_offer(now, sbc, SbcJob::SendOptions(leg, serial), cal);
    }

    pub(super) fn options_leave(&mut self, now: SimTime, leg: LegId, serial: Try, cal: &mut Cal) {
        if let (Some(there), Some(back)) = (self.crossing(leg), self.crossing(leg)) {
            cal.schedule(now + there + back, Event::OptionsAnswered(leg, serial));
        }
    }

    pub(super) fn options_answered(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        cal: &mut Cal,
    ) {
        let options = &mut self.leg_mut(leg).options;
        if options.serial == serial && options.timeout != Handle::NONE {
            cal.cancel(std::mem::replace(&mut options.timeout, Handle::NONE));
            self.options_count(now, leg, true, cal);
        }
    }

    pub(super) fn options_missed(&mut self, now: SimTime, leg: LegId, serial: Try, cal: &mut Cal) {
        let retries_max = self.config.options.as_ref().map_or(0, |(o, _)| o.retries);
        let options = &mut self.leg_mut(leg).options;
        if options.serial != serial {
            return;
        }
        options.timeout = Handle::NONE;
        if options.retries < retries_max {
            options.retries += 1;
            self.send_options(now, leg, cal);
        } else {
            self.options_count(now, leg, false, cal);
        }
    }

    fn options_count(&mut self, now: SimTime, leg: LegId, answered: bool, cal: &mut Cal) {
        let Some((config, _)) = &self.config.options else { return };
        let (down_after, up_after) = (config.down_after, config.up_after);
        let options = &mut self.leg_mut(leg).options;
        if options.count(answered, down_after, up_after) {
            let down = options.down;
            self.observe(now, Observation::OptionsMoved { leg, down });
            self.primary_may_have_changed(now, leg, cal);
        }
    }
}

fn network(on: bool, delay: SimDuration, loss: f64) -> Network {
    if on { Network { delay, loss } } else { Network::default() }
}
