//! How instants of a run are written: by a clock that starts with it.

use super::Window;
use crate::engine::time::SimTime;

/// A clock that starts at 0 with the run; with hours where the window needs them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    hours: bool,
}

impl Clock {
    /// The clock for a window.
    #[must_use]
    pub fn of(window: Window) -> Self {
        Self { hours: window.until.as_nanos() / 1_000_000_000 > 2 * 3600 }
    }

    /// What the figures of [`Clock::short`] are.
    #[must_use]
    pub const fn unit_short(self) -> &'static str {
        if self.hours { "h:min" } else { "min:s" }
    }

    /// What the figures of [`Clock::long`] are.
    #[must_use]
    pub const fn unit_long(self) -> &'static str {
        if self.hours { "h:min:s" } else { "min:s" }
    }

    /// An instant to the clock's second figure, cut off: `8:02`, or `13:08` with hours.
    #[must_use]
    pub fn short(self, at: SimTime) -> String {
        let seconds = at.as_nanos() / 1_000_000_000;
        let unit = if self.hours { 3600 } else { 60 };
        format!("{}:{:02}", seconds / unit, seconds % unit * 60 / unit)
    }

    /// An instant to the second, cut off: `8:02`, or `13:08:41` with hours.
    #[must_use]
    pub fn long(self, at: SimTime) -> String {
        let seconds = at.as_nanos() / 1_000_000_000;
        if self.hours { format!("{}:{:02}", self.short(at), seconds % 60) } else { self.short(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimDuration;

    #[test]
    fn hours_are_told_where_a_run_is_long() {
        let at = |s: u64| SimTime::ZERO + SimDuration::from_secs(s);
        let clock = |until: u64| Clock::of(Window { from: at(0), until: at(until) });
        assert_eq!(clock(3600).short(at(482)), "8:02");
        assert_eq!(clock(3600).long(at(3600)), "60:00");
        assert_eq!(clock(86_400).short(at(47_321)), "13:08");
        assert_eq!(clock(86_400).long(at(47_321)), "13:08:41");
    }
}
