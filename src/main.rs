//! The `trunksim` command.
fn main() {}
