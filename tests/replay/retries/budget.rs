//! Budgets of gRPC, Finagle and tower.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::budget::{GrpcThrottle, RetryBudget, TpsBudget};

use super::{Row, number, rows};

#[test]
fn grpc_throttle() {
    let mut throttle = GrpcThrottle::new(1, 1.0);
    for row in rows(include_str!("../../cases/policies/grpc_throttle.csv")) {
        if row["step"] == "0" {
            throttle = GrpcThrottle::new(number(&row, "max") as u32, number(&row, "ratio"));
        }
        if row["event"] == "F" {
            let allowed = throttle.on_failure();
            assert_eq!(allowed, row["retry_allowed"] == "True", "{row:?}");
        } else {
            throttle.on_success();
        }
        let tokens = (number(&row, "tokens") * 1000.0).round() as u32;
        assert_eq!(throttle.thousandths(), tokens, "{row:?}");
    }
}

/// Within one retry, as Finagle's own test has it.
#[test]
fn finagle_retry_budget() {
    for row in rows(include_str!("../../cases/policies/finagle_retry_budget.csv")) {
        let ttl = SimDuration::from_secs(number(&row, "ttl_s") as u64);
        let (min, percent) = (number(&row, "min_per_s") as u32, number(&row, "percent"));
        let mut budget = RetryBudget::new(ttl, min, percent);
        let now = SimTime::ZERO;
        assert_eq!(budget.balance(now), number(&row, "initial_balance") as i64, "{row:?}");
        let Ok(expected) = row["expected_retries"].parse::<i64>() else {
            (0..10_000).for_each(|_| budget.deposit(now));
            assert_eq!(budget.balance(now), 20_000);
            continue;
        };
        let granted = (0..10_000)
            .filter(|_| {
                budget.deposit(now);
                budget.withdraw(now)
            })
            .count();
        assert!((granted as i64 - expected).abs() <= 1, "{granted}: {row:?}");
    }
}

/// Every answer of the real thing under a clock of its own.
#[test]
fn tower_tps_budget() {
    let same = |a: &Row, b: &Row| ["ttl_s", "min_per_s", "percent"].iter().all(|k| a[*k] == b[*k]);
    let rows = rows(include_str!("../../cases/policies/tower_tps_budget.csv"));
    for case in rows.chunk_by(same) {
        let first = &case[0];
        let ttl = SimDuration::from_secs(number(first, "ttl_s") as u64);
        let min = number(first, "min_per_s") as u32;
        let mut budget = TpsBudget::new(ttl, min, number(first, "percent"));
        for row in case {
            let now = SimTime::ZERO + SimDuration::from_millis(number(row, "t_ms") as u64);
            if row["op"] == "D" {
                budget.deposit(now);
            } else {
                assert_eq!(budget.withdraw(now), row["granted"] == "true", "{row:?}");
            }
        }
    }
}
