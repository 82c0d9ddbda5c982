//! The AWS SDKs' adaptive mode.

use trunksim::engine::time::SimTime;
use trunksim::policies::throttle::{Cubic, CubicCosts, CubicRate, Gate, RateClock, Sending};

use super::{Row, assert_close, at, number, rows};

const COSTS: CubicCosts =
    CubicCosts { first_cost: 1.0, retry_cost: 1.0, timeout_cost: 1.0, reserve: false };

#[test]
fn aws_cubic_success() {
    let rate = CubicRate::new(0.4, 0.7, 10.0, at(5.0));
    for row in rows(include_str!("../../cases/policies/aws_cubic_success.csv")) {
        assert_close(rate.success(at(number(&row, "t"))), number(&row, "expected_rate"), &row);
    }
}

/// The measured rate after answers at these times.
fn measured(times: impl IntoIterator<Item = f64>) -> f64 {
    let mut clock = RateClock::new(0.8, SimTime::ZERO);
    times.into_iter().map(|t| clock.record(at(t))).last().expect("an answer")
}

#[test]
fn aws_cubic() {
    for row in rows(include_str!("../../cases/policies/aws_cubic.csv")) {
        let ten = CubicRate::new(0.4, 0.7, 10.0, SimTime::ZERO);
        let mut other = ten.clone();
        let value = match row["case"].as_str() {
            "k0" => ten.k(),
            "success_at_k" => ten.success(at(ten.k())),
            "error" => other.error(8.0, at(1.0)),
            "error_k" => {
                other.error(8.0, at(1.0));
                other.k()
            }
            "beta06" => {
                let mut rate = CubicRate::new(0.4, 0.6, 10.0, SimTime::ZERO);
                rate.error(10.0, at(1.0));
                rate.success(at(1.0))
            }
            "rateclock_1" => measured([1.0]),
            "rateclock_const" => measured((1..=20).map(f64::from)),
            "rateclock_bucket" => measured([0.1, 0.2, 0.3, 0.4, 0.49, 0.5]),
            "maxrate_cap" => capped(),
            case => panic!("unknown case {case}"),
        };
        assert_close(value, number(&row, "expected"), &row);
    }
    assert_close(measured([0.1, 0.2, 0.3, 0.4, 0.49]), 0.0, &"within the first half second");
}

/// Measured 20 per second, while CUBIC would allow 100: the rate is twice what is measured.
fn capped() -> f64 {
    let rate = CubicRate::new(0.4, 0.7, 100.0, SimTime::ZERO);
    let mut cubic = Cubic::new(rate.clone(), RateClock::new(1.0, SimTime::ZERO), 0.5, COSTS);
    (1..=10).for_each(|i| cubic.on_response(at(f64::from(i) * 0.05), false));
    assert!(rate.success(at(0.5)) > 40.0);
    cubic.fill_per_s()
}

/// Every state of the real limiter, answer by answer.
#[test]
fn botocore_adaptive() {
    let same = |a: &Row, b: &Row| a["case"] == b["case"];
    let rows = rows(include_str!("../../cases/policies/botocore_adaptive.csv"));
    for case in rows.chunk_by(same) {
        let rate = CubicRate::new(0.4, 0.7, 0.0, SimTime::ZERO);
        let mut cubic = Cubic::new(rate, RateClock::new(0.8, SimTime::ZERO), 0.5, COSTS);
        for row in case {
            let now = at(number(row, "t_s"));
            cubic.on_response(now, row["throttled"] == "1");
            assert_close(cubic.fill_per_s(), number(row, "fill"), row);
            assert_close(cubic.capacity(), number(row, "capacity"), row);
            assert_close(cubic.tokens(), number(row, "tokens"), row);
            let gate = cubic.clone().admit(now, Sending::First);
            let enabled = row["enabled"] == "1";
            if enabled && number(row, "tokens") >= 1.0 {
                assert_eq!(cubic.admit(now, Sending::First), Gate::Open);
            } else if enabled && number(row, "tokens") < 1.0 - 1e-6 {
                assert!(matches!(gate, Gate::Wait { .. }), "{gate:?}: {row:?}");
            } else {
                assert_eq!(gate, Gate::Open);
            }
        }
    }
}
