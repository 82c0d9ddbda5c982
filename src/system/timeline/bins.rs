//! How wide bins are, and what becomes of several that are put together.

use super::{BudgetBin, CallBin, ClientBin};
use crate::engine::time::SimDuration;

/// Widths that people can read off an axis, in seconds; beyond them, days.
const WIDTHS_S: [u64; 16] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];
const DAY_S: u64 = 86_400;

/// The least round width that cuts `length` into at most `most` bins; a multiple of `of` if given.
pub(super) fn width(length: SimDuration, most: u64, of: Option<SimDuration>) -> SimDuration {
    let days = (1..).map(|days| days * DAY_S);
    let widths = WIDTHS_S.into_iter().chain(days).map(SimDuration::from_secs);
    let fits = |width: &SimDuration| {
        let multiple = of.is_none_or(|of| width.as_nanos().is_multiple_of(of.as_nanos()));
        multiple && length.as_nanos().div_ceil(width.as_nanos()) <= most
    };
    widths.into_iter().find(fits).expect("days grow without end")
}

pub(super) fn calls(bins: &[CallBin]) -> CallBin {
    bins.iter().fold(CallBin::default(), |sum, bin| CallBin {
        offered: sum.offered + bin.offered,
        answered: sum.answered + bin.answered,
        queued: sum.queued + bin.queued,
        short_abandons: sum.short_abandons + bin.short_abandons,
        in_time: sum.in_time + bin.in_time,
        in_time_end_to_end: sum.in_time_end_to_end + bin.in_time_end_to_end,
        dropped: sum.dropped + bin.dropped,
        invite_timeouts: sum.invite_timeouts + bin.invite_timeouts,
    })
}

pub(super) fn client(bins: &[ClientBin]) -> ClientBin {
    bins.iter().fold(ClientBin::default(), |sum, bin| ClientBin {
        sent: sum.sent + bin.sent,
        too_many: sum.too_many + bin.too_many,
        admitted: sum.admitted + bin.admitted,
        refused: sum.refused + bin.refused,
        breaker_refused: sum.breaker_refused + bin.breaker_refused,
    })
}

pub(super) fn budget(bins: &[Option<BudgetBin>]) -> Option<BudgetBin> {
    bins.iter().flatten().copied().reduce(BudgetBin::lesser)
}

impl BudgetBin {
    /// Whichever had less left.
    pub(super) fn lesser(self, other: Self) -> Self {
        if other.least < self.least { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_round_and_fit_into_one_another() {
        let length = |hours: u64| SimDuration::from_secs(hours * 3600);
        let seconds = |width: SimDuration| width.as_nanos() / 1_000_000_000;
        assert_eq!(seconds(width(length(1), 1500, None)), 5);
        assert_eq!(seconds(width(length(24), 1500, None)), 60);
        assert_eq!(seconds(width(length(24), 240, Some(SimDuration::from_secs(60)))), 600);
        // 2 s are no fifth of 5 s.
        assert_eq!(
            seconds(width(SimDuration::from_secs(9), 2, Some(SimDuration::from_secs(2)))),
            10
        );
        assert_eq!(seconds(width(length(24 * 700), 240, None)), 3 * DAY_S);
    }
}
