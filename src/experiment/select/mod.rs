//! Which arm is the best, and when that is certain enough to stop.
//!
//! Every procedure is a function of the values there are: it says what more it needs, is asked
//! again with more, and ends the same whatever there was besides.

pub mod kim_nelson;
pub mod ocba;
pub mod threshold;
