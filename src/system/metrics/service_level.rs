//! The service level of calls that left a queue, by the formula that the model names.

use crate::engine::time::{SimDuration, SimTime};
use crate::system::observation::{CallRecord, Fate};
use crate::system::spec::{GenesysSwitches, ServiceLevelFormula, ServiceLevelSpec};

/// Counts of calls that entered a queue, by how they left the queue.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueueBook {
    /// Answered, whatever came later.
    pub(super) answered: u64,
    /// Of those answered, within the threshold of queue entry.
    pub(super) in_time: u64,
    /// Hung up in the queue.
    pub(super) abandoned: u64,
    /// Of those who hung up, within the short-abandon time.
    pub(super) short_abandons: u64,
    /// Of those who hung up, within the threshold.
    pub(super) abandoned_in_time: u64,
    /// Torn down in the queue.
    pub(super) torn_down: u64,
}

impl QueueBook {
    /// Counts a call that has ended at `now`, if it entered a queue.
    pub(super) fn add(&mut self, now: SimTime, record: &CallRecord, spec: &ServiceLevelSpec) {
        let Some(queued_at) = record.queued_at else { return };
        match record.answered_at {
            Some(answered_at) => self.is_answered(answered_at - queued_at, spec),
            None => self.is_left(now - queued_at, record.fate, spec),
        }
    }

    /// An agent answers after `wait`.
    pub(super) fn is_answered(&mut self, wait: SimDuration, spec: &ServiceLevelSpec) {
        self.answered += 1;
        self.in_time += u64::from(wait <= spec.threshold);
    }

    /// The call leaves the queue unanswered after `wait`.
    pub(super) fn is_left(&mut self, wait: SimDuration, fate: Fate, spec: &ServiceLevelSpec) {
        if fate == Fate::Abandoned {
            self.abandoned += 1;
            self.short_abandons += u64::from(wait <= spec.short_abandon);
            self.abandoned_in_time += u64::from(wait <= spec.threshold);
        } else {
            self.torn_down += 1;
        }
    }

    /// Calls that entered a queue.
    pub(super) const fn queued(&self) -> u64 {
        self.answered + self.abandoned + self.torn_down
    }

    /// Numerator and denominator of the service level.
    pub(super) const fn parts(&self, spec: &ServiceLevelSpec) -> (u64, u64) {
        let ended = self.answered + self.abandoned;
        match spec.formula {
            ServiceLevelFormula::LessShortAbandons => {
                (self.in_time, self.queued() - self.short_abandons)
            }
            ServiceLevelFormula::AbandonsInTimeGood => {
                (self.in_time + self.abandoned_in_time, ended)
            }
            ServiceLevelFormula::AnsweredOnly => (self.in_time, self.answered),
            ServiceLevelFormula::AnsweredAndAbandoned => (self.in_time, ended),
            ServiceLevelFormula::LessAbandonsInTime => {
                (self.in_time, ended - self.abandoned_in_time)
            }
            ServiceLevelFormula::ShortAbandonsGood => (self.in_time + self.short_abandons, ended),
            ServiceLevelFormula::Genesys => (self.in_time, self.base_of(spec.genesys)),
        }
    }

    const fn base_of(&self, switches: GenesysSwitches) -> u64 {
        let GenesysSwitches { short_abandons, abandons, flow_outs } = switches;
        let abandoned = match (abandons, short_abandons) {
            (false, _) => 0,
            (true, false) => self.abandoned - self.short_abandons,
            (true, true) => self.abandoned,
        };
        self.answered + abandoned + if flow_outs { self.torn_down } else { 0 }
    }

    /// The service level; not a number where the denominator is empty.
    pub(super) fn level(&self, spec: &ServiceLevelSpec) -> f64 {
        let (good, base) = self.parts(spec);
        super::ratio(good, base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One day of ICMI's example: 1000 answered, 860 within 20 s; 60 abandoned, 20 within 20 s and
    /// 10 within 5 s.
    const DAY: QueueBook = QueueBook {
        answered: 1000,
        in_time: 860,
        abandoned: 60,
        short_abandons: 10,
        abandoned_in_time: 20,
        torn_down: 0,
    };

    fn level(book: &QueueBook, formula: ServiceLevelFormula, genesys: GenesysSwitches) -> f64 {
        book.level(&ServiceLevelSpec { formula, genesys, ..ServiceLevelSpec::default() })
    }

    #[test]
    fn the_five_formulas_of_the_field_differ_as_published() {
        for (formula, percent) in [
            (ServiceLevelFormula::AbandonsInTimeGood, 83.0),
            (ServiceLevelFormula::AnsweredOnly, 86.0),
            (ServiceLevelFormula::AnsweredAndAbandoned, 81.1),
            (ServiceLevelFormula::LessAbandonsInTime, 82.7),
            (ServiceLevelFormula::ShortAbandonsGood, 82.1),
            (ServiceLevelFormula::LessShortAbandons, 81.9),
        ] {
            let got = 100.0 * level(&DAY, formula, GenesysSwitches::default());
            assert!((got - percent).abs() < 0.05, "{formula:?}: {got} for {percent}");
        }
    }

    /// Each switch of Genesys adds its own calls to the denominator and nothing else.
    #[test]
    fn genesys_switches_decide_on_the_denominator() {
        let book = QueueBook { torn_down: 7, ..DAY };
        for (short_abandons, abandons, flow_outs, base) in [
            (false, false, false, 1000),
            (true, false, false, 1000),
            (false, true, false, 1050),
            (true, true, false, 1060),
            (false, false, true, 1007),
            (true, true, true, 1067),
        ] {
            let switches = GenesysSwitches { short_abandons, abandons, flow_outs };
            let got = level(&book, ServiceLevelFormula::Genesys, switches);
            assert!((got - 860.0 / f64::from(base)).abs() < 1e-12, "{switches:?}: {got}");
        }
        // A call torn down in the queue was queued and not answered.
        let spec = ServiceLevelSpec::default();
        assert_eq!(book.parts(&spec), (860, 1057));
    }
}
