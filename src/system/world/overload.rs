//! Overload control between servers and their clients: a registrar and the SBCs that register
//! there, an SBC and the carriers that send it INVITEs.

use super::{Cal, Carrier, Sbc, World};
use crate::engine::time::SimTime;
use crate::policies::overload::{Control, Feedback, Throttle};
use crate::system::call::Call;
use crate::system::config::Config;
use crate::system::entity::Entity;
use crate::system::event::Event;
use crate::system::ids::{CallId, CarrierId, LegId, SbcId};
use crate::system::observation::Observer;
use crate::system::purpose::Purpose;
use crate::system::spec::PolicyPoint;

/// What clients know of servers that can be overloaded. Empty where no server has a control.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    /// An SBC's REGISTERs to a carrier, by carrier and SBC.
    registers: Vec<Option<Client>>,
    /// A carrier's INVITEs to an SBC, by carrier and SBC.
    invites: Vec<Option<Client>>,
}

/// A client of one server.
#[derive(Debug)]
struct Client {
    throttle: Throttle,
    /// Its place among the server's clients.
    number: u32,
    /// Decisions so far; numbers their draws.
    decisions: u64,
    entity: Entity,
}

/// Whether SBCs register over the leg.
fn registers(config: &Config, leg: LegId) -> bool {
    config.legs[leg.index()].as_ref().is_some_and(|l| l.registration)
}

/// The carrier and SBC of each leg there is.
fn pairs(config: &Config) -> impl Iterator<Item = (LegId, CarrierId, SbcId)> + '_ {
    let legs = (0u32..).map(LegId).zip(&config.legs);
    legs.filter_map(|(id, leg)| {
        leg.as_ref().map(|leg| (id, leg.carrier, config.trunk(id.trunk()).sbc))
    })
}

/// The place of a carrier and an SBC in lists by pair.
pub(super) fn place(config: &Config, carrier: CarrierId, sbc: SbcId) -> usize {
    carrier.index() * config.sbcs.len() + sbc.index()
}

/// The SBC's overload control, if it has one.
pub(super) fn control_of_sbc(config: &Config, sbc: SbcId) -> Option<Control> {
    let spec = config.sbcs[sbc.index()].overload.as_ref()?;
    let mut carriers: Vec<CarrierId> =
        pairs(config).filter(|(.., s)| *s == sbc).map(|(_, carrier, _)| carrier).collect();
    carriers.sort_unstable();
    carriers.dedup();
    Some(Control::new(spec, 1, carriers.len() as u32))
}

/// The overload control of the carrier's registrar, if it has one. Its other customers are one more
/// client.
pub(super) fn control_of_registrar(config: &Config, carrier: CarrierId) -> Option<Control> {
    let registrar = &config.carriers[carrier.index()].registrar;
    let spec = registrar.overload.as_ref()?;
    let mut sbcs: Vec<SbcId> = pairs(config)
        .filter(|(leg, c, _)| *c == carrier && registers(config, *leg))
        .map(|(.., sbc)| sbc)
        .collect();
    sbcs.sort_unstable();
    sbcs.dedup();
    let clients = sbcs.len() as u32 + u32::from(registrar.background.is_some());
    Some(Control::new(spec, registrar.servers, clients))
}

impl Throttles {
    pub(super) fn new(config: &Config) -> Self {
        let mut built = Self::default();
        let size = config.carriers.len() * config.sbcs.len();
        let mut of_carrier = vec![0; config.carriers.len()];
        let mut of_sbc = vec![0; config.sbcs.len()];
        let client = |spec, number: &mut u32, entity| {
            *number += 1;
            Client { throttle: Throttle::new(spec), number: *number - 1, decisions: 0, entity }
        };
        for (leg, carrier, sbc) in pairs(config) {
            let at = place(config, carrier, sbc);
            // From the server to its client: REGISTERs and INVITEs draw apart.
            let (of_registrar, of_processor) =
                (config.carriers[carrier.index()].entity, config.sbcs[sbc.index()].entity);
            if let Some(spec) = &config.carriers[carrier.index()].registrar.overload
                && registers(config, leg)
            {
                built.registers.resize_with(size, || None);
                let pair = of_registrar.with(of_processor);
                built.registers[at]
                    .get_or_insert_with(|| client(spec, &mut of_carrier[carrier.index()], pair));
            }
            if let Some(spec) = &config.sbcs[sbc.index()].overload {
                built.invites.resize_with(size, || None);
                let pair = of_processor.with(of_registrar);
                built.invites[at]
                    .get_or_insert_with(|| client(spec, &mut of_sbc[sbc.index()], pair));
            }
        }
        built
    }
}

impl Sbc {
    /// Tells the overload control what the processor has to do now.
    pub(super) fn notes_level(&mut self, now: SimTime) {
        if let Some(control) = &mut self.control {
            control.level(now, self.station.busy(), self.station.waiting());
        }
    }
}

impl Carrier {
    /// Tells the registrar's overload control what it has to do now.
    pub(super) fn notes_level(&mut self, now: SimTime) {
        if let Some(control) = &mut self.control {
            control.level(now, self.registrar.busy(), self.registrar.waiting());
        }
    }
}

