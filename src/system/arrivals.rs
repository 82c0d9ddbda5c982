//! When calls, or a tenant's requests, arrive. A source knows nothing of the system it feeds: its
//! instants depend on its own draws only, so arms of a comparison see the same arrivals.

use super::entity::Entity;
use super::purpose::Purpose;
use super::spec::{ArrivalSpec, RateStep, SpikeSpec};
use crate::engine::random::RandomSource;
use crate::engine::time::{SimDuration, SimTime};

/// A source of arrivals.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    entity: Entity,
    drawn: u64,
    cursor: SimTime,
    law: Law,
    /// Whether the instant told last is no arrival.
    turning: bool,
}

#[derive(Clone, Debug)]
enum Law {
    None,
    Rates { steps: Vec<(SimTime, f64)>, period: Option<SimDuration> },
    Mmpp { rates: [f64; 2], means: [SimDuration; 2], state: usize, until: SimTime, spells: u64 },
    Periodic { every: SimDuration, batch: u32, left: u32 },
    Trace { instants: std::sync::Arc<[SimTime]>, next: usize },
}

/// Changes of rate between two instants that a source tells.
const TURNS_MAX: u32 = 256;

/// States of the two-state process.
const QUIET: usize = 0;
const BURST: usize = 1;

impl Arrivals {
    /// The source that `spec` describes, up to `end`; `entity` addresses its draws and `trace` is
    /// what its file holds, if it names one.
    #[must_use]
    pub(super) fn new(
        spec: &ArrivalSpec,
        entity: Entity,
        trace: Option<&std::sync::Arc<[SimTime]>>,
        end: SimTime,
        random: &RandomSource,
    ) -> Self {
        let mut cursor = SimTime::ZERO;
        let law = match spec {
            // A finite source depends on how calls end: the world lets its callers dial.
            ArrivalSpec::None | ArrivalSpec::FiniteSource { .. } => Law::None,
            ArrivalSpec::Poisson { rate_per_s } => {
                Law::Rates { steps: vec![(SimTime::ZERO, *rate_per_s)], period: None }
            }
            ArrivalSpec::Profile { steps, period } => {
                Law::Rates { steps: profile_steps(steps), period: *period }
            }
            ArrivalSpec::Spikes { rate_per_s, spikes } => {
                Law::Rates { steps: spike_steps(*rate_per_s, spikes, end), period: None }
            }
            ArrivalSpec::Mmpp { burst_rate_per_s, quiet_rate_per_s, burst_mean, quiet_mean } => {
                mmpp(
                    [*quiet_rate_per_s, *burst_rate_per_s],
                    [*quiet_mean, *burst_mean],
                    entity,
                    random,
                )
            }
            ArrivalSpec::Periodic { every, phase, batch } => {
                cursor = SimTime::ZERO + *phase;
                Law::Periodic { every: *every, batch: *batch, left: *batch }
            }
            ArrivalSpec::Trace { .. } => {
                Law::Trace { instants: trace.cloned().unwrap_or_default(), next: 0 }
            }
        };
        Self { entity, drawn: 0, cursor, law, turning: false }
    }

    /// The next arrival, or [`SimTime::NEVER`]. A source whose rate changes very often without an
    /// arrival tells an instant between, at which it must be asked again: so what it does counts
    /// as events, however little comes of it (see [`Self::has_arrival`]).
    pub(super) fn next(&mut self, random: &RandomSource) -> SimTime {
        match &mut self.law {
            Law::None => SimTime::NEVER,
            Law::Trace { instants, next } => {
                let at = instants.get(*next).copied().unwrap_or(SimTime::NEVER);
                *next += 1;
                at
            }
            Law::Periodic { every, batch, left } => {
                if *left == 0 {
                    *left = *batch;
                    self.cursor = self.cursor.saturating_add(*every);
                }
                *left -= 1;
                self.cursor
            }
            Law::Rates { .. } | Law::Mmpp { .. } => self.next_poisson(random),
        }
    }

    /// Whether the instant told last is that of an arrival.
    pub(super) const fn has_arrival(&self) -> bool {
        !self.turning
    }

    /// Within a stretch of constant rate the gap is exponential; past its end it is drawn again,
    /// which the exponential law's lack of memory allows.
    fn next_poisson(&mut self, random: &RandomSource) -> SimTime {
        self.turning = false;
        for _ in 0..TURNS_MAX {
            let (rate, until) = self.law.rate_and_end(self.cursor);
            if rate > 0.0 {
                let mut draw = random.at(Purpose::Arrival as u8, self.entity.0, self.drawn);
                self.drawn += 1;
                let gap = -libm::log(draw.open_uniform()) / rate;
                let at = self.cursor.saturating_add(SimDuration::from_secs_f64(gap));
                if at < until {
                    self.cursor = at;
                    return at;
                }
            }
            if until == SimTime::NEVER {
                return SimTime::NEVER;
            }
            self.cursor = until;
            self.law.turn_over(until, self.entity, random);
        }
        self.turning = true;
        self.cursor
    }
}

