//! The limits against the libraries' own tests, sequences by hand, and properties.

use std::convert::Infallible;

use proptest::prelude::*;
use rand::rand_core::TryRng;

use super::*;

/// Always the same number.
struct Always(u64);

impl TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0 as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0 as u8);
        Ok(())
    }
}

fn ms(ms: u64) -> SimDuration {
    SimDuration::from_millis(ms)
}

fn at(t: u64) -> SimTime {
    SimTime::ZERO + ms(t)
}

/// Ends a request that started at `since`, with `in_flight` requests under way.
fn ends(limit: &mut Concurrency, since: SimTime, rtt: SimDuration, in_flight: u32, drop: bool) {
    limit.in_flight += 1;
    let outcome = if drop { Outcome::TimedOut } else { Outcome::Ok };
    limit.leave(since + rtt, Place { since, in_flight }, Some(outcome), &mut Always(0));
}

/// The spec that a line of `netflix_limits.csv` sets up.
fn netflix(limiter: &str, setup: &str) -> ConcurrencySpec {
    let figure = |name: &str| {
        let word = setup.split(' ').find_map(|word| word.strip_prefix(name))?;
        word.parse::<f64>().ok()
    };
    let whole = |name: &str, default: u32| figure(name).map_or(default, |f| f as u32);
    match limiter {
        "vegas" => {
            let defaults = VegasSpec::default();
            ConcurrencySpec::Vegas(VegasSpec {
                initial: whole("init", defaults.initial),
                max: whole("max", defaults.max),
                smoothing: figure("smooth").unwrap_or(defaults.smoothing),
                alpha: figure("alpha").map(|a| a as u32),
                beta: figure("beta").map(|b| b as u32),
                decrease: figure("x/").map(|by| 1.0 / by),
                ..defaults
            })
        }
        "aimd" => {
            let defaults = AimdSpec::default();
            ConcurrencySpec::Aimd(AimdSpec {
                initial: whole("init", defaults.initial),
                min: whole("min", defaults.min),
                max: whole("max", defaults.max),
                ..defaults
            })
        }
        other => panic!("no limiter {other}"),
    }
}

/// VegasLimitTest.java and AIMDLimitTest.java of concurrency-limits, as rows.
#[test]
fn netflix_limits_are_replayed() {
    let rows = include_str!("../../../tests/cases/policies/netflix_limits.csv");
    let mut limit = None;
    let mut replayed = 0;
    for row in rows.lines().skip(1) {
        let [limiter, setup, rtt, in_flight, drop, expected] =
            row.split(',').collect::<Vec<_>>()[..].try_into().expect("six columns");
        let setup = setup.trim_matches('"');
        if setup != "(then)" {
            limit = Some(Concurrency::new(&netflix(limiter, setup), &mut Always(0)));
        }
        let limit = limit.as_mut().expect("the first row sets up");
        let rtt = ms(rtt.parse().unwrap());
        ends(limit, SimTime::ZERO, rtt, in_flight.parse().unwrap(), drop == "true");
        assert_eq!(limit.limit(), expected.parse::<u32>().unwrap(), "{row}");
        replayed += 1;
    }
    assert_eq!(replayed, 16);
}

/// By hand from `VegasLimit.java`: with a jitter of ½ the 150th sample at a limit of 10 is taken as
/// the round trip without load, however long it is.
#[test]
fn vegas_remeasures_its_base() {
    let spec = netflix("vegas", "alpha3 beta6 init10 max20");
    let mut limit = Concurrency::new(&spec, &mut Always(0));
    ends(&mut limit, SimTime::ZERO, ms(10), 10, false);
    // ⌈10·(1 − 10/14)⌉ = 3: between alpha and beta, so the limit stays.
    for _ in 2..=149 {
        ends(&mut limit, SimTime::ZERO, ms(14), 10, false);
    }
    ends(&mut limit, SimTime::ZERO, ms(28), 10, false);
    assert_eq!(limit.limit(), 10);
    // 28 ms is the base now: no queue, so beta more.
    ends(&mut limit, SimTime::ZERO, ms(28), 10, false);
    assert_eq!(limit.limit(), 16);
    // A shorter round trip is a base too, and nothing else.
    ends(&mut limit, SimTime::ZERO, ms(5), 16, false);
    assert_eq!(limit.limit(), 16);
    // A drop takes log10 off whatever the load; half the limit is load enough, less is not.
    ends(&mut limit, SimTime::ZERO, ms(5), 1, true);
    assert_eq!(limit.limit(), 15);
    ends(&mut limit, SimTime::ZERO, ms(5), 7, false);
    assert_eq!(limit.limit(), 15);
    ends(&mut limit, SimTime::ZERO, ms(5), 8, false);
    assert_eq!(limit.limit(), 20);
}

