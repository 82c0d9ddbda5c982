//! Policies against what libraries do: their own tests' sequences and the traces of real
//! components, under `tests/cases/policies` and `tests/cases/traces`.

mod breakers;
mod limiters;
mod nginx;
mod retries;
