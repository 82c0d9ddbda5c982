//! The first unnecessary failover of the operators' system: each link of its chain is held against
//! the list of all observations, with every figure computed again by other code.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::Outcome;
use trunksim::policies::breaker::{CallResult, State};
use trunksim::system::ids::{ClientId, RequestId};
use trunksim::system::observation::{Cause, Observation};
use trunksim::system::story::causes::{self, Gate, Link, Step};
use trunksim::system::story::{Question, wording};

use super::Run;

fn seconds(at: SimTime) -> f64 {
    at.as_nanos() as f64 / 1e9
}

/// Places in the trace of the facts of a story, which leaves some out but keeps the order.
fn places(run: &Run) -> Vec<usize> {
    let mut from = 0;
    let facts = run.story.facts().iter();
    facts
        .map(|fact| {
            let rest = run.trace.0[from..].iter();
            let found = rest.clone().position(|(at, what)| (*at, *what) == (fact.at, fact.what));
            from += found.expect("every fact of the story stands in the trace, in its order") + 1;
            from - 1
        })
        .collect()
}

fn first_unnecessary(run: &Run) -> (usize, Vec<Link>) {
    let is = |place: &usize| {
        let fact = run.story.facts()[*place].what;
        matches!(fact, Observation::FailedOver { needed: false, .. })
    };
    let outcomes = run.story.outcomes(Question::Failover, None);
    let outcome = outcomes.into_iter().find(is).expect("an unnecessary failover");
    (outcome, causes::why(&run.story, &run.config, outcome))
}

#[test]
fn the_first_unnecessary_failover_is_traced_back_to_the_burst_that_started_it() {
    let run = Run::whole();
    let (_, links) = first_unnecessary(&run);
    let last = wording::sentence(&run.story, &run.config, links.last().unwrap());
    assert!(last.starts_with("a burst of agent_scripts starts"), "{last}");
    assert!(last.contains("its schedule has a spike at 00:08:00.000: 14/s for 50s"), "{last}");

    let places = places(&run);
    let trace = &run.trace.0;
    // Facts of each link exist, in order; a cause begins before what it led to.
    for link in &links {
        assert!(!link.facts.is_empty());
        assert!(link.facts.windows(2).all(|pair| pair[0] < pair[1]), "{link:?}");
        let times = link.facts.iter().map(|fact| trace[places[*fact]].0);
        assert!(times.clone().any(|at| at == link.at), "{link:?}");
    }
    for pair in links.windows(2) {
        assert!(pair[1].at <= pair[0].at, "{pair:?}");
        assert!(pair[1].facts.first() <= pair[0].facts.last(), "{pair:?}");
    }

    let [failover, fallback, refused, opened, limited, burst] = &links[..] else {
        panic!("{links:?}");
    };
    let failed_over = check_failover(&run, failover);
    let request = check_fallback(&run, fallback, failed_over, failover);
    let opening = check_refusal(&run, refused, request, opened);
    let failed = check_breaker(&run, opened, opening);
    let limiter = check_limiter(&run, limited, &failed);
    check_burst(&run, burst, limiter, limited);
}

/// Without that burst the trunks stay where they are.
#[test]
fn without_the_burst_there_is_no_such_failover() {
    let model = include_str!("../../models/apac.toml");
    let later = model.replace("spikes = [{ at = \"8m\"", "spikes = [{ at = \"50m\"");
    assert_ne!(later, model);
    let until = [("horizon", "10m")];
    let (with, without) = (Run::of(model, &until), Run::of(&later, &until));
    let unnecessary = |run: &Run| {
        let is = |o: &&(SimTime, Observation)| {
            matches!(o.1, Observation::FailedOver { needed: false, .. })
        };
        run.trace.0.iter().filter(is).count()
    };
    assert!(unnecessary(&with) > 0);
    assert_eq!(unnecessary(&without), 0);
}

/// The failover is the first in the trace that was not needed; its place there.
fn check_failover(run: &Run, link: &Link) -> usize {
    let Step::Failover { trunk, cause: Cause::Fallback, needed: false } = link.step else {
        panic!("{link:?}");
    };
    let first = run
        .trace
        .0
        .iter()
        .position(|(_, what)| matches!(what, Observation::FailedOver { needed: false, .. }));
    let first = first.unwrap();
    let (at, what) = run.trace.0[first];
    assert_eq!(at, link.at);
    let cause = Cause::Fallback;
    assert_eq!(what, Observation::FailedOver { trunk, cause, needed: false });
    first
}