fn gradient(estimate: &Concurrency) -> f64 {
    match &estimate.algorithm {
        Algorithm::Gradient2(gradient, _) => gradient.estimate(),
        other => panic!("{other:?}"),
    }
}

/// By hand from `Gradient2Limit.java`; the library has no test of it.
#[test]
fn gradient2_follows_its_formula() {
    let spec = ConcurrencySpec::Gradient2(Gradient2Spec::default());
    let mut limit = Concurrency::new(&spec, &mut Always(0));
    let mut after = |rtt: u64, in_flight: u32, drop: bool| {
        ends(&mut limit, SimTime::ZERO, ms(rtt), in_flight, drop);
        gradient(&limit)
    };
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
    // Long = short: .8·20 + .2·(20 + 4).
    near(after(10, 20, false), 20.8);
    // Drops do not count.
    near(after(10, 20, true), 21.6);
    // Less than half the limit under way: the average moves, the limit does not.
    near(after(30, 10, false), 21.6);
    // Long (10+10+30+30)/4 = 20; 1.5·20/30 = 1.
    near(after(30, 11, false), 22.4);
    // Long (80+120)/5 = 40; 1.5·40/120 = ½: .8·22.4 + .2·(11.2 + 4).
    near(after(120, 22, false), 20.96);
    // Long (200+6)/6 = 34.33 is more than twice 6, and is .95 of that from the next sample on; but
    // in the warm-up the average comes from the sum. .8·20.96 + .2·24.96.
    near(after(6, 22, false), 21.76);
    // Three more of 34 make nine: (206+102)/9; the tenth is 34.222…·10 − 308 = 34.222…
    near(after(34, 22, false), 22.56);
    near(after(34, 22, false), 23.36);
    near(after(34, 22, false), 24.16);
    near(after(34, 22, false), 24.96);
    // Warm: long = 34.2, then ·(1 − 2/601) + 200·2/601; the gradient is at its least.
    near(after(200, 25, false), 0.8 * 24.96 + 0.2 * (12.48 + 4.0));
}

/// By hand from `WindowedLimit.java` and `ImmutableAverageSampleWindow.java`.
#[test]
fn windows_close_with_the_first_sample_that_ends_after_them() {
    let spec = AimdSpec { window: Some(WindowSpec::default()), ..AimdSpec::default() };
    let mut limit = Concurrency::new(&ConcurrencySpec::Aimd(spec), &mut Always(0));
    // The very first sample ends after 0 and closes a window of one, which is too few; the next
    // window lasts until 1010 ms.
    ends(&mut limit, at(0), ms(10), 20, true);
    assert_eq!(limit.limit(), 20);
    for t in 0..9 {
        ends(&mut limit, at(t), ms(10), 15, false);
    }
    // A sample that ends at 1010 ms does not close it; 100 µs counts as a sample, less does not.
    ends(&mut limit, at(1000), ms(10), 15, false);
    ends(&mut limit, at(2000), SimDuration::from_nanos(99_999), 15, true);
    assert_eq!(limit.limit(), 20);
    ends(&mut limit, at(1001), ms(10), 9, false);
    // The most under way was 15, and 15·2 ≥ 20.
    assert_eq!(limit.limit(), 21);
    // One drop among ten, or a mean beyond the time-out, is a drop.
    for t in 1012..1021 {
        ends(&mut limit, at(t), ms(1), 21, t == 1015);
    }
    ends(&mut limit, at(2012), ms(1), 21, false);
    assert_eq!(limit.limit(), 20);
}

mod envoy_tests {
    use super::*;

    /// Envoy's test fixture: requests are forwarded and end with a latency.
    struct Controller {
        limit: Concurrency,
        now: SimTime,
        random: u64,
    }

