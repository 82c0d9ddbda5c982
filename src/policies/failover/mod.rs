//! When a trunk moves to its secondary leg, and back.
//!
//! `OnPrimary → ToSecondary → OnSecondary → ToPrimary → OnPrimary`. Two kinds of trigger act on
//! it: events (an API request failed, a breaker opened, INVITEs timed out) move the trunk after
//! the stagger; the condition of the primary leg moves it after it has been down for `hold_down`
//! without a break, and back after it has been well for `failback_delay` without a break.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// When and how a trunk moves to its secondary leg. Every default is an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailoverSpec {
    /// What makes a trunk move, besides the fallback `secondary_carrier`.
    pub triggers: Triggers,
    /// How long the primary leg must be down before the trunk moves.
    pub hold_down: SimDuration,
    /// How long the trunk stays on the secondary leg at least.
    pub dwell_min: SimDuration,
    /// Whether it moves back by itself.
    pub failback: bool,
    /// How long the primary leg must be well, and no event must occur, before it moves back.
    pub failback_delay: SimDuration,
    /// Whether the new leg is ready before the old one is left.
    pub switching: Switching,
    /// A move that takes longer is given up. Where the old leg was left at once that is so only
    /// while it is usable (its carrier up, and registered where it has to be): the trunk's calls go
    /// over it again. While it is not, the trunk goes on trying and looks again after as long.
    pub switch_timeout: SimDuration,
    /// Each move caused by an event waits a uniform time up to this, so that trunks do not all
    /// move at once.
    pub stagger_max: SimDuration,
    /// What becomes of calls on the leg that is left.
    pub active_calls: ActiveCalls,
    /// When a leg that is drained unregisters, under cold standby.
    pub unregister: Unregister,
    /// Too many moves within a time keep the trunk on the secondary leg.
    pub damping: Option<Damping>,
    /// A stay on the secondary leg shorter than this counts as a flap.
    pub flap_within: SimDuration,
}

impl Default for FailoverSpec {
    fn default() -> Self {
        Self {
            triggers: Triggers::default(),
            hold_down: SimDuration::ZERO,
            dwell_min: SimDuration::from_secs(60),
            failback: true,
            failback_delay: SimDuration::from_secs(120),
            switching: Switching::MakeBeforeBreak,
            switch_timeout: SimDuration::from_secs(30),
            stagger_max: SimDuration::ZERO,
            active_calls: ActiveCalls::Drain,
            unregister: Unregister::AtLeave,
            damping: None,
            flap_within: SimDuration::from_secs(300),
        }
    }
}

/// What makes a trunk move.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Triggers {
    /// A circuit breaker over the trunk opens.
    pub breaker_open: bool,
    /// A routing request for the trunk fails.
    pub api_failure: bool,
    /// INVITE time-outs: a number within a time.
    pub invite_timeouts: Option<InviteTimeouts>,
    /// The primary leg is not registered.
    pub registration_lost: bool,
    /// OPTIONS have put the primary leg down.
    pub options_down: bool,
    /// The primary carrier's link alarm is on: its outage is seen at once.
    pub link_down: bool,
}

/// A number of INVITE time-outs within a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteTimeouts {
    /// How many.
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Within this time.
    pub within: SimDuration,
}

/// Whether the new leg is ready before the old one is left.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Switching {
    /// The old leg is kept until the new one is ready.
    #[default]
    MakeBeforeBreak,
    /// The old leg is left at once.
    BreakBeforeMake,
}

/// What becomes of calls on the leg that is left.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActiveCalls {
    /// The leg that is left takes no new call; its connection stays until its last call has ended.
    #[default]
    Drain,
    /// The connection of a leg that unregisters is closed as the leg is left: its calls go on until
    /// their sessions end (an SBC set to disconnect its clients, a proxy that closes connections
    /// without a binding).
    Abandon,
    /// They are ended in order, with BYE.
    Drop,
}

/// When a leg that is drained and not kept as a standby unregisters.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unregister {
    /// When the trunk leaves the leg.
    #[default]
    AtLeave,
    /// After its last call.
    AfterLastCall,
}

