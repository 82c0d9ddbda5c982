//! Who used a limiter's budget up: the burst of requests behind its refusals.
//!
//! For each client whose requests pass the limiter, the start of its burst is estimated by a
//! cumulative sum (Page 1954): s grows by one with each request and falls by twice the client's
//! mean rate over the run; it never falls below zero, and a burst starts with the request that
//! raises it from there. The burst that started the refusals is that of the client with the largest
//! sum at the end, that is with the most requests beyond twice its usual. Where the client's
//! arrivals are scheduled, the spike of its schedule is named too.

use super::Story;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::LimiterSpec;
use crate::system::config::Config;
use crate::system::ids::{ClientId, RequestId};
use crate::system::observation::Observation;
use crate::system::spec::ArrivalSpec;

/// A burst of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    /// Whose.
    pub client: ClientId,
    /// Its first request at the limiter.
    pub since: SimTime,
    /// The refusal it is looked at up to.
    pub until: SimTime,
    /// Attempts at the limiter in this time.
    pub attempts: u32,
    /// Requests they belong to.
    pub requests: u32,
    /// The client's attempts per second before the burst; where that is less than a minute, over
    /// the whole run.
    pub usual_per_s: f64,
    /// Attempts of all clients at the limiter in this time.
    pub of_all: u32,
    /// What is scheduled to start it.
    pub spike: Option<Spike>,
}

/// A scheduled spike of a tenant's arrivals.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Spike {
    /// When it starts.
    pub at: SimTime,
    /// How long it lasts.
    pub length: SimDuration,
    /// Requests per second while it lasts.
    pub rate_per_s: f64,
    /// Requests per second otherwise.
    pub base_per_s: f64,
}

/// A stretch before a burst shorter than this says nothing of the usual rate: assumption.
const USUAL_MIN: SimDuration = SimDuration::from_secs(60);

/// An attempt's arrival at the limiters, among them at `limiter` where one is named, by its place:
/// whose, and of which request.
fn arrival(
    story: &Story,
    config: &Config,
    limiter: Option<u32>,
    place: usize,
) -> Option<(ClientId, RequestId)> {
    let (client, request, token) = match story.facts[place].what {
        Observation::LimiterAdmitted { client, request, token, .. }
        | Observation::LimiterRefused { client, request, token, .. } => (client, request, token),
        _ => return None,
    };
    let path = &config.clients[client.index()].charges[token as usize];
    limiter
        .is_none_or(|limiter| path.iter().any(|charge| charge.limiter == limiter))
        .then_some((client, request))
}

/// The burst behind what `limiter`, or where none is named the server, refused up to place `until`,
/// with the places of its arrivals there.
pub(super) fn behind(
    story: &Story,
    config: &Config,
    limiter: Option<u32>,
    until: usize,
) -> Option<(Burst, Vec<usize>)> {
    let arrivals: Vec<(usize, ClientId, RequestId)> = (0..story.facts.len())
        .filter_map(|i| arrival(story, config, limiter, i).map(|(c, r)| (i, c, r)))
        .collect();
    let end = story.at(until);
    let length = story.facts.last()?.at.min(config.horizon).as_secs_f64();
    let mut greatest: Option<(f64, ClientId, usize)> = None;
    for client in (0u32..).map(ClientId).take(config.clients.len()) {
        let own: Vec<usize> = arrivals.iter().filter(|a| a.1 == client).map(|a| a.0).collect();
        let twice = 2.0 * own.len() as f64 / length;
        if let Some((sum, start)) = cumulative_sum(story, &own, twice, until)
            && greatest.is_none_or(|(most, ..)| sum > most)
        {
            greatest = Some((sum, client, start));
        }
    }
    let (_, client, start) = greatest?;
    let since = story.at(start);
    let within: Vec<&(usize, ClientId, RequestId)> =
        arrivals.iter().filter(|a| (start..=until).contains(&a.0)).collect();
    let own: Vec<&&(usize, ClientId, RequestId)> =
        within.iter().filter(|a| a.1 == client).collect();
    let mut requests: Vec<u32> = own.iter().map(|a| story.request(a.2)).collect();
    requests.sort_unstable();
    requests.dedup();
    let all = |before: usize| arrivals.iter().filter(|a| a.1 == client && a.0 < before).count();
    let usual_per_s = if since >= SimTime::ZERO + USUAL_MIN {
        all(start) as f64 / since.as_secs_f64()
    } else {
        all(usize::MAX) as f64 / length
    };
    let burst = Burst {
        client,
        since,
        until: end,
        attempts: own.len() as u32,
        requests: requests.len() as u32,
        usual_per_s,
        of_all: within.len() as u32,
        spike: spike(config, client, since, end),
    };
    Some((burst, own.iter().map(|a| a.0).collect()))
}

/// The sum at place `until` and the arrival at which it last left zero; `None` where it is zero.
fn cumulative_sum(story: &Story, own: &[usize], per_s: f64, until: usize) -> Option<(f64, usize)> {
    let (mut sum, mut start, mut last) = (0.0, None, SimTime::ZERO);
    for &place in own.iter().take_while(|place| **place <= until) {
        let now = story.at(place);
        sum -= per_s * (now - last).as_secs_f64();
        if sum <= 0.0 {
            (sum, start) = (0.0, Some(place));
        }
        sum += 1.0;
        last = now;
    }
    sum -= per_s * (story.at(until) - last).as_secs_f64();
    start.filter(|_| sum > 0.0).map(|start| (sum, start))
}

/// The latest spike of the client's schedule that overlaps the burst.
fn spike(config: &Config, client: ClientId, since: SimTime, until: SimTime) -> Option<Spike> {
    let (spec, _) = config.clients[client.index()].arrivals.as_ref()?;
    let ArrivalSpec::Spikes { rate_per_s, spikes } = spec else { return None };
    let of = |spike: &crate::system::spec::SpikeSpec| {
        let first = SimTime::ZERO + spike.at;
        if first > until {
            return None;
        }
        let at = match spike.every {
            Some(every) if !every.is_zero() => {
                first + every * ((until - first).as_nanos() / every.as_nanos())
            }
            _ => first,
        };
        (at.saturating_add(spike.length) > since).then_some(Spike {
            at,
            length: spike.length,
            rate_per_s: spike.rate_per_s,
            base_per_s: *rate_per_s,
        })
    };
    spikes.iter().filter_map(of).max_by_key(|spike| spike.at)
}

/// The time over which a limiter's whole budget comes again.
pub(super) fn span(spec: &LimiterSpec) -> SimDuration {
    match spec {
        LimiterSpec::FixedWindow { window, .. }
        | LimiterSpec::SlidingLog { window, .. }
        | LimiterSpec::SlidingCounter { window, .. } => *window,
        LimiterSpec::TokenBucket { rate_per_s, burst, .. }
        | LimiterSpec::Gcra { rate_per_s, burst, .. } => {
            SimDuration::from_secs_f64(f64::from(*burst) / rate_per_s)
        }
        LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
            *fill_interval * u64::from(burst.div_ceil(*tokens_per_fill))
        }
        LimiterSpec::NginxLimitReq { rate, per, burst, .. } => {
            let per_s = match per {
                crate::policies::limiter::RatePer::Second => f64::from(*rate),
                crate::policies::limiter::RatePer::Minute => f64::from(*rate) / 60.0,
            };
            SimDuration::from_secs_f64(f64::from(*burst + 1) / per_s)
        }
        LimiterSpec::Cycles { period, .. } => *period,
    }
}
