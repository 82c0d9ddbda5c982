//! Presets of a model put in, with the place of what comes from them: that of the preset's name.

use toml::Table;

use super::finding::{Finding, at};
use super::origin::{Found, Layer, Origins, Place};
use super::shape;
use crate::experiment::presets::{self, Unexpanded};
use crate::system::spec::Model;

/// Expands the presets of a model. Returns what could not be.
pub(super) fn expand(table: &mut Table, origins: &mut Origins) -> Vec<Unexpanded> {
    let written = table.clone();
    let expansion = presets::expand(table);
    let mut layer = Layer::default();
    for derived in &expansion.derived {
        let Found::Exactly(name) = origins.find(&written, &derived.preset) else { continue };
        let value = at(table, &derived.key).map(ToString::to_string);
        layer.insert(&derived.key, Place { from_preset: value, ..name });
    }
    origins.layers.push(layer);
    expansion.issues
}

/// Expands the presets of a model and checks its shape. What is inside a table whose preset is
/// unknown cannot be judged.
pub(super) fn check(table: &mut Table, origins: &mut Origins) -> Vec<Finding> {
    let unexpanded = expand(table, origins);
    let judged = |finding: &Finding| {
        !unexpanded.iter().any(|u| {
            let inside = finding.path.strip_prefix(&u.table);
            inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let mut findings: Vec<Finding> = unexpanded.iter().map(|u| Finding::of(&u.issue)).collect();
    findings.extend(shape::check::<Model>(table).into_iter().filter(judged));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    #[test]
    fn what_comes_from_a_preset_is_told_where_the_preset_is_named() {
        let text = "[client.retry]\npreset = \"fixed_500ms\"\nretry_on = [\"429\"]\n";
        let Document { source, mut table, places } = Document::parse("model.toml", text).unwrap();
        let mut origins = Origins { root: source, layers: vec![places] };
        assert_eq!(expand(&mut table, &mut origins), []);
        let told = |path: &str| {
            let problem = Finding::value(path, "must be more").problem(&table, &origins);
            let spot = problem.spot.clone().unwrap();
            (problem.message, spot.source.text()[spot.span].to_owned())
        };
        let (message, place) = told("client.retry.attempts");
        assert_eq!(message, "`client.retry.attempts = 6` (from the preset): must be more");
        assert_eq!(place, "\"fixed_500ms\"");
        let (message, place) = told("client.retry.backoff.delay");
        assert_eq!(
            message,
            "`client.retry.backoff.delay = \"500ms\"` (from the preset): must be more"
        );
        assert_eq!(place, "\"fixed_500ms\"");
        let (message, place) = told("client.retry.retry_on.0");
        assert_eq!(message, "`client.retry.retry_on.0 = \"429\"`: must be more");
        assert_eq!(place, "\"429\"");
    }
}