    impl Controller {
        fn new(changes: impl FnOnce(&mut EnvoySpec)) -> Self {
            let mut spec = EnvoySpec {
                jitter: 0.0,
                min_rtt_interval: ms(30_000),
                min_rtt_requests: 5,
                ..EnvoySpec::default()
            };
            changes(&mut spec);
            let limit = Concurrency::new(&ConcurrencySpec::Envoy(spec), &mut Always(0));
            Self { limit, now: at(42 * 3_600_000), random: 0 }
        }

        fn forward(&mut self) -> bool {
            self.limit.enter(self.now).is_some()
        }

        fn sample(&mut self, latency: SimDuration) {
            let since = SimTime::ZERO + (self.now - (SimTime::ZERO + latency));
            let place = Place { since, in_flight: 1 };
            self.limit.leave(self.now, place, Some(Outcome::Ok), &mut Always(self.random));
        }

        fn serve(&mut self, requests: u32, latency_ms: u64) {
            for _ in 0..requests {
                assert!(self.forward());
                self.sample(ms(latency_ms));
            }
        }

        fn advance(&mut self, by: u64) {
            self.now += ms(by);
        }

        /// The limit once timers have done what is due.
        fn limit(&mut self) -> u32 {
            let Algorithm::Envoy(envoy) = &mut self.limit.algorithm else { unreachable!() };
            envoy.catch_up(self.now);
            envoy.limit()
        }

        fn min_rtt_ms(&mut self) -> Option<u64> {
            let Algorithm::Envoy(envoy) = &mut self.limit.algorithm else { unreachable!() };
            envoy.catch_up(self.now);
            envoy.min_rtt_us().map(|us| us / 1000)
        }
    }

    /// `GradientControllerTest.MinRTTLogicTest`.
    #[test]
    fn min_rtt_is_measured_at_the_minimum() {
        let mut controller = Controller::new(|spec| (spec.min, spec.min_rtt_requests) = (7, 50));
        assert_eq!(controller.limit(), 7);
        assert!((0..7).all(|_| controller.forward()));
        assert!(!controller.forward() && !controller.forward());
        controller.advance(13);
        (0..7).for_each(|_| controller.sample(ms(13)));
        for _ in 0..43 {
            assert_eq!((controller.limit(), controller.min_rtt_ms()), (7, None));
            controller.serve(1, 13);
        }
        assert_eq!(controller.min_rtt_ms(), Some(13));
    }

    /// `CancelLatencySample` and `SamplePercentileProcessTest` (their names are swapped there).
    #[test]
    fn percentile_and_cancelled_requests() {
        let mut controller = Controller::new(|_| ());
        (1..=5).for_each(|latency| controller.serve(1, latency));
        assert_eq!(controller.min_rtt_ms(), Some(3));
        let mut controller = Controller::new(|_| ());
        assert_eq!([0; 4].map(|_| controller.forward()), [true, true, true, false]);
        let place = Place { since: controller.now, in_flight: 1 };
        controller.limit.leave(controller.now, place, None, &mut Always(0));
        assert_eq!([0; 2].map(|_| controller.forward()), [true, false]);
    }

    /// `MinRTTBufferTest`.
    #[test]
    fn the_buffer_lets_the_limit_grow() {
        let mut controller = Controller::new(|spec| spec.buffer = 0.5);
        controller.serve(6, 5);
        assert_eq!(controller.min_rtt_ms(), Some(5));
        for _ in 0..10 {
            let last = controller.limit();
            controller.serve(5, 6);
            controller.advance(101);
            assert!(controller.limit() > last);
        }
    }

    /// `ConcurrencyLimitBehaviorTestBasic`; the figures of the first windows are by hand.
    #[test]
    fn the_limit_grows_and_shrinks() {
        let mut controller = Controller::new(|spec| (spec.min, spec.buffer) = (7, 0.1));
        controller.serve(6, 5);
        controller.advance(101);
        // (5050 + 505)/5050 = 1.1: 7.7 + √7.7 = 10.47.
        assert_eq!(controller.limit(), 10);
        controller.serve(5, 4);
        controller.advance(101);
        // 5555/4050 = 1.3716: 13.716 + √13.716 = 17.42.
        assert_eq!(controller.limit(), 17);
        for _ in 0..10 {
            let last = controller.limit();
            controller.serve(5, 4);
            controller.advance(101);
            let limit = controller.limit();
            assert!(limit >= last && f64::from(last) / f64::from(limit) >= 0.5);
        }
        for _ in 0..10 {
            let last = controller.limit();
            controller.serve(5, 6);
            controller.advance(101);
            assert!((7..last).contains(&controller.limit()));
        }
    }

