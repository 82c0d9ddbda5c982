//! Messages between carriers and SBCs, and the SBC's processor.

use super::{Cal, Sbc, SbcJob, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::event::Event;
use crate::system::ids::{LegId, SbcId};
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::spec::Transport;
use crate::system::station::Offer;

/// First retransmission time-out of TCP after a loss; it doubles (Linux's minimum; RFC 6298 §2.4
/// would have 1 s).
const TCP_RETRANSMISSION: SimDuration = SimDuration::from_millis(200);
/// TCP gives up after this many losses in a row; the message then counts as lost.
const TCP_RETRANSMISSIONS_MAX: u32 = 10;

impl<O: Observer> World<'_, O> {
    pub(super) fn sbc_of(&self, leg: LegId) -> SbcId {
        self.config.trunk(leg.trunk()).sbc
    }

    pub(super) fn is_reliable(&self, leg: LegId) -> bool {
        self.config.trunk(leg.trunk()).transport != Transport::Udp
    }

    /// How long a SIP message takes over a leg one way, or `None` where it never arrives. Over TCP
    /// and TLS the transport repeats what is lost.
    pub(super) fn crossing(&mut self, leg: LegId) -> Option<SimDuration> {
        let reliable = self.is_reliable(leg);
        let way = self.crosses(leg, reliable);
        if reliable {
            self.leg_mut(leg).connection.unacknowledged = way.is_none();
        }
        way
    }

    /// [`World::crossing`] of a packet that is not retransmitted.
    pub(super) fn packet_crosses(&mut self, leg: LegId) -> Option<SimDuration> {
        self.crosses(leg, false)
    }

    fn crosses(&mut self, leg: LegId, transported: bool) -> Option<SimDuration> {
        let config = self.config.leg(leg);
        let carrier = &self.carriers[config.carrier.index()];
        let network = carrier.network;
        let way = config.rtt / 2 + network.delay;
        let loss = 1.0 - (1.0 - config.loss) * (1.0 - network.loss);
        if carrier.is_down() || !self.sbcs[self.sbc_of(leg).index()].is_reachable() {
            return None;
        }
        if loss <= 0.0 {
            return Some(way);
        }
        let number = self.leg(leg).messages;
        self.leg_mut(leg).messages += 1;
        let draw = self.draw(Purpose::Network, self.config.leg(leg).entity, number);
        delivered(draw, loss, transported).map(|lost| way + lost)
    }

    /// Gives the SBC's processor a job; whether it found room.
    pub(super) fn sbc_offer(
        &mut self,
        now: SimTime,
        sbc: SbcId,
        job: SbcJob,
        cal: &mut Cal,
    ) -> bool {
        let part = &mut self.sbcs[sbc.index()];
        if part.down {
            return false;
        }
        match part.station.offer(now, job) {
            Offer::Started => self.sbc_starts(now, sbc, job, cal),
            Offer::Queued => {}
            Offer::Full => {
                self.observe(now, Observation::SbcDropped { sbc });
                return false;
            }
        }
        self.sbcs[sbc.index()].notes_level(now);
        true
    }

    fn sbc_starts(&mut self, now: SimTime, sbc: SbcId, job: SbcJob, cal: &mut Cal) {
        let config = &self.config.sbcs[sbc.index()];
        let law = match job {
            SbcJob::Invite(..) => &config.invite,
            SbcJob::Bye(..) => &config.bye,
            SbcJob::Handshake(..) => &config.handshake,
            SbcJob::SendRegister(..) | SbcJob::ReadRegister(..) => &config.register,
            SbcJob::SendOptions(..) => &config.options,
        };
        let part: &mut Sbc = &mut self.sbcs[sbc.index()];
        part.jobs += 1;
        part.in_service = Some(job);
        let mut draw = self.random.at(Purpose::SbcService as u8, config.entity.0, part.jobs);
        let service = law.sample(&mut draw);
        if let Some(control) = &mut part.control {
            control.starts(now, matches!(job, SbcJob::Invite(..)), service);
        }
        cal.schedule(now + service, Event::SbcDone(sbc, part.serial));
    }

    pub(super) fn sbc_done(&mut self, now: SimTime, sbc: SbcId, serial: u32, cal: &mut Cal) {
        let part = &mut self.sbcs[sbc.index()];
        if part.serial != serial {
            return;
        }
        let job = part.in_service.take().expect("a job was in service");
        if let Some((_, next)) = part.station.finish() {
            self.sbc_starts(now, sbc, next, cal);
        }
        self.sbcs[sbc.index()].notes_level(now);
        match job {
            SbcJob::Invite(call, n, leg) => {
                if self.leg_in_setup(call, n).is_some() {
                    self.invite_handled(now, call, n, cal);
                } else {
                    self.invite_handled_late(now, leg, cal);
                }
            }
            SbcJob::Bye(bye) => self.farewell_ends(now, bye, cal),
            SbcJob::Handshake(leg, n) => self.send_syn(now, leg, n, cal),
            SbcJob::SendRegister(leg, n) => self.register_leaves(now, leg, n, cal),
            SbcJob::ReadRegister(leg, n, answer, feedback) => {
                self.sbc_hears(now, leg, feedback);
                self.register_read(now, leg, n, answer, cal);
            }
            SbcJob::SendOptions(leg, n) => self.options_leave(now, leg, n, cal),
        }
    }
}

/// Extra time until a message gets through, or `None` where it is lost for good.
fn delivered(
    mut draw: crate::engine::random::Draw,
    loss: f64,
    reliable: bool,
) -> Option<SimDuration> {
    let mut extra = SimDuration::ZERO;
    let mut wait = TCP_RETRANSMISSION;
    for _ in 0..TCP_RETRANSMISSIONS_MAX {
        if draw.uniform() >= loss {
            return Some(extra);
        }
        if !reliable {
            return None;
        }
        extra += wait;
        wait = wait * 2;
    }
    None
}
