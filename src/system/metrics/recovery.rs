//! What carriers' outages leave behind: legs that are not registered yet, and trunks on the wrong
//! carrier.

use super::Window;
use crate::engine::statistics::TimeWeighted;
use crate::engine::time::SimTime;
use crate::system::config::Config;
use crate::system::ids::{CarrierId, LegId, Side, TrunkId};

/// What is measured of recoveries.
#[derive(Debug)]
pub(super) struct Recovery {
    window: Window,
    /// By leg: its carrier, whether it is registered, and whether it should be and is not.
    carrier_of: Vec<Option<CarrierId>>,
    registered: Vec<bool>,
    lacking: Vec<bool>,
    /// By carrier.
    outages: Vec<Outage>,
    /// By trunk.
    on_secondary: Vec<bool>,
    is_wrong: Vec<bool>,
    /// How many trunks are on the wrong carrier.
    wrong: TimeWeighted,
    longest_s: f64,
}

/// A carrier's outage and what follows it.
#[derive(Clone, Debug, Default)]
struct Outage {
    down: bool,
    /// Legs that were registered when it began and are not again.
    awaited: Vec<LegId>,
    over_at: Option<SimTime>,
}

impl Recovery {
    pub(super) fn new(config: &Config) -> Self {
        let window = Window::of(config);
        let carriers = config.legs.iter().map(|leg| leg.as_ref().map(|l| l.carrier)).collect();
        Self::over(window, carriers, config.carriers.len())
    }

    fn over(window: Window, carrier_of: Vec<Option<CarrierId>>, carriers: usize) -> Self {
        let (legs, trunks) = (carrier_of.len(), carrier_of.len() / 2);
        Self {
            window,
            carrier_of,
            registered: vec![false; legs],
            lacking: vec![false; legs],
            outages: vec![Outage::default(); carriers],
            on_secondary: vec![false; trunks],
            is_wrong: vec![false; trunks],
            wrong: TimeWeighted::new(window.from, window.until),
            longest_s: f64::NAN,
        }
    }

    pub(super) fn side_changed(&mut self, now: SimTime, trunk: TrunkId, side: Side) {
        self.on_secondary[trunk.index()] = side == Side::Secondary;
        self.look_at(now, trunk);
    }

    pub(super) fn registration(&mut self, now: SimTime, leg: LegId, usable: bool, lacks: bool) {
        self.registered[leg.index()] = usable;
        self.lacking[leg.index()] = lacks;
        if let Some(carrier) = self.carrier_of[leg.index()].filter(|_| usable) {
            let outage = &mut self.outages[carrier.index()];
            if !outage.awaited.is_empty() {
                outage.awaited.retain(|l| *l != leg);
                self.is_recovered(now, carrier);
            }
        }
        self.look_at(now, leg.trunk());
    }

    pub(super) fn carrier_moved(&mut self, now: SimTime, carrier: CarrierId, down: bool) {
        let outage = &mut self.outages[carrier.index()];
        outage.down = down;
        if down {
            let legs = (0u32..).zip(&self.carrier_of).zip(&self.registered);
            let lost = legs.filter(|((_, of), usable)| **of == Some(carrier) && **usable);
            // What an earlier outage still waits for, this one waits for too.
            outage.awaited.extend(lost.map(|((leg, _), _)| LegId(leg)));
            outage.over_at = None;
        } else {
            outage.over_at = Some(now);
            self.is_recovered(now, carrier);
        }
        for trunk in 0..self.on_secondary.len() as u32 {
            self.look_at(now, TrunkId(trunk));
        }
    }

    /// Notes how long it took, if all legs are back.
    fn is_recovered(&mut self, now: SimTime, carrier: CarrierId) {
        let outage = &mut self.outages[carrier.index()];
        if outage.awaited.is_empty()
            && let Some(over_at) = outage.over_at.take()
            && self.window.holds(over_at)
        {
            let end = now.min(self.window.until);
            self.longest_s = self.longest_s.max(end.saturating_since(over_at).as_secs_f64());
        }
    }

    /// Notes whether a trunk is on the wrong carrier.
    fn look_at(&mut self, now: SimTime, trunk: TrunkId) {
        let primary = LegId::new(trunk, Side::Primary);
        let secondary = LegId::new(trunk, Side::Secondary);
        let (Some(carrier), Some(_)) =
            (self.carrier_of[primary.index()], self.carrier_of[secondary.index()])
        else {
            return;
        };
        let could = !self.outages[carrier.index()].down && !self.lacking[primary.index()];
        let is = self.on_secondary[trunk.index()] == could;
        let was = std::mem::replace(&mut self.is_wrong[trunk.index()], is);
        if is != was {
            self.wrong.set(now, self.wrong.value() + if is { 1.0 } else { -1.0 });
        }
    }

