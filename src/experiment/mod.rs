//! Studies: a question in a TOML file becomes points, points and replications become runs, and
//! runs become estimates. The unit of work is (point, replication); nothing depends on which
//! thread ran it or when.
//!
//! `design/` says where to look, `estimate/` what values tell, `compare/` what paired values tell,
//! `select/` which arm is best and when that is certain, `search/` where to look next,
//! `sensitivity/` which factors matter, `tune/` which point to take, and `answers/` what that comes to
//! in words. All of these are functions of their arguments: a procedure
//! that goes on in rounds is asked again with all the values there are, and gives the same answer
//! however they came to be.

pub mod answers;
mod chance;
pub mod compare;
pub mod design;
mod draws;
pub mod estimate;
pub mod figures;
pub mod overrides;
pub mod places;
pub mod plan;
pub mod precision;
pub mod presets;
pub mod record;
pub mod runner;
pub mod sampling;
pub mod search;
pub mod select;
pub mod sensitivity;
pub mod sla;
pub mod study;
pub mod summary;
pub mod sweep_result;
pub mod tune;
pub mod warmup;
