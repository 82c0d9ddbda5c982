//! What holds of every breaker under any sequence of calls and results.

use proptest::prelude::*;

use super::*;

/// Something that happens to a breaker, some time after the thing before.
#[derive(Clone, Debug)]
enum Step {
    Ask,
    /// The result of one of the calls under way.
    Answer {
        which: prop::sample::Index,
        result: CallResult,
    },
}

fn gaps() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0u64),
        2 => Just(1),
        2 => 1..2_000_000_000u64,
        3 => (1u64..8000).prop_map(|ms| ms * 1_000_000),
        1 => (1u64..200).prop_map(|s| s * 1_000_000_000),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let result = prop_oneof![
        2 => Just(CallResult::Success),
        4 => Just(CallResult::Failure),
        1 => Just(CallResult::Ignored),
    ];
    let answer = (any::<prop::sample::Index>(), result)
        .prop_map(|(which, result)| Step::Answer { which, result });
    prop::collection::vec((gaps(), prop_oneof![Just(Step::Ask), answer]), 1..150)
}

fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = SimDuration> {
    range.prop_map(SimDuration::from_millis)
}

fn generic() -> impl Strategy<Value = MachineSpec> {
    let rule = prop_oneof![
        (1u32..6).prop_map(|failures| RuleSpec::Consecutive { failures }),
        (1u32..10, 1u32..10, 0.1..1.0).prop_map(|(size, min_calls, failure_rate)| {
            RuleSpec::CountWindow { size, min_calls, failure_rate }
        }),
        (1u32..6, ms(1..60_000))
            .prop_map(|(failures, within)| RuleSpec::FailuresWithin { failures, within }),
        (ms(1000..60_000), 1u32..10, 1u32..10, 0.1..1.0).prop_map(
            |(window, buckets, min_calls, failure_rate)| {
                RuleSpec::TimeWindow { window, buckets, min_calls, failure_rate }
            }
        ),
    ];
    (rule, ms(1..20_000), 1u32..4).prop_map(|(rule, open, probes)| {
        let (half_open_probes, half_open_successes) = (probes, probes);
        MachineSpec::Generic(GenericSpec { rule, open, half_open_probes, half_open_successes })
    })
}

fn resilience4j() -> impl Strategy<Value = MachineSpec> {
    let window = prop_oneof![
        (1u32..12).prop_map(|size| WindowSpec::Count { size }),
        (1u64..20).prop_map(|s| WindowSpec::Time { length: SimDuration::from_secs(s) }),
    ];
    let wait = prop_oneof![
        ms(1..20_000).prop_map(|delay| WaitSpec::Fixed { delay }),
        (ms(1..5000), 1.0..3.0, ms(5000..20_000)).prop_map(|(initial, multiplier, cap)| {
            WaitSpec::Exponential { initial, multiplier, cap }
        }),
    ];
    let half_open = (1u32..5, prop_oneof![Just(SimDuration::ZERO), ms(1..9000)], any::<bool>());
    (0.1..1.0, window, 1u32..8, wait, half_open, any::<bool>()).prop_map(
        |(failure_rate, window, min_calls, wait, half_open, automatic_half_open)| {
            let (permitted_half_open, max_wait_half_open, closes) = half_open;
            MachineSpec::Resilience4j(Resilience4jSpec {
                failure_rate,
                slow_rate: 0.6,
                slow_after: SimDuration::from_secs(2),
                window,
                min_calls,
                wait,
                permitted_half_open,
                max_wait_half_open,
                after_max_wait: if closes { AfterMaxWait::Closed } else { AfterMaxWait::Open },
                automatic_half_open,
            })
        },
    )
}