    /// Trunks that have a carrier to choose.
    fn with_two_legs(&self) -> f64 {
        let pairs = self.carrier_of.chunks(2);
        pairs.filter(|legs| legs.iter().all(Option::is_some)).count() as f64
    }

    pub(super) fn values(&self) -> [(&'static str, f64); 2] {
        let until = self.window.until;
        // A recovery that the run does not see the end of has taken what is left of it.
        let pending = self.outages.iter().filter_map(|o| o.over_at);
        let pending = pending.filter(|at| self.window.holds(*at));
        let longest = pending.map(|at| until.saturating_since(at).as_secs_f64());
        let longest = longest.fold(self.longest_s, f64::max);
        [
            ("wrong_carrier_time_fraction", self.wrong.mean() / self.with_two_legs()),
            ("reregistration_time_s_max", longest),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimDuration;

    const TELSTRA: CarrierId = CarrierId(0);
    const SINGTEL: CarrierId = CarrierId(1);

    fn at(s: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(s)
    }

    fn leg(trunk: u32, side: Side) -> LegId {
        LegId::new(TrunkId(trunk), side)
    }

    /// Two trunks, measured from 10 s to 110 s, their primary legs registered.
    fn two_trunks() -> Recovery {
        let window = Window { from: at(10), until: at(110) };
        let mut recovery = Recovery::over(window, [Some(TELSTRA), Some(SINGTEL)].repeat(2), 2);
        for trunk in 0..2 {
            recovery.registration(at(0), leg(trunk, Side::Primary), true, false);
        }
        recovery
    }

    fn values(recovery: &Recovery) -> [f64; 2] {
        recovery.values().map(|(_, value)| value)
    }

    #[test]
    fn recovery_lasts_until_the_last_leg_that_was_registered_is_again() {
        let mut recovery = two_trunks();
        assert!(values(&recovery)[1].is_nan());
        recovery.carrier_moved(at(20), TELSTRA, true);
        for trunk in 0..2 {
            recovery.registration(at(20), leg(trunk, Side::Primary), false, true);
        }
        recovery.carrier_moved(at(40), TELSTRA, false);
        recovery.registration(at(45), leg(0, Side::Primary), true, false);
        // Lost again: the recovery of this leg was seen.
        recovery.registration(at(46), leg(0, Side::Primary), false, true);
        assert!((values(&recovery)[1] - 70.0).abs() < 1e-9);
        recovery.registration(at(63), leg(1, Side::Primary), true, false);
        assert!((values(&recovery)[1] - 23.0).abs() < 1e-9);
        // No leg was registered with the other carrier: nothing to wait for.
        recovery.carrier_moved(at(70), SINGTEL, true);
        recovery.carrier_moved(at(80), SINGTEL, false);
        assert!((values(&recovery)[1] - 23.0).abs() < 1e-9);
    }

    #[test]
    fn an_outage_before_the_window_ends_counts_by_its_own_end() {
        let mut recovery = two_trunks();
        recovery.carrier_moved(at(1), TELSTRA, true);
        recovery.registration(at(1), leg(0, Side::Primary), false, true);
        recovery.carrier_moved(at(5), TELSTRA, false);
        recovery.registration(at(30), leg(0, Side::Primary), true, false);
        recovery.registration(at(30), leg(1, Side::Primary), true, false);
        assert!(values(&recovery)[1].is_nan());
    }

    #[test]
    fn a_trunk_is_wrong_on_a_leg_that_cannot_or_away_from_one_that_can() {
        let mut recovery = two_trunks();
        // One of two trunks on the secondary for 20 s without need: 20 s/100 s/2.
        recovery.side_changed(at(20), TrunkId(0), Side::Secondary);
        recovery.side_changed(at(40), TrunkId(0), Side::Primary);
        assert!((values(&recovery)[0] - 0.1).abs() < 1e-12);
        // The primary carrier fails: both are wrong until one moves, 10 s later, and returns to
        // it in time.
        recovery.carrier_moved(at(50), TELSTRA, true);
        recovery.side_changed(at(60), TrunkId(1), Side::Secondary);
        recovery.carrier_moved(at(70), TELSTRA, false);
        recovery.side_changed(at(70), TrunkId(1), Side::Primary);
        assert!((values(&recovery)[0] - (0.1 + 0.15)).abs() < 1e-12);
        // Not registered where it should be: wrong again, to the end.
        recovery.registration(at(100), leg(0, Side::Primary), false, true);
        assert!((values(&recovery)[0] - (0.25 + 0.05)).abs() < 1e-12);
    }
}
