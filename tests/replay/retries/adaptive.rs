//! The adaptive token buckets of arXiv 2510.04516, beside the clients of Bfarkiani/ratelimiter.

use trunksim::engine::time::SimTime;
use trunksim::policies::Outcome;
use trunksim::policies::throttle::{
    Aatb, AatbFigures, Atb, AtbFigures, Gate, Sums, Throttle, ThrottleSpec, Tokens,
};

use super::{Always, Row, assert_close, at, number, retry, rows, seconds};

/// `size=40 tokens=1 rate=40/min cong=300 steps=1.2/1.2`.
fn figures(params: &str) -> AtbFigures {
    let value = |key: &str| {
        let word = params.split(' ').find_map(|word| word.strip_prefix(key)).expect(key);
        word.split('/').map(|v| v.parse().unwrap_or(0.0)).collect::<Vec<f64>>()
    };
    AtbFigures {
        bucket_size: value("size=")[0],
        initial_tokens: value("tokens=")[0],
        initial_rate_per_min: value("rate=")[0],
        initial_congestion: value("cong=")[0],
        first_step: value("steps=")[0],
        second_step: value("steps=")[1],
        connection_errors_max: Some(10),
    }
}

/// Exactly: rates are decimals of two places on both sides.
fn assert_same(value: f64, row: &Row, column: &str) {
    assert_eq!(value.to_bits(), number(row, column).to_bits(), "{column} {value}: {row:?}");
}

#[test]
fn atb() {
    let same = |a: &Row, b: &Row| a["case"] == b["case"];
    let rows = rows(include_str!("../../cases/policies/atb.csv"));
    for case in rows.chunk_by(same) {
        let mut bucket = Atb::new(figures(&case[0]["params"]));
        let mut now = SimTime::ZERO;
        for row in case {
            match row["event"].as_str() {
                "acquire" => {
                    now = now.max(at(number(row, "acquire_at")));
                    match bucket.admit(now) {
                        Gate::Open => {}
                        Gate::Reserved { until } => now = until,
                        gate => panic!("{gate:?}: {row:?}"),
                    }
                }
                "success" => {
                    let first = bucket.rate_per_s() < bucket.last_congestion();
                    assert_eq!(if first { "1" } else { "2" }, row["step"], "{row:?}");
                    bucket.on_response(now, Outcome::Ok);
                }
                _ => bucket.on_response(now, Outcome::TooManyRequests),
            }
            assert_close(now.as_secs_f64(), number(row, "t_s"), row);
            assert_close(bucket.tokens(), number(row, "tokens"), row);
            assert_same(bucket.rate_per_s(), row, "rate_per_s");
            assert_same(bucket.last_congestion(), row, "last_congestion_rate");
        }
    }
}

#[test]
fn atb_rounding() {
    for row in rows(include_str!("../../cases/policies/atb_rounding.csv")) {
        let start = AtbFigures {
            initial_rate_per_min: number(&row, "rate") * 60.0,
            initial_congestion: 1e9,
            first_step: 1.5,
            ..figures("size=4 tokens=1 rate=1/min cong=60 steps=1.5/1.2")
        };
        let after = |outcome| {
            let mut bucket = Atb::new(start);
            assert_same(bucket.rate_per_s(), &row, "rate");
            bucket.on_response(SimTime::ZERO, outcome);
            bucket.rate_per_s()
        };
        assert_same(after(Outcome::Unavailable), &row, "after_failure");
        assert_same(after(Outcome::Ok), &row, "after_success_x1.5");
    }
}

/// A bucket at `rate` whose client has had `sent` answers since its last report.
fn assisted(rate: f64, sent: u32, token_rate_per_min: f64, outcome: Outcome) -> Aatb {
    let mut bucket = Aatb::new(AatbFigures {
        bucket_size: 40.0,
        initial_tokens: 1.0,
        initial_rate_per_min: rate * 60.0,
        first_step: 1.4,
        second_step: 1.2,
        report_window: seconds(30.0),
        token_rate_per_min,
        connection_errors_max: Some(10),
    });
    (1..sent).for_each(|_| bucket.on_response(SimTime::ZERO, Outcome::Ok));
    bucket.on_response(SimTime::ZERO, outcome);
    bucket
}

fn sums(row: &Row) -> Sums {
    Sums {
        total_requests: number(row, "total_requests") as u64,
        active_clients: number(row, "active_clients") as u32,
        reported_429: number(row, "reported_429") as u64,
    }
}

