//! Where each value of a model comes from. A model is put together in layers: the files it
//! includes, its own file, the `set` of a study, `--set`, the levels of factors. A layer maps
//! dotted keys to places in a source; the highest layer that has a key is where its value stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;
use toml::{Spanned, Table, Value};

use super::report::{Source, Spot};
use crate::experiment::places::{PRESET, family_at};

/// A place a value was written at.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    /// Its key; an element of a list has no key.
    pub(super) key: Option<Range<usize>>,
    /// The value itself, or the header of a table.
    pub(super) value: Range<usize>,
    /// The value as text, where what stands there is the name of a preset it comes from.
    pub(super) from_preset: Option<String>,
}

impl Place {
    pub(super) fn key(&self) -> Spot {
        let span = self.key.clone().unwrap_or_else(|| self.value.clone());
        Spot { source: Arc::clone(&self.source), span }
    }

    pub(super) fn value(&self) -> Spot {
        Spot { source: Arc::clone(&self.source), span: self.value.clone() }
    }

    /// The value as written, unless it is spread over a table with a header.
    pub(super) fn text(&self) -> Option<String> {
        if let Some(text) = &self.from_preset {
            return Some(shorten(text));
        }
        let text = self.source.text().get(self.value.clone())?;
        let inside =
            |key: &Range<usize>| self.value.start <= key.start && key.end <= self.value.end;
        let header =
            self.key.as_ref().is_some_and(inside) || (self.key.is_none() && text.starts_with("[["));
        (!header).then(|| shorten(text))
    }
}

/// A text on one line, not too long.
fn shorten(text: &str) -> String {
    const LENGTH_MAX: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LENGTH_MAX {
        return line;
    }
    let head: String = line.chars().take(LENGTH_MAX - 1).collect();
    format!("{head}…")
}

/// The places of some keys. A part of a key may be `*` or the name of an element of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer(BTreeMap<String, Place>);

impl Layer {
    /// The places of `value` and of everything in it, `value` itself being at `path`.
    pub(super) fn of(source: &Arc<Source>, path: &str, value: &Spanned<DeValue<'_>>) -> Self {
        let mut layer = Self::default();
        layer.add(source, path, None, value);
        layer
    }

    fn add(
        &mut self,
        source: &Arc<Source>,
        path: &str,
        key: Option<Range<usize>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let at =
            |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, inner) in table {
                    self.add(source, &at(key.get_ref()), Some(key.span()), inner);
                }
            }
            DeValue::Array(list) => {
                for (i, inner) in list.iter().enumerate() {
                    self.add(source, &at(&i.to_string()), None, inner);
                }
            }
            _ => {}
        }
        if !path.is_empty() {
            self.0.insert(
                path.to_owned(),
                Place { source: Arc::clone(source), key, value: value.span(), from_preset: None },
            );
        }
    }

    pub(super) fn insert(&mut self, path: impl Into<String>, place: Place) {
        self.0.insert(path.into(), place);
    }

    pub(super) fn get(&self, path: &str) -> Option<&Place> {
        self.0.get(path)
    }

    /// The keys that take a value as a whole; tables that are only around others are left out. A
    /// preset takes the whole table that names it.
    pub(super) fn wholes(&self) -> impl Iterator<Item = &str> {
        let has = |key: &str, part: &str| self.0.contains_key(&format!("{key}.{part}"));
        let whole = move |key: &&str| {
            let policy = has(key, "kind") || has(key, PRESET) || has(key, "0");
            self.find_inside(key).is_none() || policy
        };
        self.0.keys().map(String::as_str).filter(whole).map(|key| match key.rsplit_once('.') {
            Some((table, PRESET)) if family_at(table).is_some() => table,
            _ => key,
        })
    }

    /// What lies at or under `from`, moved to `to`.
    pub(super) fn moved(&self, from: &str, to: &str) -> Self {
        let inside = self.0.iter().filter_map(|(path, place)| {
            let rest = path.strip_prefix(from)?;
            let whole = rest.is_empty() || rest.starts_with('.');
            let key = format!("{to}{rest}");
            let key = key.strip_prefix('.').unwrap_or(&key);
            (whole && !key.is_empty()).then(|| (key.to_owned(), place.clone()))
        });
        Self(inside.collect())
    }

    fn find(&self, path: &str, table: &Table) -> Option<&Place> {
        self.get(path).or_else(|| {
            let mut matching = self.0.iter().filter(|(key, _)| {
                key.matches('.').count() == path.matches('.').count() && holds(key, path, table)
            });
            matching.next().map(|(_, place)| place)
        })
    }

    fn find_inside(&self, path: &str) -> Option<&Place> {
        let start = format!("{path}.");
        self.0.range(start.clone()..).next().filter(|(k, _)| k.starts_with(&start)).map(|(_, p)| p)
    }

    /// The place of a table that only keys inside it make exist.
    fn find_around(&self, path: &str) -> Option<Place> {
        let key = self.find_inside(path)?.key();
        let (source, span) = (key.source, key.span);
        Some(Place { source, key: Some(span.clone()), value: span, from_preset: None })
    }
}

