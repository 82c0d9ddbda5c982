//! The method of studies against cases that others have published: textbook systems simulated
//! here in a few lines, compared, selected and optimised by the house's own procedures.

mod inventory;
mod newsvendor;
mod queue;
mod steady;
