//! Calls and service levels.

use super::service_level::QueueBook;
use super::{Spread, Window, ratio};
use crate::engine::statistics::{Latencies, Welford};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::Config;
use crate::system::ids::Side;
use crate::system::observation::{CallRecord, Fate, Observation, Refusal};
use crate::system::spec::ServiceLevelSpec;

/// Counts of the calls offered within the window: of all, or of one trunk. A call has one fate.
#[derive(Clone, Debug, Default)]
pub(super) struct CallBook {
    pub(super) offered: u64,
    completed: u64,
    abandoned: u64,
    abandoned_setup: u64,
    pub(super) blocked: u64,
    pub(super) lost: u64,
    timed_out: u64,
    rejected: u64,
    dropped_talking: u64,
    /// Torn down after the trunk had answered, by side.
    pub(super) dropped: [u64; 2],
    pub(super) connected: u64,
    reattempts: u64,
    redialled: u64,
    in_time_end_to_end: u64,
    pub(super) queue: QueueBook,
}

impl CallBook {
    pub(super) fn add(&mut self, now: SimTime, record: &CallRecord, config: &Config) {
        let spec = &config.service_level;
        self.offered += 1;
        self.redialled += u64::from(record.redials() > 0);
        self.reattempts += u64::from(record.attempts.saturating_sub(1));
        self.connected += u64::from(record.connected_at.is_some());
        match record.fate {
            Fate::Completed => self.completed += 1,
            Fate::DroppedTalking | Fate::DroppedWaiting => {
                self.dropped_talking += u64::from(record.fate == Fate::DroppedTalking);
                self.dropped[record.side.map_or(0, |s| s as usize)] += 1;
            }
            Fate::Abandoned => self.abandoned += 1,
            Fate::AbandonedSetup => self.abandoned_setup += 1,
            Fate::Blocked => self.blocked += 1,
            Fate::Lost => self.lost += 1,
            Fate::TimedOut => self.timed_out += 1,
            Fate::Rejected => self.rejected += 1,
        }
        self.queue.add(now, record, spec);
        if let Some(answered_at) = record.answered_at {
            let in_time = answered_at - record.offered_at <= spec.threshold;
            self.in_time_end_to_end += u64::from(in_time);
        }
    }

    /// Calls torn down by the network after the trunk had answered.
    const fn torn_down(&self) -> u64 {
        self.dropped[0] + self.dropped[1]
    }

    /// Calls that the system failed, each once: before it was connected, or by a drop later.
    pub(super) const fn failed(&self) -> u64 {
        self.blocked + self.lost + self.timed_out + self.rejected + self.torn_down()
    }

    /// Share of the calls offered that the system did not fail.
    pub(super) fn success_ratio(&self) -> f64 {
        ratio(self.offered - self.failed(), self.offered)
    }

    pub(super) fn service_level_end_to_end(&self) -> f64 {
        ratio(self.in_time_end_to_end, self.offered)
    }

    /// The laws between the counts of one book; the first that does not hold.
    fn check(&self) -> Result<(), String> {
        let queue = &self.queue;
        let ended = self.completed + self.failed() + self.abandoned + self.abandoned_setup;
        equal(
            "calls offered = completed + failed + abandoned + abandoned_setup",
            self.offered,
            ended,
        )?;
        let answered = self.completed + self.dropped_talking;
        equal("calls answered = completed + dropped while talking", queue.answered, answered)?;
        let left = self.completed + self.abandoned + self.torn_down();
        equal("calls connected = completed + abandoned + dropped", self.connected, left)?;
        // Where the flow asks after answering, callers hang up and calls drop before the queue too.
        let queued = queue.queued();
        at_most("calls queued <= connected", queued, self.connected)?;
        at_most("short abandons <= abandoned in the queue", queue.short_abandons, queue.abandoned)?;
        at_most("calls answered in time <= answered", queue.in_time, queue.answered)
    }
}

/// A law between two counts.
pub(super) fn equal(law: &str, left: u64, right: u64) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{law}: {left} against {right}")) }
}

fn at_most(law: &str, left: u64, right: u64) -> Result<(), String> {
    if left <= right { Ok(()) } else { Err(format!("{law}: {left} against {right}")) }
}

/// What is measured of calls.
#[derive(Debug)]
pub(super) struct Calls {
    window: Window,
    /// Calls offered, counted as they come.
    arrived: u64,
    pub(super) book: CallBook,
    pub(super) by_trunk: Vec<CallBook>,
    /// Of calls connected over the primary leg, and over the secondary.
    post_dial_delay: [Latencies; 2],
    queue_wait: Welford,
    throttled: u64,
    invite_timeouts: u64,
    pub(super) invite_timeouts_by_leg: Vec<u64>,
    secondary_time: SimDuration,
    secondary_cost: f64,
}

