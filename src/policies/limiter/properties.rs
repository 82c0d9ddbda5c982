//! What every limiter promises, over random settings and requests. Lengths are drawn down to a
//! nanosecond, so that instants fall on edges, and next to them.

use proptest::prelude::*;

use super::*;
use crate::engine::time::SimDuration;

const MS: u64 = 1_000_000;

fn lengths() -> impl Strategy<Value = SimDuration> {
    prop_oneof![1u64..12, (1u64..40).prop_map(|ms| ms * MS), 1u64..400 * MS]
        .prop_map(SimDuration::from_nanos)
}

fn on_limits() -> impl Strategy<Value = OnLimit> {
    prop_oneof![
        3 => Just(OnLimit::Reject),
        1 => lengths().prop_map(|max| OnLimit::Delay { max, refuses: Refuses::AtOnce }),
        1 => Just(OnLimit::Delay { max: SimDuration::ZERO, refuses: Refuses::AtOnce }),
    ]
}

fn rates() -> impl Strategy<Value = f64> {
    prop_oneof![0.5..200.0, 1e5..1e6, Just(1e6)]
}

fn windows() -> impl Strategy<Value = LimiterSpec> {
    let anchors = prop_oneof![Just(Anchor::Aligned), Just(Anchor::FirstRequest)];
    let edges = prop_oneof![Just(Edge::Strict), Just(Edge::Inclusive)];
    let common = (1u32..12, lengths(), any::<bool>(), on_limits());
    (0u8..3, common, anchors, edges, any::<bool>()).prop_map(
        |(kind, (limit, window, count_rejected, on_limit), anchor, edge, counts_itself)| match kind
        {
            0 => LimiterSpec::FixedWindow { limit, window, anchor, count_rejected, on_limit },
            1 => LimiterSpec::SlidingLog { limit, window, edge, count_rejected, on_limit },
            _ => LimiterSpec::SlidingCounter {
                limit,
                window,
                counts_itself,
                count_rejected,
                on_limit,
            },
        },
    )
}

fn specs() -> impl Strategy<Value = LimiterSpec> {
    prop_oneof![
        3 => windows(),
        1 => (rates(), 1u32..12, any::<bool>(), on_limits()).prop_map(
            |(rate_per_s, burst, count_rejected, on_limit)| LimiterSpec::TokenBucket {
                rate_per_s, burst, count_rejected, on_limit,
            }
        ),
        1 => (rates(), 1u32..12, any::<bool>(), on_limits()).prop_map(
            |(rate_per_s, burst, count_rejected, on_limit)| LimiterSpec::Gcra {
                rate_per_s, burst, count_rejected, on_limit,
            }
        ),
        1 => (1u32..10, 50u64..400, 1u32..12, on_limits()).prop_map(
            |(tokens_per_fill, ms, burst, on_limit)| LimiterSpec::TickBucket {
                tokens_per_fill,
                fill_interval: SimDuration::from_millis(ms),
                burst,
                on_limit,
            }
        ),
        1 => (1u32..3000, 0u32..12, 0u32..12, any::<bool>(), any::<bool>()).prop_map(
            |(rate, burst, delay, nodelay, minute)| LimiterSpec::NginxLimitReq {
                rate,
                per: if minute { RatePer::Minute } else { RatePer::Second },
                burst,
                delay: if nodelay { 0 } else { delay },
                nodelay,
            }
        ),
        1 => (1u32..12, lengths(), prop_oneof![Just(SimDuration::ZERO), lengths()]).prop_map(
            |(limit, period, timeout)| {
                LimiterSpec::Cycles { limit, period, timeout, refuses: Refuses::AfterWait }
            }
        ),
    ]
}

/// Time before a request, and how many it counts for.
fn requests(cost_max: u32) -> impl Strategy<Value = Vec<(u64, u32)>> {
    let gap = prop_oneof![
        3 => 0u64..4,
        1 => 0u64..40,
        2 => (0u64..8).prop_map(|ms| ms * MS),
        1 => (1u64..60, 0u64..3).prop_map(|(n, off)| n * 10 * MS + off - 1),
        1 => 0u64..500 * MS,
    ];
    prop::collection::vec((gap, 1..=cost_max), 1..80)
}

fn counts_rejected(spec: &LimiterSpec) -> bool {
    Limiter::new(spec).count_rejected
}

/// When each request taken on passes, and for how many it counts.
fn passes(spec: &LimiterSpec, requests: &[(u64, u32)]) -> Vec<(SimTime, u64)> {
    let mut limiter = Limiter::new(spec);
    let mut now = SimTime::ZERO;
    let mut passed = Vec::new();
    for &(gap, cost) in requests {
        now += SimDuration::from_nanos(gap);
        match limiter.admit(now, cost) {
            Admission::Granted => passed.push((now, u64::from(cost))),
            Admission::Delayed { until } => passed.push((until, u64::from(cost))),
            Admission::Denied { .. } => {}
        }
    }
    passed
}

