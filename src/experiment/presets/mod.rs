//! Presets in a model. Where a policy's table names one, `preset = "…"` gives way to the preset's
//! settings, over which the table's own keys lie. What is read, run and kept of a model is what
//! comes out.
//!
//! It is done once everything else has been put together, so that a preset may come from any layer:
//! a file, an included file, `--set`, a study. A table that names a preset takes the place of what
//! was there as a whole; see [`super::overrides`].

use toml::{Table, Value};

use super::overrides::{merge, replaces};
use super::places::{PRESET, Shapes, join};
use crate::policies::families::{FAMILIES, Family};
use crate::system::Issue;
use crate::system::spelling::no_such;

/// Presets that may be based on one another.
const DEPTH_MAX: usize = 8;

/// What presets made of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The keys whose value, or something in it, comes from a preset.
    pub derived: Vec<Derived>,
    /// Presets that could not be expanded, left as written.
    pub issues: Vec<Unexpanded>,
}

/// A key whose value comes from a preset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The key, dotted.
    pub key: String,
    /// The key that names the preset.
    pub preset: String,
}

/// A table whose preset could not be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpanded {
    /// Where the table is.
    pub table: String,
    /// Why.
    pub issue: Issue,
}

/// Puts the settings of every preset that `model` names in its place.
///
/// # Panics
/// Where the shipped presets are based on one another without end, which is a bug.
pub fn expand(model: &mut Table) -> Expansion {
    expand_with(FAMILIES, model)
}

fn expand_with(families: &[Family], model: &mut Table) -> Expansion {
    let mut expander = Expander { families, expansion: Expansion::default() };
    expander.table("", model, &Shapes::model());
    expander.expansion
}

/// Whether a preset is named in the value, at whatever depth. Most of a model names none, and to
/// find out what a table may be takes far longer than this.
fn names_a_preset(value: &Value) -> bool {
    match value {
        Value::Table(table) => table.contains_key(PRESET) || table.values().any(names_a_preset),
        Value::Array(list) => list.iter().any(names_a_preset),
        _ => false,
    }
}

struct Expander<'a> {
    families: &'a [Family],
    expansion: Expansion,
}

impl Expander<'_> {
    fn value(&mut self, path: &str, value: &mut Value, shapes: &Shapes) {
        match value {
            Value::Table(table) => self.table(path, table, shapes),
            Value::Array(list) => {
                let element = shapes.element();
                for (i, value) in list.iter_mut().enumerate().filter(|(_, v)| names_a_preset(v)) {
                    self.value(&join(path, &i.to_string()), value, &element);
                }
            }
            _ => {}
        }
    }

    fn table(&mut self, path: &str, table: &mut Table, shapes: &Shapes) {
        if let Some(family) = shapes.family()
            && table.contains_key(PRESET)
            && let Err(issue) = self.unfold(path, table, family)
        {
            self.expansion.issues.push(Unexpanded { table: path.to_owned(), issue });
            return;
        }
        let within = table.iter().filter(|(_, value)| names_a_preset(value));
        let keys: Vec<String> = within.map(|(key, _)| key.clone()).collect();
        let kind = table.get("kind").and_then(Value::as_str).map(str::to_owned);
        for key in keys {
            let inner = shapes.key_of(&key, kind.as_deref());
            self.value(&join(path, &key), &mut table[&key], &inner);
        }
    }

    /// Puts the settings of the preset that `table` names under its own keys.
    fn unfold(&mut self, path: &str, table: &mut Table, family: &str) -> Result<(), Issue> {
        let key = join(path, PRESET);
        let derived = self.expansion.derived.iter().position(|d| d.key == key);
        // Where a preset names another, the outer one is what was written.
        let written = match derived {
            Some(index) => self.expansion.derived.swap_remove(index).preset,
            None => key.clone(),
        };
        for _ in 0..DEPTH_MAX {
            let Some(name) = table.get(PRESET) else { return Ok(()) };
            let mut below = self.settings(&key, family, name)?;
            let (own, from) = (table.get("kind"), below.get("kind"));
            if let (Some(own), Some(from)) = (own, from)
                && own != from
            {
                let message = format!(
                    "must be {from}, as the preset has it; leave out either `kind` or `preset`"
                );
                return Err(Issue { path: join(path, "kind"), value: String::new(), message });
            }
            table.remove(PRESET);
            self.note(path, &below, table, &written);
            merge(path, &mut below, std::mem::take(table));
            *table = below;
            self.expansion.derived.retain(|d| d.key != key);
        }
        panic!("the presets of `{family}` are based on one another without end");
    }

    fn settings(&self, key: &str, family: &str, name: &Value) -> Result<Table, Issue> {
        let family = self.families.iter().find(|f| f.name == family);
        let presets = family.map_or(&[][..], |f| f.presets);
        let found = presets.iter().find(|p| Some(p.name) == name.as_str());
        if let Some(preset) = found {
            return Ok(toml::from_str(preset.settings).expect("a shipped preset is TOML"));
        }
        let text = name.as_str().unwrap_or_default();
        let message = no_such("preset", text, presets.iter().map(|p| p.name));
        Err(Issue { path: key.to_owned(), value: String::new(), message })
    }

    /// Notes which keys of `below` are not in `own`.
    fn note(&mut self, path: &str, below: &Table, own: &Table, preset: &str) {
        for (key, value) in below {
            let at = join(path, key);
            match (own.get(key), value) {
                (None, value) => self.note_whole(&at, value, preset),
                (Some(Value::Table(own)), Value::Table(below)) if !replaces(&at, own) => {
                    self.note(&at, below, own, preset);
                }
                _ => {}
            }
        }
    }

    fn note_whole(&mut self, path: &str, value: &Value, preset: &str) {
        let derived = Derived { key: path.to_owned(), preset: preset.to_owned() };
        self.expansion.derived.push(derived);
        let mut inside = |key: &str, value| self.note_whole(&join(path, key), value, preset);
        match value {
            Value::Table(table) => table.iter().for_each(|(key, value)| inside(key, value)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(i, value)| inside(&i.to_string(), value));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