/// Flap damping: after `moves` moves to the secondary leg within `within`, the trunk stays there
/// for `hold`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Damping {
    /// How many moves.
    #[schemars(range(min = 1, max = 1000))]
    pub moves: u32,
    /// Within this time.
    pub within: SimDuration,
    /// How long it stays.
    pub hold: SimDuration,
}

impl FailoverSpec {
    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.positive("switch_timeout", self.switch_timeout);
        if let Some(timeouts) = &self.triggers.invite_timeouts {
            problems.at_least_one("triggers.invite_timeouts.count", timeouts.count);
            problems.positive("triggers.invite_timeouts.within", timeouts.within);
        }
        if let Some(damping) = &self.damping {
            problems.at_least_one("damping.moves", damping.moves);
            problems.positive("damping.within", damping.within);
        }
        problems.0
    }
}

/// Which leg a trunk is on, or on its way to. A state owns its deadlines.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// On the primary leg; `due` is when a move that is already decided starts.
    OnPrimary {
        /// When the move starts.
        due: Option<SimTime>,
    },
    /// Moving to the secondary leg.
    ToSecondary {
        /// When the move is given up, or that is looked at again.
        give_up: SimTime,
    },
    /// On the secondary leg.
    OnSecondary {
        /// It stays at least until then.
        earliest: SimTime,
        /// Since when the primary leg has been well and no event has occurred.
        well_since: Option<SimTime>,
    },
    /// Moving back.
    ToPrimary {
        /// When the move is given up, or that is looked at again.
        give_up: SimTime,
    },
}

/// What the controller wants done.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make the secondary leg ready and move there.
    MoveToSecondary,
    /// Make the primary leg ready and move back.
    MoveToPrimary,
    /// The move is given up: stay where the trunk was.
    StayOnPrimary,
    /// The move back is given up.
    StayOnSecondary,
}

/// The controller of one trunk.
#[derive(Clone, Debug)]
pub struct Controller {
    spec: FailoverSpec,
    state: State,
    primary_down: bool,
    /// The condition, and no event, decided the move: its end calls off a move that is due.
    by_condition: bool,
    moves: Vec<SimTime>,
    timeouts: Vec<SimTime>,
}

impl Controller {
    /// A trunk on its primary leg, which is well.
    #[must_use]
    pub fn new(spec: &FailoverSpec) -> Self {
        Self {
            spec: spec.clone(),
            state: State::OnPrimary { due: None },
            primary_down: false,
            by_condition: false,
            moves: Vec::new(),
            timeouts: Vec::new(),
        }
    }

    /// Where the trunk is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether a trigger that asks for the secondary leg at `at` decides it: on the primary leg,
    /// where no move is decided yet, or only a later one.
    #[must_use]
    pub fn is_decided_by(&self, at: SimTime) -> bool {
        matches!(self.state, State::OnPrimary { due } if due.is_none_or(|due| at < due))
    }

    /// Whether it was the condition of the primary leg that decided the last move to the secondary
    /// leg, or decides the one that is due; if not, an event.
    #[must_use]
    pub const fn is_by_condition(&self) -> bool {
        self.by_condition
    }

    /// An event asks for the secondary leg; `stagger` is how long this trunk waits first. On the
    /// secondary leg it restarts the wait for the way back.
    pub fn event(&mut self, now: SimTime, stagger: SimDuration) -> Option<Action> {
        let decides = self.is_decided_by(now + stagger);
        match &mut self.state {
            State::OnPrimary { due } if decides => {
                *due = Some(now + stagger);
                self.by_condition = false;
            }
            State::OnSecondary { well_since, .. } => {
                *well_since = (!self.primary_down).then_some(now);
            }
            State::OnPrimary { .. } | State::ToSecondary { .. } | State::ToPrimary { .. } => {}
        }
        self.move_due(now)
    }

    /// An INVITE on the primary leg timed out. Enough time-outs are an event.
    pub fn invite_timed_out(&mut self, now: SimTime, stagger: SimDuration) -> Option<Action> {
        let timeouts = self.spec.triggers.invite_timeouts.as_ref()?;
        let (count, within) = (timeouts.count as usize, timeouts.within);
        self.timeouts.retain(|t| now.saturating_since(*t) <= within);
        self.timeouts.push(now);
        if self.timeouts.len() < count {
            return None;
        }
        self.timeouts.clear();
        self.event(now, stagger)
    }

