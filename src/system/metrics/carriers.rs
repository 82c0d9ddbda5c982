//! Carriers, their registrars, SBCs and agents.

use super::Window;
use crate::engine::statistics::TimeWeighted;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::Config;
use crate::system::ids::LegId;
use crate::system::observation::Observation;

/// The second of a run, for peak rates.
const SECOND_NS: u64 = 1_000_000_000;

/// What is measured of a carrier.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub(super) connected: u64,
    pub(super) connected_time: SimDuration,
    pub(super) price_per_minute: f64,
    pub(super) registers: u64,
    second: u64,
    in_second: u64,
    pub(super) registers_peak: u64,
    pub(super) down: TimeWeighted,
}

/// What is measured around the trunks.
#[derive(Debug)]
pub(super) struct Surroundings {
    window: Window,
    pub(super) carriers: Vec<Carrier>,
    sbc_drops: u64,
    /// By group: agents at work, and of these the busy ones. An agent who logs out during a call
    /// is at work until call and wrap-up end.
    at_work: Vec<TimeWeighted>,
    busy: Vec<TimeWeighted>,
}

impl Surroundings {
    pub(super) fn new(config: &Config) -> Self {
        let window = Window::of(config);
        let level = TimeWeighted::new(window.from, window.until);
        let carrier = |price_per_minute| Carrier {
            connected: 0,
            connected_time: SimDuration::ZERO,
            price_per_minute,
            registers: 0,
            second: 0,
            in_second: 0,
            registers_peak: 0,
            down: level,
        };
        let mut at_work = vec![level; config.groups.len()];
        for (level, group) in at_work.iter_mut().zip(&config.groups) {
            level.set(SimTime::ZERO, f64::from(group.agents));
        }
        Self {
            window,
            carriers: config.carriers.iter().map(|c| carrier(c.price_per_minute)).collect(),
            sbc_drops: 0,
            at_work,
            busy: vec![level; config.groups.len()],
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation, config: &Config) {
        match *fact {
            Observation::AgentsBusy { group, staffed, busy, .. } => {
                self.at_work[group.index()].set(now, f64::from(staffed.max(busy)));
                self.busy[group.index()].set(now, f64::from(busy));
            }
            Observation::CarrierMoved { carrier, down } => {
                self.carriers[carrier.index()].down.set(now, f64::from(u8::from(down)));
            }
            Observation::RegisterReceived { carrier } if self.window.holds(now) => {
                self.carriers[carrier.index()].register(now);
            }
            Observation::SbcDropped { .. } if self.window.holds(now) => self.sbc_drops += 1,
            Observation::CallEnded { record, .. } if self.window.holds(record.offered_at) => {
                if let (Some(connected_at), Some(side)) = (record.connected_at, record.side) {
                    let leg = config.leg(LegId::new(record.trunk, side));
                    let carrier = &mut self.carriers[leg.carrier.index()];
                    carrier.connected += 1;
                    carrier.connected_time += now - connected_at;
                }
            }
            _ => {}
        }
    }

    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        let sum = |levels: &[TimeWeighted]| levels.iter().map(TimeWeighted::mean).sum::<f64>();
        let peak = self.carriers.iter().map(|c| c.registers_peak).max().unwrap_or(0);
        vec![
            ("agent_occupancy", sum(&self.busy) / sum(&self.at_work)),
            ("register_rate_peak_per_s", peak as f64),
            ("sbc_drops", self.sbc_drops as f64),
        ]
    }
}

impl Carrier {
    fn register(&mut self, now: SimTime) {
        let second = now.as_nanos() / SECOND_NS;
        if second != self.second {
            self.second = second;
            self.in_second = 0;
        }
        self.registers += 1;
        self.in_second += 1;
        self.registers_peak = self.registers_peak.max(self.in_second);
    }
}