/// The most that may pass from `from` to `to`, both included.
fn most(spec: &LimiterSpec, from: SimTime, to: SimTime) -> u64 {
    let (from, to) = (from.as_nanos(), to.as_nanos());
    let span = to - from;
    let numbered = |length: SimDuration| to / length.as_nanos() - from / length.as_nanos();
    match *spec {
        LimiterSpec::FixedWindow { limit, window, anchor: Anchor::Aligned, .. }
        | LimiterSpec::SlidingCounter { limit, window, .. }
        | LimiterSpec::Cycles { limit, period: window, .. } => {
            u64::from(limit) * (numbered(window) + 1)
        }
        // An interval no longer than a window reaches into two at most.
        LimiterSpec::FixedWindow { limit, window, .. } => {
            u64::from(limit) * (span.div_ceil(window.as_nanos()) + 1)
        }
        LimiterSpec::SlidingLog { limit, window, edge, .. } => {
            let window = window.as_nanos() + u64::from(edge == Edge::Inclusive);
            u64::from(limit) * (span / window + 1)
        }
        LimiterSpec::TokenBucket { rate_per_s, burst, .. } => {
            u64::from(burst) + span / period(rate_per_s)
        }
        LimiterSpec::Gcra { rate_per_s, burst, .. } => {
            u64::from(burst) + span / period_cut_off(rate_per_s)
        }
        LimiterSpec::TickBucket { tokens_per_fill, fill_interval, burst, .. } => {
            u64::from(burst) + u64::from(tokens_per_fill) * numbered(fill_interval)
        }
        LimiterSpec::NginxLimitReq { rate, per, burst, .. } => {
            let seconds = if per == RatePer::Second { 1 } else { 60 };
            let leaked = u64::from(rate) * 1000 / seconds * numbered(SimDuration::from_millis(1));
            u64::from(burst) + 1 + leaked / 1_000_000
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// At `retry_at` a request is taken on, a nanosecond before it is not, cut limits included.
    #[test]
    fn the_promised_instant_is_exact(
        spec in specs(),
        requests in requests(14),
        cuts in prop::collection::vec((0usize..80, 0.05f64..1.5), 0..3),
    ) {
        let mut limiter = Limiter::new(&spec);
        let mut now = SimTime::ZERO;
        for (i, &(gap, cost)) in requests.iter().enumerate() {
            now += SimDuration::from_nanos(gap);
            if let Some((_, factor)) = cuts.iter().find(|(at, _)| *at == i) {
                limiter.scale(now, *factor);
            }
            let Admission::Denied { retry_at } = limiter.admit(now, cost) else { continue };
            if retry_at == SimTime::NEVER {
                prop_assert!(cost > limiter.capacity());
                continue;
            }
            prop_assert!(cost <= limiter.capacity());
            prop_assert!(retry_at > now);
            let before = retry_at.saturating_sub(SimDuration::from_nanos(1));
            let early = matches!(limiter.check(before, cost), Admission::Denied { .. });
            prop_assert!(early, "taken on before {}", retry_at);
            let then = matches!(limiter.check(retry_at, cost), Admission::Denied { .. });
            prop_assert!(!then, "refused at {}", retry_at);
        }
    }

    /// At the reset, and not before, a limiter has as much as an unused one (except that
    /// nginx lets less than its burst pass at once).
    #[test]
    fn the_reset_is_when_all_is_there_again(spec in specs(), requests in requests(3)) {
        let mut limiter = Limiter::new(&spec);
        let all = limiter.remaining(SimTime::ZERO);
        let mut now = SimTime::ZERO;
        for (gap, cost) in requests {
            now += SimDuration::from_nanos(gap);
            limiter.admit(now, cost);
            let reset = limiter.resets(now);
            prop_assert!(reset >= now);
            prop_assert_eq!(limiter.remaining(reset), all, "at {}", reset);
            let before = reset.saturating_sub(SimDuration::from_nanos(1));
            if reset > now && !matches!(spec, LimiterSpec::NginxLimitReq { .. }) {
                prop_assert!(limiter.remaining(before) < all, "before {}", reset);
            }
        }
    }

    /// Between any two instants no more pass than burst and rate allow, held back or not.
    #[test]
    fn no_more_pass_than_the_limit_allows(spec in specs(), requests in requests(3)) {
        // nginx bounds what comes in; several permits at once may be of several cycles.
        let single = matches!(spec, LimiterSpec::Cycles { .. });
        let requests: Vec<(u64, u32)> =
            requests.iter().map(|&(gap, cost)| (gap, if single { 1 } else { cost })).collect();
        let spec = match spec {
            LimiterSpec::NginxLimitReq { rate, per, burst, .. } => {
                LimiterSpec::NginxLimitReq { rate, per, burst, delay: 0, nodelay: true }
            }
            spec => spec,
        };
        let passed = passes(&spec, &requests);
        for (i, &(from, _)) in passed.iter().enumerate() {
            let mut count = 0;
            for &(to, cost) in &passed[i..] {
                count += cost;
                prop_assert!(count <= most(&spec, from, to), "{} from {} to {}", count, from, to);
            }
        }
    }

    /// A request held back passes later than it came, no later than allowed, and behind those
    /// before it.
    #[test]
    fn who_is_held_back_keeps_its_turn(spec in specs(), requests in requests(3)) {
        let mut limiter = Limiter::new(&spec);
        let (mut now, mut last) = (SimTime::ZERO, SimTime::ZERO);
        for (gap, cost) in requests {
            now += SimDuration::from_nanos(gap);
            let passes = match limiter.admit(now, cost) {
                Admission::Denied { .. } => continue,
                Admission::Granted => now,
                Admission::Delayed { until } => {
                    prop_assert!(spec.holds_back());
                    prop_assert!(until > now);
                    let max = match (limiter.on_limit, &spec) {
                        (OnLimit::Delay { max, .. }, _) => max,
                        (_, LimiterSpec::Cycles { timeout, .. }) => *timeout,
                        _ => SimDuration::MAX,
                    };
                    prop_assert!(until <= now.saturating_add(max));
                    until
                }
            };
            prop_assert!(passes >= last, "overtakes");
            last = passes;
        }
    }

    #[test]
    fn looking_changes_nothing(spec in specs(), requests in requests(5)) {
        let mut looked_at = Limiter::new(&spec);
        let mut left_alone = Limiter::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, cost) in requests {
            for looks in [now, now + SimDuration::from_nanos(gap / 2)] {
                let _ = looked_at.check(looks, cost);
                let _ = looked_at.remaining(looks);
            }
            now += SimDuration::from_nanos(gap);
            prop_assert_eq!(looked_at.admit(now, cost), left_alone.admit(now, cost));
        }
    }

    /// Where refused requests do not count, those who were taken on would have been without them.
    #[test]
    fn a_refusal_uses_nothing_up(spec in specs(), requests in requests(5)) {
        prop_assume!(!counts_rejected(&spec));
        let mut asked = Limiter::new(&spec);
        let mut spared = Limiter::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, cost) in requests {
            now += SimDuration::from_nanos(gap);
            // More than ever pass open a window too, where one opens with the first request.
            let cost = cost.min(asked.capacity());
            let answer = asked.admit(now, cost);
            if !matches!(answer, Admission::Denied { .. }) {
                prop_assert_eq!(spared.admit(now, cost), answer);
            }
        }
    }

    /// Exactly `remaining` requests pass, and with time no fewer.
    #[test]
    fn what_remains_passes(spec in specs(), requests in requests(5)) {
        let mut limiter = Limiter::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, cost) in requests {
            let before = limiter.remaining(now);
            now += SimDuration::from_nanos(gap);
            let remaining = limiter.remaining(now);
            prop_assert!(remaining >= before);
            prop_assert_eq!(limiter.check(now, 1) != Admission::Granted, remaining == 0);
            if remaining > 0 {
                prop_assert_eq!(limiter.check(now, remaining), Admission::Granted);
            }
            prop_assert!(limiter.check(now, remaining + 1) != Admission::Granted);
            limiter.admit(now, cost);
        }
    }

    /// A stack takes on what each of its levels would, and its promise is exact too.
    #[test]
    fn a_stack_debits_all_levels_or_none(
        levels in prop::collection::vec(specs(), 1..4),
        requests in requests(3),
    ) {
        prop_assume!(!levels.iter().any(counts_rejected));
        let mut limiters: Vec<Limiter> = levels.iter().map(Limiter::new).collect();
        let path = |cost: u32| -> Vec<stack::Charge> {
            (0..).take(levels.len()).map(|limiter| stack::Charge { limiter, cost }).collect()
        };
        // More than a cycle's permits are taken on at its end only: that comes and goes.
        let cost_max = levels.iter().map(|spec| match spec {
            LimiterSpec::Cycles { limit, .. } => *limit,
            _ => u32::MAX,
        });
        let cost_max = cost_max.min().unwrap_or(u32::MAX);
        let mut now = SimTime::ZERO;
        for (gap, cost) in requests {
            let cost = cost.min(cost_max);
            now += SimDuration::from_nanos(gap);
            // A window that opens with the first request opens for a refused one too.
            limiters.iter_mut().for_each(|l| if let Kind::Window(w) = &mut l.kind { w.roll(now) });
            let before: Vec<u32> = limiters.iter().map(|l| l.remaining(now)).collect();
            let alone: Vec<Admission> = limiters.iter().map(|l| l.check(now, cost)).collect();
            let denied = alone.iter().any(|a| matches!(a, Admission::Denied { .. }));
            let answer = stack::admit(&mut limiters, &path(cost), now);
            let stack::StackAdmission::Denied { level, retry_at } = answer else {
                prop_assert!(!denied);
                continue;
            };
            prop_assert!(denied);
            let blamed = matches!(alone[level as usize], Admission::Denied { .. });
            prop_assert!(blamed);
            let after: Vec<u32> = limiters.iter().map(|l| l.remaining(now)).collect();
            prop_assert_eq!(before, after);
            if retry_at < SimTime::NEVER {
                let taken = |at| {
                    !limiters.iter().any(|l| matches!(l.check(at, cost), Admission::Denied { .. }))
                };
                prop_assert!(taken(retry_at));
                prop_assert!(!taken(retry_at.saturating_sub(SimDuration::from_nanos(1))));
            }
        }
    }
}
