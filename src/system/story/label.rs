//! What people call the things of a story.

use std::borrow::Cow;

use super::Story;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::system::config::{Config, FaultKind};
use crate::system::ids::{CallId, LegId, RequestId, TrunkId};
use crate::system::observation::{CallRecord, Errand, Fate};

/// Hours, minutes, seconds and milliseconds of simulated time, cut off: `00:08:21.300`.
#[must_use]
pub fn clock(at: SimTime) -> String {
    let ms = at.as_nanos() / 1_000_000;
    let (s, m, h) = (ms / 1000 % 60, ms / 60_000 % 60, ms / 3_600_000);
    format!("{h:02}:{m:02}:{s:02}.{:03}", ms % 1000)
}

/// `count` of something, by number: `1 call`, `3 calls`.
pub(super) fn several(count: u32, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

/// The name of a call: its trunk, and its number there with the redials after a full stop:
/// `TRK_APAC_07/12`, `TRK_APAC_07/12.1`.
#[must_use]
pub fn call_name(trunk: &str, index: u64) -> String {
    let (number, redials) = (index % CallRecord::REDIAL, index / CallRecord::REDIAL);
    match redials {
        0 => format!("{trunk}/{number}"),
        redials => format!("{trunk}/{number}.{redials}"),
    }
}

/// The index of a call on its trunk, as [`call_name`] writes it after the slash.
#[must_use]
pub fn call_index(text: &str) -> Option<u64> {
    let (number, redials) = text.split_once('.').unwrap_or((text, "0"));
    let (number, redials): (u64, u64) = (number.parse().ok()?, redials.parse().ok()?);
    (number < CallRecord::REDIAL && redials < CallRecord::REDIAL)
        .then_some(redials * CallRecord::REDIAL + number)
}

pub(super) fn call(story: &Story, config: &Config, id: CallId) -> String {
    match story.call(id) {
        Some((trunk, index)) => call_name(self::trunk(config, trunk), index),
        None => "?".to_owned(),
    }
}

pub(super) fn request(story: &Story, id: RequestId) -> String {
    format!("request {}", story.request(id))
}

pub(super) fn trunk(config: &Config, trunk: TrunkId) -> &str {
    &config.trunk(trunk).name
}

/// The carrier of a leg.
pub(super) fn carrier(config: &Config, leg: LegId) -> &str {
    config.carrier_of(leg).map_or("no leg", |c| &config.carriers[c.index()].name)
}

/// A circuit breaker, with whose it is where its client has several.
pub(super) fn breaker(config: &Config, client: crate::system::ids::ClientId, index: u32) -> String {
    let name = config.client(client);
    let possessive = if name == "client" {
        "the client's breaker".to_owned()
    } else {
        format!("the breaker of {name}")
    };
    let breaker = &config.clients[client.index()];
    if breaker.breakers == 1 {
        return possessive;
    }
    match breaker.breaker.scope {
        crate::policies::breaker::Scope::Trunk => {
            format!("{possessive} for {}", trunk(config, TrunkId(index)))
        }
        _ => {
            let of = config.trunks.iter().find(|t| t.region == index);
            format!("{possessive} for the region of {}", of.map_or("?", |t| t.name.as_str()))
        }
    }
}

pub(super) const fn errand(errand: Errand) -> &'static str {
    match errand {
        Errand::Lookup => "look-up",
        Errand::Update => "update",
        Errand::Poll => "poll",
        Errand::Tenant => "request",
    }
}

pub(super) fn outcome(outcome: Outcome) -> Cow<'static, str> {
    match outcome {
        Outcome::TimedOut => "time-out".into(),
        Outcome::Refused => "refused by the breaker".into(),
        Outcome::Bulkhead => "refused by the bulkhead".into(),
        Outcome::Ok | Outcome::TooManyRequests | Outcome::Unavailable | Outcome::Status(_) => {
            outcome.status().map_or(Cow::Borrowed(""), |status| status.to_string().into())
        }
    }
}

pub(super) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Completed => "completed",
        Fate::DroppedTalking => "dropped while talking",
        Fate::DroppedWaiting => "dropped while waiting",
        Fate::Abandoned => "abandoned in the queue",
        Fate::AbandonedSetup => "hung up before the answer",
        Fate::Blocked => "blocked: no leg has room",
        Fate::Lost => "lost: no usable leg",
        Fate::TimedOut => "failed: no answer",
        Fate::Rejected => "failed: refused with 503",
    }
}

/// A fault, with what it befell.
pub(super) fn fault(config: &Config, index: u32) -> String {
    let carrier = |c: crate::system::ids::CarrierId| &config.carriers[c.index()].name;
    match &config.faults[index as usize].kind {
        FaultKind::Carrier(c, _) => format!("outage of {}", carrier(*c)),
        FaultKind::ApiSlowdown(by) => format!("API brown-out: service takes {by} times as long"),
        FaultKind::ApiLimit { factor, .. } => format!("API limits cut to {factor} of theirs"),
        FaultKind::Sbc(sbc, _) => format!("restart of {}", config.sbcs[sbc.index()].name),
        FaultKind::Registrar(c, by) => {
            format!("registrar of {}: service takes {by} times as long", carrier(*c))
        }
        FaultKind::LegNetwork { carrier: c, delay, loss } => {
            format!("network of {}: {delay} more, {:.0} % lost", carrier(*c), loss * 100.0)
        }
        FaultKind::ApiNetwork { delay, loss } => {
            format!("network of the API: {delay} more, {:.0} % lost", loss * 100.0)
        }
        FaultKind::Agents(group, share) => {
            let name = &config.groups[group.index()].name;
            format!("{:.0} % of the agents of {name} log out", share * 100.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_as_it_is_written() {
        for (index, name) in [(12, "T/12"), (12 + CallRecord::REDIAL * 3, "T/12.3"), (0, "T/0")] {
            assert_eq!(call_name("T", index), name);
            assert_eq!(call_index(name.trim_start_matches("T/")), Some(index));
        }
        for text in ["", "x", "1.", "-1", "1.2.3", "99999999999"] {
            assert_eq!(call_index(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_clock_is_cut_off_at_milliseconds() {
        assert_eq!(clock(SimTime::from_nanos(3_723_004_999_999)), "01:02:03.004");
    }
}
