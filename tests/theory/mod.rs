//! The simulator against queueing theory: model files run by the same engine that runs
//! everything else, and what they measure beside the closed forms and Markov chains of
//! `tests/cases/theory/theory_cases.json`. Where a case is about a policy alone (the ends of a
//! range, timers that nothing in a run waits for) the policy is asked.
//!
//! Tolerance is statistical, never picked by hand: theory lies in the Student-t interval of
//! independent replications at the confidence the cases ask, and runs are sized so that the 95 %
//! interval is narrow, so that no estimate passes by being vague (`study.rs`).

mod agents;
mod availability;
mod backoff;
mod breaker;
mod bursts;
mod case;
mod failover;
mod folds;
mod limits;
pub(crate) mod model;
mod overflow;
mod registration;
mod retrial;
mod server;
mod sip;
mod study;
mod transient;
mod trunks;

/// The families that the modules check, each by a test of its own.
const FAMILIES: [&str; 26] = [
    "availability",
    "avalanche",
    "backoff",
    "breaker",
    "engset",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "failover",
    "fixed_window",
    "mdc",
    "mg1",
    "mm1",
    "mmck",
    "mmpp_counts",
    "mmpp_loss",
    "mmpp_queue",
    "overflow",
    "register",
    "retrial",
    "rfc5626",
    "sip_loss",
    "sip_timers",
    "sliding_log",
    "token_bucket",
    "transient",
];

#[test]
fn every_case_is_of_a_checked_family() {
    for case in case::all() {
        assert!(FAMILIES.contains(&case.family.as_str()), "{}: {}", case.id, case.family);
    }
}
