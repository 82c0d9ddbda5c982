//! Which factors matter: a cheap screening, and the shares of variance.

pub mod morris;
pub mod noise;
pub mod variance;
