//! Update latency: of every call that asked, also where its INVITE was given up by then; and which
//! requests count as limited.

use trunksim::system::observation::Observation;

use super::{close, metric, observed, run};

/// Calls every 100 s whose decision takes 6 s, of which the carrier waits for 4 s; then it gives the
/// INVITE up.
const GIVEN_UP: &str = r#"
name = "given-up"
horizon = "1000s"
carriers = [{ id = "c" }]
sbcs = [{ id = "s", invite = "0s", handshake = "0s" }]
groups = [{ id = "g", agents = 5 }]
trunks = [{ id = "T", sbc = "s", transport = "udp", groups = ["g"], arrivals = { kind = "periodic", every = "100s", phase = "1s" }, primary = { carrier = "c", channels = 10, rtt = "0s" }, rtt_api = "0s" }]
[policy]
point = "per_invite"
no_progress = "4s"
route_attempts = 1
[api]
service = "6s"
[client]
attempt_timeout = "30s"
breaker = { machine = { kind = "generic", rule = { kind = "never" } } }
[calls]
talk = "10s"
"#;

#[test]
fn a_call_whose_invite_was_given_up_has_its_latency() {
    let result = run(GIVEN_UP, "");
    assert_eq!(metric(&result, "calls_timed_out"), 10.0);
    close(metric(&result, "update_latency_ms_mean"), 6000.0);
    // Those who are answered in time are as before.
    close(metric(&run(GIVEN_UP, "api.service = \"1s\""), "update_latency_ms_mean"), 1000.0);
}

/// The flow waits for 2 s and takes the fallback; the decision is in force after 6 s all the same.
#[test]
fn a_call_that_took_the_fallback_has_its_latency() {
    let result = run(GIVEN_UP, "policy.flow_deadline = \"2s\"");
    assert_eq!(metric(&result, "fallbacks"), 10.0);
    assert_eq!(metric(&result, "calls_timed_out"), 0.0);
    close(metric(&result, "update_latency_ms_mean"), 6000.0);
}

/// A request that never succeeds brings no policy into force.
#[test]
fn without_an_answer_there_is_no_latency() {
    let failing = "api.failure_share = 1.0\nclient.retry = { attempts = 1 }";
    assert!(metric(&run(GIVEN_UP, failing), "update_latency_ms_mean").is_nan());
}

/// Limited is a request of which a limiter refused or held back an attempt. A limiter that would
/// refuse another client meanwhile limits no request of this one.
#[test]
fn limited_requests_are_those_that_met_the_limiter() {
    // A window for one request of the client, and one of the tenant's just before each call.
    let shared = r#"
api.service = "100ms"
api.limits = [{ name = "l", per = "org", limiter = { kind = "fixed_window", limit = 1, window = "10s" } }]
client.retry = { attempts = 30, retry_after = "ignored", backoff = { kind = "fixed", delay = "500ms" } }
policy.no_progress = "30s"
"#;
    let limited = |changes: &str| {
        let (_, notes) = observed(GIVEN_UP, &format!("{shared}{changes}"));
        let seen = notes.into_iter().filter_map(|(_, fact)| match fact {
            Observation::PolicyInForce { limited, latency, .. } => Some((limited, latency)),
            _ => None,
        });
        seen.collect::<Vec<_>>()
    };
    let alone = limited("");
    assert_eq!(alone.len(), 10);
    assert!(alone.iter().all(|(limited, _)| !limited), "the window is free for each call");
    // Refused at first, then let pass in the next window.
    let others = r#"tenants = [{ id = "t", token = "t", endpoint = "t", rtt = "0s", arrivals = { kind = "periodic", every = "100s", phase = "500ms" } }]"#;
    let refused = limited(others);
    assert_eq!(refused.len(), 10);
    assert!(refused.iter().all(|(limited, _)| *limited), "each call meets the full window");
    assert!(refused.iter().all(|(_, latency)| latency.as_secs_f64() > 5.0));
    // Full at the instant at which the call asks, free when the attempt comes 6 s later: no limiter
    // refuses it, and a look at the limiter at the start says nothing.
    let late = limited(&format!("{others}\n\"trunks.0.rtt_api\" = \"20s\"\n"));
    assert_eq!(late.len(), 10);
    assert!(late.iter().all(|(limited, _)| !limited), "the attempt comes to a free window");
}

/// An attempt held back is limited too, and so is one whose client gave it up by then.
#[test]
fn what_is_held_back_is_limited() {
    let paced = r#"
api.service = "100ms"
api.limits = [{ name = "l", per = "org", limiter = { kind = "gcra", rate_per_s = 0.5, burst = 1, on_limit = { kind = "delay", max = "1h" } } }]
tenants = [{ id = "t", token = "t", endpoint = "t", rtt = "0s", arrivals = { kind = "periodic", every = "100s", phase = "500ms" } }]
policy.no_progress = "30s"
"#;
    let (result, notes) = observed(GIVEN_UP, paced);
    let limited = notes
        .iter()
        .filter(|(_, fact)| matches!(fact, Observation::PolicyInForce { limited: true, .. }));
    assert_eq!(limited.count(), 10);
    assert_eq!(metric(&result, "limiter_delays"), 10.0);
    assert_eq!(metric(&result, "limiter_refusals"), 0.0);
}

/// The INVITE is given up after 4 s and tried over the other leg, which joins the request under way:
/// one call has one need, which arose with its first INVITE.
#[test]
fn a_reattempt_that_joins_its_own_request_is_no_other_need() {
    let other_leg = "policy.route_attempts = 2\n\
                     \"trunks.0.secondary\" = { carrier = \"c\", channels = 10, rtt = \"0s\" }";
    let result = run(GIVEN_UP, other_leg);
    assert_eq!(metric(&result, "reattempts"), 10.0);
    assert_eq!(metric(&result, "calls_timed_out"), 0.0);
    close(metric(&result, "update_latency_ms_mean"), 6000.0);
}
