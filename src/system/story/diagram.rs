//! A story, or a part of it, as a sequence diagram: who takes part, and what passes between them,
//! one under the other in time.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::causes::{Link, Step};
use super::drawing::{self, Draft, Lane};
use super::{Story, label, titles, wording};
use crate::engine::time::SimTime;
use crate::system::config::Config;
use crate::system::ids::{CallId, LegId, RequestId, Side, TrunkId};
use crate::system::observation::{Errand, Observation};

/// A sequence diagram.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    /// What it shows.
    pub title: String,
    /// Who takes part, from left to right.
    pub lanes: Vec<String>,
    /// What happens, in time.
    pub rows: Vec<Row>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When.
    pub at: SimTime,
    /// What.
    pub mark: Mark,
    /// How it is meant.
    pub tone: Tone,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A message from one lane to another.
    Arrow {
        /// The sender's lane.
        from: usize,
        /// The receiver's lane.
        to: usize,
        /// What it says.
        label: String,
    },
    /// Something that happens at one lane.
    Note {
        /// The lane.
        lane: usize,
        /// What happens.
        text: String,
    },
    /// Rows like those before it that are left out.
    Skipped {
        /// The lanes they are between, or at.
        lanes: (usize, usize),
        /// How many.
        count: usize,
        /// The instant of the last skipped row.
        until: SimTime,
    },
}

/// How a row is meant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A message like any other.
    Plain,
    /// It worked.
    Good,
    /// A refusal.
    Refused,
    /// Something failed or timed out.
    Failed,
    /// A decision.
    Decided,
}

/// Rows of a kind in a row that are drawn; of more, the first two and the last.
const ALIKE_MAX: usize = 4;
/// Rows of a diagram at most.
pub const ROWS_MAX: usize = 300;

/// The life of a call: its INVITEs, its look-ups, its end.
#[must_use]
pub fn of_call(story: &Story, config: &Config, call: CallId) -> Ladder {
    let places = call_places(story, call, 0..story.facts.len());
    let title = titles::of_call(story, config, call, &places);
    draw(story, config, title, &places, &[])
}

/// What concerns a trunk from `from` on, before `to`: its calls, its requests, its legs, and what
/// befalls its carriers.
#[must_use]
pub fn of_trunk(
    story: &Story,
    config: &Config,
    trunk: TrunkId,
    (from, to): (SimTime, SimTime),
) -> Ladder {
    let asked = requests_of(story, trunk);
    let concerns = |place: &usize| {
        let fact = &story.facts[*place];
        (from..to).contains(&fact.at) && is_of_trunk(story, config, trunk, &asked, &fact.what)
    };
    let places: Vec<usize> = (0..story.facts.len()).filter(concerns).collect();
    let title = titles::of_trunk(story, config, (trunk, from, to), &places);
    draw(story, config, title, &places, &[])
}

/// A chain of causes with what else belongs to its calls and moves.
#[must_use]
pub fn of_chain(story: &Story, config: &Config, links: &[Link]) -> Ladder {
    let Some(outcome) = links.first() else {
        return Ladder { title: String::new(), lanes: Vec::new(), rows: Vec::new() };
    };
    let end = outcome.facts.last().map_or(0, |last| last + 1);
    let mut places: Vec<usize> = Vec::new();
    let mut bursts: Vec<(usize, Draft)> = Vec::new();
    for link in links {
        match &link.step {
            Step::Burst(burst) => {
                let label = wording::burst_in_short(burst);
                let draft =
                    Draft::arrow(drawing::client_lane(config, burst.client), Lane::Api, label);
                bursts.push((link.facts[0], draft.tone(Tone::Failed).kind("burst")));
            }
            Step::BreakerOpened { .. } => places.extend(link.facts.last()),
            Step::FellBack { call: Some(call), .. } => {
                places.extend(call_places(story, *call, 0..link.facts[0] + 1));
            }
            Step::StillAsking { call, .. }
            | Step::InviteTimedOut { call, .. }
            | Step::Dropped { call, .. } => {
                places.extend(&link.facts);
                places.extend(call_places(story, *call, 0..end));
            }
            Step::Failover { trunk, .. } | Step::MoveBegun { trunk, .. } => {
                places.extend(&link.facts);
                places.extend(arrival(story, *trunk, link.facts[0]));
            }
            Step::RegistrationTimedOut { leg, .. } => {
                let since = links.iter().map(|link| link.facts[0]).min().unwrap_or(0);
                places.extend(leg_places(story, *leg, since..end));
            }
            _ => places.extend(&link.facts),
        }
    }
    let title = titles::capital(&wording::sentence(story, config, outcome));
    draw(story, config, title, &places, &bursts)
}