fn windows() -> impl Strategy<Value = MachineSpec> {
    prop_oneof![
        (0.0..1.0, 1u32..8, ms(50..40_000), ms(1..20_000), any::<bool>()).prop_map(
            |(failure_ratio, minimum_throughput, sampling, break_duration, reprobe)| {
                MachineSpec::Polly(PollySpec {
                    failure_ratio,
                    minimum_throughput,
                    sampling_duration: sampling,
                    break_duration,
                    half_open_reprobe: reprobe,
                })
            }
        ),
        (1u32..8, 1u32..101, ms(1..20_000), 1u64..30, ms(1..1000)).prop_map(
            |(volume, percentage, sleep_window, buckets, interval)| {
                MachineSpec::Hystrix(HystrixSpec {
                    request_volume_threshold: volume,
                    error_threshold_percentage: percentage,
                    sleep_window,
                    rolling_window: interval * buckets,
                    health_snapshot_interval: interval,
                })
            }
        ),
        (0.0..100.0, ms(1..20_000), ms(10..20_000), 1u32..10, 0u32..8, any::<bool>()).prop_map(
            |(percentage, reset_timeout, window, buckets, volume_threshold, allow_warm_up)| {
                MachineSpec::Opossum(OpossumSpec {
                    error_threshold_percentage: percentage,
                    reset_timeout,
                    rolling_count_timeout: window,
                    rolling_count_buckets: buckets,
                    volume_threshold,
                    allow_warm_up,
                })
            }
        ),
    ]
}

fn gobreaker() -> impl Strategy<Value = MachineSpec> {
    let trip = prop_oneof![
        (0u32..5).prop_map(|above| ReadyToTrip::Consecutive { above }),
        (1u32..6, 0.1..1.0).prop_map(|(min_requests, failure_ratio)| ReadyToTrip::Ratio {
            min_requests,
            failure_ratio
        }),
    ];
    let interval = prop_oneof![Just((0u64, 0u64)), (1u64..20, 0u64..5)];
    (1u32..4, interval, ms(1..20_000), trip).prop_map(
        |(max_requests, (interval, period), timeout, ready_to_trip)| {
            MachineSpec::Gobreaker(GobreakerSpec {
                max_requests,
                interval: SimDuration::from_secs(interval),
                bucket_period: SimDuration::from_secs(period),
                timeout,
                ready_to_trip,
            })
        },
    )
}

fn runs() -> impl Strategy<Value = MachineSpec> {
    prop_oneof![
        (1u32..6, ms(1..20_000), 1u32..4).prop_map(|(fail_max, reset_timeout, successes)| {
            let success_threshold = successes;
            MachineSpec::Pybreaker(PybreakerSpec { fail_max, reset_timeout, success_threshold })
        }),
        (1u32..6, ms(1..5000), ms(5000..20_000), 0.0..2.0).prop_map(
            |(max_failures, min_penalty, max_penalty, jitter_ratio)| {
                MachineSpec::Linkerd(LinkerdSpec {
                    max_failures,
                    min_penalty,
                    max_penalty,
                    jitter_ratio,
                })
            }
        ),
    ]
}

fn failsafe() -> impl Strategy<Value = MachineSpec> {
    let delay = (1u64..10, 10u64..40, 0..4).prop_map(|(start, max, kind)| {
        let (start, max) = (SimDuration::from_secs(start), SimDuration::from_secs(max));
        match kind {
            0 => DelaySpec::Constant { delay: start },
            1 => DelaySpec::Exponential { start, max },
            2 => DelaySpec::EqualJittered { start, max },
            _ => DelaySpec::FullJittered { start, max },
        }
    });
    let run = prop::option::of(
        (1u32..6, delay.clone())
            .prop_map(|(failures, backoff)| ConsecutiveSpec { failures, backoff }),
    );
    let rate = prop::option::of((0.1..1.0, 0u32..6, 1u64..20, delay).prop_map(
        |(required, min_requests, window, backoff)| SuccessRateSpec {
            required,
            min_requests,
            window: SimDuration::from_secs(window),
            backoff,
        },
    ));
    (run, rate).prop_map(|(consecutive, success_rate)| {
        MachineSpec::Failsafe(FailsafeSpec { consecutive, success_rate })
    })
}

