//! Each policy under random events. One function per family speaks to its machine; what it
//! promises is asserted there.

use rand::Rng;
use trunksim::engine::random::Draw;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::backoff::{BackoffSpec, BackoffState, Retry};
use trunksim::policies::breaker::{Breaker, BreakerSpec, CallResult, State, Verdict};
use trunksim::policies::budget::{Budget, BudgetSpec, Load};
use trunksim::policies::concurrency::{Concurrency, ConcurrencySpec};
use trunksim::policies::failover::{Controller, FailoverSpec};
use trunksim::policies::hedge::{HedgeMove, HedgeSpec, HedgeThrottle, Hedging};
use trunksim::policies::limit_headers::{LimitHeaders, LimitMessage};
use trunksim::policies::limiter::{Admission, Limiter, LimiterSpec};
use trunksim::policies::overload::{self, Control, OverloadSpec};
use trunksim::policies::registration::{Failure, Next, RegistrationRetrySpec};
use trunksim::policies::retry::{
    DEPTH_MAX, Failed, Hint, Loops, Method, Pass, Progress, RetrySpec, Step,
};
use trunksim::policies::routing::choose;
use trunksim::policies::shedding::{Codel, SheddingSpec};
use trunksim::policies::throttle::{Gate, Sending, Sums, Throttle, ThrottleSpec};

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
            assert_eq!(limiter.check(now, 1) != Admission::Granted, remaining == 0, "{spec:?}");
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
        let mut breaker = Breaker::new(&spec.machine);
        let mut permits = Vec::new();
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            now = step(now, breaker.next_deadline(), draw);
            let state = breaker.state(now);
            assert_eq!(state, breaker.state(now), "{spec:?}: a look changes it");
            if once_in(draw, 2) {
                let open_until = breaker.next_deadline().filter(|_| state == State::Open);
                match breaker.admit(now, draw) {
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
                breaker.record(now, permit, result, gap(draw), draw);
                let due = breaker.next_deadline();
                assert!(breaker.state(now) != State::Open || due.is_some(), "{spec:?}");
            }
        }
    });
}

/// A whole request through its loops: every wait is followed, until it gives up or succeeds.
#[test]
fn retries() {
    let grammar = Grammar::of::<RetrySpec>();
    fuzz("retries", CASES, |draw| {
        let spec: RetrySpec = grammar.spec(draw, |spec: &RetrySpec| spec.check().is_empty());
        let mut loops = Loops::new(&spec);
        let mut now = SimTime::ZERO;
        for _ in 0..4 {
            now = request(&spec, &mut loops, now, draw);
        }
    });
}

/// What an answer says of its limit.
fn limits(now: SimTime, draw: &mut Draw) -> LimitHeaders {
    let (allowed, remaining) = (below(draw, 100) as u32, below(draw, 100) as u32);
    let reset = once_in(draw, 2).then(|| now.saturating_add(gap(draw)));
    LimitHeaders { allowed, remaining, reset, date: now.saturating_sub(gap(draw)) }
}

fn request(spec: &RetrySpec, loops: &mut Loops, start: SimTime, draw: &mut Draw) -> SimTime {
    let mut progress = Progress::new();
    let mut now = start.saturating_add(gap(draw)).min(END);
    loops.start_try(&mut progress, 0, now);
    let load = Load { active: 1 + below(draw, 50) as u32, pending: below(draw, 50) as u32 };
    let mut tries = [1; DEPTH_MAX];
    for _ in 0..EVENTS {
        match loops.pass(&mut progress, now, draw) {
            Pass::Open => {}
            Pass::Refused(_) => break,
            Pass::Later(until) => {
                assert!(until >= now, "{spec:?} holds back until {until} at {now}");
                now = until.min(END);
                continue;
            }
        }
        now = now.saturating_add(gap(draw)).min(END);
        let outcome = *pick(draw, &OUTCOMES);
        let told = (once_in(draw, 2).then(|| limits(now, draw)), LimitMessage::Primary);
        loops.hears(&mut progress, now, outcome, told, None);
        if outcome == Outcome::Ok {
            loops.succeed(&mut progress, now);
            return now;
        }
        let hint = match below(draw, 6) {
            0 => Some(Hint::Unreadable),
            1 | 2 => Some(Hint::After(gap(draw))),
            _ => None,
        };
        let failed = Failed { outcome, hint, method: Method::Get };
        let latest = loops.deadline(&progress);
        let mut step = loops.fail(&mut progress, now, failed, load, draw);
        let level = loop {
            match step {
                Step::Retry { level, after } => {
                    let end = now.saturating_add(after);
                    let late = level == 0 && spec.over.is_none() && !spec.wait_out_deadline;
                    let late = late && latest.is_some_and(|l| l > now && end > l);
                    assert!(!late, "{spec:?} waits past its deadline");
                    now = end.min(END);
                    break Some(level);
                }
                Step::GiveUpAfter { level, after } => {
                    now = now.saturating_add(after).min(END);
                    step = loops.give_up(&mut progress, level, now, load, draw);
                }
                Step::GiveUp(_) => break None,
            }
        };
        let Some(level) = level else { return now };
        loops.start_try(&mut progress, level, now);
        tries[level] += 1;
        tries[level + 1..].fill(1);
        for (tries, spec) in tries.iter().zip(spec.loops()) {
            assert!(spec.attempts.max(1) >= *tries, "{spec:?} made {tries} tries");
        }
    }
    loops.abandon(&mut progress, 0);
    now
}

