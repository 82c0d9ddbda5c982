//! Failovers and registrations.

use super::Window;
use super::recovery::Recovery;
use crate::engine::statistics::TimeWeighted;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::Config;
use crate::system::ids::{Side, TrunkId};
use crate::system::observation::Observation;

/// What is measured of legs.
#[derive(Debug)]
pub(super) struct Legs {
    window: Window,
    flap_within: SimDuration,
    pub(super) failovers: Vec<u64>,
    pub(super) unnecessary: Vec<u64>,
    begun: u64,
    flaps: u64,
    given_up: u64,
    pub(super) on_secondary: Vec<TimeWeighted>,
    moved_at: Vec<SimTime>,
    pub(super) timeouts: Vec<u64>,
    pub(super) refusals: Vec<u64>,
    throttled: u64,
    too_brief: u64,
    registrations: u64,
    new_binding: u64,
    /// Legs that should be registered, and of these the ones that are not.
    wanted: TimeWeighted,
    unregistered: TimeWeighted,
    is_wanted: Vec<bool>,
    lacking: Vec<bool>,
    recovery: Recovery,
}

impl Legs {
    pub(super) fn new(config: &Config) -> Self {
        let window = Window::of(config);
        let level = TimeWeighted::new(window.from, window.until);
        let trunks = config.trunks.len();
        Self {
            window,
            flap_within: config.failover.flap_within,
            failovers: vec![0; trunks],
            unnecessary: vec![0; trunks],
            begun: 0,
            flaps: 0,
            given_up: 0,
            on_secondary: vec![level; trunks],
            moved_at: vec![SimTime::ZERO; trunks],
            timeouts: vec![0; config.legs.len()],
            refusals: vec![0; config.legs.len()],
            throttled: 0,
            too_brief: 0,
            registrations: 0,
            new_binding: 0,
            wanted: level,
            unregistered: level,
            is_wanted: vec![false; config.legs.len()],
            lacking: vec![false; config.legs.len()],
            recovery: Recovery::new(config),
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::SideChanged { trunk, side } => {
                self.recovery.side_changed(now, trunk, side);
                self.side_changed(now, trunk, side);
            }
            Observation::CarrierMoved { carrier, down } => {
                self.recovery.carrier_moved(now, carrier, down);
            }
            Observation::Registration { leg, wanted, usable } => {
                let lacks = wanted && !usable;
                self.recovery.registration(now, leg, usable, lacks);
                turn(now, &mut self.wanted, &mut self.is_wanted[leg.index()], wanted);
                turn(now, &mut self.unregistered, &mut self.lacking[leg.index()], lacks);
            }
            _ if self.window.holds(now) => self.count(fact),
            _ => {}
        }
    }

    fn side_changed(&mut self, now: SimTime, trunk: TrunkId, side: Side) {
        let secondary = side == Side::Secondary;
        let t = trunk.index();
        self.on_secondary[t].set(now, f64::from(u8::from(secondary)));
        if secondary {
            self.moved_at[t] = now;
        } else if self.window.holds(now) && now - self.moved_at[t] < self.flap_within {
            self.flaps += 1;
        }
    }

    fn count(&mut self, fact: &Observation) {
        match *fact {
            Observation::FailoverStarted { .. } => self.begun += 1,
            Observation::FailedOver { trunk, needed, .. } => {
                self.failovers[trunk.index()] += 1;
                self.unnecessary[trunk.index()] += u64::from(!needed);
            }
            Observation::FailoverAbandoned { .. } => self.given_up += 1,
            Observation::RegistrationTimedOut { leg } => self.timeouts[leg.index()] += 1,
            Observation::RegistrationRefused { leg } => self.refusals[leg.index()] += 1,
            Observation::RegisterThrottled { .. } => self.throttled += 1,
            Observation::RegistrationTooBrief { .. } => self.too_brief += 1,
            Observation::Registered { new_binding, .. } => {
                self.registrations += 1;
                self.new_binding += u64::from(new_binding);
            }
            _ => {}
        }
    }

    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        let sum = |list: &[u64]| list.iter().sum::<u64>() as f64;
        let on_secondary: f64 = self.on_secondary.iter().map(TimeWeighted::mean).sum();
        let mut values = vec![
            ("failovers", sum(&self.failovers)),
            ("failovers_unnecessary", sum(&self.unnecessary)),
            ("failover_flaps", self.flaps as f64),
            ("failovers_begun", self.begun as f64),
            ("failovers_given_up", self.given_up as f64),
            ("secondary_time_fraction", on_secondary / self.on_secondary.len() as f64),
            ("registration_timeouts", sum(&self.timeouts)),
            ("registration_refusals", sum(&self.refusals)),
            ("registers_throttled", self.throttled as f64),
            ("registrations_too_brief", self.too_brief as f64),
            ("registrations", self.registrations as f64),
            ("re_registrations", self.new_binding as f64),
            ("unregistered_fraction", self.unregistered.mean() / self.wanted.mean()),
        ];
        values.extend(self.recovery.values());
        values
    }
}

/// One more or one fewer of what a level counts, where this one has changed.
fn turn(now: SimTime, level: &mut TimeWeighted, before: &mut bool, is: bool) {
    let was = std::mem::replace(before, is);
    if is != was {
        level.set(now, level.value() + if is { 1.0 } else { -1.0 });
    }
}
