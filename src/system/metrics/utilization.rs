//! Utilization: the truth, what the monitor shows, and how far they are apart.

use super::Window;
use crate::engine::statistics::TimeWeighted;
use crate::engine::time::SimTime;
use crate::system::config::Config;
use crate::system::ids::TrunkId;
use crate::system::observation::Observation;

/// A trunk's channels: true, counted by the platform, and shown by the monitor. Before its first
/// answer the monitor shows none.
#[derive(Clone, Debug)]
pub(super) struct TrunkUse {
    capacity: f64,
    truly: f64,
    shown: f64,
    pub(super) truth: TimeWeighted,
    pub(super) reported: TimeWeighted,
    pub(super) error: TimeWeighted,
    ghosts: TimeWeighted,
    shown_since: SimTime,
    /// Integral of the age of what is shown, in s².
    age: f64,
}

/// What is measured of utilization.
#[derive(Debug)]
pub(super) struct Utilization {
    window: Window,
    monitored: bool,
    pub(super) trunks: Vec<TrunkUse>,
}

impl Utilization {
    pub(super) fn new(config: &Config) -> Self {
        let window = Window::of(config);
        let level = TimeWeighted::new(window.from, window.until);
        let trunk = |capacity: u32| TrunkUse {
            capacity: f64::from(capacity),
            truly: 0.0,
            shown: 0.0,
            truth: level,
            reported: level,
            error: level,
            ghosts: level,
            shown_since: SimTime::ZERO,
            age: 0.0,
        };
        Self {
            window,
            monitored: config.monitor.is_some(),
            trunks: config.trunks.iter().map(|t| trunk(t.capacity)).collect(),
        }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::TrunkCalls { trunk, truly, counted } => {
                let part = self.part(trunk);
                part.truly = f64::from(truly);
                part.truth.set(now, part.truly / part.capacity);
                part.ghosts.set(now, f64::from(counted) - part.truly);
                part.set_error(now);
            }
            Observation::Polled { trunk, counted } => {
                let window = self.window;
                let part = self.part(trunk);
                // A gauge shows at most full, however many ghosts the platform counts.
                part.shown = f64::from(counted).min(part.capacity);
                part.reported.set(now, part.shown / part.capacity);
                part.set_error(now);
                part.age += part.age_since(now, window);
                part.shown_since = now;
            }
            _ => {}
        }
    }

    fn part(&mut self, trunk: TrunkId) -> &mut TrunkUse {
        &mut self.trunks[trunk.index()]
    }

    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        let n = self.trunks.len() as f64;
        let mean = |of: &dyn Fn(&TrunkUse) -> f64| self.trunks.iter().map(of).sum::<f64>() / n;
        let shown = |value: f64| if self.monitored { value } else { f64::NAN };
        let window = self.window;
        let age = |t: &TrunkUse| (t.age + t.age_since(window.until, window)) / window.length_s();
        vec![
            ("utilization_true", mean(&|t| t.truth.mean())),
            ("utilization_reported", shown(mean(&|t| t.reported.mean()))),
            ("utilization_mae", shown(mean(&|t| t.error.mean()))),
            ("utilization_bias", shown(mean(&|t| t.reported.mean() - t.truth.mean()))),
            ("utilization_staleness_s", shown(mean(&age))),
            ("ghost_channels", self.trunks.iter().map(|t| t.ghosts.mean()).sum()),
        ]
    }
}

impl TrunkUse {
    fn set_error(&mut self, now: SimTime) {
        self.error.set(now, (self.shown - self.truly).abs() / self.capacity);
    }

    /// Integral of the age from the last answer to `now`, as far as it lies in the window.
    fn age_since(&self, now: SimTime, window: Window) -> f64 {
        let from =
            self.shown_since.max(window.from).saturating_since(self.shown_since).as_secs_f64();
        let to = now.min(window.until).saturating_since(self.shown_since).as_secs_f64();
        if to > from { (to * to - from * from) / 2.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimDuration;

    #[test]
    fn age_counts_within_the_window_only() {
        let at = |s| SimTime::ZERO + SimDuration::from_secs(s);
        let window = Window { from: at(10), until: at(30) };
        let level = TimeWeighted::new(window.from, window.until);
        let part = TrunkUse {
            capacity: 1.0,
            truly: 0.0,
            shown: 0.0,
            truth: level,
            reported: level,
            error: level,
            ghosts: level,
            shown_since: at(5),
            age: 0.0,
        };
        // Age runs from 5 s at 10 s to 15 s at 20 s.
        assert!((part.age_since(at(20), window) - 100.0).abs() < 1e-9);
        assert!((part.age_since(at(40), window) - (625.0 - 25.0) / 2.0).abs() < 1e-9);
        assert!(part.age_since(at(8), window).abs() < 1e-9);
    }
}
