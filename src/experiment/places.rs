//! Where in a model a preset may stand: at the tables whose JSON Schema names a kind of policy under
//! `x-presets`.

use std::sync::LazyLock;

use crate::system::spec::Model;
use serde_json::{Map, Value as Json};

/// The key that names a preset.
pub const PRESET: &str = "preset";

/// The JSON Schema of a model.
static MODEL: LazyLock<Json> = LazyLock::new(|| schemars::schema_for!(Model).to_value());

/// The key of `key` inside `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What a value may be: a schema, the one it refers to, and the variants of either.
pub(super) struct Shapes(Vec<&'static Json>);

impl Shapes {
    /// What a model may be.
    pub(super) fn model() -> Self {
        Self::of(&MODEL)
    }

    fn of(schema: &'static Json) -> Self {
        let mut found = Vec::new();
        collect(schema, &mut found);
        Self(found)
    }

    /// The kind of policy whose presets may stand there.
    pub(super) fn family(&self) -> Option<&'static str> {
        self.0.iter().find_map(|shape| shape.get("x-presets")?.as_str())
    }

    /// What an element of a list may be.
    pub(super) fn element(&self) -> Self {
        let items = self.0.iter().filter_map(|shape| shape.get("items"));
        Self(items.flat_map(|schema| Self::of(schema).0).collect())
    }

    /// What the value of `key` may be.
    fn key(&self, key: &str) -> Self {
        let inner = self.0.iter().filter_map(|shape| properties(shape)?.get(key));
        Self(inner.flat_map(|schema| Self::of(schema).0).collect())
    }

    /// What the value of `key` may be in a table of that `kind`; a variant of another says nothing of
    /// it.
    pub(super) fn key_of(&self, key: &str, kind: Option<&str>) -> Self {
        let fits = |shape: &&&'static Json| kind_of(shape).is_none_or(|own| Some(own) == kind);
        Self(self.0.iter().filter(fits).copied().collect()).key(key)
    }
}

fn collect(schema: &'static Json, found: &mut Vec<&'static Json>) {
    found.push(schema);
    if let Some(name) = schema.get("$ref").and_then(Json::as_str)
        && let Some(target) = MODEL.pointer(name.trim_start_matches('#'))
    {
        collect(target, found);
    }
    for choices in ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(key)?.as_array()) {
        choices.iter().for_each(|choice| collect(choice, found));
    }
}

fn properties(schema: &Json) -> Option<&Map<String, Json>> {
    schema.get("properties")?.as_object()
}

fn kind_of(schema: &Json) -> Option<&str> {
    schema.pointer("/properties/kind/const")?.as_str()
}

/// The kind of policy whose presets may stand in the table at a dotted key of a model. An element
/// of a list may go by any name.
#[must_use]
pub fn family_at(path: &str) -> Option<&'static str> {
    let inside = |shapes: Shapes, part: &str| {
        let mut found = shapes.element().0;
        found.extend(shapes.key(part).0);
        Shapes(found)
    };
    path.split('.').fold(Shapes::model(), inside).family()
}

/// The tables of a model that take presets of `family`, `[]` standing for any element of a list:
/// `client.retry`, `api.limits[].limiter`. One inside a variant of a policy is left out.
#[must_use]
pub fn places(family: &str) -> Vec<String> {
    let mut found = Vec::new();
    search("", &MODEL, family, &mut Vec::new(), &mut found);
    found
}

/// `above` holds the named schemas that led here: one inside itself is not gone into again.
fn search(
    path: &str,
    schema: &'static Json,
    family: &str,
    above: &mut Vec<&'static str>,
    found: &mut Vec<String>,
) {
    let own = schema.get("x-presets").and_then(Json::as_str) == Some(family);
    if own && found.last().is_none_or(|last| last != path) {
        found.push(path.to_owned());
    }
    if let Some(name) = schema.get("$ref").and_then(Json::as_str)
        && let Some(target) = MODEL.pointer(name.trim_start_matches('#'))
        && !above.contains(&name)
    {
        above.push(name);
        search(path, target, family, above, found);
        above.pop();
    }
    for choices in ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(key)?.as_array()) {
        for choice in choices.iter().filter(|choice| kind_of(choice).is_none()) {
            search(path, choice, family, above, found);
        }
    }
    if let Some(items) = schema.get("items") {
        search(&format!("{path}[]"), items, family, above, found);
    }
    for (key, inner) in properties(schema).into_iter().flatten() {
        search(&join(path, key), inner, family, above, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_kind_of_policy_there() {
        for (path, family) in [
            ("client.retry", Some("retry")),
            ("client.breaker", Some("breaker")),
            ("tenants.dashboards.retry", Some("retry")),
            ("tenants.*.retry", Some("retry")),
            ("monitor.retry", Some("retry")),
            ("api.limits.0.limiter", Some("limiter")),
            ("carriers.telstra.registrar.limit", Some("limiter")),
            ("client", None),
            ("calls", None),
            ("", None),
            ("no.such.key", None),
        ] {
            assert_eq!(family_at(path), family, "{path}");
        }
    }

    #[test]
    fn the_places_of_a_family_are_found() {
        for (family, known) in [
            ("limiter", vec!["carriers[].registrar.limit", "api.limits[].limiter"]),
            ("retry", vec!["client.retry", "tenants[].retry", "monitor.retry"]),
        ] {
            let found = places(family);
            for place in known {
                assert!(found.iter().any(|p| p == place), "{found:?}");
            }
        }
        assert!(places("no such family").is_empty());
    }
}
