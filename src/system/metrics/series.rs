//! The run over time, in bins of equal width.

use super::Series;
use super::columns::{COUNTS, LEVELS, SERIES};
use super::course::Course;
use super::service_level::QueueBook;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::breaker::State;
use crate::system::config::Config;
use crate::system::ids::Side;
use crate::system::observation::{Fate, Observation};
use crate::system::spec::ServiceLevelSpec;

#[derive(Clone, Copy)]
enum Count {
    Offered,
    Answered,
    InTime,
    Abandoned,
    Dropped,
    InviteTimeouts,
    Attempts,
    TooMany,
    Openings,
    Failovers,
    RegistrationTimeouts,
}

/// Folds a run into bins.
#[derive(Debug)]
pub(super) struct Bins {
    bin: SimDuration,
    until: SimTime,
    counts: Vec<[u64; COUNTS]>,
    /// Numerator and denominator of the service level, by the bin in which a call leaves the queue.
    service: Vec<(u64, u64)>,
    latency: Vec<(f64, u64)>,
    levels: [Level; LEVELS],
    /// By trunk.
    on_secondary: Vec<bool>,
    calls_of: Vec<u32>,
    /// By group.
    waiting_for: Vec<u32>,
    service_level: ServiceLevelSpec,
    replicas: u32,
}

/// Places of the levels.
const ON_SECONDARY: usize = 0;
const CONNECTED: usize = 1;
const QUEUED: usize = 2;

#[derive(Debug)]
struct Level {
    value: f64,
    since: SimTime,
    integral: Vec<f64>,
}

impl Bins {
    pub(super) fn new(config: &Config) -> Self {
        let horizon = config.horizon;
        let bins = horizon.as_nanos().div_ceil(config.series_bin.as_nanos()) as usize;
        let level = || Level { value: 0.0, since: SimTime::ZERO, integral: vec![0.0; bins] };
        Self {
            bin: config.series_bin,
            until: horizon,
            counts: vec![[0; COUNTS]; bins],
            service: vec![(0, 0); bins],
            latency: vec![(0.0, 0); bins],
            levels: [level(), level(), level()],
            on_secondary: vec![false; config.trunks.len()],
            calls_of: vec![0; config.trunks.len()],
            waiting_for: vec![0; config.groups.len()],
            service_level: config.service_level.clone(),
            replicas: config.replicas,
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation) {
        if now >= self.until {
            return;
        }
        match *fact {
            Observation::CallOffered { .. } => self.count(now, Count::Offered),
            Observation::CallAnswered { wait, .. } => {
                self.count(now, Count::Answered);
                if wait <= self.service_level.threshold {
                    self.count(now, Count::InTime);
                }
                self.serves(now, |book, spec| book.is_answered(wait, spec));
            }
            Observation::CallEnded { ref record, .. } => {
                if let (Some(queued_at), None) = (record.queued_at, record.answered_at) {
                    let (wait, fate) = (now - queued_at, record.fate);
                    self.serves(now, |book, spec| book.is_left(wait, fate, spec));
                }
                match record.fate {
                    Fate::Abandoned | Fate::AbandonedSetup => self.count(now, Count::Abandoned),
                    Fate::DroppedTalking | Fate::DroppedWaiting => self.count(now, Count::Dropped),
                    _ => {}
                }
            }
            Observation::InviteTimedOut { .. } => self.count(now, Count::InviteTimeouts),
            Observation::AttemptSent { client, .. } if client.0 < self.replicas => {
                self.count(now, Count::Attempts);
            }
            Observation::AttemptEnded { client, outcome: Outcome::TooManyRequests, .. }
                if client.0 < self.replicas =>
            {
                self.count(now, Count::TooMany);
            }
            Observation::BreakerMoved { to: State::Open, .. } => self.count(now, Count::Openings),
            Observation::FailedOver { .. } => self.count(now, Count::Failovers),
            Observation::RegistrationTimedOut { .. } => {
                self.count(now, Count::RegistrationTimeouts)
            }
            Observation::PolicyInForce { latency, .. } => {
                let bin = self.index(now);
                self.latency[bin].0 += latency.as_millis_f64();
                self.latency[bin].1 += 1;
            }
            Observation::SideChanged { trunk, side } => {
                let is = side == Side::Secondary;
                let was = std::mem::replace(&mut self.on_secondary[trunk.index()], is);
                self.step(now, ON_SECONDARY, f64::from(u8::from(is)) - f64::from(u8::from(was)));
            }
            Observation::TrunkCalls { trunk, truly, .. } => {
                let before = std::mem::replace(&mut self.calls_of[trunk.index()], truly);
                self.step(now, CONNECTED, f64::from(truly) - f64::from(before));
            }
            Observation::AgentsBusy { group, waiting, .. } => {
                let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
                let before = std::mem::replace(&mut self.waiting_for[group.index()], waiting);
                if waiting != before {
                    self.step(now, QUEUED, f64::from(waiting) - f64::from(before));
                }
            }
            _ => {}
        }
    }

    const fn index(&self, now: SimTime) -> usize {
        (now.as_nanos() / self.bin.as_nanos()) as usize
    }

    fn count(&mut self, now: SimTime, what: Count) {
        let bin = self.index(now);
        self.counts[bin][what as usize] += 1;
    }

    /// A call leaves the queue.
    fn serves(&mut self, now: SimTime, count: impl Fn(&mut QueueBook, &ServiceLevelSpec)) {
        let mut book = QueueBook::default();
        count(&mut book, &self.service_level);
        let (good, base) = book.parts(&self.service_level);
        let bin = self.index(now);
        self.service[bin].0 += good;
        self.service[bin].1 += base;
    }

    fn step(&mut self, now: SimTime, level: usize, change: f64) {
        self.levels[level].fill(now, self.bin);
        self.levels[level].value += change;
    }

    /// Carries the levels to the end of the run.
    pub(super) fn close(&mut self) {
        for level in &mut self.levels {
            level.fill(self.until, self.bin);
        }
    }

    /// Service level and queues over time, once the levels are carried to the end.
    pub(super) fn course(&self) -> Course<'_> {
        let queued = &self.levels[QUEUED].integral;
        Course { bin: self.bin, until: self.until, service: &self.service, queued }
    }

    pub(super) fn finish(self) -> Series {
        let rows = (0..self.counts.len())
            .map(|bin| {
                let start = self.bin.as_nanos() * bin as u64;
                let width = self.bin.as_nanos().min(self.until.as_nanos() - start) as f64 / 1e9;
                let (total, n) = self.latency[bin];
                let mean = if n == 0 { f64::NAN } else { total / n as f64 };
                let mut row = vec![start as f64 / 1e9];
                row.extend(self.counts[bin].iter().map(|c| *c as f64));
                let (good, base) = self.service[bin];
                row.push(super::ratio(good, base));
                row.push(mean);
                row.extend(self.levels.iter().map(|l| l.integral[bin] / width));
                row
            })
            .collect();
        Series { bin: self.bin, columns: &SERIES, rows }
    }
}

impl Level {
    /// Adds the time since the last change to the bins it lies in.
    fn fill(&mut self, now: SimTime, bin: SimDuration) {
        let width = bin.as_nanos();
        let mut at = self.since.as_nanos();
        while at < now.as_nanos() {
            let index = at / width;
            let end = ((index + 1) * width).min(now.as_nanos());
            self.integral[index as usize] += self.value * (end - at) as f64 / 1e9;
            at = end;
        }
        self.since = now;
    }
}
