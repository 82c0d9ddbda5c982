//! The observer that makes a run's metrics, tables and series.

use super::api::Api;
use super::calls::Calls;
use super::carriers::Surroundings;
use super::columns::{CARRIER, TRUNK};
use super::course::Windows;
use super::faults::{Faults, longest};
use super::legs::Legs;
use super::limits::LimitBooks;
use super::result::{EngineFigures, RunResult};
use super::series::Bins;
use super::utilization::Utilization;
use super::{Breakdown, METRICS};
use crate::engine::statistics::TimeWeighted;
use crate::engine::time::SimTime;
use crate::system::config::Config;
use crate::system::ids::{LegId, Side, TrunkId};
use crate::system::observation::{Observation, Observer};

/// Folds a run into its metrics.
#[derive(Debug)]
pub struct Recorder<'c> {
    config: &'c Config,
    calls: Calls,
    api: Api,
    limits: LimitBooks,
    faults: Faults,
    legs: Legs,
    surroundings: Surroundings,
    utilization: Utilization,
    bins: Bins,
}

impl<'c> Recorder<'c> {
    /// A recorder of a run of this model.
    #[must_use]
    pub fn new(config: &'c Config) -> Self {
        Self {
            config,
            calls: Calls::new(config),
            api: Api::new(config),
            limits: LimitBooks::new(config),
            faults: Faults::new(config),
            legs: Legs::new(config),
            surroundings: Surroundings::new(config),
            utilization: Utilization::new(config),
            bins: Bins::new(config),
        }
    }

    /// The laws between what was counted, now that the run is over.
    ///
    /// # Errors
    /// The first law that does not hold.
    pub fn check(&self) -> Result<(), String> {
        self.calls.check()?;
        let connected = self.surroundings.carriers.iter().map(|c| c.connected).sum();
        let law = "calls connected over all carriers = calls connected";
        super::calls::equal(law, connected, self.calls.book.connected)?;
        self.limits.check(self.config)
    }

    /// The result of the run, now that it is over.
    ///
    /// # Panics
    /// Where a metric of the catalogue has no value, which is a bug.
    #[must_use]
    pub fn finish(mut self, config: &Config, engine: EngineFigures) -> RunResult {
        self.bins.close();
        let target = config.service_level.target;
        let in_force = self.faults.in_force();
        let windows = Windows::new(self.bins.course(), config.warmup, target, &in_force);
        let faults = self.faults.table(&windows, config);
        let below_target = windows.below_target().map_or(f64::NAN, |time| time.as_secs_f64());
        let mut values = self.calls.values(&config.service_level);
        values.extend(self.api.values());
        values.extend(self.limits.values());
        values.extend(self.legs.values());
        values.extend(self.surroundings.values());
        values.extend(self.utilization.values());
        values.push(("recovery_time_s", longest(&faults)));
        values.push(("time_below_target_s", below_target));
        values.push(("events", engine.events as f64));
        let value = |name: &str| {
            let found = values.iter().find(|(n, _)| *n == name);
            found.unwrap_or_else(|| panic!("the metric {name} has no value")).1
        };
        RunResult {
            metrics: METRICS.iter().map(|m| value(m.name)).collect(),
            service_level: config.service_level.clone(),
            trunks: self.trunk_table(config),
            carriers: self.carrier_table(config),
            limits: self.limits.table(config),
            faults,
            series: self.bins.finish(),
            latencies: vec![self.api.spread(), self.calls.spread()],
            engine,
        }
    }

    fn trunk_table(&self, config: &Config) -> Breakdown {
        let rows = (0u32..).zip(&config.trunks).map(|(t, trunk)| {
            let book = &self.calls.by_trunk[t as usize];
            let legs = [Side::Primary, Side::Secondary].map(|s| LegId::new(TrunkId(t), s).index());
            let over = |list: &[u64]| legs.iter().map(|l| list[*l]).sum::<u64>() as f64;
            let channels = &self.utilization.trunks[t as usize];
            let monitored = |level: &TimeWeighted| match config.monitor {
                Some(_) => level.mean(),
                None => f64::NAN,
            };
            let values: [f64; TRUNK.len()] = [
                book.offered as f64,
                book.queue.answered as f64,
                book.queue.level(&config.service_level),
                book.service_level_end_to_end(),
                book.failed() as f64,
                book.success_ratio(),
                book.blocked as f64,
                book.lost as f64,
                over(&self.calls.invite_timeouts_by_leg),
                book.dropped[0] as f64,
                book.dropped[1] as f64,
                self.legs.failovers[t as usize] as f64,
                self.legs.unnecessary[t as usize] as f64,
                self.legs.on_secondary[t as usize].mean(),
                over(&self.legs.timeouts),
                self.api.latency_by_trunk[t as usize].mean(),
                channels.truth.mean(),
                monitored(&channels.reported),
                monitored(&channels.error),
            ];
            (trunk.name.clone(), values.to_vec())
        });
        Breakdown { columns: &TRUNK, rows: rows.collect() }
    }

    fn carrier_table(&self, config: &Config) -> Breakdown {
        let rows = (0u32..).zip(&config.carriers).map(|(c, carrier)| {
            let part = &self.surroundings.carriers[c as usize];
            let over = |list: &[u64]| {
                let legs = config.legs.iter().zip(list);
                let ours = legs.filter(|(l, _)| l.as_ref().is_some_and(|l| l.carrier.0 == c));
                ours.map(|(_, n)| n).sum::<u64>() as f64
            };
            let minutes = part.connected_time.as_secs_f64() / 60.0;
            let values: [f64; CARRIER.len()] = [
                part.connected as f64,
                minutes,
                minutes * part.price_per_minute,
                over(&self.calls.invite_timeouts_by_leg),
                part.registers as f64,
                part.registers_peak as f64,
                over(&self.legs.timeouts),
                over(&self.legs.refusals),
                part.down.mean(),
            ];
            (carrier.name.clone(), values.to_vec())
        });
        Breakdown { columns: &CARRIER, rows: rows.collect() }
    }
}

impl Observer for Recorder<'_> {
    const QUEUES: bool = false;
    const LINKS: bool = false;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.calls.observe(now, fact, self.config);
        self.api.observe(now, fact);
        self.limits.observe(now, fact, self.config);
        self.faults.observe(now, fact, self.config);
        self.legs.observe(now, fact);
        self.surroundings.observe(now, fact, self.config);
        self.utilization.observe(now, fact);
        self.bins.observe(now, fact);
    }
}
