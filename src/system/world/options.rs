//! OPTIONS keepalive of legs: the SBC's transactions, and the carrier's.

use super::{Cal, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::sip::Method;
use crate::system::event::{Event, OptionsAnswer};
use crate::system::ids::LegId;
use crate::system::keepalive::Ping;
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::spec::OptionsSuccess;

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
        let Some((config, interval)) = &self.config.options else { return };
        let number = self.leg(leg).options.due;
        self.leg_mut(leg).options.due += 1;
        let mut draw = self.draw(Purpose::OptionsInterval, self.config.leg(leg).entity, number);
        let next = now.saturating_add(interval.sample(&mut draw));
        if !self.is_over(now) {
            cal.schedule(next, Event::OptionsDue(leg));
        }
        if !config.overlap {
            // What times out at this instant makes room first.
            let oldest = self.leg(leg).options.oldest();
            if let Some(serial) = oldest.filter(|p| p.until <= now).map(|p| p.serial) {
                self.options_missed(now, leg, serial, cal);
            }
            if self.leg(leg).options.oldest().is_some() {
                return;
            }
        }
        self.send_options(now, leg, 0, cal);
    }

    /// A transaction begins; its time-out runs from here, whatever becomes of the message.
    fn send_options(&mut self, now: SimTime, leg: LegId, retries: u32, cal: &mut Cal) {
        let Some((config, _)) = &self.config.options else { return };
        let options = &mut self.leg_mut(leg).options;
        let serial = options.next_serial();
        let until = now.saturating_add(config.timeout);
        options.begin(Ping {
            serial,
            retries,
            until,
            timeout: cal.schedule(until, Event::OptionsMissed(leg, serial)),
            retransmit: Handle::NONE,
            retransmissions: 0,
            unsent: false,
            answer: None,
        });
        let sbc = self.sbc_of(leg);
        self.sbc_offer(now, sbc, SbcJob::SendOptions(leg, serial), cal);
    }

    /// The SBC has handled it; where there is no connection that it needs, it waits for one.
    pub(super) fn options_leave(&mut self, now: SimTime, leg: LegId, serial: u32, cal: &mut Cal) {
        let waits = self.is_reliable(leg) && !self.leg(leg).connection.is_up();
        let Some(ping) = self.leg_mut(leg).options.ping(serial) else { return };
        ping.unsent = waits;
        if waits {
            self.open_connection(now, leg, cal);
        } else {
            self.options_sent(now, leg, serial, cal);
        }
    }

    /// The leg's connection is up: the OPTIONS that waited for it leave.
    pub(super) fn options_connected(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        for serial in self.leg_mut(leg).options.take_unsent() {
            self.options_sent(now, leg, serial, cal);
        }
    }

    fn options_sent(&mut self, now: SimTime, leg: LegId, serial: u32, cal: &mut Cal) {
        let reliable = self.is_reliable(leg);
        let timers = self.config.sip;
        let Some(ping) = self.leg_mut(leg).options.ping(serial) else { return };
        let retransmission = ping.retransmissions;
        if !reliable {
            // Timer E: after T1, then twice as long up to T2 (RFC 3261 §17.1.2.2).
            let wait = timers.interval(Method::NonInvite, u32::from(retransmission));
            ping.retransmit = cal.schedule(now + wait, Event::OptionsRetransmit(leg, serial));
        }
        self.observe_link(now, Observation::OptionsSent { leg, retransmission });
        if let Some(there) = self.crossing(leg) {
            cal.schedule(now + there, Event::OptionsAtCarrier(leg, serial));
        }
    }

    pub(super) fn options_retransmits(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: u32,
        cal: &mut Cal,
    ) {
        let Some(ping) = self.leg_mut(leg).options.ping(serial) else { return };
        ping.retransmissions = ping.retransmissions.saturating_add(1);
        let sbc = self.sbc_of(leg);
        self.sbc_offer(now, sbc, SbcJob::SendOptions(leg, serial), cal);
    }

    /// OPTIONS reach the carrier. A copy gets the answer that the first got (RFC 3261 §17.2.2).
    pub(super) fn options_at_carrier(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: u32,
        cal: &mut Cal,
    ) {
        if self.carriers[self.leg_carrier(leg).index()].is_down() {
            return;
        }
        let answer = self.answer_to_options(now, leg);
        let Some(ping) = self.leg_mut(leg).options.ping(serial) else { return };
        let answer = *ping.answer.get_or_insert(answer);
        if let Some(back) = self.crossing(leg) {
            cal.schedule(now + back, Event::OptionsAnswered(leg, serial, answer));
        }
    }

    fn answer_to_options(&self, now: SimTime, leg: LegId) -> OptionsAnswer {
        let registration = &self.leg(leg).registration;
        if self.carriers[self.leg_carrier(leg).index()].registrar.is_full() {
            OptionsAnswer::Unavailable
        } else if registration.wanted && !registration.is_bound(now) {
            OptionsAnswer::Forbidden
        } else {
            OptionsAnswer::Ok
        }
    }

    pub(super) fn options_answered(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: u32,
        answer: OptionsAnswer,
        cal: &mut Cal,
    ) {
        let gone = self.is_reliable(leg) && !self.leg(leg).connection.is_up();
        if gone || self.sbcs[self.sbc_of(leg).index()].down {
            return;
        }
        let Some(ping) = self.leg_mut(leg).options.end(serial) else { return };
        cal.cancel(ping.timeout);
        cal.cancel(ping.retransmit);
        self.observe_link(now, Observation::OptionsAnswered { leg, answer });
        let wanted = self.config.options.as_ref().map(|(config, _)| config.success);
        let success = match wanted.unwrap_or_default() {
            OptionsSuccess::Any => true,
            OptionsSuccess::Successful => answer == OptionsAnswer::Ok,
            OptionsSuccess::NotUnavailable => answer != OptionsAnswer::Unavailable,
        };
        self.options_count(now, leg, success, cal);
    }

    /// A transaction has had no answer in time; the ping goes on with another, or is missed.
    pub(super) fn options_missed(&mut self, now: SimTime, leg: LegId, serial: u32, cal: &mut Cal) {
        let Some(ping) = self.leg_mut(leg).options.end(serial) else { return };
        cal.cancel(ping.timeout);
        cal.cancel(ping.retransmit);
        let retries = self.config.options.as_ref().map_or(0, |(config, _)| config.retries);
        if ping.retries < retries {
            self.send_options(now, leg, ping.retries + 1, cal);
        } else {
            self.options_count(now, leg, false, cal);
        }
    }

    fn options_count(&mut self, now: SimTime, leg: LegId, success: bool, cal: &mut Cal) {
        let Some((config, _)) = &self.config.options else { return };
        let options = &mut self.leg_mut(leg).options;
        if options.count(success, config) {
            let down = options.down;
            self.observe(now, Observation::OptionsMoved { leg, down });
            if down && self.leg(leg).connection.unacknowledged {
                // Not only is there no answer: what was sent has not even arrived.
                self.flow_fails(now, leg, cal);
            }
            self.primary_may_have_changed(now, leg, cal);
        }
    }
}
