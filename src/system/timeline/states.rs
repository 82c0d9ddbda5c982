//! The states of a trunk and of a leg's registration, folded from what a run reports.
//!
//! Their order is how bad they are, for [`super::Track::coarse`]; that of a breaker's states, which
//! are a policy's, is told here.

use super::track::{Tracker, Window};
use crate::engine::time::SimTime;
use crate::policies::breaker::State;
use crate::system::ids::Side;

/// Which carrier a trunk's calls use.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Carriage {
    /// The primary.
    Primary,
    /// The trunk is on its way to the other leg, there or back, and the leg cannot carry its calls
    /// yet.
    Switching,
    /// The secondary; when the move began, the primary leg was in fact unusable.
    SecondaryNeeded,
    /// The secondary; when the move began, the primary leg was usable.
    SecondaryUnneeded,
}

/// Registration of a leg at its carrier's registrar.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Enrolment {
    /// Not wanted: a cold standby.
    Off,
    /// Bound, on a connection that is up.
    Registered,
    /// Wanted and not bound; no try has failed yet.
    Registering,
    /// Wanted and not bound; the last try failed.
    Failing,
}

/// How bad a state of a breaker is: the more it refuses, the worse.
#[must_use]
pub const fn badness(state: State) -> u8 {
    match state {
        State::Closed => 0,
        State::HalfOpen => 1,
        State::Open => 2,
    }
}

/// A trunk with two legs.
#[derive(Clone, Debug)]
pub(super) struct TrunkStates {
    pub(super) tracker: Tracker<Carriage>,
    /// Where it was before the move it is at.
    before: Carriage,
    needed: bool,
}

impl TrunkStates {
    pub(super) const fn new(window: Window) -> Self {
        let tracker = Tracker::new(Carriage::Primary, window);
        Self { tracker, before: Carriage::Primary, needed: true }
    }

    /// Its calls use the secondary leg from now on.
    pub(super) const fn fails_over(&mut self, needed: bool) {
        self.needed = needed;
    }

    pub(super) fn switches(&mut self, now: SimTime) {
        if self.tracker.state() != Carriage::Switching {
            self.before = self.tracker.state();
        }
        self.tracker.enter(now, Carriage::Switching);
    }

    pub(super) fn arrives(&mut self, now: SimTime, side: Side) {
        let state = match (side, self.needed) {
            (Side::Primary, _) => Carriage::Primary,
            (Side::Secondary, true) => Carriage::SecondaryNeeded,
            (Side::Secondary, false) => Carriage::SecondaryUnneeded,
        };
        self.tracker.enter(now, state);
    }

    pub(super) fn stays(&mut self, now: SimTime) {
        self.tracker.enter(now, self.before);
    }
}

/// A leg that registers.
#[derive(Clone, Debug)]
pub(super) struct LegStates {
    pub(super) tracker: Tracker<Enrolment>,
    failed: bool,
}

impl LegStates {
    pub(super) const fn new(state: Enrolment, window: Window) -> Self {
        Self { tracker: Tracker::new(state, window), failed: false }
    }

    pub(super) fn is(&mut self, now: SimTime, wanted: bool, usable: bool) {
        self.failed &= wanted && !usable;
        let state = match (wanted, usable) {
            (false, _) => Enrolment::Off,
            (true, true) => Enrolment::Registered,
            (true, false) if self.failed => Enrolment::Failing,
            (true, false) => Enrolment::Registering,
        };
        self.tracker.enter(now, state);
    }

    /// A try has failed; while the old binding holds, that is no matter yet.
    pub(super) fn fails(&mut self, now: SimTime) {
        self.failed = true;
        if self.tracker.state() == Enrolment::Registering {
            self.tracker.enter(now, Enrolment::Failing);
        }
    }
}
