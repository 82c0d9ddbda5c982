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
    /// A move that takes longer is given up. Where the old leg was left at once that is so only while
    /// it is usable (its carrier up, and registered where it has to be): the trunk's calls go over
    /// it again. While it is not, the trunk goes on trying and looks again after as long.
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
    /// So many INVITEs time out within a time.
    pub invite_timeouts: Option<InviteTimeouts>,
    /// The primary leg is not registered.
    pub registration_lost: bool,
    /// OPTIONS have put the primary leg down.
    pub options_down: bool,
    /// The primary carrier's link alarm is on: its outage is seen at once.
    pub link_down: bool,
}

/// So many INVITEs time out within a time.
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
    /// As it is left.
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
    /// secondary leg it starts the wait for the way back anew.
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

    /// An INVITE on the primary leg timed out. Enough of them are an event.
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

    /// The move that is due now, of a trunk that is not on its way. When a move is given up is up to
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: SimDuration = SimDuration::ZERO;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn spec(hold_down: u64, failback_delay: u64, dwell_min: u64) -> FailoverSpec {
        FailoverSpec {
            hold_down: SimDuration::from_secs(hold_down),
            failback_delay: SimDuration::from_secs(failback_delay),
            dwell_min: SimDuration::from_secs(dwell_min),
            ..FailoverSpec::default()
        }
    }

    #[test]
    fn a_short_outage_does_not_move_the_trunk() {
        let mut controller = Controller::new(&spec(30, 60, 0));
        assert_eq!(controller.condition(at(0), true), None);
        assert_eq!(controller.condition(at(29), false), None);
        assert_eq!(controller.next_deadline(), None);
        controller.condition(at(40), true);
        assert_eq!(controller.wake(at(69), true), None);
        assert_eq!(controller.wake(at(70), true), Some(Action::MoveToSecondary));
    }

    #[test]
    fn the_way_back_waits_for_the_primary_to_be_well_without_a_break() {
        let mut controller = Controller::new(&spec(0, 60, 0));
        assert_eq!(controller.condition(at(0), true), Some(Action::MoveToSecondary));
        controller.arrived(at(1));
        controller.condition(at(10), false);
        controller.condition(at(50), true);
        controller.condition(at(60), false);
        assert_eq!(controller.next_deadline(), Some(at(120)));
        assert_eq!(controller.wake(at(120), true), Some(Action::MoveToPrimary));
        controller.arrived(at(121));
        assert_eq!(controller.state(), State::OnPrimary { due: None });
    }

    #[test]
    fn events_wait_for_their_stagger_and_renew_the_wait_for_the_way_back() {
        let mut controller = Controller::new(&spec(0, 60, 300));
        assert_eq!(controller.event(at(0), SimDuration::from_secs(5)), None);
        assert_eq!(controller.event(at(1), SimDuration::from_secs(9)), None);
        assert_eq!(controller.wake(at(5), true), Some(Action::MoveToSecondary));
        controller.arrived(at(6));
        assert_eq!(controller.next_deadline(), Some(at(306)));
        controller.event(at(290), NOW);
        assert_eq!(controller.next_deadline(), Some(at(350)));
    }

    #[test]
    fn a_move_is_decided_by_the_first_who_asks_for_that_instant() {
        let stagger = SimDuration::from_secs;
        let mut controller = Controller::new(&spec(8, 60, 0));
        controller.condition(at(0), true);
        assert!(controller.is_by_condition());
        // Not sooner than what is due: the condition it remains, whose end calls the move off.
        assert!(!controller.is_decided_by(at(8)) && controller.is_decided_by(at(7)));
        controller.event(at(2), stagger(6));
        assert!(controller.is_by_condition());
        controller.event(at(3), stagger(4));
        assert!(!controller.is_by_condition());
        controller.condition(at(5), false);
        assert_eq!(controller.wake(at(7), true), Some(Action::MoveToSecondary));
        assert!(!controller.is_by_condition() && !controller.is_decided_by(at(7)));
    }

    #[test]
    fn a_move_that_takes_too_long_is_given_up() {
        let mut controller = Controller::new(&spec(0, 60, 0));
        controller.event(at(0), NOW);
        assert_eq!(controller.wake(at(30), true), Some(Action::StayOnPrimary));
        assert_eq!(controller.next_deadline(), None);
    }

    /// Where the old leg was left at once there is no way back to it while it cannot carry calls.
    #[test]
    fn a_move_that_breaks_first_is_given_up_only_while_the_old_leg_is_usable() {
        let mut spec = spec(0, 60, 0);
        spec.switching = Switching::BreakBeforeMake;
        let mut controller = Controller::new(&spec);
        assert_eq!(controller.event(at(0), NOW), Some(Action::MoveToSecondary));
        assert_eq!(controller.next_deadline(), Some(at(30)));
        assert_eq!(controller.wake(at(30), false), None);
        assert_eq!(controller.state(), State::ToSecondary { give_up: at(60) });
        assert_eq!(controller.wake(at(60), true), Some(Action::StayOnPrimary));
        // The way back likewise.
        controller.event(at(100), NOW);
        controller.arrived(at(101));
        assert_eq!(controller.wake(at(161), true), Some(Action::MoveToPrimary));
        assert_eq!(controller.wake(at(191), false), None);
        assert_eq!(controller.wake(at(221), true), Some(Action::StayOnSecondary));
        // Made before the old leg is left, a move is given up whatever the old leg is.
        let mut controller = Controller::new(&FailoverSpec::default());
        controller.event(at(0), NOW);
        assert_eq!(controller.wake(at(30), false), Some(Action::StayOnPrimary));
    }

    #[test]
    fn enough_invite_timeouts_within_the_window_are_an_event() {
        let mut spec = spec(0, 60, 0);
        let within = SimDuration::from_secs(10);
        spec.triggers.invite_timeouts = Some(InviteTimeouts { count: 3, within });
        let mut controller = Controller::new(&spec);
        let actions = [0, 5, 16, 17, 18].map(|t| controller.invite_timed_out(at(t), NOW));
        assert_eq!(actions, [None, None, None, None, Some(Action::MoveToSecondary)]);
    }

    #[test]
    fn damping_keeps_a_flapping_trunk_on_the_secondary_leg() {
        let mut spec = spec(0, 1, 0);
        spec.damping = Some(Damping {
            moves: 2,
            within: SimDuration::from_secs(100),
            hold: SimDuration::from_secs(600),
        });
        let mut controller = Controller::new(&spec);
        controller.event(at(0), NOW);
        controller.arrived(at(0));
        assert_eq!(controller.wake(at(1), true), Some(Action::MoveToPrimary));
        controller.arrived(at(1));
        controller.event(at(2), NOW);
        controller.arrived(at(2));
        assert_eq!(controller.next_deadline(), Some(at(602)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever happens, an early wake does nothing and the trunk never moves back before the
        /// primary has been well for long enough.
        #[test]
        fn no_move_back_too_early(steps in prop::collection::vec((0u64..40, 0u8..4), 1..120)) {
            let mut controller = Controller::new(&spec(10, 60, 20));
            let (mut now, mut well_since, mut down) = (0, 0, false);
            for (gap, step) in steps {
                now += gap;
                if controller.next_deadline().is_none_or(|d| at(now) < d) {
                    let before = controller.state();
                    prop_assert_eq!(controller.wake(at(now), true), None);
                    prop_assert_eq!(controller.state(), before);
                }
                let action = match step {
                    0 => {
                        down = !down;
                        if !down { well_since = now; }
                        controller.condition(at(now), down)
                    }
                    1 => controller.event(at(now), NOW),
                    2 => { controller.arrived(at(now)); None }
                    _ => controller.wake(at(now), true),
                };
                if action == Some(Action::MoveToPrimary) {
                    prop_assert!(!down && now >= well_since + 60);
                }
            }
        }

        /// A move ends by arriving or by being given up, never before `switch_timeout`, and where the
        /// old leg was left at once only at a look that finds it usable.
        #[test]
        fn a_move_is_given_up_by_its_rule(
            breaks in any::<bool>(),
            looks in prop::collection::vec(any::<bool>(), 1..20),
        ) {
            let switching =
                if breaks { Switching::BreakBeforeMake } else { Switching::MakeBeforeBreak };
            let mut controller = Controller::new(&FailoverSpec { switching, ..spec(0, 60, 0) });
            controller.event(at(0), NOW);
            for (n, usable) in (1u64..).zip(looks) {
                prop_assert_eq!(controller.next_deadline(), Some(at(30 * n)));
                prop_assert_eq!(controller.wake(at(30 * n - 1), usable), None);
                let action = controller.wake(at(30 * n), usable);
                let given_up = usable || !breaks;
                prop_assert_eq!(action, given_up.then_some(Action::StayOnPrimary));
                if given_up {
                    break;
                }
            }
        }

        /// However the primary comes and goes, the trunk moves only once it has been down for
        /// `hold_down` without a break, at that very instant, and stays for `dwell_min` at least.
        #[test]
        fn hold_down_and_dwell_are_kept(
            gaps in prop::collection::vec(1u64..40, 1..120),
            hold_down in 0u64..30,
            failback_delay in 0u64..60,
            dwell_min in 0u64..90,
        ) {
            let mut controller = Controller::new(&spec(hold_down, failback_delay, dwell_min));
            let (mut now, mut down, mut since, mut left_at) = (0, false, 0, None);
            for gap in gaps {
                let next = now + gap;
                // What falls due before the primary turns over next happens when it is due.
                while let Some(deadline) = controller.next_deadline().filter(|d| *d < at(next)) {
                    let early = SimTime::from_nanos(deadline.as_nanos() - 1);
                    prop_assert_eq!(controller.wake(early, true), None);
                    match controller.wake(deadline, true) {
                        Some(Action::MoveToSecondary) => {
                            prop_assert!(down);
                            prop_assert_eq!(deadline, at(since + hold_down));
                            controller.arrived(deadline);
                            left_at = Some(deadline);
                        }
                        Some(Action::MoveToPrimary) => {
                            let left_at = left_at.expect("it was there");
                            prop_assert!(!down && deadline >= at(since + failback_delay));
                            prop_assert!(deadline >= left_at + SimDuration::from_secs(dwell_min));
                            controller.arrived(deadline);
                        }
                        action => prop_assert!(false, "{action:?} at {deadline}"),
                    }
                }
                (now, down, since) = (next, !down, next);
                match controller.condition(at(now), down) {
                    Some(Action::MoveToSecondary) => {
                        prop_assert!(down && hold_down == 0);
                        controller.arrived(at(now));
                        left_at = Some(at(now));
                    }
                    Some(Action::MoveToPrimary) => {
                        let left_at = left_at.expect("it was there");
                        prop_assert!(!down && failback_delay == 0);
                        prop_assert!(at(now) >= left_at + SimDuration::from_secs(dwell_min));
                        controller.arrived(at(now));
                    }
                    action => prop_assert_eq!(action, None),
                }
            }
        }
    }
}
