//! Service level and queues over time: how long the service level was below its target, and how
//! long after a fault both are back in their band.
//!
//! Everything is judged over windows of [`LENGTH`] (at least one bin of the series; an assumption:
//! shorter windows hold too few calls), which start and end with the bins of the series. A window
//! in which no call leaves a queue has no service level and is not outside any band.
//!
//! The band before a fault is what the same run has shown without a fault: a service level of at
//! least that of the worst such window less [`SERVICE_LEVEL_SLACK`], and on average no more callers
//! queued than in the worst such window and [`QUEUED_SLACK`] more.
//! Windows that begin in the warm-up, reach beyond the fault's start or touch a fault in force do
//! not count; where less than one window of measured time has passed, what has passed is the window.
//! Where there is no such window, the band is the target of the service level and
//! [`QUEUED_SLACK`]: an assumption.
//!
//! A recovery is over at the start of the first window, from the bin on in which the fault ends,
//! that lies in the band. The resolution is thus the width of a bin. A window that the horizon cuts
//! short is judged by what is left of it.

use crate::engine::time::{SimDuration, SimTime};

/// Length of a window.
const LENGTH: SimDuration = SimDuration::from_secs(300);
/// Service level below the worst before that is still in the band: five points, an assumption.
const SERVICE_LEVEL_SLACK: f64 = 0.05;
/// Callers queued on average beyond the worst before that are still in the band: an assumption.
const QUEUED_SLACK: f64 = 1.0;

/// Service level and queues by bin.
#[derive(Copy, Clone, Debug)]
pub(super) struct Course<'b> {
    pub(super) bin: SimDuration,
    pub(super) until: SimTime,
    /// Numerator and denominator of the service level, by the bin in which a call leaves the queue.
    pub(super) service: &'b [(u64, u64)],
    /// Integral of the callers queued, in seconds.
    pub(super) queued: &'b [f64],
}

/// What is no worse than before a fault.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Band {
    /// Lowest service level.
    pub(super) service_level: f64,
    /// Most callers queued.
    pub(super) queued: f64,
}

/// Windows over the course of a run, made ready to be asked.
#[derive(Debug)]
pub(super) struct Windows {
    bin_ns: u64,
    until: SimTime,
    /// Bins of a window, and of the run.
    length: usize,
    bins: usize,
    /// The first bin that lies in the measured time as a whole.
    first: usize,
    measured_from: SimTime,
    /// Sums up to a bin.
    good: Vec<u64>,
    base: Vec<u64>,
    queued: Vec<f64>,
    target: f64,
    /// The worst of the windows without a fault that end at or before a bin.
    worst: Vec<Band>,
}

/// The band of no window at all: everything lies outside.
const NOTHING: Band = Band { service_level: f64::INFINITY, queued: f64::NEG_INFINITY };

impl Windows {
    /// `faults` are the times in which a fault is in force.
    pub(super) fn new(
        course: Course<'_>,
        measured_from: SimTime,
        target: f64,
        faults: &[(SimTime, SimTime)],
    ) -> Self {
        let bins = course.service.len();
        let bin_ns = course.bin.as_nanos();
        let sums = |of: &dyn Fn(usize) -> u64| {
            let mut sum = 0;
            let mut add = |bin| {
                sum += of(bin);
                sum
            };
            std::iter::once(0).chain((0..bins).map(&mut add)).collect::<Vec<u64>>()
        };
        let mut queue = 0.0;
        let add = course.queued.iter().map(|integral| {
            queue += integral;
            queue
        });
        let queued: Vec<f64> = std::iter::once(0.0).chain(add).collect();
        let mut windows = Self {
            bin_ns,
            until: course.until,
            length: usize::try_from(LENGTH.as_nanos().div_ceil(bin_ns)).unwrap_or(usize::MAX),
            bins,
            first: usize::try_from(measured_from.as_nanos().div_ceil(bin_ns)).unwrap_or(bins),
            measured_from,
            good: sums(&|bin| course.service[bin].0),
            base: sums(&|bin| course.service[bin].1),
            queued,
            target,
            worst: Vec::new(),
        };
        windows.worst = windows.worst_before(&faulty(bins, bin_ns, faults));
        windows
    }

