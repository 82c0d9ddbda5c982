//! The floor that knows nothing: time, the calendar, addressed random numbers, statistics.

pub mod time;
