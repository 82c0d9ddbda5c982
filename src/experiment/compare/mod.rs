//! Arms against each other on the same random numbers: a pair, all pairs, each with the best.
//!
//! Arms are given as values by replication; replication `r` of every arm has the same random
//! numbers. A pair counts where both arms have a number.

pub mod best;
pub mod control;
pub mod correlation;
pub mod goal;
pub mod paired;
pub mod ranking;
pub mod report;
mod sentences;
