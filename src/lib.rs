//! trunksim: a deterministic discrete-event simulator of a contact centre's SIP trunks under API
//! rate limiting. `ARCHITECTURE.md` is the map; the modules are floors, and a floor imports only
//! floors below it.

#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod input;
pub mod output;
pub mod policies;
pub mod system;
