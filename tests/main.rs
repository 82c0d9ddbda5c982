//! The behaviour of trunksim, a module per behaviour.

mod bad_input;
mod chart_samples;
mod charts;
mod command_line;
mod common_random_numbers;
mod couplings;
mod coverage;
mod good_input;
mod metastability;
mod method;
mod overload;
mod presets;
mod registrations;
mod replay;
mod report;
mod shipped;
mod sip_timers;
mod theory;
mod tidy;
