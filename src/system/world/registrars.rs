//! Carriers' registrars: limiter, transactions, servers, and what their other customers send.

use super::{BACKGROUND, Cal, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::Admission;
use crate::system::event::{Event, RegisterAnswer, Try};
use crate::system::ids::{CarrierId, LegId};
use crate::system::leg::{Phase, ServerTransaction};
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::station::Offer;

impl<O: Observer> World<'_, O> {
    /// The registrar forgets the leg's binding in an outage.
    pub(super) fn forget_binding(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        self.lose_binding(leg, cal);
        if self.registers(leg) {
            self.registration_moved(now, leg, cal);
        }
    }

    /// The connection that the leg's binding was made over is gone.
    pub(super) fn flow_takes_binding(&mut self, leg: LegId, cal: &mut Cal) {
        let carrier = self.leg_carrier(leg);
        if self.config.carriers[carrier.index()].registrar.forgets_with_flow {
            self.lose_binding(leg, cal);
        }
    }

    /// A REGISTER reaches the registrar: past its limiter, into its queue, or into nothing.
    pub(super) fn register_at_registrar(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        cal: &mut Cal,
    ) {
        let carrier = self.leg_carrier(leg);
        self.observe(now, Observation::RegisterReceived { carrier });
        if self.config.carriers[carrier.index()].registrar.stateful {
            match self.leg(leg).registration.server {
                ServerTransaction::Trying(of) if of == serial => return,
                ServerTransaction::Completed(of, answer) if of == serial => {
                    return self.send_register_answer(now, leg, serial, answer, cal);
                }
                _ => {}
            }
        }
        if !self.registrar_admits(now, carrier) {
            self.answer_register(now, leg, serial, RegisterAnswer::Unavailable, cal);
            return;
        }
        let registrar = &self.carriers[carrier.index()].registrar;
        let (waiting, taken) = (registrar.waiting() as u32, !registrar.is_full());
        self.observe_link(now, Observation::RegisterQueued { leg, waiting, taken });
        if taken {
            self.leg_mut(leg).registration.server = ServerTransaction::Trying(serial);
        }
        self.registrar_takes(now, carrier, (leg.0, serial), cal);
    }

    fn registrar_admits(&mut self, now: SimTime, carrier: CarrierId) -> bool {
        let limiter = &mut self.carriers[carrier.index()].limiter;
        limiter.as_mut().is_none_or(|l| matches!(l.admit(now, 1), Admission::Granted))
    }

    fn registrar_takes(
        &mut self,
        now: SimTime,
        carrier: CarrierId,
        job: (u32, Try),
        cal: &mut Cal,
    ) {
        if self.carriers[carrier.index()].registrar.offer(now, job) == Offer::Started {
            self.registrar_starts(now, carrier, job, cal);
        }
        self.carriers[carrier.index()].notes_level(now);
        self.observe_registrar(now, carrier);
    }

    fn observe_registrar(&mut self, now: SimTime, carrier: CarrierId) {
        if !O::QUEUES {
            return;
        }
        let station = &self.carriers[carrier.index()].registrar;
        let (busy, waiting) = (station.busy(), station.waiting());
        self.observe(now, Observation::RegistrarBusy { carrier, busy, waiting });
    }

    /// Whether the registrar fails on a REGISTER it has handled.
    fn registrar_fails(&mut self, carrier: CarrierId) -> bool {
        let share = self.config.carriers[carrier.index()].registrar.failure_share;
        if share <= 0.0 {
            return false;
        }
        let part = &mut self.carriers[carrier.index()];
        part.answered += 1;
        let number = part.answered;
        self.draw(Purpose::RegistrarFailure, self.carrier_entity(carrier), number).uniform() < share
    }

    fn registrar_starts(
        &mut self,
        now: SimTime,
        carrier: CarrierId,
        job: (u32, Try),
        cal: &mut Cal,
    ) {
        let part = &mut self.carriers[carrier.index()];
        part.jobs += 1;
        let number = part.jobs;
        let mut draw = self.draw(Purpose::RegistrarService, self.carrier_entity(carrier), number);
        let service = self.config.carriers[carrier.index()].registrar_service.sample(&mut draw);
        let service = self.config.slowdowns.registrars[carrier.index()].taken(now, service);
        if let Some(control) = &mut self.carriers[carrier.index()].control {
            control.starts(now, true, service);
        }
        cal.schedule(now.saturating_add(service), Event::RegistrarDone(carrier, job.0, job.1));
    }

    pub(super) fn registrar_done(
        &mut self,
        now: SimTime,
        carrier: CarrierId,
        who: u32,
        serial: Try,
        cal: &mut Cal,
    ) {
        if let Some((_, next)) = self.carriers[carrier.index()].registrar.finish() {
            self.registrar_starts(now, carrier, next, cal);
        }
        self.carriers[carrier.index()].notes_level(now);
        self.observe_registrar(now, carrier);
        if who == BACKGROUND {
            return;
        }
        let leg = LegId(who);
        let challenge = self.config.carriers[carrier.index()].registrar.challenge;
        let first = matches!(
            self.leg(leg).registration.phase,
            Phase::Registering { authenticated: false, .. }
        );
        // The interval is looked at once it is known who asks (RFC 3261 §10.3, steps 3 and 7).
        let answer = match (challenge && first, self.granted(leg)) {
            _ if self.registrar_fails(carrier) => self.failure_of(carrier),
            (true, _) => RegisterAnswer::Challenge,
            (false, Ok(_)) => RegisterAnswer::Ok,
            (false, Err(_)) => RegisterAnswer::TooBrief,
        };
        self.answer_register(now, leg, serial, answer, cal);
    }

    fn answer_register(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        answer: RegisterAnswer,
        cal: &mut Cal,
    ) {
        let server = &mut self.leg_mut(leg).registration.server;
        if !matches!(*server, ServerTransaction::Trying(of) if of != serial) {
            *server = ServerTransaction::Completed(serial, answer);
        }
        self.send_register_answer(now, leg, serial, answer, cal);
    }

    /// What a registrar answers where it fails by itself.
    fn failure_of(&self, carrier: CarrierId) -> RegisterAnswer {
        match self.config.carriers[carrier.index()].registrar.failure_status {
            503 => RegisterAnswer::Unavailable,
            _ => RegisterAnswer::Failed,
        }
    }

    fn send_register_answer(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        answer: RegisterAnswer,
        cal: &mut Cal,
    ) {
        let feedback = self.registrar_feedback(now, leg);
        if let Some(way) = self.crossing(leg) {
            cal.schedule(now + way, Event::RegisterAnswered(leg, serial, answer, feedback));
        }
    }

    pub(super) fn schedule_background(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(background) = &self.config.carriers[carrier.index()].registrar.background else {
            return;
        };
        let rate = background.rate_per_s;
        if rate <= 0.0 {
            return;
        }
        let part = &mut self.carriers[carrier.index()];
        part.background += 1;
        let number = part.background;
        let u = self.draw(Purpose::Background, self.carrier_entity(carrier), number).open_uniform();
        let gap = SimDuration::from_secs_f64(-libm::log(u) / rate);
        self.schedule_source(cal, now.saturating_add(gap), Event::BackgroundRegister(carrier));
    }

    pub(super) fn background_register(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        self.schedule_background(now, carrier, cal);
        self.foreign_register(now, carrier, cal);
    }

    /// A REGISTER of another customer, which no part of the model waits for.
    pub(super) fn foreign_register(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        if self.carriers[carrier.index()].is_down() {
            return;
        }
        self.observe(now, Observation::RegisterReceived { carrier });
        if self.registrar_admits(now, carrier) && self.registrar_takes_foreign(now, carrier) {
            self.registrar_takes(now, carrier, (BACKGROUND, 0), cal);
        }
    }

    /// After an outage the carrier's other customers register again, each after U[W/2, W].
    pub(super) fn avalanche(&mut self, now: SimTime, carrier: CarrierId, cal: &mut Cal) {
        let Some(background) = &self.config.carriers[carrier.index()].registrar.background else {
            return;
        };
        let part = &mut self.carriers[carrier.index()];
        part.avalanches += 1;
        let outage = part.avalanches << 32;
        for n in 0..u64::from(background.bindings) {
            let u =
                self.draw(Purpose::Avalanche, self.carrier_entity(carrier), outage | n).uniform();
            let wait = background.recovery.mul_f64(0.5 + 0.5 * u);
            self.schedule_source(cal, now + wait, Event::AvalancheRegister(carrier));
        }
    }
}
