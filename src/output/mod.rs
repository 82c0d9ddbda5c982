//! Results to bytes: tables, manifest, plots. Each exporter maps results to bytes, and one
//! function touches the disk. No estimate is computed here.

pub mod chart;
pub mod files;
pub mod findings;
pub mod journal;
pub mod latency;
pub mod manifest;
pub mod plots;
pub mod report;
pub mod tables;
