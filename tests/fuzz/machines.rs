//! Each policy under random events. One function per family speaks to its machine; what it
//! promises is asserted there.

use rand::Rng;
use trunksim::engine::random::Draw;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::backoff::BackoffSpec;
use trunksim::policies::breaker::{Breaker, BreakerSpec, CallResult, State, Verdict};
use trunksim::policies::budget::{Budget, BudgetSpec};
use trunksim::policies::failover::{Controller, FailoverSpec};
use trunksim::policies::limiter::{Admission, Limiter, LimiterSpec};
use trunksim::policies::registration::RegistrationRetrySpec;
use trunksim::policies::retry::{Failed, RetryDecision, RetrySpec};
use trunksim::policies::routing::{Availability, choose};

use super::fuzz;
use super::grammar::{Grammar, below, once_in, pick};

const CASES: u64 = 2000;
const EVENTS: u64 = 120;
const OUTCOMES: [Outcome; 4] =
    [Outcome::Ok, Outcome::TooManyRequests, Outcome::Unavailable, Outcome::TimedOut];
/// A run is never longer: events past it are not drawn.
const END: SimTime = SimTime::from_nanos(50 * 365 * 86_400 * 1_000_000_000);

/// Time until the next event: none, next to a whole length, or a jump of up to years.
fn gap(draw: &mut Draw) -> SimDuration {
    const NANOS: [u64; 7] =
        [1, 1_000, 1_000_000, 50_000_000, 1_000_000_000, 60_000_000_000, 1 << 53];
    let nanos = match below(draw, 8) {
        0 | 1 => 0,
        2 => below(draw, 5),
        3..=5 => (*pick(draw, &NANOS[..6])).saturating_mul(below(draw, 12)) + below(draw, 3),
        6 => below(draw, 10_000_000_000),
        _ => {
            let most = *pick(draw, &NANOS);
            below(draw, most)
        }
    };
    SimDuration::from_nanos(nanos)
}

/// Steps the time; instants that a machine has named are tried, and those just before.
fn step(now: SimTime, named: Option<SimTime>, draw: &mut Draw) -> SimTime {
    let next = match named {
        Some(at) if once_in(draw, 3) => {
            let early = SimDuration::from_nanos(below(draw, 2));
            at.saturating_sub(early).max(now)
        }
        _ => now.saturating_add(gap(draw)),
    };
    if next > END { now } else { next }
}

fn maybe_length(draw: &mut Draw) -> Option<SimDuration> {
    once_in(draw, 3).then(|| gap(draw))
}

#[test]
fn limiters() {
    let grammar = Grammar::of::<LimiterSpec>();
    fuzz("limiters", CASES, |draw| {
        let spec: LimiterSpec = grammar.spec(draw, |spec: &LimiterSpec| spec.check().is_empty());
        let counts = serde_json::to_value(&spec).unwrap()["count_rejected"] == true;
        let mut limiter = Limiter::new(&spec);
        let (mut now, mut named) = (SimTime::ZERO, None);
        let (mut taken, mut scaled) = (SimTime::ZERO, false);
        for _ in 0..EVENTS {
            now = step(now, named, draw);
            if once_in(draw, 40) {
                limiter.scale(now, 0.01 + 1.5 * draw.uniform());
                (taken, scaled) = (now, true);
            }
            let cost = if once_in(draw, 4) { 1 + below(draw, 30) as u32 } else { 1 };
            let remaining = limiter.remaining(now);
            assert_eq!(limiter.refuses(now), remaining == 0, "{spec:?}");
            let expected = limiter.check(now, cost);
            assert_eq!(expected == Admission::Granted, cost <= remaining, "{spec:?}");
            let answer = limiter.admit(now, cost);
            match answer {
                Admission::Granted => taken = taken.max(now),
                Admission::Delayed { until } => {
                    assert!(spec.holds_back() && until > now, "{spec:?}: {answer:?}");
                    assert!(scaled || until >= taken, "{spec:?} overtakes at {now}");
                    taken = taken.max(until);
                    named = Some(until);
                }
                Admission::Denied { retry_at: SimTime::NEVER } => {}
                Admission::Denied { retry_at } => {
                    assert!(retry_at > now, "{spec:?}: {retry_at} at {now}");
                    let before = retry_at.saturating_sub(SimDuration::from_nanos(1));
                    let denies = |at| matches!(limiter.check(at, cost), Admission::Denied { .. });
                    assert!(denies(before) && !denies(retry_at), "{spec:?}: {retry_at}");
                    named = Some(retry_at);
                }
            }
            assert!(counts || answer == expected, "{spec:?}: {answer:?}, not {expected:?}");
        }
    });
}

