//! Calls and service levels.

use super::{Spread, Window, ratio};
use crate::engine::statistics::{Latencies, Welford};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::Config;
use crate::system::ids::Side;
use crate::system::observation::{CallRecord, Fate, Observation, Refusal};

/// Counts of the calls offered within the window: of all, or of one trunk.
#[derive(Clone, Debug, Default)]
pub(super) struct CallBook {
    pub(super) offered: u64,
    pub(super) answered: u64,
    abandoned: u64,
    abandoned_setup: u64,
    pub(super) blocked: u64,
    pub(super) lost: u64,
    timed_out: u64,
    rejected: u64,
    pub(super) dropped: [u64; 2],
    connected: u64,
    reattempts: u64,
    redialled: u64,
    queued: u64,
    short_abandons: u64,
    in_time: u64,
    in_time_end_to_end: u64,
}

impl CallBook {
    pub(super) fn add(&mut self, now: SimTime, record: &CallRecord, config: &Config) {
        let threshold = config.service_level.threshold;
        self.offered += 1;
        self.redialled += u64::from(record.redials() > 0);
        self.reattempts += u64::from(record.attempts.saturating_sub(1));
        self.connected += u64::from(record.connected_at.is_some());
        match record.fate {
            Fate::Completed => {}
            Fate::DroppedTalking | Fate::DroppedWaiting => {
                self.dropped[record.side.map_or(0, |s| s as usize)] += 1;
            }
            Fate::Abandoned => self.abandoned += 1,
            Fate::AbandonedSetup => self.abandoned_setup += 1,
            Fate::Blocked => self.blocked += 1,
            Fate::Lost => self.lost += 1,
            Fate::TimedOut => self.timed_out += 1,
            Fate::Rejected => self.rejected += 1,
        }
        if let Some(queued_at) = record.queued_at {
            self.queued += 1;
            let left = record.answered_at.unwrap_or(now);
            let short = left - queued_at <= config.service_level.short_abandon;
            self.short_abandons += u64::from(record.fate == Fate::Abandoned && short);
            if record.answered_at.is_some() {
                self.answered += 1;
                self.in_time += u64::from(left - queued_at <= threshold);
                self.in_time_end_to_end += u64::from(left - record.offered_at <= threshold);
            }
        }
    }

    pub(super) fn service_level(&self) -> f64 {
        ratio(self.in_time, self.queued - self.short_abandons)
    }

    pub(super) fn service_level_end_to_end(&self) -> f64 {
        ratio(self.in_time_end_to_end, self.offered)
    }
}

/// What is measured of calls.
#[derive(Debug)]
pub(super) struct Calls {
    window: Window,
    book: CallBook,
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

    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        let book = &self.book;
        let count = |n: u64| n as f64;
        let pdd = &self.post_dial_delay[0].with(&self.post_dial_delay[1]);
        vec![
            ("service_level", book.service_level()),
            ("service_level_end_to_end", book.service_level_end_to_end()),
            ("calls_offered", count(book.offered)),
            ("calls_redialled", count(book.redialled)),
            ("calls_answered", count(book.answered)),
            ("calls_abandoned", count(book.abandoned)),
            ("calls_abandoned_setup", count(book.abandoned_setup)),
            ("calls_blocked", count(book.blocked)),
            ("invites_throttled", count(self.throttled)),
            ("calls_lost", count(book.lost)),
            ("calls_timed_out", count(book.timed_out)),
            ("calls_rejected", count(book.rejected)),
            ("invite_timeouts", count(self.invite_timeouts)),
            ("reattempts", count(book.reattempts)),
            ("calls_dropped", count(book.dropped[0] + book.dropped[1])),
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
