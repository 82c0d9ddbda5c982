//! The behaviour of trunksim, a module per behaviour.

mod bad_input;
mod charts;
mod good_input;
mod smoke;