impl Calls {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            window: Window::of(config),
            arrived: 0,
            book: CallBook::default(),
            by_trunk: vec![CallBook::default(); config.trunks.len()],
            post_dial_delay: [Latencies::default(), Latencies::default()],
            queue_wait: Welford::default(),
            throttled: 0,
            invite_timeouts: 0,
            invite_timeouts_by_leg: vec![0; config.legs.len()],
            secondary_time: SimDuration::ZERO,
            secondary_cost: 0.0,
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation, config: &Config) {
        match fact {
            Observation::CallOffered { .. } if self.window.holds(now) => self.arrived += 1,
            Observation::CallEnded { record, .. } if self.window.holds(record.offered_at) => {
                self.ended(now, record, config);
            }
            Observation::InviteTimedOut { leg, .. } if self.window.holds(now) => {
                self.invite_timeouts += 1;
                self.invite_timeouts_by_leg[leg.index()] += 1;
            }
            Observation::LegRefused { refusal: Refusal::Throttled, .. }
                if self.window.holds(now) =>
            {
                self.throttled += 1;
            }
            _ => {}
        }
    }

    fn ended(&mut self, now: SimTime, record: &CallRecord, config: &Config) {
        self.book.add(now, record, config);
        self.by_trunk[record.trunk.index()].add(now, record, config);
        if let Some(queued_at) = record.queued_at {
            self.queue_wait.add((record.answered_at.unwrap_or(now) - queued_at).as_secs_f64());
        }
        let Some(connected_at) = record.connected_at else { return };
        let over_secondary = record.side == Some(Side::Secondary);
        self.post_dial_delay[usize::from(over_secondary)].record(connected_at - record.offered_at);
        if over_secondary {
            self.secondary_time += now - connected_at;
            let leg = crate::system::ids::LegId::new(record.trunk, Side::Secondary);
            let carrier = &config.carriers[config.leg(leg).carrier.index()];
            self.secondary_cost +=
                (now - connected_at).as_secs_f64() / 60.0 * carrier.price_per_minute;
        }
    }

    /// The laws between the counts, once every call has ended; the first that does not hold.
    pub(super) fn check(&self) -> Result<(), String> {
        self.book.check()?;
        equal("calls offered = calls that ended", self.arrived, self.book.offered)?;
        self.by_trunk.iter().try_for_each(CallBook::check)?;
        let sum = |of: fn(&CallBook) -> u64| self.by_trunk.iter().map(of).sum::<u64>();
        for (what, of) in [
            ("calls offered", (|b| b.offered) as fn(&CallBook) -> u64),
            ("calls failed", |b| b.failed()),
            ("calls answered", |b| b.queue.answered),
        ] {
            equal(&format!("{what} of all trunks = {what}"), sum(of), of(&self.book))?;
        }
        Ok(())
    }

    /// How long callers waited for an answer of the network.
    pub(super) fn spread(self) -> Spread {
        let [primary, secondary] = self.post_dial_delay;
        Spread {
            name: "post_dial_delay",
            label: "Post-dial delay",
            meaning: "from a call's arrival until it is connected",
            kinds: [
                ("all", primary.with(&secondary)),
                ("over the primary carrier", primary),
                ("over the secondary carrier", secondary),
            ],
        }
    }

    pub(super) fn values(&self, spec: &ServiceLevelSpec) -> Vec<(&'static str, f64)> {
        let book = &self.book;
        let count = |n: u64| n as f64;
        let pdd = &self.post_dial_delay[0].with(&self.post_dial_delay[1]);
        vec![
            ("service_level", book.queue.level(spec)),
            ("service_level_end_to_end", book.service_level_end_to_end()),
            ("calls_offered", count(book.offered)),
            ("calls_redialled", count(book.redialled)),
            ("calls_answered", count(book.queue.answered)),
            ("calls_answered_in_time", count(book.queue.in_time)),
            ("calls_abandoned", count(book.abandoned)),
            ("calls_abandoned_short", count(book.queue.short_abandons)),
            ("calls_abandoned_setup", count(book.abandoned_setup)),
            ("calls_failed", count(book.failed())),
            ("call_success_ratio", book.success_ratio()),
            ("calls_blocked", count(book.blocked)),
            ("invites_throttled", count(self.throttled)),
            ("calls_lost", count(book.lost)),
            ("calls_timed_out", count(book.timed_out)),
            ("calls_rejected", count(book.rejected)),
            ("invite_timeouts", count(self.invite_timeouts)),
            ("reattempts", count(book.reattempts)),
            ("calls_dropped", count(book.torn_down())),
            ("calls_dropped_primary", count(book.dropped[0])),
            ("calls_dropped_secondary", count(book.dropped[1])),
            ("answer_seizure_ratio", ratio(book.connected, book.offered)),
            (
                "network_effectiveness_ratio",
                ratio(book.connected + book.abandoned_setup, book.offered),
            ),
            ("post_dial_delay_ms_p50", pdd.quantile_ms(0.5)),
            ("post_dial_delay_ms_p95", pdd.quantile_ms(0.95)),
            ("post_dial_delay_ms_p99", pdd.quantile_ms(0.99)),
            ("queue_wait_s_mean", self.queue_wait.mean()),
            ("secondary_minutes", self.secondary_time.as_secs_f64() / 60.0),
            ("secondary_cost", self.secondary_cost),
        ]
    }
}
