//! Where several things ask a trunk to move, the one that decides is its cause.

use std::collections::BTreeMap;

use trunksim::engine::time::SimTime;
use trunksim::system::ids::{Side, TrunkId};
use trunksim::system::observation::{Cause, Observation};
use trunksim::system::story::causes::{self, Step};
use trunksim::system::story::{Question, wording};

use super::Run;

/// A move that was asked for: its cause and instant, in the order of asking.
type Asked = (SimTime, Cause);

/// Of each failover what was asked since the trunk was last on its primary leg, and its cause.
fn failovers(run: &Run) -> Vec<(SimTime, Cause, Vec<Asked>)> {
    let mut asked: BTreeMap<TrunkId, Vec<Asked>> = BTreeMap::new();
    let mut begun = BTreeMap::new();
    let mut found = Vec::new();
    for (at, what) in &run.trace.0 {
        match *what {
            Observation::FailoverAsked { trunk, cause, wait, .. } => {
                asked.entry(trunk).or_default().push((*at + wait, cause));
            }
            Observation::FailoverStarted { trunk, .. } => {
                begun.insert(trunk, (*at, asked.remove(&trunk).unwrap_or_default()));
            }
            Observation::FailedOver { trunk, cause, .. } => {
                let (at, asked) = begun.remove(&trunk).expect("it had begun");
                found.push((at, cause, asked));
            }
            Observation::FailoverArrived { trunk, side: Side::Primary }
            | Observation::FailoverAbandoned { trunk } => {
                asked.remove(&trunk);
            }
            _ => {}
        }
    }
    found
}

/// Each failover is due to the first who asked for the earliest instant, which is its own, and the
/// chain says so too. How many had been asked for by someone else after that.
fn check(run: &Run) -> usize {
    let outcomes = run.story.outcomes(Question::Failover, None);
    let failovers = failovers(run);
    assert_eq!(failovers.len(), outcomes.len());
    let mut overtaken = 0;
    for ((at, cause, asked), outcome) in failovers.into_iter().zip(outcomes) {
        // The first of the least.
        let decided = asked.iter().min_by_key(|asked| asked.0).unwrap();
        assert_eq!(*decided, (at, cause), "{asked:?}");
        overtaken += usize::from(asked.last().unwrap().1 != cause);
        let links = causes::why(&run.story, &run.config, outcome);
        let of_move = |step: &Step| {
            matches!(step, Step::Failover { .. } | Step::MoveBegun { .. } | Step::Asked { .. })
        };
        let due = links.iter().find(|link| !of_move(&link.step));
        let due = due.unwrap_or_else(|| panic!("{links:?}"));
        let fits = match cause {
            Cause::Fallback => matches!(due.step, Step::FellBack { .. }),
            Cause::ApiFailure => matches!(due.step, Step::Refused { .. } | Step::GaveUp { .. }),
            Cause::BreakerOpen => {
                matches!(due.step, Step::BreakerOpened { .. } | Step::BreakerReopened { .. })
            }
            Cause::InviteTimeouts => matches!(due.step, Step::InviteTimeouts { .. }),
            Cause::LegDown => matches!(due.step, Step::LegDown { .. }),
        };
        assert!(fits, "{cause:?}: {links:?}");
        let asked_at = links.iter().find_map(|link| match link.step {
            Step::Asked { wait, .. } => Some((link.at, wait)),
            _ => None,
        });
        assert!(asked_at.is_none_or(|(since, wait)| since + wait == at), "{links:?}");
    }
    overtaken
}

/// The breaker opens at once, the fallback and the failed request come after it; each waits a time
/// of its own, and the shortest wait decides.
#[test]
fn a_failover_names_the_trigger_that_decided_it_not_the_last() {
    let run = Run::of(
        include_str!("burst.toml"),
        &[
            ("failover.stagger_max", "8s"),
            ("failover.failback_delay", "5s"),
            ("failover.dwell_min", "5s"),
            ("failover.triggers", "{ breaker_open = true, api_failure = true }"),
        ],
    );
    assert!(check(&run) > 0, "no failover had been asked for by another trigger afterwards");
}

/// While the leg's outage is waited out, requests fail, and their fallback would move it later.
#[test]
fn a_leg_that_is_down_remains_the_cause_though_requests_fail_after_it() {
    let of = |(seed, at): (u32, u32)| {
        let fault = format!(
            "[{{ kind = 'carrier_outage', carrier = 'telstra', at = '{at}s', for = '40s' }}]"
        );
        let changes = [
            ("seed", seed.to_string()),
            ("failover.hold_down", "8s".to_owned()),
            ("failover.stagger_max", "2m".to_owned()),
            ("failover.triggers", "{ link_down = true, api_failure = true }".to_owned()),
            ("faults", fault),
        ];
        let changes = changes.each_ref().map(|(key, value)| (*key, value.as_str()));
        Run::of(include_str!("burst.toml"), &changes)
    };
    let by_outage = |run: &Run| -> Option<Vec<String>> {
        let tell = |outcome| -> Vec<String> {
            let links = causes::why(&run.story, &run.config, outcome);
            links.iter().map(|link| wording::sentence(&run.story, &run.config, link)).collect()
        };
        let of_the_leg = |told: &Vec<String>| {
            told[0].ends_with("because its primary leg is down; the primary leg was not usable")
        };
        run.story.outcomes(Question::Failover, None).into_iter().map(tell).find(of_the_leg)
    };
    // Whether a request fails while the outage is waited out is up to the draws.
    let runs = (1..20).flat_map(|seed| (56..72).step_by(2).map(move |at| (seed, at)));
    let told = runs.map(of).find_map(|run| by_outage(&run).filter(|_| check(&run) > 0));
    let told = told.expect("a failover had been asked for by another trigger afterwards");
    assert!(told[1].ends_with("was asked to move, and waited 8s"), "{told:?}");
    assert!(told[2].contains("telstra, the primary carrier of TRK_01, is down"), "{told:?}");
}

/// The operators' system with every trigger there is.
#[test]
fn each_trigger_of_the_operators_system_is_told_from_the_others() {
    let run = Run::of(
        include_str!("../../models/apac.toml"),
        &[
            ("horizon", "12m"),
            ("failover.stagger_max", "5s"),
            ("failover.triggers", "{ breaker_open = true, api_failure = true }"),
        ],
    );
    assert!(check(&run) > 0, "no failover had been asked for by another trigger afterwards");
}
