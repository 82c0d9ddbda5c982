//! The behaviour of trunksim, a module per behaviour.

mod charts;
mod common_random_numbers;
mod sip_timers;
mod smoke;
mod theory;
