//! The behaviour of trunksim, a module per behaviour.

mod charts;
mod command_line;
mod couplings;
mod good_input;
mod smoke;
mod tidy;
