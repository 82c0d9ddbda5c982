//! The behaviour of trunksim, a module per behaviour.

mod charts;
mod couplings;
mod smoke;
mod tidy;