#[test]
fn breakers() {
    let grammar = Grammar::of::<BreakerSpec>();
    fuzz("breakers", CASES, |draw| {
        let spec: BreakerSpec = grammar.spec(draw, |spec: &BreakerSpec| spec.check().is_empty());
        let mut breaker = Breaker::new(&spec);
        let mut permits = Vec::new();
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            now = step(now, breaker.next_deadline(), draw);
            if once_in(draw, 2) {
                let open_until = breaker.next_deadline().filter(|_| breaker.state() == State::Open);
                match breaker.admit(now) {
                    Verdict::Permit(permit) => {
                        let early = open_until.is_some_and(|until| now < until);
                        assert!(!early, "{spec:?} admits at {now} while open");
                        permits.push(permit);
                    }
                    Verdict::Refused { until } => assert!(until >= now, "{spec:?}"),
                }
            } else if !permits.is_empty() {
                // Late and out of order, as answers come.
                let permit = permits.swap_remove(below(draw, permits.len() as u64) as usize);
                let result = match below(draw, 4) {
                    0 => spec.classify(*pick(draw, &OUTCOMES)),
                    1 => CallResult::Ignored,
                    2 => CallResult::Success,
                    _ => CallResult::Failure,
                };
                breaker.record(now, permit, result);
                let due = breaker.next_deadline().filter(|_| breaker.state() == State::Open);
                assert!(breaker.state() != State::Open || due.is_some(), "{spec:?}");
            }
        }
    });
}

#[test]
fn retries() {
    let grammar = Grammar::of::<RetrySpec>();
    fuzz("retries", CASES, |draw| {
        let spec: RetrySpec = grammar.spec(draw, |spec: &RetrySpec| spec.check().is_empty());
        let started = SimTime::ZERO.saturating_add(gap(draw));
        let (mut now, mut previous, mut attempts) = (started, SimDuration::ZERO, 0);
        loop {
            now = now.saturating_add(gap(draw)).min(END);
            attempts += 1;
            let outcome = *pick(draw, &OUTCOMES[1..]);
            let retry_after = maybe_length(draw);
            let failed = Failed { started, attempts, outcome, retry_after, previous };
            let RetryDecision::Retry { after } = spec.decide(now, failed, draw) else { break };
            assert!(spec.retry_on.contains(&outcome), "{spec:?} retries {outcome:?}");
            if let Some(deadline) = spec.deadline {
                assert!(now.saturating_add(after) <= started.saturating_add(deadline), "{spec:?}");
            }
            now = now.saturating_add(after).min(END);
            previous = after;
        }
        assert!(attempts <= spec.attempts.max(1), "{spec:?} made {attempts} attempts");
    });
}

#[test]
fn backoffs() {
    let grammar = Grammar::of::<BackoffSpec>();
    fuzz("backoffs", CASES, |draw| {
        let spec: BackoffSpec = grammar.spec(draw, |spec: &BackoffSpec| spec.check().is_empty());
        let mut previous = SimDuration::ZERO;
        for i in 0..60 {
            let retry =
                if once_in(draw, 10) { 1 + below(draw, u64::from(u32::MAX)) as u32 } else { i + 1 };
            let mut again = draw.clone();
            let delay = spec.delay(retry, previous, draw);
            assert_eq!(delay, spec.delay(retry, previous, &mut again), "{spec:?}");
            previous = delay;
        }
    });
}

