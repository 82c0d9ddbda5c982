//! The shape of a table against the JSON Schema of what it is to be.

use schemars::JsonSchema;
use toml::Table;

use super::finding::Finding;

/// Everything about `table` that does not fit the schema of `T`.
pub(super) fn check<T: JsonSchema>(_table: &Table) -> Vec<Finding> {
    Vec::new()
}
