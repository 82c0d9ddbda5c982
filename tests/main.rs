//! The behaviour of trunksim, a module per behaviour.

mod charts;
mod good_input;
mod smoke;
