//! Faults of the model and random outages of carriers, and how long the system takes to recover
//! from each ([`super::course`]).

use super::columns::FAULT;
use super::course::{Band, Windows};
use super::{Breakdown, Window};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::{Config, FaultKind};
use crate::system::ids::CarrierId;
use crate::system::observation::Observation;
use crate::system::timeline::fault_label;

/// When faults were in force.
#[derive(Debug)]
pub(super) struct Faults {
    window: Window,
    /// Since when each fault of the model is in force.
    timed: Vec<Option<SimTime>>,
    /// By carrier: since when it is down, and when a fault of the model last moved it.
    down: Vec<Option<SimTime>>,
    moved_at: Vec<SimTime>,
    over: Vec<Episode>,
}

/// A fault that was in force: which row it belongs to, from when and until when.
#[derive(Copy, Clone, Debug)]
struct Episode {
    row: usize,
    from: SimTime,
    until: SimTime,
}

impl Faults {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            window: Window::of(config),
            timed: vec![None; config.faults.len()],
            down: vec![None; config.carriers.len()],
            moved_at: vec![SimTime::NEVER; config.carriers.len()],
            over: Vec::new(),
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation, config: &Config) {
        match *fact {
            Observation::FaultMoved { fault, on } => {
                let row = fault as usize;
                if let FaultKind::Carrier(carrier, _) = config.faults[row].kind {
                    self.moved_at[carrier.index()] = now;
                }
                if on {
                    self.timed[row] = Some(now);
                } else if let Some(from) = self.timed[row].take() {
                    self.over.push(Episode { row, from, until: now });
                }
            }
            Observation::CarrierMoved { carrier, down } => self.carrier(now, carrier, down),
            _ => {}
        }
    }

    /// A carrier moves: where no fault of the model moves it at this instant, a random outage does.
    fn carrier(&mut self, now: SimTime, carrier: CarrierId, down: bool) {
        let began = &mut self.down[carrier.index()];
        if down {
            *began = Some(now);
        } else if let Some(from) = began.take()
            && self.moved_at[carrier.index()] != now
        {
            let row = self.timed.len() + carrier.index();
            self.over.push(Episode { row, from, until: now });
        }
    }

    /// The times in which something was in force.
    pub(super) fn in_force(&self) -> Vec<(SimTime, SimTime)> {
        let until = self.window.until;
        let over = self.over.iter().map(|e| (e.from, e.until));
        let going_on = self.timed.iter().chain(&self.down).flatten().map(|from| (*from, until));
        over.chain(going_on).collect()
    }

    /// A row per fault of the model, then one per carrier with random outages.
    pub(super) fn table(&self, windows: &Windows, config: &Config) -> Breakdown {
        let carriers = config.faults.len()..config.faults.len() + config.carriers.len();
        let rows = carriers.start + carriers.len();
        let mut ends = vec![0_u64; rows];
        let mut slowest: Vec<Option<(SimDuration, Band)>> = vec![None; rows];
        for episode in self.over.iter().filter(|e| self.window.holds(e.until)) {
            ends[episode.row] += 1;
            let band = windows.band(episode.from);
            let took = windows.recovery(episode.until, band);
            if slowest[episode.row].is_none_or(|(longest, _)| took > longest) {
                slowest[episode.row] = Some((took, band));
            }
        }
        let named = |row: usize| match config.faults.get(row) {
            Some(fault) => Some(fault_label(config, &fault.kind)),
            None => {
                let carrier = &config.carriers[row - config.faults.len()];
                carrier.outages.as_ref().map(|_| format!("{} down at random", carrier.name))
            }
        };
        let values = |row: usize| -> [f64; FAULT.len()] {
            let timed = config.faults.get(row);
            let seconds = |at: SimTime| at.saturating_since(SimTime::ZERO).as_secs_f64();
            let (took, band) = slowest[row]
                .map_or((f64::NAN, None), |(took, band)| (took.as_secs_f64(), Some(band)));
            [
                timed.map_or(f64::NAN, |f| seconds(f.at)),
                timed.map_or(f64::NAN, |f| seconds(f.until)),
                ends[row] as f64,
                took,
                band.map_or(f64::NAN, |b| b.service_level),
                band.map_or(f64::NAN, |b| b.queued),
            ]
        };
        let rows = (0..rows).filter_map(|row| Some((named(row)?, values(row).to_vec())));
        Breakdown { columns: &FAULT, rows: rows.collect() }
    }
}

/// The longest recovery of a table; NaN without a recovery.
pub(super) fn longest(table: &Breakdown) -> f64 {
    let column = table.columns.iter().position(|c| c.name == "recovery_time_s");
    let column = column.expect("a column of the table");
    table.rows.iter().map(|(_, values)| values[column]).fold(f64::NAN, f64::max)
}
