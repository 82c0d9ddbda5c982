//! Results to bytes: tables, manifest, plots. Each exporter maps results to bytes, and one
//! function touches the disk. No estimate is computed here.

pub mod chart;
pub mod comparison;
pub mod files;
pub mod findings;
pub mod journal;
pub mod json;
pub mod ladder;
pub mod latency;
pub mod manifest;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod plots;
pub mod report;
pub mod sensitivity;
pub mod table;
mod table_files;
pub mod tables;
pub mod timeline;
pub mod tuning;
pub mod warmup;
