//! Results to bytes: what a study found, as charts. No estimate is computed here.

pub mod chart;
