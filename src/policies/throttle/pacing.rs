//! Pacing by limit headers: each answer says when the next try may be sent.

use super::Gate;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::limit_headers::LimitHeaders;

/// How answers hold the next try back.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum PacingRule {
    /// prawcore 4.0 (`rate_limit.py`): what is used ahead of the window's even course is waited
    /// for.
    Prawcore {
        /// The server's window.
        window: SimDuration,
        /// The longest wait while something is left.
        wait_max: SimDuration,
    },
    /// Where no more than `margin` is left, until the reset and `plus` longer.
    UntilReset {
        /// What may be left.
        margin: u32,
        /// What is added.
        plus: SimDuration,
        /// Whether only successes are read.
        after_ok: bool,
        /// Whether a `Retry-After` goes before the headers.
        retry_after: bool,
    },
    /// The time left, spread evenly over what is left: our own, found in no client.
    Spread,
}

/// The pace of one client.
#[derive(Clone, Debug)]
pub struct Pacing {
    rule: PacingRule,
    /// When the next try may be sent.
    next: SimTime,
    /// Time between two tries, where they are spread.
    gap: SimDuration,
}

/// The least wait of prawcore once nothing is left.
const EXHAUSTED_MIN: SimDuration = SimDuration::from_secs(1);

impl Pacing {
    /// A client that has heard nothing.
    #[must_use]
    pub const fn new(rule: PacingRule) -> Self {
        Self { rule, next: SimTime::ZERO, gap: SimDuration::ZERO }
    }

    /// Whether a try may be sent. Several that wait are let through together, unless spread.
    pub fn admit(&mut self, now: SimTime) -> Gate {
        let until = self.next;
        if self.rule == PacingRule::Spread {
            self.next = until.max(now).saturating_add(self.gap);
            return if until > now { Gate::Reserved { until } } else { Gate::Open };
        }
        if until > now { Gate::Wait { until } } else { Gate::Open }
    }

    /// An answer came at `now`, with `limits` if it said any and a `Retry-After` of `after`. One
    /// that says nothing changes nothing.
    pub fn hears(
        &mut self,
        now: SimTime,
        outcome: Outcome,
        limits: Option<LimitHeaders>,
        after: Option<SimDuration>,
    ) {
        if let (PacingRule::UntilReset { retry_after: true, .. }, Some(after)) = (self.rule, after)
        {
            self.next = now.saturating_add(after);
            return;
        }
        let Some(limits) = limits else { return };
        let left = limits.seconds_left();
        let wait = match self.rule {
            PacingRule::Prawcore { window, wait_max } => {
                let Some(left) = left else { return };
                prawcore(limits, left, window, wait_max)
            }
            PacingRule::UntilReset { after_ok, .. } if after_ok && outcome != Outcome::Ok => return,
            PacingRule::UntilReset { margin, .. } if limits.remaining > margin => SimDuration::ZERO,
            PacingRule::UntilReset { plus, .. } => {
                let left = left.unwrap_or(SimDuration::ZERO);
                SimDuration::from_nanos(left.as_nanos().saturating_add(plus.as_nanos()))
            }
            PacingRule::Spread => {
                let Some(left) = left else { return };
                self.gap = left / u64::from(limits.remaining.max(1));
                self.gap
            }
        };
        self.next = now.saturating_add(wait);
    }
}

/// The wait of prawcore: the whole reset where nothing is left, and at least a second; else by how
/// much the time left is longer than its share of the window.
fn prawcore(
    limits: LimitHeaders,
    left: SimDuration,
    window: SimDuration,
    wait_max: SimDuration,
) -> SimDuration {
    if limits.remaining == 0 {
        return left.max(EXHAUSTED_MIN);
    }
    let share = f64::from(limits.remaining) / f64::from(limits.remaining + limits.used());
    let ahead = (left.as_secs_f64() - window.as_secs_f64() * share).max(0.0);
    left.min(SimDuration::from_secs_f64(ahead)).min(wait_max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> impl Strategy<Value = PacingRule> {
        let seconds = (0u64..700).prop_map(SimDuration::from_secs);
        prop_oneof![
            (1u64..700, seconds.clone()).prop_map(|(window, wait_max)| PacingRule::Prawcore {
                window: SimDuration::from_secs(window),
                wait_max,
            }),
            (0u32..9, seconds, any::<bool>(), any::<bool>()).prop_map(
                |(margin, plus, after_ok, retry_after)| PacingRule::UntilReset {
                    margin,
                    plus,
                    after_ok,
                    retry_after,
                }
            ),
            Just(PacingRule::Spread),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// A try that waits may be sent at the instant it is told, asking early changes nothing but
        /// the places that are spread, and no wait lasts longer than the reset, what is added to
        /// it, the rounding to seconds and prawcore's second.
        #[test]
        fn waits_end_when_they_are_said_to(
            rule in rules(),
            answers in prop::collection::vec((0u64..90_000, 0u32..20, 0u64..90_000), 1..60),
        ) {
            let mut pacing = Pacing::new(rule);
            let mut now = SimTime::ZERO;
            for (ms, remaining, left) in answers {
                now += SimDuration::from_millis(ms);
                let reset = now + SimDuration::from_millis(left);
                let limits = LimitHeaders { allowed: 20, remaining, reset: Some(reset), date: now };
                pacing.hears(now, Outcome::Ok, Some(limits), None);
                let before = pacing.clone();
                pacing.hears(now, Outcome::Ok, None, None);
                prop_assert_eq!(format!("{pacing:?}"), format!("{before:?}"));
                let plus = match rule {
                    PacingRule::UntilReset { plus, .. } => plus,
                    PacingRule::Prawcore { .. } | PacingRule::Spread => SimDuration::ZERO,
                };
                let latest = reset + plus + EXHAUSTED_MIN;
                match pacing.clone().admit(now) {
                    Gate::Open => {}
                    Gate::Wait { until } => {
                        prop_assert!(until > now && until <= latest);
                        let early = SimTime::from_nanos(u64::midpoint(
                            now.as_nanos(),
                            until.as_nanos(),
                        ));
                        prop_assert_eq!(pacing.admit(early), Gate::Wait { until });
                        prop_assert_eq!(pacing.admit(until), Gate::Open);
                    }
                    Gate::Reserved { until } => {
                        prop_assert!(rule == PacingRule::Spread);
                        prop_assert!(until > now && until <= latest);
                    }
                    Gate::Refused => prop_assert!(false, "pacing refuses no request"),
                }
            }
        }
    }
}
