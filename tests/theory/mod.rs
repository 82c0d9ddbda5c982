//! The simulator against queueing theory: model files run by the same engine that runs
//! everything else, and what they measure beside the closed forms and Markov chains of
//! `tests/cases/theory/theory_cases.json`.
//!
//! Tolerance is statistical, never picked by hand: the mean of independent replications lies
//! within four of its standard errors of the theory, and runs are lengthened until the 95 %
//! interval is narrow, so that no estimate passes by being vague.

mod agents;
mod case;
mod failover;
mod folds;
mod limits;
pub(crate) mod model;
mod overflow;
mod server;
mod study;
mod trunks;
