//! From values to what they say: intervals that hold together, the end of the warm-up, and when
//! there are enough runs.
//!
//! Means of independent values have their interval in [`crate::engine::statistics`].

pub mod simultaneous;
pub mod stopping;
pub mod warmup;