    /// `MinRTTReturnToPreviousLimit`, `MinRTTRescheduleTest` and `NoSamplesTest`.
    #[test]
    fn a_measurement_gives_the_limit_back() {
        let mut controller = Controller::new(|_| ());
        controller.serve(6, 5);
        controller.advance(1000);
        for _ in 0..5 {
            let last = controller.limit();
            controller.serve(5, 4);
            controller.advance(101);
            assert!(controller.limit() > last);
        }
        let limit = controller.limit();
        for _ in 0..5 {
            controller.advance(101);
            assert_eq!(controller.limit(), limit);
        }
        controller.advance(31_000);
        assert_eq!(controller.limit(), 3);
        controller.advance(101);
        assert_eq!(controller.limit(), 3);
        controller.advance(1000);
        for _ in 0..5 {
            assert_eq!(controller.limit(), 3);
            controller.serve(1, 13);
        }
        assert_eq!(controller.limit(), limit);
    }

    /// `MinRTTEpoch`: requests from before a measurement are no samples of it.
    #[test]
    fn requests_from_before_a_measurement_do_not_count() {
        let changes = |spec: &mut EnvoySpec| {
            (spec.min, spec.min_rtt_requests, spec.buffer) = (2, 25, 0.0);
        };
        let mut controller = Controller::new(changes);
        controller.advance(1350);
        controller.serve(26, 1350);
        assert_eq!(controller.min_rtt_ms(), Some(1350));
        let mut last = controller.limit();
        for _ in 0..29 {
            assert!(controller.forward());
            controller.advance(1000);
            controller.sample(ms(1350));
            controller.advance(100);
            assert!(controller.limit() > last || controller.min_rtt_ms().is_none());
            last = controller.limit();
            if controller.min_rtt_ms().is_none() {
                break;
            }
        }
        controller.advance(5000);
        assert_eq!((controller.limit(), controller.min_rtt_ms()), (2, None));
        for _ in 0..30 {
            controller.limit.in_flight += 1;
            controller.sample(ms(300_000));
        }
        assert_eq!(controller.min_rtt_ms(), None);
    }

    /// `TimerAccuracyTest` and `TimerAccuracyTestNoJitter`: 100 s with 10 % jitter and a random
    /// number of 15 000 is 105 s; without jitter it is the interval.
    #[test]
    fn the_next_measurement_is_due_after_the_jittered_interval() {
        for (jitter, random, due) in [(0.1, 15_000, 105_000), (0.0, 15_000, 100_000)] {
            let changes = |spec: &mut EnvoySpec| {
                (spec.jitter, spec.min_rtt_interval) = (jitter, ms(100_000));
            };
            let mut controller = Controller::new(changes);
            controller.random = random;
            controller.serve(5, 5);
            controller.advance(due - 1);
            assert_eq!(controller.min_rtt_ms(), Some(5));
            controller.advance(1);
            assert_eq!(controller.min_rtt_ms(), None);
        }
    }

    /// `ConsecutiveMinConcurrencyReset`: five windows at the minimum start a measurement.
    #[test]
    fn five_windows_at_the_minimum_remeasure() {
        let changes = |spec: &mut EnvoySpec| {
            (spec.min, spec.buffer, spec.min_rtt_interval) = (7, 0.0, ms(3_600_000));
        };
        let mut controller = Controller::new(changes);
        controller.serve(6, 5);
        controller.advance(101);
        // 7 + √7.
        assert_eq!(controller.limit(), 9);
        let mut measured = 0;
        for _ in 0..7 {
            controller.serve(5, 10);
            controller.advance(101);
            measured += u32::from(controller.min_rtt_ms() != Some(5));
        }
        // ½·9 is under 7: at the minimum once that is set again, five times over.
        assert_eq!((controller.limit(), measured), (7, 1 + u32::from(measured == 2)));
        let mut last = controller.limit();
        for _ in 0..10 {
            controller.serve(5, 10);
            controller.advance(101);
            assert!(controller.limit() >= last);
            last = controller.limit();
        }
        assert!(last > 7);
    }
}

