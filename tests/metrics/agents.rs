//! Agents at work and the gauge of channels: shares of a whole are at most one.

use super::{close, metric, run};

/// One agent, busy from 1 s on with a call of 10 h, logs out at 60 s for the rest of the run.
const LOGOUT: &str = r#"
name = "logout"
horizon = "10m"
carriers = [{ id = "c" }]
sbcs = [{ id = "s", invite = "0s", handshake = "0s" }]
groups = [{ id = "g", agents = 1 }]
policy = { point = "edge_static" }
trunks = [{ id = "T", sbc = "s", transport = "udp", groups = ["g"], arrivals = { kind = "periodic", every = "10h", phase = "1s" }, primary = { carrier = "c", channels = 1000, rtt = "0s" } }]
faults = [{ kind = "agent_logout", group = "g", at = "60s", for = "540s", share = 1.0 }]
[calls]
talk = "10h"
"#;

/// An agent who has logged out works until the call ends: before the fix the occupancy was
/// 599 s / 60 s.
#[test]
fn an_agent_who_logs_out_during_a_call_is_at_work() {
    close(metric(&run(LOGOUT, ""), "agent_occupancy"), 599.0 / 600.0);
    // A call of 100 s ends at 101 s: at work until then, and not after.
    let short = run(LOGOUT, "calls.talk = \"100s\"");
    close(metric(&short, "agent_occupancy"), 100.0 / 101.0);
    // Wrap-up is work too.
    let wrap_up = run(LOGOUT, "calls.talk = \"100s\"\n\"groups.0.wrap_up\" = \"50s\"");
    close(metric(&wrap_up, "agent_occupancy"), 150.0 / 151.0);
    // No agent at work in the measured time, nothing observed.
    let unstaffed = run(LOGOUT, "warmup = \"200s\"\ncalls.talk = \"100s\"");
    assert!(metric(&unstaffed, "agent_occupancy").is_nan());
}

/// Two channels. The SBC restarts and drops all calls every minute without BYE, so that the platform counts
/// them on as ghosts for the rest of the run: more than there are channels.
const GHOSTS: &str = r#"
name = "ghosts"
horizon = "20m"
carriers = [{ id = "c" }]
faults = [
    { kind = "sbc_restart", sbc = "s", at = "1m", for = "1s" },
    { kind = "sbc_restart", sbc = "s", at = "2m", for = "1s" },
    { kind = "sbc_restart", sbc = "s", at = "3m", for = "1s" },
    { kind = "sbc_restart", sbc = "s", at = "4m", for = "1s" },
    { kind = "sbc_restart", sbc = "s", at = "5m", for = "1s" },
    { kind = "sbc_restart", sbc = "s", at = "6m", for = "1s" },
]
sbcs = [{ id = "s", invite = "0s", handshake = "0s" }]
groups = [{ id = "g", agents = 10 }]
policy = { point = "edge_static" }
trunks = [{ id = "T", sbc = "s", groups = ["g"], arrivals = { kind = "periodic", every = "10s", phase = "5s" }, primary = { carrier = "c", channels = 2, rtt = "0s" } }]
[calls]
talk = "10h"
session_expires = "1h"
[monitor]
interval = "10s"
rtt = "0s"
"#;

/// A gauge shows at most full, and what follows from it is of the gauge.
#[test]
fn a_gauge_shows_at_most_full() {
    let result = run(GHOSTS, "");
    assert!(metric(&result, "ghost_channels") > 4.0, "ghosts enough to overflow the gauge");
    let shown = metric(&result, "utilization_reported");
    assert!(shown <= 1.0 && shown > 0.9, "{shown}");
    let (truly, bias) = (metric(&result, "utilization_true"), metric(&result, "utilization_bias"));
    close(bias, shown - truly);
    let error = metric(&result, "utilization_mae");
    assert!(error <= 1.0 && error >= bias.abs() - 1e-9, "{error}");
}
