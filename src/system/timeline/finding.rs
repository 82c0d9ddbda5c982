//! What a timeline shows, in words: its finding, the run in figures, and the moments that lead from
//! one thing to the next. All of it is counted in the run, none of it estimated.

use super::episodes::REACH;
use super::{ClientLane, Clock, Course, Episode, Failover, Timeline, Trouble};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::observation::Cause;

/// A client bursts where it sends at least this multiple of its average rate. An assumption.
const BURST: f64 = 2.0;
/// And by this many standard deviations of a Poisson count above average. An assumption.
const DEVIATIONS: f64 = 4.0;
/// It is looked for in bins of this at least.
const BURST_BIN: SimDuration = SimDuration::from_secs(10);
/// It begins where it first sends this part of that peak. An assumption.
const ONSET: f64 = 4.0;
/// Service is told of bins of this at least: a few seconds hold too few calls.
const SERVICE_BIN: SimDuration = SimDuration::from_secs(60);

/// What a timeline shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The finding, as a sentence without a full stop.
    pub title: String,
    /// The timeline in figures, as sentences.
    pub summary: String,
    /// What happened one after the other in the course of events that is told, in the order of
    /// time.
    pub moments: Vec<Moment>,
}

/// Something worth a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: SimTime,
    /// What.
    pub text: String,
}

/// What a timeline shows.
#[must_use]
pub fn finding(timeline: &Timeline) -> Finding {
    Finding { title: title(timeline), summary: summary(timeline), moments: moments(timeline) }
}

fn title(timeline: &Timeline) -> String {
    let course = timeline.course();
    if let Some(course) = course.filter(|c| matches!(c.trouble, Trouble::Refusals(_)))
        && timeline.moved(&course, true) > 0
    {
        let last = unnecessary(timeline).filter(|f| course.holds(f.at)).map(|f| f.at).max();
        return format!(
            "{} of {} fail over unnecessarily while the API refuses requests ({})",
            timeline.moved(&course, true),
            trunks(timeline),
            period(timeline, course.from, last.map_or(course.until, |l| l.max(course.until))),
        );
    }
    if let (Some(first), Some(last)) = (timeline.failovers.first(), timeline.failovers.last()) {
        let why = match unnecessary(timeline).count() {
            0 => "each because its primary leg was unusable",
            n if n == timeline.failovers.len() => "though its primary leg was usable",
            _ => "some though their primary leg was usable",
        };
        let moved: std::collections::BTreeSet<_> =
            timeline.failovers.iter().map(|f| f.trunk).collect();
        let when = period(timeline, first.at, last.at);
        return format!("{} of {} fail over, {why} ({when})", moved.len(), trunks(timeline));
    }
    if let Some(episode) = timeline.worst_episode() {
        let bins = timeline.clients.first().map_or(&[][..], |client| &client.bins);
        let (refused, all) =
            bins.iter().fold((0, 0), |(r, a), b| (r + b.refused, a + b.refused + b.admitted));
        let when = period(timeline, episode.from, episode.until);
        return format!(
            "The API refuses {refused} of {all} attempts of the routing client, most at {when}; \
             no trunk fails over"
        );
    }
    format!(
        "The API refuses the routing client nothing and no trunk fails over; {} of calls are \
         answered in time",
        percent(service_level(timeline)),
    )
}

fn summary(timeline: &Timeline) -> String {
    let refused: u64 =
        timeline.clients.iter().take(1).flat_map(|c| &c.bins).map(|b| b.refused).sum();
    let mut parts = vec![
        counted(
            refused,
            "refusal of the routing client by a limit",
            "refusals of the routing client by limits",
        ) + &match timeline.episodes.iter().filter(|e| e.ours.is_some()).count() {
            0 => String::new(),
            n => format!(" in {}", counted(n as u64, "episode", "episodes")),
        },
    ];
    if !timeline.breakers.is_empty() {
        let openings = timeline.openings.len() as u64;
        parts.push(counted(openings, "breaker opening", "breaker openings"));
    }
    if !timeline.trunks.is_empty() {
        let all = timeline.failovers.len() as u64;
        let without = unnecessary(timeline).count();
        parts.push(format!("{}, {without} unnecessary", counted(all, "failover", "failovers")));
    }
    if !timeline.registrations.is_empty() {
        let timeouts = timeline.registration_timeouts.len() as u64;
        parts.push(counted(timeouts, "registration timeout", "registration timeouts"));
    }
    format!(
        "Shown: {}; {} of queued calls answered within {} (target {}).",
        parts.join("; "),
        percent(service_level(timeline)),
        timeline.threshold,
        percent(timeline.target),
    )
}

