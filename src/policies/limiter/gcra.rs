//! The generic cell rate algorithm, with the decisions of governor's `gcra.rs`.

use crate::engine::time::SimTime;

/// t is the period of a request, τ = t·(burst − 1) the tolerance, TAT the theoretical arrival time
/// of the next. A request is refused while now < TAT − τ; otherwise TAT = max(TAT, now) + t. The
/// first finds TAT = now.
#[derive(Clone, Debug)]
pub(super) struct Gcra {
    specified: u64,
    period: u64,
    burst: u32,
    /// Theoretical arrival time in nanoseconds; requests held back push it far.
    tat: i128,
}

impl Gcra {
    pub(super) const fn new(period: u64, burst: u32) -> Self {
        Self { specified: period, period, burst, tat: 0 }
    }

    const fn tolerance(&self) -> i128 {
        self.period as i128 * (self.burst as i128 - 1)
    }

    const fn span(&self, cost: u32) -> i128 {
        self.period as i128 * cost as i128
    }

    pub(super) fn earliest(&self, now: SimTime, cost: u32) -> SimTime {
        if cost > self.burst {
            return SimTime::NEVER;
        }
        let extra = self.span(cost) - i128::from(self.period);
        let at = self.tat.max(i128::from(now.as_nanos())) + extra - self.tolerance();
        let at = u64::try_from(at.max(0)).unwrap_or(u64::MAX);
        SimTime::from_nanos(at).max(now)
    }

    pub(super) fn debit(&mut self, now: SimTime, cost: u32) {
        self.tat = self.tat.max(i128::from(now.as_nanos())) + self.span(cost);
    }

    /// A refused request counts, but at most to where the bucket is empty.
    pub(super) fn push_back(&mut self, now: SimTime, cost: u32) {
        let now = i128::from(now.as_nanos());
        let empty = now + self.tolerance() + i128::from(self.period);
        self.tat = (self.tat.max(now) + self.span(cost)).min(empty.max(self.tat));
    }

    pub(super) fn remaining(&self, now: SimTime) -> u32 {
        let now = i128::from(now.as_nanos());
        let room = now + self.tolerance() + i128::from(self.period) - self.tat.max(now);
        u32::try_from(room.max(0) / i128::from(self.period)).unwrap_or(u32::MAX)
    }

    pub(super) const fn capacity(&self) -> u32 {
        self.burst
    }

    pub(super) fn scale(&mut self, now: SimTime, factor: f64) {
        let now = i128::from(now.as_nanos());
        let before = i128::from(self.period);
        self.period = (libm::round(self.specified as f64 / factor) as u64).max(1);
        let ahead = (self.tat - now).max(0);
        self.tat = now + super::rescaled(ahead, before, i128::from(self.period));
    }
}
