//! What tests fold of the observations where the catalogue of metrics does not go far enough.

use std::convert::Infallible;

use rand::rand_core::TryRng;
use trunksim::engine::time::{SimDuration, SimTime};

/// The part of a run that is measured.
#[derive(Copy, Clone)]
pub(crate) struct Window {
    pub(crate) from: SimTime,
    pub(crate) until: SimTime,
}

impl Window {
    pub(crate) fn holds(self, now: SimTime) -> bool {
        now >= self.from && now < self.until
    }

    pub(crate) fn seconds(self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }
}

/// A window by its ends, in seconds.
pub(crate) fn span(from_s: f64, until_s: f64) -> Window {
    let at = |s: f64| SimTime::ZERO + SimDuration::from_secs_f64(s);
    Window { from: at(from_s), until: at(until_s) }
}

/// How long an integer level stays at each of its values.
pub(crate) struct Levels {
    window: Window,
    value: usize,
    since: SimTime,
    seconds: Vec<f64>,
}

impl Levels {
    /// Zero until set.
    pub(crate) fn new(window: Window) -> Self {
        Self { window, value: 0, since: SimTime::ZERO, seconds: vec![0.0] }
    }

    /// From `now` on it is `value`.
    pub(crate) fn set(&mut self, now: SimTime, value: usize) {
        self.settle(now);
        if value >= self.seconds.len() {
            self.seconds.resize(value + 1, 0.0);
        }
        self.value = value;
    }

    fn settle(&mut self, now: SimTime) {
        let from = self.since.max(self.window.from);
        let until = now.min(self.window.until);
        self.seconds[self.value] += until.saturating_since(from).as_secs_f64();
        self.since = now;
    }

    /// The share of time at each value.
    pub(crate) fn finish(mut self) -> Shares {
        self.settle(self.window.until.max(self.since));
        let whole = self.window.seconds();
        Shares(self.seconds.into_iter().map(|s| s / whole).collect())
    }
}

/// The distribution of a level over time.
pub(crate) struct Shares(Vec<f64>);

impl Shares {
    /// The share of time at `value`.
    pub(crate) fn at(&self, value: usize) -> f64 {
        self.0.get(value).copied().unwrap_or(0.0)
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().zip(0u32..).map(|(share, value)| share * f64::from(value)).sum()
    }

    /// Mean squared distance from the mean that theory gives. Without one it is taken from the
    /// level's own, and too small by that mean's variance.
    pub(crate) fn variance_about(&self, mean: Option<f64>) -> f64 {
        let mean = mean.unwrap_or_else(|| self.mean());
        let square = |value: u32| (f64::from(value) - mean) * (f64::from(value) - mean);
        self.0.iter().zip(0u32..).map(|(share, value)| share * square(value)).sum()
    }
}

/// Values of which mean, variance, tail and quantile are wanted.
#[derive(Clone, Default)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn len(&self) -> f64 {
        self.0.len() as f64
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum() / self.len()
    }

    /// Mean squared distance from the mean that theory gives. Without one it is taken from the
    /// values' own, with divisor n − 1: unbiased where the values are independent.
    pub(crate) fn variance_about(&self, mean: Option<f64>) -> f64 {
        let (about, n) = match mean {
            Some(mean) => (mean, self.len()),
            None => (self.mean(), self.len() - 1.0),
        };
        self.0.iter().map(|v| (v - about) * (v - about)).sum::<f64>() / n
    }

    /// The values, in the order they came.
    pub(crate) fn all(&self) -> &[f64] {
        &self.0
    }

    /// How many exceed `bound`.
    pub(crate) fn above(&self, bound: f64) -> f64 {
        self.0.iter().filter(|v| **v > bound).count() as f64
    }

    /// The `q` quantile: the value that a share `q` of the observations does not exceed.
    pub(crate) fn quantile(&mut self, q: f64) -> f64 {
        let rank = ((self.len() * q).ceil() as usize).clamp(1, self.0.len()) - 1;
        *self.0.select_nth_unstable_by(rank, f64::total_cmp).1
    }
}

/// `part / whole` of counts.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// What levels there were at given instants, of several parts at once.
pub(crate) struct Snapshots {
    instants: Vec<SimTime>,
    levels: Vec<u32>,
    taken: Vec<Vec<u32>>,
}

impl Snapshots {
    /// Levels of `parts` parts, zero until set, at `instants` in ascending order.
    pub(crate) fn new(instants: Vec<SimTime>, parts: usize) -> Self {
        Self { instants, levels: vec![0; parts], taken: Vec::new() }
    }

    /// From `now` on it is `level`.
    pub(crate) fn set(&mut self, now: SimTime, part: usize, level: u32) {
        while self.instants.get(self.taken.len()).is_some_and(|at| now > *at) {
            self.taken.push(self.levels.clone());
        }
        self.levels[part] = level;
    }

    /// The levels of all parts, by instant.
    pub(crate) fn finish(mut self) -> Vec<Vec<u32>> {
        self.taken.resize(self.instants.len(), self.levels);
        self.taken
    }
}

/// A generator that gives the same always.
pub(crate) struct Always(u64);

/// Generators of the least and of the greatest number: what a policy draws at the ends of its range.
pub(crate) fn extremes() -> [Always; 2] {
    [Always(0), Always(u64::MAX)]
}

impl TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0 as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0 as u8);
        Ok(())
    }
}
