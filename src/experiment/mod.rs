//! Studies: a question in a TOML file becomes points, points and replications become runs, and
//! runs become estimates. The unit of work is (point, replication); nothing depends on which
//! thread ran it or when.

pub mod overrides;
pub mod plan;
pub mod presets;
pub mod runner;
pub mod study;
pub mod summary;