fn congestion(row: &Row) {
    let (rate, sent) = (number(row, "rate_per_s"), number(row, "sent") as u32);
    let token_rate = number(row, "token_rate_per_min");
    let mut bucket = assisted(rate, sent, token_rate, Outcome::TooManyRequests);
    assert!(bucket.outgoing().is_some_and(|report| report.congested));
    bucket.hears(SimTime::ZERO, sums(row), &mut Always(number(row, "u")));
    assert_same(bucket.tokens().rate, row, "new_rate_or_wait_s");
    assert_same(bucket.hold(), row, "hold_s_or_tokens_after");
    assert_close(bucket.tokens().left, 1.1, row);
}

/// The rate before a step of 1.4 that leads to `rate`.
fn before(rate: f64) -> f64 {
    let all = (1..=1000).map(|n| f64::from(n) / 100.0);
    let hundredths = |x: f64| (x * 100.0).round() as u32;
    let after = |r: f64| hundredths((r * 1.4).max(r + 0.01));
    let mut fitting = all.filter(|r| after(*r) == hundredths(rate));
    fitting.next().unwrap_or_else(|| panic!("no rate leads to {rate}"))
}

fn routine(row: &Row) {
    let (rate, sent) = (number(row, "rate_per_s"), number(row, "sent") as u32);
    let last = number(row, "seconds_since_rate_change_or_last_use");
    let mut rng = Always(number(row, "u"));
    // The rate comes from a step so long ago.
    let mut bucket = assisted(before(rate), sent, 80.0, Outcome::Ok);
    bucket.report(SimTime::ZERO);
    bucket.hears(SimTime::ZERO, Sums::default(), &mut rng);
    assert_same(bucket.tokens().rate, row, "rate_per_s");
    (0..sent).for_each(|_| bucket.on_response(at(last), Outcome::Ok));
    bucket.report(at(last));
    assert_eq!(bucket.outgoing().map(|report| report.sent), Some(u64::from(sent)));
    bucket.hears(at(last), sums(row), &mut rng);
    assert_same(bucket.tokens().rate, row, "new_rate_or_wait_s");
    match row["note"].as_str() {
        "backoff" => {
            assert_close(bucket.hold() - last, number(row, "hold_s_or_tokens_after"), row);
        }
        _ => assert!(bucket.hold() < 0.0, "{row:?}"),
    }
}

fn acquire(row: &Row) {
    const NOW: f64 = 100.0;
    let note = &row["note"];
    let word = |key: &str| note.split(' ').find_map(|word| word.strip_prefix(key));
    let hold = word("hold_until=now").map_or(f64::NEG_INFINITY, |text| {
        NOW + text.parse::<f64>().unwrap_or_else(|e| panic!("{text}: {e}"))
    });
    let since = number(row, "seconds_since_rate_change_or_last_use");
    let mut tokens = Tokens {
        size: 40.0,
        left: word("tokens=").expect("tokens").parse().unwrap(),
        rate: number(row, "rate_per_s"),
        last_used: NOW - since,
    };
    assert_same(tokens.take(NOW, hold), row, "new_rate_or_wait_s");
    assert_same(tokens.left, row, "hold_s_or_tokens_after");
}

#[test]
fn aatb() {
    for row in rows(include_str!("../../cases/policies/aatb.csv")) {
        match row["kind"].as_str() {
            "congestion" => congestion(&row),
            "routine" => routine(&row),
            _ => acquire(&row),
        }
    }
}

/// The cases' parameters are those of the presets.
#[test]
fn the_presets_are_the_configurations_of_the_cases() {
    let rows = rows(include_str!("../../cases/policies/atb.csv"));
    let params = &rows.iter().find(|row| row["case"] == "repo_config").unwrap()["params"];
    for (name, params) in [
        ("atb", params.as_str()),
        ("atb_code_defaults", "size=4 tokens=1 rate=1/min cong=60 steps=1.5/1.2"),
    ] {
        let Throttle::Atb(bucket) = Throttle::new(&retry(name).throttle) else { panic!("{name}") };
        let expected = Atb::new(figures(params));
        assert_eq!(format!("{bucket:?}"), format!("{expected:?}"), "{name}");
    }
    // What a model that says nothing else takes.
    let spec: ThrottleSpec = toml::from_str("kind = 'atb'\nconnection_errors_max = 10").unwrap();
    assert_eq!(spec, retry("atb_code_defaults").throttle);
}
