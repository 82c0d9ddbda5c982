//! The behaviour of trunksim, a module per behaviour.

mod common_random_numbers;
mod sip_timers;
mod smoke;
mod theory;
