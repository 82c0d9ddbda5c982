//! Values put into a model before it is read: `--set`, the `set` of a study, the levels of its
//! factors. All of them are assignments of a value to a dotted key.

use toml::{Table, Value};

use crate::system::spelling::nearest;

/// A key that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct KeyError {
    /// The key as given.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Puts `value` at a dotted key, making tables on the way where there are none. An element of a
/// list is named by its position, by its `id` or `name`, or by `*` for all of them. A table is
/// merged into the one that is there, except one with a `kind`: a policy or law takes the place of
/// another as a whole. An empty table is a part with its defaults.
///
/// # Errors
/// Where the key goes through something that is neither a table nor a list, or names an element
/// that does not exist.
pub fn assign(model: &mut Table, key: &str, value: &Value) -> Result<(), KeyError> {
    if let Value::Table(changes) = value
        && !changes.contains_key("kind")
        && !changes.is_empty()
    {
        return changes.iter().try_for_each(|(k, v)| assign(model, &format!("{key}.{k}"), v));
    }
    let segments: Vec<&str> = key.split('.').collect();
    let placed = if segments.iter().any(|s| s.is_empty()) {
        Err("a part of the key is empty".to_owned())
    } else {
        into_table(model, &segments, value)
    };
    placed.map_err(|reason| KeyError { key: key.to_owned(), reason })
}

/// Assigns each entry of `changes` to its key; keys may be dotted or nested.
///
/// # Errors
/// As [`assign`], for the first key that leads nowhere.
pub fn assign_all(model: &mut Table, changes: &Table) -> Result<(), KeyError> {
    changes.iter().try_for_each(|(key, value)| assign(model, key, value))
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
            let there = match nearest(which, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => {
                    format!("it has {} elements, counted from 0", list.len())
                }
                None => format!("there are: {}", known[..known.len().min(20)].join(", ")),
            };
            Err(format!("`{name}` has no element `{which}`; {there}"))
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
        assert_eq!(unknown, "trunks.SYDNEY.n: `trunks` has no element `SYDNEY`; there are: A");
        let near = error("'trunks.B.n' = 2");
        assert_eq!(near, "trunks.B.n: `trunks` has no element `B`; did you mean `A`?");
        assert_eq!(error("'n..x' = 2"), "n..x: a part of the key is empty");
    }
}
