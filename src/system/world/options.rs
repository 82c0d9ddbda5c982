//! OPTIONS keepalive of legs.

use super::{Cal, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::event::{Event, Try};
use crate::system::ids::LegId;
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
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