/// What follows a failover until the trunk has arrived, starts again or gives up.
fn arrival(story: &Story, trunk: TrunkId, started: usize) -> Vec<usize> {
    let ends = |fact: &Observation| {
        matches!(*fact,
            Observation::FailoverArrived { trunk: t, .. }
            | Observation::FailoverAbandoned { trunk: t }
            | Observation::FailoverStarted { trunk: t, .. }
            | Observation::FailbackStarted { trunk: t } if t == trunk)
    };
    let after = started + 1..story.facts.len();
    let end = after.clone().find(|&i| ends(&story.facts[i].what));
    let range = after.start..end.map_or(after.end, |end| end + 1);
    let mut places = leg_places(story, LegId::new(trunk, Side::Secondary), range.clone());
    places.extend(story.all(range, |fact| {
        matches!(*fact, Observation::SideChanged { trunk: t, .. } if t == trunk) || ends(fact)
    }));
    places
}

/// What concerns the connection and registration of a leg.
fn leg_places(story: &Story, leg: LegId, range: Range<usize>) -> Vec<usize> {
    story.all(range, |fact| drawing::leg_of(fact) == Some(leg))
}

/// What concerns a call within a range: itself, and its requests while it waits for them.
fn call_places(story: &Story, call: CallId, range: Range<usize>) -> Vec<usize> {
    let mut places = Vec::new();
    let mut asked: Vec<RequestId> = Vec::new();
    let mut over = false;
    for place in range {
        let fact = &story.facts[place].what;
        match *fact {
            Observation::CallAsks { call: c, request, .. } if c == call => {
                asked.push(request);
                places.push(place);
            }
            Observation::CallEnded { call: c, .. } if c == call => {
                places.push(place);
                over = true;
            }
            _ if drawing::call_of(fact) == Some(call) => places.push(place),
            _ if !over && drawing::request_of(fact).is_some_and(|r| asked.contains(&r)) => {
                places.push(place);
            }
            _ => {}
        }
    }
    places
}

/// The trunk's look-ups and updates.
fn requests_of(story: &Story, trunk: TrunkId) -> FxHashMap<RequestId, ()> {
    let asked = |fact: &super::Fact| match fact.what {
        Observation::Requested {
            request,
            errand: Errand::Lookup | Errand::Update,
            trunk: t,
            ..
        } if t == trunk => Some((request, ())),
        _ => None,
    };
    story.facts.iter().filter_map(asked).collect()
}

fn is_of_trunk(
    story: &Story,
    config: &Config,
    trunk: TrunkId,
    asked: &FxHashMap<RequestId, ()>,
    fact: &Observation,
) -> bool {
    if let Some(call) = drawing::call_of(fact) {
        return story.call(call).is_some_and(|(t, _)| t == trunk);
    }
    if let Some(request) = drawing::request_of(fact) {
        return asked.contains_key(&request);
    }
    if let Some(leg) = drawing::leg_of(fact) {
        return leg.trunk() == trunk;
    }
    let carriers =
        [Side::Primary, Side::Secondary].map(|side| config.carrier_of(LegId::new(trunk, side)));
    match *fact {
        Observation::FailoverStarted { trunk: t, .. }
        | Observation::FailedOver { trunk: t, .. }
        | Observation::FailbackStarted { trunk: t }
        | Observation::SideChanged { trunk: t, .. }
        | Observation::FailoverArrived { trunk: t, .. }
        | Observation::FailoverAbandoned { trunk: t }
        | Observation::FellBack { trunk: t, .. } => t == trunk,
        Observation::BreakerMoved { client, breaker, .. } => {
            drawing::guards(config, (client, breaker), trunk)
        }
        Observation::CarrierMoved { carrier, .. } => carriers.contains(&Some(carrier)),
        Observation::FaultMoved { .. } => true,
        _ => false,
    }
}

