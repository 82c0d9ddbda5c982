//! Budgets of a share of recent requests, in a window of slots that slides: Finagle's `RetryBudget`
//! and tower's `TpsBudget`, which differ in their units and in how slots expire.

use crate::engine::time::{SimDuration, SimTime};

/// Finagle's `RetryBudget` over util's leaky `TokenBucket` and `WindowedAdder`: nine slots of a
/// tenth of the window each and the one written to.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    amounts: Amounts,
    slots: Slots<9>,
}

/// tower's `TpsBudget` (`retry/budget/tps_budget.rs`): ten slots and the one written to.
#[derive(Clone, Debug)]
pub struct TpsBudget {
    amounts: Amounts,
    slots: Slots<10>,
}

#[derive(Copy, Clone, Debug)]
struct Amounts {
    deposit: i64,
    withdrawal: i64,
    reserve: i64,
}

impl Amounts {
    fn new(deposit: i64, withdrawal: i64, ttl: SimDuration, min_per_s: u32) -> Self {
        // Both libraries take whole seconds of the window here.
        let seconds = (ttl.as_nanos() / 1_000_000_000) as i64;
        // A share of nearly nothing makes a retry cost as much as can be counted.
        let reserve = (i64::from(min_per_s) * seconds).saturating_mul(withdrawal);
        Self { deposit, withdrawal, reserve }
    }
}

/// Sums of the slots of a window.
#[derive(Clone, Debug)]
struct Slots<const N: usize> {
    width: u64,
    since: u64,
    index: usize,
    slots: [i64; N],
    writer: i64,
}

impl<const N: usize> Slots<N> {
    const fn new(width: u64) -> Self {
        Self { width, since: 0, index: 0, slots: [0; N], writer: 0 }
    }

    /// Commits what was written and skips `skipped` slots, of which nothing remains.
    fn advance(&mut self, now: u64, skipped: u64) {
        self.slots[self.index] = std::mem::take(&mut self.writer);
        self.index = (self.index + 1) % N;
        for _ in 0..skipped.min(N as u64) {
            self.slots[self.index] = 0;
            self.index = (self.index + 1) % N;
        }
        self.since = now;
    }

    fn sum(&self) -> i64 {
        self.slots.iter().fold(self.writer, |sum, slot| sum.saturating_add(*slot))
    }
}

impl RetryBudget {
    /// With the reserve, and no requests yet.
    #[must_use]
    pub fn new(ttl: SimDuration, min_per_s: u32, percent: f64) -> Self {
        let (deposit, withdrawal) =
            if percent > 0.0 { (1000, (1000.0 / percent) as i64) } else { (0, 1) };
        let amounts = Amounts::new(deposit, withdrawal, ttl, min_per_s);
        // Whole milliseconds, as its clock has them.
        Self { amounts, slots: Slots::new((ttl.as_nanos() / 1_000_000 / 10).max(1)) }
    }

    fn expire(&mut self, now: SimTime) {
        let now = now.as_nanos() / 1_000_000;
        let passed = now - self.slots.since;
        if passed >= self.slots.width {
            self.slots.advance(now, passed / self.slots.width - 1);
        }
    }

    /// A request starts.
    pub fn deposit(&mut self, now: SimTime) {
        self.expire(now);
        self.slots.writer += self.amounts.deposit;
    }

    /// Takes a retry, where there is one.
    pub fn withdraw(&mut self, now: SimTime) -> bool {
        let granted = self.tokens(now) >= self.amounts.withdrawal && !self.is_empty();
        if granted {
            self.slots.writer = self.slots.writer.saturating_sub(self.amounts.withdrawal);
        }
        granted
    }

    /// Without a reserve and a share it never has anything.
    const fn is_empty(&self) -> bool {
        self.amounts.deposit == 0 && self.amounts.reserve == 0
    }

    fn tokens(&mut self, now: SimTime) -> i64 {
        self.expire(now);
        self.slots.sum().saturating_add(self.amounts.reserve)
    }

    /// Retries that could be made now.
    pub fn balance(&mut self, now: SimTime) -> i64 {
        self.tokens(now) / self.amounts.withdrawal
    }
}

impl TpsBudget {
    /// With the reserve, and no successes yet.
    #[must_use]
    pub fn new(ttl: SimDuration, min_per_s: u32, percent: f64) -> Self {
        // In tower the share is a 32-bit number.
        let percent = percent as f32;
        let (deposit, withdrawal) = if percent <= 0.0 {
            (0, 1)
        } else if percent <= 1.0 {
            (1, (1.0 / percent) as i64)
        } else {
            (1000, (1000.0 / percent) as i64)
        };
        let amounts = Amounts::new(deposit, withdrawal, ttl, min_per_s);
        Self { amounts, slots: Slots::new((ttl.as_nanos() / 10).max(1)) }
    }

    fn expire(&mut self, now: SimTime) {
        let now = now.as_nanos();
        let passed = now - self.slots.since;
        if passed >= self.slots.width {
            // A slot is skipped for each width that has passed in full and more.
            self.slots.advance(now, (passed - 1) / self.slots.width);
        }
    }

    /// A success.
    pub fn deposit(&mut self, now: SimTime) {
        self.expire(now);
        self.slots.writer += self.amounts.deposit;
    }

    /// Takes a retry, where there is one.
    pub fn withdraw(&mut self, now: SimTime) -> bool {
        self.expire(now);
        let granted =
            self.slots.sum().saturating_add(self.amounts.reserve) >= self.amounts.withdrawal;
        if granted {
            self.slots.writer = self.slots.writer.saturating_sub(self.amounts.withdrawal);
        }
        granted
    }
}