#[test]
fn budgets() {
    let grammar = Grammar::of::<BudgetSpec>();
    fuzz("budgets", CASES, |draw| {
        let spec: BudgetSpec = grammar.spec(draw, |spec: &BudgetSpec| spec.check().is_empty());
        let mut budget = Budget::new(&spec);
        let full = budget.tokens();
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            now = step(now, None, draw);
            let outcome = *pick(draw, &OUTCOMES[1..]);
            if once_in(draw, 2) {
                let before = budget.tokens();
                budget.withdraw(now, outcome);
                assert!(budget.tokens() <= before, "{spec:?} gains by a retry");
            } else {
                budget.on_success(now, once_in(draw, 2).then_some(outcome));
            }
            assert!(budget.tokens() <= full, "{spec:?} holds more than its capacity");
        }
    });
}

#[test]
fn registrations() {
    let grammar = Grammar::of::<RegistrationRetrySpec>();
    fuzz("registrations", CASES, |draw| {
        let spec: RegistrationRetrySpec =
            grammar.spec(draw, |spec: &RegistrationRetrySpec| spec.check().is_empty());
        let honours = serde_json::to_value(&spec).unwrap()["honour_retry_after"] == true;
        for _ in 0..60 {
            let failures = if once_in(draw, 10) { draw.next_u32() } else { below(draw, 40) as u32 };
            let told = maybe_length(draw);
            let wait = spec.delay(failures, once_in(draw, 2), told, draw);
            if let Some(told) = told.filter(|_| honours) {
                assert!(wait >= told, "{spec:?}: {wait} although told {told}");
            }
        }
    });
}

#[test]
fn failovers() {
    let grammar = Grammar::of::<FailoverSpec>();
    fuzz("failovers", CASES, |draw| {
        let spec: FailoverSpec = grammar.spec(draw, |spec: &FailoverSpec| spec.check().is_empty());
        let mut controller = Controller::new(&spec);
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            let before = controller.state();
            let next = step(now, controller.next_deadline(), draw);
            // Whoever wakes it does so at its deadlines; a jump passes none.
            now = controller.next_deadline().map_or(next, |due| next.min(due.max(now)));
            if controller.next_deadline().is_none_or(|due| now < due) {
                assert_eq!(controller.wake(now), None, "{spec:?}");
                assert_eq!(controller.state(), before, "an early wake changed {spec:?}");
            }
            let _ = match below(draw, 6) {
                0 => controller.event(now, gap(draw)),
                1 => controller.invite_timed_out(now, gap(draw)),
                2 => controller.condition(now, once_in(draw, 2)),
                3 => {
                    controller.arrived(now);
                    None
                }
                _ => controller.wake(now),
            };
            // What is due now is done in a few wakes, and then the next lies ahead.
            let mut wakes = 0;
            while controller.next_deadline().is_some_and(|due| due <= now) {
                assert!(controller.wake(now).is_some(), "{spec:?}: due and nothing done");
                wakes += 1;
                assert!(wakes <= 4, "{spec:?} never comes to rest at {now}");
            }
        }
    });
}

#[test]
fn routings() {
    fuzz("routings", CASES, |draw| {
        let groups: Vec<Availability> = (0..=below(draw, 8))
            .map(|_| {
                let staffed = if once_in(draw, 8) { u32::MAX } else { below(draw, 6) as u32 };
                let free = below(draw, u64::from(staffed) + 1) as u32;
                let waiting =
                    if once_in(draw, 8) { draw.next_u32() } else { below(draw, 4) as u32 };
                Availability { free, waiting, staffed }
            })
            .collect();
        let chosen = choose(&groups);
        let useful = |g: &Availability| g.free > 0 && g.waiting == 0;
        assert_eq!(groups.iter().any(useful), useful(&groups[chosen]), "{groups:?}");
        let staffed = groups.iter().any(|g| g.staffed > 0);
        assert!(!staffed || groups[chosen].staffed > 0, "{groups:?}: nobody works there");
    });
}
