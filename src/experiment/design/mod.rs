//! Where to look: points of the unit cube, and what a coordinate means to a factor.
//!
//! A design gives points of [0, 1)ᵏ and knows nothing of factors; a [`range::Range`] turns a
//! coordinate into a factor's value. Designs are functions of their size and the study's seed.

pub mod directions;
pub mod latin_hypercube;
pub mod lockstep;
pub mod range;
pub mod sobol;
