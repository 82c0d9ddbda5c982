//! Values in ranges in which a model does something within minutes of simulated time: by the key's
//! name, or by its schema alone, so that a new key has a value as well.

use serde_json::{Value as Json, json};
use trunksim::engine::random::Draw;

use super::grammar::{below, once_in, pick};

/// Simulated time of a model, and the longest that an instant of it lies past that.
pub(crate) const HORIZON_S: f64 = 180.0;
const PAST_S: f64 = 20.0;

/// Round lengths of time, each a multiple of most that are shorter.
const ROUND_S: [f64; 11] = [0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 10.0, 20.0, 60.0, 120.0];

/// Uniform in the logarithm.
fn between(draw: &mut Draw, low: f64, high: f64) -> f64 {
    low * (high / low).powf(draw.uniform())
}

/// A length of time in whole microseconds.
fn text(seconds: f64) -> Json {
    json!(format!("{}us", (seconds * 1e6).round()))
}

/// A length for a key of that name; `law` says that it is the mean, or an end, of a random one.
pub(crate) fn length(key: &str, draw: &mut Draw) -> Json {
    if key == "at" {
        return text((HORIZON_S + PAST_S) * draw.uniform());
    }
    let (low, high) = match key {
        "for" => (0.05, 60.0),
        "talk" | "patience" | "idle" | "setup_patience" => (2.0, 60.0),
        "time_to_failure" => (20.0, 200.0),
        "time_to_repair" => (1.0, 30.0),
        "invite" | "register" | "options" | "bye" | "handshake" => (1e-4, 0.05),
        "service" | "service_per_busy" | "network" => (1e-4, 0.5),
        "rtt" | "rtt_api" => (1e-3, 0.2),
        "every" => (0.5, 30.0),
        "phase" => (1e-3, 60.0),
        "interval" | "window" | "period" => (1.0, 60.0),
        "expires" | "min_expires" => (10.0, 120.0),
        "session_expires" => (90.0, 400.0),
        "attempt_timeout" | "transaction_timeout" | "timer_b" => (0.3, 32.0),
        "t1" => (0.1, 1.0),
        "t2" | "t4" | "invite_interval_max" => (1.0, 8.0),
        _ => (0.01, 30.0),
    };
    if once_in(draw, 25) && !matches!(key, "interval" | "every" | "window" | "period") {
        return json!("0s");
    }
    // Mostly a round one: many settings have to be multiples of others.
    let round: Vec<f64> = ROUND_S.into_iter().filter(|s| (low..=high).contains(s)).collect();
    if round.is_empty() || once_in(draw, 3) {
        return text(between(draw, low, high));
    }
    text(*pick(draw, &round))
}

/// The greatest and the least that a schema allows, and what stands next to them; none of what has
/// no order.
pub(crate) fn ends(kind: Option<&str>, schema: &Json) -> Option<Vec<Json>> {
    const LENGTHS: [&str; 9] =
        ["0s", "1ns", "2ns", "999ns", "1us", "1h", "24h", "8760h", "876000h"];
    let low = schema["minimum"].as_f64();
    let high = schema["maximum"].as_f64();
    match kind {
        Some("string") if schema["format"] == "duration-text" => {
            Some(LENGTHS.iter().map(|length| json!(length)).collect())
        }
        Some("integer") => {
            let low = low.map_or(0, |low| low as i64);
            let high = high.map_or(i64::MAX, |high| high as i64);
            Some(vec![json!(low), json!(low + 1), json!(high - 1), json!(high)])
        }
        Some("number") => {
            let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(1e300));
            Some(vec![json!(low), json!(low.next_up()), json!(high.next_down()), json!(high)])
        }
        _ => None,
    }
}

/// How a try of a request ends, or a class of such ends.
pub(crate) fn outcome(draw: &mut Draw) -> Json {
    const SOME: [&str; 10] =
        ["timeout", "refused", "bulkhead", "429", "503", "500", "408", "4xx", "5xx", "599"];
    json!(pick(draw, &SOME))
}

fn bound(schema: &Json, name: &str) -> Option<f64> {
    schema[name].as_f64()
}

/// A number for a key of that name, within the bounds of its schema.
pub(crate) fn number(key: &str, schema: &Json, draw: &mut Draw) -> Json {
    let (low, high) = match key {
        "rate_per_s" | "burst_rate_per_s" | "quiet_rate_per_s" => (0.02, 8.0),
        "load" => (0.3, 3.0),
        "loss" => (0.0, 0.4),
        "slowdown" => (0.2, 500.0),
        "factor" => (0.05, 3.0),
        "scv" | "shape" => (0.3, 4.0),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let low = low.max(bound(schema, "minimum").unwrap_or(0.0));
    let high = high.min(bound(schema, "maximum").unwrap_or(f64::INFINITY)).min(low + 10.0);
    if once_in(draw, 20) {
        return json!(low);
    }
    let value = low + (high - low) * draw.uniform();
    json!((value * 1e4).round().max((low * 1e4).ceil()) / 1e4)
}

/// A whole number for a key of that name, within the bounds of its schema.
pub(crate) fn whole(key: &str, schema: &Json, draw: &mut Draw) -> Json {
    let span: u64 = match key {
        "agents" | "sources" => 25,
        "channels" => 40,
        "count" => 4,
        "queue" | "limit" | "burst" | "bindings" | "rate" => 100,
        "max_ejection_percent" | "failure_percentage_threshold" => 101,
        "priority" => 4,
        _ => 9,
    };
    let low = bound(schema, "minimum").unwrap_or(0.0) as u64;
    let high = bound(schema, "maximum").map_or(u64::MAX, |high| high as u64);
    json!((low + below(draw, span)).min(high))
}