    /// The primary leg went down or is well again.
    pub fn condition(&mut self, now: SimTime, down: bool) -> Option<Action> {
        if down == self.primary_down {
            return None;
        }
        self.primary_down = down;
        let decides = self.is_decided_by(now + self.spec.hold_down);
        match &mut self.state {
            State::OnPrimary { due } if down && decides => {
                *due = Some(now + self.spec.hold_down);
                self.by_condition = true;
            }
            State::OnPrimary { due } if !down && self.by_condition => *due = None,
            State::OnSecondary { well_since, .. } => *well_since = (!down).then_some(now),
            State::OnPrimary { .. } | State::ToSecondary { .. } | State::ToPrimary { .. } => {}
        }
        self.move_due(now)
    }

    /// The leg the trunk is moving to can carry calls.
    pub fn arrived(&mut self, now: SimTime) {
        self.state = match self.state {
            State::ToSecondary { .. } => {
                self.moves.push(now);
                State::OnSecondary {
                    earliest: now + self.stay(now),
                    well_since: (!self.primary_down).then_some(now),
                }
            }
            State::ToPrimary { .. } => self.on_primary(now),
            state => state,
        };
    }

    fn on_primary(&mut self, now: SimTime) -> State {
        self.by_condition = self.primary_down;
        State::OnPrimary { due: self.primary_down.then(|| now + self.spec.hold_down) }
    }

    /// How long the trunk stays at least, damping included.
    fn stay(&mut self, now: SimTime) -> SimDuration {
        let Some(damping) = &self.spec.damping else { return self.spec.dwell_min };
        self.moves.retain(|m| now.saturating_since(*m) <= damping.within);
        if self.moves.len() >= damping.moves as usize {
            damping.hold.max(self.spec.dwell_min)
        } else {
            self.spec.dwell_min
        }
    }

    /// The move that is due now, of a trunk that is not on its way. When a move is given up is for
    /// [`Controller::wake`] alone.
    fn move_due(&mut self, now: SimTime) -> Option<Action> {
        match self.state {
            State::OnPrimary { .. } | State::OnSecondary { .. } => self.wake(now, true),
            State::ToSecondary { .. } | State::ToPrimary { .. } => None,
        }
    }

    /// Does what is due. A wake before the deadline changes nothing. `old_usable` says whether the
    /// leg that a trunk on its way has left, or is about to leave, can carry calls.
    pub fn wake(&mut self, now: SimTime, old_usable: bool) -> Option<Action> {
        if self.next_deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        let give_up = now.saturating_add(self.spec.switch_timeout);
        let goes_on = self.spec.switching == Switching::BreakBeforeMake && !old_usable;
        let (state, action) = match self.state {
            State::ToSecondary { .. } if goes_on => {
                self.state = State::ToSecondary { give_up };
                return None;
            }
            State::ToPrimary { .. } if goes_on => {
                self.state = State::ToPrimary { give_up };
                return None;
            }
            State::OnPrimary { .. } => (State::ToSecondary { give_up }, Action::MoveToSecondary),
            State::OnSecondary { .. } => (State::ToPrimary { give_up }, Action::MoveToPrimary),
            State::ToSecondary { .. } => {
                (self.on_primary_after_failure(now), Action::StayOnPrimary)
            }
            State::ToPrimary { .. } => {
                let well_since = (!self.primary_down).then_some(now);
                (State::OnSecondary { earliest: now, well_since }, Action::StayOnSecondary)
            }
        };
        self.state = state;
        Some(action)
    }

    /// After a move that failed, a primary leg that is down is a reason to try again.
    fn on_primary_after_failure(&mut self, now: SimTime) -> State {
        self.by_condition = self.primary_down;
        let again = now + self.spec.hold_down.max(SimDuration::from_secs(1));
        State::OnPrimary { due: self.primary_down.then_some(again) }
    }

    /// When [`Controller::wake`] next does something, or looks whether to.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SimTime> {
        match self.state {
            State::OnPrimary { due } => due,
            State::ToSecondary { give_up } | State::ToPrimary { give_up } => Some(give_up),
            State::OnSecondary { earliest, well_since } => well_since
                .filter(|_| self.spec.failback)
                .map(|since| earliest.max(since + self.spec.failback_delay)),
        }
    }
}

#[cfg(test)]
mod tests;