impl Law {
    /// The rate at `now` and when it ends.
    fn rate_and_end(&self, now: SimTime) -> (f64, SimTime) {
        match self {
            Self::Mmpp { rates, state, until, .. } => (rates[*state], *until),
            Self::Rates { steps, period } => {
                let cycle = period.map_or(0, |p| now.as_nanos() / p.as_nanos());
                let base = period.map_or(0, |p| cycle * p.as_nanos());
                let within = SimTime::from_nanos(now.as_nanos() - base);
                let index = steps.partition_point(|(at, _)| *at <= within);
                let rate = index.checked_sub(1).map_or(0.0, |i| steps[i].1);
                let end_of_cycle = period.map_or(SimTime::NEVER, |p| SimTime::from_nanos(base) + p);
                let next = steps.get(index).map_or(end_of_cycle, |(at, _)| {
                    SimTime::from_nanos(base.saturating_add(at.as_nanos())).min(end_of_cycle)
                });
                (rate, next)
            }
            _ => (0.0, SimTime::NEVER),
        }
    }

    fn turn_over(&mut self, now: SimTime, entity: Entity, random: &RandomSource) {
        if let Self::Mmpp { means, state, until, spells, .. } = self {
            *state = 1 - *state;
            *spells += 1;
            *until = now.saturating_add(spell(means[*state], entity, *spells, random));
        }
    }
}

fn spell(mean: SimDuration, entity: Entity, index: u64, random: &RandomSource) -> SimDuration {
    let mut draw = random.at(Purpose::ArrivalState as u8, entity.0, index);
    SimDuration::from_secs_f64(-libm::log(draw.open_uniform()) * mean.as_secs_f64())
}

/// Starts in the stationary state of the two-state chain.
fn mmpp(rates: [f64; 2], means: [SimDuration; 2], entity: Entity, random: &RandomSource) -> Law {
    let [quiet, burst] = means.map(SimDuration::as_secs_f64);
    let start = random.at(Purpose::ArrivalState as u8, entity.0, 0).uniform();
    let state = if start < burst / (quiet + burst) { BURST } else { QUIET };
    let until = SimTime::ZERO.saturating_add(spell(means[state], entity, 1, random));
    Law::Mmpp { rates, means, state, until, spells: 1 }
}

fn profile_steps(steps: &[RateStep]) -> Vec<(SimTime, f64)> {
    steps.iter().map(|s| (SimTime::ZERO + s.at, s.rate_per_s)).collect()
}

/// Spikes of a source over the horizon, which are written out one by one.
pub(super) const SPIKES_MAX: u64 = 10_000;

fn spike_steps(base: f64, spikes: &[SpikeSpec], end: SimTime) -> Vec<(SimTime, f64)> {
    let mut windows: Vec<(SimTime, SimTime, f64)> = Vec::new();
    for spike in spikes {
        let times = if spike.every.is_some() { SPIKES_MAX } else { 1 };
        for n in 0..times {
            let shift = spike.every.unwrap_or_default().as_nanos().saturating_mul(n);
            let at = SimTime::from_nanos(spike.at.as_nanos().saturating_add(shift));
            if at >= end {
                break;
            }
            windows.push((at, at.saturating_add(spike.length), spike.rate_per_s));
        }
    }
    let mut edges: Vec<SimTime> = windows.iter().flat_map(|w| [w.0, w.1]).collect();
    edges.push(SimTime::ZERO);
    edges.sort_unstable();
    edges.dedup();
    if windows.len() <= 64 {
        let rate_at =
            |t: SimTime| windows.iter().rev().find(|w| w.0 <= t && t < w.1).map_or(base, |w| w.2);
        return edges.into_iter().map(|t| (t, rate_at(t))).collect();
    }
    sweep_edges(base, &windows, edges)
}

