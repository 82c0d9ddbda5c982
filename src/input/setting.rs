//! `key=value` from the command line.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::origin::{Layer, Place, holds};
use super::report::{Problem, Source};
use crate::experiment::overrides::assign;

/// A value put into a model by hand.
pub(super) struct Setting {
    key: String,
    value: Value,
    source: Arc<Source>,
    key_span: Range<usize>,
    /// The keys it sets.
    pub(super) places: Layer,
}

const OPTION: &str = "--set ";

impl Setting {
    /// Reads `key=value`. The value is one of TOML, or a bare word: `50ms` is `"50ms"`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let source = Source::new("command line", format!("{OPTION}{text}"));
        let whole = OPTION.len()..OPTION.len() + text.len();
        let refuse = |message: &str| Problem::new(message).at(&source, whole.clone());
        let Some((key, value)) = text.split_once('=') else {
            return Err(refuse("an override is written key=value")
                .help("for example client.retry.attempts=6"));
        };
        if key.trim().is_empty() {
            return Err(refuse("an override needs a key before the `=`"));
        }
        let from = whole.start + key.len() + 1 + (value.len() - value.trim_start().len());
        let value = value.trim();
        let key_span = whole.start..whole.start + key.len();
        let key = key.trim().to_owned();
        let (parsed, places) = match read_value(value) {
            Some(parsed) => {
                // Padded so that the spans are those of the whole text.
                let padded = format!("v{}={value}", " ".repeat(from - 2));
                let table = DeTable::parse(&padded).map_err(|_| refuse("not a value"))?;
                let mut table = table.into_inner();
                let spanned = table.remove("v").ok_or_else(|| refuse("not a value"))?;
                (parsed, Layer::of(&source, &key, &spanned))
            }
            None if value.is_empty() || value.starts_with(['[', '{', '"', '\'']) => {
                return Err(refuse("what follows the `=` is not a value of TOML").help(
                    "write 6, 0.5, true, 50ms, [1, 2] or { kind = \"fixed\", delay = \"1s\" }",
                ));
            }
            None => {
                let word = DeValue::String(value.to_owned().into());
                let spanned = Spanned::new(from..from + value.len(), word);
                (Value::String(value.to_owned()), Layer::of(&source, &key, &spanned))
            }
        };
        let mut places = places;
        if let Some(place) = places.get(&key).cloned() {
            places.insert(&key, Place { key: Some(key_span.clone()), ..place });
        }
        Ok(Self { key, value: parsed, source, key_span, places })
    }

    /// Puts the value into `table`.
    pub(super) fn apply(&self, table: &mut Table) -> Result<(), Problem> {
        assign(table, &self.key, &self.value).map_err(|error| self.refuse(&error.reason))
    }

    /// Whether it sets the key `varied` or something inside it.
    pub(super) fn sets_inside(&self, varied: &str, table: &Table) -> bool {
        self.places.wholes().any(|set| holds(varied, set, table))
    }

    /// A problem with its key.
    pub(super) fn refuse(&self, message: &str) -> Problem {
        Problem::with_advice(message).at(&self.source, self.key_span.clone())
    }
}

fn read_value(text: &str) -> Option<Value> {
    let mut table: Table = toml::from_str(&format!("v = {text}")).ok()?;
    if table.len() == 1 { table.remove("v") } else { None }
}
