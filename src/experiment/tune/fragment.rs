//! A point as a TOML fragment of a model: what the study's `set` and the levels of its factors put
//! there, ready to paste, or to include after the model.

use std::fmt::Write;

use toml::{Table, Value};

use super::super::overrides::assign_together;
use super::super::plan::Plan;

/// Keys of a model that say how it is run, not what it is.
const OF_THE_RUN: [&str; 6] = ["horizon", "warmup", "seed", "series_bin", "name", "description"];

/// The fragment of a point. Keys that lead into a list, such as `trunks.*.rtt_api`, cannot be put
/// in a fragment; they stand in it as comments, in the form that `--set` takes.
#[must_use]
pub fn fragment(plan: &Plan, point: usize) -> String {
    let at = &plan.points[point];
    let model = serde_json::to_value(plan.model(point)).unwrap_or_default();
    let levels = plan.factors.iter().zip(&at.levels).map(|(f, l)| &f.levels[*l].set);
    let (mut plain, mut listed) = (Vec::new(), Vec::new());
    for set in std::iter::once(&plan.study.set).chain(levels) {
        let (mut own, mut into_lists) = (Table::new(), Table::new());
        let of_the_model = |key: &str| !OF_THE_RUN.contains(&key);
        for (key, value) in set.iter().filter(|(key, _)| of_the_model(key)) {
            sort(&model, "", key, value, &mut own, &mut into_lists);
        }
        plain.push(own);
        listed.extend(into_lists);
    }
    // The study's own keys lie below those of the levels, as in the model.
    let mut table = Table::new();
    let Some((set, levels)) = plain.split_first() else { return String::new() };
    let levels: Vec<&Table> = levels.iter().collect();
    let placed =
        assign_together(&mut table, &[set]).and_then(|()| assign_together(&mut table, &levels));
    let mut text = match placed {
        Ok(()) => toml::to_string_pretty(&table).unwrap_or_default(),
        // The plan has put the very same into the model.
        Err((_, error)) => format!("# {error}\n"),
    };
    for (key, value) in listed {
        let _ = writeln!(text, "# --set '{key}={value}'");
    }
    text
}

/// Sorts a value at a dotted key into what a table can hold and what leads into a list.
fn sort(
    model: &serde_json::Value,
    above: &str,
    key: &str,
    value: &Value,
    plain: &mut Table,
    listed: &mut Table,
) {
    let whole = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
    if leads_into_a_list(model, &whole) {
        listed.insert(whole, value.clone());
        return;
    }
    let inner = value.as_table().filter(|table| {
        !table.is_empty()
            && table.iter().any(|(k, _)| leads_into_a_list(model, &format!("{whole}.{k}")))
    });
    match inner {
        Some(table) => {
            table.iter().for_each(|(k, v)| sort(model, &whole, k, v, plain, listed));
        }
        None => {
            plain.insert(whole, value.clone());
        }
    }
}

/// Whether a dotted key passes through a list of the model.
fn leads_into_a_list(model: &serde_json::Value, key: &str) -> bool {
    let mut at = model;
    for part in key.split('.') {
        if at.is_array() {
            return true;
        }
        at = at.get(part).unwrap_or(&serde_json::Value::Null);
    }
    false
}
