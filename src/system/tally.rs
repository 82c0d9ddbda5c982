//! The books of a run: what went in must come out. They are kept in every build.

/// Counts both sides of each conservation law.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) calls_offered: u64,
    pub(super) calls_ended: u64,
    pub(super) attempts_sent: u64,
    pub(super) attempts_settled: u64,
    pub(super) attempts_lost: u64,
    pub(super) attempts_admitted: u64,
    pub(super) attempts_refused: u64,
    pub(super) requests_made: u64,
    pub(super) requests_ended: u64,
}

impl Tally {
    /// The laws, once everything under way has ended.
    pub(super) fn check(&self) -> Result<(), String> {
        let laws = [
            ("calls offered = calls with a final outcome", self.calls_offered, self.calls_ended),
            ("requests made = requests ended", self.requests_made, self.requests_ended),
            ("attempts sent = attempts with an outcome", self.attempts_sent, self.attempts_settled),
            (
                "attempts sent = admitted + refused + lost on the way",
                self.attempts_sent,
                self.attempts_admitted + self.attempts_refused + self.attempts_lost,
            ),
        ];
        match laws.iter().find(|(_, left, right)| left != right) {
            None => Ok(()),
            Some((law, left, right)) => Err(format!("{law}: {left} against {right}")),
        }
    }
}