/// Whether the key `whole` is `key` or a table around it. Elements of lists may go by position, by
/// name or by `*` in both.
pub(super) fn holds(whole: &str, key: &str, table: &Table) -> bool {
    let mut parts = key.split('.');
    let mut here = Some(Step::Table(table));
    for wanted in whole.split('.') {
        let Some(part) = parts.next() else { return false };
        let Some(Step::List(list)) = here else {
            if wanted != part {
                return false;
            }
            here = match here {
                Some(Step::Table(table)) => table.get(part).and_then(Step::of),
                _ => None,
            };
            continue;
        };
        let index = |name: &str| {
            let named = list.iter().position(|e| name_of(e) == Some(name));
            named.or_else(|| name.parse().ok())
        };
        let any = wanted == "*" || part == "*";
        if !(any || index(wanted).is_some() && index(wanted) == index(part)) {
            return false;
        }
        let chosen = index(part).or_else(|| index(wanted)).unwrap_or(0);
        here = list.get(chosen).and_then(Step::of);
    }
    true
}

enum Step<'a> {
    Table(&'a Table),
    List(&'a [Value]),
}

impl<'a> Step<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Table(table) => Some(Self::Table(table)),
            Value::Array(list) => Some(Self::List(list)),
            _ => None,
        }
    }
}

/// What an element of a list goes by.
pub(super) fn name_of(element: &Value) -> Option<&str> {
    let table = element.as_table()?;
    table.get("id").or_else(|| table.get("name"))?.as_str()
}

/// The longest part of `path` that leads to something in `table`.
fn reach(table: &Table, path: &str) -> usize {
    let inside =
        |key: &str| path.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    let step = |key: &str, value: &Value| {
        let rest = inside(key)?.strip_prefix('.').unwrap_or("");
        Some(match (rest.is_empty(), reach_value(value, rest)) {
            (true, _) | (_, 0) => key.len(),
            (_, more) => key.len() + 1 + more,
        })
    };
    table.iter().filter_map(|(key, value)| step(key, value)).max().unwrap_or(0)
}

fn reach_value(value: &Value, path: &str) -> usize {
    match value {
        Value::Table(table) => reach(table, path),
        Value::Array(list) => {
            let (part, rest) = path.split_once('.').unwrap_or((path, ""));
            match part.parse::<usize>().ok().and_then(|i| list.get(i)) {
                None => 0,
                Some(_) if rest.is_empty() => part.len(),
                Some(element) => match reach_value(element, rest) {
                    0 => part.len(),
                    more => part.len() + 1 + more,
                },
            }
        }
        _ => 0,
    }
}

/// The layers a table was put together from, the lowest first.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// The file to name where nothing nearer is known.
    pub(super) root: Arc<Source>,
    pub(super) layers: Vec<Layer>,
}

/// What is known of the place of a key.
pub(super) enum Found {
    /// It stands there.
    Exactly(Place),
    /// It stands nowhere; this is the nearest table around it.
    Around(Place),
}

impl Origins {
    /// Where the value at `path` of `table` comes from.
    pub(super) fn find(&self, table: &Table, path: &str) -> Found {
        let mut known = &path[..reach(table, path)];
        let mut exactly = known == path && !path.is_empty();
        while !known.is_empty() {
            let mut layers = self.layers.iter().rev();
            let place = layers
                .find_map(|layer| layer.find(known, table).cloned())
                .or_else(|| self.layers.iter().rev().find_map(|layer| layer.find_around(known)));
            if let Some(place) = place {
                return if exactly { Found::Exactly(place) } else { Found::Around(place) };
            }
            exactly = false;
            known = known.rsplit_once('.').map_or("", |(head, _)| head);
        }
        let source = Arc::clone(&self.root);
        Found::Around(Place { source, key: None, value: 0..0, from_preset: None })
    }
}
