//! The floor that knows nothing: time, the calendar, the event loop, addressed random numbers,
//! samplers and statistics.

pub mod calendar;
mod philox;
pub mod random;
pub mod simulation;
pub mod statistics;
pub mod time;
pub mod variates;
