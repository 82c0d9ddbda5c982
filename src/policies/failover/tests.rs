//! The controller of a trunk by its rules.

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
    // And on the way back.
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