#[test]
fn backoffs() {
    let grammar = Grammar::of::<BackoffSpec>();
    fuzz("backoffs", CASES, |draw| {
        let spec: BackoffSpec = grammar.spec(draw, |spec: &BackoffSpec| spec.check().is_empty());
        let mut state = BackoffState::default();
        for i in 0..60 {
            let number =
                if once_in(draw, 10) { 1 + below(draw, u64::from(u32::MAX)) as u32 } else { i + 1 };
            let outcome = *pick(draw, &OUTCOMES[1..]);
            let retry = Retry { number, elapsed: gap(draw), outcome };
            let (mut again, mut other) = (draw.clone(), state);
            let delay = spec.next(&mut state, retry, draw);
            assert_eq!(delay, spec.next(&mut other, retry, &mut again), "{spec:?}");
        }
    });
}

#[test]
fn budgets() {
    let grammar = Grammar::of::<BudgetSpec>();
    fuzz("budgets", CASES, |draw| {
        let spec: BudgetSpec = grammar.spec(draw, |spec: &BudgetSpec| spec.check().is_empty());
        let mut budget = Budget::new(&spec);
        let mut now = SimTime::ZERO;
        let mut retrying = 0;
        for _ in 0..EVENTS {
            now = step(now, None, draw);
            let outcome = *pick(draw, &OUTCOMES[1..]);
            let load = Load { active: 1 + below(draw, 50) as u32, pending: 0 };
            match below(draw, 6) {
                0 => budget.on_request(now),
                5 => budget.on_attempt(now),
                1 => budget.on_success(now, once_in(draw, 2).then_some(outcome)),
                2 if retrying > 0 => {
                    budget.on_retry_end();
                    retrying -= 1;
                }
                _ => {
                    let mut other = budget.clone();
                    let may = budget.on_failure() && budget.withdraw(now, outcome, load);
                    let again = other.on_failure() && other.withdraw(now, outcome, load);
                    assert_eq!(may, again, "{spec:?}");
                    retrying += u32::from(may);
                }
            }
            if let BudgetSpec::MaxRetries { max } = spec {
                assert!(retrying <= max, "{spec:?}: {retrying} at once");
            }
        }
    });
}

#[test]
fn throttles() {
    let grammar = Grammar::of::<ThrottleSpec>();
    fuzz("throttles", CASES, |draw| {
        let spec: ThrottleSpec = grammar.spec(draw, |spec: &ThrottleSpec| spec.check().is_empty());
        let mut throttle = Throttle::new(&spec);
        let (mut now, mut named) = (SimTime::ZERO, None);
        for _ in 0..EVENTS {
            now = step(now, named, draw);
            if once_in(draw, 2) {
                throttle.on_response(now, *pick(draw, &OUTCOMES));
                match &mut throttle {
                    Throttle::Paced(pacing) => {
                        let told = once_in(draw, 2).then(|| limits(now, draw));
                        pacing.hears(now, *pick(draw, &OUTCOMES), told, maybe_length(draw));
                    }
                    Throttle::Aatb(bucket) => {
                        bucket.report(now);
                        let sums = Sums {
                            total_requests: below(draw, 100),
                            active_clients: below(draw, 5) as u32,
                            reported_429: below(draw, 3),
                        };
                        bucket.hears(now, sums, draw);
                    }
                    _ => {}
                }
                continue;
            }
            match throttle.admit(now, Sending::First, draw) {
                Gate::Reserved { until } | Gate::Wait { until } => {
                    assert!(until >= now, "{spec:?}: {until} at {now}");
                    named = Some(until);
                }
                Gate::Open | Gate::Refused => {}
            }
        }
    });
}

#[test]
fn concurrency_limits() {
    let grammar = Grammar::of::<ConcurrencySpec>();
    fuzz("concurrency_limits", CASES, |draw| {
        let spec: ConcurrencySpec =
            grammar.spec(draw, |spec: &ConcurrencySpec| spec.check().is_empty());
        let mut limit = Concurrency::new(&spec, draw);
        let (mut now, mut places) = (SimTime::ZERO, Vec::new());
        for _ in 0..EVENTS {
            now = step(now, None, draw);
            if once_in(draw, 2) {
                let place = limit.enter(now);
                let fits = limit.in_flight() <= limit.limit();
                let full = limit.in_flight() >= limit.limit();
                assert!(if place.is_some() { fits } else { full }, "{spec:?}");
                places.extend(place);
            } else if !places.is_empty() {
                let place = places.swap_remove(below(draw, places.len() as u64) as usize);
                let outcome = if once_in(draw, 4) { None } else { Some(*pick(draw, &OUTCOMES)) };
                limit.leave(now, place, outcome, draw);
            }
            assert_eq!(limit.in_flight() as usize, places.len(), "{spec:?}");
            assert!(spec == ConcurrencySpec::None || limit.limit() >= 1, "{spec:?}");
        }
    });
}

