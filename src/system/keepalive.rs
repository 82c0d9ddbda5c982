//! OPTIONS keepalive of a leg.

use super::event::Try;
use crate::engine::calendar::Handle;

/// OPTIONS keepalive.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) serial: Try,
    /// Sent again since the last was due.
    pub(super) retries: u32,
    pub(super) missed: u32,
    pub(super) answered: u32,
    pub(super) down: bool,
    pub(super) timeout: Handle,
}

impl Default for Options {
    fn default() -> Self {
        Self { serial: 0, retries: 0, missed: 0, answered: 0, down: false, timeout: Handle::NONE }
    }
}

impl Options {
    /// Counts an answer (`true`) or a miss; whether the leg's state turned over.
    pub(super) fn count(&mut self, answered: bool, down_after: u32, up_after: u32) -> bool {
        if answered {
            self.missed = 0;
            self.answered += 1;
        } else {
            self.answered = 0;
            self.missed += 1;
        }
        let turns = if self.down { self.answered >= up_after } else { self.missed >= down_after };
        self.down ^= turns;
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_put_a_leg_down_after_misses_and_up_after_answers() {
        let mut options = Options::default();
        let turns: Vec<bool> = [false, false, true, false, false, false, true, false, true, true]
            .into_iter()
            .map(|answered| options.count(answered, 3, 2))
            .collect();
        let expected = [false, false, false, false, false, true, false, false, false, true];
        assert_eq!(turns, expected);
    }
}
