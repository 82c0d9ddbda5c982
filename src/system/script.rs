//! A server that answers by a script: rows by time, or by the number of the request.

use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;

/// What a row says of a request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ScriptedAnswer {
    /// How it ends; [`Outcome::TimedOut`] where no answer comes.
    pub outcome: Outcome,
    /// The time to the answer. Without it, the request is served as any.
    pub latency: Option<SimDuration>,
    /// The answer's `Retry-After`.
    pub retry_after: Option<SimDuration>,
}

/// What the server answers, row by row. Without an answer, a row says that the server answers as
/// it does without a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Each from its instant until that of the next; ascending.
    ByTime(Vec<(SimTime, Option<ScriptedAnswer>)>),
    /// Each for the request of that number, the first is 1; ascending.
    ByRequest(Vec<(u64, Option<ScriptedAnswer>)>),
}

impl Script {
    /// What it says of request `number` at `now`, where that is anything.
    #[must_use]
    pub fn answer(&self, now: SimTime, number: u64) -> Option<ScriptedAnswer> {
        match self {
            Self::ByTime(rows) => {
                let after = rows.partition_point(|(from, _)| *from <= now);
                rows[..after].last()?.1
            }
            Self::ByRequest(rows) => {
                let place = rows.binary_search_by_key(&number, |(number, _)| *number).ok()?;
                rows[place].1
            }
        }
    }

    /// When its first row comes into force, where rows have times.
    #[must_use]
    pub fn starts_at(&self) -> Option<SimTime> {
        match self {
            Self::ByTime(rows) => rows.first().map(|(from, _)| *from),
            Self::ByRequest(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_by_time_holds_until_the_next_and_a_row_by_number_for_one_request() {
        let at = |s| SimTime::ZERO + SimDuration::from_secs(s);
        let row = |outcome| Some(ScriptedAnswer { outcome, latency: None, retry_after: None });
        let (bad, gone) = (row(Outcome::Status(500)), row(Outcome::TimedOut));
        let by_time =
            Script::ByTime(vec![(at(1), bad), (at(2), gone), (at(2), None), (at(4), bad)]);
        for (s, answer) in [(0, None), (1, bad), (2, None), (3, None), (4, bad), (9, bad)] {
            assert_eq!(by_time.answer(at(s), 1), answer, "at {s} s");
        }
        let by_request = Script::ByRequest(vec![(1, gone), (3, bad)]);
        for (number, answer) in [(1, gone), (2, None), (3, bad), (4, None)] {
            assert_eq!(by_request.answer(at(0), number), answer, "request {number}");
        }
        assert_eq!((by_time.starts_at(), by_request.starts_at()), (Some(at(1)), None));
    }
}