fn outlier() -> impl Strategy<Value = MachineSpec> {
    (ms(1..15_000), ms(1..10_000), 1u32..6, 0u32..4, any::<bool>(), 0u32..101).prop_map(
        |(interval, base, run, volume, percentage, max_ejection_percent)| {
            MachineSpec::EnvoyOutlier(OutlierSpec {
                interval,
                base_ejection_time: base,
                max_ejection_time: base * 4,
                max_ejection_percent,
                always_eject_one_host: true,
                consecutive_5xx: run,
                consecutive_gateway_failure: run + 1,
                enforcing_consecutive_gateway_failure: true,
                success_rate_minimum_hosts: 1,
                success_rate_request_volume: volume,
                success_rate_stdev_factor: 500,
                failure_percentage_threshold: 60,
                failure_percentage_minimum_hosts: 1,
                failure_percentage_request_volume: volume,
                enforcing_failure_percentage: percentage,
                ..OutlierSpec::default()
            })
        },
    )
}

fn semian() -> impl Strategy<Value = MachineSpec> {
    let caps = (-2.0..0.0, 0.0..2.0);
    let rates = (0.0..0.3, 0.0..1.0, 0.0..0.5);
    let gains = (0.0..2.0, 0.0..1.0, prop_oneof![Just(0.0), 0.0..1.0]);
    (gains, ms(100..20_000), ms(200..4000), rates, caps).prop_map(
        |((kp, ki, kd), window, sliding_interval, rates, caps)| {
            let (initial_error_rate, dead_zone_ratio, learning_cap) = rates;
            let (integral_lower_cap, integral_upper_cap) = caps;
            MachineSpec::Semian(SemianSpec {
                kp,
                ki,
                kd,
                window,
                sliding_interval,
                initial_error_rate,
                dead_zone_ratio,
                learning_cap,
                integral_lower_cap,
                integral_upper_cap,
            })
        },
    )
}

fn machines() -> impl Strategy<Value = MachineSpec> {
    prop_oneof![
        1 => generic(),
        1 => resilience4j(),
        3 => windows(),
        2 => runs(),
        1 => gobreaker(),
        1 => failsafe(),
        1 => outlier(),
        1 => semian(),
    ]
}

/// Probes a half-open breaker lets through; none where the library sets no bound.
fn probes(spec: &MachineSpec) -> Option<u64> {
    match spec {
        MachineSpec::Generic(spec) => Some(u64::from(spec.half_open_probes)),
        // Two timers in a row can leave and enter the state unseen.
        MachineSpec::Resilience4j(spec) if spec.automatic_half_open => None,
        MachineSpec::Resilience4j(spec) => Some(u64::from(spec.permitted_half_open)),
        MachineSpec::Polly(spec) => (!spec.half_open_reprobe).then_some(1),
        MachineSpec::Gobreaker(spec) => Some(u64::from(spec.max_requests)),
        MachineSpec::Hystrix(_) | MachineSpec::Opossum(_) | MachineSpec::Linkerd(_) => Some(1),
        MachineSpec::Pybreaker(_)
        | MachineSpec::Failsafe(_)
        | MachineSpec::EnvoyOutlier(_)
        | MachineSpec::Semian(_) => None,
    }
}

/// A breaker with the calls it has let through.
struct Rig {
    breaker: Breaker,
    under_way: Vec<Permit>,
    /// Seed the draws.
    openings: u64,
    questions: u64,
}

/// What a step showed.
#[derive(Debug, PartialEq)]
struct Seen {
    verdict: Option<Verdict>,
    state: State,
    counts: Counts,
    deadline: Option<SimTime>,
}

impl Rig {
    fn new(spec: &MachineSpec) -> Self {
        Self { breaker: Breaker::new(spec), under_way: Vec::new(), openings: 0, questions: 0 }
    }

    fn step(&mut self, now: SimTime, step: &Step) -> Seen {
        let verdict = match step {
            Step::Ask => {
                self.questions += 1;
                Some(self.breaker.admit(now, &mut Draw(self.questions)))
            }
            Step::Answer { .. } if self.under_way.is_empty() => None,
            Step::Answer { which, result } => {
                let permit = self.under_way.swap_remove(which.index(self.under_way.len()));
                let mut rng = Draw(self.openings);
                self.openings += 1;
                let took = now.saturating_since(permit.given_at());
                self.breaker.record(now, permit, *result, took, &mut rng);
                None
            }
        };
        if let Some(Verdict::Permit(permit)) = verdict {
            self.under_way.push(permit);
        }
        let state = self.breaker.state(now);
        let (counts, deadline) = (self.breaker.counts(now), self.breaker.next_deadline());
        Seen { verdict, state, counts, deadline }
    }
}