/// The last fallback before it is of this trunk, at this instant, of a call of the trunk that
/// waited for the request.
fn check_fallback(run: &Run, link: &Link, failed_over: usize, failover: &Link) -> RequestId {
    let Step::FellBack { trunk, call: Some(call), request: Some(request) } = link.step else {
        panic!("{link:?}");
    };
    assert!(matches!(failover.step, Step::Failover { trunk: t, .. } if t == trunk));
    let before = &run.trace.0[..failed_over];
    let fell_back = before.iter().rev().find(|(_, w)| matches!(w, Observation::FellBack { .. }));
    let fact = Observation::FellBack { trunk, call: Some(call), request: Some(request) };
    assert_eq!(fell_back, Some(&(link.at, fact)));
    assert_eq!(link.at, failover.at);
    assert!(before.iter().any(|(_, what)| {
        matches!(*what, Observation::CallAsks { call: c, request: r, .. } if (c, r) == (call, request))
    }));
    assert!(before.iter().any(|(_, what)| {
        matches!(*what, Observation::CallOffered { call: c, trunk: t, .. } if (c, t) == (call, trunk))
    }));
    request
}

/// The request was refused by a breaker, which the next link says opened: the place of that opening
/// in the trace, after which it neither closed nor opened again before it refused.
fn check_refusal(run: &Run, link: &Link, request: RequestId, opened: &Link) -> usize {
    let Step::Refused { request: r, client, gate: Gate::Breaker(breaker), attempts } = link.step
    else {
        panic!("{link:?}");
    };
    assert_eq!(r, request);
    let trace = &run.trace.0;
    let refusal = trace.iter().position(|(_, what)| {
        matches!(*what, Observation::BreakerRefused { request: r, client: c, breaker: b, .. }
            if (r, c, b) == (request, client, breaker))
    });
    let refusal = refusal.expect("the breaker refused this request");
    assert_eq!(trace[refusal].0, link.at);
    let sent = trace.iter().filter(
        |(_, what)| matches!(*what, Observation::AttemptSent { request: r, .. } if r == request),
    );
    assert_eq!(sent.count() as u32, attempts);
    assert!(trace[refusal..].iter().any(|(at, what)| {
        matches!(*what, Observation::RequestEnded { request: r, ok: false, refused: true, .. }
            if r == request && *at == link.at)
    }));
    let state = trace[..refusal].iter().enumerate().rev().find_map(|(i, (at, what))| match *what {
        Observation::BreakerMoved { client: c, breaker: b, to, .. }
            if (c, b) == (client, breaker) =>
        {
            Some((i, *at, to))
        }
        _ => None,
    });
    let (place, at, to) = state.expect("the breaker had moved");
    assert_eq!((at, to), (opened.at, State::Open));
    assert!(matches!(opened.step, Step::BreakerOpened { client: c, breaker: b, .. }
        if (c, b) == (client, breaker)));
    place
}

/// Replays the model's rule (a tenth of at least 100 results, in thirty buckets of a second) over
/// the results that the breaker was told: it trips with the one before the opening and not before,
/// and on the link's figures. The attempts that failed: their requests and instants.
fn check_breaker(run: &Run, link: &Link, opening: usize) -> Vec<(RequestId, usize)> {
    let Step::BreakerOpened { client, calls, failures, window, failed, .. } = &link.step else {
        panic!("{link:?}");
    };
    assert_eq!(*window, Some(SimDuration::from_secs(30)));
    let mut told: Vec<(u64, bool, RequestId, usize)> = Vec::new();
    let mut tripped = None;
    for (place, (at, what)) in run.trace.0[..opening].iter().enumerate() {
        let Observation::BreakerTold { client: c, result, request, .. } = *what else { continue };
        if c != *client {
            continue;
        }
        assert_eq!(tripped, None, "it had not opened before");
        assert_ne!(result, CallResult::Ignored);
        told.push((at.as_nanos() / 1_000_000_000, result == CallResult::Failure, request, place));
        let second = told.last().unwrap().0;
        let counted = told.iter().filter(|t| t.0 + 30 > second);
        let (all, bad) = (counted.clone().count(), counted.filter(|t| t.1).count());
        if all >= 100 && bad * 10 >= all {
            tripped = Some((place, all as u32, bad as u32, second));
        }
    }
    let (place, all, bad, second) = tripped.expect("the rule trips");
    assert_eq!((all, bad), (*calls, *failures));
    assert_eq!(run.trace.0[place].0, link.at);
    let failed_ones: Vec<(RequestId, usize)> =
        told.iter().filter(|t| t.0 + 30 > second && t.1).map(|t| (t.2, t.3)).collect();
    // Each was told at the instant its attempt ended, and with what it ended.
    let with_429 = failed_ones.iter().filter(|(request, place)| {
        let (at, _) = run.trace.0[*place];
        run.trace.0[..*place].iter().rev().take_while(|(t, _)| *t == at).any(|(_, what)| {
            matches!(*what, Observation::AttemptEnded { request: r, outcome: Outcome::TooManyRequests, .. }
                if r == *request)
        })
    });
    assert_eq!(with_429.count() as u32, failed.0[&Outcome::TooManyRequests]);
    assert_eq!(failed.0.values().sum::<u32>(), *failures);
    failed_ones
}

