//! The telephony and API world: a model becomes a checked configuration, a configuration runs, and
//! a run becomes metrics. No part knows another; `world` is where they meet.

mod arrivals;
mod call;
mod client;
mod config;
mod entity;
mod event;
mod group;
pub mod ids;
mod keepalive;
mod leg;
pub mod metrics;
pub mod observation;
mod purpose;
mod run;
pub mod script;
mod slowdown;
pub mod spec;
pub mod spelling;
mod station;
pub mod story;
mod tally;
pub mod timeline;
mod validate;
mod waiting_room;
mod world;

pub use config::{Config, Issue, Traces};
pub use event::{OptionsAnswer, RegisterAnswer, Response};
pub use metrics::{EngineFigures, RunResult};
pub use run::{RunError, simulate, simulate_observed};
