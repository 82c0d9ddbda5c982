//! What a diagram of a call or a trunk shows, in a sentence: counted in its facts.

use super::Story;
use super::label::{self, clock, several};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::Config;
use crate::system::ids::{CallId, TrunkId};
use crate::system::observation::{CallRecord, Fate, Observation};

/// The same as a title: with a capital letter at its start, unless a name stands there.
pub(super) fn capital(sentence: &str) -> String {
    match sentence.split_once(' ') {
        Some(("the", rest)) => format!("The {rest}"),
        Some(("call", rest)) => format!("Call {rest}"),
        _ => sentence.to_owned(),
    }
}

/// How a call ended, and how long its caller waited for that.
pub(super) fn of_call(story: &Story, config: &Config, call: CallId, places: &[usize]) -> String {
    let facts = || places.iter().map(|place| &story.facts[*place].what);
    let record = facts().find_map(|fact| match fact {
        Observation::CallEnded { record, .. } => Some(record),
        _ => None,
    });
    let invites = facts().filter(|fact| {
        matches!(fact, Observation::InviteSent { attempt: 2.., retransmission: 0, .. })
    });
    let fell_back = facts().any(|fact| matches!(fact, Observation::FellBack { .. }));
    let mut said = vec![match record {
        Some(record) => fate(record),
        None => "still under way at the end of the run".to_owned(),
    }];
    if fell_back {
        said.push("routed by the fallback".to_owned());
    }
    match invites.count() {
        0 => {}
        more => said.push(several(more as u32, "re-attempt", "re-attempts")),
    }
    format!("Call {}: {}", label::call(story, config, call), said.join("; "))
}

fn fate(record: &CallRecord) -> String {
    let seconds = |since: SimDuration| format!("{:.1} s", since.as_secs_f64());
    let waited = |at: SimTime| seconds(at.saturating_since(record.offered_at));
    let answered =
        record.answered_at.map(|at| format!("an agent answers {} after the INVITE", waited(at)));
    match (record.fate, answered) {
        (Fate::Completed, Some(answered)) => format!("{answered}, the caller ends it"),
        (fate, Some(answered)) => format!("{answered}, then it is {}", label::fate(fate)),
        (fate, None) => label::fate(fate).to_owned(),
    }
}

/// What happens to a trunk, by kind and number.
pub(super) fn of_trunk(
    story: &Story,
    config: &Config,
    (trunk, from, to): (TrunkId, SimTime, SimTime),
    places: &[usize],
) -> String {
    let count = |fits: fn(&Observation) -> bool| {
        places.iter().filter(|place| fits(&story.facts[**place].what)).count() as u32
    };
    let ended = |fate: Fate| {
        let is = |place: &&usize| {
            matches!(story.facts[**place].what,
                Observation::CallEnded { record, .. } if record.fate == fate)
        };
        places.iter().filter(is).count() as u32
    };
    let calls = count(|fact| matches!(fact, Observation::CallOffered { .. }));
    let moves = count(|fact| matches!(fact, Observation::FailedOver { .. }));
    let needless = count(|fact| matches!(fact, Observation::FailedOver { needed: false, .. }));
    let back = count(|fact| matches!(fact, Observation::FailbackStarted { .. }));
    let invites = count(|fact| matches!(fact, Observation::InviteTimedOut { .. }));
    let registrations = count(|fact| matches!(fact, Observation::RegistrationTimedOut { .. }));
    let dropped = ended(Fate::DroppedTalking) + ended(Fate::DroppedWaiting);
    let lost = ended(Fate::Lost) + ended(Fate::TimedOut) + ended(Fate::Rejected);
    let needless = if needless > 0 { format!(" ({needless} unnecessary)") } else { String::new() };
    let kinds = [
        (moves, several(moves, "failover", "failovers") + &needless),
        (back, several(back, "failback", "failbacks")),
        (registrations, several(registrations, "registration time-out", "registration time-outs")),
        (invites, several(invites, "INVITE time-out", "INVITE time-outs")),
        (lost, several(lost, "call that gets nowhere", "calls that get nowhere")),
        (dropped, several(dropped, "call dropped", "calls dropped")),
    ];
    let said = kinds.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text);
    let said: Vec<String> =
        std::iter::once(several(calls, "call offered", "calls offered")).chain(said).collect();
    let end = if to < SimTime::NEVER { clock(to) } else { "the end".to_owned() };
    let name = label::trunk(config, trunk);
    format!("Trunk {name} from {} to {end}: {}", clock(from), said.join(", "))
}
