//! The API's limiters: what reached each, what became of it, and by which client.
//!
//! Periods follow each other from the start of the run; a window that opens with its first request
//! does so here too. What a limiter takes on counts in the period of its decision, also where it
//! passes later. A bucket, GCRA and nginx have no period of their own: theirs is a minute.

use super::columns::LIMIT;
use super::{Column, Window};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::stack::Charge;
use crate::policies::limiter::{Anchor, LimiterSpec, RatePer};
use crate::system::config::Config;
use crate::system::ids::ClientId;
use crate::system::observation::Observation;

/// A table with a row per limiter and client.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The columns after the names.
    pub columns: &'static [Column],
    /// The rows: of each limiter one of all clients together, then one per client.
    pub rows: Vec<LimitRow>,
}

/// A row of [`Limits`].
#[derive(Clone, Debug, PartialEq)]
pub struct LimitRow {
    /// The limiter: its level and, after a slash, whose budget it is.
    pub limit: String,
    /// The client; none of all together.
    pub client: Option<String>,
    /// Values by column.
    pub values: Vec<f64>,
}

/// What becomes of an attempt at one limiter.
#[derive(Copy, Clone, Debug)]
enum Fate {
    Passed,
    Delayed,
    Refused,
    RefusedElsewhere,
}

/// Counts of a limiter, or of a client at a limiter.
#[derive(Copy, Clone, Debug, Default)]
struct Counts {
    attempts: u64,
    fates: [u64; 4],
    /// What was taken on in the period of this number, and the most in any: attempts or their cost.
    period: u64,
    in_period: u64,
    peak: u64,
}

/// The periods of a limiter.
#[derive(Copy, Clone, Debug)]
struct Periods {
    limit: f64,
    length: SimDuration,
    opens_with_first: bool,
    /// When the period now running began, and its number.
    began: Option<SimTime>,
    number: u64,
}

/// The books of all limiters.
#[derive(Debug)]
pub(super) struct LimitBooks {
    window: Window,
    periods: Vec<Periods>,
    totals: Vec<Counts>,
    /// By client and place in its path.
    clients: Vec<Vec<Counts>>,
}

impl LimitBooks {
    pub(super) fn new(config: &Config) -> Self {
        let limiters = &config.api.limiters;
        Self {
            window: Window::of(config),
            periods: limiters.iter().map(|limiter| Periods::of(&limiter.spec)).collect(),
            totals: vec![Counts::default(); limiters.len()],
            clients: config
                .clients
                .iter()
                .map(|client| vec![Counts::default(); client.limiters.len()])
                .collect(),
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation, config: &Config) {
        match *fact {
            Observation::LimiterAdmitted { client, token, held_by, .. } => {
                self.count(now, (client, token), held_by, [Fate::Delayed, Fate::Passed], config);
            }
            Observation::LimiterRefused { client, token, limiter, .. } => {
                let fates = [Fate::Refused, Fate::RefusedElsewhere];
                self.count(now, (client, token), Some(limiter), fates, config);
            }
            _ => {}
        }
    }

    /// Counts an attempt at each limiter of its path: at the one that decides, and at the others.
    fn count(
        &mut self,
        now: SimTime,
        (client, token): (ClientId, u32),
        decides: Option<u32>,
        [there, elsewhere]: [Fate; 2],
        config: &Config,
    ) {
        let measured = self.window.holds(now);
        let own = &config.clients[client.index()];
        let books = &mut self.clients[client.index()];
        for &Charge { limiter, cost } in &own.charges[token as usize] {
            let number = self.periods[limiter as usize].number_at(now);
            if measured {
                let fate = if decides == Some(limiter) { there } else { elsewhere };
                let place = own.limiters.iter().position(|l| *l == limiter);
                books[place.expect("on one of its paths")].count(number, fate, cost);
                self.totals[limiter as usize].count(number, fate, cost);
            }
        }
    }

    /// The laws between the counts; the first that does not hold.
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        let mut sums = vec![0; self.totals.len()];
        for (own, client) in self.clients.iter().zip(&config.clients) {
            for (counts, &limiter) in own.iter().zip(&client.limiters) {
                counts.check(config.limiter(limiter))?;
                sums[limiter as usize] += counts.attempts;
            }
        }
        for ((limiter, total), sum) in (0..).zip(&self.totals).zip(sums) {
            let name = config.limiter(limiter);
            total.check(name)?;
            let law = format!("attempts at limiter {name} = those of all its clients");
            super::calls::equal(&law, total.attempts, sum)?;
        }
        Ok(())
    }

