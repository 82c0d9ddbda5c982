//! What a fault is, in a few words, and when it was in force.

use super::{Fault, Window};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::{Config, FaultKind};
use crate::system::ids::CarrierId;

/// Faults as they come and go.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    window: Window,
    /// Since when each fault of the model is in force.
    timed: Vec<Option<SimTime>>,
    /// Since when each carrier is down.
    down: Vec<Option<SimTime>>,
    over: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(config: &Config, window: Window) -> Self {
        Self {
            window,
            timed: vec![None; config.faults.len()],
            down: vec![None; config.carriers.len()],
            over: Vec::new(),
        }
    }

    /// A fault of the model moves. An outage is told by its carrier.
    pub(super) fn moves(&mut self, now: SimTime, fault: u32, on: bool, config: &Config) {
        let kind = &config.faults[fault as usize].kind;
        if matches!(kind, FaultKind::Carrier(..)) {
            return;
        }
        let began = &mut self.timed[fault as usize];
        if on {
            *began = Some(now);
        } else if let Some(from) = began.take() {
            self.ends(from, now, label(config, kind));
        }
    }

    /// A carrier goes down, whatever for, or comes up.
    pub(super) fn carrier(&mut self, now: SimTime, carrier: CarrierId, down: bool, c: &Config) {
        let began = &mut self.down[carrier.index()];
        if down {
            *began = Some(now);
        } else if let Some(from) = began.take() {
            self.ends(from, now, outage(c, carrier));
        }
    }

    fn ends(&mut self, from: SimTime, until: SimTime, label: String) {
        let (from, until) = (from.max(self.window.from), until.min(self.window.until));
        if from < until {
            self.over.push(Fault { label, from, until });
        }
    }

    pub(super) fn finish(mut self, config: &Config) -> Vec<Fault> {
        let until = self.window.until;
        for (index, began) in std::mem::take(&mut self.timed).into_iter().enumerate() {
            if let Some(from) = began {
                self.ends(from, until, label(config, &config.faults[index].kind));
            }
        }
        for (carrier, began) in (0..).zip(std::mem::take(&mut self.down)) {
            if let Some(from) = began {
                self.ends(from, until, outage(config, CarrierId(carrier)));
            }
        }
        self.over.sort_by_key(|fault| (fault.from, fault.until));
        self.over
    }
}

/// To a hundredth of a percent.
fn percent(share: f64) -> f64 {
    libm::round(share * 1e4) / 100.0
}

fn outage(config: &Config, carrier: CarrierId) -> String {
    format!("{} down", config.carriers[carrier.index()].name)
}

/// What a fault is, in a few words.
pub(in crate::system) fn label(config: &Config, kind: &FaultKind) -> String {
    let carrier = |id: &CarrierId| config.carriers[id.index()].name.as_str();
    let network = |delay: &SimDuration, loss: &f64| {
        let delay = (!delay.is_zero()).then(|| format!("+{delay}"));
        let loss = (*loss > 0.0).then(|| format!("{} % lost", percent(*loss)));
        delay.into_iter().chain(loss).collect::<Vec<_>>().join(", ")
    };
    match kind {
        FaultKind::Carrier(id, _) => outage(config, *id),
        FaultKind::ApiSlowdown(by) => format!("API {by} times slower"),
        FaultKind::ApiLimit { factor, .. } => format!("API limits × {factor}"),
        FaultKind::Sbc(id, _) => format!("{} restarts", config.sbcs[id.index()].name),
        FaultKind::Registrar(id, by) => format!("{} registrar {by} times slower", carrier(id)),
        FaultKind::LegNetwork { carrier: id, delay, loss } => {
            format!("{} network {}", carrier(id), network(delay, loss))
        }
        FaultKind::ApiNetwork { delay, loss } => format!("API network {}", network(delay, loss)),
        FaultKind::Agents(group, share) => {
            let name = &config.groups[group.index()].name;
            format!("{} % of {name} agents log out", percent(*share))
        }
    }
}
