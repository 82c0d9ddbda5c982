//! The table of limiters: what reached each, what became of it, by which client.

use trunksim::system::observation::Observation;
use trunksim::system::{Config, RunResult};

use super::{config, metric, observed, run};

const APAC: &str = include_str!("../../models/apac.toml");

/// The value of a column in the row of a limiter and client.
fn at(result: &RunResult, limit: &str, client: Option<&str>, column: &str) -> f64 {
    let index = result.limits.columns.iter().position(|c| c.name == column);
    let row = result.limits.rows.iter().find(|r| r.limit == limit && r.client.as_deref() == client);
    row.unwrap_or_else(|| panic!("no row {limit} {client:?}")).values
        [index.unwrap_or_else(|| panic!("no column {column}"))]
}

const PACE: &str = "gateway_pace/integration";
const WINDOW: &str = "token_per_minute/integration";

/// Every count of the table is the one folded from what the run reports.
#[test]
fn the_table_is_what_the_run_reports() {
    let (result, notes) = observed(APAC, "warmup = \"0s\"");
    let config: Config = config(APAC, "warmup = \"0s\"");
    let measured = || notes.iter().filter(|(now, _)| *now < config.horizon());
    let refused_by = |name: &str| {
        let refused = measured().filter(|(_, fact)| {
            matches!(fact, Observation::LimiterRefused { limiter, .. }
                if config.limiter(*limiter) == name)
        });
        refused.count() as f64
    };
    let held_back = measured().filter(
        |(_, fact)| matches!(fact, Observation::LimiterAdmitted { delay, .. } if !delay.is_zero()),
    );
    let held_back = held_back.count() as f64;
    assert!(refused_by(PACE) > 0.0 && refused_by(WINDOW) > 0.0 && held_back > 0.0);
    assert_eq!(at(&result, PACE, None, "refused"), refused_by(PACE));
    assert_eq!(at(&result, WINDOW, None, "refused"), refused_by(WINDOW));
    let both = at(&result, PACE, None, "refused") + at(&result, WINDOW, None, "refused");
    let others = ["token_per_minute/dashboards", "gateway_pace/dashboards"];
    let rest: f64 = others.iter().map(|name| at(&result, name, None, "refused")).sum();
    assert_eq!(metric(&result, "limiter_refusals"), both + rest);
    assert_eq!(metric(&result, "limiter_delays"), held_back);
    // Of one attempt each, by client.
    for name in [PACE, WINDOW] {
        for column in ["attempts", "passed", "delayed", "refused", "refused_elsewhere"] {
            let by = ["client", "agent_scripts", "monitor"];
            let sum: f64 = by.iter().map(|who| at(&result, name, Some(who), column)).sum();
            assert_eq!(sum, at(&result, name, None, column), "{name} {column}");
        }
        let get = |column: &str| at(&result, name, None, column);
        let ends = get("passed") + get("delayed") + get("refused") + get("refused_elsewhere");
        assert_eq!(get("attempts"), ends);
    }
    // Both limiters see every attempt of the token.
    assert_eq!(at(&result, PACE, None, "attempts"), at(&result, WINDOW, None, "attempts"));
    let refused = at(&result, PACE, None, "refused");
    assert_eq!(at(&result, WINDOW, None, "refused_elsewhere"), refused);
}

/// A window's peak is that of its own windows: it never exceeds the limit, and reaches it where the
/// window refuses.
#[test]
fn the_peak_of_a_window_is_of_its_own_windows() {
    for anchor in ["first_request", "aligned"] {
        let limiter = format!(
            "\"api.limits.0.limiter\" = {{ kind = \"fixed_window\", limit = 300, window = \"1m\", \
             anchor = \"{anchor}\" }}"
        );
        let result = run(APAC, &limiter);
        assert!(at(&result, WINDOW, None, "refused") > 0.0, "{anchor}");
        assert_eq!(at(&result, WINDOW, None, "peak"), 300.0, "{anchor}");
        assert_eq!(at(&result, WINDOW, None, "limit_per_period"), 300.0);
        assert_eq!(at(&result, WINDOW, None, "period_s"), 60.0);
        // A client's peak is of the client alone.
        let own = at(&result, WINDOW, Some("monitor"), "peak");
        assert!(own > 0.0 && own < 300.0, "{own}");
    }
    let result = run(APAC, "");
    assert_eq!(at(&result, PACE, None, "limit_per_period"), 331.0);
    assert!(metric(&result, "limit_peak_share") >= 1.0);
    // Without a limiter there is nothing to tell.
    let none = run(include_str!("../../models/minimal.toml"), "api.limits = []");
    assert!(none.limits.rows.is_empty());
    assert!(metric(&none, "limit_peak_share").is_nan());
}