    pub(super) fn values(&self) -> [(&'static str, f64); 3] {
        let sum = |fate: Fate| self.totals.iter().map(|t| t.fates[fate as usize]).sum::<u64>();
        let shares = self.totals.iter().zip(&self.periods).map(|(t, p)| t.peak as f64 / p.limit);
        [
            ("limiter_refusals", sum(Fate::Refused) as f64),
            ("limiter_delays", sum(Fate::Delayed) as f64),
            ("limit_peak_share", shares.fold(f64::NAN, f64::max)),
        ]
    }

    pub(super) fn table(&self, config: &Config) -> Limits {
        let row = |limiter: u32, client: Option<String>, counts: &Counts| LimitRow {
            limit: config.limiter(limiter).to_owned(),
            client,
            values: counts.values(&self.periods[limiter as usize]).to_vec(),
        };
        let mut rows = Vec::new();
        for (limiter, total) in (0..).zip(&self.totals) {
            rows.push(row(limiter, None, total));
            for (client, own) in config.clients.iter().zip(&self.clients) {
                let place = client.limiters.iter().position(|l| *l == limiter);
                rows.extend(place.map(|p| row(limiter, Some(client.name.clone()), &own[p])));
            }
        }
        Limits { columns: &LIMIT, rows }
    }
}

impl Counts {
    fn count(&mut self, period: u64, fate: Fate, cost: u32) {
        self.attempts += 1;
        self.fates[fate as usize] += 1;
        if matches!(fate, Fate::Passed | Fate::Delayed) {
            if period != self.period {
                self.period = period;
                self.in_period = 0;
            }
            self.in_period += u64::from(cost);
            self.peak = self.peak.max(self.in_period);
        }
    }

    fn check(&self, limiter: &str) -> Result<(), String> {
        let law = "passed + delayed + refused + refused elsewhere";
        let law = format!("attempts at limiter {limiter} = {law}");
        super::calls::equal(&law, self.attempts, self.fates.iter().sum())
    }

    fn values(&self, periods: &Periods) -> [f64; LIMIT.len()] {
        let [passed, delayed, refused, elsewhere] = self.fates.map(|n| n as f64);
        let attempts = self.attempts as f64;
        let period_s = periods.length.as_secs_f64();
        [periods.limit, period_s, attempts, passed, delayed, refused, elsewhere, self.peak as f64]
    }
}

/// The period of a limiter without a window or cycle.
const MINUTE: SimDuration = SimDuration::from_secs(60);

impl Periods {
    fn of(spec: &LimiterSpec) -> Self {
        let minute = MINUTE.as_secs_f64();
        let (limit, length) = match *spec {
            LimiterSpec::FixedWindow { limit, window, .. }
            | LimiterSpec::SlidingLog { limit, window, .. }
            | LimiterSpec::SlidingCounter { limit, window, .. } => (f64::from(limit), window),
            LimiterSpec::Cycles { limit, period, .. } => (f64::from(limit), period),
            LimiterSpec::TokenBucket { rate_per_s, burst, .. }
            | LimiterSpec::Gcra { rate_per_s, burst, .. } => {
                (rate_per_s * minute + f64::from(burst), MINUTE)
            }
            LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
                let fills = minute / fill_interval.as_secs_f64();
                (fills * f64::from(tokens_per_fill) + f64::from(burst), MINUTE)
            }
            LimiterSpec::NginxLimitReq { rate, per, burst, .. } => {
                let per_minute = match per {
                    RatePer::Second => minute,
                    RatePer::Minute => 1.0,
                };
                // The first request finds it empty and passes beside the burst.
                (f64::from(rate) * per_minute + f64::from(burst) + 1.0, MINUTE)
            }
        };
        let opens_with_first =
            matches!(spec, LimiterSpec::FixedWindow { anchor: Anchor::FirstRequest, .. });
        Self { limit, length, opens_with_first, began: None, number: 0 }
    }

    /// The number of the period at `now`; after a window has ended, the next opens.
    fn number_at(&mut self, now: SimTime) -> u64 {
        if !self.opens_with_first {
            return now.as_nanos() / self.length.as_nanos();
        }
        if self.began.is_none_or(|began| now - began >= self.length) {
            self.began = Some(now);
            self.number += 1;
        }
        self.number
    }
}
