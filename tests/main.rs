//! The behaviour of trunksim, a module per behaviour.

mod bad_input;
mod chart_samples;
mod charts;
mod command_line;
mod common_random_numbers;
mod compare;
mod couplings;
mod coverage;
mod explain;
mod good_input;
mod metastability;
mod method;
mod overload;
mod precision;
mod presets;
mod registrations;
mod replay;
mod report;
mod sensitivity;
mod shipped;
mod sip_timers;
mod theory;
mod tidy;
mod timeline;
mod tuning;
mod tuning_claim;