/// As the direct look-up, for many windows: at each edge the latest-listed open window counts.
fn sweep_edges(
    base: f64,
    windows: &[(SimTime, SimTime, f64)],
    edges: Vec<SimTime>,
) -> Vec<(SimTime, f64)> {
    let mut starts: Vec<usize> = (0..windows.len()).collect();
    starts.sort_by_key(|&i| windows[i].0);
    let mut open: std::collections::BTreeSet<usize> = std::collections::BTreeSet::new();
    let mut next = 0;
    let mut steps = Vec::with_capacity(edges.len());
    for t in edges {
        while next < starts.len() && windows[starts[next]].0 <= t {
            open.insert(starts[next]);
            next += 1;
        }
        open.retain(|&i| windows[i].1 > t);
        steps.push((t, open.last().map_or(base, |&i| windows[i].2)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(spec: &ArrivalSpec, until: u64) -> Vec<SimTime> {
        let random = RandomSource::new(1, 0);
        let mut source =
            Arrivals::new(spec, Entity::named("trunk", "A"), None, SimTime::NEVER, &random);
        std::iter::from_fn(|| Some(source.next(&random)))
            .take_while(|t| *t < SimTime::ZERO + SimDuration::from_secs(until))
            .collect()
    }

    /// Rates that change every nanosecond or two without an arrival: the source does not go through
    /// all these changes at once.
    #[test]
    fn a_source_that_turns_often_is_asked_again() {
        let nanosecond = SimDuration::from_nanos(1);
        let mmpp = ArrivalSpec::Mmpp {
            burst_rate_per_s: 1e-9,
            quiet_rate_per_s: 0.0,
            burst_mean: nanosecond,
            quiet_mean: nanosecond,
        };
        let profile = ArrivalSpec::Profile {
            steps: vec![RateStep { at: SimDuration::ZERO, rate_per_s: 1e-9 }],
            period: Some(nanosecond),
        };
        let spike = SpikeSpec {
            at: SimDuration::ZERO,
            length: nanosecond,
            rate_per_s: 1e-9,
            every: Some(nanosecond * 2),
        };
        let spikes = ArrivalSpec::Spikes { rate_per_s: 0.0, spikes: vec![spike] };
        for spec in [mmpp, profile, spikes] {
            let random = RandomSource::new(1, 0);
            let mut source =
                Arrivals::new(&spec, Entity::named("trunk", "A"), None, SimTime::NEVER, &random);
            let instants: Vec<SimTime> = (0..60).map(|_| source.next(&random)).collect();
            assert!(!source.has_arrival() && instants.is_sorted(), "{spec:?}");
            assert!(instants[59] < SimTime::ZERO + SimDuration::from_millis(1), "{spec:?}");
        }
    }

    fn count_within(times: &[SimTime], from: u64, to: u64) -> usize {
        let edge = |s| SimTime::ZERO + SimDuration::from_secs(s);
        times.iter().filter(|t| **t >= edge(from) && **t < edge(to)).count()
    }

    /// |count − mean| within four standard deviations of a Poisson count.
    fn assert_poisson(count: usize, mean: f64) {
        assert!((count as f64 - mean).abs() < 4.0 * mean.sqrt(), "{count} against {mean}");
    }

    #[test]
    fn spikes_raise_the_rate_only_while_they_last() {
        let spike = SpikeSpec {
            at: SimDuration::from_secs(1000),
            length: SimDuration::from_secs(100),
            rate_per_s: 20.0,
            every: Some(SimDuration::from_secs(5000)),
        };
        let times = instants(&ArrivalSpec::Spikes { rate_per_s: 1.0, spikes: vec![spike] }, 10_000);
        assert_poisson(count_within(&times, 0, 1000), 1000.0);
        assert_poisson(count_within(&times, 1000, 1100), 2000.0);
        assert_poisson(count_within(&times, 6000, 6100), 2000.0);
        assert_poisson(count_within(&times, 6100, 10_000), 3900.0);
    }

    #[test]
    fn a_profile_repeats_after_its_period() {
        let step = |at, rate_per_s| RateStep { at: SimDuration::from_secs(at), rate_per_s };
        let spec = ArrivalSpec::Profile {
            steps: vec![step(0, 2.0), step(500, 0.0)],
            period: Some(SimDuration::from_secs(1000)),
        };
        let times = instants(&spec, 10_000);
        assert_eq!(count_within(&times, 500, 1000) + count_within(&times, 7500, 8000), 0);
        assert_poisson(times.len(), 10_000.0);
    }

    #[test]
    fn periodic_arrivals_come_in_batches() {
        let spec = ArrivalSpec::Periodic {
            every: SimDuration::from_secs(10),
            phase: SimDuration::from_secs(5),
            batch: 3,
        };
        let seconds: Vec<f64> = instants(&spec, 20).iter().map(|t| t.as_secs_f64()).collect();
        assert_eq!(seconds, [5.0, 5.0, 5.0, 15.0, 15.0, 15.0]);
    }
}