#[test]
fn hedges() {
    let grammar = Grammar::of::<HedgeSpec>();
    fuzz("hedges", CASES, |draw| {
        let spec: HedgeSpec = grammar.spec(draw, |spec: &HedgeSpec| spec.check().is_empty());
        let mut throttle = HedgeThrottle::new(&spec);
        let mut now = SimTime::ZERO;
        for _ in 0..6 {
            let mut round = Hedging::default();
            round.sent(&spec, now);
            let mut sent = 1;
            loop {
                let due = round.next_deadline();
                if due.is_some_and(|due| due < END) && (round.in_flight() == 0 || once_in(draw, 2))
                {
                    now = due.expect("just seen").max(now);
                    assert!(round.is_due(now), "{spec:?}");
                    round.sent(&spec, now);
                    sent += 1;
                } else if round.in_flight() > 0 {
                    now = due.unwrap_or(END).min(now.saturating_add(gap(draw))).max(now);
                    let outcome = *pick(draw, &OUTCOMES);
                    let told = maybe_length(draw);
                    match round.settled(&spec, &mut throttle, now, outcome, told) {
                        HedgeMove::Over => break,
                        HedgeMove::Wait => {}
                        HedgeMove::Send => {
                            round.sent(&spec, now);
                            sent += 1;
                        }
                    }
                } else {
                    break;
                }
                assert!(sent <= spec.attempts, "{spec:?} sent {sent}");
            }
        }
    });
}

#[test]
fn shedding() {
    let grammar = Grammar::of::<SheddingSpec>();
    fuzz("shedding", CASES, |draw| {
        let spec: SheddingSpec = grammar.spec(draw, |spec: &SheddingSpec| spec.check().is_empty());
        let Some(mut codel) = Codel::new(&spec) else { return };
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            now = step(now, None, draw);
            let delay = if once_in(draw, 3) { SimDuration::ZERO } else { gap(draw) };
            let sheds = codel.sheds(now, delay);
            assert!(!(sheds && delay.is_zero()), "{spec:?} sheds who has not waited");
        }
    });
}

#[test]
fn overload_controls() {
    let grammar = Grammar::of::<OverloadSpec>();
    fuzz("overload_controls", CASES, |draw| {
        let spec: OverloadSpec = grammar.spec(draw, |spec: &OverloadSpec| spec.check().is_empty());
        let clients = 1 + below(draw, 4) as u32;
        let mut control = Control::new(&spec, 1 + below(draw, 8) as u32, clients);
        let mut throttle = overload::Throttle::new(&spec);
        let mut now = SimTime::ZERO;
        for _ in 0..EVENTS {
            now = step(now, None, draw);
            match below(draw, 4) {
                0 => control.level(now, below(draw, 8) as u32, below(draw, 200) as usize),
                1 => control.starts(now, once_in(draw, 2), gap(draw)),
                2 => {
                    let client = below(draw, u64::from(clients)) as u32;
                    throttle.hears(now, control.feedback(now, client), draw);
                }
                _ => {
                    let bound = throttle.is_bound(now);
                    let admitted = throttle.admits(now, once_in(draw, 2), draw);
                    assert!(bound || admitted, "{spec:?} holds back without having been told");
                }
            }
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
            let failure = match below(draw, 3) {
                0 => Failure::NoAnswer,
                1 => Failure::Answer(503, told),
                _ => Failure::Answer(400 + below(draw, 300) as u16, told),
            };
            let counted = below(draw, 20) as u32;
            let next = spec.next(failure, (failures, counted), once_in(draw, 2), draw);
            if let Failure::Answer(_, Some(told)) = failure
                && honours
            {
                assert!(matches!(next, Next::Told(wait) if wait >= told), "{spec:?}: {next:?}");
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
            // The caller wakes it at its deadlines; a jump passes no deadline.
            now = controller.next_deadline().map_or(next, |due| next.min(due.max(now)));
            if controller.next_deadline().is_none_or(|due| now < due) {
                assert_eq!(controller.wake(now, once_in(draw, 2)), None, "{spec:?}");
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
                _ => controller.wake(now, once_in(draw, 2)),
            };
            // What is due now is done in a few wakes, and then the next lies ahead.
            let mut wakes = 0;
            while controller.next_deadline().is_some_and(|due| due <= now) {
                let usable = once_in(draw, 2);
                let did = controller.wake(now, usable).is_some();
                assert!(did || !usable, "{spec:?}: due and nothing done");
                wakes += 1;
                assert!(wakes <= 4, "{spec:?} never comes to rest at {now}");
            }
        }
    });
}

#[test]
fn routings() {
    fuzz("routings", CASES, |draw| {
        let free: Vec<u32> = (0..=below(draw, 8)).map(|_| below(draw, 3) as u32).collect();
        let chosen = choose(free.iter().copied());
        let first = free.iter().position(|agents| *agents > 0);
        assert_eq!(chosen, first.unwrap_or(0), "{free:?}");
    });
}