/// The limiter refused that many of the failed attempts; its spell of refusing has the length and
/// number that the refusals in the trace give.
fn check_limiter(run: &Run, link: &Link, failed: &[(RequestId, usize)]) -> u32 {
    let Step::Limited { limiter, refusals, others, spell, until } = link.step else {
        panic!("{link:?}");
    };
    assert_eq!(run.config.limiter(limiter), "gateway_pace/integration");
    let trace = &run.trace.0;
    let by: Vec<(SimTime, u32)> = failed
        .iter()
        .filter_map(|(request, told)| {
            trace[..*told].iter().rev().find_map(|(at, what)| match *what {
                Observation::LimiterRefused { request: r, limiter, .. } if r == *request => {
                    Some((*at, limiter))
                }
                _ => None,
            })
        })
        .collect();
    assert_eq!(by.len(), failed.len(), "every failure was a 429");
    let own: Vec<SimTime> = by.iter().filter(|b| b.1 == limiter).map(|b| b.0).collect();
    assert_eq!((own.len() as u32, (by.len() - own.len()) as u32), (refusals, others));
    assert_eq!(own.iter().max(), Some(&until));
    // All its refusals up to there, by the gaps between them: the budget of one request comes again
    // within a second.
    let all: Vec<SimTime> = trace
        .iter()
        .filter(|(at, what)| {
            *at <= until
                && matches!(*what, Observation::LimiterRefused { limiter: l, .. } if l == limiter)
        })
        .map(|(at, _)| *at)
        .collect();
    let first = *own.iter().min().unwrap();
    let breaks =
        all.windows(2).filter(|p| p[1] <= first && p[1] - p[0] > SimDuration::from_secs(1));
    let start = breaks.map(|p| p[1]).max().unwrap_or(all[0]);
    assert_eq!(link.at, start);
    assert_eq!(all.iter().filter(|at| **at >= start).count() as u32, spell);
    limiter
}

/// The burst holds the attempts at the limiter that the trace holds, and no other client exceeds
/// twice its usual rate by as much: over all beginnings, the most requests beyond it.
fn check_burst(run: &Run, link: &Link, limiter: u32, limited: &Link) {
    let Step::Burst(burst) = &link.step else { panic!("{link:?}") };
    let Step::Limited { until, .. } = limited.step else { panic!("{limited:?}") };
    assert_eq!((burst.since, burst.until), (link.at, until));
    assert!(burst.since <= limited.at, "the burst begins before the budget is spent");
    assert_eq!(run.config.client(burst.client), "agent_scripts");
    assert_eq!(run.config.limiter(limiter), "gateway_pace/integration");
    // Who shares that limiter, as the model says: all but the dashboards.
    let shares = |client: ClientId| run.config.client(client) != "dashboards";
    let arrivals: Vec<(SimTime, ClientId, RequestId)> = run
        .trace
        .0
        .iter()
        .filter_map(|(at, what)| match *what {
            Observation::LimiterAdmitted { client, request, .. }
            | Observation::LimiterRefused { client, request, .. }
                if shares(client) =>
            {
                Some((*at, client, request))
            }
            _ => None,
        })
        .collect();
    let within = || arrivals.iter().filter(|a| a.0 >= burst.since && a.0 <= until);
    let own = || within().filter(|a| a.1 == burst.client);
    assert_eq!(own().count() as u32, burst.attempts);
    assert_eq!(within().count() as u32, burst.of_all);
    let mut requests: Vec<RequestId> = own().map(|a| a.2).collect();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len() as u32, burst.requests);
    let before = arrivals.iter().filter(|a| a.1 == burst.client && a.0 < burst.since).count();
    let usual = before as f64 / seconds(burst.since);
    assert!((burst.usual_per_s - usual).abs() < 1e-9 * usual, "{} {usual}", burst.usual_per_s);

    let length = seconds(run.config.horizon());
    // The most requests beyond it, and since when.
    let excess = |client: u32| {
        let own: Vec<f64> =
            arrivals.iter().filter(|a| a.1 == ClientId(client)).map(|a| seconds(a.0)).collect();
        let twice = 2.0 * own.len() as f64 / length;
        let end = seconds(until);
        let past: Vec<f64> = own.iter().copied().filter(|at| *at <= end).collect();
        let over = |first: usize| (past.len() - first) as f64 - twice * (end - past[first]);
        let best = (0..past.len()).map(|first| (over(first), past[first]));
        best.fold((0.0, 0.0), |most, next| if next.0 > most.0 { next } else { most })
    };
    // The client, two tenants and the monitor.
    let all: Vec<(f64, f64)> = (0..4).map(excess).collect();
    let (most, since) = all[burst.client.index()];
    assert!(most > 0.0 && all.iter().filter(|e| e.0 >= most).count() == 1, "{all:?}");
    assert!((since - seconds(burst.since)).abs() < 1e-9, "{since} {burst:?}");
}
