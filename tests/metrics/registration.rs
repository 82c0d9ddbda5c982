//! Shares of what could have been: legs that should be registered, trunks with a carrier to choose.

use super::{close, metric, run};

/// Two trunks, of which one has a secondary leg; the carrier of both primary legs is out from 100 s
/// to 200 s of 1000 s, and nothing registers by itself again.
const MODEL: &str = r#"
name = "shares"
horizon = "1000s"
carriers = [{ id = "a" }, { id = "b" }]
sbcs = [{ id = "s", invite = "0s", handshake = "0s", register = "0s" }]
groups = [{ id = "g", agents = 5 }]
faults = [{ kind = "carrier_outage", carrier = "a", at = "100s", for = "100s" }]
[policy]
point = "edge_static"
[failover]
triggers = { registration_lost = false, options_down = false, link_down = false }
[[trunks]]
id = "ONE"
sbc = "s"
groups = ["g"]
arrivals = { kind = "none" }
primary = { carrier = "a", channels = 10, rtt = "0s" }
[[trunks]]
id = "TWO"
sbc = "s"
groups = ["g"]
arrivals = { kind = "none" }
primary = { carrier = "a", channels = 10, rtt = "0s" }
secondary = { carrier = "b", channels = 10, rtt = "0s" }
"#;

/// Only the trunk with two legs can be on the wrong one, and it is for 100 s of 1000 s.
#[test]
fn the_wrong_carrier_is_of_trunks_that_have_two() {
    close(metric(&run(MODEL, ""), "wrong_carrier_time_fraction"), 0.1);
    let single = "\"trunks.1.arrivals\" = { kind = \"none\" }";
    let alone = MODEL.rsplit_once("secondary").unwrap().0;
    assert!(metric(&run(alone, single), "wrong_carrier_time_fraction").is_nan());
}

/// A leg in cold standby need not be registered: only the primary's time counts.
#[test]
fn unregistered_is_of_legs_that_should_be_registered() {
    let registering = r#"
faults = []
registration.standby = "cold"
registration.initially_registered = false
"trunks.0.primary" = { carrier = "a", channels = 10, rtt = "0s" }
"trunks.1.primary" = { carrier = "a", channels = 10, rtt = "0s", registration = true }
"trunks.1.secondary" = { carrier = "b", channels = 10, rtt = "0s", registration = true }
"carriers.0.registrar" = { failure_share = 1.0 }
"#;
    // The primary never registers, and the secondary is never wanted.
    close(metric(&run(MODEL, registering), "unregistered_fraction"), 1.0);
    assert!(metric(&run(MODEL, ""), "unregistered_fraction").is_nan());
}
