//! Where to look next, and what several goals leave to choose from.

pub mod nsga2;
pub mod pareto;
