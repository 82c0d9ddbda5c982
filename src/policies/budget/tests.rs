//! Budgets against their definitions, and the bounds they promise.

use proptest::prelude::*;

use super::*;

const FAILED: Outcome = Outcome::Unavailable;

fn at(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

/// Retries granted to `n` requests that each fail once at the same instant.
fn granted(budget: &mut Budget, n: u32) -> usize {
    let load = Load::default();
    (0..n)
        .filter(|_| {
            budget.on_request(SimTime::ZERO);
            budget.on_failure() && budget.withdraw(SimTime::ZERO, FAILED, load)
        })
        .count()
}

#[test]
fn a_quota_runs_out_in_a_total_outage_and_bounds_the_retries() {
    let mut quota = TokenQuota::new(500, 5, 10, 5);
    assert_eq!((0..1000).filter(|_| quota.withdraw(FAILED)).count(), 100);
    quota.on_success(Some(Outcome::TimedOut));
    assert_eq!(quota.tokens(), 10);
    quota.on_success(None);
    assert_eq!(quota.tokens(), 11);
    let mut later = TokenQuota::new(500, 14, 14, 5);
    assert_eq!((0..1000).filter(|_| later.withdraw(Outcome::TimedOut)).count(), 35);
    assert_eq!(later.tokens(), 10);
    assert!(later.withdraw(Outcome::TooManyRequests));
}

/// gRPC A6 with maxTokens 10 and tokenRatio 0.1: four failures may retry, the fifth may not; from
/// 3 tokens it takes 21 successes to exceed half.
#[test]
fn the_throttle_closes_at_half() {
    let mut throttle = GrpcThrottle::new(10, 0.1);
    let may: Vec<bool> = (0..7).map(|_| throttle.on_failure()).collect();
    assert_eq!(may, [true, true, true, true, false, false, false]);
    (0..21).for_each(|_| throttle.on_success());
    assert_eq!(throttle.thousandths(), 5100);
}

/// Envoy: 20 % of 25 attempts are 5 retries, of 2 the least is 3 (PR #9069); 25 % of 100 are 25.
#[test]
fn envoy_counts_retries_at_once() {
    let load = |active| Load { active, pending: 0 };
    let now = SimTime::ZERO;
    let mut retries = RetryConcurrency::new(20.0, 3, None);
    assert_eq!(retries.limit(now, load(25)), 5);
    assert_eq!(retries.limit(now, load(2)), 3);
    let both = Load { active: 60, pending: 40 };
    assert_eq!(RetryConcurrency::new(25.0, 3, None).limit(now, both), 25);
    assert_eq!((0..100).filter(|_| retries.start(now, load(25))).count(), 5);
    retries.end();
    assert!(retries.start(now, load(25)) && !retries.start(now, load(25)));
    assert_eq!(granted(&mut Budget::new(&BudgetSpec::MaxRetries { max: 3 }), 100), 3);
}

/// A start counts until the tenth tick after it, whether or not anybody asks meanwhile, and however
/// long nothing happens.
#[test]
fn starts_of_an_interval_are_forgotten_by_slots() {
    let second = SimDuration::from_secs(1);
    let mut retries = RetryConcurrency::new(100.0, 0, Some(second));
    let idle = Load { active: 50, pending: 50 };
    for (start, forgotten) in [(0, 1_000), (99, 1_000), (100, 1_100), (950, 1_900)] {
        retries.on_attempt(at(start));
        let mut asked = retries.clone();
        assert!(asked.base(at(forgotten - 1), idle) > asked.base(at(forgotten), idle), "{start}");
    }
    assert_eq!(retries.base(at(1_899), idle), 1);
    retries.on_attempt(at(123_456_789));
    assert_eq!(retries.base(at(123_456_789), idle), 1);
    assert_eq!(retries.base(at(123_457_700), idle), 0);
}

#[test]
fn finagles_reserve_is_there_from_the_start_and_deposits_expire() {
    let mut budget = RetryBudget::new(SimDuration::from_secs(10), 10, 0.2);
    assert_eq!(budget.balance(SimTime::ZERO), 100);
    (0..100).for_each(|_| budget.deposit(SimTime::ZERO));
    assert_eq!(budget.balance(SimTime::ZERO), 120);
    assert_eq!(budget.balance(at(9_000)), 120);
    assert_eq!(budget.balance(at(10_000)), 100);
    // What was withdrawn expires too.
    assert_eq!((0..200).filter(|_| budget.withdraw(at(10_000))).count(), 100);
    assert_eq!(budget.balance(at(20_001)), 100);
    let mut none = RetryBudget::new(SimDuration::from_secs(10), 0, 0.0);
    none.deposit(SimTime::ZERO);
    assert!(!none.withdraw(SimTime::ZERO));
}

/// tower's own tests: `tps_leaky`, `tps_slots`, `tps_reserve`; a share of 0.3 is a third.
#[test]
fn towers_budget_counts_in_whole_numbers() {
    let second = SimDuration::from_secs(1);
    let mut leaky = TpsBudget::new(second, 0, 1.0);
    leaky.deposit(SimTime::ZERO);
    assert!(!leaky.withdraw(at(3_000)));
    let mut slots = TpsBudget::new(second, 0, 0.5);
    slots.deposit(SimTime::ZERO);
    slots.deposit(SimTime::ZERO);
    assert!(slots.withdraw(at(901)));
    slots.deposit(at(2_902));
    slots.deposit(at(3_203));
    slots.deposit(at(4_004));
    assert!(slots.withdraw(at(4_004)));
    let mut reserve = TpsBudget::new(second, 5, 1.0);
    assert_eq!((0..10).filter(|_| reserve.withdraw(SimTime::ZERO)).count(), 5);
    let mut third = TpsBudget::new(SimDuration::from_secs(10), 0, 0.3);
    (0..300).for_each(|_| third.deposit(SimTime::ZERO));
    assert_eq!((0..300).filter(|_| third.withdraw(SimTime::ZERO)).count(), 100);
}

/// The bucket of 5 pays for 4 retries at the start: it needs strictly more than one token.
#[test]
fn the_adaptive_bucket_needs_more_than_one_token() {
    let mut bucket = AdaptiveBucket::new(0.1, 5.0, Credit::Request);
    assert_eq!((0..10).filter(|_| bucket.withdraw()).count(), 4);
    bucket.on_success();
    assert!(!bucket.withdraw());
    bucket.on_request();
    assert!(bucket.withdraw());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// In a total outage each budget grants no more than its start and its share of the requests.
    #[test]
    fn in_an_outage_retries_are_bounded(
        requests in 1u32..2000, capacity in 1u32..1000, cost in 1u32..50, percent in 0.01f64..1.0,
        min_per_s in 0u32..20, max in 1u32..100,
    ) {
        let n = f64::from(requests);
        let quota = BudgetSpec::TokenQuota {
            capacity, retry_cost: cost, timeout_cost: cost, throttling_cost: cost, long_poll: false,
        };
        prop_assert_eq!(
            granted(&mut Budget::new(&quota), requests),
            (capacity / cost).min(requests) as usize
        );
        let throttle = BudgetSpec::GrpcThrottle { max_tokens: max, ratio: 0.1 };
        let half = (max - 1) / 2;
        prop_assert_eq!(granted(&mut Budget::new(&throttle), requests), half.min(requests) as usize);
        let ttl = SimDuration::from_secs(10);
        let share = BudgetSpec::RetryBudget { ttl, min_per_s, percent };
        let most = f64::from(min_per_s * 10) + n * 1000.0 / (1000.0 / percent).floor();
        prop_assert!(granted(&mut Budget::new(&share), requests) as f64 <= most + 1e-6);
        let tower = BudgetSpec::TpsBudget { ttl, min_per_s, percent };
        prop_assert!(granted(&mut Budget::new(&tower), requests) <= 10 * min_per_s as usize);
        let bucket = BudgetSpec::AdaptiveBucket { fill: percent, size: 5.0, credit: Credit::Request };
        prop_assert!(granted(&mut Budget::new(&bucket), requests) as f64 <= 5.0 + percent * n);
        let started = BudgetSpec::RetryConcurrency {
            percent: percent * 100.0, min_concurrency: max, interval: Some(ttl),
        };
        // Without an attempt sent the share is of nothing.
        prop_assert_eq!(granted(&mut Budget::new(&started), requests), max.min(requests) as usize);
        let plain = BudgetSpec::MaxRetries { max };
        prop_assert_eq!(granted(&mut Budget::new(&plain), requests), max.min(requests) as usize);
    }

    /// The starts that count are those of more than nine tenths of the interval and of no more than
    /// the whole.
    #[test]
    fn an_interval_counts_nine_tenths_to_all_of_itself(
        gaps in prop::collection::vec(0u64..700, 1..200), interval_ms in 1u64..500,
    ) {
        let interval = SimDuration::from_millis(interval_ms * 10);
        let mut retries = RetryConcurrency::new(100.0, 0, Some(interval));
        let (mut now, mut starts) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            starts.push(now);
            retries.on_attempt(at(now));
            let within = |ms: u64| starts.iter().filter(|s| now - **s < ms).count() as u64;
            let counted = retries.base(at(now), Load::default());
            prop_assert!(within(interval_ms * 9) <= counted, "{} of {}", counted, now);
            prop_assert!(counted <= within(interval_ms * 10), "{} of {}", counted, now);
        }
    }

    /// Whatever happens, tokens stay between nothing and the most there may be.
    #[test]
    fn tokens_stay_within_their_bounds(events in prop::collection::vec(0u8..4, 1..300)) {
        let mut quota = TokenQuota::new(100, 14, 10, 5);
        let mut throttle = GrpcThrottle::new(20, 0.5);
        let mut bucket = AdaptiveBucket::new(0.1, 5.0, Credit::Success);
        for event in events {
            match event {
                0 => { quota.withdraw(Outcome::TimedOut); throttle.on_failure(); bucket.withdraw(); }
                1 => { quota.withdraw(FAILED); throttle.on_failure(); bucket.withdraw(); }
                2 => { quota.on_success(None); throttle.on_success(); bucket.on_success(); }
                _ => { quota.on_success(Some(FAILED)); throttle.on_success(); bucket.on_success(); }
            }
            prop_assert!(quota.tokens() <= 100);
            prop_assert!(throttle.thousandths() <= 20_000);
            prop_assert!((0.0..=5.0).contains(&bucket.tokens()));
        }
    }
}
