//! The behaviour of trunksim, a module per behaviour.

mod smoke;
mod theory;