/// Draws the facts at these places and the further drafts, each before its place.
fn draw(
    story: &Story,
    config: &Config,
    title: String,
    places: &[usize],
    further: &[(usize, Draft)],
) -> Ladder {
    let mut places = places.to_vec();
    places.sort_unstable();
    places.dedup();
    let mut drafts: Vec<(usize, bool, Draft)> =
        further.iter().map(|(place, draft)| (*place, false, draft.clone())).collect();
    let calls = calls_of(story, &places);
    for place in places {
        let call = drawing::call_of(&story.facts[place].what).filter(|_| calls > 1);
        for mut draft in drawing::drafts(story, config, place) {
            // Of several calls each row says which.
            if let Some((_, index)) = call.and_then(|call| story.call(call)) {
                let number = label::call_name("", index);
                if !draft.label.ends_with(&number) {
                    draft.label = format!("{} {number}", draft.label);
                }
            }
            drafts.push((place, true, draft));
        }
    }
    drafts.sort_by_key(|(place, of_fact, _)| (*place, *of_fact));
    let mut lanes: Vec<Lane> =
        drafts.iter().flat_map(|(.., draft)| [Some(draft.from), draft.to]).flatten().collect();
    lanes.sort_unstable();
    lanes.dedup();
    let column = |lane: Lane| lanes.binary_search(&lane).expect("every lane is there");
    let mut rows: Vec<(&'static str, usize, Row)> = Vec::new();
    for (place, _, draft) in drafts {
        let mark = match draft.to {
            Some(to) => {
                Mark::Arrow { from: column(draft.from), to: column(to), label: draft.label }
            }
            None => Mark::Note { lane: column(draft.from), text: draft.label },
        };
        let row = Row { at: story.at(place), mark, tone: draft.tone };
        rows.push((draft.kind, column(draft.from), row));
    }
    let lanes = lanes.iter().map(|lane| drawing::name(config, *lane)).collect();
    Ladder { title, lanes, rows: shorten(&rows) }
}

/// How many calls the facts at these places are about.
fn calls_of(story: &Story, places: &[usize]) -> usize {
    let calls = places.iter().filter_map(|place| drawing::call_of(&story.facts[*place].what));
    let mut calls: Vec<CallId> = calls.collect();
    calls.sort_unstable();
    calls.dedup();
    calls.len()
}

/// Leaves out most of many rows of a kind from one lane, and what is over the bound.
fn shorten(rows: &[(&'static str, usize, Row)]) -> Vec<Row> {
    let mut kept = Vec::new();
    for alike in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if alike.len() <= ALIKE_MAX {
            kept.extend(alike.iter().map(|(.., row)| row.clone()));
            continue;
        }
        let (first, rest) = alike.split_at(2);
        let (skipped, last) = rest.split_at(rest.len() - 1);
        kept.extend(first.iter().map(|(.., row)| row.clone()));
        let skipped: Vec<&Row> = skipped.iter().map(|(.., row)| row).collect();
        kept.extend(skip(&skipped));
        kept.push(last[0].2.clone());
    }
    if kept.len() > ROWS_MAX {
        let rest = kept.split_off(ROWS_MAX);
        kept.extend(skip(&rest.iter().collect::<Vec<&Row>>()));
    }
    kept
}

/// What stands for rows that are left out.
fn skip(rows: &[&Row]) -> Option<Row> {
    let (first, until) = (rows.first()?, rows.last()?.at);
    let lanes = match first.mark {
        Mark::Arrow { from, to, .. } => (from, to),
        Mark::Note { lane, .. } => (lane, lane),
        Mark::Skipped { lanes, .. } => lanes,
    };
    let mark = Mark::Skipped { lanes, count: rows.len(), until };
    Some(Row { at: first.at, mark, tone: Tone::Plain })
}
