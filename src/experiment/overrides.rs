//! Values put into a model before it is read: `--set`, the `set` of a study, the levels of its
//! factors. Each is an assignment of a value to a dotted key.

use toml::{Table, Value};

use super::places::{PRESET, family_at, join};
use crate::system::spelling::{no_such_or, there_are};

/// A key that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct KeyError {
    /// The key as given.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Whether `table`, put at the dotted key `path` of a model, takes the place of what is there as a
/// whole: a policy or law, by its `kind` or by the preset it is. Any other is merged into it.
#[must_use]
pub fn replaces(path: &str, table: &Table) -> bool {
    table.contains_key("kind") || (table.contains_key(PRESET) && family_at(path).is_some())
}

/// Puts `upper` over `lower`, both at `path` of a model: tables are merged unless the upper one
/// [`replaces`] the lower; anything else takes the place of what is there.
pub fn merge(path: &str, lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        let at = join(path, &key);
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if !replaces(&at, &above) => {
                merge(&at, below, above);
            }
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

/// Puts `value` at a dotted key, making missing tables on the way. An element of a list is named
/// by its position, by its `id` or `name`, or by `*` for all elements. A table is
/// merged into the one that is there, unless it [`replaces`] it. An empty table is a part with its
/// defaults. `retry.preset = "…"` is `retry = { preset = "…" }`.
///
/// # Errors
/// Where the key goes through something that is neither a table nor a list, or names an element
/// that does not exist.
pub fn assign(model: &mut Table, key: &str, value: &Value) -> Result<(), KeyError> {
    let mut parts = Vec::new();
    spread(0, key, value, &mut parts);
    place(model, parts).map_err(|(_, error)| error)
}

/// Assigns each entry of `changes` to its key; keys may be dotted or nested.
///
/// # Errors
/// As [`assign`], for the first key that leads nowhere.
pub fn assign_all(model: &mut Table, changes: &Table) -> Result<(), KeyError> {
    assign_together(model, &[changes]).map_err(|(_, error)| error)
}

/// Assigns the entries of several tables of changes at once. Whatever their order, what takes the
/// place of a whole table goes before what is put inside it.
///
/// # Errors
/// As [`assign`], for the first key that leads nowhere, with the position of its table.
pub fn assign_together(model: &mut Table, sets: &[&Table]) -> Result<(), (usize, KeyError)> {
    let mut parts = Vec::new();
    for (set, changes) in sets.iter().enumerate() {
        changes.iter().for_each(|(key, value)| spread(set, key, value, &mut parts));
    }
    place(model, parts)
}

/// Parts of a dotted key: far more than any key of a model has, and few enough to go through one
/// inside the other.
const PARTS_MAX: usize = 64;

/// One value to be put at one key.
struct Assignment {
    /// The table of changes it is from.
    set: usize,
    /// The key as written, and where the value goes.
    key: String,
    at: String,
    value: Value,
}

fn spread(set: usize, key: &str, value: &Value, parts: &mut Vec<Assignment>) {
    if let Value::Table(changes) = value
        && !changes.is_empty()
        && !replaces(key, changes)
    {
        return changes.iter().for_each(|(k, v)| spread(set, &format!("{key}.{k}"), v, parts));
    }
    let (at, value) = match key.rsplit_once('.') {
        Some((table, PRESET)) if family_at(table).is_some() => {
            let named = Table::from_iter([(PRESET.to_owned(), value.clone())]);
            (table, Value::Table(named))
        }
        _ => (key, value.clone()),
    };
    parts.push(Assignment { set, key: key.to_owned(), at: at.to_owned(), value });
}

fn place(model: &mut Table, mut parts: Vec<Assignment>) -> Result<(), (usize, KeyError)> {
    parts.sort_by_key(|part| part.at.matches('.').count());
    for Assignment { set, key, at, value } in parts {
        let segments: Vec<&str> = at.split('.').collect();
        let placed = if segments.iter().any(|s| s.is_empty()) {
            Err("a part of the key is empty".to_owned())
        } else if segments.len() > PARTS_MAX {
            Err(format!("the key has more than {PARTS_MAX} parts"))
        } else {
            into_table(model, &segments, &value)
        };
        placed.map_err(|reason| (set, KeyError { key, reason }))?;
    }
    Ok(())
}

fn into_table(table: &mut Table, segments: &[&str], value: &Value) -> Result<(), String> {
    let (first, rest) = segments.split_first().expect("a key has a part");
    if rest.is_empty() {
        let nothing_new = value.as_table().is_some_and(Table::is_empty)
            && table.get(*first).is_some_and(Value::is_table);
        if !nothing_new {
            table.insert((*first).to_owned(), value.clone());
        }
        return Ok(());
    }
    let inner = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
    into_value(inner, first, rest, value)
}

fn into_value(inner: &mut Value, name: &str, rest: &[&str], value: &Value) -> Result<(), String> {
    match inner {
        Value::Table(table) => into_table(table, rest, value),
        Value::Array(list) => into_list(list, name, rest, value),
        other => Err(format!("`{name}` is {}, not a table", other.type_str())),
    }
}

fn into_list(
    list: &mut [Value],
    name: &str,
    segments: &[&str],
    value: &Value,
) -> Result<(), String> {
    let (which, rest) = segments.split_first().expect("a key has a part");
    let chosen: Vec<usize> = match *which {
        "*" => (0..list.len()).collect(),
        which => vec![position(list, name, which)?],
    };
    for index in chosen {
        match (rest, &mut list[index]) {
            ([], element) => *element = value.clone(),
            (rest, element) => into_value(element, which, rest, value)?,
        }
    }
    Ok(())
}

fn position(list: &[Value], name: &str, which: &str) -> Result<usize, String> {
    let named = |element: &Value| -> Option<String> {
        let table = element.as_table()?;
        let id = table.get("id").or_else(|| table.get("name"))?;
        id.as_str().map(str::to_owned)
    };
    if let Some(index) = list.iter().position(|e| named(e).as_deref() == Some(which)) {
        return Ok(index);
    }
    match which.parse::<usize>() {
        Ok(index) if index < list.len() => Ok(index),
        _ => {
            let known: Vec<String> = list.iter().filter_map(named).collect();
            let known = known.iter().map(String::as_str);
            let otherwise = || match known.len() {
                0 => format!("it has {} elements, counted from 0", list.len()),
                _ => there_are(known.clone()),
            };
            let kind = format!("element of `{name}` as `{which}`");
            Err(no_such_or(&kind, which, known.clone(), otherwise))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }

    fn assigned(model: &str, changes: &str) -> Result<Table, String> {
        let mut model = table(model);
        assign_all(&mut model, &table(changes)).map_err(|e| e.to_string())?;
        Ok(model)
    }

    #[test]
    fn a_value_takes_the_place_of_another_and_tables_appear_on_the_way() {
        let model = "a.b = 1";
        assert_eq!(assigned(model, "'a.b' = 2").unwrap(), table("a.b = 2"));
        assert_eq!(assigned(model, "a.b = 2").unwrap(), table("a.b = 2"));
        assert_eq!(assigned(model, "'a.c.d' = 3").unwrap(), table("a = { b = 1, c = { d = 3 } }"));
    }

    #[test]
    fn a_policy_takes_the_place_of_another_as_a_whole() {
        let model = "retry.backoff = { kind = 'fixed', delay = '500ms' }";
        let merged = assigned(model, "retry.backoff.delay = '1s'").unwrap();
        assert_eq!(merged, table("retry.backoff = { kind = 'fixed', delay = '1s' }"));
        let change = "retry.backoff = { kind = 'exponential', base = '1s' }";
        assert_eq!(assigned(model, change).unwrap(), table(change));
    }

    #[test]
    fn a_preset_takes_the_place_of_a_policy_as_a_whole() {
        let model = "client.retry = { attempts = 9, backoff = { kind = 'fixed' } }";
        let named = table("client.retry.preset = 'grpc'");
        assert_eq!(assigned(model, "'client.retry.preset' = 'grpc'").unwrap(), named);
        assert_eq!(assigned(model, "client.retry.preset = 'grpc'").unwrap(), named);
        // Whatever the order of keys: those inside it lie above it.
        let both = "'client.retry.attempts' = 3\n'client.retry.preset' = 'grpc'";
        let over = table("client.retry = { preset = 'grpc', attempts = 3 }");
        assert_eq!(assigned(model, both).unwrap(), over);
        // Where there are no presets it is a key like another.
        let other = assigned("calls.retries = 1", "'calls.preset' = 'grpc'").unwrap();
        assert_eq!(other, table("calls = { retries = 1, preset = 'grpc' }"));
    }

    #[test]
    fn files_merge_as_assignments_do() {
        let mut lower = table("client = { retry = { attempts = 9 }, connections = 3 }\nn = [1]");
        merge("", &mut lower, table("client.retry.preset = 'grpc'\nn = [2]"));
        let both = table("client = { retry = { preset = 'grpc' }, connections = 3 }\nn = [2]");
        assert_eq!(lower, both);
        merge("", &mut lower, table("client.retry.attempts = 2"));
        assert_eq!(lower["client"]["retry"], table("preset = 'grpc'\nattempts = 2").into());
    }

    #[test]
    fn of_several_changes_wholes_go_before_their_parts() {
        let mut model = table("retry.backoff = { kind = 'fixed' }");
        let part = table("'retry.backoff.delay' = '1s'");
        let whole = table("retry.backoff = { kind = 'linear' }");
        assign_together(&mut model, &[&part, &whole]).unwrap();
        assert_eq!(model, table("retry.backoff = { kind = 'linear', delay = '1s' }"));
        let (set, error) =
            assign_together(&mut model, &[&whole, &table("'n..x' = 1")]).unwrap_err();
        assert_eq!((set, &*error.key), (1, "n..x"));
    }

    #[test]
    fn an_empty_table_is_a_part_with_its_defaults() {
        assert_eq!(assigned("n = 1", "monitor = {}").unwrap(), table("n = 1\nmonitor = {}"));
        assert_eq!(assigned("a.b = 1", "a = {}").unwrap(), table("a.b = 1"));
    }

    #[test]
    fn elements_of_lists_go_by_id_position_or_all_at_once() {
        let model = "trunks = [{ id = 'A', n = 1 }, { id = 'B', n = 1 }]";
        let expect = |a: i64, b: i64| {
            table(&format!("trunks = [{{ id = 'A', n = {a} }}, {{ id = 'B', n = {b} }}]"))
        };
        assert_eq!(assigned(model, "'trunks.B.n' = 2").unwrap(), expect(1, 2));
        assert_eq!(assigned(model, "'trunks.0.n' = 2").unwrap(), expect(2, 1));
        assert_eq!(assigned(model, "'trunks.*.n' = 2").unwrap(), expect(2, 2));
    }

    #[test]
    fn a_key_that_leads_nowhere_is_refused() {
        let model = "n = 1\ntrunks = [{ id = 'A' }]";
        let error = |changes| assigned(model, changes).unwrap_err();
        assert_eq!(error("'n.x' = 2"), "n.x: `n` is integer, not a table");
        let unknown = error("'trunks.SYDNEY.n' = 2");
        assert_eq!(
            unknown,
            "trunks.SYDNEY.n: no such element of `trunks` as `SYDNEY`; there are: A"
        );
        let near = error("'trunks.B.n' = 2");
        assert_eq!(near, "trunks.B.n: no such element of `trunks` as `B`; there are: A");
        assert_eq!(error("'n..x' = 2"), "n..x: a part of the key is empty");
    }
}