#[test]
fn presets_are_sound_and_are_the_defaults() {
    let defaults = [
        ConcurrencySpec::Vegas(VegasSpec::default()),
        ConcurrencySpec::Gradient2(Gradient2Spec::default()),
        ConcurrencySpec::Aimd(AimdSpec::default()),
        ConcurrencySpec::Envoy(EnvoySpec::default()),
    ];
    for (preset, default) in PRESETS.iter().zip(defaults) {
        let spec: ConcurrencySpec = toml::from_str(preset.settings).unwrap();
        assert_eq!(spec.check(), [], "{}", preset.name);
        assert_eq!(spec, default, "{}", preset.name);
    }
}

#[test]
fn bounds_at_odds_are_refused() {
    let spec = AimdSpec { min: 30, initial: 20, ..AimdSpec::default() };
    assert_eq!(ConcurrencySpec::Aimd(spec).check()[0].field, "initial");
    let window = Some(WindowSpec { samples: 0, ..WindowSpec::default() });
    let spec = VegasSpec { window, ..VegasSpec::default() };
    assert_eq!(ConcurrencySpec::Vegas(spec).check()[0].field, "window.samples");
}

fn any_spec() -> impl Strategy<Value = (ConcurrencySpec, u32, u32)> {
    let bounds = (1u32..20, 0u32..20, 0u32..50);
    (bounds, 0u8..5, 0.0f64..=1.0, any::<bool>()).prop_map(
        |((min, initial, max), kind, share, windowed)| {
            let (initial, max) = (min + initial, min + initial + max);
            let window = windowed.then(|| WindowSpec {
                min: ms(20),
                max: ms(100),
                samples: 3,
                ..WindowSpec::default()
            });
            let defaults = EnvoySpec::default();
            match kind {
                0 => {
                    let spec =
                        VegasSpec { initial, max, smoothing: share, window, ..Default::default() };
                    (ConcurrencySpec::Vegas(spec), 1, max)
                }
                1 => {
                    let spec = Gradient2Spec {
                        initial,
                        min,
                        max,
                        smoothing: share,
                        window,
                        ..Default::default()
                    };
                    (ConcurrencySpec::Gradient2(spec), min, max)
                }
                2 => {
                    let spec = AimdSpec { initial, min, max, window, ..Default::default() };
                    (ConcurrencySpec::Aimd(spec), min, max)
                }
                3 => {
                    let min_rtt_requests = 5;
                    let min_rtt_interval = ms(1000);
                    let spec =
                        EnvoySpec { min, max, min_rtt_requests, min_rtt_interval, ..defaults };
                    (ConcurrencySpec::Envoy(spec), min, max)
                }
                _ => (ConcurrencySpec::Fixed(FixedSpec { limit: max }), max, max),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Whatever comes and ends, the limit keeps its bounds, those under way are counted, and one is
    /// let in exactly while they are fewer than the limit.
    #[test]
    fn limits_keep_their_bounds_and_count_who_is_under_way(
        (spec, min, max) in any_spec(),
        moves in prop::collection::vec((0u8..3, 0u64..40, 0usize..64, 0u8..4), 1..300),
    ) {
        prop_assert_eq!(spec.check(), []);
        let mut limit = Concurrency::new(&spec, &mut Always(u64::MAX / 3));
        let (mut places, mut now) = (Vec::new(), SimTime::ZERO);
        for (what, wait, which, end) in moves {
            now += ms(wait);
            if what > 0 || places.is_empty() {
                let place = limit.enter(now);
                prop_assert_eq!(place.is_some(), (places.len() as u32) < limit.limit());
                places.extend(place);
            } else {
                let place = places.swap_remove(which % places.len());
                let outcome = [
                    Some(Outcome::Ok),
                    Some(Outcome::TimedOut),
                    Some(Outcome::Unavailable),
                    None,
                ][usize::from(end)];
                limit.leave(now, place, outcome, &mut Always(u64::MAX / 3));
            }
            prop_assert_eq!(limit.in_flight() as usize, places.len());
            prop_assert!((min..=max).contains(&limit.limit()), "{}", limit.limit());
        }
    }
}