fn after(now: SimTime, nanos: u64) -> SimTime {
    now.saturating_add(SimDuration::from_nanos(nanos))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// An open breaker refuses at every instant before its deadline and admits at it, and a
    /// refusal names that deadline. (A sweep of a pool may eject the host it brings back, and an
    /// update of Semian's controller may leave it open.)
    #[test]
    fn an_open_breaker_admits_from_its_deadline_on(spec in machines(), steps in steps()) {
        let mut rig = Rig::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, step) in steps {
            now = after(now, gap);
            let open = rig.breaker.state(now) == State::Open;
            if let (true, Some(deadline)) = (open, rig.breaker.next_deadline()) {
                let refused = Verdict::Refused { until: deadline };
                let ask = |at: SimTime| rig.breaker.clone().admit(at, &mut draw());
                if now < deadline {
                    prop_assert_eq!(ask(now), refused);
                    let last = SimTime::from_nanos(deadline.as_nanos() - 1);
                    prop_assert_eq!(ask(last), refused);
                }
                let admits = matches!(ask(now.max(deadline)), Verdict::Permit(_));
                let may = matches!(spec, MachineSpec::EnvoyOutlier(_) | MachineSpec::Semian(_));
                prop_assert!(admits || may);
            } else {
                prop_assert!(!open, "an open breaker has a deadline");
            }
            if let Some(Verdict::Refused { until }) = rig.step(now, &step).verdict {
                prop_assert!(until >= now);
            }
        }
    }

    /// Asking for the state, the counts or the deadline in between changes nothing.
    #[test]
    fn looking_changes_nothing(spec in machines(), steps in steps(), looks in any::<u64>()) {
        let (mut rig, mut watched) = (Rig::new(&spec), Rig::new(&spec));
        let mut now = SimTime::ZERO;
        for (gap, step) in steps {
            for part in 1..=4 {
                let at = after(now, gap / 4 * part * (looks % 3) / 2);
                if at <= after(now, gap) {
                    watched.breaker.state(at);
                    watched.breaker.counts(at);
                    prop_assert!(watched.breaker.next_move().is_none_or(|m| m > at));
                }
            }
            while let Some(at) = watched.breaker.next_move().filter(|at| *at <= after(now, gap)) {
                watched.breaker.state(at);
            }
            now = after(now, gap);
            prop_assert_eq!(rig.step(now, &step), watched.step(now, &step));
        }
    }

    /// Between two questions the state changes only where `next_move` says it may (gobreaker's
    /// half-open state apart, which begins with time alone and is seen by the next call).
    #[test]
    fn moves_are_foretold(spec in machines(), steps in steps()) {
        prop_assume!(!matches!(spec, MachineSpec::Gobreaker(_)));
        let mut rig = Rig::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, step) in steps {
            let mut state = rig.breaker.state(now);
            let next = after(now, gap);
            let mut looks = 0;
            while let Some(at) = rig.breaker.next_move().filter(|at| *at <= next) {
                prop_assert!(at > now, "a move lies ahead");
                let last = SimTime::from_nanos(at.as_nanos() - 1);
                prop_assert_eq!(rig.breaker.clone().state(last), state);
                now = at;
                state = rig.breaker.state(now);
                looks += 1;
                if looks > 1000 {
                    return Ok(());
                }
            }
            prop_assert_eq!(rig.breaker.clone().state(next), state);
            now = next;
            rig.step(now, &step);
        }
    }

    /// A half-open breaker lets through as many as it may, and one more for each that an ignored
    /// result gave back.
    #[test]
    fn probes_are_bounded(spec in machines(), steps in steps()) {
        let Some(bound) = probes(&spec) else { return Ok(()) };
        let mut rig = Rig::new(&spec);
        let (mut now, mut probes, mut returned) = (SimTime::ZERO, 0, 0);
        for (gap, step) in steps {
            now = after(now, gap);
            if rig.breaker.state(now) != State::HalfOpen {
                (probes, returned) = (0, 0);
            }
            let ignored = matches!(&step, Step::Answer { result: CallResult::Ignored, .. });
            returned += u64::from(ignored && !rig.under_way.is_empty());
            let seen = rig.step(now, &step);
            if let Some(Verdict::Permit(permit)) = seen.verdict
                && permit.state() == State::HalfOpen
            {
                probes += 1;
                prop_assert!(probes <= bound + returned, "{probes} probes");
            }
            if seen.state != State::HalfOpen {
                (probes, returned) = (0, 0);
            }
        }
    }

    /// A result of an older generation is as if it had not come.
    #[test]
    fn older_generations_are_dropped(
        spec in prop_oneof![generic(), gobreaker()],
        steps in steps(),
        fails in any::<bool>(),
    ) {
        let mut rig = Rig::new(&spec);
        let mut now = SimTime::ZERO;
        for (gap, step) in steps {
            now = after(now, gap);
            rig.step(now, &step);
            let newest = rig.breaker.clone().admit(now, &mut draw());
            let result = if fails { CallResult::Failure } else { CallResult::Success };
            let late: Vec<Permit> = match newest {
                Verdict::Permit(new) => {
                    let older = |p: &&Permit| p.generation != new.generation;
                    rig.under_way.iter().filter(older).copied().collect()
                }
                Verdict::Refused { .. } => Vec::new(),
            };
            for permit in late {
                let mut told = rig.breaker.clone();
                told.record(now, permit, result, SimDuration::ZERO, &mut draw());
                prop_assert_eq!(told.counts(now), rig.breaker.counts(now));
                prop_assert_eq!(told.admit(now, &mut draw()), newest);
            }
        }
    }

    /// A rule of failures within a time opens at the first instant at which a count over all
    /// failures since it last closed says so, and not before.
    #[test]
    fn failures_within_a_time_are_those_of_a_whole_list(
        failures in 1u32..5,
        within in 1u64..20_000_000_000,
        calls in prop::collection::vec((gaps(), any::<bool>()), 1..100),
    ) {
        let within = SimDuration::from_nanos(within);
        let rule = RuleSpec::FailuresWithin { failures, within };
        let open = SimDuration::from_nanos(1);
        let spec = GenericSpec { rule, open, half_open_probes: 1, half_open_successes: 1 };
        let mut rig = Rig::new(&MachineSpec::Generic(spec));
        let (mut now, mut list) = (SimTime::ZERO, Vec::new());
        for (gap, fails) in calls {
            now = after(now, gap);
            let Verdict::Permit(permit) = rig.breaker.admit(now, &mut draw()) else { continue };
            let probe = permit.state() == State::HalfOpen;
            let result = if fails { CallResult::Failure } else { CallResult::Success };
            rig.breaker.record(now, permit, result, SimDuration::ZERO, &mut draw());
            if fails && !probe {
                list.push(now);
            }
            let recent = list.iter().filter(|at| now.saturating_since(**at) < within).count();
            let opens = fails && (probe || recent >= failures as usize);
            prop_assert_eq!(rig.breaker.state(now) == State::Open, opens);
            if opens || probe {
                list.clear();
            }
        }
    }

    /// Counts are of the calls that were made.
    #[test]
    fn counts_are_of_calls_made(spec in machines(), steps in steps()) {
        let mut rig = Rig::new(&spec);
        let (mut now, mut asked, mut answered) = (SimTime::ZERO, 0, 0);
        for (gap, step) in steps {
            now = after(now, gap);
            match step {
                Step::Ask => asked += 1,
                Step::Answer { .. } => answered += u64::from(!rig.under_way.is_empty()),
            }
            let counts = rig.step(now, &step).counts;
            prop_assert!(counts.failures + counts.successes + counts.ignored <= answered);
            prop_assert!(counts.slow <= answered);
            prop_assert!(counts.calls <= asked && counts.refused <= asked);
            prop_assert!(counts.consecutive_failures <= answered);
        }
    }
}