    /// By bin: the worst of the windows without a fault that end there or before.
    fn worst_before(&self, faulty: &[bool]) -> Vec<Band> {
        let mut clean_since = self.first;
        let mut worst = NOTHING;
        let mut all = vec![NOTHING; self.bins + 1];
        for end in self.first + 1..=self.bins {
            if faulty[end - 1] {
                clean_since = end;
            }
            let whole = end.checked_sub(self.length).filter(|from| *from >= clean_since);
            if let Some(from) = whole {
                worst = worst.with(self.seen(from, end));
            }
            // Before the first whole window, what has passed is the window.
            let begins = end - self.first < self.length && clean_since == self.first;
            all[end] = if begins { NOTHING.with(self.seen(self.first, end)) } else { worst };
        }
        all
    }

    /// Service level and callers queued of the bins from `from` to before `end`.
    fn seen(&self, from: usize, end: usize) -> Band {
        let base = self.base[end] - self.base[from];
        let service_level = super::ratio(self.good[end] - self.good[from], base);
        let time = self.start(end).min(self.until).saturating_since(self.start(from));
        let queued = (self.queued[end] - self.queued[from]) / time.as_secs_f64();
        Band { service_level, queued }
    }

    fn start(&self, bin: usize) -> SimTime {
        SimTime::from_nanos(self.bin_ns.saturating_mul(bin as u64))
    }

    fn bin_of(&self, at: SimTime) -> usize {
        usize::try_from(at.as_nanos() / self.bin_ns).unwrap_or(self.bins).min(self.bins)
    }

    /// The band before a fault that starts at `start`.
    pub(super) fn band(&self, start: SimTime) -> Band {
        let worst = self.worst[self.bin_of(start)];
        // No window, or none in which a call left a queue.
        let served = worst.service_level.is_finite();
        let level = worst.service_level - SERVICE_LEVEL_SLACK;
        Band {
            service_level: if served { level.max(0.0) } else { self.target },
            queued: worst.queued.max(0.0) + QUEUED_SLACK,
        }
    }

    /// Time from `end` until service level and queues are in the band; to the horizon where the run
    /// does not see that.
    pub(super) fn recovery(&self, end: SimTime, band: Band) -> SimDuration {
        let recovered = (self.bin_of(end)..self.bins).find(|&from| {
            let seen = self.seen(from, from.saturating_add(self.length).min(self.bins));
            band.holds(seen)
        });
        match recovered {
            Some(bin) => self.start(bin).saturating_since(end),
            None => self.until.saturating_since(end),
        }
    }

    /// Measured time at which the service level of the window up to then was below the target; none
    /// where no call left a queue.
    pub(super) fn below_target(&self) -> Option<SimDuration> {
        let from = self.bin_of(self.measured_from);
        if self.base[self.bins] == self.base[from] {
            return None;
        }
        let mut below = SimDuration::ZERO;
        for bin in from..self.bins {
            let begin = (bin + 1).saturating_sub(self.length).max(from);
            if self.seen(begin, bin + 1).service_level < self.target {
                let end = self.start(bin + 1).min(self.until);
                below += end.saturating_since(self.start(bin).max(self.measured_from));
            }
        }
        Some(below)
    }
}

/// By bin: whether a fault is in force at any time of it.
fn faulty(bins: usize, bin_ns: u64, faults: &[(SimTime, SimTime)]) -> Vec<bool> {
    let mut faulty = vec![false; bins];
    for (from, until) in faults {
        let from = usize::try_from(from.as_nanos() / bin_ns).unwrap_or(bins).min(bins);
        let until = usize::try_from(until.as_nanos().div_ceil(bin_ns)).unwrap_or(bins).min(bins);
        if from < until {
            faulty[from..until].fill(true);
        }
    }
    faulty
}

impl Band {
    /// The worst of both; a window without a service level says nothing of it.
    fn with(self, seen: Self) -> Self {
        Self {
            service_level: self.service_level.min(seen.service_level),
            queued: self.queued.max(seen.queued),
        }
    }

    fn holds(self, seen: Self) -> bool {
        let served = seen.service_level.is_nan() || seen.service_level >= self.service_level;
        served && seen.queued <= self.queued
    }
}
