//! From values to what they say: intervals for quantiles and probabilities, the end of the
//! warm-up, means of correlated series, and when there are enough runs.
//!
//! Means of independent values have their interval in [`crate::engine::statistics`].

pub mod batches;
pub mod proportion;
pub mod quantile;
pub mod simultaneous;
pub mod stopping;
pub mod warmup;