/// The course of events that is told: each kind of event once, where it first occurs.
fn moments(timeline: &Timeline) -> Vec<Moment> {
    let Some(course) = timeline.course() else { return Vec::new() };
    let mut moments: Vec<Moment> = match course.trouble {
        Trouble::Refusals(episode) => refusals(timeline, &episode),
        Trouble::Fault(place) => {
            let text = format!("fault: {}", timeline.faults[place].label);
            vec![Moment { at: course.from, text }]
        }
    };
    let openings = || timeline.openings.iter().filter(|o| course.holds(o.at));
    if let Some(first) = openings().next() {
        let name = &timeline.breakers[first.breaker].name;
        let times = match openings().count() {
            1 => String::new(),
            n => format!(", the first of {n} openings"),
        };
        moments.push(Moment { at: first.at, text: format!("breaker ({name}) opens{times}") });
    }
    let needless = timeline.moved(&course, true) > 0;
    let mut moves = timeline.failovers.iter().filter(|f| course.holds(f.at));
    if let Some(first) = moves.find(|f| !(needless && f.needed)) {
        let of = timeline.moved(&course, needless);
        moments.push(Moment { at: first.at, text: failover(timeline, first, of) });
    }
    let mut timeouts = timeline.registration_timeouts.iter().filter(|t| course.holds(t.at));
    if let Some(first) = timeouts.next() {
        let leg = &timeline.registrations[first.leg].name;
        let text = match 1 + timeouts.count() {
            1 => format!("registration timeout: {leg}"),
            n => format!("first of {n} registration timeouts: {leg}"),
        };
        moments.push(Moment { at: first.at, text });
    }
    moments.extend(lowest_service(timeline, &course));
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn refusals(timeline: &Timeline, episode: &Episode) -> Vec<Moment> {
    let ours = episode.ours.map(|(at, count)| {
        let text = match count {
            1 => "a limit refuses the routing client".to_owned(),
            n => format!("first of {n} refusals of the routing client"),
        };
        Moment { at, text }
    });
    burst(timeline, episode).into_iter().chain(ours).collect()
}

/// The client that shares the routing client's budget and, in the course of the refusals, exceeds
/// its own average most; when it first sends a good part of what it sends at its peak. What chance
/// alone may send is no burst.
fn burst(timeline: &Timeline, episode: &Episode) -> Option<Moment> {
    let most = timeline.window.length().as_nanos() / BURST_BIN.as_nanos();
    let timeline = &timeline.with_bins_at_most(most.max(1));
    let start = episode.from.saturating_sub(REACH).max(timeline.window.from);
    let index =
        |at: SimTime| ((at - timeline.window.from).as_nanos() / timeline.bin.as_nanos()) as usize;
    let near = index(start)..=index(episode.until);
    let sent =
        |client: &ClientLane, bin: usize| rate(client.bins[bin].sent, timeline.bin_length(bin));
    let bursts =
        timeline.clients.iter().filter(|client| client.shares_budget).filter_map(|client| {
            let bin = near.clone().max_by_key(|bin| client.bins[*bin].sent)?;
            let usual = average(timeline, client);
            let expected = usual * timeline.bin_length(bin).as_secs_f64();
            let excess = client.bins[bin].sent as f64 - expected;
            let is_burst =
                sent(client, bin) >= BURST * usual && excess >= DEVIATIONS * libm::sqrt(expected);
            is_burst.then_some((client, excess, sent(client, bin)))
        });
    let (client, _, peak) = bursts.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let usual = average(timeline, client);
    let begun = (peak / ONSET).max(BURST * usual);
    let first = near.clone().find(|bin| sent(client, *bin) >= begun)?;
    Some(Moment {
        at: timeline.bin_start(first),
        text: format!("{} sends {peak:.1} attempts/s, {usual:.1} on average", client.name),
    })
}

fn rate(count: u64, length: SimDuration) -> f64 {
    count as f64 / length.as_secs_f64()
}

fn average(timeline: &Timeline, client: &ClientLane) -> f64 {
    rate(client.bins.iter().map(|bin| bin.sent).sum(), timeline.window.length())
}

/// The first failover of `of` trunks.
fn failover(timeline: &Timeline, first: &Failover, of: usize) -> String {
    let name = &timeline.trunks[first.trunk].name;
    let why = match first.cause {
        Cause::Fallback => "the fallback of a request that failed or was refused",
        Cause::BreakerOpen => "its breaker opened",
        Cause::ApiFailure => "an API request failed",
        Cause::InviteTimeouts => "INVITEs timed out",
        Cause::LegDown => "its primary leg is down",
    };
    let usable = if first.needed { "" } else { "; its primary leg is usable" };
    match of {
        0 | 1 => format!("{name} fails over: {why}{usable}"),
        n => format!("{name} fails over, the first of {n} trunks: {why}{usable}"),
    }
}

/// The bin in a course of events with the lowest service level, if that is below the target.
fn lowest_service(timeline: &Timeline, course: &Course) -> Option<Moment> {
    let most = timeline.window.length().as_nanos() / SERVICE_BIN.as_nanos();
    let timeline = &timeline.with_bins_at_most(most.max(1));
    let bins = timeline.calls.iter().enumerate().filter(|(index, bin)| {
        let start = timeline.bin_start(*index);
        let begun = start.saturating_add(timeline.bin) > course.from;
        begun && start <= course.until.saturating_add(REACH) && bin.offered > 0
    });
    let level = |bin: &super::CallBin| bin.service_level_end_to_end();
    let (index, bin) = bins.min_by(|a, b| level(a.1).total_cmp(&level(b.1)))?;
    (level(bin) < timeline.target).then(|| Moment {
        at: timeline.bin_start(index).saturating_add(timeline.bin_length(index)),
        text: format!(
            "of the calls offered in the {} until now, {} were answered within {}, the fewest",
            timeline.bin_length(index),
            percent(level(bin)),
            timeline.threshold,
        ),
    })
}

fn unnecessary(timeline: &Timeline) -> impl Iterator<Item = &Failover> {
    timeline.failovers.iter().filter(|failover| !failover.needed)
}

/// Share of all calls queued in the window that were answered in time.
fn service_level(timeline: &Timeline) -> f64 {
    super::bins::calls(&timeline.calls).service_level()
}

fn trunks(timeline: &Timeline) -> String {
    counted(timeline.trunks.len() as u64, "trunk", "trunks")
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn period(timeline: &Timeline, from: SimTime, until: SimTime) -> String {
    let clock = Clock::of(timeline.window);
    match (clock.short(from), clock.short(until)) {
        (from, until) if from == until => from,
        (from, until) => format!("{from}–{until}"),
    }
}

fn percent(share: f64) -> String {
    if share.is_nan() { "none".to_owned() } else { format!("{:.0}\u{a0}%", share * 100.0) }
}
