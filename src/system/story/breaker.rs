//! What a breaker had counted when it opened, worked out from the results it was told.
//!
//! Of the plain breaker exactly, by its rule: the results of permits given since it last closed
//! that stand in its window. Of a library's breaker the results since it last closed, and beside
//! them the figures that the library itself reports.

use super::Story;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::breaker::{CallResult, MachineSpec, RuleSpec, State};
use crate::system::config::Config;
use crate::system::ids::ClientId;
use crate::system::observation::Observation;

/// What had been counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    /// Places of the results that counted as failures.
    pub(super) failures: Vec<usize>,
    /// Results in all.
    pub(super) calls: u32,
    /// How far back the rule looks, where it looks at a time.
    pub(super) window: Option<SimDuration>,
}

/// The first opening of a breaker since it last closed, where the one at place `opened` is a later
/// one: out of the half-open state.
pub(super) fn first_opening(
    story: &Story,
    (client, breaker): (ClientId, u32),
    opened: usize,
) -> Option<usize> {
    let moved = |fact: &Observation, state: State| {
        matches!(*fact, Observation::BreakerMoved { client: c, breaker: b, to, .. }
            if c == client && b == breaker && to == state)
    };
    let closed = story.last(opened, |fact| moved(fact, State::Closed)).unwrap_or(0);
    (closed..opened).find(|&i| moved(&story.facts[i].what, State::Open))
}

/// What breaker (`client`, `breaker`), which opened at place `opened`, had counted.
pub(super) fn counted(
    story: &Story,
    config: &Config,
    (client, breaker): (ClientId, u32),
    opened: usize,
) -> Counted {
    let closed = story.last(opened, |fact| {
        matches!(*fact, Observation::BreakerMoved { client: c, breaker: b, to: State::Closed, .. }
            if c == client && b == breaker)
    });
    let closed_at = closed.map_or(SimTime::ZERO, |place| story.at(place));
    let told = story.all(closed.unwrap_or(0)..opened, |fact| {
        matches!(*fact, Observation::BreakerTold { client: c, breaker: b, result, since, probe, .. }
            if c == client && b == breaker && !probe && since >= closed_at
                && result != CallResult::Ignored)
    });
    let (told, window) = match &config.clients[client.index()].breaker.machine {
        MachineSpec::Generic(spec) => in_window(story, &spec.rule, told, story.at(opened)),
        _ => (told, None),
    };
    let failed = |place: &usize| {
        matches!(
            story.facts[*place].what,
            Observation::BreakerTold { result: CallResult::Failure, .. }
        )
    };
    let failures = told.iter().copied().filter(failed).collect();
    Counted { failures, calls: told.len() as u32, window }
}

/// Those of the results that the rule looks at, and the time it looks back over.
fn in_window(
    story: &Story,
    rule: &RuleSpec,
    told: Vec<usize>,
    now: SimTime,
) -> (Vec<usize>, Option<SimDuration>) {
    let newest = |size: u32| told[told.len().saturating_sub(size as usize)..].to_vec();
    match *rule {
        RuleSpec::Never => (told, None),
        RuleSpec::Consecutive { failures } => (newest(failures), None),
        RuleSpec::CountWindow { size, .. } | RuleSpec::FailuresInWindow { size, .. } => {
            (newest(size), None)
        }
        RuleSpec::FailuresWithin { within, .. } => {
            let kept = |place: &usize| now.saturating_since(story.at(*place)) < within;
            (told.iter().copied().filter(kept).collect(), Some(within))
        }
        RuleSpec::TimeWindow { window, buckets, .. } => {
            // The oldest bucket is forgotten as a whole.
            let width = (window.as_nanos() / u64::from(buckets)).max(1);
            let bucket = |at: SimTime| at.as_nanos() / width;
            let kept = |place: &usize| bucket(story.at(*place)) + u64::from(buckets) > bucket(now);
            (told.iter().copied().filter(kept).collect(), Some(window))
        }
    }
}
