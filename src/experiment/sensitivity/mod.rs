//! Which factors matter: a cheap screening, and the shares of variance. [`analysis`] makes both of
//! the runs of a study.

pub mod analysis;
mod answer;
pub mod morris;
pub mod noise;
pub mod results;
pub mod spec;
pub mod variance;
