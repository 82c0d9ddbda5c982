//! Registrations of legs at their carriers' registrars.
//!
//! `Idle → Connecting (TCP, TLS) → Registering (401, again with credentials) → Registered → …`;
//! a failure waits and starts over. A REGISTER is one of a kind per leg at a time
//! (RFC 3261 §10.2), and a binding counts until it expires, whatever happens to its refresh.

use super::{Cal, SbcJob, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::failover::{ActiveCalls, Unregister};
use crate::policies::overload::Feedback;
use crate::policies::registration::{Failure, Next, grant};
use crate::policies::sip::Method;
use crate::system::event::{Event, RegisterAnswer, Try};
use crate::system::ids::{CarrierId, LegId, Side};
use crate::system::leg::{ConnectionState, Leg, Phase, ServerTransaction};
use crate::system::observation::{Observation, Observer};
use crate::system::purpose::Purpose;
use crate::system::spec::OnFlowLoss;

impl<O: Observer> World<'_, O> {
    /// Whether the leg has a usable binding: one that the registrar has, and over TCP and TLS either
    /// its flow is up or the carrier may connect.
    pub(super) fn is_registered(&self, now: SimTime, leg: LegId) -> bool {
        let Leg { connection, registration, .. } = self.leg(leg);
        registration.is_bound(now)
            && (!self.is_reliable(leg)
                || (connection.is_up() && connection.flow == registration.flow)
                || self.config.leg(leg).connects)
    }

    pub(super) fn registers(&self, leg: LegId) -> bool {
        self.config.legs[leg.index()].as_ref().is_some_and(|l| l.registration)
    }

    pub(super) fn all_legs(&self) -> Vec<LegId> {
        (0..self.legs.len() as u32).map(LegId).filter(|l| self.legs[l.index()].is_some()).collect()
    }

    /// At the start the legs in use, and with warm standby all, are registered or begin to.
    /// Bindings are of any age up to their refresh, so that refreshes do not coincide.
    pub(super) fn start_registrations(&mut self, cal: &mut Cal) {
        for leg in self.all_legs() {
            if !self.registers(leg) {
                continue;
            }
            if leg.side() == Side::Secondary && !self.config.standby_is_warm() {
                continue;
            }
            self.leg_mut(leg).registration.wanted = true;
            if self.config.registration.initially_registered {
                let age = self.draw(Purpose::BindingAge, self.config.leg(leg).entity, 0).uniform();
                let lifetime = self.lifetime(leg);
                let refresh = self.refresh_after(lifetime);
                let reliable = self.is_reliable(leg);
                let connection = &mut self.leg_mut(leg).connection;
                if reliable {
                    connection.state = ConnectionState::Up;
                    connection.flow = 1;
                    connection.resumable = true;
                }
                self.bind(SimTime::ZERO, leg, (lifetime, refresh.mul_f64(age)), cal);
            } else {
                self.register_at_start(SimTime::ZERO, leg, cal);
            }
            let usable = self.is_registered(SimTime::ZERO, leg);
            let fact = Observation::Registration { leg, wanted: true, usable };
            self.observe(SimTime::ZERO, fact);
        }
        for c in 0..self.carriers.len() as u32 {
            self.schedule_background(SimTime::ZERO, CarrierId(c), cal);
        }
        self.start_options(cal);
    }

    /// What the registrar makes of the interval that the leg asks for.
    pub(super) fn granted(&self, leg: LegId) -> Result<SimDuration, SimDuration> {
        let registrar = &self.config.carriers[self.leg_carrier(leg).index()].registrar;
        let requested = self.config.registration.expires;
        let least = self.leg(leg).registration.min_expires;
        let requested = requested.map(|r| least.map_or(r, |least| r.max(least)));
        grant(requested, registrar.min_expires, registrar.expires)
    }

    /// How long the leg's bindings last. One that exists from the start was granted somehow.
    fn lifetime(&mut self, leg: LegId) -> SimDuration {
        let granted = self.granted(leg).unwrap_or_else(|least| least);
        let spread = self.config.carriers[self.leg_carrier(leg).index()].registrar.expires_spread;
        if spread.is_zero() {
            return granted;
        }
        let registration = &mut self.leg_mut(leg).registration;
        registration.granted += 1;
        let number = registration.granted;
        let entity = self.config.leg(leg).entity;
        granted - spread.mul_f64(self.draw(Purpose::ExpiresSpread, entity, number).uniform())
    }

    fn refresh_after(&self, lifetime: SimDuration) -> SimDuration {
        lifetime.mul_f64(self.config.registration.refresh_fraction)
    }

    /// Registers for the first time since the SBC has started, which spreads such REGISTERs.
    pub(super) fn register_at_start(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let longest = self.config.registration.initial_delay_max;
        if longest.is_zero() {
            return self.register(now, leg, cal);
        }
        let registration = &mut self.leg_mut(leg).registration;
        registration.waits += 1;
        let (number, serial) = (registration.waits, registration.serial);
        let entity = self.config.leg(leg).entity;
        let u = self.draw(Purpose::InitialDelay, entity, number).uniform();
        let at = now + longest.mul_f64(u);
        let timer = cal.schedule(at, Event::RegistrationTimer(leg, serial));
        self.enter(leg, Phase::Waiting { timer }, cal);
    }

    /// The leg is to be registered, or not.
    pub(super) fn want_registration(
        &mut self,
        now: SimTime,
        leg: LegId,
        wanted: bool,
        cal: &mut Cal,
    ) {
        if !self.registers(leg) || self.leg(leg).registration.wanted == wanted {
            return;
        }
        self.leg_mut(leg).registration.wanted = wanted;
        if wanted {
            self.leg_mut(leg).leaving = false;
            if self.leg(leg).registration.phase == Phase::Idle {
                self.register(now, leg, cal);
            }
        } else {
            self.leave_registrar(now, leg, cal);
        }
        self.registration_moved(now, leg, cal);
    }

    /// The leg is not needed any more: it unregisters and closes its connection, now or, where its
    /// calls drain, after its last call.
    fn leave_registrar(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let failover = &self.config.failover;
        // Where calls are dropped, what is left are those in set-up.
        let drains =
            failover.active_calls != ActiveCalls::Abandon && !self.leg(leg).calls.is_empty();
        self.leg_mut(leg).leaving = drains;
        if !drains || failover.unregister == Unregister::AtLeave {
            self.unregister(now, leg, cal);
        }
        if !drains {
            self.fall(now, leg, cal);
        }
    }

    /// A call has left the leg. One that drains is done with its last call.
    pub(super) fn leg_may_be_empty(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let part = self.leg_mut(leg);
        if part.leaving && part.calls.is_empty() {
            part.leaving = false;
            self.unregister(now, leg, cal);
            self.fall(now, leg, cal);
        }
    }

    /// Unregisters: REGISTER with `Expires: 0`, not awaited.
    fn unregister(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if self.is_registered(now, leg) {
            let carrier = self.leg_carrier(leg);
            self.observe_link(now, Observation::UnregisterSent { leg });
            if self.crossing(leg).is_some() {
                self.foreign_register(now, carrier, cal);
            }
        }
        self.forget_registration(leg, cal);
        self.lose_binding(leg, cal);
    }

    /// The SBC forgets what it does and knows of the leg's registration, without a new try.
    pub(super) fn forget_registration(&mut self, leg: LegId, cal: &mut Cal) {
        self.enter(leg, Phase::Idle, cal);
        let registration = &mut self.leg_mut(leg).registration;
        registration.serial = registration.serial.wrapping_add(1);
        (registration.failures, registration.counted) = (0, 0);
    }

    pub(super) fn lose_binding(&mut self, leg: LegId, cal: &mut Cal) {
        let registration = &mut self.leg_mut(leg).registration;
        registration.binding_until = SimTime::ZERO;
        registration.server = ServerTransaction::None;
        cal.cancel(std::mem::replace(&mut registration.expiry, Handle::NONE));
    }

    /// Moves to a phase; what was scheduled for the last one is cancelled.
    fn enter(&mut self, leg: LegId, phase: Phase, cal: &mut Cal) {
        let registration = &mut self.leg_mut(leg).registration;
        cal.cancel(registration.timer());
        cal.cancel(std::mem::replace(&mut registration.retransmit, Handle::NONE));
        registration.phase = phase;
    }

    /// Starts a registration: on a connection, which is opened first if the leg has no connection.
    fn register(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if !self.is_reliable(leg) || self.leg(leg).connection.is_up() {
            self.send_register(now, leg, false, cal);
            return;
        }
        let registration = &mut self.leg_mut(leg).registration;
        registration.serial = registration.serial.wrapping_add(1);
        self.enter(leg, Phase::Connecting, cal);
        self.open_connection(now, leg, cal);
    }

    /// The leg's connection is up.
    pub(super) fn registration_connected(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if self.leg(leg).registration.phase == Phase::Connecting {
            self.send_register(now, leg, false, cal);
        }
    }

    /// The leg's connection could not be made.
    pub(super) fn registration_unconnected(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        if self.leg(leg).registration.phase == Phase::Connecting {
            self.observe(now, Observation::RegistrationTimedOut { leg });
            self.try_again_later(now, leg, Failure::NoAnswer, cal);
        }
    }

    /// A new transaction: its deadline runs from here. One that is held back for an overloaded
    /// registrar fails on the spot, as if refused with 503 (RFC 7339 §5.7).
    fn send_register(&mut self, now: SimTime, leg: LegId, authenticated: bool, cal: &mut Cal) {
        if !self.sbc_may_register(now, leg, authenticated) {
            self.observe(now, Observation::RegisterThrottled { leg });
            self.try_again_later(now, leg, Failure::Answer(503, None), cal);
            return;
        }
        let registration = &mut self.leg_mut(leg).registration;
        registration.serial = registration.serial.wrapping_add(1);
        registration.retransmissions = 0;
        let serial = registration.serial;
        let timeout = self.config.registration.transaction_timeout;
        let timer = cal.schedule(now + timeout, Event::RegistrationTimer(leg, serial));
        self.enter(leg, Phase::Registering { timer, authenticated }, cal);
        let sbc = self.sbc_of(leg);
        self.sbc_offer(now, sbc, SbcJob::SendRegister(leg, serial), cal);
    }

    fn is_current(&self, leg: LegId, serial: Try) -> bool {
        let registration = &self.leg(leg).registration;
        registration.serial == serial && matches!(registration.phase, Phase::Registering { .. })
    }

    pub(super) fn register_leaves(&mut self, now: SimTime, leg: LegId, serial: Try, cal: &mut Cal) {
        if !self.is_current(leg, serial) {
            return;
        }
        let retransmission = self.leg(leg).registration.retransmissions;
        self.observe(now, Observation::RegisterSent { leg, retransmission });
        if !self.is_reliable(leg) {
            // Timer E: after T1, then twice as long up to T2 (RFC 3261 §17.1.2.2).
            let wait = self.config.sip.interval(Method::NonInvite, u32::from(retransmission));
            let timer = cal.schedule(now + wait, Event::RegisterRetransmit(leg, serial));
            self.leg_mut(leg).registration.retransmit = timer;
        }
        if let Some(way) = self.crossing(leg) {
            cal.schedule(now + way, Event::RegisterAtRegistrar(leg, serial));
        }
    }

    pub(super) fn register_retransmits(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        cal: &mut Cal,
    ) {
        if self.is_current(leg, serial) {
            self.leg_mut(leg).registration.retransmissions += 1;
            let sbc = self.sbc_of(leg);
            self.sbc_offer(now, sbc, SbcJob::SendRegister(leg, serial), cal);
        }
    }

    pub(super) fn register_answered(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        (answer, feedback): (RegisterAnswer, Option<Feedback>),
        cal: &mut Cal,
    ) {
        let sbc = self.sbc_of(leg);
        self.sbc_offer(now, sbc, SbcJob::ReadRegister(leg, serial, answer, feedback), cal);
    }

    /// The SBC has read the registrar's answer.
    pub(super) fn register_read(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        answer: RegisterAnswer,
        cal: &mut Cal,
    ) {
        if !self.is_current(leg, serial) {
            return;
        }
        self.observe_link(now, Observation::RegisterAnswered { leg, answer });
        match answer {
            RegisterAnswer::Challenge => self.send_register(now, leg, true, cal),
            RegisterAnswer::Ok => {
                let new_binding = !self.is_registered(now, leg);
                let lifetime = self.lifetime(leg);
                self.bind(now, leg, (lifetime, SimDuration::ZERO), cal);
                self.observe(now, Observation::Registered { leg, new_binding });
                self.registration_moved(now, leg, cal);
                self.leg_may_be_ready(now, leg, cal);
            }
            RegisterAnswer::Unavailable => {
                self.observe(now, Observation::RegistrationRefused { leg });
                let carrier = self.leg_carrier(leg);
                let retry_after = self.config.carriers[carrier.index()].registrar.retry_after;
                self.try_again_later(now, leg, Failure::Answer(503, retry_after), cal);
            }
            RegisterAnswer::Failed => {
                self.observe(now, Observation::RegistrationRefused { leg });
                let carrier = self.leg_carrier(leg);
                let status = self.config.carriers[carrier.index()].registrar.failure_status;
                self.try_again_later(now, leg, Failure::Answer(status, None), cal);
            }
            RegisterAnswer::TooBrief => self.register_too_brief(now, leg, cal),
        }
    }

    /// 423 Interval Too Brief: the leg asks for what it was told, now and from now on
    /// (RFC 3261 §10.2.8), with the credentials it has.
    fn register_too_brief(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        self.observe(now, Observation::RegistrationTooBrief { leg });
        match self.granted(leg) {
            Err(least) if self.config.registration.honour_min_expires => {
                self.leg_mut(leg).registration.min_expires = Some(least);
                self.send_register(now, leg, true, cal);
            }
            _ => self.try_again_later(now, leg, Failure::Answer(423, None), cal),
        }
    }

    /// The leg is bound for a lifetime, of which `age` has passed already.
    fn bind(
        &mut self,
        now: SimTime,
        leg: LegId,
        (expires, age): (SimDuration, SimDuration),
        cal: &mut Cal,
    ) {
        let refresh = self.refresh_after(expires);
        let flow = self.leg(leg).connection.flow;
        let serial = self.leg(leg).registration.serial;
        let timer =
            cal.schedule(now + refresh.saturating_sub(age), Event::RegistrationTimer(leg, serial));
        self.enter(leg, Phase::Registered { timer }, cal);
        let until = now + expires.saturating_sub(age);
        let registration = &mut self.leg_mut(leg).registration;
        (registration.failures, registration.counted) = (0, 0);
        registration.binding_until = until;
        registration.flow = flow;
        cal.cancel(registration.expiry);
        registration.expiry = cal.schedule(until, Event::BindingExpires(leg));
    }

    /// The timer of the present phase: registering has taken too long, a refresh is due, or the wait
    /// after a failure is over.
    pub(super) fn registration_timer(
        &mut self,
        now: SimTime,
        leg: LegId,
        serial: Try,
        cal: &mut Cal,
    ) {
        let registration = &self.leg(leg).registration;
        if registration.serial != serial {
            return;
        }
        match registration.phase {
            Phase::Idle | Phase::Connecting => {}
            Phase::Registering { .. } => {
                self.observe(now, Observation::RegistrationTimedOut { leg });
                self.silence_noticed(now, leg, cal);
                self.try_again_later(now, leg, Failure::NoAnswer, cal);
            }
            Phase::Registered { .. } | Phase::Waiting { .. } => {
                if self.is_over(now) {
                    self.enter(leg, Phase::Idle, cal);
                } else {
                    self.register(now, leg, cal);
                }
            }
        }
    }

    /// A try failed: the next comes after the retry policy's wait, if any does.
    fn try_again_later(&mut self, now: SimTime, leg: LegId, failure: Failure, cal: &mut Cal) {
        let other = LegId::new(leg.trunk(), leg.side().other());
        let other_up = self.legs[other.index()].is_some()
            && self.registers(other)
            && self.is_registered(now, other);
        let registration = &mut self.leg_mut(leg).registration;
        registration.failures += 1;
        registration.waits += 1;
        registration.serial = registration.serial.wrapping_add(1);
        let (waits, serial) = (registration.waits, registration.serial);
        let failures = (registration.failures, registration.counted);
        let mut jitter = self.draw(Purpose::RegistrationRetry, self.config.leg(leg).entity, waits);
        let policy = &self.config.registration.retry;
        let wait = match policy.next(failure, failures, !other_up, &mut jitter) {
            Next::After(wait) => {
                self.leg_mut(leg).registration.counted += 1;
                wait
            }
            Next::Told(wait) => wait,
            Next::Never => {
                self.enter(leg, Phase::Idle, cal);
                self.observe(now, Observation::RegistrationGivenUp { leg });
                return self.registration_moved(now, leg, cal);
            }
        };
        let at = now.saturating_add(wait);
        let timer = cal.schedule(at, Event::RegistrationTimer(leg, serial));
        self.enter(leg, Phase::Waiting { timer }, cal);
        self.registration_moved(now, leg, cal);
    }

    pub(super) fn binding_expires(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        self.leg_mut(leg).registration.expiry = Handle::NONE;
        self.registration_moved(now, leg, cal);
    }

    /// The leg's connection broke, which the SBC sees: it registers again over another
    /// connection, as configured.
    pub(super) fn flow_fails(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let Leg { connection, registration, .. } = self.leg(leg);
        let had_registered = connection.is_up() && connection.flow == registration.flow;
        self.fall(now, leg, cal);
        let registration = &self.leg(leg).registration;
        if !self.registers(leg) {
            return;
        }
        if !registration.wanted || registration.phase == Phase::Idle {
            return self.registration_moved(now, leg, cal);
        }
        match self.config.registration.on_flow_loss {
            OnFlowLoss::AtOnce if had_registered => self.register(now, leg, cal),
            OnFlowLoss::AtOnce | OnFlowLoss::RetryTime => match registration.phase {
                // It waits already.
                Phase::Waiting { .. } => {}
                _ => return self.try_again_later(now, leg, Failure::NoAnswer, cal),
            },
            // The refresh is due when it was, and a REGISTER that is out times out.
            OnFlowLoss::AtRefresh if registration.phase == Phase::Connecting => {
                return self.try_again_later(now, leg, Failure::NoAnswer, cal);
            }
            OnFlowLoss::AtRefresh => {}
        }
        self.registration_moved(now, leg, cal);
    }

    /// Tells who counts on the leg's registration that it may have changed.
    pub(super) fn registration_moved(&mut self, now: SimTime, leg: LegId, cal: &mut Cal) {
        let wanted = self.leg(leg).registration.wanted;
        let usable = self.is_registered(now, leg);
        self.observe(now, Observation::Registration { leg, wanted, usable });
        self.primary_may_have_changed(now, leg, cal);
    }
}