impl<O: Observer> World<'_, O> {
    fn pair(&self, leg: LegId) -> usize {
        place(self.config, self.leg_carrier(leg), self.sbc_of(leg))
    }

    /// Whether the SBC may send a REGISTER over the leg now. One with credentials completes what
    /// was begun and has priority.
    pub(super) fn sbc_may_register(&mut self, now: SimTime, leg: LegId, priority: bool) -> bool {
        if self.throttles.registers.is_empty() {
            return true;
        }
        let at = self.pair(leg);
        let Some(client) = &mut self.throttles.registers[at] else { return true };
        client.decisions += 1;
        let mut draw = self.random.at(Purpose::Throttle as u8, client.entity.0, client.decisions);
        client.throttle.admits(now, priority, &mut draw)
    }

    /// Whether the carrier may send an INVITE over the leg now.
    pub(super) fn carrier_may_invite(&mut self, now: SimTime, leg: LegId) -> bool {
        if self.throttles.invites.is_empty() {
            return true;
        }
        let at = self.pair(leg);
        let priority = self.config.trunk(leg.trunk()).priority > 0;
        let Some(client) = &mut self.throttles.invites[at] else { return true };
        client.decisions += 1;
        let mut draw = self.random.at(Purpose::Throttle as u8, client.entity.0, client.decisions);
        client.throttle.admits(now, priority, &mut draw)
    }

    /// What a registrar's answer to a REGISTER over the leg carries.
    pub(super) fn registrar_feedback(&mut self, now: SimTime, leg: LegId) -> Option<Feedback> {
        if self.throttles.registers.is_empty() {
            return None;
        }
        let number = self.throttles.registers[self.pair(leg)].as_ref()?.number;
        let carrier = self.leg_carrier(leg);
        let control = self.carriers[carrier.index()].control.as_mut()?;
        Some(control.feedback(now, number))
    }

    /// What an SBC's response to an INVITE over the leg carries.
    pub(super) fn sbc_feedback(&mut self, now: SimTime, leg: LegId) -> Option<Feedback> {
        if self.throttles.invites.is_empty() {
            return None;
        }
        let number = self.throttles.invites[self.pair(leg)].as_ref()?.number;
        let sbc = self.sbc_of(leg);
        let control = self.sbcs[sbc.index()].control.as_mut()?;
        Some(control.feedback(now, number))
    }

    /// The SBC has read what a registrar's answer carries.
    pub(super) fn sbc_hears(&mut self, now: SimTime, leg: LegId, feedback: Option<Feedback>) {
        let Some(feedback) = feedback else { return };
        let at = self.pair(leg);
        if let Some(client) = &mut self.throttles.registers[at] {
            client.decisions += 1;
            let mut draw =
                self.random.at(Purpose::Throttle as u8, client.entity.0, client.decisions);
            client.throttle.hears(now, feedback, &mut draw);
        }
    }

    /// The SBC has handled an INVITE whose caller has hung up or gone elsewhere meanwhile. It does
    /// not know, and answers, after it has asked where that is its way; the answer matters only to
    /// the carrier's throttle.
    pub(super) fn invite_handled_late(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if self.config.policy.point == PolicyPoint::PerInvite {
            self.look_up_for_gone_call(now, leg.trunk(), cal);
        }
        let feedback = self.sbc_feedback(now, leg);
        if feedback.is_some()
            && let Some(way) = self.crossing(leg)
        {
            cal.schedule(now + way, Event::LateResponseAtCarrier(leg, feedback));
        }
    }

    /// The carrier has got what an SBC's response to this call carries.
    pub(super) fn carrier_hears(&mut self, now: SimTime, id: CallId, feedback: Option<Feedback>) {
        if feedback.is_some()
            && let Some(leg) = self.calls.get(id).and_then(Call::leg)
        {
            self.carrier_hears_of(now, leg, feedback);
        }
    }

    /// The carrier has got what an SBC's response over the leg carries.
    pub(super) fn carrier_hears_of(
        &mut self,
        now: SimTime,
        leg: LegId,
        feedback: Option<Feedback>,
    ) {
        let Some(feedback) = feedback else { return };
        let at = self.pair(leg);
        if let Some(client) = &mut self.throttles.invites[at] {
            client.decisions += 1;
            let mut draw =
                self.random.at(Purpose::Throttle as u8, client.entity.0, client.decisions);
            client.throttle.hears(now, feedback, &mut draw);
        }
    }

    /// Whether the registrar takes a REGISTER of its other customers.
    pub(super) fn registrar_takes_foreign(&mut self, now: SimTime, carrier: CarrierId) -> bool {
        let entity = self.carrier_entity(carrier);
        let part = &mut self.carriers[carrier.index()];
        let Some(control) = &mut part.control else { return true };
        part.at_door += 1;
        let mut draw = self.random.at(Purpose::OverloadedDoor as u8, entity.0, part.at_door);
        control.takes_foreign(now, &mut draw)
    }
}
