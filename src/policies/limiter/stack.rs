//! Several levels of limits: per token, per user, per organisation, per route.

use super::{Admission, Limiter};
use crate::engine::time::SimTime;
use crate::policies::limit_headers::LimitHeaders;

/// The answer of all levels together.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum StackAdmission {
    /// Every level lets the request pass, now.
    Granted,
    /// A level refuses it: the one that does for longest, by its place in the path.
    Denied {
        /// Place in the path.
        level: u32,
        /// When every level would take it on without earlier requests. (A level of cycles takes on
        /// more than one cycle's permits towards the end of each only: then at the earliest.)
        retry_at: SimTime,
    },
    /// Every level lets it pass, the last at `until`.
    Delayed {
        /// Place in the path of the level that holds it back longest, the first of several.
        level: u32,
        /// When it passes.
        until: SimTime,
    },
}

/// What a request takes of a limiter's budget.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The limiter's index.
    pub limiter: u32,
    /// In the limiter's unit: requests, or what it counts instead.
    pub cost: u32,
}

/// Decides on a request that concerns the limiters of `path`. All are tested before any is debited:
/// otherwise a denial at the second level would use up the first. A refused request is noted at
/// each level.
pub fn admit(limiters: &mut [Limiter], path: &[Charge], now: SimTime) -> StackAdmission {
    let mut denied: Option<(u32, SimTime)> = None;
    let mut delayed: Option<(u32, SimTime)> = None;
    for (level, &Charge { limiter, cost }) in (0u32..).zip(path) {
        match limiters[limiter as usize].check(now, cost) {
            Admission::Granted => {}
            Admission::Delayed { until } if delayed.is_none_or(|(_, at)| until > at) => {
                delayed = Some((level, until));
            }
            Admission::Denied { retry_at } if denied.is_none_or(|(_, at)| retry_at > at) => {
                denied = Some((level, retry_at));
            }
            Admission::Delayed { .. } | Admission::Denied { .. } => {}
        }
    }
    let Some((level, mut retry_at)) = denied else {
        for &Charge { limiter, cost } in path {
            limiters[limiter as usize].debit(now, cost);
        }
        return match delayed {
            Some((level, until)) => StackAdmission::Delayed { level, until },
            None => StackAdmission::Granted,
        };
    };
    for &Charge { limiter, cost } in path {
        if let Some(at) = limiters[limiter as usize].refuse(now, cost) {
            retry_at = retry_at.max(at);
        }
    }
    StackAdmission::Denied { level, retry_at }
}

/// What the limiters of `path` would answer to a request at `now`, without using anything up: when
/// it would pass, or nothing where a level would refuse it.
#[must_use]
pub fn would_pass(limiters: &[Limiter], path: &[Charge], now: SimTime) -> Option<SimTime> {
    path.iter().try_fold(now, |passes, &Charge { limiter, cost }| {
        match limiters[limiter as usize].check(now, cost) {
            Admission::Granted => Some(passes),
            Admission::Delayed { until } => Some(passes.max(until)),
            Admission::Denied { .. } => None,
        }
    })
}

/// What an answer written at `now` says of the limiters of `path`: of the one with least left, and
/// of several the one that is whole again last. Nothing without limiters.
#[must_use]
pub fn headers(limiters: &[Limiter], path: &[Charge], now: SimTime) -> Option<LimitHeaders> {
    let of = |charge: &Charge| {
        let limiter = &limiters[charge.limiter as usize];
        (limiter.remaining(now), limiter.resets(now), limiter.capacity())
    };
    let tightest =
        path.iter().map(of).min_by_key(|(left, resets, _)| (*left, !resets.as_nanos()))?;
    let (remaining, resets, allowed) = tightest;
    let reset = (resets < SimTime::NEVER).then_some(resets);
    Some(LimitHeaders { allowed, remaining, reset, date: now })
}
